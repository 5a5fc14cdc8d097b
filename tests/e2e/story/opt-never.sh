# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A boot with /opt an automount whose disk never comes, and another depot on a file system that was dead before
# the local file systems were mounted.

. /usr/local/lib/drvguard-e2e/common.sh
when() { # PROPERTY UNIT, in seconds since boot
	echo $(($(systemctl show -P "$1" "$2") / 1000000))
}
took() { # UNIT
	echo $(($(when ExecMainExitTimestampMonotonic "$1") - $(when ExecMainStartTimestampMonotonic "$1")))
}

shown "/opt never comes: the machine is up" systemctl is-active -q multi-user.target
shown "/opt never comes: the early unit did not wait for it" test "$(took drvguard-early.service)" -lt 15
journalctl -b -o cat -u opt.automount --no-pager >/run/story.out
shown "/opt never comes: the main unit asked for the automount" said \
	"(drvguard)"
shown "/opt never comes: the early unit did not" sh -c \
	"! grep -F 'triggered by $(systemctl show -P ExecMainPID drvguard-early.service) ' /run/story.out"
shown "/opt never comes: the main unit ended in bounded time" test "$(took drvguard.service)" -lt 60
shown "/opt never comes: and well" is "$(systemctl show -P ActiveState drvguard.service)" active
shown "/opt never comes: the watch waits" systemctl is-active -q drvguard-watch.service
journalctl -b -o cat -u drvguard.service --no-pager >/run/story.out
shown "/opt never comes: said of the automount" said "/opt, of type autofs"
shown "/opt never comes: said of the dead file system" said "/srv/dead, of type fuse.silent"
shown "/opt never comes: both wait" is "$(grep -c . /run/drvguard/waiting)" 2
shown "/opt never comes: the watch is stopped at once" sh -c '
	began=$(cut -d. -f1 /proc/uptime)
	systemctl stop drvguard-watch.service
	test $(($(cut -d. -f1 /proc/uptime) - began)) -lt 20'
echo "told opt-never"
exit "$failed"
