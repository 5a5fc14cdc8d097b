# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets the variables
# SPDX-License-Identifier: GPL-2.0-or-later
# Many runs at once, and readers while others write.

# Two versions that take turns in the depot, so that each staging switches.
turn() { # WHAT
	cp "$R/drivers/$1.ko" "$R/opt/falco/drivers/.next"
	mv "$R/opt/falco/drivers/.next" "$R/opt/falco/drivers/scap.ko"
}

known_sums() {
	local what
	for what in old new; do
		sha256sum <"$R/drivers/scap-$what.ko" | cut -d' ' -f1
	done >"$dir/sums"
}

case_concurrent_twenty() {
	local i pids=() bad=0
	root_small
	offer "$R" scap-old
	for i in {1..20}; do
		if ((i % 2)); then
			"$DRVGUARD" --root "$R" stage >"$dir/out.$i" 2>"$dir/err.$i" &
		else
			"$DRVGUARD" --root "$R" repair >"$dir/out.$i" 2>"$dir/err.$i" &
		fi
		pids+=($!)
	done
	for i in "${!pids[@]}"; do
		wait "${pids[i]}" || {
			echo "run $((i + 1)) ended with $?: $(cat "$dir/err.$((i + 1))")"
			bad=1
		}
	done
	((bad == 0)) || fail "not all of twenty ended well"
	[ "$(cat "$dir"/err.* | wc -l)" -eq 0 ] || fail "words on stderr: $(cat "$dir"/err.*)"
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ] || fail "more than one generation"
	look "$R" scap
	[ -z "$left" ] || fail "left: $left"
	dg verify
	expect 0
	tell "20 runs, 1 generation"
}

# Each reads while writers switch back and forth: always one whole generation.
case_concurrent_readers() {
	local i sum path n=0 seen switched pid
	root_small
	known_sums
	turn scap-old
	dg stage
	expect 0
	(
		for ((i = 1; ; i++)); do
			if ((i % 2)); then turn scap-new; else turn scap-old; fi
			"$DRVGUARD" --root "$R" --force stage >"$dir/out.w" 2>"$dir/err.w" || exit 1
			echo "$i" >"$dir/switches"
			[ ! -e "$dir/enough" ] || exit 0
		done
	) &
	pid=$!
	# However this ends, the writer ends before it.
	trap 'touch "$dir/enough"; wait "$pid"' EXIT
	while ((n < 40)); do
		n=$((n + 1))
		code=0
		"$DRVGUARD" --root "$R" verify >"$dir/out.r" 2>"$dir/err.r" || code=$?
		# The index of the moment may be the one before; what is staged is whole all the same.
		[ "$code" -eq 0 ] || fail "verify ended with $code: $(cat "$dir/out.r" "$dir/err.r")"
		code=0
		"$DRVGUARD" --root "$R" status >"$dir/out.r" 2>"$dir/err.r" || code=$?
		((code == 0 || code == 1 || code == 4 || code == 5)) || fail "status ended with $code: $(cat "$dir/out.r" "$dir/err.r")"
		path=$(modprobe -C "$R/etc/none" -d "$R" -S "$B" --show-depends scap | sed -n 's/^insmod \(.*[^ ]\) *$/\1/p')
		sum=$(sha256sum <"$path" | cut -d' ' -f1)
		grep -x "$sum" "$dir/sums" >/dev/null || fail "modprobe finds another file: $sum"
		# the manifest and the file it speaks of, through one opened directory
		(
			cd -P "$R/lib/modules/$B/updates/drvguard"
			seen=$(sha256sum <scap.ko | cut -d' ' -f1)
			grep "^driver scap sha256=$seen " manifest >/dev/null
		) || fail "manifest and file do not agree"
	done
	trap - EXIT
	touch "$dir/enough"
	wait "$pid" || fail "the writer failed: $(cat "$dir/err.w")"
	switched=$(cat "$dir/switches")
	((switched > 10)) || fail "only $switched switches"
	tell "$switched switches, $n looks"
}

# The lock is held: the second waits, and goes on when the first is done; or it names the holder.
case_concurrent_waits() {
	local pid code=0
	root_small
	offer "$R" scap-old
	exec 8>>"$R/usr/lib/drvguard/lock"
	flock 8
	"$DRVGUARD" --root "$R" stage >"$dir/out.w" 2>"$dir/err.w" 8>&- &
	pid=$!
	sleep 1
	if kill -0 "$pid" 2>/dev/null; then
		[ ! -e "$R/lib/modules/$B/updates" ] || fail "it did not wait"
		exec 8>&-
		wait "$pid" || fail "ended with $?: $(cat "$dir/err.w")"
		look "$R" scap
		[ -z "$left" ] || fail "left: $left"
		tell "it waits"
	else
		wait "$pid" || code=$?
		exec 8>&-
		[ "$code" -eq 3 ] || fail "ended with $code while another held the lock"
		grep -E 'another drvguard .*[0-9]+' "$dir/err.w" >/dev/null || fail "does not say who holds it: $(cat "$dir/err.w")"
		tell "it says who holds it"
	fi
}

# A holder that dies holds nothing.
case_concurrent_dead_holder() {
	local n
	root_small
	offer "$R" scap-old
	n=$(list_calls stage | awk -F'\t' '/drivers?\/.new|kernels.*\.new/ && !n { n = $1 } END { print n }')
	"$INJECT" -o "$dir/hit" kill-after "$n" -- "$DRVGUARD" --root "$R" stage >"$dir/out.k" 2>&1 || [ $? -eq 137 ]
	dg stage
	expect 0
	one_line "$B" 'an interrupted stage was undone'
}
