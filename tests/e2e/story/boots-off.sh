# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# drvguard=off on the kernel's command line; and what systemd-analyze says of the units.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)
units="drvguard-early.service drvguard.service drvguard-watch.service drvguard-good.timer drvguard-good.service drvguard-stop.service"

shown "drvguard=off: the machine is up" systemctl is-active -q multi-user.target
for unit in $units; do
	shown "drvguard=off: $unit was not started" is "$(systemctl show -P ActiveState "$unit")" inactive
done
shown "drvguard=off: nothing is held" sh -c '! test -e /run/modprobe.d/drvguard-scap.conf'
shown "drvguard=off: nothing is staged" sh -c "! test -e /lib/modules/$rel/updates/drvguard"
run env DRVGUARD_ACTOR=boot drvguard boot
shown "drvguard=off: a script's call does nothing and ends with 0" is "$code" 0
shown "drvguard=off: and says so" said "switched off"
run drvguard -dm
shown "drvguard=off: by hand everything works" is "$code" 0
shown "drvguard=off: by hand it is staged" said "staged   scap: generation 1"

# shellcheck disable=SC2086 # a list of words
systemd-analyze verify --man=no --recursive-errors=no $units >/run/story.out 2>&1
shown "units: systemd-analyze verify ends with 0" is "$?" 0
shown "units: it has nothing to say of them" sh -c '! grep -i "drvguard\|cycle" /run/story.out'
for unit in drvguard-early drvguard-good drvguard-stop; do
	shown "units: $unit's exposure is below 3" systemd-analyze security --no-pager --threshold=29 "$unit.service"
done
for unit in drvguard drvguard-watch; do
	shown "units: $unit's exposure is below 4" systemd-analyze security --no-pager --threshold=39 "$unit.service"
done

# For the next boot: another file in the store, and what is no record.
for file in /usr/lib/drvguard/store/*/scap.ko; do
	dd if=/dev/zero of="$file" bs=4096 seek=10 count=1 conv=notrunc 2>/dev/null
done
head -c 3000 /dev/urandom >/usr/lib/drvguard/intent
head -c 3000 /dev/urandom >"/usr/lib/drvguard/kernels/$rel/trial"
head -c 3000 /dev/urandom >"/usr/lib/drvguard/kernels/$rel/withdrawn"
mkdir -p /usr/lib/drvguard/attempts
head -c 3000 /dev/urandom >/usr/lib/drvguard/attempts/scap
echo "told boots-off"
exit "$failed"
