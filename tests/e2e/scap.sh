#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Falco's scap kernel module, compiled from the source in Debian's falcosecurity-scap-dkms.
#
#   scap.sh REL        prints the path of scap.ko for that release
#
# Built once a release and kept in the cache, without debug information, as vendors ship theirs.
# The source is of 2022: it fits kernels 6.1, not 6.12, and where it does not compile this fails
# with the compiler's first errors and the name of the whole log.

. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

package=falcosecurity-scap-dkms

source_make() { # TMP
	local file
	file=$(deb "$package")
	dpkg-deb -x "$file" "$1/x"
	mv "$1"/x/usr/src/scap-*/* "$1/"
	rm -rf "$1/x"
}

scap_make() { # REL TMP
	local kdir log=$cache_dir/driver/scap/$1.log
	kdir=$(headers "$1")
	cp -r "$cache_dir/driver/scap/source" "$2/build"
	echo "${0##*/}: compiling scap for $1" >&2
	# not as a part of a make that may have called us: its flags and variables are not ours
	if ! env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -C "$kdir" M="$2/build" -j"$(nproc)" modules >"$log" 2>&1; then
		grep -m 5 'error:' "$log" >&2 || tail -n 20 "$log" >&2
		die "scap does not compile against $1; the whole log: $log"
	fi
	strip --strip-debug -o "$2/scap.ko" "$2/build/scap.ko"
	rm -rf "$2/build" "$log"
}

if (($# != 1)); then
	sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
cache_make "$cache_dir/driver/scap/source" source_make
cache_make "$cache_dir/driver/scap/$1" scap_make "$1"
echo "$cache_dir/driver/scap/$1/scap.ko"
