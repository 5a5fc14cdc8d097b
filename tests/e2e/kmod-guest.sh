#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel module in real kernels: the newest of each series with headers (kmod-try.sh), with scap
# for a driver where that can be built. TAP.
#
#   kmod-guest.sh [LOADS [FLAVOUR...]]    how often the driver is loaded while policies change (300), and
#                                         of which flavours the kernels are (cloud-amd64)
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

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

failed=0
for rel in $(newest "$@"); do
	kdir=$("$here/archive.sh" headers "$rel")
	if ! {
		"$top/kbuild/build-module" "$kdir" "$work/$rel/plain" -s &&
			"$top/kbuild/build-module" "$kdir" "$work/$rel/debug" DEBUG=1 -s
	} >"$work/log" 2>&1; then
		echo "not ok - $rel: builds"
		sed 's/^/# /' "$work/log"
		failed=1
		continue
	fi
	driver=()
	if file=$("$here/scap.sh" "$rel" 2>"$work/log"); then
		driver=("$file" scap /sys/class/scap)
	fi
	"$here/kmod-try.sh" "$rel" "$work/$rel" "$loads" "${driver[@]}" || failed=1
	rm -rf "${work:?}/$rel"
done
exit "$failed"
