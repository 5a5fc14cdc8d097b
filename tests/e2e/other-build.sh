#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A copy of a driver that every check of the kernel passes, and that is another build.
#
#   other-build.sh FROM.ko TO.ko         with another build-id
#   other-build.sh FROM.ko TO.ko A B     named A: under the name B, of the same length
#
# A driver's name is in its struct module: that is where the loader looks.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
from=$1 to=$2 name=${3:-} as=${4:-}
section=$(mktemp)
trap 'rm -f "$section"' EXIT

if [ -z "$name" ]; then
	what=.note.gnu.build-id as=ANOTHER at=16
else
	[ ${#name} = ${#as} ]
	what=.gnu.linkonce.this_module
fi
objcopy --dump-section "$what=$section" "$from"
if [ -n "$name" ]; then
	at=$(grep -abo -m 1 "$name" "$section" | cut -d: -f1)
fi
printf '%s' "$as" | dd of="$section" bs=1 seek="$at" conv=notrunc status=none
objcopy --update-section "$what=$section" "$from" "$to"
