#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Does drvguard.ko build, without a word of warning, for every kernel of the archive?
#
#   kmod-build.sh [all | RELEASE…]
#
# By default the newest kernel of each series (6.1 to 6.12) and flavour; `all`, every one
# whose headers the archive has. One TAP line a kernel. A build is fine when it ends well, with
# W=1 and sparse and nothing said but kbuild's own progress lines, as it is and with DEBUG=1;
# when the module is for that kernel; and when no file appeared or changed among the sources or
# in the kernel's tree.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
shopt -s inherit_errexit
# Both: the kernel's make unsets the first.
export LC_ALL=C LANG=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd -P)
archive=$here/archive.sh
start=$SECONDS
count=0
failed=0

# Newest last in, for each series: 6.1, 6.12, …
newest_of_series() {
	awk -F. '{ newest[$1 "." $2] = $0 } END { for (s in newest) print newest[s] }' | sort -V
}

releases() {
	local flavour
	case ${1:-} in
	'' | all)
		for flavour in cloud-amd64 amd64 rt-amd64; do
			if [ "${1:-}" = all ]; then
				"$archive" headers-list "$flavour"
			else
				"$archive" headers-list "$flavour" | newest_of_series
			fi
		done
		;;
	*)
		printf '%s\n' "$@"
		;;
	esac
}

# Every file a build must leave alone, as it is now.
sources() { # KDIR
	find "$top/kmod" "$top/kbuild" "$1" -type d -printf '%p\n' -o \
		-printf '%p %y %s %T@ %l\n' | sort
}

# Lines that are not progress: "  CC [M]  file.o", make's own "Entering directory".
complaints() {
	grep -Ev '^  [A-Z]+( \[M\])? +[^ ]+$|^make(\[[0-9]+\])?: (Entering|Leaving) directory ' "$1" || :
}

# try_build RELEASE DIR: silent, or says what is wrong.
try_build() {
	local kdir debug out=$2/out
	kdir=$("$archive" headers "$1" 2>"$2/archive") || {
		cat "$2/archive"
		echo "no header tree for it"
		return 0
	}
	sources "$kdir" >"$2/before"
	# From an empty directory, so that a file dropped where one happens to be is seen too.
	mkdir "$2/cwd"
	for debug in 1 0; do
		if ! (cd "$2/cwd" && "$top/kbuild/build-module" "$kdir" "$out" W=1 C=1 DEBUG=$debug) \
			>>"$2/log" 2>&1; then
			cat "$2/log"
			echo "does not build with DEBUG=$debug"
			return 0
		fi
	done
	sources "$kdir" >"$2/after"
	complaints "$2/log"
	{ diff "$2/before" "$2/after" || :; } | sed -n 's/^[<>]/left or changed:/p'
	find "$2/cwd" -mindepth 1 -printf 'left: %P\n'
	if [ "$(modinfo -F vermagic "$out/drvguard.ko" | cut -d' ' -f1)" != "$1" ]; then
		echo "the module is for another kernel: $(modinfo -F vermagic "$out/drvguard.ko")"
	fi
}

report() { # RELEASE
	local dir=$work/$1
	count=$((count + 1))
	if [ -s "$dir/wrong" ]; then
		failed=$((failed + 1))
		echo "not ok $count - kmod builds for $1"
		sed 's/^/# /' "$dir/wrong"
	else
		echo "ok $count - kmod builds for $1"
	fi
	rm -rf "$dir"
}

for tool in sparse modinfo; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
	command -v "$tool" >/dev/null || {
		echo "Bail out! $tool is not installed: run make deps"
		exit 1
	}
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mapfile -t list < <(releases "$@")
if ((${#list[@]} == 0)); then
	echo "Bail out! the archive names no kernel headers"
	exit 1
fi

# kbuild has one file to compile at a time, so several kernels at a time, told of in their order.
pids=()
started=0
for i in "${!list[@]}"; do
	while ((started < ${#list[@]} && started < i + ${JOBS:-$(nproc)})); do
		release=${list[started]}
		mkdir "$work/$release"
		try_build "$release" "$work/$release" >"$work/$release/wrong" 2>&1 &
		pids+=($!)
		started=$((started + 1))
	done
	wait "${pids[i]}" || echo "the test itself failed" >>"$work/${list[i]}/wrong"
	report "${list[i]}"
done
echo "1..$count"
echo "# $count kernels in $((SECONDS - start)) s, $failed failed"
((failed == 0))
