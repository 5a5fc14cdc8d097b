# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Which kernel boots next, by the files that the boot loaders' own tools write; and holding the boot default.

# --- roots that those tools run in --------------------------------------------------------------

# A file system in FILE at DIR. grub-mkconfig leaves out the kernels of a root on /dev/loop0 to 9.
disk_at() { # FILE SIZE DIR
	local n
	truncate -s "$2" "$1"
	mkfs.ext4 -qF "$1"
	mkdir -p "$3"
	for ((n = 10 + BASHPID % 200; n < 255; n++)); do
		[ -e "/dev/loop$n" ] || mknod "/dev/loop$n" b 7 "$n" 2>/dev/null || continue
		if mount -o "loop=/dev/loop$n" "$1" "$3" 2>/dev/null; then return 0; fi
	done
	skip "no loop mounts here"
}

# A root on a disk of its own, as grub-probe wants one, with the kernels $A and $B in short; their order of install.
root_on_disk() {
	local rel
	need_root
	disk_at "$dir/disk" 128M "$R"
	mkdir -p "$R"/{usr,dev,proc,sys,tmp,boot/grub,etc/default/grub.d,etc/kernel}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$R"
	# The init of this root, as of most: GRUB has an entry more for each other one that is installed.
	mkdir "$R/usr/sbin"
	ln -s ../lib/systemd/systemd "$R/usr/sbin/init"
	cp -a /etc/grub.d /etc/os-release /etc/passwd /etc/group "$R/etc"
	echo 0123456789abcdef0123456789abcdef >"$R/etc/machine-id"
	for rel in "$A" "$B"; do
		install_kernel "$rel"
	done
}

# What kernels look at lies under /usr while tools run, so the short tree has its own place.
install_kernel() { # REL
	local tree=$KERNEL_A
	[ "$1" = "$A" ] || tree=$KERNEL_B
	cp "$tree/boot/vmlinuz-$1" "$R/boot/"
	mkdir -p "$R/usr/lib/modules/$1/kernel"
	touch "$R/usr/lib/modules/$1/modules.dep"
}

# COMMAND… in the root, with this system's /usr and what lies in $dir/packages. The root is a mount of its own: / need
# not be one, in a chroot, and cannot be made private then.
in_root() {
	local lower=/usr
	[ ! -d "$dir/packages/usr" ] || lower=$dir/packages/usr:/usr
	unshare -m --propagation unchanged sh -ec 'root=$1 lower=$2
		shift 2
		mount --make-rprivate "$root"
		mount -t overlay -o "ro,lowerdir=$root/usr:$lower" none "$root/usr"
		for d in dev proc sys; do mount --rbind "/$d" "$root/$d"; done
		exec chroot "$root" "$@"' sh "$R" "$lower" "$@" >"$dir/tool" 2>&1 || fail "$*: $(tail -n 3 "$dir/tool")"
}

# A package's files, beside this system's own.
with_package() { # NAME…
	local name
	for name; do
		dpkg-deb -x "$("$here/../e2e/archive.sh" deb "$name")" "$dir/packages"
	done
}

# grub.cfg made anew with these lines in /etc/default/grub.
mkconfig() { # [LINE…]
	printf '%s\n' GRUB_DISTRIBUTOR=Debian "$@" >"$R/etc/default/grub"
	in_root grub-mkconfig -o /boot/grub/grub.cfg
}

# drvguard says that REL boots next because of EVIDENCE.
next_is() { # REL EVIDENCE
	dg --json kernels
	json ".next | .release == \"$1\" and .candidates == [\"$1\"] and .loader != null"
	json ".next | .once == ${once:-false} and .after == ${after:-null}"
	jq -r .next.evidence "$out" | grep -qE -- "$2" || fail "the evidence is no /$2/"
	[ "$(jq -r '[.kernels[] | select(.next) | .release] | join(" ")' "$out")" = "$1" ] || fail "another kernel is marked"
}

