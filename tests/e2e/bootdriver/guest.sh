# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# In the machine that booted with the driver in its initramfs, and its depot not there.

. /usr/local/lib/drvguard-e2e/common.sh
rel=$(uname -r)

# Both since the kernel began, in microseconds.
before_init() {
	loaded=$(dmesg | sed -n 's/^\[ *\([0-9]*\)\.\([0-9]*\)\] scap: .*/\1\2/p' | sed -n 1p)
	init=$(systemctl show -P UserspaceTimestampMonotonic)
	echo "loaded at $loaded, init began at $init"
	[ "$loaded" -gt 0 ] && [ "$loaded" -lt "$init" ]
}

shown "the depot is not there" sh -c '! test -e /opt/falco'
shown "the driver is loaded" grep -q '^scap ' /proc/modules
shown "it was, before the system's own init began" before_init
shown "loaded is the staged build" is "$(loaded_id scap)" "$(file_id scap)"
shown "which is the build for this kernel" is "$(loaded_id scap)" "$(cat /usr/local/lib/drvguard-e2e/id-b)"
journalctl -b -o cat -u drvguard-early.service --no-pager >/run/story.out
shown "the early unit finds it in order" said "scap: matches kernel $rel"
run drvguard status
shown "status ends with 0" is "$code" 0
run drvguard initramfs
shown "the initramfs has the staged file" said " same "
run drvguard preflight "$rel"
shown "preflight says go" said ": go"
echo "told bootdriver"
exit "$failed"
