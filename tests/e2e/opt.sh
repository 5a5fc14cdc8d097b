#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way in which /opt comes, or does not, in a virtual machine with systemd; a TAP line for each
# thing shown. (A disk that is there at boot, and one that comes after, are story.sh's.) What
# the guest does is in story/opt-*.sh; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

root=$("$here/rootfs.sh" "$A" "$B")
over=$work/overlay
machine_base "$root/root"
machine_overlay "$over" systemd
guest=$over/usr/local/lib/drvguard-e2e
cp "$here"/story/opt-*.sh "$guest/"
gcc -static -O2 -Wall -o "$guest/silent" "$here/silent.c"
cat >"$guest/run.sh" <<-'END'
	. /usr/local/lib/drvguard-e2e/"$(sed -n 's/.*story=\([a-z-]*\).*/\1/p' /proc/cmdline)".sh
END
# The same driver in another version: some bytes of its .modinfo.
LC_ALL=C sed 's/version=0\.1\.1/version=0.9.9/' "$scap_b" >"$guest/newer.ko"
cp "$scap_a" "$guest/stale.ko"
install -D -m 644 "$scap_b" "$guest/depot/falco/drivers/scap.ko"
# A second product, on a file system that is dead from the start of the boot on.
cp -a "$over" "$work/hanging"
cat >"$work/hanging/etc/drvguard/drivers.d/other.conf" <<-'END'
	[product other]
	depot = /srv/dead/drivers

	[driver other]
	product = other
END
mkdir -p "$work/hanging/srv/dead" "$work/hanging/etc/systemd/system/local-fs.target.wants"
cat >"$work/hanging/etc/systemd/system/dead.service" <<-'END'
	[Unit]
	DefaultDependencies=no
	After=systemd-udevd.service systemd-remount-fs.service
	Before=local-fs.target
	[Service]
	Type=forking
	ExecStartPre=/sbin/modprobe fuse
	ExecStart=/usr/local/lib/drvguard-e2e/silent /srv/dead
END
ln -s ../dead.service "$work/hanging/etc/systemd/system/local-fs.target.wants/"
echo 'LABEL=never /opt ext4 nofail,noauto,x-systemd.automount,x-systemd.device-timeout=20s 0 0' \
	>"$work/hanging/etc/fstab"

vm_image - "$guest/depot" "$work/depot.img" 64M depot
cp -a "$guest/depot/." "$over/opt/"
vm_image "$work/base" "$over" "$work/root.img" 1G root
vm_image "$work/base" "$work/hanging" "$work/hanging.img" 1G root

failed=0
boot() { # NAME IMAGE OPTION...
	local name=$1 image=$2
	shift 2
	machine_run "$name" "$B" --append "root=/dev/vda rw story=$name" --disk "$image,root" "$@" || failed=1
}
boot opt-by-hand "$work/root.img" --hotplug "$work/depot.img,depot@plug"
boot opt-never "$work/hanging.img"
exit "$failed"
