# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh's variables
#
# A kernel comes, is rebuilt, goes: the hooks as package managers' own scripts call them.

# What make install puts on a system, for $R: the scripts as they are, their drvguard working there.
install_hooks() {
	mkdir -p "$dir/sbin"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$DRVGUARD" "$R" >"$dir/sbin/drvguard"
	chmod 755 "$dir/sbin/drvguard"
	"$here/../../kbuild/install-boot" install "$dir/sbin" "$dir" \
		kernel/postinst.d/:/etc/kernel/postinst.d kernel/postrm.d/:/etc/kernel/postrm.d \
		kernel/header_postinst.d/:/etc/kernel/header_postinst.d kernel/install.d/:/usr/lib/kernel/install.d \
		zypp/:/usr/lib/zypp/plugins/commit pacman/:/usr/share/libalpm/hooks
}

# The maintainer script of B's own package, but for what it does to this machine: it calls the hooks.
maintainer() { # SCRIPT ARGUMENT…
	local script=$1 deb
	shift
	deb=$("$here/../e2e/archive.sh" deb "linux-image-$B")
	{
		echo 'depmod() { :; }; linux_update_symlinks() { :; }; command() { return 1; }'
		dpkg-deb -I "$deb" "$script" | sed -E "1d; s,linux-update-symlinks ,linux_update_symlinks ,
			s, /(etc/kernel), $dir/\\1,g; s,(-f|rm -f) /lib,\\1 $R/lib,; s,rmdir /lib,rmdir $R/lib,"
	} >"$dir/$script"
	grep -q 'run-parts.*--exit-on-error' "$dir/$script" || fail "this package runs its hooks in another way"
	dg_as sh -e "$dir/$script" "$@"
}

# What dpkg -r takes away; depmod's indexes are none of the package's.
package_goes() { # REL
	rm -rf "${R:?}/lib/modules/$1/kernel" "$R/lib/modules/$1"/modules.{order,builtin,builtin.modinfo} "$R/boot"/*-"$1"
}

note=run/motd.d/drvguard-

case_hook_debian() {
	root_ready
	mkdir -p "$R/var/lib"
	install_hooks
	maintainer postinst configure
	expect 0
	[ ! -s "$out" ] || fail "standard output is debconf's"
	errs "^kernel REL-B: scap VERSION, exact: staged from "
	cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	[ ! -e "$R/$note$B" ] || fail "a note, and all is well"
	dg history
	says 'scap installed VERSION REL-B hook ok'
	# Once more, and for headers that came without their kernel: nothing to do.
	snapshot >"$dir/before"
	maintainer postinst configure
	expect 0
	errs '^kernel REL-B: scap VERSION, exact: in place$'
	dg_as run-parts --report --exit-on-error --arg="9.9.9-none" "$dir/etc/kernel/header_postinst.d"
	expect 0
	quiet
	unchanged "$dir/before" snapshot
}

# Behind dkms, which may make what a driver needs; before all that make an initramfs or look at the kernels.
case_hook_order() {
	local name
	root_ready
	install_hooks
	for name in dkms dracut initramfs-tools unattended-upgrades zz-update-grub; do
		printf '#!/bin/sh\n' >"$dir/etc/kernel/postinst.d/$name"
		chmod 755 "$dir/etc/kernel/postinst.d/$name"
	done
	[ "$(run-parts --list "$dir/etc/kernel/postinst.d" | sed 's,.*/,,' | tr '\n' ' ')" = \
		"dkms dkms_drvguard dracut initramfs-tools unattended-upgrades zz-update-grub " ] || fail "another order"
	for name in 40-dkms 50-depmod 50-dracut 50-mkinitcpio 51-dracut-rescue 55-initrd 60-kdump; do
		: >"$dir/usr/lib/kernel/install.d/$name.install"
	done
	for name in 'sort -V' 'env LC_ALL=C sort'; do
		# shellcheck disable=SC2086 # a command line
		[ "$(ls "$dir/usr/lib/kernel/install.d" | $name | tr '\n' ' ' | grep -o '50-depmod.* 50-dracut')" = \
			"50-depmod.install 50-depmod_drvguard.install 50-dracut" ] || fail "another order by $name"
	done
}

