# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A boot with the depot on the root file system; then /opt in one way after the other, as an
# administrator's hand or another tool brings it.

. /usr/local/lib/drvguard-e2e/common.sh
here=/usr/local/lib/drvguard-e2e
rel=$(uname -r)
staged=/lib/modules/$rel/updates/drvguard/scap.ko

watching() {
	systemctl is-active -q drvguard-watch.service
}
waits() {
	test -e /run/drvguard/waiting
}
status_is() { # EXIT TEXT
	run drvguard status
	is "$code" "$1" && said "$2"
}
log() {
	journalctl -b -o cat -u drvguard-watch.service --no-pager
}
seconds() {
	cut -d. -f1 /proc/uptime
}
# As after a boot without a depot, with nothing staged: /opt is empty, and the watch waits.
fresh() {
	systemctl stop drvguard-watch.service
	rmmod scap 2>/dev/null
	rm -rf /usr/lib/drvguard/* "/lib/modules/$rel/updates" /run/drvguard/waiting
	drvguard -q boot >/dev/null 2>&1
	systemctl start drvguard-watch.service
	within 60 waits
}
image() { # FILE DRIVER: a disk of a depot with that driver
	rm -rf /run/disk
	mkdir -p /run/disk/falco/drivers
	cp "$2" /run/disk/falco/drivers/scap.ko
	truncate -s 8M "$1"
	mke2fs -q -F -t ext4 -m 0 -O ^has_journal -d /run/disk "$1"
}
modprobe -a loop overlay fuse

say "/opt is a directory of the root file system."
shown "/opt local: staged and loaded at boot" within 60 grep -q '^scap ' /proc/modules
shown "/opt local: the watch ends, since nothing waits" within 60 sh -c '! systemctl is-active -q drvguard-watch.service'
shown "/opt local: it ended well" is "$(systemctl show -P Result drvguard-watch.service)" success
shown "/opt local: status exits 0" status_is 0 " match "

say "It is empty, and a disk is mounted there by hand, hours later."
rm -rf /opt/falco
shown "/opt empty: the watch waits" fresh
shown "/opt empty: status says so and exits 4" status_is 4 waiting
shown "/opt empty: the driver is kept from loading" sh -c '! modprobe scap'
date -s "+5 hours" >/dev/null
image /run/old.img $here/depot/falco/drivers/scap.ko
sleep 1
shown "/opt by hand: nothing stirred meanwhile" is "$(log | grep -c 'staged from')" 0
began=$(hundredths)
mount -o loop /run/old.img /opt
shown "/opt by hand, hours later: staged and loaded" within 60 grep -q '^scap ' /proc/modules
log >/run/story.out
shown "/opt by hand, hours later: verified" said "scap: staged from /opt/falco/drivers/scap.ko, verified"
ended=$(journalctl -b -o short-monotonic -u drvguard-watch.service --no-pager |
	sed -n 's/^\[ *\([0-9]*\)\.\([0-9][0-9]\).*staged from.*/\1\2/p')
figure "mounted to staged and verified: $((ended - began))0 ms"
began=$(hundredths)
depmod
figure "depmod: $(($(hundredths) - began))0 ms"
shown "/opt by hand, hours later: no driver waits any more" within 20 sh -c '! test -e /run/drvguard/waiting'

say "It is unmounted, and another disk is mounted there: a newer driver."
shown "/opt unmounted: the watch is there for what comes" watching
umount /opt
shown "/opt unmounted: what is staged stays" status_is 0 " match "
image /run/new.img $here/newer.ko
mount -o loop /run/new.img /opt
shown "/opt mounted again with other content: the newer driver is staged" within 60 cmp -s $staged $here/newer.ko
shown "/opt mounted again with other content: no driver waits" within 30 status_is 0 " 0.9.9"

say "stage --mount by hand, while the watch has a mount name space of its own."
umount /opt
fresh >/dev/null
mkdir -p "/lib/modules/$rel/extra"
cp $here/stale.ko "/lib/modules/$rel/extra/scap.ko"
depmod
systemctl stop drvguard-watch.service
mount -o loop /run/old.img /opt
run drvguard stage --mount scap
shown "stage --mount: state M" status_is 0 " M "
systemctl start drvguard-watch.service
within 20 watching
shown "stage --mount: the watch sees the mount" grep -q " /usr/lib/modules/$rel/extra/scap.ko " \
	"/proc/$(systemctl show -P MainPID drvguard-watch.service)/mountinfo"
shown "stage --mount: the watch leaves it as it is" status_is 0 " M "
run drvguard remove scap
shown "stage --mount: unmounted by hand, for the watch too" sh -c "! grep -q extra/scap.ko \
	/proc/$(systemctl show -P MainPID drvguard-watch.service)/mountinfo"
rm -r "/lib/modules/$rel/extra"
umount /opt

say "An overlay is mounted there."
fresh >/dev/null
mkdir -p /run/overlay/lower /run/overlay/upper /run/overlay/work
cp -a $here/depot/. /run/overlay/lower/
mount -t overlay overlay -o lowerdir=/run/overlay/lower,upperdir=/run/overlay/upper,workdir=/run/overlay/work /opt
shown "/opt an overlay: staged and loaded" within 60 grep -q '^scap ' /proc/modules
umount /opt

say "It is filled in place, as a package does."
fresh >/dev/null
cp -a $here/depot/. /opt/
shown "/opt filled in place: staged and loaded" within 60 grep -q '^scap ' /proc/modules
rm -rf /opt/falco

say "A file system in fstab that never comes."
echo '192.0.2.1:/opt /opt nfs noauto,_netdev 0 0' >>/etc/fstab
shown "/opt over a network that never comes: the watch waits" fresh
shown "/opt over a network that never comes: status names it" status_is 4 "waiting"
run drvguard -dm
shown "/opt over a network that never comes: -dm says what is awaited" said "/opt is not mounted yet"
sed -i '/nfs/d' /etc/fstab

say "A file system that is mounted, and whose server does not answer."
pid=$($here/silent /opt)
began=$(seconds)
status_is 4 waiting >/run/story.why
shown "/opt dead: status says waiting" is "$?" 0
shown "/opt dead: it does not hang" test $(($(seconds) - began)) -lt 30
run drvguard -dm
shown "/opt dead: -dm says which file system" said "/opt, of type fuse.silent"
shown "/opt dead: the watch goes on" watching
kill "$pid"
sleep 1
shown "/opt gone (not connected): status says waiting" status_is 4 waiting
umount /opt
mount -o loop /run/old.img /opt
shown "/opt alive again: staged and loaded" within 60 grep -q '^scap ' /proc/modules
umount /opt

say "An automount whose disk is not there yet."
fresh >/dev/null
systemctl stop drvguard-watch.service
cat >/run/systemd/system/opt.mount <<-END
	[Mount]
	What=/dev/disk/by-label/depot
	Where=/opt
	Type=ext4
END
printf '[Automount]\nWhere=/opt\n' >/run/systemd/system/opt.automount
mkdir -p /run/systemd/system/dev-disk-by\\x2dlabel-depot.device.d
printf '[Unit]\nJobTimeoutSec=20s\n' >/run/systemd/system/dev-disk-by\\x2dlabel-depot.device.d/timeout.conf
systemctl daemon-reload
systemctl start opt.automount
began=$(seconds)
shown "/opt automounted, its disk absent: status says waiting" status_is 4 waiting
shown "/opt automounted, its disk absent: it does not hang" test $(($(seconds) - began)) -lt 30
systemctl start drvguard-watch.service
shown "/opt automounted, its disk absent: the watch waits" within 30 waits
# Until the mount that was triggered has failed.
within 60 sh -c 'systemctl show -P ActiveState opt.mount | grep -qx inactive'
echo "token plug"
shown "/opt automounted, its disk comes: staged and loaded, the watch triggers it" within 120 grep -q '^scap ' /proc/modules
shown "/opt automounted: it is mounted" findmnt -n -t ext4 /opt
echo "told opt-by-hand"
exit "$failed"
