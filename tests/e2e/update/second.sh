# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# B runs, and the depot never comes.

. /usr/local/lib/drvguard-e2e/words.sh

shown "reboot: the new kernel runs" is "$rel" "$B"
shown "reboot: the depot was never mounted" sh -c '! mountpoint -q /opt && [ -z "$(ls -A /opt)" ]'
shown "reboot: the driver is loaded" within 60 grep -q '^scap ' /proc/modules
shown "reboot: it is the build for this kernel" is "$(loaded_id scap)" "$(cat "/usr/local/lib/drvguard-e2e/id-$B")"
run drvguard status
shown "reboot: status exits 0" is "$code" 0

take dpkg --purge "linux-image-$A"
shown "removal: dpkg purges the old kernel" is "$code" 0
shown "removal: and can remove its directory" test ! -e "/lib/modules/$A"
shown "removal: nothing is kept for it" test ! -e "/usr/lib/drvguard/kernels/$A"
shown "removal: the store holds the running kernel's driver alone" sh -c \
	'[ "$(ls /usr/lib/drvguard/store | wc -l)" = 1 ]'
run drvguard verify
shown "removal: verify finds nothing" is "$code" 0

take dpkg -i "/var/packages/$A.deb"
shown "depot away: dpkg installs a kernel" is "$code" 0
shown "depot away: the hook says what it waits for" said "drvguard: kernel $A: no driver scap that matches: "
shown "depot away: a note is there" test -e "/run/motd.d/drvguard-$A"
shown "depot away: what waits is on record" grep -q "^scap $A /opt/falco/drivers" /run/drvguard/waiting
shown "depot away: the watch waits for it" within 20 systemctl is-active -q drvguard-watch.service
run drvguard preflight "$A"
shown "depot away: preflight exits 4" is "$code" 4
ends second third
