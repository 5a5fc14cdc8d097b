# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The boot after drvguard.ko took the machine down, with drvguard.enforce=0.

. /usr/local/lib/drvguard-e2e/common.sh
ctl=/sys/kernel/security/drvguard

shown "after a drvguard.ko that was fatal: the machine is up" systemctl is-active -q multi-user.target
shown "… which was not loaded again" test ! -e /sys/module/drvguard
journalctl -b -o cat -u drvguard-early.service --no-pager >/run/story.out
shown "… that nothing is refused is told" said "guard = enforce: nothing is refused in this kernel"
within 60 grep -q '^scap ' /proc/modules
shown "… everything else goes on" grep -q '^scap ' /proc/modules
run drvguard status drvguard
shown "… status says why" said "unclean boot"
run drvguard rollback
shown "… a rollback is the way back" is "$(modinfo -F version "/lib/modules/$(uname -r)/updates/drvguard/drvguard.ko")" 99.0
run drvguard guard load
shown "… and guard load loads it" is "$(cat /sys/module/drvguard/version)" 99.0
shown "drvguard.enforce=0: it is permissive, whatever is configured" is "$(cat $ctl/mode)" permissive
run drvguard guard enforce
shown "drvguard.enforce=0: and says so to who asks for more" is "$code:$(grep -c 'loaded with enforce=0' /run/story.out)" 3:1
shown "drvguard.enforce=0: another build loads" sh -c 'rmmod scap; insmod /usr/local/lib/drvguard-e2e/other.ko'
drvguard --quiet commit --stop
sync
echo "told guard-after"
exit "$failed"
