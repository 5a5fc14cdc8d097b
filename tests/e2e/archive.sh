#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's kernel packages, fetched and unpacked without installing them.
#
#   archive.sh images-list  [FLAVOUR]  releases that have an image package, oldest first
#   archive.sh headers-list [FLAVOUR]  releases from 6.1 to 6.12 that have headers
#   archive.sh kernel REL              directory holding boot/vmlinuz-REL, lib/modules/REL
#   archive.sh headers REL             directory for make -C … M=…
#   archive.sh symvers REL             that kernel's Module.symvers (a small download)
#   archive.sh pair [FLAVOUR]          "A B": B the newest release, A the nearest older one
#                                      of its series whose symbol versions really differ
#   archive.sh deb PACKAGE             path of a downloaded package, nothing unpacked
#
# FLAVOUR is cloud-amd64 (the default), amd64 or rt-amd64. Old releases leave the archive all
# the time, so callers ask here and never name one. Everything is kept under build/cache, or
# $DRVGUARD_CACHE; what is there already is used without asking the network.
#
# The other scripts here source this file for cache_dir, cache_make and die.

set -euo pipefail
shopt -s inherit_errexit

e2e_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache_dir=${DRVGUARD_CACHE:-$e2e_dir/../../build/cache}
mkdir -p "$cache_dir"
cache_dir=$(cd "$cache_dir" && pwd -P)
export DRVGUARD_CACHE=$cache_dir

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# cache_make DEST COMMAND…: unless DEST exists, run COMMAND… TMP, which makes an empty directory
# TMP into what DEST shall be, and rename it. Two callers at once: the second waits and finds it.
# Not to be used in a condition (set -e would be off inside COMMAND).
cache_make() {
	local dest=$1 tmp
	shift
	if [ -e "$dest" ]; then
		return 0
	fi
	mkdir -p "${dest%/*}" "$cache_dir/lock"
	(
		exec 9>"$cache_dir/lock/$(basename "${dest%/*}")-${dest##*/}"
		flock 9
		if [ -e "$dest" ]; then
			exit 0
		fi
		rm -rf "$dest".tmp.*
		tmp=$(mktemp -d "$dest.tmp.XXXXXX")
		trap 'rm -rf "$tmp"' EXIT
		chmod 755 "$tmp"
		"$@" "$tmp"
		mv -T "$tmp" "$dest"
	)
}

# --- apt ------------------------------------------------------------------------------------

apt_update() {
	echo "${0##*/}: refreshing apt's package lists" >&2
	mkdir -p "$cache_dir/lock"
	# One after the other: apt-get does not wait for another's lock.
	flock "$cache_dir/lock/apt" apt-get -qq update >&2 || die "apt-get update failed: is there a network, and are you root?"
}

# Names of packages that start with PREFIX; fetches apt's lists if there are none at all.
apt_names() {
	local names
	names=$(apt-cache pkgnames "$1")
	if ! grep -q '^linux-' <<<"$names"; then
		apt_update
		names=$(apt-cache pkgnames "$1")
	fi
	printf '%s\n' "$names"
}

# Versions of PACKAGE on offer, from apt's lists only.
apt_has() {
	[ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]
}

# Newest downloaded file of PACKAGE; fails if there is none.
deb_cached() {
	local file
	file=$(find "$cache_dir/deb" -maxdepth 1 -name "$1_*.deb" 2>/dev/null | sort -V | tail -n 1)
	[ -n "$file" ] && printf '%s\n' "$file"
}

deb_fetch() { # PACKAGE TMP
	local try
	for try in first again; do
		if (cd "$2" && apt-get -qq download "$1" 2>"$2/log" >&2); then
			rm -f "$2/log"
			return 0
		fi
		if [ "$try" = first ]; then
			apt_update
		fi
	done
	cat "$2/log" >&2
	die "cannot download $1: not in the archive (any more), or no network"
}

