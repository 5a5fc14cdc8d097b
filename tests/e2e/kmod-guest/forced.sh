# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the busybox guest, behind guard.sh, which leaves the guard enforcing: drivers forced past vermagic
# and symbol versions. Last of all, since lockdep goes off when one is.

shown "guard: the proven one, forced, is refused" refuses "not permitted" /hammer force /drivers/proven.ko
shown "guard: … and told" is "$(last)" "denied forced -"
shown "guard: … and has not run" not_run
shown "guard: … and the ledger has its taint" sh -c "tail -n 1 $ctl/loads | cut -d' ' -f6 | grep -q F"
shown "guard: the stale one, forced, is refused" refuses "not permitted" /hammer force /drivers/stale.ko
