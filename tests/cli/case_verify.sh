# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# What is staged against its manifest: each finding by itself, and the sums.

# The one finding is KIND, with exit code CODE, in text and in JSON; it names WHERE and a cure.
finding() { # CODE KIND WHERE-REGEX
	dg --kernel "$B" verify
	expect "$1"
	[ "$(grep -vc '^kernel ' "$out")" -eq 1 ] || fail "not one finding"
	says "^$2: .*$3.*; (run drvguard|remove)"
	dg --kernel "$B" --json verify
	expect "$1"
	json '.kernels[0].findings | length == 1'
	json ".kernels[0].findings[0] | .finding == \"$2\" and (.where | length > 0) and (.cure | length > 0)"
	[ ! -s "$err" ] || fail "words on stderr"
}

# And one more stage or repair with the depot there makes it good again.
mended() {
	dg --kernel "$B" stage
	dg --kernel "$B" verify
	expect 0
	cmp "$SCAP_B" "$(readlink -f "$link")/scap.ko"
	would_load "$B" scap "$link/scap.ko"
}

# Write other bytes to the staged file the way an intruder would, store and all.
overwrite() { # FILE
	cat "$1" >"$gen/scap.ko"
}

case_verify_fine() {
	root_staged
	dg --kernel "$B" verify
	expect 0
	expect_text <<-'END'
		kernel REL-B: 1 file checked, 0 findings
	END
	dg --kernel "$B" --json verify
	expect 0
	json '.kernels[0] | .checked == 1 and .findings == []'
}

case_verify_nothing_staged() {
	root_ready
	dg --kernel "$B" verify
	expect 0
	says '0 files checked, 0 findings'
}

case_verify_changed_byte() {
	local at
	root_staged
	# Each in turn: the ELF header's padding, code, the last byte.
	for at in 9 5000 $(($(stat -c %s "$SCAP_B") - 1)); do
		cp "$SCAP_B" "$dir/bad.ko"
		printf '\x5a' | dd of="$dir/bad.ko" bs=1 seek="$at" conv=notrunc status=none
		overwrite "$dir/bad.ko"
		finding 6 changed 'scap.ko: changed'
		overwrite "$SCAP_B"
	done
	overwrite "$dir/bad.ko"
	dg --kernel "$B" status
	expect 6
	says '^scap B mismatch'
	mended
}

case_verify_swapped() {
	root_staged
	overwrite "$SCAP_A"
	finding 6 swapped 'scap.ko: .*another build of the driver'
	cp "$(find "$R/lib/modules/$B" -name tun.ko)" "$dir/tun.ko"
	overwrite "$dir/tun.ko"
	finding 6 swapped 'scap.ko: .*is another driver'
	echo "no driver at all" >"$dir/text"
	overwrite "$dir/text"
	finding 6 swapped 'scap.ko: .*is no driver'
	mended
}

# Swapped by rename: the store still has the good bytes.
case_verify_swapped_by_rename() {
	root_staged
	cp "$SCAP_A" "$gen/new"
	mv "$gen/new" "$gen/scap.ko"
	finding 6 swapped 'scap.ko: .*another build'
	mended
}

case_verify_missing() {
	root_staged
	rm "$gen/scap.ko"
	finding 6 missing 'scap.ko: missing'
	mended
}

case_verify_truncated() {
	root_staged
	head -c 100000 "$SCAP_B" >"$dir/bad.ko"
	overwrite "$dir/bad.ko"
	finding 6 swapped 'scap.ko'
	: >"$dir/bad.ko"
	overwrite "$dir/bad.ko"
	finding 6 swapped 'scap.ko'
	mended
}

case_verify_extra() {
	root_staged
	echo hello >"$gen/other.ko"
	finding 6 extra 'other.ko: extra'
	rm "$gen/other.ko"
	echo hello >"$gen/.hidden"
	finding 6 extra '.hidden: extra'
	rm "$gen/.hidden"
	dg --kernel "$B" verify
	expect 0
}

case_verify_shadowed() {
	root_staged
	# depmod prefers the first directory of its search list, then any found later.
	mkdir -p "$R/lib/modules/$B/override" "$dir/depmod.d"
	cp "$SCAP_A" "$R/lib/modules/$B/override/scap.ko"
	echo "search override updates built-in" >"$dir/depmod.d/x.conf"
	depmod -b "$R" -C "$dir/depmod.d/x.conf" "$B"
	modprobe -d "$R" -S "$B" --show-depends scap | grep override/scap.ko >/dev/null
	finding 1 shadowed 'override/scap.ko: shadows the staged driver'
	dg --kernel "$B" status
	expect 1
	says 'not by drvguard'
	dg --kernel "$B" stage
	expect 0
	mended
}

# A depmod.d of the system that prefers another copy, whatever drvguard stages.
case_verify_shadowed_for_good() {
	root_staged
	mkdir -p "$R/lib/modules/$B/updates/dkms"
	cp "$SCAP_A" "$R/lib/modules/$B/updates/dkms/scap.ko"
	depmod -b "$R" "$B"
	if modprobe -d "$R" -S "$B" --show-depends scap | grep updates/drvguard >/dev/null; then
		# depmod keeps ours: then nothing shadows it.
		dg --kernel "$B" verify
		expect 0
	else
		finding 1 shadowed 'updates/dkms/scap.ko: shadows'
		dg --kernel "$B" stage
		expect 1
		says 'modprobe would take .*updates/dkms/scap.ko.*remove that file'
	fi
}

