# shellcheck shell=bash
# shellcheck disable=SC2154 # run sets some of the variables
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small root trees that can be set back quickly, and what must hold of them. $B is the kernel release;
# $WORK is ours; $SCAP_B, $KERNEL_B, $DRVGUARD as in tests/cli. Sourced by run and by the cases.

# --- a root tree: 60 of kernel B's own modules, its image, and a depot ---------------------------

# The drivers that are guarded: Falco's scap, and one of the kernel's own modules, taken out of it.
other_driver() {
	local name
	for name in pktgen vrf vsock tcp_illinois; do
		if [ -n "$(find "$KERNEL_B/lib/modules/$B/kernel" -name "$name.ko" -print -quit)" ]; then
			echo "$name"
			return 0
		fi
	done
	echo "fault: none of the modules this test takes out is in $B" >&2
	return 1
}

# The file of FILE.ko's next version, made by its version string alone: 0.1.1 becomes 0.1.9.
next_version() { # FILE DEST
	local version
	version=$(modinfo -F version "$1")
	version=$(sed -E 's/^([0-9.]*[0-9]).*/\1/' <<<"$version")
	LC_ALL=C sed "s/version=${version//./\\.}/version=${version%?}9/" "$1" >"$2"
	[ "$(modinfo -F version "$2" | cut -c"1-${#version}")" = "${version%?}9" ]
}

base_make() { # DIR
	local dir=$1 from=$KERNEL_B/lib/modules/$B name
	mkdir -p "$dir"/{boot,opt/falco/drivers,usr/lib/drvguard,usr/lib/drivers,run,var/cache/drvguard} \
		"$dir/etc/drvguard/drivers.d" "$dir/lib/modules/$B" "$dir/drivers"
	cp "$KERNEL_B/boot"/{vmlinuz,config}-"$B" "$dir/boot/"
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$dir/lib/modules/$B/"
	name=$(other_driver)
	(cd "$from" && find kernel -name '*.ko' ! -name "$name.ko" | sort | awk 'NR % 19 == 0' |
		cpio -pd --quiet "$dir/lib/modules/$B")
	depmod -b "$dir" "$B" 2>/dev/null
	# old and new drivers, to be put into depots
	cp "$SCAP_B" "$dir/drivers/scap-old.ko"
	next_version "$SCAP_B" "$dir/drivers/scap-new.ko"
	# without its signature, which an edited file could not keep
	strip --strip-debug -o "$dir/drivers/$name-old.ko" "$(find "$from/kernel" -name "$name.ko")"
	next_version "$dir/drivers/$name-old.ko" "$dir/drivers/$name-new.ko"
	configure "$dir"
	runs_in "$dir"
}

configure() { # ROOT [DRIVER…]: scap unless said; all of one product
	local root=$1 name
	shift
	(($#)) || set -- scap
	{
		printf '[product falco]\ndepot = /opt/falco/drivers\n'
		for name; do
			printf '[driver %s]\nproduct = falco\n' "$name"
			[ "$name" != scap ] || echo 'path = /usr/lib/drivers/scap.ko'
		done
	} >"$root/etc/drvguard/drivers.d/falco.conf"
}

# Kernel B runs there, as far as drvguard can see (lib.sh of tests/cli says how).
runs_in() { # ROOT
	local R=$1
	runs "$B"
}

# What the depot has: NAME-old or NAME-new, any number of them.
offer() { # ROOT WHAT…
	local root=$1 what
	shift
	rm -f "$root/opt/falco/drivers"/*
	for what; do
		cp "$root/drivers/$what.ko" "$root/opt/falco/drivers/"
	done
}

# --- states: the parts of a tree that drvguard and depmod change ---------------------------------

state_parts=(usr/lib/drvguard usr/lib/drivers run etc var)

state_save() { # ROOT SAVED
	local root=$1 saved=$2 part have=()
	rm -rf "$saved"
	mkdir -p "$saved"
	for part in "${state_parts[@]}" "lib/modules/$B/updates"; do
		[ ! -e "$root/$part" ] || have+=("$part")
	done
	(cd "$root" && cp -a --parents "${have[@]}" "lib/modules/$B"/modules.* "$saved/")
}

state_back() { # ROOT SAVED
	local root=$1 saved=$2
	[ ! -d "$root/opt/falco/away" ] || mv "$root/opt/falco/away" "$root/opt/falco/drivers"
	(cd "$root" && rm -rf "${state_parts[@]}" "lib/modules/$B"/modules.* "lib/modules/$B/updates" \
		"lib/modules/$B"/.[!.]*)
	cp -a "$saved/." "$root/"
}

# --- what is there now -----------------------------------------------------------------------------

# Sets $found (what modprobe would take, a line a driver), $left (what no finished run leaves) and
# $state (all of it as text): see look.c.
look() { # ROOT DRIVER…
	local kind rest
	found='' left='' state=''
	"$LOOK" "$1" "$B" "${@:2}" >"$1.look"
	while read -r kind rest; do
		case $kind in
		found) found+="$rest;" ;;
		left) left+="${left:+; }$rest" ;;
		*) state+="$rest"$'\n' ;;
		esac
	done <"$1.look"
}

# The lines one has and the other has not, parted by "; ", digests cut.
differs() { # WANTED HAVE
	{ diff <(printf '%s' "$1") <(printf '%s' "$2") || :; } |
		sed -n '/^[<>]/{s/^</missing/;s/^>/extra/;s/\([0-9a-f]\{8\}\)[0-9a-f]\{32,\}/\1/g;p;}' |
		sed -n 'H;${x;s/\n/; /g;s/^; //;p;}'
}

# Whether the built drvguard has that command yet.
has_command() { # NAME
	"$DRVGUARD" --help | grep -E "^  $1 " >/dev/null
}

# --- for cases -----------------------------------------------------------------------------------

# $R becomes a small tree, nothing staged in it.
root_small() {
	cp -a "$WORK/base" "$R"
	dg check "$R/drivers/scap-old.ko" # the kernel's table is in the cache then
}

# Shown behind the case's name.
tell() {
	echo "$*" >"$dir/said"
}

# The calls of a command, in a tree that stays as it is.
list_calls() { # COMMAND…
	cp -a "$R" "$R.try"
	"$INJECT" -o "$dir/calls" list -- "$DRVGUARD" --root "$R.try" "$@" >"$dir/out.l" 2>&1
	sed "s|$R.try|$R|g" "$dir/calls"
	rm -rf "$R.try"
}
