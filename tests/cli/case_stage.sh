# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Staging: the layout, what is chosen, that it is repeatable, room and concurrent runs.

case_stage_layout() {
	local sum
	root_ready
	dg --kernel "$B" stage
	expect 0
	quiet
	expect_text <<-'END'
		kernel REL-B: generation 1, new
		DRIVER STEP VERSION VERDICT FROM
		scap staged VERSION exact ROOT/opt/falco/drivers/scap-REL-B.ko
	END
	sum=$(sha256sum "$SCAP_B" | cut -d' ' -f1)
	cmp "$SCAP_B" "$R/usr/lib/drvguard/store/$sum/scap.ko"
	# One file, two names.
	[ "$(stat -c %i:%h "$R/usr/lib/drvguard/store/$sum/scap.ko")" = \
		"$(stat -c %i:%h "$R/usr/lib/drvguard/kernels/$B/1/scap.ko")" ]
	[ "$(stat -c %h "$R/usr/lib/drvguard/kernels/$B/1/scap.ko")" -eq 2 ]
	# The link is relative, so that it works inside the root too.
	[ "$(readlink "$R/lib/modules/$B/updates/drvguard")" = "../../../../usr/lib/drvguard/kernels/$B/1" ]
	# Nothing else, nothing half-made.
	(cd "$R/usr/lib/drvguard" && find . -type f -o -type l) | sort >"$dir/files"
	diff -u - "$dir/files" <<-END
		./kernels/$B/1/manifest
		./kernels/$B/1/scap.ko
		./lock
		./store/$sum/scap.ko
	END
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

case_stage_manifest() {
	local manifest
	root_staged
	manifest=$gen/manifest
	grep -qx "release $B" "$manifest"
	grep -qx "kernel-build-id $(kernel_build_id "$B")" "$manifest"
	grep -qE "^driver scap sha256=$(sha256sum "$SCAP_B" | cut -d' ' -f1) size=$(stat -c %s "$SCAP_B") " "$manifest"
	grep -q " build-id=$(module_build_id "$SCAP_B") verdict=exact " "$manifest"
	# The last line seals the others.
	[ "$(tail -n 1 "$manifest")" = "end $(head -n -1 "$manifest" | sha256sum | cut -d' ' -f1)" ]
}

case_stage_json() {
	root_ready
	dg --kernel "$B" --json stage
	expect 0
	quiet
	# The kernel is told as in every other command's document.
	json '.kernels[0] | .generation == 1 and .changed and .kernel.release == $B'
	json '.kernels[0].drivers[0] | .driver == "scap" and .step == "staged" and .verdict == "exact" and .shadowed_by == null'
	dg --kernel "$B" --json stage
	expect 0
	json '.kernels[0] | .generation == 1 and (.changed | not) and .drivers[0].step == "kept"'
}

case_stage_again_changes_nothing() {
	root_staged
	snapshot >"$dir/before"
	dg --kernel "$B" stage
	expect 0
	says '^kernel REL-B: generation 1$'
	says '^scap kept VERSION exact ROOT/lib/modules/REL-B/updates/drvguard/scap.ko'
	unchanged "$dir/before" snapshot
}

# Nothing is written in a run with nothing to do: asked of the kernel.
case_stage_again_writes_nothing() {
	command -v strace >/dev/null || skip "no strace"
	root_staged
	strace -f -qq -e signal=none -o "$dir/trace" \
		-e trace=rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,mkdirat,execve \
		"$DRVGUARD" --root "$R" --kernel "$B" stage >"$out" 2>"$err" || skip "strace does not work here"
	# The first line is the program's own start; mkdir of what is there already is no change.
	if sed 1d "$dir/trace" | grep -v EEXIST >&2; then fail "something was done"; fi
}

case_stage_dry_run() {
	root_ready
	snapshot >"$dir/before"
	dg --kernel "$B" --dry-run stage
	expect 0
	says '^scap would stage VERSION exact '
	unchanged "$dir/before" snapshot
}

case_stage_second_generation() {
	root_staged
	cp -p "$gen/manifest" "$dir/manifest"
	take_out tun "$depot/tun.ko"
	config_driver tun
	dg --kernel "$B" stage
	expect 0
	says '^kernel REL-B: generation 2, new'
	says '^scap kept '
	says '^tun staged '
	cmp "$dir/manifest" "$gen/manifest"
	cmp "$SCAP_B" "$gen/scap.ko"
	[[ $(readlink "$link") == */kernels/"$B"/2 ]]
	# The same file once on disk: store, first and second generation.
	[ "$(stat -c %h "$gen/scap.ko")" -eq 3 ]
	would_load "$B" scap "$link/scap.ko"
	would_load "$B" tun "$link/tun.ko"
	dg --kernel "$B" verify
	expect 0
	says '2 files checked, 0 findings'
}

case_stage_by_name() {
	root_ready
	config_each
	take_out tun "$depot/tun.ko"
	config_driver tun
	dg --kernel "$B" stage tun
	expect 0
	says '^tun staged '
	says_not '^scap'
	[ ! -e "$R/usr/lib/drvguard/kernels/$B/1/scap.ko" ]
	dg --kernel "$B" stage scap
	expect 0
	[ -e "$R/usr/lib/drvguard/kernels/$B/2/tun.ko" ]
	[ -e "$R/usr/lib/drvguard/kernels/$B/2/scap.ko" ]
}

case_stage_no_match() {
	root_with "$B"
	cp "$SCAP_A" "$depot/scap.ko"
	snapshot | grep -v drvguard >"$dir/before"
	dg --kernel "$B" stage
	expect 1
	says '^scap none .*no file fits; nearest is for REL-A'
	[ ! -e "$R/lib/modules/$B/updates" ]
	[ ! -e "$R/usr/lib/drvguard/store" ]
}

# What is staged stays while its successor is not to be had.
case_stage_keeps_while_depot_away() {
	root_staged
	rm -r "$depot"
	snapshot >"$dir/before"
	dg --kernel "$B" stage
	expect 0
	unchanged "$dir/before" snapshot
}

case_stage_from_store() {
	root_staged
	rm -r "$depot" "$R/lib/modules/$B/updates/drvguard"
	depmod -b "$R" "$B"
	dg --kernel "$B" stage
	expect 0
	says '^scap staged VERSION exact ROOT/usr/lib/drvguard/store/'
	would_load "$B" scap "$link/scap.ko"
}

# A damaged copy in the store is never staged; the depot's replaces it.
case_stage_store_damaged() {
	root_staged
	cp "$gen/scap.ko" "$dir/bad.ko"
	printf X | dd of="$dir/bad.ko" bs=1 seek=4096 conv=notrunc status=none
	cp "$dir/bad.ko" "$R/usr/lib/drvguard/store/$(sha256sum "$SCAP_B" | cut -d' ' -f1)/scap.ko"
	rm "$link"
	depmod -b "$R" "$B"
	mv "$depot" "$depot.away"
	dg --kernel "$B" stage
	expect 4
	one_line /usr/lib/drvguard/store/ 'damaged'
	mv "$depot.away" "$depot"
	dg --kernel "$B" stage
	expect 0
	cmp "$SCAP_B" "$link/scap.ko"
}

case_stage_compressed() {
	local how
	root_with "$B"
	for how in gz:gzip xz:xz zst:zstd; do
		rm -rf "$R/usr/lib/drvguard" "$R/lib/modules/$B/updates" "${depot:?}"/*
		depmod -b "$R" "$B"
		"${how#*:}" -c -q <"$SCAP_B" >"$depot/scap.ko.${how%:*}"
		dg --kernel "$B" stage
		expect 0
		quiet
		# Staged plain: any kernel and any modprobe can read it.
		cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
		dg --kernel "$B" verify
		expect 0
	done
}

case_stage_compressed_damaged() {
	local how size
	root_with "$B"
	for how in gz:gzip xz:xz zst:zstd; do
		rm -f "${depot:?}"/*
		"${how#*:}" -c -q <"$SCAP_B" >"$dir/whole"
		for size in 20 30000 $(($(stat -c %s "$dir/whole") - 1)); do
			head -c "$size" "$dir/whole" >"$depot/scap.ko.${how%:*}"
			dg --kernel "$B" stage
			expect 1
			one_line "scap.ko.${how%:*}" '(truncated|damaged)'
		done
	done
}

# A level whose kernel takes B's drivers: kabi where it is allowed, refused where exact is wanted.
kabi_level() {
	local between
	between=$("$here/../e2e/archive.sh" images-list | sed -n "/^$A\$/,/^$B\$/p" | sed '1d;$d' | tail -n 1)
	[ -n "$between" ] || skip "no level between $A and $B in the archive"
	"$here/../e2e/archive.sh" kernel "$between" >/dev/null || skip "$between cannot be fetched"
	K=$between
}

case_stage_kabi() {
	kabi_level
	root_with "$K"
	offer_both
	dg --kernel "$K" check
	expect 0
	says "^scap kabi depot ROOT/opt/falco/drivers/scap-REL-B.ko"
	sed -i 's/require = kabi/require = exact/' "$conf"
	dg --kernel "$K" stage
	expect 1
	says 'the configuration requires exact'
	[ ! -e "$R/lib/modules/$K/updates" ]
	sed -i 's/require = exact/require = kabi/' "$conf"
	dg --kernel "$K" stage
	expect 0
	says '^scap staged VERSION kabi '
	would_load "$K" scap "$R/lib/modules/$K/updates/drvguard/scap.ko"
	dg --kernel "$K" verify
	expect 0
}

case_stage_exact_before_kabi() {
	local tree
	kabi_level
	root_with "$B"
	config_driver tun
	take_out tun "$depot/z-tun.ko"
	tree=$("$here/../e2e/archive.sh" kernel "$K")
	cp "$(find "$tree/lib/modules" -name tun.ko)" "$depot/a-tun.ko"
	dg --kernel "$B" check tun
	expect 0
	says '^tun exact depot ROOT/opt/falco/drivers/z-tun.ko'
	rm "$depot/z-tun.ko"
	depmod -b "$R" "$B"
	dg --kernel "$B" check tun
	expect 0
	says '^tun kabi depot ROOT/opt/falco/drivers/a-tun.ko'
}

# Twenty drivers for each of two kernels in one depot, none of which runs.
case_stage_twenty() {
	local rel file name n=0
	root_with "$A" "$B"
	rm "$conf"
	printf '[product falco]\ndepot = /opt/falco/drivers\n' >"$conf"
	mkdir "$depot/$A" "$depot/$B"
	while read -r file; do
		name=${file##*/}
		name=${name%.ko}
		[ -f "$R/lib/modules/$A/$file" ] || continue
		# Those that stand by themselves; case_stage_depending has the others.
		[ -z "$(modinfo -F depends "$R/lib/modules/$B/$file")" ] || continue
		for rel in "$A" "$B"; do
			mv "$R/lib/modules/$rel/$file" "$depot/$rel/$name.ko"
		done
		config_driver "$name"
		echo "$name" >>"$dir/drivers"
		n=$((n + 1))
		((n < 20)) || break
	done < <(cd "$R/lib/modules/$B" && find kernel/drivers/net kernel/net/sched kernel/fs -name '*.ko' | sort)
	[ "$n" -eq 20 ]
	depmod -b "$R" "$A"
	depmod -b "$R" "$B"
	dg --kernel all check
	expect 0
	quiet
	[ "$(grep -cE ' exact +exact' "$out")" -eq 20 ] || fail "not 20 rows of exact in both kernels"
	dg --kernel "$B" stage
	expect 0
	quiet
	[ "$(grep -c ' staged ' "$out")" -eq 20 ] || fail "not 20 staged"
	while read -r name; do
		would_load "$B" "$name" "$R/lib/modules/$B/updates/drvguard/$name.ko"
	done <"$dir/drivers"
	dg --kernel "$B" verify
	expect 0
	says '20 files checked, 0 findings'
	[ ! -e "$R/lib/modules/$A/updates" ]
}

