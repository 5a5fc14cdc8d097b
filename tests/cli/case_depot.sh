# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad files and hostile ones in a depot. The good driver beside them is always served.

# Beside the bad file lies the match: check and stage serve it, with one line about the bad one.
still_served() { # BAD-NAME REGEX
	dg --kernel "$B" check
	expect 0
	one_line "$depot/$1" "$2"
	says '^scap exact depot'
	dg --kernel "$B" stage
	expect 0
	one_line "$depot/$1" "$2"
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	rm -rf "$R/usr/lib/drvguard" "$R/lib/modules/$B/updates"
	mkdir "$R/usr/lib/drvguard"
	depmod -b "$R" "$B"
}

# With the bad file alone: the same line, exit code CODE, and nothing staged.
alone() { # BAD-NAME REGEX CODE
	rm "$depot/scap-$A.ko" "$depot/scap-$B.ko"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect "$3"
	one_line "$depot/$1" "$2"
	[ ! -e "$R/lib/modules/$B/updates" ]
	unchanged "$dir/before" contents
	dg --kernel "$B" --json status
	expect "$3"
	json '.kernels[0].problems | length == 1 and (.[0] | (.where | length > 0) and (.what | length > 0) and (.cure | length > 0))'
	offer_both
}

case_depot_truncated() {
	local size cut
	root_ready
	size=$(stat -c %s "$SCAP_B")
	for cut in 0 1 3 4 15 16 52 63 64 100 4096 $((size / 2)) $((size - 4096)) $((size - 64)) $((size - 1)); do
		head -c "$cut" "$SCAP_B" >"$depot/cut.ko"
		dg --kernel "$B" stage
		expect 0
		one_line "$depot/cut.ko" '(not an ELF file|an empty file|truncated|damaged)'
	done
	rm -rf "$R/usr/lib/drvguard" "$R/lib/modules/$B/updates"
	mkdir "$R/usr/lib/drvguard"
	depmod -b "$R" "$B"
	alone cut.ko '(truncated|damaged)' 1
}

case_depot_text() {
	root_ready
	echo "This is a text about a driver." >"$depot/readme.ko"
	still_served readme.ko 'ELF'
	alone readme.ko 'ELF' 1
}

case_depot_empty_file() {
	root_ready
	: >"$depot/none.ko"
	still_served none.ko '.'
	alone none.ko '.' 1
}

# The same driver for another machine: judged, not understood as damage.
case_depot_other_machine() {
	root_with "$B"
	# e_machine, two bytes at 18 in the ELF header: 183 is AArch64.
	cp "$SCAP_B" "$depot/scap.ko"
	printf '\xb7\x00' | dd of="$depot/scap.ko" bs=1 seek=18 conv=notrunc status=none
	dg --kernel "$B" stage
	expect 1
	says '^scap none .*(AArch64|aarch64|arm64).*(x86-64|x86_64)'
	dg --kernel "$B" --json check
	expect 1
	json '.results[0] | .verdict == "refused" and .errno == "ENOEXEC" and .reasons[0].kind == "machine"'
	cp "$SCAP_B" "$depot/scap-$B.ko"
	dg --kernel "$B" stage
	expect 0
}

# Of the other byte order and of the other class, made whole by objcopy where it can.
case_depot_other_class() {
	root_with "$B"
	cp "$SCAP_B" "$depot/scap.ko"
	printf '\x01' | dd of="$depot/scap.ko" bs=1 seek=4 conv=notrunc status=none
	dg --kernel "$B" stage
	expect 1
	quiet 1
	cp "$SCAP_B" "$depot/scap.ko"
	printf '\x02' | dd of="$depot/scap.ko" bs=1 seek=5 conv=notrunc status=none
	dg --kernel "$B" stage
	expect 1
	quiet 1
	rm "$depot/scap.ko"
	objcopy -O elf32-i386 "$SCAP_B" "$depot/scap.ko" 2>/dev/null || skip "objcopy makes no 32-bit copy"
	dg --kernel "$B" stage
	expect 1
}

case_depot_directory() {
	root_ready
	mkdir "$depot/dir.ko"
	still_served dir.ko 'a directory'
	alone dir.ko 'a directory' 1
}

case_depot_link_dangling() {
	root_ready
	ln -s nowhere.ko "$depot/dead.ko"
	still_served dead.ko 'leads to no file'
	alone dead.ko 'leads to no file' 1
}