# debconf's frontend talks to the script through its standard input and output.
case_hook_debconf() {
	local debconf
	debconf=$(command -v debconf) || skip "no debconf"
	root_with "$B"
	cp "$SCAP_A" "$depot/"
	install_hooks
	cat >"$dir/script" <<-END
		#!/bin/sh
		set -e
		ask() {
			echo "\$*"
			read -r answer
			echo "\$* -> \$answer" >>"$dir/dialogue"
		}
		ask VERSION 2.0
		DEB_MAINT_PARAMS=configure run-parts --report --exit-on-error --arg=$B \
			--arg=/boot/vmlinuz-$B "$dir/etc/kernel/postinst.d"
		run-parts --report --arg=$B "$dir/etc/kernel/header_postinst.d"
		DEB_MAINT_PARAMS=upgrade run-parts --report --exit-on-error --arg=$B "$dir/etc/kernel/postrm.d"
		ask VERSION 2.0
		ask GET no/such
	END
	chmod 755 "$dir/script"
	cat >"$dir/debconf.conf" <<-END
		Config: config
		Templates: templates

		Name: config
		Driver: File
		Filename: $dir/config.dat

		Name: templates
		Driver: File
		Filename: $dir/templates.dat
	END
	DEBIAN_FRONTEND=noninteractive DEBCONF_SYSTEMRC=$dir/debconf.conf dg_as "$debconf" -o drvguard "$dir/script"
	expect 0
	errs 'no driver scap that matches'
	printf '%s\n' "VERSION 2.0 -> 0 2.0" "VERSION 2.0 -> 0 2.0" "GET no/such -> 10 no/such doesn't exist" |
		diff - "$dir/dialogue" || fail "the dialogue was disturbed"
}

# The initramfs is its generator's, right after us; without that it is made anew.
case_hook_leaves_initramfs() {
	# shellcheck source=SCRIPTDIR/case_bootimage.sh
	. "$here/case_bootimage.sh"
	root_ready
	put_image "$SCAP_A"
	put_tool
	cp "$R/boot/initrd.img-$B" "$dir/image"
	dg hook add --no-initramfs "$B"
	expect 0
	cmp "$dir/image" "$R/boot/initrd.img-$B"
	[ ! -e "$R/refreshed" ]
	dg --kernel "$B" remove scap
	rm -f "$R/refreshed"
	dg --kernel "$B" stage --force
	put_image "$SCAP_A"
	rm -f "$R/refreshed"
	dg hook add "$B"
	expect 0
	[ "$(wc -l <"$R/refreshed")" -eq 1 ] || fail "not one refresh"
	image_has "$SCAP_B"
}

case_hook_no_match() {
	root_with "$B"
	mkdir -p "$R/var/lib"
	cp "$SCAP_A" "$depot/"
	install_hooks
	maintainer postinst configure
	expect 0
	errs '^drvguard: kernel REL-B: no driver scap that matches: no file fits; nearest is for REL-A: .*; get a driver for this kernel from the vendor$'
	# run-parts puts the script's name above what it says.
	same "$err" | grep '^drvguard: ' >"$dir/told"
	same "$R/$note$B" | diff "$dir/told" - || fail "the note says something else"
	[ "$(stat -c %a "$R/$note$B")" = 644 ] || fail "not everybody can read it"
	dg preflight "$B"
	expect 1
	says '^scap .*no file fits; nearest is for REL-A: '
	dg -v history
	says '^[-0-9: ]* scap found no match REL-B hook '
	# The vendor's driver comes.
	cp "$SCAP_B" "$depot/"
	dg --kernel "$B" stage
	expect 0
	[ ! -e "$R/$note$B" ] || fail "the note stays"
}

# The depot is not there: noted, and staged by whom looks when it is.
case_hook_waiting() {
	local pid
	root_with "$A" "$B"
	offer_both
	runs "$A"
	dg repair
	expect 0
	mv "$depot" "$dir/away"
	dg hook add "$B"
	expect 0
	errs 'kernel REL-B: no driver scap that matches: .*; '
	[ "$(same "$R/run/drvguard/waiting")" = "scap REL-B /opt/falco/drivers" ] || fail "what waits is not noted"
	[ -e "$R/$note$B" ]
	# The running kernel's own look leaves the other's line.
	dg repair
	expect 0
	[ "$(same "$R/run/drvguard/waiting")" = "scap REL-B /opt/falco/drivers" ] || fail "the line is gone"
	timeout 30 "$DRVGUARD" --root "$R" watch >"$out" 2>"$err" &
	pid=$!
	last="drvguard watch"
	sleep 2
	kill -0 "$pid" || fail "it did not wait"
	mv "$dir/away" "$depot"
	code=0
	wait "$pid" || code=$?
	expect 0
	says '^kernel REL-B: scap VERSION, exact: staged from '
	cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
	[ ! -e "$R/run/drvguard/waiting" ] && [ ! -e "$R/$note$B" ] || fail "the notes stay"
}

