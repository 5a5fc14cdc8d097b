# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The store is corrupt: a driver's bytes, and every record.

. /usr/local/lib/drvguard-e2e/common.sh

shown "corrupt store: the machine is up" systemctl is-active -q multi-user.target
journalctl -b -o cat -u drvguard-early.service --no-pager >/run/story.out
shown "corrupt store: the early unit says what is wrong" said "the staged file is not the one that was staged"
shown "corrupt store: it keeps the driver from loading" said "kept from loading"
shown "corrupt store: what is damaged was not offered to the kernel" sh -c '! dmesg | grep -qi "scap: disagrees\|scap: .*invalid"'
shown "corrupt store: the main unit staged it anew and loaded it" within 60 grep -q '^scap ' /proc/modules
run drvguard verify
shown "corrupt store: it is whole again" is "$code" 0
journalctl -b -o cat --no-pager >/run/story.out
shown "corrupt store: no ordering cycle, with a root file system that is checked" sh -c '! grep -qi "ordering cycle" /run/story.out'
shown "corrupt store: the early unit ended before udev began" sh -c '
	test "$(systemctl show -P ExecMainExitTimestampMonotonic drvguard-early.service)" \
	-lt "$(systemctl show -P ExecMainStartTimestampMonotonic systemd-udevd.service)"'

systemctl stop drvguard-stop.service
shown "corrupt store: a clean stop leaves nothing held against the driver" sh -c '! test -e /usr/lib/drvguard/attempts/scap'

head -c 5000 /dev/urandom >/etc/drvguard/drvguard.conf
printf '[product falco\ndepot\n\001\002' >/etc/drvguard/drivers.d/falco.conf
echo "told boots-store"
exit "$failed"
