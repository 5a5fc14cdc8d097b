#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main story, in a virtual machine with systemd, on two real kernel levels
# and a real driver:
#
#   story.sh tap     a TAP line for each thing shown
#   story.sh tell    for a person to read, ended by a table
#
# Level A runs with the depot at hand; the kernel is raised to level B, and at
# that boot the depot's disk is not there until ten seconds after. What the
# guest does is in story/; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
how=${1:-}
case $how in
tap | tell) ;;
*)
	sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

note() {
	[ "$how" = tap ] || echo "$*"
}

note "Kernel levels, chosen from the archive: A = $A, B = $B"
root=$("$here/rootfs.sh" "$A" "$B")
note "Driver: Falco's scap, compiled from Debian's source for each of them"
module() { # RELEASE
	"$top/kbuild/build-module" "$("$here/archive.sh" headers "$1")" "$top/build/modules/$1" -s \
		>"$work/module-$1.log" 2>&1 || {
		cat "$work/module-$1.log" >&2
		return 1
	}
}
module "$A" &
module "$B"
wait $!

machine_base "$root/root"
over=$work/overlay
machine_overlay "$over" systemd
printf '[drvguard]\nguard = enforce\n' >"$over/etc/drvguard/drvguard.conf"
echo 'path = /usr/lib/drivers/scap.ko' >>"$over/etc/drvguard/drivers.d/falco.conf"
mkdir -p "$over/etc/modules-load.d"
echo scap >"$over/etc/modules-load.d/scap.conf"
echo 'LABEL=depot /opt ext4 nofail,x-systemd.device-timeout=120s 0 0' >"$over/etc/fstab"
install -D -m 644 "$scap_a" "$over/usr/lib/drivers/scap.ko"
# The vendor's script: whatever driver it has, for whatever kernel comes.
install -D -m 644 "$scap_a" "$over/lib/modules/$B/extra/scap.ko"
for rel in "$A" "$B"; do
	install -D -m 644 "$top/build/modules/$rel/drvguard.ko" "$over/lib/modules/$rel/updates/drvguard.ko"
done
machine_index "$work/base" "$over" "$A" &
machine_index "$work/base" "$over" "$B"
wait $!
guest=$over/usr/local/lib/drvguard-e2e
cp "$here/story/level-a.sh" "$here/story/level-b.sh" "$guest/"
# The machine is the same at both boots; the kernel tells the chapter.
cat >"$guest/run.sh" <<-END
	case \$(uname -r) in
	$A) . /usr/local/lib/drvguard-e2e/level-a.sh ;;
	$B) . /usr/local/lib/drvguard-e2e/level-b.sh ;;
	*) exit 1 ;;
	esac
END
"$here/other-build.sh" "$scap_b" "$guest/other.ko"
readelf -n "$scap_b" | sed -n 's/^ *Build ID: //p' >"$guest/id-b"

depot=$work/depot
for rel in "$A" "$B"; do
	install -D -m 644 "$("$here/scap.sh" "$rel")" "$depot/falco/drivers/$rel/scap.ko"
done
vm_image - "$depot" "$work/depot.img" 64M depot
vm_image "$work/base" "$over" "$work/root.img" 1G root
rm -rf "$work/base"

# One boot of the machine; its TAP lines or its tale, and failures either way.
boot() { # NAME RELEASE [OPTION...]
	local name=$1 rel=$2 status=0
	shift 2
	note ""
	vm_run --name "$name" --kernel "$root/vmlinuz-$rel" --initrd "$root/initrd-$rel" \
		--append "root=/dev/vda rw" --disk "$work/root.img,root" --cpus 2 --timeout 240 --out "$work/$name" "$@" ||
		status=$?
	if [ "$how" = tell ]; then
		sed -n 's/^say //p' "$work/$name/result"
		grep -A 5 '^not ok' "$work/$name/result" || :
	else
		grep -E '^(ok|not ok|#)' "$work/$name/result" || :
	fi
	sed -n 's/^row //p' "$work/$name/result" >>"$work/rows"
	# A tale that breaks off has not been told, whatever its last word was.
	grep -qx "told $name" "$work/$name/result" || status=1
	return "$status"
}

failed=0
boot level-a "$A" --disk "$work/depot.img,depot" || failed=1
if [ "$failed" = 0 ]; then
	boot level-b "$B" --hotplug "$work/depot.img,depot@early-done" || failed=1
fi
if [ "$how" = tell ]; then
	echo
	(
		echo "STEP|KERNEL|WHAT HAPPENED|STATE"
		cat "$work/rows"
	) | column -t -s '|'
	echo
	[ "$failed" = 0 ] && echo "Every step was checked in the machine, and held."
fi
exit "$failed"
