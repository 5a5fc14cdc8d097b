# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Words of the tests of the kernel module, inside the busybox guest.

dir=/sys/kernel/drvguard
rel=$(uname -r)
failed=0

shown() {
	name=$1
	shift
	if "$@" >/why 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/# /' /why
		failed=1
	fi
}

is() {
	[ "$1" = "$2" ] || {
		echo "is '$1', should be '$2'"
		return 1
	}
}
