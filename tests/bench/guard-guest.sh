# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the busybox guest: loading one driver without the guard and with it, by policies of
# several lengths; and what guard and policy take of memory.
ctl=/sys/kernel/security/drvguard

policy() { # LINES
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "deny driver_%04d %040x\n", i, i + 4096 }' >/policy
	# One write, as the guard wants it.
	dd if=/policy of=$ctl/policy bs=262144 2>/dev/null
}

used() { # kernel memory, in KiB
	awk '/^(Slab|VmallocUsed):/ { n += $2 } END { print n }' /proc/meminfo
}

took() { # NAME
	echo "took $1 $(/hammer time 60 /driver.ko dummy)"
}

/hammer churn 5 /driver.ko dummy
took without
took without-again
insmod /drvguard.ko
echo "module $(awk '/^drvguard / { print $2 }' /proc/modules)"
took 0
policy 10
took 10
before=$(used)
policy 1000
echo "policy $(($(used) - before))"
took 1000
