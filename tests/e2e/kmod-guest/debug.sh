# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the guest of a debug kernel: the same tests of the guard, and then what the kernel has to
# say of memory, locks and undefined behaviour. A warning ends the guest at once
# (panic_on_warn), but where races are looked for: there the rest of the kernel has some of its own.

. /lib.sh
kind=$(cat /kind)
mount -t debugfs debugfs /sys/kernel/debug
if [ "$kind" = kasan ]; then
	shown "a debug kernel: KASAN, lockdep, kmemleak" sh -c \
		'dmesg | grep -q "KernelAddressSanitizer initialized" && test -e /proc/lockdep_stats && test -e /sys/kernel/debug/kmemleak'
	# Who sees nothing wrong has to be able to see: what this tells is taken out again.
	echo clear >/sys/kernel/debug/kmemleak
else
	shown "a debug kernel: KCSAN" grep -q "enabled: 1" /sys/kernel/debug/kcsan
	insmod /modules/racer.ko 2>/dev/null
	shown "it sees a race that is there" sh -c 'dmesg | grep -q "BUG: KCSAN: data-race in race.*\[racer\]"'
fi

shown "the debug build's self-tests pass" insmod /modules/drvguard-debug.ko
rmmod drvguard
insmod /modules/drvguard.ko
. /guard.sh

if [ "$kind" = kasan ]; then
	echo scan >/sys/kernel/debug/kmemleak
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak
	shown "kmemleak has nothing" is "$(cat /sys/kernel/debug/kmemleak)" ""
	shown "lockdep is still on" sh -c 'grep "debug_locks: *1" /proc/lockdep_stats'
fi
. /forced.sh
dmesg >/log
if [ "$kind" = kasan ]; then
	wrong="WARNING|BUG|Oops|KASAN:|UBSAN:|kmemleak: [0-9]|possible (circular|recursive)|suspicious RCU|inconsistent lock"
else
	points=$(sed -n 's/^setup_watchpoints: //p' /sys/kernel/debug/kcsan)
	shown "it looked at accesses" test "$points" -gt 1000
	# The line that begins a report names both functions; those below it have the module's name.
	echo "# $(grep -c "BUG: KCSAN:" /log) reports of KCSAN, $(grep "BUG: KCSAN:" /log | grep -c "dg_\|drvguard") of them ours; watchpoints: $points"
	wrong="KCSAN:.*(dg_|drvguard)|\[drvguard\]|Oops"
fi
shown "no BUG, WARNING, Oops, leak, race or lockdep line" sh -c "! grep -E '$wrong' /log"
grep -E "$wrong" /log | sed 's/^/# /'
echo "told kmod"
exit "$failed"
