# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # lib.sh's variables
#
# The state walk: each letter brought about for real, seen by status, and left again.

# --- the table -------------------------------------------------------------------------------

# LETTER | reached by | left by; QP and QN are walked in case_bootimage.sh.
states() {
	cat <<-'END'
		-  | nothing staged, nothing loaded                   | stage
		S  | stage, or a boot after it                        | remove
		SP | stage, then load, in one boot                    | the next boot
		SN | stage of another since, in one boot              | rollback, or the next boot
		Q  | stage of another than the boot loaded            | the next boot
		QP | SP, and the boot image made anew                 | the next boot
		QN | another staged, and the boot image made anew     | the next boot
		P  | insmod from the depot                            | repair
		N  | a newer one comes into the depot of P            | repair
		T  | stage --trial                                    | commit, or the next boot but one
		M  | stage --mount                                    | remove, stage DRIVER
		U  | a boot after M                                   | stage --mount
		B  | damage to what is staged, or a stale boot image  | repair
		I  | a stage is killed                                | the next command that writes
		R  | a remove is killed                               | the next command that writes
		RQ | remove of what is loaded                         | unload, stage --force
	END
}

# status says LETTER and MATCH in its table and its document, what is to be done next in both, and ends with CODE.
stands() { # CODE LETTER MATCH [NEXT-REGEX, "" for nothing to do]
	local next=${4:-}
	dg status
	expect "$1"
	says "^scap $2 $3 "
	if [ -n "$next" ]; then
		says "^scap $2 $3 .* (files?|absent|empty) - .*$next"
	else
		says "^scap $2 $3 .* (files?|absent|empty) - -\$"
	fi
	dg --json status
	expect "$1"
	json ".kernels[0].drivers[0] | .state == \"$2\" and .match == \"$3\""
	json ".kernels[0].drivers[0].next // \"\" | test(\"${next:-^\$}\")"
}

reached() { # LETTER CODE MATCH [NEXT-REGEX]
	states | grep -E "^$1 +\|" >/dev/null || fail "$1 is not in the table"
	stands "$2" "$1" "${@:3}"
}

left() { # LETTER, for LETTER CODE MATCH [NEXT-REGEX]
	[ "$1" != "$2" ] || fail "that is no way to leave $1"
	stands "$3" "$2" "${@:4}"
}

# --- boots and loads -------------------------------------------------------------------------

# Boot NUMBER of $R's kernel begins now; what was staged is from an earlier one.
boot_begins() { # NUMBER
	"$DRVGUARD" --root "$R" --quiet commit --stop
	boots "$1"
	rm -rf "$R/sys/module/scap"
	echo "btime $(date +%s)" >"$R/proc/stat"
}

# Boot NUMBER began a while ago; what is staged from now on is of this one.
boot_lasts() { # NUMBER
	boots "$1"
	echo "btime $(($(date +%s) - 1000))" >"$R/proc/stat"
}

# Booted from what is staged: the kernel loaded it.
boot_loads() { # NUMBER
	boot_begins "$1"
	loaded scap "$link/scap.ko"
}

root_running() {
	root_ready
	runs "$B"
	boot_lasts 1
	mods=$R/lib/modules/$B
	link=$mods/updates/drvguard
}

