# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2120,SC2119 # run sets some of the variables, the cases use others
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Helpers of the cases. $R is the case's root tree, $A and $B two kernel releases that do not fit
# each other's drivers, $SCAP_A and $SCAP_B Falco's driver for them. Sourced with set -e in force;
# an assertion that does not hold says why on stderr and ends the case.

# --- telling ----------------------------------------------------------------------------------

fail() {
	local i
	echo "failed: $*" >&2
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		if [[ ${BASH_SOURCE[i]} == */case_* ]]; then
			echo "     at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" >&2
			break
		fi
	done
	if [ -n "$last" ]; then
		echo "command: $last" >&2
		echo "   exit: $code" >&2
		sed 's/^/ stdout: /' "$out" >&2
		sed 's/^/ stderr: /' "$err" >&2
	fi
	trap - ERR
	exit 1
}

# End the case as skipped.
skip() {
	echo "$*" >"$dir/skip"
	exit 0
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

case_begin() { # NAME
	set -E
	dir=$WORK/$1
	R=$dir/root
	out=$dir/out
	err=$dir/err
	last='' code=
	trap 'fail "a step of the case itself: $BASH_COMMAND"' ERR
}

# --- root trees -------------------------------------------------------------------------------

# A root with the kernels REL… (whole, hard links), the configuration and a depot, empty yet.
root_with() {
	local rel tree
	mkdir -p "$R"/{boot,etc/drvguard/drivers.d,lib/modules,usr/lib/drvguard,opt/falco/drivers}
	for rel; do
		case $rel in
		"$A") tree=$KERNEL_A ;;
		"$B") tree=$KERNEL_B ;;
		*) tree=$("$here/../e2e/archive.sh" kernel "$rel") ;;
		esac
		cp -al "$tree/boot/." "$R/boot/"
		cp -al "$tree/lib/modules/." "$R/lib/modules/"
	done
	depot=$R/opt/falco/drivers
	conf=$R/etc/drvguard/drivers.d/falco.conf
	config_falco
}

