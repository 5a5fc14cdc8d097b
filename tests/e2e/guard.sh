#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guard as an administrator has it, in a virtual machine with systemd: drvguard.ko from a depot of its own, like
# any driver; every way in which a stale driver is offered; what is staged, rolled back or hooked in is what it lets
# in; sealed; a newer drvguard.ko; one that takes the machine down; switched off. A TAP line for each thing
# shown; what the guest does is in story/guard-*.sh; needs root and build/drvguard.

set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

root=$("$here/rootfs.sh" "$A" "$B")
kdir=$("$here/archive.sh" headers "$B")
over=$work/overlay
machine_base "$root/root"
machine_overlay "$over" systemd
guest=$over/usr/local/lib/drvguard-e2e
cp "$here"/story/guard-*.sh "$guest/"
cat >"$guest/run.sh" <<-'END'
	. /usr/local/lib/drvguard-e2e/"$(sed -n 's/.*story=\([a-z-]*\).*/\1/p' /proc/cmdline)".sh
END
printf '[drvguard]\nguard = enforce\n' >"$over/etc/drvguard/drvguard.conf"
cat >"$over/etc/drvguard/drivers.d/guard.conf" <<-'END'
	[product drvguard]
	depot = /opt/drvguard

	[driver drvguard]
	product = drvguard
END

# --- drvguard.ko: this one, a later one, and one that takes the machine down --------------------------
log() {
	cat "$work/module.log" >&2
	exit 1
}
"$top/kbuild/build-module" "$kdir" "$top/build/modules/$B" -s >"$work/module.log" 2>&1 || log
install -D -m 644 "$top/build/modules/$B/drvguard.ko" "$over/opt/drvguard/drvguard.ko"
mkdir "$work/src"
cp -r "$top/kmod" "$top/kbuild" "$work/src/"
sed -i 's/^#define DRVGUARD_VERSION.*/#define DRVGUARD_VERSION "99.0"/' "$work/src/kmod/uapi/drvguard.h"
"$work/src/kbuild/build-module" "$kdir" "$work/later" -s >"$work/module.log" 2>&1 || log
cp "$work/later/drvguard.ko" "$guest/later.ko"
mkdir "$work/fatal"
echo 'obj-m := drvguard.o' >"$work/fatal/Kbuild"
cat >"$work/fatal/drvguard.c" <<-'END'
	#include <linux/kernel.h>
	#include <linux/module.h>
	static int __init fatal_init(void)
	{
		panic("drvguard.ko takes the machine down");
	}
	module_init(fatal_init);
	MODULE_LICENSE("GPL");
	MODULE_VERSION("100.0");
END
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$kdir" M="$work/fatal" modules >"$work/module.log" 2>&1 || log
cp "$work/fatal/drvguard.ko" "$guest/fatal.ko"

# --- scap: what is proven, what is stale, and both in a tree of modprobe's -----------------------------
as=$(tr a-y b-z <<<scap)
echo "$as" >"$guest/as"
install -D -m 644 "$scap_b" "$over/opt/falco/drivers/scap.ko"
cp "$scap_a" "$guest/level-a.ko"
"$here/other-build.sh" "$scap_b" "$guest/other.ko"
"$here/other-build.sh" "$scap_b" "$guest/$as.ko" scap "$as"
LC_ALL=C sed 's/version=0\.1\.1/version=0.1.4/' "$guest/other.ko" >"$guest/newer.ko"
LC_ALL=C sed 's/version=0\.1\.1/version=0.1.6/' "$scap_b" >"$guest/last.ko"
# A tree that holds nothing but the stale ones: modprobe -d there offers them.
for name in other:scap "$as:$as" level-a:level_a; do
	install -D -m 644 "$guest/${name%:*}.ko" "$guest/${name#*:}/lib/modules/$B/updates/$(sed s/level_a/scap/ <<<"${name#*:}").ko"
	cp "$root/root/lib/modules/$B/"modules.{order,builtin,builtin.modinfo} "$guest/${name#*:}/lib/modules/$B/"
	depmod -b "$guest/${name#*:}" "$B"
done
machine_index "$work/base" "$over" "$B"
vm_image "$work/base" "$over" "$work/root.img" 1G root

failed=0
boot() { # NAME [KERNEL-OPTIONS]
	machine_run "$1" "$B" --append "root=/dev/vda rw ${2:-} story=$1" --disk "$work/root.img,root" || failed=1
}
boot guard-depot
boot guard-later
# This one ends by itself, early, and tells nothing but on its console.
vm_run --name guard-fatal --kernel "$root/vmlinuz-$B" --initrd "$root/initrd-$B" --append "root=/dev/vda rw" \
	--disk "$work/root.img,root" --timeout 120 --out "$work/guard-fatal" 2>/dev/null || :
if grep -q 'drvguard.ko takes the machine down' "$work/guard-fatal/console.log"; then
	echo "ok - a drvguard.ko that takes the machine down does so"
else
	echo "not ok - a drvguard.ko that takes the machine down does so"
	tail -n 5 "$work/guard-fatal/console.log" | sed 's/^/# /'
	failed=1
fi
boot guard-after drvguard.enforce=0
boot guard-off drvguard=off
exit "$failed"
