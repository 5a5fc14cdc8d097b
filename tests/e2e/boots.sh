#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever is wrong with drvguard, the machine boots and says why: switched off, a corrupt store, a corrupt
# configuration, a missing program, a root file system that is read-only and has no /var. And the
# units as systemd-analyze sees them there. One machine, boot after boot; what the guest does is in
# story/boots-*.sh; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

root=$("$here/rootfs.sh" "$A" "$B")
over=$work/overlay
machine_base "$root/root"
machine_overlay "$over" systemd
guest=$over/usr/local/lib/drvguard-e2e
cp "$here"/story/boots-*.sh "$guest/"
cat >"$guest/run.sh" <<-'END'
	. /usr/local/lib/drvguard-e2e/"$(sed -n 's/.*story=\([a-z-]*\).*/\1/p' /proc/cmdline)".sh
END
# What goes wrong without drvguard: the old level's driver, asked for at boot.
install -D -m 644 "$scap_a" "$over/lib/modules/$B/extra/scap.ko"
install -D -m 644 "$scap_b" "$over/opt/falco/drivers/scap.ko"
mkdir -p "$over/etc/modules-load.d"
echo scap >"$over/etc/modules-load.d/scap.conf"
# Checked and mounted anew by systemd, so that all there is to order is there.
echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$over/etc/fstab"
machine_index "$work/base" "$over" "$B"
vm_image "$work/base" "$over" "$work/root.img" 1G root

failed=0
boot() { # NAME KERNEL-OPTIONS
	machine_run "$1" "$B" --append "root=/dev/vda $2 story=$1" --disk "$work/root.img,root" || failed=1
}
boot boots-off "rw drvguard=off"
boot boots-store rw
boot boots-config rw
boot boots-program rw
boot boots-readonly ro
exit "$failed"
