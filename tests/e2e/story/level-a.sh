# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# First boot, kernel level A, the depot's disk there from the start.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

say "The machine boots kernel $rel. The depot's disk is there and mounted on /opt."
shown "A: the boot unit staged the driver" within 60 test -e "/lib/modules/$rel/updates/drvguard/scap.ko"
within 60 grep -q '^scap ' /proc/modules
run drvguard status
shown "A: status exits 0" is "$code" 0
shown "A: the driver matches" said " match "
shown "A: modprobe would load the staged file" \
	is "$(modprobe -n --show-depends scap | sed -n 's/^insmod \([^ ]*scap.ko\) *$/\1/p')" \
	"/lib/modules/$rel/updates/drvguard/scap.ko"
shown "A: the boot unit loaded it" grep -q '^scap ' /proc/modules
shown "A: loaded is the staged build" is "$(loaded_id scap)" "$(file_id scap)"
shown "A: the agent's fixed place leads to it" test /usr/lib/drivers/scap.ko -ef \
	"/lib/modules/$rel/updates/drvguard/scap.ko"
shown "A: what was at the fixed place before is kept" test -f /usr/lib/drivers/scap.ko.drvguard-saved

run drvguard repair
shown "A: a second repair exits 0 and changes nothing" said "nothing to do"
shown "A: the level is told, and both sources agree" said "the kernel module and uname agree"
row "1 depot mounted|$rel|scap staged and loaded|$(drvguard status scap | awk '$1 == "scap" { print $3 }')"
echo "told level-a"
exit "$failed"
