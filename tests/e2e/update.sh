#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kernel updates by dpkg in a virtual machine with systemd, real packages and a real driver:
#
#   update.sh     TAP
#
# One machine, booted three times, each with the kernel and the initramfs that are on its disk then:
#   first    runs A, the depot is there: kernel B is installed; then C, which no driver fits, without
#            and with the gate
#   second   runs B, the depot never comes: A is purged, and installed again
#   third    runs A, the depot's disk comes after the boot
# What the machine does is in update/; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/vm.sh"

work=$top/build/e2e/update
rm -rf "$work"
mkdir -p "$work"

read -r A B < <("$here/archive.sh" pair)
# C: the newest of another series; scap's source is for B's.
C=$("$here/archive.sh" images-list | grep -v "^${B%.*}\." | tail -n 1)
root=$("$here/rootfs.sh" --with grub2-common "$A")

# What an administrator and a vendor put on the machine.
over=$work/overlay
make -s -C "$top" install DESTDIR="$over" >"$work/install.log"
mkdir -p "$over"/etc/systemd/system/{sysinit,multi-user,timers}.target.wants "$over/opt" \
	"$over/etc/dpkg/dpkg.cfg.d" "$over/var/lib" "$over/var/packages"
ln -s /lib/systemd/system/drvguard-early.service "$over/etc/systemd/system/sysinit.target.wants/"
for unit in drvguard drvguard-watch drvguard-stop; do
	ln -s "/lib/systemd/system/$unit.service" "$over/etc/systemd/system/multi-user.target.wants/"
done
ln -s /lib/systemd/system/drvguard-good.timer "$over/etc/systemd/system/timers.target.wants/"
printf '[product falco]\ndepot = /opt/falco/drivers\n[driver scap]\nproduct = falco\n' \
	>"$over/etc/drvguard/drivers.d/falco.conf"
echo 'LABEL=depot /opt ext4 nofail,x-systemd.device-timeout=120s 0 0' >"$over/etc/fstab"
# Of an initramfs what takes long in emulation, and this machine boots without.
mkdir -p "$over/etc/initramfs-tools/conf.d" "$over/usr/share/initramfs-tools/hooks"
echo BUSYBOX=n >"$over/etc/initramfs-tools/conf.d/less"
for hook in dmsetup fsck keymap resume thermal udev; do
	printf '#!/bin/sh\n' >"$over/usr/share/initramfs-tools/hooks/$hook"
	chmod 755 "$over/usr/share/initramfs-tools/hooks/$hook"
done
# dpkg's care for a power cut is not what is tested.
echo force-unsafe-io >"$over/etc/dpkg/dpkg.cfg.d/unsafe-io"

guest=$over/usr/local/lib/drvguard-e2e
mkdir -p "$guest"
cp "$here/story/common.sh" "$here"/update/*.sh "$guest/"
printf 'A=%s\nB=%s\nC=%s\n' "$A" "$B" "$C" >"$guest/kernels"
printf '%s\n' 'read -r chapter </var/lib/drvguard-e2e-next' '. "/usr/local/lib/drvguard-e2e/$chapter.sh"' \
	>"$guest/run.sh"
echo first >"$over/var/lib/drvguard-e2e-next"
# The package as it is, but not compressed, and with those modules alone that the machine boots with:
# emulated, the rest costs minutes.
package() { # REL
	local rel=$1 tree
	tree=$("$here/archive.sh" kernel "$rel") # downloaded, then
	rm -rf "$work/package"
	dpkg-deb -R "$("$here/archive.sh" deb "linux-image-$rel")" "$work/package"
	# Neither this machine's modprobe.d nor its modules.
	modprobe -C /dev/null -d "$tree" -S "$rel" -a --show-depends virtio_pci virtio_blk virtio_console ext4 |
		sed -n "s,^insmod .*/lib/modules/$rel/\\([^ ]*\\).*,\\1,p" | sort -u >"$work/modules"
	[ -s "$work/modules" ]
	(
		cd "$(find "$work/package" -path "*lib/modules/$rel" -type d -print -quit)"
		find kernel -name '*.ko*' | sort | comm -23 - "$work/modules" | xargs rm
		find kernel -depth -type d -empty -delete
	)
	dpkg-deb -Znone -b "$work/package" "$over/var/packages/$rel.deb" >"$work/package.log"
	rm -rf "$work/package"
}
for rel in "$A" "$B" "$C"; do
	package "$rel"
done
for rel in "$A" "$B"; do
	readelf -n "$("$here/scap.sh" "$rel")" | sed -n 's/^ *Build ID: //p' >"$guest/id-$rel"
	install -D -m 644 "$("$here/scap.sh" "$rel")" "$work/depot/falco/drivers/$rel/scap.ko"
done
vm_image - "$work/depot" "$work/depot.img" 64M depot
vm_image "$root/root" "$over" "$work/root.img" 2G root
rm -rf "$over"

# What lies on the machine's disk, which is not in use.
from_disk() { # PATH FILE
	debugfs -R "dump $1 $2" "$work/root.img" 2>"$work/debugfs.log"
	[ -s "$2" ]
}

# One boot of it, with the kernel and the initramfs that it has.
boot() { # CHAPTER RELEASE [OPTION...]
	local chapter=$1 rel=$2 status=0
	shift 2
	# The journal of the file system is played back, as the next boot would.
	e2fsck -fy "$work/root.img" >"$work/fsck.log" 2>&1 || [ $? -le 2 ]
	from_disk "/boot/vmlinuz-$rel" "$work/vmlinuz"
	from_disk "/boot/initrd.img-$rel" "$work/initrd"
	vm_run --name "update-$chapter" --kernel "$work/vmlinuz" --initrd "$work/initrd" \
		--append "root=/dev/vda rw" --disk "$work/root.img,root" --timeout 900 --out "$work/$chapter" "$@" ||
		status=$?
	grep -E '^(ok|not ok|#)' "$work/$chapter/result" || :
	grep -qx "told $chapter" "$work/$chapter/result" || status=1
	return "$status"
}

boot first "$A" --disk "$work/depot.img,depot"
boot second "$B"
boot third "$A" --hotplug "$work/depot.img,depot@waiting+1"
