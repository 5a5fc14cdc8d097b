# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Second boot, kernel level B. The vendor's script had copied the level-A driver into B's tree, and
# /etc/modules asks for it; the depot is not mounted.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

shown "sysv B: the early script kept the stale driver from loading" sh -c \
	'test -e /run/modprobe.d/drvguard-scap.conf && ! grep -q "^scap " /proc/modules'
shown "sysv B: the kernel was never offered it" sh -c '! dmesg | grep -q "scap: disagrees"'
run modprobe scap
shown "sysv B: modprobe by hand is refused, and told why" said "is held back in this kernel"
run drvguard status
shown "sysv B: status says waiting and exits 4" is "$code" 4
shown "sysv B: the watch waits" pidof drvguard
sleep 2
mount /opt
shown "sysv B: the depot is mounted by hand: staged and loaded" within 90 grep -q '^scap ' /proc/modules
run drvguard -dm
shown "sysv B: drvguard -dm exits 0" is "$code" 0
shown "sysv B: staged is the build for this kernel" is "$(modinfo -F vermagic scap | cut -d' ' -f1)" "$rel"
shown "sysv B: no driver waits" sh -c '! test -e /run/drvguard/waiting'
shown "sysv B: the watch is there for what comes" pidof drvguard
echo "told sysv-b"
exit "$failed"
