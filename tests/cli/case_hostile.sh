# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Surroundings that work against drvguard: roots, descriptors, tools, kills.

case_hostile_root_names() {
	local root
	root_ready
	mv "$R" "$dir/a root; \$(x)"
	ln -s "a root; \$(x)" "$dir/link"
	R="$dir/a root; \$(x)"
	# Through a link, with a slash behind, and relative: the same tree.
	for root in "$dir/link" "$R/" "$R/../link/."; do
		dg_as "$DRVGUARD" --root "$root" --kernel "$B" stage
		expect 0
		quiet
	done
	dg_as env -C "$dir" "$DRVGUARD" --root link --kernel "$B" verify
	expect 0
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ]
	modprobe -C "$R/etc/none" -d "$R" -S "$B" --show-depends scap | grep updates/drvguard/scap.ko >/dev/null
	rm -rf "$R"
}

# An absolute link in the root is meant inside the root: nothing is written out of it.
case_hostile_link_store() {
	root_ready
	mkdir "$dir/outside"
	rm -r "$R/usr/lib/drvguard"
	ln -s "$dir/outside" "$R/usr/lib/drvguard"
	mkdir -p "$R$dir/outside"
	dg --kernel "$B" stage
	[ -z "$(ls -A "$dir/outside")" ] || fail "written outside of the root"
}

case_hostile_link_run() {
	root_with "$B"
	runs "$B"
	mkdir "$dir/outside"
	rm -rf "$R/run"
	ln -s "$dir/outside" "$R/run"
	mkdir -p "$R$dir/outside"
	dg boot
	[ -z "$(ls -A "$dir/outside")" ] || fail "written outside of the root"
}

case_hostile_link_updates() {
	root_ready
	mkdir "$dir/outside"
	ln -s "$dir/outside" "$R/lib/modules/$B/updates"
	dg --kernel "$B" stage
	[ -z "$(ls -A "$dir/outside")" ] || fail "written outside of the root"
}

case_hostile_link_place() {
	root_ready
	config_falco 'path = /usr/lib/drivers/scap.ko'
	runs "$B"
	mkdir "$dir/outside"
	ln -s "$dir/outside" "$R/usr/lib/drivers"
	dg -dm
	[ -z "$(ls -A "$dir/outside")" ] || fail "written outside of the root"
}

# Configuration of the machine itself is not read in place of the root's.
case_hostile_link_config() {
	root_ready
	mkdir "$dir/outside"
	cp "$conf" "$dir/outside/falco.conf"
	rm -r "$R/etc/drvguard/drivers.d"
	ln -s "$dir/outside" "$R/etc/drvguard/drivers.d"
	dg --kernel "$B" status
	says_not '^scap '
}

# Without standard descriptors, what is opened next must not be written to as if it were one.
case_hostile_closed_descriptors() {
	root_ready
	cp "$SCAP_A" "$depot/"$'bad\nname.ko'
	echo text >"$depot/text.ko"
	"$DRVGUARD" --root "$R" --kernel "$B" stage <&- >&- 2>&- || true
	dg --kernel "$B" verify
	expect 0
	says '1 file checked'
	cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
	[ ! -s "$R/usr/lib/drvguard/lock" ] || fail "words in the lock file"
}

case_hostile_no_depmod() {
	root_ready
	contents >"$dir/before"
	dg_as env PATH=/nonexistent "$DRVGUARD" --root "$R" --kernel "$B" stage
	# A PATH without the system's directories is usual for root by way of su.
	if [ "$code" -ne 0 ]; then
		expect 3
		one_line depmod 'depmod.*; install kmod'
		rmdir "$R/lib/modules/$B/updates" 2>/dev/null || true
		contents | grep -v /usr/lib/drvguard >"$dir/after"
		grep -v /usr/lib/drvguard "$dir/before" | diff -u - "$dir/after"
	fi
}

