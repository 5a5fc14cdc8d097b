# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Command lines that cannot be meant.

# Each of these: exit code 2, one line on stderr, nothing on stdout, nothing changed.
case_usage_errors() {
	local line
	root_staged
	snapshot >"$dir/before"
	while read -r line; do
		# shellcheck disable=SC2086 # words are meant
		dg_as "$DRVGUARD" --root "$R" $line
		expect 2
		[ ! -s "$out" ] || fail "words on stdout"
		[ "$(wc -l <"$err")" -eq 1 ] || fail "not one line on stderr"
		unchanged "$dir/before" snapshot
	done <<-END

		frobnicate
		--frobnicate status
		-z status
		--kernel
		stage --kernel
		--kernel $B status nosuchdriver
		--kernel $B stage nosuchdriver
		--kernel $B verify nosuchdriver
		--kernel $B check nosuchdriver
		--kernel $B identity
		--kernel $B -dm
		kernels extra
		identity extra
		-dm extra
		initramfs extra
		initramfs list extra
		--sum --kernel $B status
		--dry-run --kernel $B verify
		--force --kernel $B check
		--json=yes status
		--kernel ../../etc stage
		--kernel /lib/modules/$B status
	END
}

case_usage_root() {
	dg_as "$DRVGUARD" --root "$dir/none" status
	expect 2
	[ "$(wc -l <"$err")" -eq 1 ] || fail "not one line on stderr"
	touch "$dir/file"
	dg_as "$DRVGUARD" --root "$dir/file" status
	expect 2
	dg_as "$DRVGUARD" --root '' status
	expect 2
}

case_usage_kernel_not_installed() {
	root_with "$B"
	dg --kernel 9.9.9-none check
	expect 3
	one_line 9.9.9-none 'no such kernel is installed'
	dg status
	expect 3
	one_line "$R" 'no kernel runs in this root'
}

case_help_and_version() {
	local command
	dg_as "$DRVGUARD" --help
	expect 0
	[ ! -s "$err" ] || fail "words on stderr"
	for command in identity kernels check status stage verify repair watch; do
		says "^ *$command "
	done
	dg_as "$DRVGUARD" --version
	expect 0
	says '^drvguard [0-9]+\.[0-9]+'
}

# A report that could not be written is no report: the exit code says so.
case_output_full() {
	local command
	[ -c /dev/full ] || skip "no /dev/full"
	root_staged
	for command in "--kernel $B "{status,check,verify,stage,"status --json"} kernels; do
		# shellcheck disable=SC2086 # words are meant
		dg_as sh -c 'exec "$@" >/dev/full' - "$DRVGUARD" --root "$R" $command
		expect 3
	done
}
