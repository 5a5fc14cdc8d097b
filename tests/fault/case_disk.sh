# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets the variables
# SPDX-License-Identifier: GPL-2.0-or-later
# Full disks, full inode tables, read-only file systems, and a store elsewhere: on real ext4 where loop
# devices can be had, else on tmpfs.

# A small file system in $R/$1, with what is there now in it.
small_disk() { # INSIDE MKFS-OPTIONS…
	local at=$R/$1
	shift
	truncate -s 24M "$dir/img"
	mke2fs -q -F -t ext4 -m 0 "$@" "$dir/img"
	mkdir "$dir/mnt"
	mount -o loop "$dir/img" "$dir/mnt" || skip "no loop device here"
	rmdir "$dir/mnt/lost+found"
	cp -a "$at/." "$dir/mnt/"
	umount "$dir/mnt"
	mount -o loop "$dir/img" "$at"
}

# Everything of $1 is used up but N of KIND (KiB or files).
leave() { # INSIDE N KIND
	local at=$R/$1 have
	rm -rf "$at/.fill"
	mkdir "$at/.fill"
	case $3 in
	KiB)
		have=$(df --output=avail -k "$at" | sed -n 2p)
		((have <= $2)) || fallocate -l "$(((have - $2) * 1024))" "$at/.fill/f" 2>"$dir/fill" ||
			dd if=/dev/zero of="$at/.fill/f" bs=1024 count=$((have - $2)) 2>"$dir/fill" || :
		;;
	files)
		have=$(df --output=iavail "$at" | sed -n 2p)
		((have <= $2)) || (cd "$at/.fill" && seq $((have - $2)) | xargs touch)
		;;
	esac
}

# From nothing left to enough: each time staged, or refused with the old driver as it was.
squeeze() { # INSIDE KIND AMOUNT…
	local inside=$1 kind=$2 n refused=0 enough=
	look "$R" scap
	before=$found
	for n in "${@:3}"; do
		leave "$inside" "$n" "$kind"
		dg stage
		if [ "$code" -eq 0 ]; then
			enough=yes
			break
		fi
		refused=$((refused + 1))
		expect 3
		one_line "$R" 'free some space|space if there is none|remove some files on that'
		rm -rf "$R/$inside/.fill"
		look "$R" scap
		[ "$found" = "$before" ] || fail "modprobe finds $found with $n $kind left"
		[[ $left != *temporary* ]] || fail "left with $n $kind: $left"
		dg verify
		expect 0
	done
	rm -rf "$R/$inside/.fill"
	[ -n "$enough" ] || fail "never enough"
	[ "$refused" -gt 0 ] || fail "never too little"
	look "$R" scap
	[ "$found" != "$before" ] || fail "still the old driver"
	dg verify
	expect 0
	look "$R" scap
	[ -z "$left" ] || fail "left: $left"
	umount "$R/$inside"
	tell "$refused times refused, then staged"
}

newer_wanted() {
	root_small
	offer "$R" scap-old
	dg stage
	expect 0
	offer "$R" scap-old scap-new
}

case_disk_full_store() {
	newer_wanted
	small_disk usr/lib/drvguard
	squeeze usr/lib/drvguard KiB 0 4 400 772 776 780 800 1300 1790 1800 1810 1830 2600
}

case_disk_full_modules() {
	newer_wanted
	small_disk "lib/modules/$B"
	squeeze "lib/modules/$B" KiB 0 4 8 16 32 64 100 200 1000 1100 1150 1200 1250 1300 1400 1600 2000
}

case_disk_inodes_store() {
	newer_wanted
	small_disk usr/lib/drvguard -N 200
	squeeze usr/lib/drvguard files 0 1 2 3 4 5 6 7 8 20 33 48 80
}

case_disk_inodes_modules() {
	newer_wanted
	small_disk "lib/modules/$B" -N 400
	squeeze "lib/modules/$B" files 0 1 2 3 4 5 6 20 33 48 80
}

# The file system of both fills up under it, at each of its writes.
case_disk_store_with_modules() {
	root_small
	mkdir -p "$R/lib/modules/store"
	printf '[drvguard]\nstore = /lib/modules/store\n' >"$R/etc/drvguard/drvguard.conf"
	offer "$R" scap-old
	dg stage
	expect 0
	offer "$R" scap-old scap-new
	small_disk lib/modules
	squeeze lib/modules KiB 0 8 200 780 800 1000 1600 1800 2000 2200 2600 3200 4000 5200 6400
}

# A store on another file system than /lib/modules; and while that is not mounted.
case_disk_store_elsewhere() {
	root_small
	mkdir -p "$R/srv/drvguard"
	printf '[drvguard]\nstore = /srv/drvguard\n' >"$R/etc/drvguard/drvguard.conf"
	small_disk srv/drvguard
	offer "$R" scap-old
	dg stage
	expect 0
	quiet
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	dg verify
	expect 0
	offer "$R" scap-old scap-new
	dg stage
	expect 0
	dg verify
	expect 0
	# Not there: told, not taken for a machine without drivers.
	umount "$R/srv/drvguard"
	dg verify
	[ "$code" -ne 0 ] || fail "verify finds nothing wrong with the store away"
	dg status
	[ "$code" -ne 0 ] || fail "status finds nothing wrong with the store away"
	mount -o loop "$dir/img" "$R/srv/drvguard"
	dg verify
	expect 0
	umount "$R/srv/drvguard"
}

case_disk_readonly_usr() {
	newer_wanted
	look "$R" scap
	before=$state
	mount --bind "$R/usr" "$R/usr" || skip "no bind mounts here"
	mount -o remount,bind,ro "$R/usr"
	dg stage
	expect 3
	one_line "$R/usr/lib/drvguard" 'Read-only file system'
	look "$R" scap
	[ "$state" = "$before" ] || fail "changed: $(differs "$before" "$state")"
	dg verify
	expect 0
	dg status
	((code != 3)) || fail "status needs to write"
	dg repair
	((code == 1 || code == 3)) || fail "repair ended with $code"
	look "$R" scap
	[ "$(grep -v ' run/' <<<"$state")" = "$(grep -v ' run/' <<<"${before%$'\n'}")" ] || fail "changed: $(differs "$before" "$state")"
	umount "$R/usr"
	dg repair
	expect 0
}

# Read-only under /lib/modules only: nothing half staged.
case_disk_readonly_modules() {
	newer_wanted
	look "$R" scap
	before=$state
	mount --bind "$R/lib/modules" "$R/lib/modules" || skip "no bind mounts here"
	mount -o remount,bind,ro "$R/lib/modules"
	dg stage
	expect 3
	one_line "$R/lib/modules/$B" 'is on a read-only file system'
	look "$R" scap
	in_store=$(differs "$(grep -v 'drvguard/store/' <<<"$before")" "$(grep -v 'drvguard/store/' <<<"$state")")
	[ -z "$in_store" ] || fail "changed: $in_store"
	umount "$R/lib/modules"
	dg stage
	expect 0
}
