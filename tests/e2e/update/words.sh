# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Words of the three boots of update.sh, on top of story/common.sh.

. /usr/local/lib/drvguard-e2e/common.sh
. /usr/local/lib/drvguard-e2e/kernels
rel=$(uname -r)
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# The boot after this one tells that chapter.
ends() { # CHAPTER NEXT
	echo "$2" >/var/lib/drvguard-e2e-next
	sync
	echo "told $1"
	exit "$failed"
}

# A command whose output the following lines ask for, with its exit code in $code and its time for the log.
take() {
	began=$(cut -d. -f1 /proc/uptime)
	run "$@"
	echo "# $* took $(($(cut -d. -f1 /proc/uptime) - began)) s"
}

said_not() {
	! said "$1"
}

staged_for() { # REL: the build that is staged there
	drvguard --json status --kernel "$1" scap | grep -o '"staged_build_id":"[0-9a-f]*"' | cut -d'"' -f4
}

# The kernel that boots next, by the loader's own files.
next() {
	drvguard --json kernels | sed -n 's/.*"next":{"release":"\([^"]*\)".*/\1/p'
}

# What a login shows.
login_shows() { # TEXT
	: >/run/story.login
	script -qfc 'login -f root' /run/story.login </dev/null >/run/story.terminal 2>&1 &
	within 60 grep -qF -- "$1" /run/story.login
	shows=$?
	kill $!
	[ "$shows" = 0 ] || cat /run/story.login
	return "$shows"
}