# One driver needs another's symbols, both are in the depot: the first run stages both.
case_stage_depending() {
	root_with "$B"
	printf '[product falco]\ndepot = /opt/falco/drivers\n' >"$conf"
	take_out mlx4_core "$depot/mlx4_core.ko"
	take_out mlx4_en "$depot/mlx4_en.ko"
	find "$R/lib/modules/$B" -name mlx4_ib.ko -delete
	depmod -b "$R" "$B"
	config_driver mlx4_en
	config_driver mlx4_core
	dg --kernel "$B" stage
	expect 0
	says '^mlx4_core staged'
	says '^mlx4_en staged'
}

# A product's drivers talk to each other: all of them, or none, unless it is forced.
case_stage_group() {
	local link
	root_ready
	link=$R/lib/modules/$B/updates/drvguard
	take_out tun "$depot/tun.ko"
	config_driver tun
	cp "$SCAP_A" "$depot/scap-$B.ko"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 1
	says '^scap none '
	says '^tun group .*scap of product falco has no match'
	[ ! -e "$link" ]
	dg --kernel "$B" stage tun
	expect 1
	says '^tun group '
	dg --kernel "$B" stage --force
	expect 1
	says '^tun staged '
	cp "$SCAP_B" "$depot/scap-$B.ko"
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
	would_load "$B" tun "$link/tun.ko"
}

