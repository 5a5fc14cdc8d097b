#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Module of dracut.modules(7): the staged drivers marked `boot = yes` go into the image of
# $kernel, with the modules they depend on. Which they are drvguard says, a line each:
# the module's name and the staged file.

check() {
	[ -x @sbindir@/drvguard ]
}

depends() {
	return 0
}

# An image without them is better than none: what is missing then, drvguard tells in preflight.
installkernel() {
	local drivers name
	# shellcheck disable=SC2154 # kernel is dracut's
	if ! drivers=$(@sbindir@/drvguard initramfs list --kernel "$kernel"); then
		dwarn "drvguard could not tell which drivers belong into the initramfs of $kernel"
		return 0
	fi
	while read -r name _; do
		# Not only what this host has loaded now.
		[ -z "$name" ] || hostonly='' instmods "$name"
	done <<<"$drivers"
}
