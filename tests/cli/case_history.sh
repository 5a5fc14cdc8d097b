# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# The history as it is told. Events come in by the way they come at boot: as files that wait in /run.

state() {
	echo "$R/var/lib/drvguard"
}

root_bare() {
	mkdir -p "$R/var/lib/drvguard" "$R/run/drvguard/history"
	export TZ=UTC
	n=0
}

# One event that waits: TIME ACTION [KEY=VALUE…], VALUE escaped already. 6.1.0-1 is the kernel and scap
# the driver unless said otherwise.
event() {
	local pair
	n=$((n + 1))
	{
		printf 'drvguard-event 1\nid case.%03d\ntime %s\naction %s\n' "$n" "$1" "$2"
		[[ "$*" == *driver=* ]] || echo "driver scap"
		[[ "$*" == *kernel=* ]] || echo "kernel 6.1.0-1"
		for pair in "${@:3}"; do
			echo "${pair%%=*} ${pair#*=}"
		done
		echo end
	} >"$R/run/drvguard/history/case.$(printf %03d "$n")"
}

waiting() {
	find "$R/run/drvguard/history" -name 'case.*' ! -name '*.bad' | wc -l
}

# The life of a driver, as a patch log has it.
case_history_words() {
	root_bare
	event 1700000000 stage version_to=1.0 actor=hook user=root generation_to=1
	event 1700000060 stage version_from=1.0 version_to=2.0 actor=user user=alice
	event 1700000120 rollback version_from=2.0 version_to=1.0 actor=user user=alice
	event 1700000180 stage version_from=2.0 version_to=1.5 actor=user user=alice
	event 1700000240 trial version_from=1.5 version_to=3.0 actor=watch user=root
	event 1700000300 revert version_from=3.0 version_to=1.5 actor=boot user=root
	event 1700000360 trial version_to=3.0 actor=hook user=bob
	event 1700000420 commit version_from=3.0 version_to=3.0 user=alice
	event 1700000480 remove version_from=3.0 version_to=1.5 user=alice
	event 1700000540 remove version_from=1.5 user=alice
	event 1700000600 mount version_to=2.0 user=alice
	event 1700000660 unmount version_from=2.0 user=alice
	event 1700000720 load version_to=2.0 actor=boot
	event 1700000780 heal version_to=2.0 actor=boot
	event 1700000840 recover version_to=2.0 actor=boot
	event 1700000900 cleanup version_from=1.0 generation_from=1
	event 1700000960 stage actor=boot
	event 1700001020 stage sha256_to=0123456789abcdef actor=boot
	event 1700001080 stage version_from=1 version_to=1 sha256_from=00112233445566 sha256_to=ffeeddccbbaa
	event 1700001140 polish version_to=1
	dg history
	expect 0
	quiet 0
	expect_text <<-'END'
		TIME DRIVER ACTION KERNEL BY RESULT
		2023-11-14 22:13:20 scap installed 1.0 6.1.0-1 hook ok
		2023-11-14 22:14:20 scap installed 2.0, superseding 1.0 6.1.0-1 alice ok
		2023-11-14 22:15:20 scap un-superseded 1.0 (2.0 withdrawn) 6.1.0-1 alice ok
		2023-11-14 22:16:20 scap installed 1.5 in place of the later 2.0 6.1.0-1 alice ok
		2023-11-14 22:17:20 scap installed 3.0 on trial, superseding 1.5 6.1.0-1 watch ok
		2023-11-14 22:18:20 scap reverted to 1.5 (3.0 was not confirmed) 6.1.0-1 boot ok
		2023-11-14 22:19:20 scap installed 3.0 on trial 6.1.0-1 hook (bob) ok
		2023-11-14 22:20:20 scap committed 3.0 6.1.0-1 alice ok
		2023-11-14 22:21:20 scap removed 3.0, un-superseding 1.5 6.1.0-1 alice ok
		2023-11-14 22:22:20 scap removed 1.5 6.1.0-1 alice ok
		2023-11-14 22:23:20 scap mounted 2.0 6.1.0-1 alice ok
		2023-11-14 22:24:20 scap unmounted 2.0 6.1.0-1 alice ok
		2023-11-14 22:25:20 scap loaded 2.0 6.1.0-1 boot ok
		2023-11-14 22:26:20 scap healed 2.0 6.1.0-1 boot ok
		2023-11-14 22:27:20 scap recovered 2.0 after an interrupted run 6.1.0-1 boot ok
		2023-11-14 22:28:20 scap cleaned up 1.0 6.1.0-1 - ok
		2023-11-14 22:29:20 scap installed 6.1.0-1 boot ok
		2023-11-14 22:30:20 scap installed build 01234567 6.1.0-1 boot ok
		2023-11-14 22:31:20 scap installed 1 build ffeeddcc, superseding 1 build 00112233 6.1.0-1 - ok
		2023-11-14 22:32:20 scap polish 1 6.1.0-1 - ok
	END
	[ "$(waiting)" = 0 ] || fail "what waited was not taken in"
	cp "$out" "$dir/first"
	dg history
	cmp "$dir/first" "$out"
}

