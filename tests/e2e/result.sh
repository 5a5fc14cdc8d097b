# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced by tests whose steps are commands: TAP lines, their count in $n, $failed when one was not ok.
# The caller has a directory $work.

# shellcheck disable=SC2034 # the caller's exit status
failed=0 n=0

result() { # TEXT COMMAND...: ok when the command says so; what it prints is for when it does not
	local text=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		sed 's/^/# /' "$work/said"
		failed=1
	fi
}
