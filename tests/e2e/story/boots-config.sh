# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The configuration is no configuration.

. /usr/local/lib/drvguard-e2e/common.sh

shown "corrupt configuration: the machine is up" systemctl is-active -q multi-user.target
for unit in drvguard-early drvguard; do
	journalctl -b -o cat -u "$unit.service" --no-pager >/run/story.out
	shown "corrupt configuration: $unit names the file" said "/etc/drvguard/"
	shown "corrupt configuration: $unit fails, with the status for it" is \
		"$(systemctl show -P ExecMainStatus "$unit.service")" 2
done
shown "corrupt configuration: the watch is not started over and over" is \
	"$(systemctl show -P NRestarts drvguard-watch.service)" 0

rm /etc/drvguard/drvguard.conf
printf '[product falco]\ndepot = /opt/falco/drivers\n[driver scap]\nproduct = falco\n' >/etc/drvguard/drivers.d/falco.conf
mv /usr/sbin/drvguard /usr/sbin/drvguard.away
echo "told boots-config"
exit "$failed"