case_depot_link_looping() {
	root_ready
	ln -s loop.ko "$depot/loop.ko"
	still_served loop.ko 'round'
	alone loop.ko 'round' 1
	rm "$depot/loop.ko"
	# A loop of directories is none of ours, and no reason to walk for ever.
	ln -s . "$depot/here"
	dg --kernel "$B" check
	expect 0
	quiet
}

# A link inside the depot serves like the file; one out of the root stays in the root.
case_depot_link_good() {
	root_with "$B"
	mkdir "$R/opt/falco/files"
	cp "$SCAP_B" "$R/opt/falco/files/scap.ko"
	ln -s ../files/scap.ko "$depot/relative.ko"
	dg --kernel "$B" check
	expect 0
	rm "$depot/relative.ko"
	ln -s /opt/falco/files/scap.ko "$depot/absolute.ko"
	dg --kernel "$B" check
	expect 0
	rm "$depot/absolute.ko"
	ln -s "$SCAP_B" "$depot/outside.ko"
	dg --kernel "$B" stage
	expect 1
	one_line "$depot/outside.ko" 'leads to no file'
}

case_depot_is_link() {
	root_ready
	mv "$depot" "$R/opt/real"
	ln -s /opt/real "$depot"
	dg --kernel "$B" stage
	expect 0
	quiet
}

case_depot_unreadable_file() {
	need_root
	root_ready
	setpriv --reuid=65534 --clear-groups test -r "$depot" || skip "the tree cannot be reached by others"
	cp "$SCAP_B" "$depot/secret.ko"
	chmod 000 "$depot/secret.ko"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 0
	one_line "$depot/secret.ko" 'Permission denied; run as root'
	rm "$depot"/scap*
	# What cannot be read might have been the match.
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 3
	one_line "$depot/secret.ko" 'Permission denied; run as root'
}

case_depot_unreadable() {
	need_root
	root_ready
	setpriv --reuid=65534 --clear-groups test -r "$R/opt" || skip "the tree cannot be reached by others"
	chmod 000 "$depot"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" status
	expect 3
	one_line "/opt/falco/drivers" 'Permission denied; run as root'
	says '^scap - missing - - unreadable '
}

case_depot_empty() {
	root_with "$B"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 4
	says '^scap none .*the depot is empty'
	unchanged "$dir/before" contents
	# As a fresh file system is.
	mkdir "$depot/lost+found"
	dg --kernel "$B" stage
	expect 4
}

case_depot_missing() {
	root_with "$B"
	rm -r "$R/opt/falco"
	contents >"$dir/before"
	dg --kernel "$B" stage
	expect 4
	says '^scap none .*the depot is not there'
	unchanged "$dir/before" contents
}

case_depot_is_file() {
	root_with "$B"
	rmdir "$depot"
	echo x >"$depot"
	dg --kernel "$B" stage
	[ "$code" -eq 2 ] || expect 3
	one_line /opt/falco/drivers 'not a directory; name a directory'
	[ ! -e "$R/lib/modules/$B/updates" ]
}

case_depot_fifo() {
	root_ready
	mkfifo "$depot/pipe.ko"
	still_served pipe.ko 'no regular file'
	alone pipe.ko 'no regular file' 1
}

case_depot_device() {
	need_root
	root_ready
	mknod "$depot/null.ko" c 1 3 || skip "no device nodes here"
	mknod "$depot/zero.ko" c 1 5
	dg --kernel "$B" stage
	expect 0
	quiet 2
	errs 'null.ko: no regular file'
	errs 'zero.ko: no regular file'
}

