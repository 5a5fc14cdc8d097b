# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Words of a story told inside a virtual machine. What is printed goes to the host:
#   say TEXT        for a person to read
#   row A|B|C|D     a row of the closing table
#   ok - NAME, not ok - NAME      what was shown, or not

failed=0

say() {
	echo "say $*"
}

# The command and what it prints, indented; its exit code in $code.
run() {
	echo "say   # $*"
	"$@" >/run/story.out 2>&1
	code=$?
	sed 's/^/say   /' /run/story.out
}

row() {
	echo "row $*"
}

# shown NAME COMMAND...: the command succeeds
shown() {
	name=$1
	shift
	if "$@" >/run/story.why 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/# /' /run/story.why
		failed=1
	fi
}

# The build-id of the loaded driver, and of a file's .ko: both from the same kind of note.
loaded_id() {
	od -An -tx1 -j16 "/sys/module/$1/notes/.note.gnu.build-id" 2>/dev/null | tr -d ' \n'
}

file_id() {
	drvguard --json status "$1" | grep -o '"staged_build_id":"[0-9a-f]*"' | cut -d'"' -f4
}

# within SECONDS COMMAND...: until it succeeds
within() {
	left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 1
	done
}

said() { # the last command's output holds the text
	grep -qF -- "$1" /run/story.out || {
		cat /run/story.out
		return 1
	}
}

is() {
	[ "$1" = "$2" ] || {
		echo "is '$1', should be '$2'"
		return 1
	}
}

# A figure of this machine, which is emulated: reported, held against nothing.
figure() {
	echo "# figure: $*"
}

hundredths() { # since boot
	sed 's/ .*//; s/\.//' /proc/uptime
}

# From systemd's start to multi-user.target, and what drvguard's units took of it.
figure_boot() { # WHAT
	figure "$1: userspace to multi-user.target $((($(systemctl show -P ActiveEnterTimestampMonotonic multi-user.target) - \
		$(systemctl show -P UserspaceTimestampMonotonic)) / 1000)) ms; $(for unit in drvguard-early drvguard; do
		echo "$unit $((($(systemctl show -P ExecMainExitTimestampMonotonic $unit.service) - \
			$(systemctl show -P InactiveExitTimestampMonotonic $unit.service)) / 1000)) ms"
	done | tr '\n' ' ')"
}
