# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # lib.sh's variables
#
# The boot image's share in the states: an initramfs that holds the driver, and is made anew with it.

# shellcheck source=SCRIPTDIR/case_states.sh
. "$here/case_states.sh"

# An initramfs of kernel B with FILE as its scap.
put_image() { # FILE
	local tree=$dir/initramfs
	rm -rf "$tree"
	mkdir -p "$tree/usr/lib/modules/$B/updates/drvguard"
	cp "$1" "$tree/usr/lib/modules/$B/updates/drvguard/scap.ko"
	(cd "$tree" && find . | cpio -o -H newc --quiet | gzip) >"$R/boot/initrd.img-$B"
}

# The file of that image.
image_has() { # FILE
	gzip -dc <"$R/boot/initrd.img-$B" | cpio -i --quiet --to-stdout "*/scap.ko" | cmp - "$1"
}

# update-initramfs for $R, where it runs by chroot: it takes what is staged.
put_tool() {
	local box name
	need_root
	box=$(command -v busybox) || skip "no busybox"
	mkdir -p "$R"/{bin,dev,tmp,usr/sbin}
	cp "$box" "$R/bin/busybox"
	for name in sh mkdir cp rm find cpio gzip mv echo; do
		ln -s busybox "$R/bin/$name"
	done
	chroot "$R" /bin/sh -c : 2>/dev/null || skip "this busybox needs libraries"
	mknod -m 666 "$R/dev/null" c 1 3 || skip "no devices here"
	cat >"$R/usr/sbin/update-initramfs" <<-'END'
		#!/bin/sh
		set -e
		[ "$1 $2" = "-u -k" ]
		echo "$3" >>/refreshed
		rm -rf /tmp/i
		mkdir -p "/tmp/i/usr/lib/modules/$3/updates/drvguard"
		cp "/lib/modules/$3/updates/drvguard/scap.ko" "/tmp/i/usr/lib/modules/$3/updates/drvguard/"
		(cd /tmp/i && find . | cpio -o -H newc | gzip) >"/boot/initrd.img-$3.new"
		mv "/boot/initrd.img-$3.new" "/boot/initrd.img-$3"
	END
	chmod 755 "$R/usr/sbin/update-initramfs"
}

root_image() { # FILE in the image
	root_running
	put_image "$1"
	put_tool
}

# The image's scap was another kernel's: it is made anew with what is staged, once.
case_state_qp() {
	root_image "$SCAP_A"
	dg stage
	expect 0
	image_has "$SCAP_B"
	[ "$(wc -l <"$R/refreshed")" -eq 1 ] || fail "not one refresh"
	stands 0 S match
	loaded scap "$link/scap.ko"
	reached QP 0 match
	dg stage
	expect 0
	[ "$(wc -l <"$R/refreshed")" -eq 1 ] || fail "refreshed without need"
	boot_loads 2
	left QP S 0 match
}

case_state_qn() {
	root_image "$SCAP_A"
	dg stage
	boot_loads 2
	stands 0 S match
	offer_newer 0.1.4
	dg stage
	expect 5
	image_has "$link/scap.ko"
	reached QN 5 match 'reboot'
	boot_loads 3
	left QN S 0 match
}

# The image was made without us, from an earlier driver: that one would be loaded.
case_state_b_image() {
	root_image "$SCAP_A"
	dg stage
	expect 0
	put_image "$SCAP_A"
	dg status
	says '^scap B match '
	dg repair
	expect 0
	image_has "$SCAP_B"
	left B S 0 match
}

# An image without the driver is none of our business.
case_state_image_without() {
	root_running
	put_tool
	(cd "$dir" && mkdir none && cd none && echo . | cpio -o -H newc --quiet | gzip) >"$R/boot/initrd.img-$B"
	cp "$R/boot/initrd.img-$B" "$dir/image"
	dg stage
	expect 0
	cmp "$dir/image" "$R/boot/initrd.img-$B"
	[ ! -e "$R/refreshed" ]
	loaded scap "$link/scap.ko"
	stands 0 SP match
}

# An image that cannot be made anew: the drivers are as they were.
case_state_image_not_made() {
	root_image "$SCAP_A"
	dg stage
	expect 0
	offer_newer 0.1.4
	echo 'echo no room; exit 1' >"$R/usr/sbin/update-initramfs"
	sed -i '1i #!/bin/sh' "$R/usr/sbin/update-initramfs"
	dg stage
	[ "$code" -ne 0 ] || fail "the image is stale, and nobody says so"
	errs 'no room'
	dg status
	says '^scap (S|B) match '
}

# --- a driver marked boot = yes ----------------------------------------------------------------

