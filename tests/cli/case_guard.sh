# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2016 # lib.sh's variables; jq's
# The guard's side in userland. Its files are plain ones here: what is written to them and made of them.
# What a kernel makes of it is tests/e2e/kmod-guest's and guard.sh's to show.

guard_shows() { # MODE POLICY
	kmod_shows "$B"
	echo 'identity guard refuse' >"$R/sys/kernel/drvguard/features"
	ctl=$R/sys/kernel/security/drvguard
	mkdir -p "$ctl"
	echo "$1" >"$ctl/mode"
	printf '%s\n' "$2" >"$ctl/policy"
	echo 0 >"$ctl/violations"
	: >"$ctl/loads"
}

# Kernel B runs, scap is staged for it, and the guard is there with nothing to do.
root_guarded() {
	root_staged
	runs "$B"
	id_b=$(module_build_id "$SCAP_B")
	guard_shows permissive "deny scap $id_b"
}

# A later version of the driver that is another build too.
newer_build() { # DEST
	other_version 0.1.4 "$dir/version.ko"
	"$here/../e2e/other-build.sh" "$dir/version.ko" "$1"
	id_new=$(module_build_id "$1")
}

policy_is() { # TEXT
	[ "$(cat "$ctl/policy")" = "$1" ] || fail "the policy is '$(cat "$ctl/policy")', expected '$1'"
}

case_guard_absent() {
	root_staged
	runs "$B"
	for word in status log; do
		dg guard $word
		expect 3
		one_line /sys/kernel/security/drvguard 'the guard is not there; run drvguard guard load'
		[ ! -s "$out" ] || fail "it tells of a guard all the same"
	done
	dg --json guard
	expect 3
	json '.mode == null and .sealed == null and .in_step == null and .drivers == []'
	dg --json guard log
	expect 3
	json '.loads == []'
	dg guard permissive
	expect 3
	one_line /sys/kernel/security/drvguard 'the guard is not there'
	for word in load enforce seal; do
		dg guard $word
		expect 3
		one_line "$R" 'no kernel of ours runs there'
	done
	# Nobody relies on it: everything else goes on.
	dg repair
	expect 0
	quiet
	printf '[drvguard]\nguard = enforce\n' >"$R/etc/drvguard/drvguard.conf"
	dg repair
	expect 0
	one_line 'guard = enforce' 'nothing is refused in this kernel'
}

case_guard_status() {
	root_guarded
	dg guard status
	expect 0
	quiet
	says '^permissive, 0 violations$'
	says '^the policy is what is staged$'
	says '^scap +deny +1 +0$'
	dg --json guard
	expect 0
	json '.mode == "permissive" and .sealed == false and .can_refuse and .in_step and .violations == 0'
	json '.drivers == [{driver: "scap", action: "deny", proven: 1, known: 0}]'
	echo 'enforce sealed' >"$ctl/mode"
	echo 3 >"$ctl/violations"
	echo 'deny scap 00' >"$ctl/policy"
	dg guard
	expect 1
	says '^enforce, sealed, 3 violations$'
	says 'not what is staged, and sealed: reboot'
	echo 'identity guard' >"$R/sys/kernel/drvguard/features"
	dg guard
	says 'this kernel takes no notice of a refusal'
	dg --json guard
	json '.can_refuse == false and .sealed and .in_step == false'
}

# What other kernels have is known, and makes no difference to what may run in this one.
case_guard_status_other_kernel() {
	root_with "$A" "$B"
	offer_both
	dg --kernel "$B" stage
	expect 0
	runs "$B"
	guard_shows permissive "deny scap $(module_build_id "$SCAP_B")"
	dg --kernel "$A" stage
	expect 0
	dg guard
	expect 0
	says '^the policy is what is staged$'
	dg guard load
	expect 0
	policy_is "deny scap $(module_build_id "$SCAP_B") !$(module_build_id "$SCAP_A")"
}