# It ends well, whatever happens.
case_hook_ends_well() {
	root_ready
	install_hooks
	echo 'nonsense' >>"$conf"
	dg hook add "$B"
	expect 0
	errs 'falco.conf:[0-9]+: '
	config_falco
	rmdir "$R/usr/lib/drvguard"
	: >"$R/usr/lib/drvguard"
	dg hook add "$B"
	expect 0
	errs 'kernel REL-B: nothing could be staged: '
	dg preflight "$B"
	expect 1
	dg hook remove "$B"
	expect 0
	rm "$R/usr/lib/drvguard"
	# Nobody reads on.
	code=0
	"$DRVGUARD" --root "$R" hook add "$B" >/dev/full 2>"$err" || code=$?
	expect 0
	("$DRVGUARD" --root "$R" hook add "$B" 2>&1 || echo "$?" >"$dir/code") | :
	[ ! -e "$dir/code" ] || fail "a pipe that is closed ended it"
	: >"$R/boot/vmlinuz-$B.new"
	printf 'no kernel' >"$R/boot/vmlinuz-$B.new"
	mv "$R/boot/vmlinuz-$B.new" "$R/boot/vmlinuz-$B"
	dg hook add "$B"
	expect 0
	# The program is gone, its scripts are left: they are configuration to dpkg.
	rm "$dir/sbin/drvguard"
	maintainer postinst configure
	expect 0
	quiet
	dg hook
	expect 2
	dg hook sideways "$B"
	expect 2
}

# Kernel B becomes another build of that name: all that A's kernel is, but the name.
rebuild() {
	rm -rf "${R:?}/lib/modules/$B/kernel" "$R/boot/vmlinuz-$B" "$R/boot/config-$B"
	cp -al "$KERNEL_A/lib/modules/$A/kernel" "$R/lib/modules/$B/kernel"
	cp "$KERNEL_A/boot/vmlinuz-$A" "$R/boot/vmlinuz-$B"
	cp "$KERNEL_A/boot/config-$A" "$R/boot/config-$B"
	depmod -b "$R" "$B"
}

case_hook_rebuilt() {
	root_staged
	runs "$B"
	loaded scap "$SCAP_B"
	dg status
	expect 0
	rebuild
	dg hook add "$B"
	expect 0
	errs_not 'no driver'
	says '^kernel REL-B: scap VERSION, exact: staged from .*scap-REL-A.ko$'
	cmp "$SCAP_A" "$link/scap.ko"
	# What runs is the old build, and was left alone.
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
}

errs_not() {
	if same "$err" | grep -E -- "$1" >/dev/null; then fail "stderr has /$1/"; fi
}

case_hook_removal() {
	root_staged
	install_hooks
	other_version 0.1.4 "$depot/new.ko"
	dg --kernel "$B" stage
	expect 0
	# dpkg runs the old version's script when there is a new one.
	contents >"$dir/before"
	maintainer postrm upgrade
	expect 0
	quiet
	unchanged "$dir/before" contents
	# dpkg -r: its files are gone; depmod's are not its own.
	mkdir -p "$R/run/motd.d"
	echo x >"$R/$note$B"
	package_goes "$B"
	maintainer postrm remove
	expect 0
	errs '^kernel REL-B: gone, '
	[ ! -e "$R/lib/modules/$B/updates" ] || fail "a directory of ours is in that kernel's tree"
	[ ! -e "$R/usr/lib/drvguard/kernels/$B" ]
	[ -z "$(ls "$R/usr/lib/drvguard/store")" ] || fail "the store has what nothing needs"
	[ ! -e "$R/$note$B" ] || fail "the note stays"
	maintainer postrm purge
	expect 0
	[ ! -e "$R/lib/modules/$B" ] || fail "dpkg could not remove the directory"
}

