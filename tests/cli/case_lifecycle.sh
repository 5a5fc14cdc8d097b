# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # lib.sh's variables
# Superseding, rolling back, removing, trying, cleaning up.

# 0.1.4 staged over the shipped version: generation 2.
root_superseded() {
	root_staged
	other_version 0.1.4 "$depot/new.ko"
	cp "$depot/new.ko" "$dir/new.ko"
	dg --kernel "$B" stage
	expect 0
}

case_rollback() {
	root_superseded
	dg --kernel "$B" rollback --dry-run
	expect 0
	says 'would come after'
	cmp "$dir/new.ko" "$link/scap.ko"
	dg --kernel "$B" rollback
	expect 0
	says 'generation 1, after 2'
	says 'scap: VERSION, in place of 0.1.4'
	cmp "$SCAP_B" "$link/scap.ko"
	would_load "$B" scap "$link/scap.ko"
	dg --kernel "$B" verify
	expect 0
	# It does not come back by itself,
	dg --kernel "$B" stage
	expect 0
	says '^scap kept'
	# nor what lies between,
	other_version 0.1.3 "$depot/between.ko"
	dg --kernel "$B" stage
	expect 0
	says '^scap kept'
	# but by force, or when a higher one comes.
	dg --kernel "$B" stage --force
	expect 0
	cmp "$dir/new.ko" "$link/scap.ko"
	dg --kernel "$B" rollback
	expect 0
	other_version 0.1.5 "$depot/newer.ko"
	dg --kernel "$B" stage
	expect 0
	cmp "$depot/newer.ko" "$link/scap.ko"
	dg --kernel "$B" rollback --to 2
	expect 0
	cmp "$dir/new.ko" "$link/scap.ko"
}

case_rollback_nothing_kept() {
	root_staged
	dg --kernel "$B" rollback
	expect 3
	one_line "$B" 'no earlier generation is kept'
	dg --kernel "$B" rollback --to 7
	expect 3
	one_line "$B" 'generation 7 is not kept'
	dg --kernel "$B" rollback --to 1
	expect 2
	dg --kernel "$B" rollback --to x
	expect 2
}

# The earlier generation's file was damaged: it is not gone back to.
case_rollback_damaged() {
	root_superseded
	flip "$gen/scap.ko"
	dg --kernel "$B" rollback
	expect 3
	one_line "$gen/scap.ko" 'is not the file that was staged'
	cmp "$dir/new.ko" "$link/scap.ko"
}

case_remove_superseding() {
	root_superseded
	dg --kernel "$B" remove scap --dry-run
	expect 0
	cmp "$dir/new.ko" "$link/scap.ko"
	dg --kernel "$B" remove scap
	expect 0
	says 'scap: VERSION, in place of 0.1.4'
	cmp "$SCAP_B" "$link/scap.ko"
	would_load "$B" scap "$link/scap.ko"
	dg --kernel "$B" remove scap
	expect 0
	says 'scap: VERSION removed'
	[ ! -e "$link/scap.ko" ]
	if modprobe -d "$R" -S "$B" --show-depends scap 2>/dev/null; then fail "still in the index"; fi
	dg --kernel "$B" stage
	expect 1
	says '^scap withdrawn .*use --force'
	dg --kernel "$B" stage --force
	expect 0
	cmp "$dir/new.ko" "$link/scap.ko"
	dg --kernel "$B" remove nosuch
	expect 3
	one_line nosuch 'is not staged'
	dg --kernel "$B" remove
	expect 2
}

case_trial() {
	root_superseded
	runs "$B"
	boots 1
	other_version 0.1.5 "$depot/newer.ko"
	dg stage --trial
	expect 0
	cmp "$depot/newer.ko" "$link/scap.ko"
	dg status
	expect 0
	says '^scap T '
	dg boot
	expect 0
	cmp "$depot/newer.ko" "$link/scap.ko"
	boots 2
	dg boot
	expect 0
	cmp "$dir/new.ko" "$link/scap.ko"
	dg status
	says '^scap S '
	# Once more, and confirmed.
	dg stage --trial --force
	expect 0
	dg commit
	expect 0
	says 'the trial is confirmed'
	boots 3
	dg boot
	expect 0
	cmp "$depot/newer.ko" "$link/scap.ko"
}

# A load that took the machine down is not tried again by itself.
case_attempt_failed() {
	root_staged
	runs "$B"
	boots 1
	dg boot
	expect 0
	boots 2
	dg boot
	says 'unclean'
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || ls "$R/run/modprobe.d"
	dg status
	expect 1
	says 'unclean boot'
	dg commit
	expect 0
	dg repair
	expect 0
	# Stopped in good order: nothing is held against it.
	dg commit --stop
	expect 0
	boots 3
	dg boot
	expect 0
	# Loaded and well: good for ever, and a power cut is no fault of it.
	loaded scap "$SCAP_B"
	dg commit --boot
	expect 0
	says '1 load confirmed'
	rm -r "$R/sys/module/scap"
	boots 4
	dg boot
	expect 0
	boots 5
	dg boot
	expect 0
}

case_cleanup() {
	local n
	root_staged
	for n in 2 3 4 5; do
		other_version "0.1.$n" "$depot/scap-$n.ko"
		dg --kernel "$B" stage
		expect 0
	done
	contents >"$dir/before"
	dg cleanup --preview
	expect 0
	says "^generation .*/REL-B/1\$"
	says "^generation .*/REL-B/2\$"
	says_not "/REL-B/[345]\$"
	says 'would give back'
	unchanged "$dir/before" contents
	dg cleanup
	expect 0
	[ ! -e "$R/usr/lib/drvguard/kernels/$B/2" ]
	[ "$(ls "$R/usr/lib/drvguard/store" | wc -l)" -eq 3 ]
	dg --kernel "$B" verify
	expect 0
	dg cleanup
	expect 0
	says 'nothing to clean up'
	dg cleanup --keep 0
	expect 0
	[ "$(ls "$R/usr/lib/drvguard/store" | wc -l)" -eq 1 ]
	# The kernel goes, and all that was kept for it.
	rm -rf "${R:?}/lib/modules/$B/kernel" "$R/lib/modules/$B"/modules.* "$R/boot"/*
	mkdir -p "$R/lib/modules/other"
	dg cleanup
	expect 0
	[ ! -e "$R/usr/lib/drvguard/kernels/$B" ]
	[ ! -e "$R/lib/modules/$B" ]
	[ -z "$(ls "$R/usr/lib/drvguard/store")" ]
}