put_empty_image() {
	(cd "$dir" && mkdir -p none && cd none && echo . | cpio -o -H newc --quiet | gzip) >"$dir/none.gz"
	cp "$dir/none.gz" "$R/boot/initrd.img-$B"
}

# The image of kernel B lacks the driver, and nobody has staged it yet.
root_boot() {
	root_running
	config_falco 'boot = yes'
	put_empty_image
}

refreshed() { # TIMES
	[ "$(cat "$R/refreshed" 2>/dev/null | wc -l)" -eq "$1" ] || fail "not $1 refreshes"
}

# The image is no go until it is made anew, with the stage and once.
case_marked_staged() {
	root_boot
	put_tool
	dg stage
	expect 0
	quiet
	image_has "$SCAP_B"
	refreshed 1
	stands 0 S match
	dg stage
	expect 0
	refreshed 1
	dg preflight "$B"
	expect 0
	says 'reboot into REL-B: go'
	dg verify
	expect 0
}

# Marked after it was staged: the next stage or repair makes up for it.
case_marked_later() {
	root_boot
	put_tool
	config_falco
	dg stage
	expect 0
	refreshed 0
	dg preflight "$B"
	expect 0
	config_falco 'boot = yes'
	dg preflight "$B"
	expect 1
	says 'reboot into REL-B: no-go'
	says '^scap guarded no-go boot = yes, but there is no initramfs that holds it drvguard .*repair'
	dg --json preflight "$B"
	json '.kernels[0].modules[0] | .answer == "no-go" and (.cause | test("no initramfs"))'
	stands 1 B match 'repair'
	dg --json status
	json '.kernels[0].drivers[0].initramfs == "lacking"'
	dg verify
	expect 1
	says '^initramfs: scap: ROOT/boot/initrd.img-REL-B: lacks the driver, which is marked boot = yes; run drvguard repair'
	dg repair
	expect 0
	refreshed 1
	image_has "$SCAP_B"
	left B S 0 match
}

# Nothing to make it with, or a tool that leaves the driver out: a remark, and no go.
case_marked_not_made() {
	root_boot
	dg stage
	expect 0
	one_line "$R/boot/initrd.img-$B" 'nothing to make it anew with'
	stands 1 B match 'repair'
	dg preflight "$B"
	expect 1
	put_tool
	printf '#!/bin/sh\necho it is left out\n' >"$R/usr/sbin/update-initramfs"
	dg repair
	expect 1
	one_line "$R/boot/initrd.img-$B" 'it has no copy of scap; the tool said: it is left out'
	dg preflight "$B"
	expect 1
	# Nobody asked: once is enough, until the image is another.
	printf '#!/bin/sh\necho >>/refreshed\n' >"$R/usr/sbin/update-initramfs"
	dg repair
	refreshed 1
	dg watch
	expect 1
	refreshed 1
	touch "$R/boot/initrd.img-$B"
	dg watch
	refreshed 2
	dg watch
	refreshed 2
	dg repair
	refreshed 3
}

# A kernel that has no image yet, as while it is being installed: its first one is not ours to make.
case_marked_no_image() {
	root_boot
	rm "$R/boot/initrd.img-$B"
	dg stage
	expect 0
	quiet
	dg preflight "$B"
	expect 1
	dg verify
	expect 1
	says '^initramfs: scap: REL-B: has no initramfs, and the driver is marked boot = yes; make one'
	dg stage
	expect 1
	errs 'no initramfs: neither'
}

case_marked_unread() {
	root_boot
	put_tool
	dg stage
	expect 0
	echo garbage >"$R/boot/initrd.img-$B"
	dg preflight "$B"
	expect 3
	says 'cannot tell boot = yes, and the initramfs cannot be read'
}

# Early in boot no tool runs; what is wrong then is the next repair's to mend.
case_marked_early() {
	root_boot
	put_tool
	dg boot
	expect 4
	dg stage
	refreshed 1
	offer_newer 0.1.4
	dg stage
	refreshed 2
	# Its store has the one before, which is staged when this one is damaged.
	put_empty_image
	flip "$link/scap.ko"
	dg boot
	says 'staged from the store'
	refreshed 2
	dg repair
	refreshed 3
}

case_marked_removed() {
	root_boot
	put_tool
	dg stage
	gzip -dc <"$R/boot/initrd.img-$B" | cpio -t --quiet | grep -F scap.ko >/dev/null
	cp "$dir/none.gz" "$R/none.gz"
	# shellcheck disable=SC2016 # for that shell
	printf '#!/bin/sh\necho "$3" >>/refreshed\ncp /none.gz "/boot/initrd.img-$3"\n' >"$R/usr/sbin/update-initramfs"
	dg remove scap
	expect 0
	refreshed 2
	dg initramfs
	says '^scap yes none - -$'
}

