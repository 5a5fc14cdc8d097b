# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# drvguard=off, with a guard that is staged and configured to enforce.

. /usr/local/lib/drvguard-e2e/common.sh

shown "drvguard=off: the machine is up" systemctl is-active -q multi-user.target
shown "drvguard=off: no guard" test ! -e /sys/module/drvguard
shown "drvguard=off: any build loads" insmod /usr/local/lib/drvguard-e2e/other.ko
run drvguard guard
shown "drvguard=off: guard status says there is none" is "$code" 3
echo "told guard-off"
exit "$failed"
