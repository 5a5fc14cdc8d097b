# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A runs, which was installed while the depot was away; its disk comes now.

. /usr/local/lib/drvguard-e2e/words.sh

shown "depot comes: the kernel of the depot's absence runs" is "$rel" "$A"
run drvguard status
shown "depot comes: until then status says waiting" is "$code" 4
echo "token waiting"
shown "depot comes: it is mounted" within 90 mountpoint -q /opt
shown "depot comes: the driver is staged and loaded by itself" within 90 grep -q '^scap ' /proc/modules
shown "depot comes: it is the build for this kernel" is "$(loaded_id scap)" "$(cat "/usr/local/lib/drvguard-e2e/id-$A")"
within 30 sh -c '! systemctl is-active -q drvguard-watch.service'
run drvguard status
shown "depot comes: status exits 0" is "$code" 0
shown "depot comes: the note is gone" test ! -e "/run/motd.d/drvguard-$A"
ends third none
