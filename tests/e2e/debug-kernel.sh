#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guard in a kernel that looks for mistakes: Debian's linux-source, built small. TAP.
#
#   debug-kernel.sh [KIND [SOURCE]]      of a linux-source package (linux-source-6.1)
#
# KIND is kasan: with KASAN, lockdep, kmemleak, UBSAN and the checks for sleeping and objects; any warning is a
# panic. Or kcsan, which goes with none of those: it looks for data races, and those of ours fail.
# Building one takes some ten minutes of two processors, once; it is kept in the cache.

. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
top=$(cd "$e2e_dir/../.." && pwd)
kind=${1:-kasan} source=${2:-linux-source-6.1}
declare -A watches=(
	[kasan]="KASAN KASAN_GENERIC KASAN_OUTLINE KASAN_VMALLOC STACKTRACE SLUB_DEBUG SLUB_DEBUG_ON DEBUG_VM
		PROVE_LOCKING DEBUG_ATOMIC_SLEEP DEBUG_LOCKDEP DEBUG_LIST DEBUG_SG DEBUG_NOTIFIERS DEBUG_CREDENTIALS
		DEBUG_KMEMLEAK DEBUG_OBJECTS DEBUG_OBJECTS_FREE DEBUG_OBJECTS_WORK DEBUG_OBJECTS_RCU_HEAD
		UBSAN UBSAN_BOUNDS UBSAN_SHIFT UBSAN_BOOL UBSAN_ENUM"
	[kcsan]="KCSAN KCSAN_EARLY_ENABLE KCSAN_STRICT KCSAN_WEAK_MEMORY"
)
[ -n "${watches[$kind]:-}" ] || die "KIND is kasan or kcsan"

# What the guest needs, what the guard is tried with, what watches.
config() {
	local option
	# shellcheck disable=SC2086 # a list of words
	for option in 64BIT SMP MULTIUSER PRINTK TTY SERIAL_8250 SERIAL_8250_CONSOLE UNIX98_PTYS \
		MODULES MODULE_UNLOAD MODULE_FORCE_LOAD MODULE_FORCE_UNLOAD MODVERSIONS KALLSYMS BUG \
		BINFMT_ELF BINFMT_SCRIPT BLK_DEV_INITRD RD_GZIP FUTEX EPOLL POSIX_TIMERS SHMEM \
		PROC_FS PROC_SYSCTL SYSFS DEVTMPFS TMPFS DEBUG_FS SECURITY SECURITYFS NAMESPACES UTS_NS USER_NS PID_NS \
		PCI PCI_MSI VIRTIO_MENU VIRTIO_PCI VIRTIO_CONSOLE HW_RANDOM NET UNIX NETDEVICES NET_CORE \
		ACPI HIGH_RES_TIMERS NO_HZ_IDLE X86_LOCAL_APIC UNWINDER_FRAME_POINTER \
		FTRACE TRACEPOINTS DEBUG_KERNEL DEBUG_MISC KPROBES KPROBE_EVENTS UPROBE_EVENTS \
		DETECT_HUNG_TASK WQ_WATCHDOG PANIC_ON_OOPS ${watches[$kind]}; do
		echo "CONFIG_$option=y"
	done
	echo CONFIG_DUMMY=m
	echo CONFIG_LOCALVERSION='"-drvguard-debug"'
	echo CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE=16000
}

debug_make() { # DEB TMP
	local log=$cache_dir/debug-kernel-$kind.log
	echo "${0##*/}: building a debug kernel, ten minutes or so" >&2
	dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$2" --strip-components=1
	config >"$2/debug.config"
	if ! {
		cd "$2" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make allnoconfig KCONFIG_ALLCONFIG=debug.config &&
			env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j"$(nproc)" bzImage modules
	} >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "the debug kernel did not build; the whole log: $log"
	fi
}

# Which options there are is this file's to say: a kernel of another list is another kernel.
tree=$cache_dir/debug-kernel/$source-$kind-$(config | cksum | cut -d' ' -f1)
cache_make "$tree" debug_make "$(deb "$source")"
for option in ${watches[$kind]} PID_NS SECURITYFS DUMMY; do
	grep -q "^CONFIG_$option=[ym]" "$tree/.config" || die "the debug kernel has no $option"
done

work=$top/build/e2e/debug-kernel-$kind
rm -rf "$work"
mkdir -p "$work/overlay/modules" "$work/overlay/drivers"
for debug in 0 1; do
	"$top/kbuild/build-module" "$tree" "$work/module-$debug" DEBUG=$debug -s >"$work/build-$debug.log" 2>&1 || {
		cat "$work/build-$debug.log" >&2
		exit 1
	}
done
strip --strip-debug -o "$work/overlay/modules/drvguard.ko" "$work/module-0/drvguard.ko"
strip --strip-debug -o "$work/overlay/modules/drvguard-debug.ko" "$work/module-1/drvguard.ko"
if [ "$kind" = kcsan ]; then
	cp -r "$e2e_dir/racer" "$work/racer"
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$tree" M="$work/racer" modules >"$work/build-racer.log" 2>&1 || {
		cat "$work/build-racer.log" >&2
		exit 1
	}
	strip --strip-debug -o "$work/overlay/modules/racer.ko" "$work/racer/racer.ko"
fi
"$e2e_dir/kmod-drivers.sh" "$tree/drivers/net/dummy.ko" dummy /sys/class/net/dummy0 "$work/overlay/drivers"
echo 1000 >"$work/overlay/loads"
echo "$kind" >"$work/overlay/kind"
gcc -O2 -static -o "$work/overlay/hammer" "$e2e_dir/kmod-guest/hammer.c"
cp "$e2e_dir/kmod-guest/"{lib,guard,forced}.sh "$work/overlay/"
cp "$e2e_dir/kmod-guest/debug.sh" "$work/overlay/test.sh"
# virtio is built in: no module of a package is needed.
"$e2e_dir/busybox.sh" - "$work/overlay" "$work/initramfs"
# q35: its interrupt tables are data. Those of pc are a program, which a kernel that watches itself takes too long for.
status=0
warn=0
[ "$kind" != kasan ] || warn=1
vm_run --name "debug-kernel-$kind" --kernel "$tree/arch/x86/boot/bzImage" --initrd "$work/initramfs" \
	--append "panic_on_warn=$warn kmemleak=on log_buf_len=8M" --machine q35 --cpus 2 --mem 1024 --timeout 1800 --out "$work/vm" || status=1
grep -E '^(ok|not ok|#)' "$work/vm/result" | sed "s/^\(ok\|not ok\) - /&$kind kernel: /" || :
grep -qx 'told kmod' "$work/vm/result" || status=1
exit "$status"
