#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Power cuts while drvguard stages: a machine with a real disk, whose QEMU is killed at a random moment;
# what the guest had not synced is lost with it. It boots again from the same disk, the file system
# replays its journal, and powercut-guest.sh looks whether modprobe finds the old or the new driver,
# whole; whether a run that had ended well is still there; whether the next run mends the rest.
#
#   powercut.sh [CUTS [FILESYSTEM…]]     4 cuts on ext4 unless said; ext4, xfs, btrfs
#
# TAP, a line a file system. SEED= repeats the moments of a run (as far as the machine does);
# NOSYNC=1 runs drvguard with syncing that does nothing, to see that this test would notice. As root.
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
. "$here/../e2e/vm.sh"
# shellcheck source=SCRIPTDIR/../cli/lib.sh
. "$here/../cli/lib.sh"
# shellcheck source=SCRIPTDIR/lib.sh
. "$here/lib.sh"

if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 0
fi
cuts=${1:-4}
shift || :
(($#)) || set -- ext4
export DRVGUARD=$top/build/drvguard LOOK=$top/build/tests/look
pair=$("$here/../e2e/archive.sh" pair)
export A=${pair% *} B=${pair#* }
KERNEL_B=$("$here/../e2e/archive.sh" kernel "$B")
SCAP_B=$("$here/../e2e/scap.sh" "$B")
export KERNEL_B SCAP_B
work=$top/build/fault/powercut
rm -rf "$work"
mkdir -p "$work"
seed=${SEED:-$RANDOM}
RANDOM=$seed

# --- what the machines are made of ---------------------------------------------------------------

# Programs with their libraries, for chroot; the tree to be unpacked on the empty disk.
tools_make() { # DIR
	local dir=$1 program what lazy
	mkdir -p "$dir"/{bin,proc,dev,mnt,tmp}
	cp "$DRVGUARD" "$LOOK" "$dir/bin/"
	cp "$(command -v depmod)" "$dir/bin/depmod"
	# Beside what they are linked with, what drvguard loads when it needs it.
	lazy=$(ldconfig -p | sed -n 's/.*libarchive\.so\.13 .*=> //p' | head -n 1)
	{
		echo "$lazy"
		for program in "$dir"/bin/* "$lazy"; do
			ldd "$program" | grep -oE '/[^ ]+'
		done
	} | sort -u | while read -r library; do
		install -D "$library" "$dir$library"
	done
	for what in old new; do
		printf '[product falco]\ndepot = /depot/%s\n[driver scap]\nproduct = falco\n' "$what" >"$dir/$what.conf"
	done
	if [ -n "${NOSYNC:-}" ]; then
		printf 'int fsync(int fd) { return 0; } int fdatasync(int fd) { return 0; } int syncfs(int fd) { return 0; } void sync(void) { }\n' |
			cc -x c -shared -fPIC -o "$dir/nosync.so" -
		mkdir -p "$dir/etc"
		echo /nosync.so >"$dir/etc/ld.so.preload"
	fi
	mkdir -p "$work/base"
	base_make "$work/base"
	for what in old new; do
		mkdir -p "$work/base/depot/$what"
		cp "$work/base/drivers/scap-$what.ko" "$work/base/depot/$what/"
	done
	tar -C "$work/base" -cf "$dir/base.tar" .
}

machine() { # FILESYSTEM NUMBER APPEND [OPTION…]
	local fs=$1 number=$2 append=$3
	shift 3
	vm_run --name "powercut-$fs-$number" --kernel "$KERNEL_B/boot/vmlinuz-$B" --initrd "$work/initrd-$fs" \
		--append "loglevel=3 drvguard.fs=$fs $append" --disk "$work/$fs.$lane.img" --disk "$work/tools.$lane.img" \
		--mem 384 --timeout 120 --out "$work/$fs.$number" "$@" 2>"$work/$fs.$number.log"
}

# One lane: a disk that is cut again and again.
lane() { # FILESYSTEM LANE CUTS
	local fs=$1 lane=$2 i number acked=0 delay
	cp --sparse=always "$work/$fs.img" "$work/$fs.$lane.img"
	cp --sparse=always "$work/tools.img" "$work/tools.$lane.img"
	RANDOM=$((seed + lane))
	for ((i = 0; i <= $3; i++)); do
		number=$lane.$i
		delay=$((RANDOM % 2500))
		if ((i == $3)); then
			machine "$fs" "$number" "drvguard.acked=$acked drvguard.last=yes" || :
		else
			machine "$fs" "$number" "drvguard.acked=$acked" --cut "staging+$delay" || :
		fi
		sed -n 's/^lost /lost /p; /^found/p' "$work/$fs.$number/result" | sed "s/\$/ (cut $number)/"
		if grep '^lost' "$work/$fs.$number/result" >/dev/null ||
			! grep -E '^found' "$work/$fs.$number/result" >/dev/null; then
			echo "lost: see $work/$fs.$number"
			return 0
		fi
		acked=$(awk -v n="$acked" '$1 == "acked" { n = $2 } END { print n }' "$work/$fs.$number/result")
	done
}

mkdir -p "$work/overlay"
cp "$here/powercut-guest.sh" "$work/overlay/test.sh"
tools_make "$work/tools"
vm_image - "$work/tools" "$work/tools.img" 160M
cp --sparse=always "$work/tools.img" "$work/tools.0.img"
number=0 failed=0
for fs; do
	number=$((number + 1))
	case $fs in
	ext4) size=96M make=(mke2fs -q -F -t ext4) ;;
	xfs) size=512M make=(mkfs.xfs -q -f) ;;
	btrfs) size=256M make=(mkfs.btrfs -q -f) ;;
	*) exit 2 ;;
	esac
	if ! command -v "${make[0]}" >/dev/null || ! modprobe -d "$KERNEL_B" -S "$B" --show-depends "$fs" >/dev/null 2>&1; then
		echo "ok $number - power cuts on $fs # SKIP no ${make[0]}, or no $fs in $B"
		continue
	fi
	"$here/../e2e/busybox.sh" "$B" "$work/overlay" "$work/initrd-$fs" virtio_blk ext4 "$fs"
	truncate -s "$size" "$work/$fs.0.img"
	"${make[@]}" "$work/$fs.0.img" >"$work/mkfs.log"
	lane=0
	machine "$fs" first "drvguard.acked=0" || {
		cat "$work/$fs.first.log" >&2
		exit 1
	}
	mv "$work/$fs.0.img" "$work/$fs.img"
	lanes=$(nproc)
	((lanes <= cuts)) || lanes=$cuts
	for ((l = 1; l <= lanes; l++)); do
		lane "$fs" "$l" $(((cuts + l - 1) / lanes)) >"$work/$fs.told.$l" 2>"$work/$fs.told.$l.err" &
	done
	wait
	cat "$work/$fs".told.? >"$work/$fs.told"
	said=$(awk '/^found/ { n++; w[$2]++; c[$4]++ } END { printf "%d looks: %d old, %d new; %d clean, %d mended by the next run", n, w["old"], w["new"], c["clean"], c["mended"] }' "$work/$fs.told")
	acks=$(cat "$work/$fs".*/result | grep -c '^acked' || :)
	if grep '^lost' "$work/$fs.told" >"$work/$fs.lost" || [ "$(grep -c '^found' "$work/$fs.told")" -ne $((cuts + lanes)) ]; then
		failed=$((failed + 1))
		echo "not ok $number - power cuts on $fs: $cuts asked; $said"
		sed 's/^/# /' "$work/$fs.lost" "$work/$fs".told.*.err
		echo "# seed $seed"
	else
		echo "ok $number - power cuts on $fs: $cuts cuts in $acks stagings, $said"
	fi
	rm -f "$work/$fs".*img
done
rm -f "$work/tools".*img
echo "1..$number"
[ "$failed" -eq 0 ]
