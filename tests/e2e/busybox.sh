#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A busybox initramfs that boots one kernel in a few seconds and runs one script.
#
#   busybox.sh REL OVERLAYDIR OUT.cpio.gz [MODULE…]
#
# OVERLAYDIR is laid over the root; its /test.sh is what runs (busybox sh, as root), its standard
# output goes to the virtio port, its exit status becomes the verdict: see guest/run-test. Loaded
# before it are the modules of REL the port needs, and every MODULE named, with what they need.
# REL is - for a kernel that has them built in: nothing is loaded then.
# The kernel to boot it with is $(archive.sh kernel REL)/boot/vmlinuz-REL.

. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

if (($# < 3)); then
	sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
rel=$1 overlay=$2 out=$3
shift 3
[ "$rel" = - ] || kernel_dir=$(kernel "$rel")
busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static"
[ -f "$overlay/test.sh" ] || die "$overlay holds no test.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,lib/modules}
cp "$busybox" "$root/bin/busybox"
cp "$e2e_dir/guest/init" "$root/init"
cp "$e2e_dir/guest/run-test" "$root/run-test"

# Modules as insmod wants them: plain files, dependencies first, what is built in left out.
for module in virtio_pci virtio_console "$@"; do
	[ "$rel" != - ] || break
	modprobe -d "$kernel_dir" -S "$rel" --show-depends "$module" >"$work/depends" ||
		die "$rel has no module $module"
	sed -n 's/^insmod \([^ ]*\).*/\1/p' "$work/depends"
done | awk '!seen[$0]++' >"$work/files"
: >"$root/modules.load"
while read -r file; do
	name=$(basename "$file")
	case $name in
	*.ko) cp "$file" "$root/lib/modules/$name" ;;
	*.ko.xz) name=${name%.xz} && xz -dc "$file" >"$root/lib/modules/$name" ;;
	*.ko.zst) name=${name%.zst} && zstd -qdc "$file" >"$root/lib/modules/$name" ;;
	*.ko.gz) name=${name%.gz} && gzip -dc "$file" >"$root/lib/modules/$name" ;;
	*) die "$file: a compression this script does not know" ;;
	esac
	echo "/lib/modules/$name" >>"$root/modules.load"
done <"$work/files"

tar -C "$overlay" -c . | tar -C "$root" -x --keep-directory-symlink --no-overwrite-dir
(cd "$root" && find . -print0 | sort -z |
	cpio --quiet -0 -o -H newc -R 0:0 --reproducible) | gzip -1 >"$work/out"
mkdir -p "$(dirname "$out")"
cp "$work/out" "$out.tmp.$$"
mv "$out.tmp.$$" "$out"
