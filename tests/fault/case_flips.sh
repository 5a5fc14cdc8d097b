# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets the variables
# SPDX-License-Identifier: GPL-2.0-or-later
# Bytes that flip, links that go astray: found by verify, healed by repair, never spread.

flip() { # FILE OFFSET: one byte, in place
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the byte is the format
	printf "\\x$(printf %02x $((byte ^ 0x55)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# The same bytes in a file of its own, so that a flip there is in one place only.
part() { # FILE
	cp -a "$1" "$1.part"
	mv "$1.part" "$1"
}

staged() {
	root_small
	offer "$R" scap-old
	dg stage
	expect 0
	gen=$R/usr/lib/drvguard/kernels/$B/1
	sum=$(sha256sum <"$R/drivers/scap-old.ko" | cut -d' ' -f1)
	stored=$R/usr/lib/drvguard/store/$sum/scap.ko
	good="scap $sum;"
}

# No file of any generation, nor of the store, that is current or could become so, is a bad copy.
not_spread() {
	local file name
	for file in "$R"/usr/lib/drvguard/store/*/*.ko; do
		name=${file%/*}
		[ "$(sha256sum <"$file" | cut -d' ' -f1)" = "${name##*/}" ] || fail "a bad copy in the store: $file"
	done
	cmp "$R/lib/modules/$B/updates/drvguard/scap.ko" "$R/drivers/scap-old.ko" || fail "a bad copy is staged"
}

healed() {
	dg repair
	((code == 0 || code == 5)) || fail "repair ended with $code"
	look "$R" scap
	[ "$found" = "$good" ] || fail "modprobe finds $found"
	dg verify
	expect 0
	not_spread
}

offsets() { # FILE N: N places all over it
	local size
	size=$(stat -c %s "$1")
	awk -v size="$size" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) print int((i + 0.5) * size / n); print 0; print size - 1 }'
}

# The file modprobe takes, in the generation alone: healed from the store, without a depot.
case_flips_generation() {
	local at n=0
	staged
	mv "$R/opt/falco/drivers" "$R/away"
	for at in $(offsets "$stored" 8); do
		gen=$(readlink -f "$R/lib/modules/$B/updates/drvguard")
		part "$gen/scap.ko"
		flip "$gen/scap.ko" "$at"
		dg verify
		expect 6
		says "$gen/scap.ko|ROOT.*scap.ko"
		healed
		n=$((n + 1))
	done
	tell "$n flips, healed from the store"
}

# Store and generation share the file: healed from the depot.
case_flips_store_and_generation() {
	local at n=0
	staged
	for at in $(offsets "$stored" 8); do
		flip "$stored" "$at"
		dg verify
		expect 6
		healed
		n=$((n + 1))
	done
	tell "$n flips, healed from the depot"
}

# The store's copy alone, a bad one for the next generation: never linked.
case_flips_store_only() {
	local at n=0 other
	staged
	other=$(other_driver)
	configure "$R" scap "$other"
	for at in $(offsets "$stored" 6); do
		part "$stored"
		flip "$stored" "$at"
		# a new generation, which keeps scap
		if ((n % 2)); then
			offer "$R" scap-old "$other-old"
		else
			offer "$R" scap-old "$other-new"
		fi
		dg --force stage
		expect 0
		says "^$other staged"
		[ "$(readlink -f "$R/lib/modules/$B/updates/drvguard")" = "$R/usr/lib/drvguard/kernels/$B/$((n + 2))" ]
		cmp "$R/lib/modules/$B/updates/drvguard/scap.ko" "$R/drivers/scap-old.ko" || fail "the bad copy was linked (flip at $at)"
		dg verify
		expect 0
		not_spread
		n=$((n + 1))
	done
	tell "$n flips, none spread"
}

# The store's copy alone, and nothing to stage: found all the same.
case_flips_store_found() {
	staged
	part "$stored"
	flip "$stored" 4096
	dg verify
	((code != 0)) || fail "verify finds nothing wrong with the store"
	healed
}

