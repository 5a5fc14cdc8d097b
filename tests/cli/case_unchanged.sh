# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Input that did not change: nothing is written, and status need not read it again.

# Whatever changes a file, a directory or a file system, and what could.
changing=creat,open,openat,openat2,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate
changing+=,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,mknod,mknodat
changing+=,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utime,utimes,futimesat,utimensat
changing+=,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,mount,umount2
changing+=,sync,syncfs,fsync,fdatasync,sync_file_range,copy_file_range,sendfile,splice

# Run drvguard; in $dir/calls is what it, or a process of its own, did that changes files. The lock's
# open, the terminal's two streams, memory and pipes are none.
dg_traced() {
	dg_as strace -f -y -qq -e signal=none -e trace="$changing" -o "$dir/trace" "$DRVGUARD" --root "$R" "$@"
	awk '
		/ (open|openat|openat2)\(/ && !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND/ { next }
		/ openat\(.*\/usr\/lib\/drvguard\/lock"/ { next }
		/ open(at)?\(.*"\/dev\/null"/ { next }
		/ (write|writev)\([12]</ { next }
		/ write\([0-9]+<(\/memfd|pipe):/ { next }
		{ print }' "$dir/trace" >"$dir/calls"
}

writes_nothing() {
	if [ -s "$dir/calls" ]; then
		sed "s|$R|ROOT|g; s/^/  call: /" "$dir/calls" | head -n 20 >&2
		fail "something was written"
	fi
}

# Files that nobody else has links to: making one changes the ctime. A few modules do.
own_kernel() {
	local part
	find "$R/lib/modules/$B/kernel" -name '*.ko*' | sort | tail -n +20 | xargs -r rm
	for part in boot lib; do
		cp -a "$R/$part" "$dir/$part"
		rm -r "${R:?}/$part"
		mv "$dir/$part" "$R/$part"
	done
	depmod -b "$R" "$B"
	mkdir -p "$R/var/cache/drvguard"
}

# That the trace sees what there is to be seen.
case_unchanged_is_seen() {
	command -v strace >/dev/null || skip "needs strace"
	root_ready
	dg_traced --kernel "$B" stage
	expect 0
	grep -q ' rename' "$dir/calls" || fail "no rename"
	grep -q ' syncfs(' "$dir/calls" || fail "no syncfs"
	grep -q ' fsync(' "$dir/calls" || fail "no fsync"
	grep -Eq ' openat\(.*O_CREAT' "$dir/calls" || fail "no file made"
}

case_unchanged_stage() {
	command -v strace >/dev/null || skip "needs strace"
	root_staged
	dg_traced --kernel "$B" stage
	expect 0
	says 'generation 1$'
	writes_nothing
	dg_traced --kernel all stage
	expect 0
	writes_nothing
}

# With everything there is to write to, and everything old enough to be kept.
case_unchanged_stage_with_state() {
	command -v strace >/dev/null || skip "needs strace"
	root_ready
	own_kernel
	mkdir -p "$R/var/lib/drvguard" "$R/run"
	sleep 3.1
	dg --kernel "$B" stage
	expect 0
	sleep 3.1
	dg_traced --kernel "$B" stage
	expect 0
	writes_nothing
}

case_unchanged_repair() {
	command -v strace >/dev/null || skip "needs strace"
	root_ready
	own_kernel
	runs "$B"
	mkdir -p "$R/var/lib/drvguard" "$R/run"
	sleep 3.1
	dg repair
	expect 0
	# What was loaded since is not to be tried any more.
	loaded scap "$SCAP_B"
	dg repair
	expect 0
	sleep 3.1
	dg_traced repair
	expect 0
	writes_nothing
	dg_traced stage
	expect 0
	writes_nothing
}

# A root that has a place for it, and has not changed for a while.
root_kept() {
	root_ready
	own_kernel
	dg --kernel "$B" stage
	expect 0
	gen=$R/usr/lib/drvguard/kernels/$B/1
	sleep 3.1
	dg --kernel "$B" status
	expect 0
	cp "$out" "$dir/first"
	[ -s "$R/var/cache/drvguard/files" ] || fail "nothing is kept of files"
	[ -s "$R/var/cache/drvguard/verdicts-$B" ] || fail "no verdicts are kept"
}

# Not read, not judged and told the same; and once kept, nothing is written.
case_unchanged_status() {
	command -v strace >/dev/null || skip "needs strace"
	root_kept
	dg_traced --kernel "$B" status
	expect 0
	writes_nothing
	cmp "$dir/first" "$out" || fail "another status than before"
	dg_as strace -f -qq -e signal=none -e trace=openat -o "$dir/trace" "$DRVGUARD" --root "$R" --kernel "$B" status
	expect 0
	if grep -E 'openat\(.*\.ko"' "$dir/trace" >&2; then fail "a driver was read"; fi
	if grep -F "cache/drvguard/kernel-" "$dir/trace" >&2; then fail "the kernel's symbols were read"; fi
}

case_unchanged_status_json() {
	root_kept
	dg --kernel "$B" --json status
	expect 0
	cp "$out" "$dir/kept"
	rm -r "$R/var/cache/drvguard"
	dg --kernel "$B" --json status
	expect 0
	cmp "$dir/kept" "$out" || fail "another status than without what is kept"
}

# A byte changed in place, its mtime put back: ctime tells.
case_changed_staged() {
	local file
	root_kept
	file=$gen/scap.ko
	touch -r "$file" "$dir/stamp"
	flip "$file"
	touch -r "$dir/stamp" "$file"
	dg --kernel "$B" status
	expect 6
	says '^scap B mismatch'
	dg --kernel "$B" stage
	expect 0
	dg --kernel "$B" status
	expect 0
}

# Another file by the name of one that is kept, of the same size and mtime.
case_changed_candidate() {
	root_kept
	touch -r "$depot/scap-$B.ko" "$dir/stamp"
	cp "$depot/scap-$B.ko" "$depot/new.ko"
	flip "$depot/new.ko"
	touch -r "$dir/stamp" "$depot/new.ko"
	mv "$depot/new.ko" "$depot/scap-$B.ko"
	dg --kernel "$B" --json status
	expect 0
	json '.kernels[0].drivers[0] | .match == "match" and .depot.files == 2'
	dg --kernel "$B" --json check scap
	cp "$out" "$dir/check"
	rm -r "$R/var/cache/drvguard"
	dg --kernel "$B" --json check scap
	cmp "$dir/check" "$out" || fail "what is kept changed a verdict"
}

# The kernel rebuilt: its verdicts are asked for again.
case_changed_kernel() {
	root_kept
	cp "$R/boot/vmlinuz-$A" "$dir/other" 2>/dev/null || cp "$KERNEL_A/boot/vmlinuz-$A" "$dir/other"
	mv "$dir/other" "$R/boot/vmlinuz-$B"
	dg --kernel "$B" status
	expect 1
	says '^scap +B +mismatch'
}

# What is kept and is not in its form, or not by whom it has to be, is as if it were not there.
case_changed_cache() {
	local file
	for file in files "verdicts-$B"; do
		rm -rf "$R"
		root_kept
		printf 'x' >>"$R/var/cache/drvguard/$file"
		dg --kernel "$B" status
		expect 0
		quiet
		cmp "$dir/first" "$out" || fail "another status"
		chmod 666 "$R/var/cache/drvguard/$file"
		dg --kernel "$B" status
		expect 0
		cmp "$dir/first" "$out" || fail "another status"
	done
}
