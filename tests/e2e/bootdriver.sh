#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Drivers marked boot = yes, with initramfs-tools and then with dracut: dpkg installs a kernel
# package in a root that has the older kernel only, our hook stages the drivers before the package's
# own makes the initramfs, and a machine that boots the new kernel with that very initramfs, its depots
# not there, has the drivers loaded from it before its own init begins. One is scap; the other is that
# of the disk which the root file system is on: the kernel's own virtio_blk, taken out of its tree and
# put into a depot, so that this is the only one there is. dpkg runs in a chroot, which saves minutes of
# emulation; the kernel boots in a machine. TAP; needs root and build/drvguard.
#
#   bootdriver.sh [initramfs-tools|dracut]
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/vm.sh"
read -r A B < <("$here/archive.sh" pair)
deb=$("$here/archive.sh" deb "linux-image-$B")
scap_a=$("$here/scap.sh" "$A")
scap_b=$("$here/scap.sh" "$B")
. "$here/result.sh"
work=$(mktemp -d)
trap 'umount -q "$work"/*/root/{proc,dev} 2>/dev/null || :; rm -rf --one-file-system "$work"' EXIT

inside() {
	chroot "$root" "$@" </dev/null
}

# What the machine is: drvguard and the vendors' files installed, the depots mounted when the
# kernel package comes. Nothing but the initramfs is told to load the drivers.
prepare() { # WITH
	local with=()
	[ "$1" = initramfs-tools ] || with=(--with "$1")
	mkdir -p "$work/$1"
	cp -a "$("$here/rootfs.sh" "${with[@]}" "$A")/root" "$work/$1/root"
	root=$work/$1/root
	make -s -C "$top" install DESTDIR="$root" >"$work/install.log"
	mkdir -p "$root"/opt/{falco,disk}/drivers "$root/etc/systemd/system/sysinit.target.wants"
	cp "$scap_a" "$root/opt/falco/drivers/scap-a.ko"
	cp "$scap_b" "$root/opt/falco/drivers/scap-b.ko"
	cat >"$root/etc/drvguard/drivers.d/falco.conf" <<-'END'
		[product falco]
		depot = /opt/falco/drivers
		[driver scap]
		product = falco
		boot = yes
		load = never
	END
	cat >"$root/etc/drvguard/drivers.d/disk.conf" <<-'END'
		[product disk]
		depot = /opt/disk/drivers
		[driver virtio_blk]
		product = disk
		boot = yes
	END
	ln -s /lib/systemd/system/drvguard-early.service "$root/etc/systemd/system/sysinit.target.wants/"
	# Asking for scap there, without putting it there: dracut has rd.driver.pre= for that. The disk's is
	# for udev to load, which rootfs.sh spares initramfs-tools.
	if [ "$1" = initramfs-tools ]; then
		sed -i /virtio_blk/d "$root/etc/initramfs-tools/modules"
		cat >"$root/etc/initramfs-tools/scripts/init-premount/scap" <<-'END'
			#!/bin/sh
			[ "$1" = prereqs ] || modprobe -a scap virtio_blk
		END
		chmod 755 "$root/etc/initramfs-tools/scripts/init-premount/scap"
	fi
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
}

install_kernel() {
	cp "$deb" "$root/var/tmp/kernel.deb"
	inside dpkg --unpack /var/tmp/kernel.deb || return
	mv "$root/lib/modules/$B/kernel/drivers/block/virtio_blk.ko" "$root/opt/disk/drivers/" || return
	if ! inside env DEBIAN_FRONTEND=noninteractive dpkg --configure "linux-image-$B" >"$work/dpkg" 2>&1; then
		cat "$work/dpkg"
		return 1
	fi
	rm "$root/var/tmp/kernel.deb"
}

# The words of both, in that order.
told_before() { # OURS THEIRS
	cat "$work/dpkg"
	awk -v ours="$1" -v theirs="$2" 'index($0, ours) { staged = NR }
		index($0, theirs) { made = NR } END { exit !(staged && staged < made) }' "$work/dpkg"
}

said() { # CODE WORDS COMMAND...: inside, ends with CODE and says WORDS
	local want=$1 words=$2 code=0
	shift 2
	inside "$@" >"$work/out" 2>&1 || code=$?
	cat "$work/out"
	[ "$code" = "$want" ] && grep -qF -- "$words" "$work/out"
}

boots() {
	local overlay=$work/$how/overlay guest status=0
	guest=$overlay/usr/local/lib/drvguard-e2e
	install -D -m 644 "$here/story/common.sh" "$guest/common.sh"
	cp "$here/bootdriver/guest.sh" "$guest/run.sh"
	readelf -n "$scap_b" | sed -n 's/^ *Build ID: //p' >"$guest/id-b"
	vm_image "$root" "$overlay" "$work/$how/disk" 1200M root
	vm_run --name "bootdriver-$how" --kernel "$root/boot/vmlinuz-$B" --initrd "$root/boot/initrd.img-$B" \
		--append "root=/dev/vda rw rd.driver.pre=scap" --disk "$work/$how/disk,root" --timeout 240 \
		--out "$top/build/e2e/bootdriver-$how" || status=1
	while read -r line; do
		case $line in
		"ok - "*) n=$((n + 1)) && echo "ok $n - $how: ${line#ok - }" ;;
		"not ok - "*) n=$((n + 1)) failed=1 && echo "not ok $n - $how: ${line#not ok - }" ;;
		"#"*) echo "$line" ;;
		esac
	done <"$top/build/e2e/bootdriver-$how/result"
	grep -qx "told bootdriver" "$top/build/e2e/bootdriver-$how/result" || status=1
	return "$status"
}

one() {
	prepare "$how"
	result "$how: the kernel package is installed" install_kernel
	case $how in
	dracut) made="dracut: Generating /boot/initrd.img-$B" ;;
	*) made="update-initramfs: Generating /boot/initrd.img-$B" ;;
	esac
	for driver in scap virtio_blk; do
		result "$how: our hook stages $driver before the package's own makes the initramfs" \
			told_before "kernel $B: $driver " "$made"
		result "$how: the initramfs has the staged $driver" \
			said 0 "\"driver\":\"$driver\",\"boot\":true,\"holds\":\"same\"" drvguard --json initramfs --kernel "$B"
	done
	result "$how: nothing is left to do" said 0 "generation 1" drvguard stage --kernel "$B"
	result "$how: preflight says go" said 0 "reboot into $B: go" drvguard preflight "$B"
	umount "$root/proc" "$root/dev"
	# Their disk is not there at the next boot.
	rm -r "$root/opt/falco" "$root/opt/disk"
	boots || failed=1
	rm -rf --one-file-system "${root:?}"
}

for how in ${1:-initramfs-tools dracut}; do
	one
done
echo "1..$n"
exit "$failed"