case_history_failures() {
	root_bare
	event 1700000000 stage version_from=1.0 version_to=2.0 result=28
	event 1700000001 stage version_to=2.0 result=30
	event 1700000002 remove version_from=2.0 result=5
	event 1700000003 rollback version_from=2.0 version_to=1.0 result=13
	event 1700000004 cleanup result=5
	event 1700000005 polish version_to=1 result=4095
	dg history
	expect 0
	says 'could not install 2.0 \(1.0 stays\) .* No space left on device$'
	says 'could not install 2.0 6.1.0-1 - Read-only file system$'
	says 'could not remove 2.0 6.1.0-1 - Input/output error$'
	says 'could not roll back to 1.0 \(2.0 stays\) .* Permission denied$'
	says 'could not clean up 6.1.0-1 '
	says 'failed: polish 1 .* Unknown error 4095$'
	dg --json history
	json '.events[0] | .result == "failed" and .errno == "ENOSPC" and .version_from == "1.0"'
	json '.events[5] | .result == "failed"'
}

case_history_verbose() {
	root_bare
	event 1700000000 stage version_from=1.0 version_to=2.0 generation_from=3 generation_to=4 verdict=kabi \
		sha256_to=0123456789abcdef0123456789abcdef detail=from%20/opt/x.ko
	dg -v history
	expect 0
	says ' ok 3>4 kabi 0123456789ab from /opt/x.ko$'
}

case_history_json() {
	root_bare
	event 1700000000 stage version_from=1.0 version_to=2.0 generation_from=3 generation_to=4 verdict=kabi \
		sha256_from=00 sha256_to=ff detail=a%22b actor=hook user=alice
	event 1700000001 commit
	dg --json history
	expect 0
	json '.events[0] == { time: "2023-11-14T22:13:20Z", actor: "hook", user: "alice", action: "stage",
		driver: "scap", kernel: "6.1.0-1", generation_from: 3, generation_to: 4, version_from: "1.0",
		version_to: "2.0", sha256_from: "00", sha256_to: "ff", verdict: "kabi", result: "ok", errno: null,
		detail: "a\"b" }'
	json '.events[1] | .action == "commit" and .actor == null and .generation_to == null and .detail == null'
	json '.events | length == 2'
	dg --json history nothing
	expect 0
	json '.events == []'
}

case_history_filters() {
	root_bare
	event 1700000000 stage driver=my-driver version_to=1
	event 1700086400 stage version_to=2
	event 1700172800 stage version_to=3 kernel=gone-5.10
	event "$(date +%s)" stage version_to=4
	dg --json history my_driver
	json '[.events[].version_to] == ["1"]'
	dg --json history my-driver scap
	json '[.events[].version_to] == ["1", "2", "3", "4"]'
	dg --json history --kernel gone-5.10
	json '[.events[].version_to] == ["3"]'
	dg --json history --kernel all
	json '.events | length == 4'
	dg --json history --since 2023-11-15
	json '[.events[].version_to] == ["2", "3", "4"]'
	dg --json history --until 2023-11-15
	json '[.events[].version_to] == ["1", "2"]'
	dg --json history --since "2023-11-14 22:13" --until "2023-11-14T22:13:20"
	json '[.events[].version_to] == ["1"]'
	dg --json history --since 1h
	json '[.events[].version_to] == ["4"]'
	dg --json history scap --kernel 6.1.0-1 --until 1d
	json '[.events[].version_to] == ["2"]'
	# Local time.
	TZ=UTC-3 dg --json history --since "2023-11-16 01:13:20" --until "2023-11-16 01:13:20"
	json '[.events[].version_to] == ["2"]'
	dg --json history --since "2023-11-16 01:13:20" --until "2023-11-16 01:13:20"
	json '.events == []'
}

case_history_nothing() {
	mkdir -p "$R"
	dg history
	expect 0
	one_line 'nothing is recorded' '.'
	[ ! -s "$out" ] || fail "words on stdout"
	dg -q history
	expect 0
	quiet 0
	[ -z "$(ls -A "$R")" ] || fail "something was written"
}

