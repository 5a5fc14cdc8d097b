# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Each command's text, JSON and exit code, for kernels that do not run.

case_check_text() {
	root_ready
	dg --kernel "$B" check
	expect 0
	quiet
	expect_text <<-'END'
		kernel REL-B
		DRIVER VERDICT FROM FILE WHY
		scap exact depot ROOT/opt/falco/drivers/scap-REL-B.ko -
	END
}

case_check_json() {
	root_ready
	dg --kernel "$B" --json check
	expect 0
	json '.kernel.release == $B and (.kernel.build_id | test("^[0-9a-f]{40}$"))'
	json '.results | length == 1'
	json '.results[0] | .driver == "scap" and .verdict == "exact" and .errno == null and .reasons == []'
	json '.results[0].file == $R + "/opt/falco/drivers/scap-" + $B + ".ko"'
}

case_check_refused() {
	root_with "$B"
	cp "$SCAP_A" "$depot/scap.ko"
	dg --kernel "$B" check
	expect 1
	says '^scap refused depot ROOT/opt/falco/drivers/scap.ko struct module differs \(module_layout\); [0-9]+ symbols of another version'
	dg --kernel "$B" --json check
	expect 1
	json '.results[0] | .verdict == "refused" and .errno == "ENOEXEC"'
	json '.results[0].reasons | any(.kind == "module_layout" and .symbol == "module_layout" and .errno == "ENOEXEC")'
	json '.results[0].reasons | all(has("kind") and has("symbol") and has("want") and has("have"))'
}

case_check_file() {
	root_with "$B"
	dg --kernel "$B" check "$SCAP_B"
	expect 0
	says "^scap exact file "
	dg --kernel "$B" check "$SCAP_B" "$SCAP_A"
	expect 1
	says "^scap exact file "
	says "^scap refused file "
	dg --kernel "$B" check "$R/no/such.ko"
	expect 3
	one_line /no/such.ko 'no'
}

case_check_crcs_as_symvers() {
	local symbol have want
	root_with "$B"
	dg --kernel "$B" --json check "$SCAP_A"
	expect 1
	# Every CRC that is said to be the kernel's is the one in its Module.symvers.
	while read -r symbol have; do
		want=$(awk -v s="$symbol" '$2 == s { print $1 }' "$SYMVERS_B")
		[ "$want" = "$have" ] || fail "$symbol: $have, Module.symvers has $want"
	done < <(jq -r '.results[0].reasons[] | select(.kind == "crc" or .kind == "module_layout") | "\(.symbol) \(.have)"' "$out")
	json '[.results[0].reasons[] | select(.kind == "crc")] | length > 3'
}

case_check_image_and_symvers_agree() {
	root_ready
	dg --kernel "$B" --json check "$SCAP_A" "$SCAP_B"
	expect 1
	jq -S .results "$out" >"$dir/by-image"
	rm "$R/boot/vmlinuz-$B"
	rm -f "$R/lib/modules/$B/build"
	mkdir "$R/lib/modules/$B/build"
	ln -s "$SYMVERS_B" "$dir/symvers"
	cp "$SYMVERS_B" "$R/lib/modules/$B/build/Module.symvers"
	dg --kernel "$B" --json check "$SCAP_A" "$SCAP_B"
	expect 1
	json '.kernel.build_id == null'
	jq -S .results "$out" | diff -u "$dir/by-image" -
}

case_check_neither_image_nor_symvers() {
	root_ready
	rm "$R/boot/vmlinuz-$B"
	dg --kernel "$B" check
	expect 3
	one_line "$B" 'neither an image nor a symvers'
}

case_check_symvers_compressed() {
	local how
	root_ready
	rm "$R/boot/vmlinuz-$B"
	for how in gz:gzip xz:xz zst:zstd; do
		"${how#*:}" -c -q <"$SYMVERS_B" >"$R/boot/symvers-$B.${how%:*}"
		dg --kernel "$B" check
		expect 0
		quiet
		rm "$R/boot/symvers-$B.${how%:*}"
	done
}

case_kernels() {
	root_with "$A" "$B"
	dg kernels
	expect 0
	quiet
	expect_text <<-'END'
		RELEASE STATE NEXT LEVEL PARTS
		REL-A applied maybe LEVEL whole
		REL-B applied maybe LEVEL whole

		next: cannot tell
		no boot loader was found that drvguard knows
	END
	dg --json kernels
	expect 0
	json '[.kernels[] | .release] == [$A, $B]'
	json '.kernels[1] | (.next | not) and .state == "applied" and .lacks == null'
	json '.next | .release == null and .loader == null and .candidates == [$A, $B] and (.once | not)'
	json '.kernels[1].image == $R + "/boot/vmlinuz-" + $B'
}

case_kernels_running() {
	root_with "$A" "$B"
	runs "$A"
	dg kernels
	expect 0
	says '^REL-A committed maybe '
	says '^REL-B applied maybe '
}

case_kernels_partial() {
	root_with "$A" "$B"
	rm "$R/boot/vmlinuz-$A" "$R/lib/modules/$B/modules.dep"
	dg kernels
	expect 1
	says '^REL-A .* no image in /boot'
	says '^REL-B .* no modules.dep'
}

case_kernels_none() {
	root_with
	dg kernels
	expect 3
	one_line "$R" 'no kernel is installed'
}

case_status_missing() {
	root_ready
	dg --kernel "$B" status
	expect 1
	quiet
	says '^scap - missing - - 2 files - drvguard( --root ROOT)? stage --kernel REL-B$'
	# What is there is an exact match: nobody may read that none fits.
	says_not 'no file fits'
}