# Path of PACKAGE's file, downloaded if it is not there.
deb() {
	local dir
	if deb_cached "$1"; then
		return 0
	fi
	mkdir -p "$cache_dir/deb"
	dir=$(mktemp -d "$cache_dir/deb/tmp.XXXXXX")
	# shellcheck disable=SC2064 # the directory of now is meant
	trap "rm -rf '$dir'" EXIT
	echo "${0##*/}: downloading $1" >&2
	deb_fetch "$1" "$dir"
	mv "$dir"/*.deb "$cache_dir/deb/"
	rm -rf "$dir"
	trap - EXIT
	deb_cached "$1"
}

# --- lists ----------------------------------------------------------------------------------

# Releases of FLAVOUR among the package names starting with PREFIX: 6.1.0-56-cloud-amd64,
# 6.12.117+deb12-cloud-amd64; not a meta-package, not another flavour.
releases() { # PREFIX FLAVOUR
	apt_names "$1" | sed -nE \
		"s/^$1([0-9]+\.[0-9]+\.[0-9]+([-+][0-9a-z.]+)?-$2)(-unsigned)?\$/\1/p" |
		grep -vE '^[0-9.]+-(cloud|rt)-amd64$' | sort -uV
}

flavour() {
	case ${1:-cloud-amd64} in
	cloud-amd64 | amd64 | rt-amd64) echo "${1:-cloud-amd64}" ;;
	*) die "unknown flavour '$1': cloud-amd64, amd64 or rt-amd64" ;;
	esac
}

images_list() {
	releases linux-image- "$(flavour "$@")"
}

headers_list() {
	releases linux-headers- "$(flavour "$@")" |
		awk -F. '$1 == 6 && $2 >= 1 && $2 <= 12'
}

# --- kernels --------------------------------------------------------------------------------

image_deb() {
	local name=linux-image-$1
	if deb_cached "$name" || deb_cached "$name-unsigned"; then
		return 0
	fi
	if ! apt_has "$name" && apt_has "$name-unsigned"; then
		name=$name-unsigned
	fi
	deb "$name"
}

kernel_make() { # REL DEB TMP
	dpkg-deb -x "$2" "$3"
	if [ ! -d "$3/lib/modules" ]; then
		ln -s usr/lib "$3/lib" # a package for a merged /usr
	fi
	depmod -b "$3" "$1"
	if [ ! -f "$3/boot/vmlinuz-$1" ] || [ ! -f "$3/lib/modules/$1/modules.dep" ]; then
		die "$2 holds no kernel $1"
	fi
}

kernel() {
	local dest=$cache_dir/kernel/$1 file
	if [ ! -e "$dest" ]; then
		file=$(image_deb "$1")
		cache_make "$dest" kernel_make "$1" "$file"
	fi
	echo "$dest"
}

# --- headers --------------------------------------------------------------------------------
#
# headers/<kbuild package>_<version>/     scripts/ and tools/, for every level it serves
# headers/linux-headers-<level>-common/   shared by the flavours of a level
# headers/linux-headers-<release>/        what make -C gets
# All links between them are relative: the cache may be moved.

# Packages PACKAGE depends on whose names match the extended regex RE.
depends_on() { # DEB RE
	dpkg-deb -f "$1" Depends | tr ',|' '\n' | sed -E 's/^ *([^ ]+).*/\1/' | grep -E "^$2" | head -n 1
}

