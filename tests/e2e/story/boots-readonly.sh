# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The root file system is read-only and has nothing in /var, and the depot is gone.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

shown "read-only root, no /var: the machine is up" systemctl is-active -q multi-user.target
shown "read-only root, no /var: so it is" sh -c '! touch /usr/x && ! test -e /var/lib/drvguard'
journalctl -b -o cat -u drvguard-early.service --no-pager >/run/story.out
shown "read-only root, no /var: the early unit finds the staged driver right" said "scap: matches kernel $rel"
shown "read-only root, no /var: and is content" is "$(systemctl show -P ExecMainStatus drvguard-early.service)" 0
shown "read-only root, no /var: the driver was loaded" grep -q '^scap ' /proc/modules
run drvguard status
shown "read-only root, no /var: status exits 0" is "$code" 0
shown "read-only root, no /var: the main unit is content" is "$(systemctl show -P ActiveState drvguard.service)" active
figure_boot "with the units, a driver staged and right"
echo "told boots-readonly"
exit "$failed"
