#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the stories about booting have in common: a machine with drvguard installed as an administrator
# would, Falco's driver, and a depot. Sourced; gives $A and $B (two levels), $scap_a, $scap_b, $top,
# $work, and:
#
#   machine_base ROOT                $work/base: ROOT without the modules for what the machines have not
#   machine_overlay OVERLAY INIT     what is put on the machine: drvguard, its configuration, guest scripts
#   machine_index ROOT OVERLAY REL   the indexes of REL, as depmod makes them of ROOT and OVERLAY; quick here
#   machine_run NAME REL VM-OPTIONS… one boot; its TAP lines, and failure for a tale that breaks off

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/vm.sh"

story=$(basename "$0" .sh)
work=$top/build/e2e/$story
rm -rf "$work"
mkdir -p "$work"
read -r A B < <("$here/archive.sh" pair)
scap_a=$("$here/scap.sh" "$A")
scap_b=$("$here/scap.sh" "$B")

# depmod reads every module there is, and that is what takes its time in a guest.
machine_base() { # ROOT
	cp -al "$1" "$work/base"
	rm -rf "$work"/base/lib/modules/*/kernel/{net,drivers/{comedi,hid,infiniband,md,net,scsi,target}} \
		"$work"/base/lib/modules/*/kernel/fs/{btrfs,ceph,gfs2,nfs,nfsd,ocfs2,smb,ubifs,xfs}
}

machine_overlay() { # OVERLAY INIT
	local over=$1 init=$2 unit guest=$1/usr/local/lib/drvguard-e2e
	make -s -C "$top" install DESTDIR="$over" INIT="$init" >"$work/install.log"
	mkdir -p "$over"/{etc,opt} "$guest"
	if [ "$init" = systemd ]; then
		for unit in sysinit.target:drvguard-early.service multi-user.target:drvguard.service \
			multi-user.target:drvguard-watch.service multi-user.target:drvguard-stop.service \
			timers.target:drvguard-good.timer; do
			mkdir -p "$over/etc/systemd/system/${unit%:*}.wants"
			ln -s "/lib/systemd/system/${unit#*:}" "$over/etc/systemd/system/${unit%:*}.wants/"
		done
	fi
	cat >"$over/etc/drvguard/drivers.d/falco.conf" <<-'END'
		[product falco]
		depot = /opt/falco/drivers
		require = kabi

		[driver scap]
		product = falco
		load = auto
	END
	cp "$here/story/common.sh" "$guest/"
}

machine_index() { # ROOT OVERLAY REL
	local index
	local at=$work/index-$3
	mkdir -p "$at/lib/modules" "$2/lib/modules/$3"
	cp -al "$1/lib/modules/$3" "$at/lib/modules/"
	rm -f "$at/lib/modules/$3"/modules.{dep,alias,symbols,softdep,devname}* \
		"$at/lib/modules/$3"/modules.builtin{,.alias}.bin
	cp -a "$2/lib/modules/$3/." "$at/lib/modules/$3/"
	depmod -b "$at" "$3"
	for index in "$at/lib/modules/$3"/modules.*; do
		[ "$(stat -c %h "$index")" -gt 1 ] || cp -a "$index" "$2/lib/modules/$3/"
	done
	rm -rf "$at"
}

machine_run() { # NAME REL OPTION...
	local name=$1 rel=$2 status=0
	shift 2
	vm_run --name "$name" --kernel "$root/vmlinuz-$rel" --initrd "$root/initrd-$rel" \
		--cpus 2 --timeout "${limit:-480}" --out "$work/$name" "$@" || status=$?
	grep -E '^(ok|not ok|#)' "$work/$name/result" || :
	# A tale that breaks off has not been told, whatever its last word was.
	grep -qx "told $name" "$work/$name/result" || status=1
	return "$status"
}