# The generation before the current one, which a rollback would bring back.
case_flips_older_generation() {
	staged
	offer "$R" scap-old scap-new
	dg stage
	expect 0
	flip "$gen/scap.ko" 4096
	dg verify
	((code != 0)) || fail "verify finds nothing wrong with an older generation"
	dg repair
	dg verify
	expect 0
}

# The same without a depot: what is kept may not come out of the bad copy either.
case_flips_store_only_no_depot() {
	staged
	part "$stored"
	flip "$stored" 4096
	rm "$R/lib/modules/$B/updates/drvguard"
	depmod -b "$R" "$B"
	rm "$R/opt/falco/drivers"/*
	dg stage
	((code != 0)) || fail "staged without any good copy at hand"
	look "$R" scap
	[[ $found = "scap none;" || $found = "$good" ]] || fail "modprobe finds a bad copy: $found"
}

case_flips_manifest() {
	local at n=0 manifest
	staged
	for at in $(offsets "$gen/manifest" 16); do
		manifest=$(readlink -f "$R/lib/modules/$B/updates/drvguard")/manifest
		flip "$manifest" "$at"
		dg verify
		expect 6
		healed
		n=$((n + 1))
	done
	: >"$(readlink -f "$R/lib/modules/$B/updates/drvguard")/manifest"
	dg verify
	expect 6
	healed
	rm "$(readlink -f "$R/lib/modules/$B/updates/drvguard")/manifest"
	dg verify
	((code != 0)) || fail "a missing manifest is no finding"
	healed
	tell "$n flips"
}

# The one link: dangling, astray to another generation's neighbour, to a directory, gone.
case_flips_links() {
	local link to n=0
	staged
	link=$R/lib/modules/$B/updates/drvguard
	for to in ../../../../usr/lib/drvguard/kernels/"$B"/9 ../../../../usr/lib/drvguard/store ../kernel /nowhere \
		../../../../usr/lib/drvguard/kernels/"$B" ../../../../usr/lib/drvguard/kernels/"$B"x/1; do
		ln -sfn "$to" "$link"
		dg verify
		((code != 0)) || fail "a link to $to is no finding"
		healed
		n=$((n + 1))
	done
	rm "$link"
	dg status
	((code != 0)) || fail "a lost link is no finding"
	healed
	# the fixed place
	ln -sfn ../nowhere "$R/usr/lib/drivers/scap.ko"
	dg verify
	((code != 0)) || fail "an astray fixed place is no finding"
	healed
	tell "$((n + 2)) links"
}

# The indexes: a flip there is depmod's to mend, and repair asks it to.
case_flips_indexes() {
	local index n=0
	staged
	for index in modules.dep modules.dep.bin modules.alias.bin modules.symbols.bin; do
		: >"$R/lib/modules/$B/$index"
		dg repair
		[ "$index" = modules.dep.bin ] || continue
		look "$R" scap
		[ "$found" = "$good" ] || fail "modprobe finds $found after $index was emptied"
		n=$((n + 1))
	done
	dg verify
	expect 0
	tell "$n indexes"
}

# A depot that gives other bytes than before under the same name is judged anew; damaged, not taken.
case_flips_depot() {
	local at n=0
	staged
	look "$R" scap
	before=$state
	for at in $(offsets "$stored" 6); do
		cp "$R/drivers/scap-new.ko" "$R/opt/falco/drivers/new.ko"
		truncate -s $((at + 1)) "$R/opt/falco/drivers/new.ko"
		if [ $((at + 1)) -ge "$(stat -c %s "$stored")" ]; then
			continue
		fi
		dg stage
		look "$R" scap
		[ "$found" = "$good" ] || fail "modprobe finds $found (depot file cut at $at)"
		[ "$state" = "$before" ] || fail "changed: $(differs "$before" "$state")"
		n=$((n + 1))
	done
	tell "$n cut files"
}