# Of another kernel nothing goes, nor what lies in the store for other reasons.
case_hook_removal_of_one() {
	root_with "$A" "$B"
	offer_both
	dg --kernel all stage
	expect 0
	package_goes "$B"
	mkdir -p "$R/usr/lib/drvguard/store/$(sha256sum <"$out" | cut -d' ' -f1)"
	dg hook remove "$B"
	expect 0
	cmp "$SCAP_A" "$R/lib/modules/$A/updates/drvguard/scap.ko"
	[ "$(ls "$R/usr/lib/drvguard/kernels")" = "$A" ]
	# The kernel that runs is not gone, whatever is missing of it.
	runs "$A"
	package_goes "$A"
	dg hook remove "$A"
	expect 0
	[ "$(ls "$R/usr/lib/drvguard/kernels")" = "$A" ]
}

# What RPM's file triggers and pacman's NeedsTargets write to standard input.
case_hook_paths() {
	root_with "$A" "$B"
	offer_both
	{
		printf '/usr/lib/modules/%s/%s\n' "$B" vmlinuz "$B" kernel/fs/fat/fat.ko.xz "$A" modules.order
		printf '/usr/lib/modules/../x\n/lib/modules\n\n/lib/modules/9.9.9-none/kernel/x.ko\n%5000s\n' long
		printf 'usr/lib/modules/%s/vmlinuz\nboot/vmlinuz-%s\n%s\n' "$A" "$A" "$A"
	} >"$dir/paths"
	dg hook add - <"$dir/paths"
	expect 0
	quiet
	[ "$(same "$out" | cut -d: -f1 | tr '\n' ' ')" = "kernel REL-B kernel REL-A " ] || fail "not each once"
	dg --json hook add - <"$dir/paths"
	expect 0
	json '[.kernels[].kernel.release] == [$B, $A]'
	json 'all(.kernels[]; .drivers[0].match == "match")'
	dg hook add - </dev/null
	expect 0
	quiet
	says_not .
}

# The Exec line of pacman's hooks, run as alpm does: split at spaces, its targets on standard input.
case_hook_pacman() {
	local exec
	root_ready
	install_hooks
	exec=$(sed -n 's/^Exec = //p' "$dir/usr/share/libalpm/hooks/75-drvguard.hook")
	# shellcheck disable=SC2086 # that way
	dg_as $exec < <(echo "usr/lib/modules/$B/vmlinuz")
	expect 0
	says '^kernel REL-B: scap VERSION, exact: staged from '
	package_goes "$B"
	exec=$(sed -n 's/^Exec = //p' "$dir/usr/share/libalpm/hooks/75-drvguard-remove.hook")
	# shellcheck disable=SC2086
	dg_as $exec < <(echo "usr/lib/modules/$B/vmlinuz")
	expect 0
	says '^kernel REL-B: gone, '
	[ ! -e "$R/usr/lib/drvguard/kernels/$B" ]
}

# libzypp's side of the talk: a frame, an answer; then the next.
case_hook_zypp() {
	local frame answer to from pid
	root_with "$A" "$B"
	offer_both
	dg --kernel "$A" stage
	package_goes "$A"
	install_hooks
	coproc PLUGIN { "$dir/usr/lib/zypp/plugins/commit/drvguard" 2>"$dir/said"; }
	# Bash forgets them as soon as it has ended.
	pid=$PLUGIN_PID
	exec {to}>&"${PLUGIN[1]}" {from}<&"${PLUGIN[0]}"
	for frame in 'PLUGINBEGIN\nuserdata:TID42\n\n' 'COMMITBEGIN\n\n{"TransactionStepList":[]}' \
		'COMMITEND\n\n{"TransactionStepList":[{"type":"M","stage":"ok"}]}' 'PLUGINEND\n\n' '_DISCONNECT\n\n'; do
		# shellcheck disable=SC2059 # a format it is
		printf "$frame\0" >&"$to"
		IFS= read -r -d '' -t 30 answer <&"$from" || fail "no answer to $frame"
		[[ $answer == $'ACK\n\n'* ]] || fail "'$answer' to $frame"
		[[ $frame == COMMITEND* ]] || [ "$frame" = 'PLUGINEND\n\n' ] || [ "$frame" = '_DISCONNECT\n\n' ] ||
			[ ! -e "$R/lib/modules/$B/updates/drvguard/scap.ko" ] || fail "staged before all was installed"
	done
	wait "$pid" || fail "it did not end well"
	cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
	[ ! -e "$R/usr/lib/drvguard/kernels/$A" ] || fail "what was kept for A is there"
}

