#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# drvguard.ko by dkms(8), from what `make install DKMS=1` puts on a system, for the newest cloud
# kernel of each series with headers. TAP. Nothing of this system's own dkms is touched.
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

make -s -C "$top" install DESTDIR="$work/root" DKMS=1 >/dev/null
mkdir "$work/tree"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$work"/root/usr/src/drvguard-*/dkms.conf)
while read -r rel; do
	if dkms build -m drvguard -v "$version" -k "$rel" --kernelsourcedir "$("$here/archive.sh" headers "$rel")" \
		--dkmstree "$work/tree" --sourcetree "$work/root/usr/src" >"$work/log" 2>&1 &&
		[ "$(modinfo -F vermagic "$(find "$work/tree/drvguard/$version/$rel" -name 'drvguard.ko*')" | cut -d' ' -f1)" = "$rel" ]; then
		echo "ok - dkms builds the module for $rel"
	else
		echo "not ok - dkms builds the module for $rel"
		sed 's/^/# /' "$work/log"
		failed=1
	fi
done < <("$here/archive.sh" headers-list cloud-amd64 | awk -F. '{ last[$1 "." $2] = $0 } END { for (s in last) print last[s] }')
exit "$failed"