# Another build, by its version and by its build-id.
offer_newer() { # VERSION
	local file=$depot/scap-$1.ko at
	other_version "$1" "$dir/newer.ko"
	at=$(readelf -SW "$dir/newer.ko" | awk '{ sub(/^ *\[ *[0-9]+\]/, "") } $1 == ".note.gnu.build-id" { print $4 }')
	hex_bytes "$(printf '%s' "$1" | od -An -tx1 | tr -d ' \n')" |
		dd of="$dir/newer.ko" bs=1 seek=$((16#$at + 16)) conv=notrunc status=none
	[ "$(module_build_id "$dir/newer.ko")" != "$(module_build_id "$SCAP_B")" ]
	mv "$dir/newer.ko" "$file"
}

# --- the letters -----------------------------------------------------------------------------

case_state_none() {
	root_running
	rm "$depot"/*
	reached - 4 waiting 'install|mount|depot'
	cp "$SCAP_A" "$depot/a.ko"
	stands 1 - missing 'vendor'
	offer_both
	stands 1 - missing 'drvguard --root [^ ]+ repair'
	dg stage
	expect 0
	left - S 0 match
}

case_state_s() {
	root_running
	dg stage
	expect 0
	reached S 0 match
	boot_loads 2
	stands 0 S match
	boot_begins 3
	dg remove scap
	expect 0
	left S - 1 missing 'drvguard --root [^ ]+ stage --force scap'
}

case_state_sp() {
	root_running
	dg stage
	loaded scap "$link/scap.ko"
	reached SP 0 match
	boot_loads 2
	left SP S 0 match
}

case_state_sn() {
	root_running
	dg stage
	loaded scap "$link/scap.ko"
	offer_newer 0.1.4
	dg stage
	expect 5
	reached SN 5 match 'reboot'
	dg rollback
	expect 0
	left SN SP 0 match
	dg stage --force
	expect 5
	stands 5 SN match 'reboot'
	boot_loads 2
	left SN S 0 match
}

case_state_q() {
	root_running
	dg stage
	boot_loads 2
	offer_newer 0.1.4
	dg stage
	expect 5
	reached Q 5 match 'reboot'
	boot_loads 3
	left Q S 0 match
}

case_state_p_n() {
	root_running
	loaded scap "$SCAP_B"
	reached P 1 missing 'drvguard --root [^ ]+ repair'
	dg repair
	expect 0
	left P SP 0 match
	dg remove scap
	rm -rf "$R/usr/lib/drvguard/kernels"
	offer_newer 0.1.4
	reached N 1 missing 'drvguard --root [^ ]+ repair'
	dg repair
	expect 5
	left N Q 5 match 'reboot'
	boot_loads 2
	stands 0 S match
}

case_state_t() {
	root_running
	dg stage --trial
	expect 0
	reached T 0 match 'drvguard --root [^ ]+ commit'
	dg commit
	expect 0
	says 'the trial is confirmed'
	left T S 0 match
	# Not confirmed: the boot after the one it was tried in goes back.
	offer_newer 0.1.4
	dg stage --trial
	expect 0
	stands 0 T match 'commit'
	boot_begins 2
	dg boot
	left T S 0 match
	[ "$(modinfo -F version "$link/scap.ko")" = "$(modinfo -F version "$SCAP_B")" ] || fail "it did not go back"
	# Nothing was staged before a first trial.
	dg cleanup --keep 0
	dg remove scap
	dg stage --trial --force
	stands 0 T match 'commit'
	boot_begins 3
	dg boot
	left T - 1 missing 'stage --force scap'
	[ ! -e "$link/scap.ko" ] || fail "still staged"
}

case_state_t_of_the_next_boot() {
	root_running
	dg stage
	boot_loads 2
	offer_newer 0.1.4
	dg stage --trial
	expect 5
	# It waits for the boot it is tried in.
	stands 5 T match 'reboot'
	boot_loads 3
	dg boot
	expect 0
	stands 0 T match 'commit'
	dg commit --boot
	says 'the trial is confirmed'
	left T S 0 match
}

case_state_m_u() {
	local below
	need_root
	root_running
	below=$mods/extra/scap.ko
	mkdir -p "$mods/extra"
	cp "$SCAP_A" "$below"
	depmod -b "$R" "$B"
	dg stage --mount
	if [ "$code" -eq 3 ] && grep -q 'Operation not permitted' "$err"; then skip "no bind mounts here"; fi
	expect 0
	cmp "$SCAP_B" "$below"
	reached M 0 match 'drvguard --root [^ ]+ stage scap'
	[ ! -e "$link" ] || fail "the disk was changed"
	# Nothing more to do, and repair leaves it alone.
	dg stage --mount
	expect 0
	dg repair
	stands 0 M match 'stage scap'
	dg commit --boot
	boot_begins 2
	umount "$below"
	cmp "$SCAP_A" "$below"
	left M U 1 mismatch 'drvguard --root [^ ]+ stage --mount scap'
	reached U 1 mismatch 'drvguard --root [^ ]+ stage --mount scap'
	dg stage --mount
	expect 0
	left U M 0 match 'stage scap'
	dg remove scap
	expect 0
	says 'scap unmounted'
	cmp "$SCAP_A" "$below"
	left M - 1 mismatch 'drvguard --root [^ ]+ repair'
	# On to the disk.
	dg stage --mount
	expect 0
	stands 0 M match 'stage scap'
	dg stage scap
	expect 0
	cmp "$SCAP_A" "$below"
	left M S 0 match
	[ -z "$(ls -A "$R/usr/lib/drvguard/mounts/$B")" ] || fail "the mount is still recorded"
}

# Over what drvguard itself staged: the disk is as it was, and nothing was tampered with.
case_state_m_over_staged() {
	need_root
	root_running
	dg stage
	offer_newer 0.1.4
	dg stage --mount
	if [ "$code" -eq 3 ] && grep -q 'Operation not permitted' "$err"; then skip "no bind mounts here"; fi
	expect 0
	reached M 0 match 'stage scap'
	umount "$link/scap.ko"
	left M U 0 match 'stage --mount scap'
	dg stage scap
	expect 0
	left U S 0 match
	[ "$(modinfo -F version "$link/scap.ko" | cut -c1-5)" = 0.1.4 ] || fail "the newer one is not staged"
}

case_state_b() {
	root_running
	dg stage
	flip "$R/usr/lib/drvguard/kernels/$B/1/scap.ko"
	reached B 6 mismatch 'drvguard --root [^ ]+ repair'
	dg repair
	expect 0
	left B S 0 match
	# Damage that nothing can replace.
	rm "$depot"/*
	flip "$(readlink -f "$link/scap.ko")"
	reached B 6 waiting 'mount'
	offer_both
	dg repair
	expect 0
	left B S 0 match
}

# --- killed for real -------------------------------------------------------------------------

# Kill the run the moment PATH is there.
killed_at() { # PATH COMMAND…
	local pid path=$1 i
	shift
	"$DRVGUARD" --root "$R" "$@" >"$out" 2>"$err" &
	pid=$!
	for ((i = 0; i < 1000000; i++)); do
		[ ! -e "$path" ] || break
		kill -0 "$pid" 2>/dev/null || break
	done
	kill -KILL "$pid" 2>/dev/null || :
	wait "$pid" || :
	[ -e "$R/usr/lib/drvguard/intent" ] || fail "it was too quick to be killed in the middle"
}

case_state_i() {
	root_running
	killed_at "$R/usr/lib/drvguard/intent" stage
	dg status
	says '^scap I '
	reached I "$code" "$(awk '$1 == "scap" { print $3 }' "$out")" 'drvguard --root [^ ]+ repair'
	# Reading changes nothing, and a dry run neither.
	contents >"$dir/before"
	dg stage --dry-run
	dg verify
	unchanged "$dir/before" contents
	dg repair
	expect 0
	errs 'an interrupted stage was (finished|undone)'
	left I S 0 match
	would_load "$B" scap "$link/scap.ko"
}

# Dead after the rename: what was begun is finished, though the depot has gone since.
case_state_i_finished() {
	root_running
	killed_at "$link" stage
	rm "$depot"/*
	dg --json status
	json '.kernels[0].drivers[0].state == "I"'
	dg cleanup
	expect 0
	errs 'an interrupted stage was finished'
	[ ! -e "$R/usr/lib/drvguard/intent" ]
	left I S 0 match
	would_load "$B" scap "$link/scap.ko"
	dg verify
	expect 0
}

case_state_r() {
	root_running
	dg stage
	killed_at "$R/usr/lib/drvguard/intent" remove scap
	dg status
	reached R "$code" "$(awk '$1 == "scap" { print $3 }' "$out")" 'drvguard --root [^ ]+ repair'
	dg repair
	errs 'an interrupted remove was (finished|undone)'
	[ ! -e "$R/usr/lib/drvguard/intent" ]
	if [ -e "$link/scap.ko" ]; then
		left R S 0 match
		dg remove scap
		expect 0
	fi
	left R - 1 missing 'stage --force scap'
}

# Of the other kernels nobody says that they are being staged for.
case_state_i_of_one_kernel() {
	root_running
	cp -al "$KERNEL_A/boot/." "$R/boot/"
	cp -al "$KERNEL_A/lib/modules/." "$R/lib/modules/"
	killed_at "$R/usr/lib/drvguard/intent" --kernel "$A" stage
	stands 1 - missing 'repair'
	dg --kernel "$A" status
	says '^scap I .* stage --kernel REL-A'
	dg stage
	errs 'REL-A: an interrupted stage was (finished|undone)'
	stands 0 S match
}

case_state_rq() {
	root_running
	dg stage
	boot_loads 2
	dg remove scap
	reached RQ 1 missing 'modprobe -r scap, or reboot'
	# Unloaded, or never loaded again after a boot.
	rm -r "$R/sys/module/scap"
	left RQ - 1 missing 'stage --force scap'
	loaded scap "$SCAP_B"
	stands 1 RQ missing 'modprobe -r scap, or reboot'
	boot_lasts 2
	dg stage --force
	expect 0
	left RQ SP 0 match
}

# --- the whole of it -------------------------------------------------------------------------

case_states_table() {
	local letter rest
	states
	diff -u - <(states | awk '{ print $1 }' | sort) >&2 <<-END || fail "not the letters of drvguard(8)"
		$(printf '%s\n' - S M U B I R Q T P N SP SN QP QN RQ | sort)
	END
	while read -r letter rest; do
		grep -qE "^	+reached $letter " "$here"/case_states.sh "$here"/case_bootimage.sh ||
			fail "no case reaches $letter"
		grep -qE "^	+left $letter " "$here"/case_states.sh "$here"/case_bootimage.sh ||
			fail "no case leaves $letter: $rest"
	done < <(states)
}
