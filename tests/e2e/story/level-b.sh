# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Second boot, kernel level B. The vendor's script had copied the level-A driver
# into B's tree when B was installed, and the depot's disk is not there.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)
journal() {
	journalctl -b -o cat -u "$1" --no-pager
}

say "The kernel was raised: now $rel runs. The depot's disk is not there, /opt is empty."
say "The vendor's own script had copied the old level's driver into the new kernel's tree:"
run modinfo -F vermagic /lib/modules/"$rel"/extra/scap.ko
say "What the early unit saw, before anything could load a driver:"
journal drvguard-early.service >/run/story.out
sed 's/^/say   /' /run/story.out
shown "B: the early unit sees the mismatch" said "scap: mismatch"
shown "B: the early unit says it waits" said "waiting for the depot"
shown "B: the early unit ran before modules were loaded" sh -c '
	early=$(systemctl show -P ExecMainExitTimestampMonotonic drvguard-early.service)
	load=$(systemctl show -P ExecMainStartTimestampMonotonic systemd-modules-load.service)
	echo "early ended $early, modules-load began $load"
	[ "$early" -gt 0 ] && [ "$early" -lt "$load" ]'
# The main unit would have it loaded as well, but later than this.
shown "B: the guard was in before modules-load began" sh -c '
	in=$(dmesg | sed -n "s/^\[ *\([0-9]*\)\.\([0-9]*\)\] drvguard: .*technology level.*/\1\2/p")
	load=$(systemctl show -P ExecMainStartTimestampMonotonic systemd-modules-load.service)
	echo "the guard was in at $in, modules-load began $load"
	[ "$in" -lt "$load" ]'
shown "B: the guard enforces, with nothing proven" \
	is "$(cat /sys/kernel/security/drvguard/mode) $(sed 's/ !.*//' /sys/kernel/security/drvguard/policy)" "enforce deny scap"
shown "B: the stale driver is not loaded" sh -c '! grep -q "^scap " /proc/modules'
shown "B: systemd-modules-load was refused by the hold" sh -c \
	'journalctl -b -o cat -t systemd-modules-load | grep -q scap'
run modprobe scap
shown "B: modprobe by hand is refused, and told why" said "is held back in this kernel"
shown "B: the kernel was never offered the stale driver" sh -c '! dmesg | grep -q "scap: disagrees"'
shown "B: the agent's fixed place is empty" sh -c '! test -e /usr/lib/drivers/scap.ko'
run drvguard status
shown "B: status says waiting and exits 4" is "$code" 4
shown "B: what waits is on record" grep -q "^scap $rel /opt/falco/drivers" /run/drvguard/waiting
run drvguard repair
shown "B: repair without the depot exits 4" is "$code" 4
shown "B: the watch waits" systemctl is-active -q drvguard-watch.service
row "2 level raised, depot absent|$rel|stale scap kept from loading|waiting"

say "10 seconds after the early unit, or later, the depot's disk appears:"
early=$(($(systemctl show -P ExecMainExitTimestampMonotonic drvguard-early.service) / 1000000))
while [ "$(cut -d. -f1 /proc/uptime)" -lt $((early + 10)) ]; do sleep 1; done
echo "token early-done"
shown "B: the disk appears and is mounted on /opt" within 90 mountpoint -q /opt
mounted=$(cut -d. -f1 /proc/uptime)
shown "B: the driver is staged and loaded by itself" within 90 grep -q '^scap ' /proc/modules
took=$(($(cut -d. -f1 /proc/uptime) - mounted))
shown "B: no driver waits any more" within 30 sh -c '! test -e /run/drvguard/waiting'
within 30 drvguard -q status >/dev/null
shown "B: the watch is there for another depot in the same place" systemctl is-active -q drvguard-watch.service
journal drvguard-watch.service >/run/story.out
sed 's/^/say   /' /run/story.out
shown "B: the watch staged and verified it" said "verified"
staged=$(file_id scap)
shown "B: loaded is the staged build" is "$(loaded_id scap)" "$staged"
shown "B: loaded is the build for $rel" is "$staged" "$(cat /usr/local/lib/drvguard-e2e/id-b)"
shown "B: the agent's fixed place leads to it" test /usr/lib/drivers/scap.ko -ef \
	"/lib/modules/$rel/updates/drvguard/scap.ko"
row "3 depot mounted ${took} s ago|$rel|scap staged, verified, loaded|$(drvguard status scap |
	awk '$1 == "scap" { print $3 }')"

say "By hand, the whole of it:"
run drvguard -dm
shown "B: drvguard -dm exits 0" is "$code" 0
shown "B: drvguard -dm confirms the level by both sources" said "the kernel module and uname agree"
run drvguard verify --sum
file=/lib/modules/$rel/updates/drvguard/scap.ko
{
	sum "$file"
	sum -s "$file"
	cksum "$file"
} >/run/story.sums
say "And coreutils on the same file:"
sed 's/^/say   /' /run/story.sums
shown "B: verify --sum is what sum, sum -s and cksum print" cmp /run/story.out /run/story.sums
row "4 by hand|$rel|drvguard -dm, verify --sum = sum|$code"

say "And in the kernel: the guard knows which build is proven, since it was staged:"
run drvguard guard status
shown "B: the guard enforces what is staged" said "the policy is what is staged"
rmmod scap
run insmod /usr/local/lib/drvguard-e2e/other.ko
shown "B: another build, with every symbol right, is refused by the kernel" said "Operation not permitted"
shown "B: and is not loaded" sh -c '! grep -q "^scap " /proc/modules'
run modprobe scap
shown "B: the proven one loads" is "$code:$(loaded_id scap)" "0:$staged"
run drvguard guard log
shown "B: the guard's ledger tells both" sh -c 'grep -q "scap .*denied .*unproven" /run/story.out && grep -q "scap .*proven" /run/story.out'
run drvguard status
shown "B: status tells how long the machine was without it" said "scap: unprotected for"
row "5 another build offered|$rel|refused by the guard|$(dmesg | grep -c 'drvguard: scap: denied')"
echo "told level-b"
exit "$failed"