# One of twenty is not to be had: where each stands for itself, the others are staged all the same.
case_stage_others_served() {
	local name
	root_ready
	config_each
	for name in tun veth fuse; do
		take_out "$name" "$depot/$name.ko"
		config_driver "$name"
	done
	depmod -b "$R" "$B"
	cp "$SCAP_A" "$depot/scap-$B.ko"
	dg --kernel "$B" stage
	expect 1
	says '^scap none '
	for name in tun veth fuse; do
		says "^$name staged "
		would_load "$B" "$name" "$R/lib/modules/$B/updates/drvguard/$name.ko"
	done
}

case_stage_newer_version() {
	root_staged
	other_version 0.1.2 "$depot/a.ko"
	dg --kernel "$B" stage
	expect 0
	says '^kernel REL-B: generation 2, new'
	cmp "$depot/a.ko" "$link/scap.ko"
	[ -e "$gen/scap.ko" ] || fail "the first generation is gone"
}

case_stage_older_version() {
	root_staged
	rm "$depot"/*
	other_version 0.1.0 "$depot/a.ko"
	dg --kernel "$B" stage
	expect 0
	says '^scap kept'
	cmp "$SCAP_B" "$link/scap.ko"
	dg --kernel "$B" --force stage
	expect 0
	says '^scap staged'
	cmp "$depot/a.ko" "$link/scap.ko"
}

# An index that does not know the staged file any more is made anew.
case_stage_mends_index() {
	root_staged
	mv "$link" "$dir/away"
	depmod -b "$R" "$B"
	mv "$dir/away" "$link"
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
	dg --kernel "$B" verify
	expect 0
}

case_stage_link_dangling_or_foreign() {
	root_staged
	rm "$link"
	ln -s /nowhere "$link"
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
	rm "$link"
	ln -s ../kernel "$link"
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
	rm "$link"
	depmod -b "$R" "$B"
	mkdir "$link"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 3
	one_line "$link" 'a directory stands where'
	unchanged "$dir/before" contents
}

# What a killed run left behind is undone by the next one.
case_stage_after_interruption() {
	root_ready
	mkdir -p "$R/usr/lib/drvguard/kernels/$B/.new" "$R/usr/lib/drvguard/store/0000"
	echo half >"$R/usr/lib/drvguard/kernels/$B/.new/scap.ko"
	mkdir -p "$R/lib/modules/$B/updates"
	ln -s nowhere "$R/lib/modules/$B/updates/.drvguard.new"
	dg --kernel "$B" stage
	expect 0
	[ ! -e "$R/usr/lib/drvguard/kernels/$B/.new" ]
	[ ! -L "$R/lib/modules/$B/updates/.drvguard.new" ]
	cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

case_stage_concurrent() {
	local i pids=()
	root_ready
	for i in {1..10}; do
		"$DRVGUARD" --root "$R" --kernel "$B" stage >"$dir/out.$i" 2>"$dir/err.$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || fail "one of them ended with $?"
	done
	[ "$(cat "$dir"/err.* | wc -l)" -eq 0 ] || fail "words on stderr: $(cat "$dir"/err.*)"
	[ "$(cat "$dir"/out.* | grep -c 'generation 1, new')" -eq 1 ] || fail "not one made it"
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ]
	dg --kernel "$B" verify
	expect 0
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

case_stage_store_elsewhere() {
	root_ready
	printf '[drvguard]\nstore = /srv/drvguard\n' >"$R/etc/drvguard/drvguard.conf"
	dg --kernel "$B" stage
	expect 0
	[ "$(readlink "$R/lib/modules/$B/updates/drvguard")" = "../../../../srv/drvguard/kernels/$B/1" ]
	[ -z "$(ls -A "$R/usr/lib/drvguard")" ]
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

# The root moved whole: relative links, nothing remembered by absolute path.
case_stage_root_moves() {
	root_staged
	mv "$R" "$R.moved"
	R=$R.moved
	snapshot >"$dir/before"
	dg --kernel "$B" verify
	expect 0
	dg --kernel "$B" stage
	expect 0
	unchanged "$dir/before" snapshot
	rm -rf "$R"
}

case_stage_usrmerged_root() {
	root_ready
	mv "$R/lib/modules" "$R/usr/lib/"
	rmdir "$R/lib"
	ln -s usr/lib "$R/lib"
	dg --kernel "$B" stage
	expect 0
	quiet
	dg --kernel "$B" verify
	expect 0
	modprobe -d "$R" -S "$B" --show-depends scap | grep updates/drvguard/scap.ko >/dev/null
}

# --- room ------------------------------------------------------------------------------------

case_room_store() {
	need_root
	root_ready
	mount -t tmpfs -o size=512k none "$R/usr/lib/drvguard" || skip "no tmpfs here"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 3
	one_line "$R/usr/lib/drvguard" 'needs [0-9]+ KiB there, [0-9]+ KiB are free; free some space'
	unchanged "$dir/before" contents
	umount "$R/usr/lib/drvguard"
}

# No room told by nothing beforehand: the file system runs out of files at each step in turn.
case_room_store_files() {
	local file n
	need_root
	root_ready
	contents >"$dir/before"
	for n in {2..48}; do
		mount -t tmpfs -o "nr_inodes=$n" none "$R/usr/lib/drvguard" || skip "no tmpfs here"
		dg --kernel "$B" stage
		if [ "$code" -eq 0 ]; then
			break
		fi
		expect 3
		one_line "$R/usr/lib/drvguard" 'needs [0-9]+ inodes there, [0-9]+ are free; remove some files'
		# A whole copy may stay in the store; half a one, or half a generation, may not.
		if find "$R/usr/lib/drvguard/kernels" -type f 2>/dev/null | grep .; then
			fail "half a generation stayed ($n)"
		fi
		find "$R/usr/lib/drvguard/store" -type f 2>/dev/null >"$dir/left" || true
		while read -r file; do
			cmp "$file" "$SCAP_B" || fail "half a file stayed ($n)"
		done <"$dir/left"
		umount "$R/usr/lib/drvguard"
		unchanged "$dir/before" contents
	done
	dg --kernel "$B" verify
	expect 0
	umount "$R/usr/lib/drvguard"
}

# A small file system with a few of kernel B's modules as its /lib/modules, nearly full.
small_modules() { # TMPFS-OPTIONS
	mkdir "$dir/modules"
	cp -r "$R/lib/modules/$B" "$dir/modules/"
	find "$dir/modules/$B/kernel" -mindepth 1 -maxdepth 1 ! -name lib -exec rm -r {} +
	depmod -b "$R" -o "$dir/none" "$B" 2>/dev/null || true
	rm -rf "$R/lib/modules"
	mkdir "$R/lib/modules"
	mount -t tmpfs -o "$1" none "$R/lib/modules" || skip "no tmpfs here"
	cp -r "$dir/modules/$B" "$R/lib/modules/"
	depmod -b "$R" "$B"
}

# As $dir/before says, the store apart, which may keep a whole copy.
unchanged_but() { # STORE
	contents | grep -v "$1" >"$dir/after"
	grep -v "$1" "$dir/before" | diff -u - "$dir/after" || fail "the tree was changed"
}

case_room_modules() {
	need_root
	root_ready
	small_modules size=64m
	contents >"$dir/before"
	mount -o "remount,size=$(du -sk "$R/lib/modules" | cut -f1)k" "$R/lib/modules"
	dg --kernel "$B" stage
	expect 3
	one_line "$R/lib/modules/$B" 'needs [0-9]+ KiB there, [0-9]+ KiB are free; free some space'
	unchanged "$dir/before" contents
	umount "$R/lib/modules"
}

# depmod itself runs out: the switch is taken back, the old indexes stay.
case_room_modules_files() {
	local have n
	need_root
	root_ready
	small_modules size=64m
	contents >"$dir/before"
	have=$(find "$R/lib/modules" | wc -l)
	for n in {0..40}; do
		mount -o "remount,nr_inodes=$((have + n))" "$R/lib/modules" || skip "this tmpfs cannot be made smaller"
		dg --kernel "$B" stage
		if [ "$code" -eq 0 ]; then
			break
		fi
		expect 3
		one_line "$R/lib/modules/$B" 'needs [0-9]+ inodes there, [0-9]+ are free; remove some files'
		rmdir "$R/lib/modules/$B/updates" 2>/dev/null || true
		unchanged_but /usr/lib/drvguard
		if find "$R/usr/lib/drvguard/kernels" -type f | grep .; then fail "half a generation stayed"; fi
	done
	[ "$code" -eq 0 ] || fail "never enough"
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	umount "$R/lib/modules"
}

# Store and modules on one file system share its room.
case_room_shared() {
	local need size
	need_root
	root_ready
	small_modules size=64m
	mkdir "$R/lib/modules/store"
	printf '[drvguard]\nstore = /lib/modules/store\n' >"$R/etc/drvguard/drvguard.conf"
	contents >"$dir/before"
	size=$(du -sk "$R/lib/modules" | cut -f1)
	# From clearly too little to clearly enough: staged, or nothing changed.
	for need in 800 1600 2000 2400 2800 3200 3600 4000 8000; do
		mount -o "remount,size=$((size + need))k" "$R/lib/modules"
		dg --kernel "$B" stage
		if [ "$code" -eq 0 ]; then
			break
		fi
		expect 3
		quiet 1
		rmdir "$R/lib/modules/$B/updates" 2>/dev/null || true
		unchanged_but /modules/store
	done
	expect 0
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	umount "$R/lib/modules"
}

case_readonly_store() {
	need_root
	root_ready
	mount -t tmpfs -o ro none "$R/usr/lib/drvguard" || skip "no tmpfs here"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 3
	one_line "$R/usr/lib/drvguard" 'Read-only file system'
	unchanged "$dir/before" contents
	# Looking needs no writing.
	dg --kernel "$B" check
	expect 0
	dg --kernel "$B" --dry-run stage
	expect 0
	umount "$R/usr/lib/drvguard"
}

case_readonly_modules() {
	need_root
	root_ready
	mount --bind "$R/lib/modules" "$R/lib/modules" || skip "no bind mounts here"
	mount -o remount,bind,ro "$R/lib/modules"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 3
	one_line "$R/lib/modules/$B" 'is on a read-only file system'
	[ ! -e "$R/lib/modules/$B/updates" ]
	if find "$R/usr/lib/drvguard/kernels" -type f | grep .; then fail "half a generation stayed"; fi
	umount "$R/lib/modules"
}

case_stage_as_nobody() {
	need_root
	root_ready
	setpriv --reuid=65534 --clear-groups test -r "$R/etc" || skip "the tree cannot be reached by others"
	contents >"$dir/before"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" stage
	expect 3
	one_line "$R/usr/lib/drvguard" 'Permission denied; run as root'
	unchanged "$dir/before" contents
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 0
}

# The store's copies are gone, but the generation's own files are whole: what is kept goes on.
case_stage_keeps_without_store() {
	root_staged
	take_out dummy "$R/opt/falco/dummy.ko"
	depmod -b "$R" "$B"
	rm -r "$R/usr/lib/drvguard/store"/* "$depot"/*
	mkdir -p "$R/opt/other"
	mv "$R/opt/falco/dummy.ko" "$R/opt/other/"
	printf '[product other]\ndepot = /opt/other\n[driver dummy]\nproduct = other\n' >"$R/etc/drvguard/drivers.d/other.conf"
	dg --kernel "$B" stage
	expect 0
	says '^dummy staged'
	says '^scap kept'
	dg --kernel "$B" verify
	expect 0
	would_load "$B" scap "$link/scap.ko"
	would_load "$B" dummy "$link/dummy.ko"
}
