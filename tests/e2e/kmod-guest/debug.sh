# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the guest of a debug kernel: the same tests of the guard, and then what the kernel has to
# say of memory, locks and undefined behaviour. A warning ends the guest at once (panic_on_warn).

. /lib.sh
mount -t debugfs debugfs /sys/kernel/debug
shown "a debug kernel: KASAN, lockdep, kmemleak" sh -c \
	'dmesg | grep -q "KernelAddressSanitizer initialized" && test -e /proc/lockdep_stats && test -e /sys/kernel/debug/kmemleak'
# Who sees nothing wrong has to be able to see: what this tells is taken out again.
echo clear >/sys/kernel/debug/kmemleak

shown "the debug build's self-tests pass" insmod /modules/drvguard-debug.ko
rmmod drvguard
insmod /modules/drvguard.ko
. /guard.sh

echo scan >/sys/kernel/debug/kmemleak
sleep 6
echo scan >/sys/kernel/debug/kmemleak
shown "kmemleak has nothing" is "$(cat /sys/kernel/debug/kmemleak)" ""
shown "lockdep is still on" sh -c 'grep "debug_locks: *1" /proc/lockdep_stats'
. /forced.sh
dmesg >/log
shown "no BUG, WARNING, Oops, leak or lockdep line" sh -c \
	'! grep -E "WARNING|BUG|Oops|KASAN:|UBSAN:|kmemleak: [0-9]|possible (circular|recursive)|suspicious RCU|inconsistent lock" /log'
grep -E "WARNING|BUG|KASAN:|UBSAN:" /log | sed 's/^/# /'
echo "told kmod"
exit "$failed"
