# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The units are there, and the program is not.

. /usr/local/lib/drvguard-e2e/common.sh

shown "missing program: the machine is up" systemctl is-active -q multi-user.target
# By the field that systemd's message has itself: which unit its sender was in, the journal looks up, and the
# sender is gone by then where the machine is slow.
journalctl -b -o cat UNIT=drvguard-early.service --no-pager >/run/story.out
shown "missing program: the early unit says why" said "/usr/sbin/drvguard"
shown "missing program: the early unit failed, and nothing with it" is \
	"$(systemctl show -P Result drvguard-early.service)" exit-code

figure_boot "without drvguard"

mv /usr/sbin/drvguard.away /usr/sbin/drvguard
# The next boot judges what no manifest vouches for, and has no place for anything.
rm -rf /opt/falco
find /var -mindepth 1 -delete
: >/etc/fstab
echo "told boots-program"
exit "$failed"