# The product's configuration; more lines for [driver scap] come as arguments.
config_falco() {
	{
		echo '[product falco]'
		echo 'depot = /opt/falco/drivers'
		echo 'require = kabi'
		echo '[driver scap]'
		echo 'product = falco'
		if (($#)); then
			printf '%s\n' "$@"
		fi
	} >"$conf"
}

# The everyday root: kernel B, and scap for both levels in the depot.
root_ready() {
	root_with "$B"
	offer_both
}

offer_both() {
	cp "$SCAP_A" "$depot/scap-$A.ko"
	cp "$SCAP_B" "$depot/scap-$B.ko"
}

# The same with scap for B staged.
root_staged() {
	root_ready
	dg --kernel "$B" stage
	expect 0
	mods=$R/lib/modules/$B
	link=$mods/updates/drvguard
	gen=$R/usr/lib/drvguard/kernels/$B/1
}

# A module of kernel B's own, by name, taken out of $R's tree so that it is out-of-tree there.
take_out() { # NAME DEST
	local file
	file=$(find "$R/lib/modules/$B/kernel" -name "$1.ko" -print -quit)
	[ -n "$file" ] || fail "kernel $B has no $1.ko"
	mv "$file" "$2"
}

# Configuration of another driver of the same product.
config_driver() { # NAME [LINE…]
	{
		echo "[driver $1]"
		echo 'product = falco'
		printf '%s\n' "${@:2}"
	} >>"$conf"
}

# Each driver of the product for itself, not all or none.
config_each() {
	sed -i 's/^\[product falco\]$/&\ngroup = each/' "$conf"
}

# A driver like B's, of another version: three bytes of its .modinfo are other ones.
other_version() { # VERSION DEST
	LC_ALL=C sed "s/version=0\.1\.1/version=$1/" "$SCAP_B" >"$2"
	[ "$(modinfo -F version "$2" | cut -c1-5)" = "$1" ] || skip "this scap has another version"
}

# One byte in the middle of FILE, changed in place.
flip() { # FILE
	local at=$(($(stat -c %s "$1") / 2))
	printf '\x5a\xa5' | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

# This boot of the kernel that runs in $R.
boots() { # NUMBER
	mkdir -p "$R/proc/sys/kernel/random"
	printf '%08d-1111-4111-8111-111111111111\n' "$1" >"$R/proc/sys/kernel/random/boot_id"
}

# --- a kernel that "runs" in $R ---------------------------------------------------------------

hex_bytes() {
	# shellcheck disable=SC2059,SC2001 # the format is the data
	printf "$(sed 's/../\\x&/g' <<<"$1")"
}

# A notes section that holds one GNU build-id: elf(5), Nhdr.
build_id_note() { # HEX
	printf '\x04\x00\x00\x00'
	hex_bytes "$(printf '%02x000000' $((${#1} / 2)))"
	printf '\x03\x00\x00\x00GNU\x00'
	hex_bytes "$1"
}

# The build-id of a kernel in $R, as drvguard reads it from the image.
kernel_build_id() { # REL
	"$DRVGUARD" --root "$R" --kernel "$1" --json check "$SCAP_B" | jq -r .kernel.build_id
}

module_build_id() { # FILE.ko
	readelf -n "$1" 2>/dev/null | awk '/Build ID:/ && !n++ { print $3 }'
}

# "#1 SMP … (date)", what uname -v prints in that kernel.
kernel_version() { # REL
	LC_ALL=C grep -aoE -m 1 "$1 \([^)]*\) #[ -~]*\)" "$R/boot/vmlinuz-$1" | sed 's/^[^#]*//'
}

runs() { # REL
	mkdir -p "$R/proc/sys/kernel" "$R/sys/kernel" "$R/sys/module"
	echo "$1" >"$R/proc/sys/kernel/osrelease"
	kernel_version "$1" >"$R/proc/sys/kernel/version"
	echo x86_64 >"$R/proc/sys/kernel/arch"
	build_id_note "$(kernel_build_id "$1")" >"$R/sys/kernel/notes"
}

# drvguard.ko as it shows itself in kernel REL.
kmod_shows() { # REL
	local at=$R/sys/kernel/drvguard
	mkdir -p "$at"
	echo 1 >"$at/abi"
	echo "$1" >"$at/release"
	kernel_version "$1" >"$at/version"
	echo x86_64 >"$at/machine"
	modinfo -F vermagic "$SCAP_B" | sed "s/^[^ ]*/$1/" >"$at/vermagic"
	size --format=sysv "$SCAP_B" | awk '$1 == ".gnu.linkonce.this_module" { print $2 }' >"$at/module_size"
	echo debian >"$at/vendor"
	sed -E 's/^[0-9.]+-([0-9]+)-.*/\1/' <<<"$1" >"$at/technology_level"
	kernel_version "$1" | sed -E 's/.* Debian ([^ ]+) .*/\1/' >"$at/service_pack"
	echo identity >"$at/features"
}

# The module in FILE is loaded in $R's kernel.
loaded() { # NAME FILE
	local at=$R/sys/module/$1
	mkdir -p "$at/notes"
	echo live >"$at/initstate"
	modinfo -F version "$2" >"$at/version"
	modinfo -F srcversion "$2" >"$at/srcversion"
	echo OE >"$at/taint"
	build_id_note "$(module_build_id "$2")" >"$at/notes/.note.gnu.build-id"
}

# --- running and judging ----------------------------------------------------------------------

# Run drvguard in $R; then $code, $out and $err are there. What must hold of every run is looked
# at here: a documented exit code, an end in time, nothing a terminal would act on, sound JSON.
dg() {
	dg_as "$DRVGUARD" --root "$R" "$@"
}

# The same for a whole command line.
dg_as() {
	last="$*"
	last=${last//"$R"/ROOT}
	last=${last//"$DRVGUARD"/drvguard}
	code=0
	timeout 60 "$@" >"$out" 2>"$err" || code=$?
	((code < 7)) || fail "ended with $code"
	if LC_ALL=C grep -q $'[^\t -~]' "$out" "$err"; then
		fail "control or foreign characters in the output"
	fi
	if [[ " $* " == *" --json "* ]] && [ -s "$out" ]; then
		jq -e '.schema == 1' "$out" >/dev/null || fail "no JSON document of schema 1"
		[ "$(wc -l <"$out")" -eq 1 ] || fail "more than one JSON document"
	fi
}

# Within some seconds.
eventually() { # COMMAND...
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	fail "not within 10 seconds: $*"
}

expect() { # CODE
	[ "$code" = "$1" ] || fail "exit code $code, expected $1"
}

# What stays the same from machine to machine and level to level.
same() {
	sed -E "s|$R|ROOT|g; s|$A|REL-A|g; s|$B|REL-B|g; s/debian TL [^ ]+ SP [^ ,]+/LEVEL/g
		s|$(modinfo -F version "$SCAP_B" | sed 's/[.+]/\\&/g')|VERSION|g; s/0x[0-9a-f]{8}/CRC/g; s/ +/ /g; s/ \$//" "$@"
}

# stdout is the text on stdin, after same().
expect_text() {
	same "$out" >"$dir/have"
	cat >"$dir/want"
	diff -u "$dir/want" "$dir/have" >"$dir/diff" || {
		sed 's/^/   diff: /' "$dir/diff" >&2
		fail "other text than expected"
	}
}

says() { # EXTENDED-REGEX, somewhere on stdout
	same "$out" | grep -E -- "$1" >/dev/null || fail "stdout has no /$1/"
}

says_not() {
	if same "$out" | grep -E -- "$1" >/dev/null; then fail "stdout has /$1/"; fi
}

errs() { # EXTENDED-REGEX, somewhere on stderr
	same "$err" | grep -E -- "$1" >/dev/null || fail "stderr has no /$1/"
}

# stderr is COUNT lines (default: none), each with its cause and its cure.
quiet() {
	local count=${1:-0} have
	have=$(wc -l <"$err")
	[ "$have" -eq "$count" ] || fail "$have lines on stderr, expected $count"
	if grep -vqE '^drvguard: .+; .{6,}$' "$err"; then
		fail "a line on stderr without a cure"
	fi
}

# Exactly one line on stderr: that names WHERE (fixed text), says WHAT (regex) and a cure.
one_line() { # WHERE WHAT
	quiet 1
	grep -qF -- "$1" "$err" || fail "stderr does not name $1"
	errs "$2"
}

json() { # JQ-FILTER that must be true of stdout
	jq -e --arg A "$A" --arg B "$B" --arg R "$R" "$1" "$out" >/dev/null || fail "JSON: not $1"
}

# --- looking at trees -------------------------------------------------------------------------

# Every file with its inode and times: for "changed nothing at all".
snapshot() {
	find "$R" -path "$R/lib/modules/*/kernel" -prune -o -printf '%P %y %i %s %T@ %m %l\n' | sort
}

# What the tree comes to, whichever inode holds it: for "as it was before".
contents() {
	# That it was tried goes into the history all the same.
	find "$R" \( -path "$R/lib/modules/*/kernel" -o -path "$R/opt" -o -name lock -o -path "$R/run/drvguard" \) -prune -o \
		-path "$R/run" -o -type f -exec sha256sum {} + -o -printf '%p %y %l\n' | sort
}

unchanged() { # WHAT-IT-WAS FUNCTION
	if ! diff -u "$1" <("$2") >"$dir/diff"; then
		sed 's/^/   diff: /' "$dir/diff" >&2
		fail "the tree was changed"
	fi
}

# modprobe itself, asked in $R.
would_load() { # REL NAME FILE
	local line
	# Without modprobe.d: only the index is asked for, not this machine's options.
	line=$(modprobe -C "$R/etc/none" -d "$R" -S "$1" --show-depends "$2" | tail -n 1)
	[ "${line% }" = "insmod $3" ] || fail "modprobe would do '$line', expected $3"
}