kbuild_make() { # DEB NAME TMP
	dpkg-deb -x "$1" "$3/x"
	mv "$3/x/usr/lib/$2"/* "$3/"
	rm -rf "$3/x"
}

# The kbuild tree for a headers package, at least as new as that: prints its directory's name.
kbuild() { # HEADERS-DEB
	local name want file have dest
	name=$(depends_on "$1" linux-kbuild-)
	want=$(dpkg-deb -f "$1" Version)
	file=$(deb "$name")
	have=$(dpkg-deb -f "$file" Version)
	if dpkg --compare-versions "$have" lt "$want"; then
		rm -f "$file"
		file=$(deb "$name")
		have=$(dpkg-deb -f "$file" Version)
	fi
	dest=${name}_$have
	cache_make "$cache_dir/headers/$dest" kbuild_make "$file" "$name"
	echo "$dest"
}

tree_links() { # TREE KBUILD
	ln -sfn "../$2/scripts" "$1/scripts"
	ln -sfn "../$2/tools" "$1/tools"
}

common_make() { # DEB NAME KBUILD TMP
	dpkg-deb -x "$1" "$4/x"
	find "$4/x/usr/src/$2" -mindepth 1 -maxdepth 1 -exec mv -t "$4" {} +
	rm -rf "$4/x"
	tree_links "$4" "$3"
}

# pahole and its libraries, run from the cache: kernels whose headers bring a vmlinux want it for BTF.
pahole_make() { # TMP
	local package
	for package in pahole libbpf1 libdw1 libelf1; do
		dpkg-deb -x "$(deb "$package")" "$1"
	done
	cat >"$1/pahole" <<-'END'
		#!/bin/sh
		top=$(dirname "$0")
		export LD_LIBRARY_PATH="$top/usr/lib/x86_64-linux-gnu:$top/lib/x86_64-linux-gnu"
		exec "$top/usr/bin/pahole" "$@"
	END
	chmod 755 "$1/pahole"
}

headers_make() { # REL DEB COMMON KBUILD TMP
	local here="\$(abspath \$(dir \$(lastword \$(MAKEFILE_LIST))))"
	dpkg-deb -x "$2" "$5/x"
	find "$5/x/usr/src/linux-headers-$1" -mindepth 1 -maxdepth 1 -exec mv -t "$5" {} +
	rm -rf "$5/x"
	tree_links "$5" "$4"
	sed -i "s|/usr/src/|$here/../|" "$5/Makefile"
	if [ -e "$5/vmlinux" ]; then
		echo "override PAHOLE := $here/../pahole/pahole" >>"$5/.kernelvariables"
	fi
	if grep -q '/usr/\(src\|lib\)/linux-' "$5/Makefile" "$5/.kernelvariables"; then
		die "the headers of $1 name a system path this script does not know"
	fi
	[ -f "$5/../$3/Makefile" ]
}

headers() {
	local dest=$cache_dir/headers/linux-headers-$1 file common build
	if [ ! -e "$dest" ]; then
		file=$(deb "linux-headers-$1")
		common=$(depends_on "$file" 'linux-headers-.*-common')
		build=$(kbuild "$file")
		cache_make "$cache_dir/headers/$common" common_make "$(deb "$common")" "$common" "$build"
		if dpkg-deb -c "$file" | grep '/vmlinux$' >/dev/null; then
			cache_make "$cache_dir/headers/pahole" pahole_make
		fi
		cache_make "$dest" headers_make "$1" "$file" "$common" "$build"
	fi
	echo "$dest"
}

# --- a pair of levels that do not fit each other --------------------------------------------

symvers_make() { # DEB TMP
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO --wildcards './usr/src/linux-headers-*/Module.symvers' >"$2/Module.symvers"
	[ -s "$2/Module.symvers" ]
}

symvers() {
	local dest=$cache_dir/symvers/$1
	if [ ! -e "$dest" ]; then
		cache_make "$dest" symvers_make "$(deb "linux-headers-$1")"
	fi
	echo "$dest/Module.symvers"
}

# Would modules built for one release be refused by the other? module_layout is in every module
# with versions; failing that, a tenth of the kernel's symbols must differ.
symvers_differ() { # FILE FILE
	awk '$3 != "vmlinux" { next }
	     NR == FNR { crc[$2] = $1; next }
	     $2 in crc { all++; if (crc[$2] != $1) { n++; if ($2 == "module_layout") layout = 1 } }
	     END { exit !(layout || n * 10 > all) }' "$1" "$2"
}

pair() {
	local kind both series rels newest newest_symvers symvers i
	kind=$(flavour "$@")
	both=$(comm -12 <(images_list "$kind" | sort) <(headers_list "$kind" | sort) | sort -V)
	# 6.1 first (the series of the distribution itself), then by number of levels
	while read -r series; do
		mapfile -t rels < <(grep -F "$series." <<<"$both" | grep "^${series//./\\.}\\.")
		newest=${rels[-1]}
		if ((${#rels[@]} < 2)); then
			continue
		fi
		newest_symvers=$(symvers "$newest")
		for ((i = ${#rels[@]} - 2; i >= 0; i--)); do
			symvers=$(symvers "${rels[i]}")
			if symvers_differ "$symvers" "$newest_symvers"; then
				echo "${rels[i]} $newest"
				return 0
			fi
		done
	done < <(cut -d. -f1,2 <<<"$both" | sort | uniq -c |
		awk '{ print ($2 == "6.1" ? 0 : 1), -$1, $2 }' | sort -n -k1,1 -k2,2 | cut -d' ' -f3)
	die "no two $kind kernels in the archive differ in their symbol versions"
}

archive_main() {
	local command=${1:-}
	case $command in
	images-list | headers-list | pair)
		(($# <= 2)) || die "$command takes one flavour at most"
		;;
	kernel | headers | symvers | deb)
		(($# == 2)) || die "$command takes one argument"
		;;
	*)
		sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
		exit 2
		;;
	esac
	shift
	"${command//-/_}" "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	archive_main "$@"
fi