# What is loaded when it is needed is not there: told where it is needed, and nobody else minds.
case_hostile_no_libarchive() {
	local library command ends propagation=private
	need_root
	library=$(ldconfig -p | sed -n 's/.*libarchive\.so\.13 .*=> //p' | head -n 1)
	[ -n "$library" ] || skip "no libarchive.so.13"
	mountpoint -q / || propagation=unchanged # in a chroot / is none to be made private
	without() {
		# shellcheck disable=SC2016 # for the inner shell
		dg_as unshare -m --propagation "$propagation" sh -ec 'mount --bind /dev/null "$0" && exec "$@"' "$library" "$@"
	}
	missing() { # WHERE WHAT COMMAND…: it ends with an error that says so
		without "$DRVGUARD" --root "$R" --kernel "$B" "${@:3}"
		expect 3
		one_line "$1" "$2cannot be unpacked: libarchive.so.13 cannot be loaded; install libarchive\$"
	}
	root_ready
	missing "vmlinuz-$B" ': its payload .* ' stage
	rm "$depot"/*
	xz -c "$SCAP_B" >"$depot/scap-$B.ko.xz"
	dg --kernel "$B" check "$depot/scap-$B.ko.xz"
	expect 0
	dg --kernel "$B" stage
	expect 0
	for command in verify rollback history cleanup; do
		dg --kernel "$B" "$command"
		ends=$code
		cp "$err" "$dir/words"
		without "$DRVGUARD" --root "$R" --kernel "$B" "$command"
		expect "$ends"
		cmp "$err" "$dir/words"
	done

	# A packed initramfs; one that holds a packed driver, of which nothing wrong is kept.
	mkdir -p "$R/var/cache/drvguard" "$dir/image/usr/lib/modules/$B/updates"
	cp "$depot/scap-$B.ko.xz" "$dir/image/usr/lib/modules/$B/updates/scap.ko.xz"
	(cd "$dir/image" && find . | cpio -o -H newc --quiet) >"$dir/image.cpio"
	gzip -c "$dir/image.cpio" >"$R/boot/initrd.img-$B"
	missing "initrd.img-$B" ': ' initramfs
	cp "$dir/image.cpio" "$R/boot/initrd.img-$B"
	missing "initrd.img-$B" ': a module in it ' initramfs
	dg --kernel "$B" initramfs
	says '^scap  *no  *same '

	# All that there is of the kernel, packed.
	find "$R/lib/modules/$B/kernel" -name '*.ko' | tail -n +2 | xargs rm
	xz -f "$(find "$R/lib/modules/$B/kernel" -name '*.ko')"
	missing .ko.xz ': ' check
	rm "$R/boot/vmlinuz-$B"
	unxz "$(find "$R/lib/modules/$B/kernel" -name '*.ko.xz')"
	gzip -c "$SYMVERS_B" >"$R/boot/symvers-$B.gz"
	missing "symvers-$B.gz" ': ' check
}

# depmod itself fails: what was current before is current again.
case_hostile_depmod_fails() {
	root_staged
	take_out tun "$depot/tun.ko"
	config_driver tun
	depmod -b "$R" "$B"
	contents >"$dir/before"
	mkdir "$dir/bin"
	printf '#!/bin/sh\nexit 1\n' >"$dir/bin/depmod"
	chmod 755 "$dir/bin/depmod"
	dg_as env PATH="$dir/bin:$PATH" "$DRVGUARD" --root "$R" --kernel "$B" stage
	expect 3
	one_line "$R/lib/modules/$B" 'depmod .*failed with 1; '
	[[ $(readlink "$link") == */kernels/"$B"/1 ]]
	[ ! -e "$R/usr/lib/drvguard/kernels/$B/2" ]
	would_load "$B" scap "$link/scap.ko"
	dg --kernel "$B" stage
	expect 0
	would_load "$B" tun "$link/tun.ko"
}