case_guard_speaks_otherwise() {
	root_guarded
	echo 2 >"$R/sys/kernel/drvguard/abi"
	dg guard load
	expect 3
	one_line /sys/kernel/drvguard/abi 'speaks ABI 2'
	policy_is "deny scap $id_b"
	echo 1 >"$R/sys/kernel/drvguard/abi"
	echo lenient >"$ctl/mode"
	dg guard
	expect 3
	one_line mode 'a mode that is not known'
}

case_guard_load() {
	root_guarded
	echo 'deny scap' >"$ctl/policy"
	dg guard load
	expect 0
	says '^the policy is what is staged$'
	policy_is "deny scap $id_b"
	# By hand also where it is not used by itself.
	printf '[drvguard]\nguard = off\n' >"$R/etc/drvguard/drvguard.conf"
	echo 'deny scap' >"$ctl/policy"
	dg repair
	expect 0
	policy_is 'deny scap'
	dg guard load
	expect 0
	policy_is "deny scap $id_b"
}

case_guard_modes() {
	root_guarded
	echo 'deny scap' >"$ctl/policy"
	dg guard enforce
	expect 0
	grep -q '^enforce' "$ctl/mode"
	# What refuses is what is staged.
	policy_is "deny scap $id_b"
	printf '[drvguard]\nguard = enforce\n' >"$R/etc/drvguard/drvguard.conf"
	dg guard permissive
	expect 0
	dg repair
	expect 0
	grep -q '^permissive' "$ctl/mode" || fail "what was asked for by hand did not last"
	dg guard enforce
	expect 0
	echo permissive >"$ctl/mode"
	dg repair
	expect 0
	grep -q '^enforce' "$ctl/mode"
	dg history
	says 'had the guard enforce'
	says 'made the guard permissive'
	dg guard maybe
	expect 2
	dg guard load scap
	expect 2
}

case_guard_follows_what_is_staged() {
	root_guarded
	newer_build "$depot/newer.ko"
	dg stage
	expect 0
	policy_is "deny scap $id_new !$id_b"
	dg rollback
	expect 0
	policy_is "deny scap $id_b !$id_new"
	dg stage --force
	expect 0
	policy_is "deny scap $id_new !$id_b"
	# What it superseded is in its place again.
	dg remove scap
	expect 0
	policy_is "deny scap $id_b !$id_new"
}

# What switches lets the new build in before anybody may load it, and takes the old one out after.
case_guard_let_in_before_the_rename() {
	root_guarded
	newer_build "$depot/newer.ko"
	dg_as strace -f -o "$dir/trace" -s 300 -e trace=write,rename,renameat2 "$DRVGUARD" --root "$R" stage
	expect 0
	grep -nE "write.*deny scap|rename.*updates/" "$dir/trace" >"$dir/order"
	sed -n '1p' "$dir/order" | grep -q "$id_new" || fail "not let in first"
	sed -n '1p' "$dir/order" | grep -q " $id_b" || fail "the old one was taken out too early"
	sed -n '2p' "$dir/order" | grep -q rename || fail "no rename behind it"
	sed -n '3p' "$dir/order" | grep -q "!${id_b:0:4}" || fail "the old one was not taken out"
}

case_guard_follows_a_hook_for_the_running_kernel() {
	root_guarded
	newer_build "$depot/newer.ko"
	dg hook add "$B"
	expect 0
	policy_is "deny scap $id_new !$id_b"
}

# Another build of the running kernel was installed: what is judged now is for the next boot.
case_guard_hook_for_a_rebuilt_kernel() {
	root_guarded
	config_falco 'path = /usr/lib/drivers/scap.ko'
	dg repair
	expect 0
	readlink "$R/usr/lib/drivers/scap.ko" >"$dir/place"
	build_id_note 00112233445566778899aabbccddeeff00112233 >"$R/sys/kernel/notes"
	newer_build "$depot/newer.ko"
	dg hook add "$B"
	expect 0
	cmp "$depot/newer.ko" "$link/scap.ko"
	# What was let in when it began still is; nobody proved it for a kernel of that build-id.
	policy_is "deny scap $id_b !$id_new"
	[ "$(readlink "$R/usr/lib/drivers/scap.ko")" = "$(cat "$dir/place")" ] || fail "the fixed place was moved"
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "it is held"
}

