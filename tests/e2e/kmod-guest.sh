#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel module in real kernels: the newest of each series with headers, in a
# busybox guest. What it reports is compared with what the kernel
# package says, and it guards a real driver: scap where that can be built, else
# one of the kernel's own. TAP.
#
#   kmod-guest.sh [LOADS [FLAVOUR...]]    how often the driver is loaded while policies change (300), and
#                                         of which flavours the kernels are (cloud-amd64)
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/vm.sh"

# The newest release of each series that has an image and headers.
newest() { # FLAVOUR...
	local flavour
	for flavour; do
		comm -12 <("$here/archive.sh" images-list "$flavour" | sort) \
			<("$here/archive.sh" headers-list "$flavour" | sort) | sort -V |
			awk -F. '{ last[$1 "." $2] = $0 } END { for (s in last) print last[s] }' | sort -V
	done
}

loads=${1:-300}
(($# > 1)) || set -- "$loads" cloud-amd64
shift

drivers() { # RELEASE TREE DIR
	local file
	if file=$("$here/scap.sh" "$1" 2>"$work/scap.log"); then
		"$here/kmod-drivers.sh" "$file" scap /sys/class/scap "$3"
	else
		file=$(find "$2/lib/modules/$1/kernel" -name 'dummy.ko*')
		"$here/kmod-drivers.sh" "$file" dummy /sys/class/net/dummy0 "$3"
	fi
}

failed=0
for rel in $(newest "$@"); do
	work=$top/build/e2e/kmod-$rel
	rm -rf "$work"
	mkdir -p "$work/overlay/modules"
	kdir=$("$here/archive.sh" headers "$rel")
	if ! {
		"$top/kbuild/build-module" "$kdir" "$work/module" -s &&
			"$top/kbuild/build-module" "$kdir" "$work/debug" DEBUG=1 -s
	} >"$work/build.log" 2>&1; then
		echo "not ok - $rel: builds"
		sed 's/^/# /' "$work/build.log"
		failed=1
		continue
	fi
	cp "$work/module/drvguard.ko" "$work/overlay/modules/drvguard.ko"
	cp "$work/debug/drvguard.ko" "$work/overlay/modules/drvguard-debug.ko"
	modinfo -F vermagic "$work/module/drvguard.ko" >"$work/overlay/vermagic"
	# struct module's size, as any in-tree module has it.
	tree=$("$here/archive.sh" kernel "$rel")
	some=$(find "$tree/lib/modules/$rel/kernel" -name '*.ko*' -print -quit)
	case $some in
	*.xz) xz -dc "$some" >"$work/some.ko" ;;
	*) cp "$some" "$work/some.ko" ;;
	esac
	size=$(readelf -SW "$work/some.ko" | awk '/this_module/ && !/rela/ { sub(/.*PROGBITS/, ""); size = $3 } END { print size }')
	echo $((16#$size)) >"$work/overlay/module_size"
	drivers "$rel" "$tree" "$work/overlay/drivers"
	echo "$loads" >"$work/overlay/loads"
	gcc -O2 -static -o "$work/overlay/hammer" "$here/kmod-guest/hammer.c"
	cp "$here/kmod-guest/"{lib,test,guard,forced}.sh "$work/overlay/"
	"$here/busybox.sh" "$rel" "$work/overlay" "$work/initramfs"
	status=0
	vm_run --name "kmod-$rel" --kernel "$tree/boot/vmlinuz-$rel" --initrd "$work/initramfs" \
		--cpus 2 --timeout 300 --out "$work/vm" || status=1
	grep -E '^(ok|not ok|#)' "$work/vm/result" | sed "s/^\(ok\|not ok\) - /&$rel: /" || :
	grep -qx 'told kmod' "$work/vm/result" || status=1
	((status == 0)) || failed=1
done
exit "$failed"
