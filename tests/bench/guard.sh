#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the guard adds to loading one driver (the kernel's own `dummy`, one of the smallest, so that
# it weighs most), in a guest whose clock counts instructions; and the memory it takes.
#
#   guard.sh        a line each; exit status 1 when a bound does not hold
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
e2e=$top/tests/e2e
. "$e2e/vm.sh"

read -r _ rel < <("$e2e/archive.sh" pair)
work=$top/build/bench/guard
rm -rf "$work"
mkdir -p "$work/overlay"
"$top/kbuild/build-module" "$("$e2e/archive.sh" headers "$rel")" "$work/module" -s >"$work/build.log" 2>&1
strip --strip-debug -o "$work/overlay/drvguard.ko" "$work/module/drvguard.ko"
tree=$("$e2e/archive.sh" kernel "$rel")
cp "$(find "$tree/lib/modules/$rel/kernel" -name dummy.ko)" "$work/overlay/driver.ko"
gcc -O2 -static -o "$work/overlay/hammer" "$e2e/kmod-guest/hammer.c"
cp "$here/guard-guest.sh" "$work/overlay/test.sh"
"$e2e/busybox.sh" "$rel" "$work/overlay" "$work/initramfs"
vm_run --name guard-bench --kernel "$tree/boot/vmlinuz-$rel" --initrd "$work/initramfs" --icount 1 \
	--timeout 600 --out "$work/vm"
awk '
	$1 == "took" { t[$2] = $3 }
	$1 == "module" { printf "%-58s %8.1f KiB  bound %8.1f  %s\n", "memory of drvguard.ko", $2 / 1024, 128, $2 <= 131072 ? "ok" : "TOO MUCH"; bad += $2 > 131072 }
	$1 == "policy" { printf "%-58s %8.1f KiB  bound %8.1f  %s\n", "memory of a policy of 1,000 lines", $2, 512, $2 <= 512 ? "ok" : "TOO MUCH"; bad += $2 > 512 }
	function added(name, lines) {
		r = t[lines] / t["without"] - 1
		printf "%-58s %8.3f ms  peer %8.3f ms  added %5.2f %%  bound %5.2f %%  %s\n", name, t[lines] / 1e6, t["without"] / 1e6,
			r * 100, 1, r <= 0.01 ? "ok" : "TOO SLOW"
		bad += r > 0.01
	}
	END {
		added("one module load, not guarded, once more", "without-again")
		added("one module load, a policy of none", "0")
		added("one module load, a policy of 10 lines", "10")
		added("one module load, a policy of 1,000 lines", "1000")
		exit bad > 0
	}' "$work/vm/result"
