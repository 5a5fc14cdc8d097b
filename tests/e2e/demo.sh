#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job, told for a person: tests/e2e/story.sh with the time it took.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "$(id -u)" != 0 ]; then
	echo "the demo makes a Debian root for its machine: run it as root" >&2
	exit 2
fi
echo "drvguard demo: two real kernel levels, a real driver, a machine in software emulation."
echo "The first run fetches and builds them (some minutes); the next takes less than one."
echo
status=0
"$here/story.sh" tell || status=$?
echo "The demo took $SECONDS s."
exit "$status"