# … that it cannot be told, because of EVIDENCE, and what it may be.
next_unknown() { # EVIDENCE [REL…]
	dg --json kernels
	json '.next.release == null and ([.kernels[] | select(.next)] == [])'
	jq -r .next.evidence "$out" | grep -qE -- "$1" || fail "the evidence is no /$1/"
	shift
	[ $# -gt 0 ] || set -- "$A" "$B"
	[ "$(jq -r '.next.candidates | join(" ")' "$out")" = "$*" ] || fail "candidates are not $*"
}

device_id() {
	sed -n "s/.*'gnulinux-simple-\([^']*\)'.*/\1/p" "$R/boot/grub/grub.cfg"
}

# --- GRUB -------------------------------------------------------------------------------------

case_nextboot_grub_default() {
	local id
	root_on_disk
	mkconfig
	next_is "$B" '^/boot/grub/grub\.cfg: default="0" leads to .Debian GNU/Linux.$'
	dg kernels
	says "^REL-B applied next LEVEL"
	says "^next: REL-B$"
	id=$(device_id)
	mkconfig 'GRUB_DEFAULT="1>2"'
	next_is "$A" 'default="1>2" leads to .Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux '
	# A submenu alone: its first entry.
	mkconfig GRUB_DEFAULT=1
	next_is "$B" 'default="1" leads to .Advanced options'
	mkconfig "GRUB_DEFAULT='Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux $A'"
	next_is "$A" 'default="Advanced '
	mkconfig "GRUB_DEFAULT='gnulinux-advanced-$id>gnulinux-$A-advanced-$id'"
	next_is "$A" 'default="gnulinux-advanced-'
	# The title as it was before there were submenus is none any more. What grub-mkconfig writes to mend that compares
	# "x$default" with the title without an x.
	mkconfig "GRUB_DEFAULT='Debian GNU/Linux, with Linux $A'"
	next_is "$B" "with Linux $A\" leads to .Debian GNU/Linux.$"
	mkconfig "GRUB_DEFAULT='no such entry'"
	next_is "$B" 'default="no such entry" leads to .Debian GNU/Linux.$'
	mkconfig GRUB_DEFAULT=99
	next_is "$B" 'leads to .Debian GNU/Linux.$'
	mkconfig GRUB_DISABLE_SUBMENU=y "GRUB_DEFAULT='gnulinux-$A-advanced-$id'"
	next_is "$A" 'gnulinux-'
	rm "$R/boot/vmlinuz-$A"
	next_unknown "but there is no /boot/vmlinuz-$A" "$B"
}

case_nextboot_grub_saved() {
	local id
	root_on_disk
	mkconfig GRUB_DEFAULT=saved
	id=$(device_id)
	next_is "$B" 'default="" leads to .Debian GNU/Linux.$'
	in_root grub-set-default "gnulinux-advanced-$id>gnulinux-$A-advanced-$id"
	next_is "$A" '^/boot/grub/grubenv: saved_entry=gnulinux-advanced-.* leads to .Advanced options'
	in_root grub-set-default 0
	next_is "$B" '^/boot/grub/grubenv: saved_entry=0 leads to'
	# Once, and then what is saved.
	in_root grub-reboot '1>2'
	once=true after=\"$B\" next_is "$A" '^/boot/grub/grubenv: next_entry=1>2 leads to'
	dg kernels
	says '^next: REL-A, once; then REL-B$'
	says '^REL-B applied after '
	in_root grub-editenv - unset next_entry
	next_is "$B" 'saved_entry=0'
	# GRUB takes the default before it puts the former one back.
	in_root grub-editenv - set prev_saved_entry='1>2'
	once=true after=\"$A\" next_is "$B" 'saved_entry=0'
	in_root grub-editenv - unset prev_saved_entry
	# A block that GRUB would not read either.
	truncate -s 100 "$R/boot/grub/grubenv"
	sed -i 's/^/x/' "$R/boot/grub/grubenv"
	next_is "$B" 'default=""'
}

case_nextboot_grub_once() {
	root_on_disk
	mkconfig
	in_root grub-reboot '1>2'
	once=true after=\"$B\" next_is "$A" '^/boot/grub/grubenv: next_entry=1>2'
	# The same kernel anyway: nothing is for once.
	in_root grub-reboot 1
	next_is "$B" 'next_entry=1 leads to'
}

# /boot on a disk of its own: GRUB's paths begin there.
case_nextboot_grub_boot_partition() {
	root_on_disk
	cp "$R"/boot/vmlinuz-* "$dir"
	disk_at "$dir/boot" 96M "$R/boot"
	cp "$dir"/vmlinuz-* "$R/boot"
	mkdir "$R/boot/grub"
	mkconfig 'GRUB_DEFAULT="1>2"'
	grep -q "linux	*/vmlinuz-$A" "$R/boot/grub/grub.cfg" || fail "grub-mkconfig wrote other paths"
	next_is "$A" '"1>2"'
}

# What the administrator adds: followed where it can be.
case_nextboot_grub_custom() {
	root_on_disk
	cat >"$R/boot/grub/custom.cfg" <<-END
		if [ "\$wanted" = old ] ; then
			menuentry "mine > old" --id 'mine' { set x='/boot/vm'; linux "\${x}linuz"-$A quiet; }
		else
			menuentry "mine > new" --id mine { linux /boot/vmlinuz-$B; }
		fi
	END
	mkconfig GRUB_DEFAULT=mine
	next_is "$B" 'default="mine" leads to .mine >> new.$'
	mkconfig "GRUB_DEFAULT='mine >> new'"
	next_is "$B" 'leads to .mine >> new.$'
	sed -i '1i wanted=old' "$R/boot/grub/custom.cfg"
	mkconfig GRUB_DEFAULT=mine
	next_is "$A" 'leads to .mine >> old.$'
	# Which branch it is only the machine knows.
	sed -i '1s/.*/search --label --set=wanted HERE/' "$R/boot/grub/custom.cfg"
	next_unknown 'depends on what only the machine knows'
	# What comes before it is not in doubt.
	mkconfig
	next_is "$B" 'default="0"'
	# As SUSE asks for its snapshots: not there on the device that it asks.
	echo 'if [ -f "/.snapshots/grub-snapshot.cfg" ]; then source "/.snapshots/grub-snapshot.cfg"; fi' \
		>"$R/boot/grub/custom.cfg"
	next_is "$B" 'default="0"'
	echo 'if [ -f "(hd1,1)/x.cfg" ]; then source "(hd1,1)/x.cfg"; fi' >"$R/boot/grub/custom.cfg"
	next_unknown 'the default depends on what only the machine knows'
	echo 'menuentry other --id other { configfile (hd1,1)/grub.cfg; }' >"$R/boot/grub/custom.cfg"
	mkconfig GRUB_DEFAULT=other
	next_unknown "leads to 'other', which "
	echo 'menuentry win --id win { chainloader +1; }' >"$R/boot/grub/custom.cfg"
	mkconfig GRUB_DEFAULT=win
	next_unknown "leads to 'win', which boots something else, by chainloader"
	echo 'if true; then' >"$R/boot/grub/custom.cfg"
	next_unknown "is no script of GRUB's"
	printf 'while true; do x=1; done\n' >"$R/boot/grub/custom.cfg"
	next_unknown 'does not end'
}

# What GRUB itself boots of grub.cfg, with kernels that only say their names: the same as drvguard says.
grub_agrees() { # REL
	local had
	next_is "$1" ''
	rm -rf "$dir/grub"
	cp -r "$R/boot/grub" "$dir/grub"
	sed -i -E 's/^(\s*)linux\s+(\S+).*/\1echo BOOTS \2; halt/; s/^(\s*)set timeout=.*/\1set timeout=0/' "$dir/grub/grub.cfg"
	# It ends by killing itself, and is stopped when it waits at a menu.
	TERM=vt100 timeout -k 2 20 script -qec "grub-emu -d $dir/grub" /dev/null </dev/null >"$dir/emu" 2>&1 || true
	had=$(LC_ALL=C grep -aoE 'BOOTS [^[:space:]]+' "$dir/emu" || true)
	[ "$had" = "BOOTS /boot/vmlinuz-$1" ] || fail "GRUB says '$had', not $1"
}

case_nextboot_grub_itself() {
	local id
	command -v grub-emu >/dev/null || skip "no grub-emu here"
	root_on_disk
	mkconfig GRUB_TERMINAL=console
	grub_agrees "$B"
	id=$(device_id)
	mkconfig GRUB_TERMINAL=console 'GRUB_DEFAULT="1>2"'
	grub_agrees "$A"
	mkconfig GRUB_TERMINAL=console "GRUB_DEFAULT='Debian GNU/Linux, with Linux $A'"
	grub_agrees "$B"
	mkconfig GRUB_TERMINAL=console GRUB_DEFAULT=saved
	in_root grub-set-default "gnulinux-advanced-$id>gnulinux-$A-advanced-$id"
	grub_agrees "$A"
	in_root grub-reboot 1
	once=true after=\"$A\" grub_agrees "$B"
	in_root grub-editenv - unset next_entry
	in_root grub-editenv - set saved_entry=0 prev_saved_entry='1>2'
	once=true after=\"$A\" grub_agrees "$B"
}

# --- Boot Loader Specification ------------------------------------------------------------------

# The kernels as kernel-install adds them.
kernel_install() { # REL…
	local rel
	echo layout=bls >"$R/etc/kernel/install.conf"
	echo 'root=/dev/vda quiet' >"$R/etc/kernel/cmdline"
	for rel; do
		in_root kernel-install add "$rel" "/boot/vmlinuz-$rel"
	done
}

# Fedora's grub.cfg ends so, and its entries' ids begin with digits.
case_nextboot_grub_bls() {
	local entries id=0123456789abcdef0123456789abcdef
	root_on_disk
	kernel_install "$A" "$B"
	entries=$R/boot/loader/entries
	[ -s "$entries/$id-$A.conf" ] || fail "kernel-install made $(ls "$R/boot/loader/entries")"
	rm -rf "$R/boot/grub"
	mkdir "$R/boot/grub2"
	in_root grub-editenv /boot/grub2/grubenv create
	cat >"$R/boot/grub2/grub.cfg" <<-'END'
		if [ -f ${config_directory}/grubenv ]; then
		  load_env -f ${config_directory}/grubenv
		elif [ -s $prefix/grubenv ]; then
		  load_env
		fi
		if [ "${next_entry}" ] ; then
		   set default="${next_entry}"
		   set next_entry=
		   save_env next_entry
		   set boot_once=true
		else
		   set default="${saved_entry}"
		fi
		insmod blscfg
		blscfg
		menuentry 'System setup' $menuentry_id_option 'uefi-firmware' {
			fwsetup
		}
	END
	next_is "$B" 'default="" leads to'
	in_root grub-editenv /boot/grub2/grubenv set "saved_entry=$id-$A"
	next_is "$A" "^/boot/grub2/grubenv: saved_entry=$id-$A leads to "
	in_root grub-editenv /boot/grub2/grubenv set saved_entry=1
	next_is "$A" 'saved_entry=1'
	in_root grub-editenv /boot/grub2/grubenv set "next_entry=$id-$B"
	once=true after=\"$A\" next_is "$B" "next_entry=$id-$B"
	in_root grub-editenv /boot/grub2/grubenv unset next_entry
	# The saved one gone: the first again.
	in_root grub-editenv /boot/grub2/grubenv set "saved_entry=$id-gone"
	next_is "$B" "saved_entry=$id-gone"
}

# On a partition at /efi; bootctl takes it for one though it is no FAT, which not every kernel knows.
install_systemd_boot() {
	with_package systemd-boot systemd-boot-efi
	disk_at "$dir/esp" 64M "$R/efi"
	in_root env SYSTEMD_RELAX_ESP_CHECKS=1 bootctl install --no-variables --esp-path=/efi --make-entry-directory=no
}

case_nextboot_systemd_boot() {
	local id=0123456789abcdef0123456789abcdef
	root_on_disk
	install_systemd_boot
	[ -e "$R/efi/EFI/systemd/systemd-bootx64.efi" ] || fail "bootctl installed nothing"
	[ -s "$R/efi/loader/loader.conf" ] || fail "bootctl wrote no loader.conf"
	rm -rf "$R/boot/grub"
	mkdir -p "$R/efi/$id"
	kernel_install "$A" "$B"
	echo >"$R/efi/loader/loader.conf"
	next_is "$B" "^/efi/loader: the first of its menu leads to $id-$B\.conf$"
	echo "default $id-${A%%-*}*-${A#*-}.conf" >"$R/efi/loader/loader.conf"
	next_is "$A" "^/efi/loader/loader\.conf: default $id-.* leads to $id-$A\.conf$"
	echo "default nothing*" >"$R/efi/loader/loader.conf"
	next_is "$B" 'first of its menu'
	# Counted boots: with none left it goes to the end.
	mv "$R/efi/loader/entries/$id-$B"{,+0-3}.conf
	next_is "$A" 'first of its menu'
	mv "$R/efi/loader/entries/$id-$B"{+0-3,+2-1}.conf
	next_is "$B" "leads to $id-$B\+2-1\.conf"
	# sort-key, then version, before the name; without a key after all that have one.
	sed -i '/^sort-key/d' "$R/efi/loader/entries/$id-$B+2-1.conf"
	next_is "$A" 'first of its menu'
	sed -i '1i sort-key zz' "$R/efi/loader/entries/$id-$A.conf"
	next_is "$A" 'first of its menu'
	# An entry without its kernel is none.
	rm -r "$R/efi/$id/$A"
	next_is "$B" 'first of its menu'
}

efivar() { # NAME TEXT
	local at=$R/sys/firmware/efi/efivars
	mkdir -p "$at"
	{
		printf '\x07\x00\x00\x00'
		printf '%s\0' "$2" | iconv -f ascii -t utf-16le
	} >"$at/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

case_nextboot_efi_variables() {
	local id=0123456789abcdef0123456789abcdef
	root_on_disk
	install_systemd_boot
	mkdir -p "$R/efi/$id"
	kernel_install "$A" "$B"
	echo >"$R/efi/loader/loader.conf"
	# GRUB is there as well, and boots the other: which of the two runs?
	mkconfig 'GRUB_DEFAULT="1>2"'
	next_unknown 'which loader runs is not known, and they differ: GRUB .* and systemd-boot '
	efivar LoaderInfo 'systemd-boot 252.39-1~deb12u2'
	next_is "$B" 'first of its menu'
	efivar LoaderInfo 'GRUB 2.12'
	next_is "$A" 'grub\.cfg'
	efivar LoaderInfo 'systemd-boot 252'
	efivar LoaderEntryDefault "$id-$A.conf"
	next_is "$A" '^EFI variable LoaderEntryDefault '
	efivar LoaderEntryOneShot "$id-$B.conf"
	once=true after=\"$A\" next_is "$B" '^EFI variable LoaderEntryOneShot '
	efivar LoaderEntryOneShot auto-windows
	next_unknown 'LoaderEntryOneShot auto-windows, which is no kernel'
	json ".next | .once and .after == \"$A\""
	rm "$R/sys/firmware/efi/efivars"/LoaderEntryOneShot*
	efivar LoaderEntryDefault @saved
	efivar LoaderEntryLastBooted "$id-$A.conf"
	next_is "$A" 'LoaderEntryDefault @saved'
	# The firmware itself was asked for something else.
	printf '\x07\x00\x00\x00\x03\x00' >"$R/sys/firmware/efi/efivars/BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	next_unknown 'BootNext: the firmware begins Boot0003 next'
	json ".next | .once and .after == \"$A\""
}

# A unified image, as systemd's manual makes one with objcopy.
case_nextboot_unified() {
	local stub rel
	root_on_disk
	with_package systemd-boot systemd-boot-efi
	rm -rf "$R/boot/grub"
	mkdir -p "$R/efi/EFI/Linux" "$R/efi/loader"
	stub=$dir/packages/usr/lib/systemd/boot/efi/linuxx64.efi.stub
	echo 'timeout 3' >"$R/efi/loader/loader.conf"
	for rel in "$A" "$B"; do
		echo -n "$rel" >"$dir/uname"
		printf 'ID=debian\nVERSION_ID="12"\n' >"$dir/osrel"
		objcopy --add-section .osrel="$dir/osrel" --change-section-vma .osrel=0x20000 \
			--add-section .uname="$dir/uname" --change-section-vma .uname=0x30000 \
			--add-section .linux="$R/boot/vmlinuz-$rel" --change-section-vma .linux=0x2000000 \
			"$stub" "$R/efi/EFI/Linux/debian-$rel.efi"
	done
	next_is "$B" "first of its menu leads to debian-$B\.efi"
	echo "default debian-$A.*" >>"$R/efi/loader/loader.conf"
	next_is "$A" "leads to debian-$A\.efi"
	# Without .uname the kernel in it tells.
	objcopy --remove-section .uname "$R/efi/EFI/Linux/debian-$A.efi"
	next_is "$A" "leads to debian-$A\.efi"
	truncate -s 5000 "$R/efi/EFI/Linux/debian-$A.efi"
	next_is "$B" 'first of its menu'
}

# --- others -----------------------------------------------------------------------------------

case_nextboot_plain_files() {
	root_with "$A" "$B"
	mkdir -p "$R/boot/extlinux"
	printf 'DEFAULT l1\nLABEL l0\n\tLINUX /boot/vmlinuz-%s\nLABEL l1\n\tlinux ../vmlinuz-%s\n' "$B" "$A" \
		>"$R/boot/extlinux/extlinux.conf"
	sed -i 's|\.\./|/|' "$R/boot/extlinux/extlinux.conf"
	next_is "$A" '^/boot/extlinux/extlinux\.conf: default l1 leads to /vmlinuz-'
	rm -r "$R/boot/extlinux"
	# The Raspberry Pi: one image, told by its own banner.
	mkdir "$R/boot/firmware"
	cp "$R/boot/vmlinuz-$A" "$R/boot/firmware/kernel8.img"
	echo 'arm_64bit=1' >"$R/boot/firmware/config.txt"
	next_is "$A" '^/boot/firmware/config\.txt: the images beside it$'
	printf '[pi4]\nkernel=other.img\n' >>"$R/boot/firmware/config.txt"
	cp "$R/boot/vmlinuz-$B" "$R/boot/firmware/other.img"
	next_unknown 'depends on the model'
	printf '[all]\nkernel=other.img\n' >>"$R/boot/firmware/config.txt"
	next_is "$B" 'config\.txt: kernel=other\.img$'
	rm -r "$R/boot/firmware"
	# Proxmox, by its pins.
	mkdir -p "$R/etc/kernel"
	echo AAAA-BBBB >"$R/etc/kernel/proxmox-boot-uuids"
	next_unknown 'no kernel is pinned'
	echo "$A" >"$R/etc/kernel/proxmox-boot-pin"
	next_is "$A" '^/etc/kernel/proxmox-boot-pin: '
	echo "$B" >"$R/etc/kernel/next-boot-pin"
	once=true after=\"$A\" next_is "$B" '^/etc/kernel/next-boot-pin: '
	# A kernel loaded for kexec goes before all of them.
	rm "$R/etc/kernel/next-boot-pin"
	mkdir -p "$R/sys/kernel"
	echo 1 >"$R/sys/kernel/kexec_loaded"
	next_unknown 'kexec_loaded: a reboot may begin the kernel that is loaded'
	json ".next.after == \"$A\""
}

case_nextboot_none() {
	root_with "$B"
	dg kernels
	says '^next: REL-B$'
	says '^no boot loader was found; it is the only kernel$'
}

# --- what commands make of it -------------------------------------------------------------------

# Not known: preflight is for all that it may be, and goes only if all go.
case_nextboot_preflight() {
	root_with "$A" "$B"
	offer_both
	dg --kernel "$B" stage
	dg preflight next
	expect 1
	says '^reboot into REL-A: no-go'
	says '^reboot into REL-B: go'
	says '^which of them boots next cannot be told: no boot loader'
	dg --kernel "$A" stage
	dg preflight
	expect 0
	says '^reboot into REL-A: go'
	dg --json preflight next
	expect 0
	json '[.kernels[].kernel.release] == [$A, $B] and .next.release == null and .next.candidates == [$A, $B]'
	# Known: for that one.
	mkdir -p "$R/boot/grub"
	printf 'menuentry one {\n linux /boot/vmlinuz-%s\n}\n' "$A" >"$R/boot/grub/grub.cfg"
	dg --json preflight
	expect 0
	json '[.kernels[].kernel.release] == [$A] and .next.release == $A'
	dg --kernel next check
	expect 0
	says '^kernel REL-A$'
}

# What may boot next keeps its drivers, also while its modules are away.
case_nextboot_cleanup() {
	root_with "$A" "$B"
	offer_both
	dg --kernel all stage
	expect 0
	mv "$R/lib/modules/$A" "$dir/modules"
	dg cleanup --dry-run
	expect 0
	says '^nothing to clean up'
	mkdir -p "$R/boot/grub"
	printf 'menuentry one {\n linux /boot/vmlinuz-%s\n}\n' "$B" >"$R/boot/grub/grub.cfg"
	dg cleanup --dry-run
	expect 0
	says "kernels/REL-A"
}

# --- holding ----------------------------------------------------------------------------------

# COMMAND… of lib/bootdefault in the root, with this system's tools in it.
hold() {
	unshare -m --propagation unchanged sh -ec 'root=$1 hold=$2
		shift 2
		mount --make-rprivate "$root"
		mount -t overlay -o "ro,lowerdir=$root/usr:/usr" none "$root/usr"
		for d in dev proc sys; do mount --rbind "/$d" "$root/$d"; done
		exec "$hold" "$root" "$@"' sh "$R" "${DRVGUARD%/*}/tests/hold" "$@" >"$dir/tool" 2>&1
}

state_of() { # FILE…: what they are, and whether they are there
	local f
	for f; do
		if [ -e "$f" ]; then
			sha256sum <"$f"
		else
			echo none
		fi
	done
}

case_nextboot_hold_grub() {
	local dropin before
	root_on_disk
	dropin=$R/etc/default/grub.d/zz-drvguard.cfg
	mkconfig
	cp "$R/boot/grub/grub.cfg" "$dir/before"
	hold hold "$A" || fail "$(cat "$dir/tool")"
	next_is "$A" 'default="gnulinux-advanced-'
	[ "$(hold held && cat "$dir/tool")" = "$A" ] || fail "held is not told"
	# Done again nothing is written; update-grub leaves it so.
	before=$(stat -c %i.%Z "$dropin" "$R/boot/grub/grub.cfg")
	hold hold "$A"
	[ "$(stat -c %i.%Z "$dropin" "$R/boot/grub/grub.cfg")" = "$before" ] || fail "holding it again wrote"
	in_root grub-mkconfig -o /boot/grub/grub.cfg
	next_is "$A" 'default="gnulinux-advanced-'
	# The other in its place, and back: as it was.
	hold hold "$B"
	next_is "$B" "gnulinux-$B-advanced"
	hold release
	[ ! -e "$dropin" ] || fail "$dropin stays"
	cmp "$dir/before" "$R/boot/grub/grub.cfg"
	hold release
	# A kernel GRUB does not know.
	if hold hold 9.9.9-none; then fail "an unknown kernel is held"; fi
	grep -q '^ENOENT: ' "$dir/tool"
	[ ! -e "$dropin" ]
}

# In a kernel's postinst: the new kernel is there, grub.cfg does not know it yet, and zz-update-grub comes after.
case_nextboot_hold_in_postinst() {
	root_on_disk
	mv "$R/boot/vmlinuz-$B" "$dir"
	mkconfig GRUB_DEFAULT=saved GRUB_SAVEDEFAULT=true
	in_root grub-set-default 0
	cp "$R/boot/grub/grub.cfg" "$dir/before"
	cp "$R/boot/grub/grubenv" "$dir/env"
	mv "$dir/vmlinuz-$B" "$R/boot"
	hold hold "$A" || fail "$(cat "$dir/tool")"
	cmp "$dir/before" "$R/boot/grub/grub.cfg" || fail "update-grub was run for nothing"
	in_root grub-mkconfig -o /boot/grub/grub.cfg
	next_is "$A" 'default="gnulinux-advanced-'
	cmp "$dir/env" "$R/boot/grub/grubenv" || fail "the saved entry was touched"
	hold release || fail "$(cat "$dir/tool")"
	next_is "$B" 'saved_entry=0'
	# What the administrator made of the file is theirs.
	hold hold "$A"
	echo 'GRUB_TIMEOUT=9' >>"$R/etc/default/grub.d/zz-drvguard.cfg"
	hold release
	grep -q GRUB_TIMEOUT=9 "$R/etc/default/grub.d/zz-drvguard.cfg"
	rm "$R/etc/default/grub.d/zz-drvguard.cfg"
	hold hold "$A"
	sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=0/' "$R/etc/default/grub.d/zz-drvguard.cfg"
	hold release
	grep -q '^GRUB_DEFAULT=0' "$R/etc/default/grub.d/zz-drvguard.cfg"
	hold held
	[ ! -s "$dir/tool" ] || fail "theirs is told as ours"
}

case_nextboot_hold_saved_entry() {
	local env id=0123456789abcdef0123456789abcdef hold=${DRVGUARD%/*}/tests/hold
	root_on_disk
	kernel_install "$A" "$B"
	rm -rf "$R/boot/grub"
	mkdir "$R/boot/grub2"
	env=$R/boot/grub2/grubenv
	in_root grub-editenv /boot/grub2/grubenv create
	printf 'load_env\nset default="${saved_entry}"\nblscfg\n' >"$R/boot/grub2/grub.cfg"
	cp "$env" "$dir/empty"
	"$hold" "$R" hold "$A"
	[ "$(stat -c %s "$env")" -eq 1024 ] || fail "the block has another size"
	in_root grub-editenv /boot/grub2/grubenv list
	grep -qx "saved_entry=$id-$A" "$dir/tool" || fail "grub-editenv reads another: $(cat "$dir/tool")"
	next_is "$A" "saved_entry=$id-$A"
	[ "$("$hold" "$R" held)" = "$A" ]
	"$hold" "$R" hold "$A"
	"$hold" "$R" release
	cmp "$dir/empty" "$env"
	in_root grub-editenv /boot/grub2/grubenv set "saved_entry=$id-$B" 'kernelopts=root=UUID=1 ro \ quiet'
	cp "$env" "$dir/with"
	"$hold" "$R" hold "$A"
	"$hold" "$R" hold "$A"
	next_is "$A" "saved_entry=$id-$A"
	"$hold" "$R" release
	in_root grub-editenv /boot/grub2/grubenv list
	sort "$dir/tool" >"$dir/have"
	printf '%s\n' "kernelopts=root=UUID=1 ro \\ quiet" "saved_entry=$id-$B" | diff - "$dir/have"
	# Somebody chose another meanwhile.
	"$hold" "$R" hold "$A"
	in_root grub-editenv /boot/grub2/grubenv set saved_entry=0
	"$hold" "$R" release
	next_is "$B" 'saved_entry=0'
	in_root grub-editenv /boot/grub2/grubenv list
	if grep drvguard "$dir/tool"; then fail "something of ours stays"; fi
	# A default that is not the saved one cannot be held this way.
	printf 'set default=0\nblscfg\n' >"$R/boot/grub2/grub.cfg"
	cp "$env" "$dir/with"
	if "$hold" "$R" hold "$A" 2>"$dir/tool"; then fail "held"; fi
	grep -q '^EOPNOTSUPP: ' "$dir/tool"
	cmp "$dir/with" "$env"
}

case_nextboot_hold_systemd_boot() {
	local text id=0123456789abcdef0123456789abcdef hold=${DRVGUARD%/*}/tests/hold
	root_on_disk
	rm -rf "$R/boot/grub"
	install_systemd_boot
	mkdir -p "$R/efi/$id"
	kernel_install "$A" "$B"
	for text in 'timeout 3\ndefault nothing*\n' '#default x\n' 'default @saved'; do
		printf '%b' "$text" >"$R/efi/loader/loader.conf"
		cp "$R/efi/loader/loader.conf" "$dir/before"
		"$hold" "$R" hold "$A"
		next_is "$A" "loader\.conf: default $id-$A\.conf leads to"
		[ "$("$hold" "$R" held)" = "$A" ]
		"$hold" "$R" hold "$B"
		next_is "$B" "loader\.conf: default $id-$B\.conf leads to"
		"$hold" "$R" hold "$A"
		"$hold" "$R" release
		cmp "$dir/before" "$R/efi/loader/loader.conf"
	done
	"$hold" "$R" hold "$A"
	sed -i "s/^default $id.*/default mine/" "$R/efi/loader/loader.conf"
	"$hold" "$R" release
	grep -q '^default mine' "$R/efi/loader/loader.conf"
	echo >"$R/efi/loader/loader.conf"
	efivar LoaderEntryDefault "$id-$B.conf"
	cp "$R/efi/loader/loader.conf" "$dir/before"
	if "$hold" "$R" hold "$A" 2>"$dir/tool"; then fail "held against the EFI variable"; fi
	grep -q '^EOPNOTSUPP: .*LoaderEntryDefault' "$dir/tool"
	cmp "$dir/before" "$R/efi/loader/loader.conf"
	if "$hold" "$R" hold 9.9.9-none 2>"$dir/tool"; then fail "an unknown kernel is held"; fi
	grep -q '^ENOENT: ' "$dir/tool"
}

case_nextboot_hold_none() {
	local hold=${DRVGUARD%/*}/tests/hold
	root_with "$A" "$B"
	if "$hold" "$R" hold "$A" 2>"$dir/tool"; then fail "held without a loader"; fi
	grep -q '^EOPNOTSUPP: ' "$dir/tool"
	"$hold" "$R" release
	[ -z "$("$hold" "$R" held)" ]
}