case_initramfs_list() {
	root_boot
	config_driver tun
	dg initramfs list
	expect 1
	[ ! -s "$out" ] || fail "something to put in"
	one_line scap 'not put into the initramfs of REL-B: nothing is staged; run drvguard stage'
	dg stage scap
	dg initramfs list
	expect 0
	quiet
	expect_text <<-'END'
		scap ROOT/lib/modules/REL-B/updates/drvguard/scap.ko
	END
	snapshot >"$dir/before"
	dg --json initramfs list --kernel "$B"
	expect 0
	json '.kernels[0] | .kernel.release == $B and (.drivers | length) == 1'
	json '.kernels[0].drivers[0] | .driver == "scap" and (.file | endswith("updates/drvguard/scap.ko"))'
	unchanged "$dir/before" snapshot
	# By others while a writer has the lock.
	flock "$R/usr/lib/drvguard/lock" "$DRVGUARD" --root "$R" initramfs list >"$dir/locked"
	grep -q '^scap ' "$dir/locked"
	# Not what is damaged.
	flip "$link/scap.ko"
	dg initramfs list
	expect 1
	[ ! -s "$out" ] || fail "a damaged one is put in"
	errs 'the staged file is not the one that was staged; run drvguard stage'
}

# What modprobe would take is another: neither that nor ours.
case_initramfs_list_shadowed() {
	root_boot
	dg stage
	mkdir -p "$R/lib/modules/$B/extra" "$R/etc/depmod.d"
	cp "$SCAP_B" "$R/lib/modules/$B/extra/scap.ko"
	echo 'override scap * extra' >"$R/etc/depmod.d/vendor.conf"
	depmod -b "$R" -C "$R/etc/depmod.d" "$B"
	dg initramfs list
	expect 1
	[ ! -s "$out" ] || fail "one of two that modprobe would not take"
	one_line scap 'modprobe takes .*/extra/scap.ko, which drvguard did not stage; remove that file'
	dg preflight "$B"
	expect 1
	# One that would be refused says so.
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	dg initramfs list
	expect 1
	one_line scap 'not put into the initramfs of REL-B: .*'
}

# What may not load by itself would be loaded there by itself.
case_initramfs_list_suspect() {
	root_boot
	dg stage
	boots 1
	dg boot
	boots 2
	dg boot
	says 'unclean'
	dg initramfs list
	expect 1
	one_line scap 'its last load was followed by an unclean boot'
	dg commit
	dg initramfs list
	expect 0
}

case_initramfs_show() {
	root_boot
	put_image "$SCAP_A"
	config_falco
	dg initramfs
	expect 0
	says '^scap no other [0-9a-f]{64} usr/lib/modules/REL-B/updates/drvguard/scap.ko$'
	config_falco 'boot = yes'
	dg initramfs
	expect 1
	dg stage
	put_image "$SCAP_B"
	dg initramfs
	expect 0
	says '^scap yes same [0-9a-f]{64} usr/lib/modules/'
	dg --json initramfs
	json '.kernels[0] | .image == "\($R)/boot/initrd.img-\($B)" and .drivers[0].boot and .drivers[0].holds == "same"'
	json '.kernels[0].drivers[0].copies[0] | (.sha256 | length) == 64 and .build_id'
	rm "$R/boot/initrd.img-$B"
	dg initramfs
	expect 1
	says '^kernel REL-B: no initramfs$'
	says '^scap yes none - -$'
	echo garbage >"$R/boot/initrd.img-$B"
	dg initramfs
	expect 3
}

# mkinitcpio's install hook, called as mkinitcpio calls it: sourced, then build().
case_marked_mkinitcpio() {
	local hook=$dir/hook
	root_boot
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$DRVGUARD" "$R" >"$dir/drvguard"
	chmod 755 "$dir/drvguard"
	sed "s,@sbindir@,$dir," "$here/../../boot/mkinitcpio/install/drvguard" >"$hook"
	build_image() {
		bash -c 'add_module() { echo "added $1"; }
			warning() { echo "warned"; }
			KERNELVERSION=$2
			. "$1" && build && help >/dev/null' bash "$hook" "$B" 2>"$dir/hook.err"
	}
	[ "$(build_image)" = warned ]
	grep -q 'scap: not put into the initramfs' "$dir/hook.err"
	dg stage
	[ "$(build_image)" = 'added scap' ]
	[ ! -s "$dir/hook.err" ]
	config_falco
	[ -z "$(build_image)" ]
}
