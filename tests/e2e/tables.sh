#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is the table of exports read from a kernel image the one in Module.symvers,
# symbol for symbol, with CRC, licence class and namespace? TAP, a line a kernel.
#
#   tables.sh [all | RELEASE...]   by default the two levels of the story, and
#                                  the newest cloud kernel of each other series
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 n=0

with_both() { # FLAVOUR
	comm -12 <("$here/archive.sh" images-list "$1" | sort) <("$here/archive.sh" headers-list "$1" | sort) | sort -V
}

case ${1:-} in
all) mapfile -t releases < <(for f in cloud-amd64 amd64 rt-amd64; do with_both "$f"; done) ;;
'') mapfile -t releases < <({
	"$here/archive.sh" pair | tr ' ' '\n'
	with_both cloud-amd64 | awk -F. '{ last[$1 "." $2] = $0 } END { for (s in last) print last[s] }'
} | sort -uV) ;;
*) releases=("$@") ;;
esac

for rel in "${releases[@]}"; do
	root=$work/$rel
	mkdir -p "$root/boot" "$root/lib/modules" "$root/var/cache/drvguard"
	tree=$("$here/archive.sh" kernel "$rel")
	cp "$tree/boot/vmlinuz-$rel" "$tree/boot/config-$rel" "$root/boot/"
	cp -al "$tree/lib/modules/$rel" "$root/lib/modules/" 2>/dev/null ||
		cp -a "$tree/lib/modules/$rel" "$root/lib/modules/"
	some=$(find "$root/lib/modules/$rel/kernel" -name '*.ko*' -print -quit)
	"$top/build/drvguard" --root "$root" check --kernel "$rel" "$some" >/dev/null || :
	grep -P '^0x' "$root/var/cache/drvguard/kernel-$rel" | sort >"$work/ours"
	awk -F'\t' -v OFS='\t' '$3 == "vmlinux" { print $1, $2, $3, $4, $5 }' "$("$here/archive.sh" symvers "$rel")" |
		sort >"$work/theirs"
	n=$((n + 1))
	if [ -s "$work/theirs" ] && cmp -s "$work/ours" "$work/theirs"; then
		echo "ok $n - $rel: $(wc -l <"$work/ours") exports, as in Module.symvers"
	else
		echo "not ok $n - $rel: the table differs from Module.symvers"
		diff "$work/ours" "$work/theirs" | head -n 10 | sed 's/^/# /' || :
		failed=1
	fi
	rm -rf "$root"
done
echo "1..$n"
exit "$failed"