case_depot_socket() {
	command -v python3 >/dev/null || skip "no python3 to make a socket with"
	root_ready
	(cd "$depot" && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket.ko")')
	still_served socket.ko '.'
}

case_depot_huge_sparse() {
	root_ready
	truncate -s 100G "$depot/huge.ko"
	still_served huge.ko 'large'
	alone huge.ko 'large' 1
}

# A megabyte that unpacks to a thousand times that.
case_depot_bomb() {
	root_ready
	head -c 2G /dev/zero | zstd -q -1 >"$depot/bomb.ko.zst"
	(
		ulimit -v 3000000
		dg --kernel "$B" check
		expect 0
		one_line "$depot/bomb.ko.zst" '.'
	)
}

case_depot_hostile_names() {
	root_ready
	cp "$SCAP_A" "$depot/"$'with\nnewline.ko'
	echo text >"$depot/"$'red\e[31m\a\r.ko'
	echo text >"$depot/"$'\xff\xfe.ko'
	echo text >"$depot/-rf.ko"
	echo text >"$depot/%s%n%s.ko"
	cp "$SCAP_A" "$depot/with space ; \$(reboot).ko"
	# dg looks for control characters in all output.
	dg --kernel "$B" check
	expect 0
	quiet 4
	errs '/red\?\[31m\?\?.ko: '
	errs '/%s%n%s.ko: '
	dg --kernel "$B" --json check
	expect 0
	dg --kernel "$B" --json status
	expect 1
	json '.kernels[0].problems | length == 4'
	dg --kernel "$B" stage
	expect 0
}

# A hostile name that is itself the match: staged, sealed in the manifest, printed harmlessly.
case_depot_hostile_match() {
	root_with "$B"
	cp "$SCAP_B" "$depot/"$'a b\n%c\e]0;x\a.ko'
	dg --kernel "$B" stage
	expect 0
	quiet
	dg --kernel "$B" --json status
	expect 0
	dg --kernel "$B" verify
	expect 0
	[ "$(wc -l <"$R/usr/lib/drvguard/kernels/$B/1/manifest")" -eq 6 ]
}

# .modinfo with control characters in version and vermagic: not to reach a terminal.
case_depot_hostile_modinfo() {
	root_with "$B"
	LC_ALL=C sed 's/version=0\.1\.1dev/version=0\x1b[2J\x07ev/' "$SCAP_B" >"$depot/scap.ko"
	cmp -s "$SCAP_B" "$depot/scap.ko" && fail "nothing was changed"
	dg --kernel "$B" stage
	expect 0
	dg --kernel "$B" status
	expect 0
	dg --kernel "$B" --json status
	expect 0
	dg --kernel "$B" verify
	expect 0
}

# A driver whose own name would lead out of its directory.
case_depot_hostile_module_name() {
	root_ready
	LC_ALL=C sed 's/name=scap/name=\.\.\/p/' "$SCAP_B" >"$depot/evil.ko"
	cmp -s "$SCAP_B" "$depot/evil.ko" && fail "nothing was changed"
	still_served evil.ko 'name'
}

case_depot_deep() {
	local name
	root_ready
	name=$(printf 'd%.0s' {1..200})
	# Past PATH_MAX, with a driver at the bottom; then a sensible depth.
	(
		cd "$depot" || exit 1
		for _ in {1..30}; do
			mkdir "$name"
			cd -P "$name" || exit 1
		done
		echo text >deep.ko
	)
	dg --kernel "$B" stage
	[ "$code" -eq 3 ] || expect 0
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	rm -rf "${depot:?}/$name"
	mkdir -p "$depot/a/b/c/d/e/f/g/h"
	mv "$depot"/scap* "$depot/a/b/c/d/e/f/g/h"
	dg --kernel "$B" check
	expect 0
	quiet
}

# Much that is no driver: not read, not named.
case_depot_other_files() {
	root_ready
	echo 1 >"$depot/README"
	echo 1 >"$depot/scap.ko.txt"
	echo 1 >"$depot/scap.c"
	mkfifo "$depot/pipe"
	ln -s nowhere "$depot/dead"
	mkdir "$depot/dir"
	dg --kernel "$B" check
	expect 0
	quiet
}

# Files given by hand are judged like those of a depot.
case_depot_check_by_hand() {
	local name
	root_with "$B"
	: >"$dir/empty.ko"
	echo text >"$dir/text.ko"
	head -c 5000 "$SCAP_B" >"$dir/cut.ko"
	mkdir "$dir/dir.ko"
	mkfifo "$dir/pipe.ko"
	ln -s loop.ko "$dir/loop.ko"
	truncate -s 100G "$dir/huge.ko"
	for name in empty text cut dir pipe loop huge; do
		dg --kernel "$B" check "$dir/$name.ko" "$SCAP_B"
		case $name in
		empty | text | cut)
			# No module at all is a verdict like any other.
			expect 1
			says "refused file .*/$name.ko (not an ELF file|an empty file|truncated|damaged)"
			;;
		*)
			[ "$code" -eq 1 ] || expect 3
			one_line "$dir/$name.ko" '.'
			;;
		esac
		says '^scap exact file'
		# A machine reading the JSON learns of it too.
		dg --kernel "$B" --json check "$dir/$name.ko" "$SCAP_B"
		json '[.. | strings] | any(test("/'"$name"'.ko$"))'
	done
}