# Killed at any moment: the link leads to a whole generation or to none, and one more run ends well.
case_hostile_killed() {
	local ms
	root_ready
	mkdir "$dir/index"
	cp -al "$R/lib/modules/$B"/modules.* "$dir/index/"
	for ms in 020 060 090 130 170 220; do
		rm -rf "$R/usr/lib/drvguard" "$R/lib/modules/$B/updates"
		mkdir "$R/usr/lib/drvguard"
		cp -alf "$dir/index/." "$R/lib/modules/$B/"
		timeout -s KILL "0.$ms" "$DRVGUARD" --root "$R" --kernel "$B" stage >/dev/null 2>&1 || true
		if [ -L "$R/lib/modules/$B/updates/drvguard" ]; then
			cmp "$SCAP_B" "$R/lib/modules/$B/updates/drvguard/scap.ko"
			tail -n 1 "$R/lib/modules/$B/updates/drvguard/manifest" | grep -q '^end '
		fi
		# depmod may have been left at work.
		while grep -qsx depmod /proc/[0-9]*/comm; do sleep 0.02; done
		dg --kernel "$B" stage
		expect 0
		[ ! -s "$err" ] || one_line "$B" 'an interrupted stage was (finished|undone)'
		dg --kernel "$B" stage
		expect 0
		quiet
		dg --kernel "$B" verify
		expect 0
		would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
		if find "$R/usr/lib/drvguard" "$R/lib/modules/$B" -name '.*' | grep .; then
			fail "something half-made stayed ($ms ms)"
		fi
	done
}

# Staging and looking at once: whoever looks sees the old or the new, never a part.
case_hostile_looking_meanwhile() {
	local i pid
	root_staged
	take_out tun "$depot/tun.ko"
	config_driver tun
	depmod -b "$R" "$B"
	"$DRVGUARD" --root "$R" --kernel "$B" stage >/dev/null 2>&1 &
	pid=$!
	for ((i = 0; i < 8; i++)); do
		dg --kernel "$B" status scap
		expect 0
	done
	wait "$pid"
}

case_hostile_environment() {
	root_ready
	dg_as env -i "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 0
	dg_as env LC_ALL=de_DE.UTF-8 LANGUAGE=de POSIXLY_CORRECT=1 TERM=xterm "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 0
	dg_as env -C / "$DRVGUARD" --root "$R" --kernel "$B" check
	expect 0
}

# Hundreds of files of no use beside the one of use.
case_hostile_crowd() {
	local i
	root_ready
	for i in {1..300}; do
		ln "$depot/scap-$A.ko" "$depot/old-$i.ko"
	done
	dg --kernel "$B" check
	expect 0
	quiet
	says '^scap exact depot ROOT/opt/falco/drivers/scap-REL-B.ko'
}

# A kernel image that is none, cut short, or a directory.
case_hostile_image() {
	local image
	root_ready
	image=$R/boot/vmlinuz-$B
	cp "$image" "$dir/image"
	rm "$image"
	head -c 3000000 "$dir/image" >"$image"
	dg --kernel "$B" check
	expect 3
	one_line "$image" '.'
	rm "$image"
	echo "not a kernel" >"$image"
	dg --kernel "$B" check
	expect 3
	one_line "$image" '.'
	: >"$image"
	dg --kernel "$B" check
	expect 3
	one_line "$image" '.'
	rm "$image"
	mkdir "$image"
	dg --kernel "$B" check
	expect 3
	one_line "$image" '.'
	# The headers' table serves where the image does not.
	mkdir -p "$R/usr/src/linux-headers-$B"
	cp "$SYMVERS_B" "$R/usr/src/linux-headers-$B/Module.symvers"
	dg --kernel "$B" check
	expect 0
	echo "0xnothex no good" >"$R/usr/src/linux-headers-$B/Module.symvers"
	dg --kernel "$B" check
	expect 3
	one_line Module.symvers '.'
}

# In-tree modules that are no modules: another one serves to compare with.
case_hostile_tree() {
	root_ready
	rm -r "$R/lib/modules/$B/kernel"
	mkdir -p "$R/lib/modules/$B/kernel/a"
	echo text >"$R/lib/modules/$B/kernel/a/a.ko"
	dg --kernel "$B" check
	expect 3
	one_line "$R/lib/modules/$B" 'no in-tree module'
	mkdir "$R/lib/modules/$B/kernel/b"
	cp "$(find "$KERNEL_B/lib/modules" -name tun.ko)" "$R/lib/modules/$B/kernel/b/"
	dg --kernel "$B" check
	expect 0
}