# systemd-boot, as bootctl and kernel-install leave it, with an entry for each REL.
put_loader() { # REL…
	local rel
	mkdir -p "$R/boot/EFI/systemd" "$R/boot/loader/entries"
	: >"$R/boot/EFI/systemd/systemd-bootx64.efi"
	echo 'timeout 3' >"$R/boot/loader/loader.conf"
	for rel; do
		printf 'title Debian\nversion %s\nlinux /vmlinuz-%s\n' "$rel" "$rel" >"$R/boot/loader/entries/debian-$rel.conf"
	done
}

boots_next() { # REL
	dg --json kernels
	[ "$(jq -r .next.release "$out")" = "$1" ] || fail "another kernel than $1 boots next"
}

# The newest lacks a driver: what boots by default is the one that has all, until it does not.
case_hook_gate() {
	root_with "$A" "$B"
	printf '[drvguard]\ngate = yes\n' >"$R/etc/drvguard/drvguard.conf"
	cp "$SCAP_A" "$depot/"
	put_loader "$A" "$B"
	install_hooks
	dg --kernel "$A" stage
	expect 0
	boots_next "$B"
	maintainer postinst configure
	expect 0
	errs '^drvguard: kernel REL-B: no driver scap'
	errs '^drvguard: gate: the boot default is held on REL-A, the newest kernel that has all its drivers; '
	boots_next "$A"
	# Of another kernel: it stays held.
	dg hook add "$A"
	expect 0
	boots_next "$A"
	cp "$SCAP_B" "$depot/"
	dg --kernel "$B" stage
	expect 0
	says '^the boot default is not held on REL-A any more$'
	boots_next "$B"
	[ "$(cat "$R/boot/loader/loader.conf")" = 'timeout 3' ] || fail "loader.conf is not as it was"
}

# Held no more when the gate is not wanted any more, or the kernel that lacked is gone.
case_hook_gate_given_up() {
	local how
	root_with "$A" "$B"
	cp "$SCAP_A" "$depot/"
	put_loader "$A" "$B"
	for how in unwanted removed; do
		printf '[drvguard]\ngate = yes\n' >"$R/etc/drvguard/drvguard.conf"
		dg hook add all
		expect 0
		boots_next "$A"
		if [ "$how" = unwanted ]; then
			echo '[drvguard]' >"$R/etc/drvguard/drvguard.conf"
			dg hook add "$B"
		else
			package_goes "$B"
			rm "$R/boot/loader/entries/debian-$B.conf"
			dg hook remove "$B"
		fi
		expect 0
		[ "$(cat "$R/boot/loader/loader.conf")" = 'timeout 3' ] || fail "loader.conf is not as it was"
	done
}

# A loader that cannot be held, or no kernel to hold on to: the hook fails, and says what to do.
case_hook_gate_fails() {
	root_with "$A" "$B"
	printf '[drvguard]\ngate = yes\n' >"$R/etc/drvguard/drvguard.conf"
	cp "$SCAP_A" "$depot/"
	install_hooks
	dg --kernel "$A" stage
	code=0
	maintainer postinst configure
	[ "$code" -ne 0 ] || fail "the kernel was configured"
	errs '^drvguard: kernel REL-B: no driver scap'
	errs 'run-parts: .*dkms_drvguard exited with return code 1$'
	dg hook add "$B"
	expect 1
	quiet 2
	put_loader "$A" "$B"
	package_goes "$A"
	dg hook add "$B"
	expect 1
	errs '^drvguard: gate: no installed kernel has all its drivers; get drivers .*gate = no'
	# A kernel may always go.
	dg hook remove "$A"
	expect 0
	echo 'gate = maybe' >>"$R/etc/drvguard/drvguard.conf"
	dg hook add "$B"
	errs 'drvguard.conf:3: .*yes or no'
}