# The brake works whoever writes, and whatever else is wrong.
case_guard_permissive_at_any_time() {
	root_guarded
	echo enforce >"$ctl/mode"
	flock "$R/usr/lib/drvguard/lock" sleep 20 &
	holder=$!
	eventually sh -c "! flock -n '$R/usr/lib/drvguard/lock' true"
	dg guard permissive
	kill "$holder"
	expect 0
	grep -q '^permissive' "$ctl/mode"
	echo enforce >"$ctl/mode"
	echo 'deny scap' >"$ctl/policy"
	dg guard permissive
	expect 0
	says 'not what is staged'
	echo enforce >"$ctl/mode"
	rm -r "$R/lib/modules/$B" "$R/boot"
	dg guard permissive
	grep -q '^permissive' "$ctl/mode"
}

# What could not be staged is not let in.
case_guard_stage_undone() {
	root_guarded
	newer_build "$depot/newer.ko"
	mkdir "$dir/bin"
	printf '#!/bin/sh\nexit 1\n' >"$dir/bin/depmod"
	chmod 755 "$dir/bin/depmod"
	PATH=$dir/bin:$PATH dg stage
	expect 3
	cmp "$SCAP_B" "$link/scap.ko"
	policy_is "deny scap $id_b"
}

# What is mounted can be loaded at once.
case_guard_let_in_before_the_mount() {
	need_root
	root_guarded
	newer_build "$depot/newer.ko"
	dg_as strace -f -o "$dir/trace" -s 300 -e trace=write,mount "$DRVGUARD" --root "$R" stage --mount
	expect 0
	grep -nE 'write.*deny scap|mount\(.*MS_BIND, NULL' "$dir/trace" >"$dir/order"
	sed -n '1p' "$dir/order" | grep -q "$id_new" || fail "not let in first"
	sed -n '2p' "$dir/order" | grep -q mount || fail "no mount behind it"
	policy_is "deny scap $id_new !$id_b"
}

# One that nothing tells from another is not refused between the rename and what follows it.
case_guard_without_a_build_id() {
	root_guarded
	other_version 0.1.4 "$dir/version.ko"
	objcopy --remove-section .note.gnu.build-id "$dir/version.ko" "$depot/newer.ko"
	dg_as strace -f -o "$dir/trace" -s 300 -e trace=write,rename,renameat2 "$DRVGUARD" --root "$R" stage
	expect 0
	grep -nE "write.*(deny|warn) scap|rename.*updates/" "$dir/trace" >"$dir/order"
	sed -n '1p' "$dir/order" | grep -q 'warn scap' || fail "not let in first"
	policy_is "warn scap !$id_b"
}

# Sealed, what is staged now comes with the next boot, and until then what was there is let in.
case_guard_sealed() {
	root_guarded
	echo 'enforce sealed' >"$ctl/mode"
	newer_build "$depot/newer.ko"
	dg repair
	expect 0
	one_line /sys/kernel/security/drvguard/policy 'the guard is sealed: what is staged now is let in, .* by the next boot; reboot'
	policy_is "deny scap !$id_new $id_b"
	dg guard load
	expect 3
	dg rollback
	expect 0
	quiet
	policy_is "deny scap $id_b !$id_new"
	dg guard
	expect 0
}

case_guard_off_and_enforcing() {
	root_guarded
	echo enforce >"$ctl/mode"
	printf '[drvguard]\nguard = off\n' >"$R/etc/drvguard/drvguard.conf"
	dg repair
	expect 0
	quiet
	newer_build "$depot/newer.ko"
	dg stage
	expect 0
	one_line 'guard = off' 'enforces still, and refuses what is staged now; run drvguard guard permissive'
	policy_is "deny scap $id_b"
}