case_status_staged() {
	root_staged
	dg --kernel "$B" status
	expect 0
	quiet
	expect_text <<-'END'
		kernel REL-B LEVEL
		DRIVER STATE MATCH STAGED LOADED DEPOT PLACE NEXT
		scap S match VERSION exact - 2 files - -
	END
	dg --kernel "$B" --json status
	expect 0
	json '.kernels[0] | .kernel.release == $B and .running == false'
	json '.kernels[0].drivers[0] | .driver == "scap" and .state == "S" and .match == "match"'
	json '.kernels[0].drivers[0].staged | .verdict == "exact" and (.file | endswith("/updates/drvguard/scap.ko"))'
	json '.kernels[0].drivers[0].depot | .path == "/opt/falco/drivers" and .state == "present" and .files == 2'
	[ "$(jq -r '.kernels[0].drivers[0].staged_sha256' "$out")" = "$(sha256sum "$SCAP_B" | cut -d' ' -f1)" ]
}

case_status_no_match() {
	root_with "$B"
	cp "$SCAP_A" "$depot/scap.ko"
	dg --kernel "$B" status
	expect 1
	says '^scap - missing .*get a driver for this kernel from the vendor'
	says 'no file fits; nearest is for REL-A: '
}

case_status_waiting() {
	root_with "$B"
	dg --kernel "$B" status
	expect 4
	says '^scap - waiting - - empty - '
	says '^scap: the depot is empty'
	rmdir "$depot"
	dg --kernel "$B" --json status
	expect 4
	json '.kernels[0].drivers[0] | .match == "waiting" and .depot.state == "absent"'
}

case_status_by_name() {
	root_ready
	dg --kernel "$B" stage
	config_driver other
	dg --kernel "$B" status scap
	expect 0
	says_not '^other'
	dg --kernel "$B" status
	expect 1
}

case_all_matrix() {
	root_with "$A" "$B"
	offer_both
	dg --kernel all stage
	expect 0
	quiet
	dg --kernel all --json status
	expect 0
	json '[.kernels[] | .kernel.release] == [$A, $B]'
	json '.kernels | all(.drivers[0] | .match == "match" and .staged.verdict == "exact")'
	dg --kernel all --json check
	expect 0
	json '.kernels | length == 2 and all(.results | length == 1)'
	dg --kernel all verify
	expect 0
	would_load "$A" scap "$R/lib/modules/$A/updates/drvguard/scap.ko"
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

# One kernel with a match and one without: the one is served, the exit code is the other's.
case_all_matrix_partial() {
	root_with "$A" "$B"
	cp "$SCAP_A" "$depot/scap.ko"
	dg --kernel all stage
	expect 1
	would_load "$A" scap "$R/lib/modules/$A/updates/drvguard/scap.ko"
	[ ! -e "$R/lib/modules/$B/updates" ]
}

case_next() {
	root_with "$B"
	offer_both
	dg --kernel next stage
	expect 0
	says '^kernel REL-B: generation 1, new'
}

# Without a boot loader nobody knows which of two it is.
case_next_of_two() {
	root_with "$A" "$B"
	offer_both
	dg --kernel next stage
	expect 3
	one_line 'which kernel boots next' "cannot be told: no boot loader .*: REL-A, REL-B$"
	[ ! -e "$R/lib/modules/$A/updates" ]
	[ ! -e "$R/lib/modules/$B/updates" ]
}

case_level() {
	local version
	root_with "$B"
	version=$(kernel_version "$B" | sed -E 's/.* Debian ([^ ]+) .*/\1/')
	dg --json kernels
	json '.kernels[0].level.vendor == "debian"'
	[ "$(jq -r '.kernels[0].level.service_pack' "$out")" = "$version" ]
	[[ $B == *"$(jq -r '.kernels[0].level.technology_level' "$out")"* ]]
}

# The build-id is that of the kernel in the image, taken out here by the image's own header
# (Documentation/x86/boot.rst: setup_sects, payload_offset, payload_length) and other tools.
case_build_id_of_image() {
	local image at length magic tool
	root_with "$B"
	image=$R/boot/vmlinuz-$B
	field() { od -An -t "u$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
	at=$((($(field 497 1) + 1) * 512 + $(field 584 4)))
	length=$(($(field 588 4) - 4))
	magic=$(od -An -tx1 -j "$at" -N 4 "$image" | tr -d ' ')
	case $magic in
	fd377a58) tool=xz ;;
	02214c18) tool=lz4 ;;
	28b52ffd) tool=zstd ;;
	1f8b08*) tool=gzip ;;
	*) skip "an image of an unknown compressor ($magic)" ;;
	esac
	command -v "$tool" >/dev/null || skip "no $tool here"
	# dd reads no further than it is told to, so that nobody is left writing into nothing.
	dd if="$image" iflag=skip_bytes,count_bytes skip="$at" count="$length" bs=64k status=none |
		"$tool" -dc >"$dir/vmlinux"
	dg --kernel "$B" --json check "$SCAP_B"
	expect 0
	[ "$(jq -r .kernel.build_id "$out")" = "$(module_build_id "$dir/vmlinux")" ]
}

case_quiet_and_verbose() {
	root_staged
	dg -q --kernel "$B" verify
	expect 0
	quiet
	[ ! -s "$out" ] || fail "-q is not quiet"
	dg -v --kernel "$B" status
	expect 0
}

case_config_option() {
	root_ready
	mv "$conf" "$dir/my.conf"
	dg --kernel "$B" --config "$dir/my.conf" check
	expect 0
	dg --kernel "$B" check
	errs 'no driver is configured; '
	expect 0
	dg --kernel "$B" --config "$dir/none.conf" check
	expect 2
	one_line "$dir/none.conf" 'No such file'
}
