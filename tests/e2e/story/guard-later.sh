# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The boot after: the later drvguard.ko is there from early boot on.

. /usr/local/lib/drvguard-e2e/common.sh
lib=/usr/local/lib/drvguard-e2e
ctl=/sys/kernel/security/drvguard

shown "next boot: the later drvguard.ko guards" is "$(cat /sys/module/drvguard/version)" 99.0
shown "next boot: it enforces, unsealed" is "$(cat $ctl/mode)" enforce
shown "next boot: it was there before modules-load began" sh -c '
	in=$(dmesg | sed -n "s/^\[ *\([0-9]*\)\.\([0-9]*\)\] drvguard: .*technology level.*/\1\2/p")
	load=$(systemctl show -P ExecMainStartTimestampMonotonic systemd-modules-load.service)
	echo "the guard was in at $in, modules-load began $load"
	[ "$in" -lt "$load" ]'
within 60 grep -q '^scap ' /proc/modules
run drvguard guard
shown "next boot: the policy is what is staged" is "$code" 0
run drvguard commit --boot
shown "next boot: both were well" said "2 loads confirmed"
# For the boot after this.
cp $lib/fatal.ko /opt/drvguard/
run drvguard stage drvguard
shown "a drvguard.ko that will take the machine down is staged" said "drvguard  staged"
drvguard --quiet commit --stop
sync
echo "told guard-later"
exit "$failed"