case_history_usage() {
	root_bare
	dg history --since tomorrowish
	expect 2
	one_line tomorrowish 'is no date'
	dg history --until 2026-02-30
	expect 2
	dg history --since
	expect 2
	dg status --since 1d
	expect 2
	dg history --dry-run
	expect 2
}

# The history does not hang on a configuration that can be read.
case_history_bad_configuration() {
	root_bare
	mkdir -p "$R/etc/drvguard"
	echo '[nonsense' >"$R/etc/drvguard/drvguard.conf"
	event 1700000000 stage version_to=1
	dg history
	expect 0
	says 'installed 1 '
}

# Lost: what is staged tells what it can, and it is said once.
case_history_lost() {
	root_staged
	rm -r "$R/run/drvguard/history"
	mkdir -p "$R/var/lib/drvguard"
	dg history
	expect 0
	one_line state.db 'there was no history.*1 records found'
	says 'scap found VERSION staged REL-B - ok$'
	dg --json history
	expect 0
	quiet 0
	json '.events | length == 1'
	json '.events[0] | .action == "found" and .generation_to == 1 and .verdict == "exact" and .kernel == $B'
	# Nothing else minds.
	dg --kernel "$B" status
	expect 0
}

case_history_damaged() {
	root_staged
	rm -r "$R/run/drvguard/history"
	mkdir -p "$R/var/lib/drvguard"
	head -c 20000 /dev/urandom >"$(state)/state.db"
	cp "$(state)/state.db" "$dir/was"
	snapshot >"$dir/before"
	dg --kernel "$B" status
	expect 0
	dg --kernel "$B" verify
	unchanged "$dir/before" snapshot
	dg history
	expect 0
	one_line state.db 'was damaged and is made anew'
	says 'found VERSION staged'
	cmp "$dir/was" "$(state)/state.db.bad"
	dg history
	expect 0
	quiet 0
}

# Cut anywhere: an answer, each time, and sound records only.
case_history_damaged_anywhere() {
	local i size
	root_bare
	for ((i = 0; i < 60; i++)); do
		event $((1700000000 + i)) stage version_to=$i
	done
	dg history
	size=$(stat -c %s "$(state)/state.db")
	cp "$(state)/state.db" "$dir/good"
	for i in 0 1 99 100 4096 5000 $((size / 2)) $((size - 4096)) $((size - 1)); do
		head -c "$i" "$dir/good" >"$(state)/state.db"
		dg --json history
		expect 0
		json 'all(.events[]; .action == "stage" and .driver == "scap") and (.events | length <= 60)'
		dg history
		expect 0
	done
}

case_history_read_by_all() {
	need_root
	root_bare
	event 1700000000 stage version_to=1
	dg history
	[ "$(stat -c %a "$(state)/state.db")" = 644 ] || fail "state.db is not readable by all"
	event 1700000001 stage version_to=2
	setpriv --reuid=65534 --clear-groups test -r "$(state)/state.db" || skip "the tree cannot be reached by others"
	snapshot >"$dir/before"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" history
	expect 0
	says 'installed 1 '
	says 'installed 2 '
	one_line /run/drvguard/history '1 records wait'
	unchanged "$dir/before" snapshot
	dg history
	quiet 0
	says 'installed 2 '
	[ "$(waiting)" = 0 ] || fail "it still waits"
}

# Text from elsewhere: bounded, and nothing a terminal would act on (which dg looks at each time).
case_history_hostile() {
	root_bare
	event 1700000000 stage version_to=%1B%5B31m%0A%FF detail=%07 driver=%1B%5D0%3B
	event 1700000001 stage "version_to=$(head -c 3000 /dev/zero | tr '\0' x)"
	printf 'drvguard-event 1\nid x\n' >"$R/run/drvguard/history/case.cut"
	head -c 100000 /dev/urandom >"$R/run/drvguard/history/case.noise"
	mkdir "$R/run/drvguard/history/case.dir"
	dg history
	expect 0
	one_line /run/drvguard/history '3 waiting records are none'
	dg -v history
	expect 0
	quiet 0
	[ "$(wc -l <"$out")" -eq 3 ] || fail "not two events"
	dg --json history
	json '.events | length == 2'
}

# Nearly as many as may wait.
case_history_many() {
	local i began ended
	root_bare
	for ((i = 0; i < 900; i++)); do
		event $((1700000000 + i)) stage version_to=$i
	done
	dg history
	expect 0
	[ "$(wc -l <"$out")" -eq 901 ] || fail "not all are there"
	tail -n 1 "$out" | grep 'installed 899 ' >/dev/null || fail "the newest is not the last"
}
