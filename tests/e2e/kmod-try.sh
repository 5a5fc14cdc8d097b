#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel module in one real kernel, in a busybox guest: what it reports is compared with what the
# kernel package says, and it guards a driver. TAP.
#
#   kmod-try.sh REL MODULES LOADS [FILE.ko NAME HERE]
#
# MODULES holds plain/drvguard.ko and debug/drvguard.ko for REL, a kernel of archive.sh's cache. LOADS: how often
# the driver is loaded while policies change. The driver is one of the kernel's own, dummy, unless one is named:
# HERE is a file that is there while it is loaded.
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/vm.sh"

rel=$1 modules=$2 loads=$3
shift 3
tree=$("$here/archive.sh" kernel "$rel")
(($#)) || set -- "$(find "$tree/lib/modules/$rel/kernel" -name 'dummy.ko*')" dummy /sys/class/net/dummy0
work=$top/build/e2e/kmod-$rel
rm -rf "$work"
mkdir -p "$work/overlay/modules"
strip --strip-debug -o "$work/overlay/modules/drvguard.ko" "$modules/plain/drvguard.ko"
strip --strip-debug -o "$work/overlay/modules/drvguard-debug.ko" "$modules/debug/drvguard.ko"
modinfo -F vermagic "$modules/plain/drvguard.ko" >"$work/overlay/vermagic"
# struct module's size, as any in-tree module has it.
some=$(find "$tree/lib/modules/$rel/kernel" -name '*.ko*' -print -quit)
case $some in
*.xz) xz -dc "$some" >"$work/some.ko" ;;
*) cp "$some" "$work/some.ko" ;;
esac
size=$(readelf -SW "$work/some.ko" | awk '/this_module/ && !/rela/ { sub(/.*PROGBITS/, ""); size = $3 } END { print size }')
echo $((16#$size)) >"$work/overlay/module_size"
"$here/kmod-drivers.sh" "$@" "$work/overlay/drivers"
echo "$loads" >"$work/overlay/loads"
gcc -O2 -static -o "$work/overlay/hammer" "$here/kmod-guest/hammer.c"
cp "$here/kmod-guest/"{lib,test,guard,forced}.sh "$work/overlay/"
"$here/busybox.sh" "$rel" "$work/overlay" "$work/initramfs"
status=0
vm_run --name "kmod-$rel" --kernel "$tree/boot/vmlinuz-$rel" --initrd "$work/initramfs" \
	--cpus 2 --timeout 300 --out "$work/vm" || status=1
grep -E '^(ok|not ok|#)' "$work/vm/result" | sed "s/^\(ok\|not ok\) - /&$rel: /" || :
grep -qx 'told kmod' "$work/vm/result" || status=1
exit "$status"
