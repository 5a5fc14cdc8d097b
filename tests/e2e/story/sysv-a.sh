# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# First boot, kernel level A, nothing staged. The depot's disk is mounted by hand.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

order() { # SCRIPT in a runlevel's directory: its number
	basename /etc/"$1".d/S??"$2" | cut -c2-3
}
shown "sysv: init is sysvinit" sh -c '! test -d /run/systemd/system'
shown "sysv: the early script is ordered before udev's and kmod's" sh -c "
	test $(order rcS drvguard-early) -lt $(order rcS udev) && test $(order rcS drvguard-early) -lt $(order rcS kmod)"
shown "sysv A: the watch waits" within 30 test -e /run/drvguard/waiting
shown "sysv A: the driver is kept from loading" sh -c '! modprobe scap'
mount /opt
shown "sysv A: the depot is mounted by hand: staged and loaded" within 90 grep -q '^scap ' /proc/modules
run drvguard status
shown "sysv A: status exits 0" is "$code" 0
run /etc/init.d/drvguard status
shown "sysv A: the script tells it too" said " match "
shown "sysv A: the load is on record as tried" grep -q "boot" /usr/lib/drvguard/attempts/scap
# As at a shutdown in good order.
run /etc/init.d/drvguard stop
shown "sysv A: stopped: nothing is held against the driver" sh -c '! test -e /usr/lib/drvguard/attempts/scap'
shown "sysv A: stopped: no watch is left" within 10 sh -c '! pidof drvguard'
umount /opt
echo "told sysv-a"
exit "$failed"
