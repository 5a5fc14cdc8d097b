#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the machine of powercut.sh: fills an empty disk; or looks at what the last cut left, and then
# stages back and forth until the power goes again. Told line by line:
#   token staging          the loop begins
#   acked GENERATION       a run has ended well: from now on no cut may undo it
#   found old|new GENERATION, clean | mended    what was there after the cut
#   lost WHY               what must not be
set -eu

value() { # KEY: of drvguard.KEY=VALUE on the kernel's command line
	tr ' ' '\n' </proc/cmdline | sed -n "s/^drvguard\.$1=//p"
}

rel=$(uname -r)
mkdir -p /tools
mount -t ext4 -o ro /dev/vdb /tools
mount -t proc proc /tools/proc
mount -t devtmpfs devtmpfs /tools/dev
mount -t "$(value fs)" /dev/vda /tools/mnt
link=/tools/mnt/lib/modules/$rel/updates/drvguard

# The configurations are not on the disk: nothing on it is changed, or synced, but by drvguard.
dg() { # old|new COMMAND…
	conf=$1
	shift
	chroot /tools /bin/drvguard --root /mnt --config "/$conf.conf" "$@" >/run/out 2>&1
}

lost() {
	echo "lost $*"
	sed 's/^/# /' /run/out
	exit 1
}

if [ ! -e /tools/mnt/ready ]; then
	tar -C /tools/mnt -xf /tools/base.tar
	dg old stage || lost "cannot stage at first"
	touch /tools/mnt/ready
	sync
	umount /tools/mnt
	exit 0
fi

: >/run/out
chroot /tools /bin/look /mnt "$rel" scap >/run/look || lost "the tree cannot be looked at"
sum=$(sed -n 's/^found scap //p' /run/look)
which=
for w in old new; do
	[ "$sum" != "$(sha256sum <"/tools/mnt/drivers/scap-$w.ko" | cut -d' ' -f1)" ] || which=$w
done
[ -n "$which" ] || lost "modprobe finds neither: $(grep -E '^(found|state l)' /run/look)"
generation=$(readlink "$link")
generation=${generation##*/}
[ "$generation" -ge "$(value acked)" ] || lost "generation $generation, but $(value acked) had been told as done"
dg "$which" verify && clean=clean || clean=mended
# The next run ends in the wanted state, whatever that was; by force, since going back to the old one withdrew the new.
dg new --force stage || lost "the next run ended with $?"
dg new verify || lost "verify after the next run ended with $?"
chroot /tools /bin/look /mnt "$rel" scap >/run/look
sum=$(sed -n 's/^found scap //p' /run/look)
[ "$sum" = "$(sha256sum <"/tools/mnt/drivers/scap-new.ko" | cut -d' ' -f1)" ] || lost "the new driver is not staged"
# What a killed depmod leaves, and a generation begun, are known to stay: see todo in run.
grep '^left' /run/look | grep -vE 'modules\.[a-z.]*\.[0-9]+\.[0-9]+\.[0-9]+$|/kernels/[^/]*/\.new' >/run/left || :
[ ! -s /run/left ] || lost "$(cat /run/left)"
echo "found $which $generation, $clean"
[ "$(value last)" != yes ] || exit 0

echo "token staging"
while :; do
	for which in old new; do
		dg "$which" --force stage || lost "staging ended with $?"
		generation=$(readlink "$link")
		echo "acked ${generation##*/}"
	done
done
