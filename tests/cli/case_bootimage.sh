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