# What refuses by a policy of before is an error, wherever it is asked for.
case_guard_policy_cannot_be_written() {
	need_root
	root_guarded
	newer_build "$depot/newer.ko"
	chattr +i "$ctl/policy" 2>/dev/null || skip "this file system has no immutable files"
	trap 'chattr -i "$ctl/policy"' EXIT
	for command in repair 'guard enforce'; do
		# shellcheck disable=SC2086 # words
		dg $command
		expect 3
		one_line /sys/kernel/security/drvguard/policy 'cannot write'
	done
	grep -q '^permissive' "$ctl/mode" || fail "it enforces what is not staged"
	dg --json guard enforce
	expect 3
	json '.mode == null'
}

# It tells still: everything else goes on.
case_guard_mode_cannot_be_written() {
	need_root
	root_guarded
	printf '[drvguard]\nguard = enforce\n' >"$R/etc/drvguard/drvguard.conf"
	chattr +i "$ctl/mode" 2>/dev/null || skip "this file system has no immutable files"
	trap 'chattr -i "$ctl/mode"' EXIT
	dg repair
	expect 0
	one_line /sys/kernel/security/drvguard/mode 'cannot write'
}

# What lies there in another root may be anything.
case_guard_files_of_another_kind() {
	root_guarded
	for file in loads policy mode; do
		rm "$ctl/$file"
		mkfifo "$ctl/$file"
		timeout 20 "$DRVGUARD" --root "$R" status >/dev/null 2>&1 || [ $? -ne 124 ]
		dg guard
		dg guard log
	done
	dg guard permissive
	expect 3
}

# drvguard.ko is a driver like others, but nobody waits for it.
case_guard_in_the_product_it_guards() {
	root_guarded
	printf '[drvguard]\ngate = yes\n' >"$R/etc/drvguard/drvguard.conf"
	config_driver drvguard
	newer_build "$depot/newer.ko"
	dg stage
	says '^scap +staged'
	cmp "$depot/newer.ko" "$link/scap.ko"
	policy_is "deny scap $id_new !$id_b"
}

case_guard_misspelt() {
	root_guarded
	echo "deny other 00" >>"$ctl/policy"
	printf '[driver other]\nproduct = flaco\n' >>"$conf"
	dg repair
	expect 2
	policy_is "deny scap $id_b
deny other 00"
}

# A directory that cannot be listed says nothing of what is in it.
case_guard_configuration_unread() {
	root_guarded
	rm -r "$R/etc/drvguard/drivers.d"
	ln -s drivers.d "$R/etc/drvguard/drivers.d"
	dg repair
	expect 2
	errs 'drivers.d: .*; .+'
	policy_is "deny scap $id_b"
}

case_guard_nothing_configured() {
	root_guarded
	rm "$conf"
	dg repair
	policy_is ''
	dg guard
	expect 0
	says '^the policy is what is staged$'
}

case_guard_log() {
	root_guarded
	loaded scap "$SCAP_B"
	cat >"$ctl/loads" <<-END
		1 1.000000 1.100000 scap 00112233 OE warned unproven - 12 0 insmod
		2 2.000000 - scbp 00112233 F denied forced renamed 13 0 insmod
		3 2.100000 2.250000 scap $id_b OE proven - - 14 0 modprobe
	END
	dg guard log
	expect 0
	says '^2\.000 +- +scbp +denied +forced, renamed +F +00112233 +insmod\[13\] of user 0$'
	dg --json guard log
	json '.loads | length == 3 and .[1].live == null and .[2].live == 2.25 and .[2].verdict == "proven"'
	# Another build was no protection.
	dg status
	says '^scap: unprotected for 2\.2 s, until it was loaded$|^scap: unprotected for 2\.3 s, until it was loaded$'
	dg --json status
	json '.kernels[0].drivers[0].unprotected_seconds == 2.25'
	echo nonsense >"$ctl/loads"
	dg guard log
	expect 3
	one_line loads 'a line of another form'
}