case_verify_not_in_index() {
	root_staged
	mv "$link" "$dir/away"
	depmod -b "$R" "$B"
	mv "$dir/away" "$link"
	finding 1 shadowed 'not in the module index'
	mended
}

case_verify_link_broken() {
	root_staged
	ln -sfn nowhere "$link"
	finding 1 link 'updates/drvguard: leads to no generation'
	mended
}

case_verify_link_foreign() {
	root_staged
	ln -sfn ../kernel "$link"
	finding 1 link 'updates/drvguard: is not drvguard'
	mended
	rm "$link"
	mkdir "$link"
	finding 1 link 'updates/drvguard: is not drvguard'
}

# The link led to a generation and is gone: the record of what was staged is not what is staged.
case_verify_link_removed() {
	root_staged
	rm "$link"
	depmod -b "$R" "$B"
	dg --kernel "$B" verify
	expect 0
	dg --kernel "$B" status
	expect 1
	mended
}

case_verify_manifest_changed() {
	root_staged
	cp -p "$gen/manifest" "$dir/manifest"
	sed -i 's/verdict=exact/verdict=kabi/' "$gen/manifest"
	finding 6 manifest 'manifest: '
	cp "$dir/manifest" "$gen/manifest"
	head -n -1 "$dir/manifest" >"$gen/manifest"
	finding 6 manifest 'manifest: '
	: >"$gen/manifest"
	finding 6 manifest 'manifest: '
	rm "$gen/manifest"
	finding 6 manifest 'manifest: '
	mended
}

# A kernel of the same name built anew (here: another kernel's image in its place).
case_verify_kernel_rebuilt() {
	root_staged
	rm "$R/boot/vmlinuz-$B"
	cp "$KERNEL_A/boot/vmlinuz-$A" "$R/boot/vmlinuz-$B"
	finding 1 kernel "vmlinuz-REL-B: .*were proven for build"
}

# The same symbols under another build-id: one more run proves and says so, and it is fine again.
case_verify_kernel_rebuilt_mended() {
	local id
	root_staged
	id=$(kernel_build_id "$B")
	# A manifest of an earlier build: as if the package had been built anew since.
	sed -i "s/$id/0123456789012345678901234567890123456789/; \$d" "$gen/manifest"
	echo "end $(sha256sum <"$gen/manifest" | cut -d' ' -f1)" >>"$gen/manifest"
	finding 1 kernel "vmlinuz-REL-B: .*were proven for build 0123456789"
	mended
}

case_verify_by_name() {
	root_ready
	take_out tun "$depot/tun.ko"
	config_driver tun
	depmod -b "$R" "$B"
	dg --kernel "$B" stage
	expect 0
	cat "$SCAP_A" >"$R/usr/lib/drvguard/kernels/$B/1/scap.ko"
	dg --kernel "$B" verify tun
	expect 0
	dg --kernel "$B" verify scap
	expect 6
	dg --kernel "$B" verify
	expect 6
	says '2 files checked, 1 finding$'
}

case_verify_unreadable() {
	need_root
	root_staged
	setpriv --reuid=65534 --clear-groups test -r "$gen/manifest" || skip "the tree cannot be reached by others"
	chmod 000 "$gen/scap.ko"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" verify
	expect 3
	says '^unread: scap: .*scap.ko: cannot be read: Permission denied; .'
}

# Byte for byte what coreutils print for that file.
case_verify_sum() {
	local file
	root_staged
	dg --kernel "$B" verify --sum
	expect 0
	file=$link/scap.ko
	{
		sum "$file"
		sum -s "$file"
		cksum "$file"
	} | diff -u - "$out"
}

# Of one file, and of several: coreutils prints the name in the one case only.
case_verify_sum_of_several() {
	local name
	root_ready
	for name in tun veth; do
		take_out "$name" "$depot/$name.ko"
		config_driver "$name"
	done
	depmod -b "$R" "$B"
	dg --kernel "$B" stage
	expect 0
	dg --kernel "$B" verify --sum
	expect 0
	for name in scap tun veth; do
		dg --kernel "$B" verify --sum "$name"
		expect 0
		{
			sum "$R/lib/modules/$B/updates/drvguard/$name.ko"
			sum -s "$R/lib/modules/$B/updates/drvguard/$name.ko"
			cksum "$R/lib/modules/$B/updates/drvguard/$name.ko"
		} | diff -u - "$out"
	done
	(cd "$R/lib/modules/$B/updates/drvguard" && sum ./*.ko) | awk '{ print $1, $2 }' >"$dir/sums"
	dg --kernel "$B" verify --sum
	awk 'NR % 3 == 1 { print $1, $2 }' "$out" | sort | diff -u <(sort "$dir/sums") -
}

# With a finding the sums are those of what is there, and the exit code tells.
case_verify_sum_of_changed() {
	root_staged
	overwrite "$SCAP_A"
	dg --kernel "$B" verify --sum
	expect 6
	[ "$(head -n 1 "$out")" = "$(sum "$link/scap.ko")" ]
	says '^swapped: scap: '
}
