#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real driver in the builds that the guard is tried with; kmod-guest/guard.sh says which.
#
#   kmod-drivers.sh FILE.ko[.xz] NAME HERE DIR      HERE: a file that is there while it is loaded

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
other=$(dirname "${BASH_SOURCE[0]}")/other-build.sh
file=$1 name=$2 here=$3 dir=$4
as=$(tr a-y b-z <<<"$name")

build_id() {
	readelf -n "$1" | sed -n 's/^ *Build ID: //p'
}

mkdir -p "$dir"
echo "$name" >"$dir/name"
echo "$here" >"$dir/here"
echo "$as" >"$dir/renamed.name"
case $file in
*.xz) xz -dc "$file" >"$dir/proven.ko" ;;
*) strip --strip-debug -o "$dir/proven.ko" "$file" ;;
esac
"$other" "$dir/proven.ko" "$dir/stale.ko"
objcopy --remove-section .note.gnu.build-id "$dir/proven.ko" "$dir/noid.ko"
for variant in proven:renamed stale:renamed-stale; do
	"$other" "$dir/${variant%:*}.ko" "$dir/${variant#*:}.ko" "$name" "$as"
done
# What a driver carries with it may have a build-id as well; here it comes first, as where lld linked it.
for variant in proven:carrier stale:carrier-stale; do
	objcopy --dump-section ".note.gnu.build-id=$dir/note" "$dir/${variant%:*}.ko"
	objcopy --add-section ".rodata.drvguard=$dir/note" --set-section-flags .rodata.drvguard=alloc,readonly,data \
		"$dir/${variant%:*}.ko" "$dir/${variant#*:}.ko"
	printf CARRIED | dd of="$dir/note" bs=1 seek=16 conv=notrunc status=none
	# A section that is added here has no alignment yet.
	objcopy --update-section ".note.gnu.build-id=$dir/note" --set-section-alignment .rodata.drvguard=4 "$dir/${variant#*:}.ko"
done
od -An -v -tx1 -j16 "$dir/note" | tr -d ' \n' >"$dir/carrier-stale.id"
rm "$dir/note"
build_id "$dir/proven.ko" >"$dir/proven.id"
build_id "$dir/stale.ko" >"$dir/stale.id"
