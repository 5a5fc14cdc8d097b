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

installkernel() {
	local drivers name

	# An image without one is better than none: what is missing, drvguard tells here and in preflight.
	# shellcheck disable=SC2154 # kernel is dracut's
	drivers=$(@sbindir@/drvguard initramfs list --kernel "$kernel") ||
		dwarn "drvguard: not every driver marked boot = yes goes into the initramfs of $kernel"
	while read -r name _; do
		# Not only what this host has loaded now.
		[ -z "$name" ] || hostonly='' instmods "$name"
	done <<<"$drivers"
}
