#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main story in a virtual machine with sysvinit: level A with the depot at hand, then level B, and
# the depot's disk is mounted by hand some time after the boot. A TAP line for each thing
# shown. What the guest does is in story/sysv-*.sh; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

root=$("$here/rootfs.sh" --with sysvinit-core,orphan-sysvinit-scripts "$A" "$B")
over=$work/overlay
machine_overlay "$over" sysv
guest=$over/usr/local/lib/drvguard-e2e
cp "$here"/story/sysv-*.sh "$guest/"
cat >"$guest/run.sh" <<-END
	case \$(uname -r) in
	$A) . /usr/local/lib/drvguard-e2e/sysv-a.sh ;;
	$B) . /usr/local/lib/drvguard-e2e/sysv-b.sh ;;
	*) exit 1 ;;
	esac
END
# The vendor's script: whatever driver it has, for whatever kernel comes; and the list of kmod's script.
install -D -m 644 "$scap_a" "$over/lib/modules/$B/extra/scap.ko"
echo scap >"$over/etc/modules"
printf '/dev/vda / ext4 defaults 0 1\nLABEL=depot /opt ext4 noauto 0 0\n' >"$over/etc/fstab"
machine_index "$root/root" "$over" "$B"

# insserv(8) orders the scripts, as update-rc.d has it done on a machine.
tree=$(mktemp -d "$(dirname "$root")/sysv.XXXXXX")
trap 'rm -rf "$tree"' EXIT
cp -al "$root/root" "$tree/root"
rm -rf "$tree/root/etc"
cp -a "$root/root/etc" "$tree/root/etc"
cp -a "$over/etc/init.d/." "$tree/root/etc/init.d/"
for script in drvguard-early drvguard; do
	chroot "$tree/root" update-rc.d "$script" defaults >>"$work/install.log" 2>&1
done

for rel in "$A" "$B"; do
	install -D -m 644 "$("$here/scap.sh" "$rel")" "$work/depot/falco/drivers/$rel/scap.ko"
done
vm_image - "$work/depot" "$work/depot.img" 64M depot
vm_image "$tree/root" "$over" "$work/root.img" 1G root
rm -rf "$tree"

failed=0
boot() { # NAME REL
	machine_run "$1" "$2" --append "root=/dev/vda ro" --disk "$work/root.img,root" --disk "$work/depot.img,depot" ||
		failed=1
}
boot sysv-a "$A"
boot sysv-b "$B"
exit "$failed"
