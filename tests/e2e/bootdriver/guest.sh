# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# In the machine that booted with the drivers in its initramfs, and their depots not there.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

# Both since the kernel began, in microseconds.
before_init() {
	loaded=$(dmesg | sed -n 's/^\[ *\([0-9]*\)\.\([0-9]*\)\] scap: .*/\1\2/p' | sed -n 1p)
	init=$(systemctl show -P UserspaceTimestampMonotonic)
	echo "loaded at $loaded, init began at $init"
	[ "$loaded" -gt 0 ] && [ "$loaded" -lt "$init" ]
}

shown "the depots are not there" sh -c '! test -e /opt/falco && ! test -e /opt/disk'
shown "the driver of the root file system's disk is loaded" grep -q '^virtio_blk ' /proc/modules
shown "… the staged one, there is no other" is "$(modinfo -n virtio_blk)" \
	"/lib/modules/$rel/updates/drvguard/virtio_blk.ko"
shown "… by the build it is" is "$(loaded_id virtio_blk)" "$(file_id virtio_blk)"
shown "scap is loaded" grep -q '^scap ' /proc/modules
shown "it was, before the system's own init began" before_init
shown "loaded is the staged build" is "$(loaded_id scap)" "$(file_id scap)"
shown "which is the build for this kernel" is "$(loaded_id scap)" "$(cat /usr/local/lib/drvguard-e2e/id-b)"
journalctl -b -o cat -u drvguard-early.service --no-pager >/run/story.out
shown "the early unit finds it in order" said "scap: matches kernel $rel"
shown "… and the other" said "virtio_blk: matches kernel $rel"
run drvguard status
shown "status ends with 0" is "$code" 0
run drvguard initramfs
shown "the initramfs has what is staged" is "$(grep " same " /run/story.out | grep -cv "(link)")" 2
run drvguard preflight "$rel"
shown "preflight says go" said ": go"
echo "told bootdriver"
exit "$failed"
