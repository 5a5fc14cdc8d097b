#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel module in kernels older and newer than this system's: the newest cloud kernel of each
# suite named, built with that suite's own compiler in a root of it, run like those of kmod-guest.sh. TAP.
#
#   kmod-suites.sh [SUITE[:SERIES]...]      bullseye:5.10, and trixie-backports, the newest there is
#
# The roots, and with them which kernel is the newest, are kept in the cache (suite/); needs root.

. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
top=$(cd "$e2e_dir/../.." && pwd)

# Where this system has packages of its own suite from, and the security archive beside it.
uri() { # -|-security
	# shellcheck disable=SC2016 # the variables are apt's
	apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)' 'Created-By: Packages' | sort -u |
		awk -F'|' -v security="$1" -v suite="$(. /etc/os-release && echo "$VERSION_CODENAME")" '
			$1 == "Debian" && $3 == suite (security == "-" ? "" : security) {
				print "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $2
			}'
}

sources() { # SUITE
	local release=${1%-backports}
	apt_names linux-image- >/dev/null # there are lists
	echo "$(uri -) $release main"
	echo "$(uri -security) $release-security main"
	[ "$release" = "$1" ] || echo "$(uri -) $1 main"
}

# Run by mmdebstrap in the new root, as "kmod-suites.sh --inside SERIES ROOT": the newest kernel's headers installed, its packages in /debs, its name in /rel.
inside() { # [SERIES]
	local rel name
	rel=$(apt-cache pkgnames "linux-headers-${1:-}" | sed -nE 's/^linux-headers-([0-9]+\.[0-9]+\.[0-9]+[-+].*-cloud-amd64)$/\1/p' |
		sort -V | tail -n 1)
	apt-get install -y -qq --no-install-recommends "linux-headers-$rel"
	echo "$rel" >/rel
	mkdir /debs
	cd /debs
	# Since 7.2 the image's package only names those that hold it.
	for name in linux-image linux-binary linux-modules linux-base; do
		apt-get download "$name-$rel" || [ "$name" != linux-image ]
	done
}

root_make() { # SUITE SERIES TMP
	local options=() line
	while read -r line; do # a proxy, if this system has one
		options+=(--aptopt="${line%;}")
	done < <(apt-config dump | grep -iE '^Acquire::(http|https)::.*"[^"]+"' || true)
	echo "${0##*/}: making a root of $1, a minute or so" >&2
	sources "$1" >"$3/sources.list"
	chmod 711 "$3"
	if ! mmdebstrap --quiet --mode=root --variant=apt --format=directory --include=gcc,make,binutils,libc6-dev,kmod,ca-certificates \
		--aptopt='Apt::Install-Recommends "false"' "${options[@]}" --dpkgopt=force-unsafe-io \
		--customize-hook="'$e2e_dir/kmod-suites.sh' --inside '$2' \"\$1\"" \
		"${1%-backports}" "$3/root" "$3/sources.list" >"$3/build.log" 2>&1; then
		tail -n 30 "$3/build.log" >&2
		die "mmdebstrap failed for $1"
	fi
}

# A suite's kernel packages as archive.sh keeps a kernel.
suite_kernel_make() { # ROOT REL TMP
	local deb
	for deb in "$1"/debs/*.deb; do
		dpkg-deb -x "$deb" "$3"
	done
	[ -d "$3/lib/modules" ] || ln -s usr/lib "$3/lib"
	mkdir -p "$3/boot"
	[ -e "$3/boot/vmlinuz-$2" ] || cp "$3/lib/modules/$2/vmlinuz" "$3/boot/vmlinuz-$2"
	depmod -b "$3" "$2"
}

# The suite's compiler wants /proc (objtool reads a limit there).
build() { # ROOT REL OUT-IN-ROOT [ARG...]
	local root=$1 rel=$2 out=$3
	shift 3
	unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$@"' "$root" "$root" \
		/src/kbuild/build-module "/usr/src/linux-headers-$rel" "$out" W=1 "$@"
}

if [ "${1:-}" = --inside ]; then
	{ declare -f inside && echo "inside '$2'"; } | chroot "$3" bash -eu
	exit
fi
(($#)) || set -- bullseye:5.10 trixie-backports
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for suite; do
	cache_make "$cache_dir/suite/$suite" root_make "${suite%:*}" "$(sed -n 's/.*://p' <<<"$suite")"
	root=$cache_dir/suite/$suite/root
	rel=$(cat "$root/rel")
	cache_make "$cache_dir/kernel/$rel" suite_kernel_make "$root" "$rel"
	rm -rf "$root/src" "$root/modules"
	mkdir "$root/src"
	cp -r "$top/kmod" "$top/kbuild" "$root/src/"
	for how in plain debug; do
		if build "$root" "$rel" "/modules/$how" "DEBUG=$([ $how = plain ] || echo 1)" >"$work/log" 2>&1 &&
			! grep -q warning: "$work/log"; then
			echo "ok - $rel: builds without a warning, $how"
		else
			echo "not ok - $rel: builds without a warning, $how"
			sed 's/^/# /' "$work/log"
			failed=1
			continue 2
		fi
	done
	"$e2e_dir/kmod-try.sh" "$rel" "$root/modules" 300 || failed=1
done
exit "$failed"
