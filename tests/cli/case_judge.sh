# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016 # lib.sh sets the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# explain, preflight, and what is kept of a kernel's image.

case_explain_refused() {
	root_ready
	rm "$depot/scap-$B.ko"
	dg --kernel "$B" explain scap
	expect 1
	says '^scap in kernel REL-B: refused, ENOEXEC'
	says '^struct module itself differs: REL-A and REL-B were not built alike'
	says '^module_layout module_layout .*vmlinux ENOEXEC'
	says '^crc [a-z_]+ .*vmlinux EINVAL'
	says '^No file at hand would load there'
}

case_explain_nearest() {
	root_ready
	dg --kernel "$B" explain "$SCAP_A"
	expect 1
	says '^This one would load: ROOT/opt/falco/drivers/scap-REL-B.ko'
	dg --kernel "$B" --json explain "$SCAP_A"
	expect 1
	json '.explained[0] | .verdict == "refused" and (.would_load | endswith("scap-" + $B + ".ko"))'
}

# Nothing would load: how many were looked at where, and which comes nearest.
case_explain_nearest_of_the_refused() {
	root_ready
	rm "$depot/scap-$B.ko"
	cp "$SCAP_A" "$dir/scap.ko"
	dg --kernel "$B" explain "$dir/scap.ko"
	expect 1
	says '^No file at hand would load there; looked at: 1 in /opt/falco/drivers$'
	says '^Nearest is ROOT/opt/falco/drivers/scap-REL-A.ko, built for REL-A: struct module differs'
	dg --kernel "$B" --json explain "$dir/scap.ko"
	json '.explained[0] | .would_load == null and (.nearest | endswith("scap-" + $A + ".ko"))'
	rm -r "$depot"
	dg --kernel "$B" explain "$dir/scap.ko"
	expect 1
	says '^No file at hand would load there; the depot /opt/falco/drivers was not there to look in$'
	rm "$conf"
	dg --kernel "$B" explain "$dir/scap.ko"
	says '^No file at hand would load there; it is no configured driver'
}

# What is staged is at hand too, when the depot is away.
case_explain_nearest_is_staged() {
	root_staged
	rm -r "$depot"
	dg --kernel "$B" explain "$SCAP_A"
	expect 1
	says '^This one would load: ROOT/.*/scap.ko \(exact, built for REL-B\)$'
}

# Kind by kind, and in words what it comes to.
case_explain_groups() {
	root_with "$A" "$B"
	dg --kernel "$B" explain "$SCAP_A"
	expect 1
	says '^Of the [0-9]+ symbols it uses [0-9]+ changed between REL-A and REL-B; the rest are the same\.$'
	awk '$1 == "REASON", 0 { if ($1 != last) print last = $1 }' "$out" | sed '/^$/,$d' >"$dir/kinds"
	[ "$(sort -u "$dir/kinds" | wc -l)" -eq "$(wc -l <"$dir/kinds")" ] || fail "reasons of a kind are apart"
}

# Packed as nobody reads it: told by explain as by check.
case_explain_packed() {
	root_ready
	kmod_is 30 '-ZSTD -XZ -ZLIB'
	packed_in_tree scap.ko.xz xz -c
	dg --kernel "$B" explain "$packed"
	expect 1
	says '^scap in kernel REL-B: refused, ENOEXEC'
	says '^packed as xz, which kmod 30 as it was built cannot unpack$'
}

# With many kernels the matrix is turned: a line a kernel.
case_check_many_kernels() {
	local i
	root_ready
	dg --kernel all check
	expect 0
	says '^DRIVER REL-B$'
	for i in 1 2 3 4; do
		mkdir "$R/lib/modules/9.$i"
		cp -al "$R/lib/modules/$B/kernel" "$R/lib/modules/9.$i/"
		ln "$R/boot/vmlinuz-$B" "$R/boot/vmlinuz-9.$i"
	done
	dg --kernel all check
	says '^KERNEL scap$'
	says '^REL-B exact$'
	[ "$(wc -l <"$out")" -eq 6 ]
	# More files than kernels: as it was.
	dg --kernel all check "$SCAP_A" "$SCAP_B" "$depot"/*.ko "$SCAP_A" /nonexistent.ko "$R"/lib/modules/9.1/kernel/lib/*.ko
	says '^DRIVER REL-B 9.1 9.2 9.3 9.4$'
}

case_explain_good() {
	root_ready
	dg --kernel "$B" explain scap
	expect 0
	says '^It is built for this kernel, and would load'
}

case_explain_usage() {
	root_ready
	dg --kernel "$B" explain
	expect 2
	dg --kernel "$B" explain nobody
	expect 2
}

case_preflight_go() {
	root_staged
	dg preflight "$B"
	expect 0
	says '^reboot into REL-B: go'
	says '^scap guarded go'
	dg --json preflight
	expect 0
	json '.kernels[0] | .go and .kernel.release == $B'
}

case_preflight_no_go() {
	root_ready
	dg preflight next
	expect 1
	says '^reboot into REL-B: no-go'
	says '^scap guarded no-go .*drvguard( --root ROOT)? stage --kernel REL-B'
}

case_preflight_waiting() {
	root_ready
	rm -r "$depot"
	dg preflight "$B"
	expect 4
	says '^reboot into REL-B: no-go'
}

# Another module that is loaded from outside the tree: the next kernel has none, then a stale one, then its own.
case_preflight_other_module() {
	root_staged
	runs "$B"
	mkdir -p "$R/sys/module/writeboost"
	echo live >"$R/sys/module/writeboost/initstate"
	echo OE >"$R/sys/module/writeboost/taint"
	dg preflight "$B"
	expect 1
	says '^writeboost loaded no-go that kernel has no file for it'
	rm -r "$R/sys/module/writeboost"
	echo 'scap2 # an agent' >"$R/etc/modules"
	dg preflight "$B"
	expect 1
	says '^scap2 modules-load.d no-go'
	echo 'tun' >"$R/etc/modules"
	dg preflight "$B"
	expect 0
	says '^tun modules-load.d go'
}

case_preflight_partial_kernel() {
	root_staged
	rm "$R/boot/vmlinuz-$B"
	cp -r "$("$here/../e2e/archive.sh" symvers "$B" | xargs dirname)" "$R/lib/modules/$B/build"
	dg preflight "$B"
	expect 1
	says '^it has no image in /boot'
}

# --- what is kept of an image ------------------------------------------------------------------

case_cache_only_where_it_may() {
	root_ready
	dg --kernel "$B" check
	[ ! -e "$R/var/cache/drvguard" ] || fail "looking made a cache"
	mkdir -p "$R/var/cache/drvguard"
	dg --kernel "$B" check
	[ -s "$R/var/cache/drvguard/kernel-$B" ] || fail "no cache where there is room for it"
}

case_cache_same_answer() {
	root_ready
	dg --kernel "$B" --json check "$SCAP_A" "$SCAP_B"
	cp "$out" "$dir/cold"
	mkdir -p "$R/var/cache/drvguard"
	dg --kernel "$B" --json check "$SCAP_A" "$SCAP_B"
	dg --kernel "$B" --json check "$SCAP_A" "$SCAP_B"
	cmp "$out" "$dir/cold"
}

# The image replaced under the same name: the other kernel's table must not answer for it.
case_cache_rebuilt_kernel() {
	root_with "$A" "$B"
	mkdir -p "$R/var/cache/drvguard"
	dg --kernel "$B" check "$SCAP_B"
	expect 0
	rm "$R/boot/vmlinuz-$B"
	cp "$R/boot/vmlinuz-$A" "$R/boot/vmlinuz-$B"
	dg --kernel "$B" check "$SCAP_B"
	expect 1
	says '^scap refused'
}

case_cache_damaged() {
	root_ready
	mkdir -p "$R/var/cache/drvguard"
	dg --kernel "$B" check "$SCAP_B"
	# One CRC changed: the digest tells.
	sed -i '0,/^0x[0-9a-f]/s/^0x[0-9a-f]/0xz/' "$R/var/cache/drvguard/kernel-$B"
	dg --kernel "$B" check "$SCAP_B"
	expect 0
	quiet
	: >"$R/var/cache/drvguard/kernel-$B"
	dg --kernel "$B" check "$SCAP_B"
	expect 0
	quiet
}

# Writable by others: what it says is not believed.
case_cache_untrusted() {
	need_root
	root_ready
	mkdir -p "$R/var/cache/drvguard"
	dg --kernel "$B" check "$SCAP_B"
	chmod 666 "$R/var/cache/drvguard/kernel-$B"
	dg --kernel "$B" check "$SCAP_B"
	expect 0
	[ "$(stat -c %a "$R/var/cache/drvguard/kernel-$B")" = 644 ] || fail "kept an untrusted cache"
}

# --- in-tree modules' exports when depmod's indexes are no help -------------------------------------

# Some module of B's own that needs another; in $needy, the other in $needed.
find_needy() {
	local file
	while read -r file; do
		needed=$(modinfo -F depends "$file" | cut -d, -f1)
		if [ -n "$needed" ]; then
			needy=$file
			return
		fi
	done < <(find "$R/lib/modules/$B/kernel/net" -name '*.ko' | sort)
	fail "kernel $B has no module that needs another"
}

case_index_missing() {
	local needy needed
	root_with "$B"
	find_needy
	rm "$R/lib/modules/$B"/modules.symbols*
	dg --kernel "$B" check "$needy"
	expect 0
	says ' exact file'
	rm "$R/lib/modules/$B"/modules.*
	dg --kernel "$B" check "$needy"
	expect 0
}

# The exporter moved after depmod ran: the index names a file that is not there.
case_index_stale() {
	local needy needed
	root_with "$B"
	find_needy
	mkdir "$R/lib/modules/$B/extra"
	take_out "$(basename "$(find "$R/lib/modules/$B/kernel" -name "${needed//_/[-_]}.ko" -print -quit)" .ko)" \
		"$R/lib/modules/$B/extra/"
	dg --kernel "$B" check "$needy"
	expect 0
	# And gone altogether: then its symbols are missing.
	rm -r "$R/lib/modules/$B/extra"
	dg --kernel "$B" check "$needy"
	expect 1
	says 'not exported'
}

# A driver that uses the symbols of another out-of-tree one, which is for another level.
case_dependency_refused() {
	local exporter user
	root_with "$A" "$B"
	mkdir "$R/lib/modules/$B/extra"
	exporter=$(find "$R/lib/modules/$A/kernel" -name llc.ko -print -quit)
	user=$(find "$R/lib/modules/$B/kernel" -name p8022.ko -print -quit)
	[ -n "$exporter" ] && [ -n "$user" ] || skip "no llc and p8022 in these kernels"
	rm "$(find "$R/lib/modules/$B/kernel" -name llc.ko -print -quit)"
	cp "$exporter" "$R/lib/modules/$B/extra/"
	depmod -b "$R" "$B"
	dg --kernel "$B" check "$user"
	expect 1
	says '^p8022 refused file .*needs llc, which would be refused itself'
	dg --kernel "$B" --json check "$user"
	json '.results[0].reasons | any(.kind == "dependency" and .owner == "llc")'
}

# --- what modprobe needs around it -----------------------------------------------------------------

modprobe_conf() { # FILE LINE…
	mkdir -p "$R/etc/modprobe.d"
	printf '%s\n' "${@:2}" >"$R/etc/modprobe.d/$1.conf"
}

# A match that nothing would load by itself: the verdict stands, and everyone is told.
case_blacklist_is_told() {
	root_staged
	modprobe_conf local '# not here' 'blacklist scap'
	dg --kernel "$B" check
	expect 0
	says '^scap exact staged .*blacklisted, udev and systemd-modules-load pass it over: ROOT/etc/modprobe.d/local.conf:2$'
	says_not 'which the kernel takes'
	dg --kernel "$B" --json check
	json '.results[0] | .verdict == "exact" and .errno == null and (.reasons | length) == 1'
	json '.results[0].reasons[0] | .kind == "blacklist" and .accepted_by_kernel and .errno == null and
		(.have | endswith("/etc/modprobe.d/local.conf:2"))'
	dg --kernel "$B" explain scap
	expect 0
	says '^blacklisted, '
	dg --kernel "$B" status
	expect 0
	says '^scap: blacklisted, '
	says '^scap S match .*remove that line, or set load = never$'
	dg preflight "$B"
	expect 0
	says '^reboot into REL-B: go, with 1 warning$'
	says '^scap guarded go, warning blacklisted, .* remove that line, or set load = never$'
	dg --json preflight "$B"
	json '.kernels[0] | .go and (.modules[0] | .warning and .answer == "go" and (.cause | startswith("blacklisted")))'
}

# What drvguard is not to load may well be blacklisted.
case_blacklist_load_never() {
	root_staged
	config_falco 'load = never'
	modprobe_conf local 'blacklist scap'
	dg preflight "$B"
	expect 0
	says '^reboot into REL-B: go$'
	says '^scap guarded go - -$'
	dg --kernel "$B" check
	says 'blacklisted'
}

case_blacklist_of_the_command_line() {
	root_staged
	runs "$B"
	echo "BOOT_IMAGE=/boot/vmlinuz-$B modprobe.blacklist=tun,scap quiet" >"$R/proc/cmdline"
	dg check
	expect 0
	says '^scap exact .*modprobe.blacklist= of the command line$'
	# Which is that of the kernel which runs, and of no other.
	root_with "$A"
	dg --kernel "$A" check "$SCAP_A"
	expect 0
	says_not 'blacklisted'
}

# module_blacklist= is the kernel's own: it refuses the module with EPERM.
case_blacklist_of_the_kernel() {
	root_staged
	runs "$B"
	echo 'ro module_blacklist=tun,scap' >"$R/proc/cmdline"
	dg check "$SCAP_B"
	expect 1
	says '^scap refused file .*blacklisted, the kernel itself refuses it: module_blacklist= of the command line$'
	dg --json check "$SCAP_B"
	json '.results[0] | .errno == "EPERM" and .reasons[0].kind == "blacklist" and (.reasons[0].accepted_by_kernel | not)'
	# Though it was proven when it was staged.
	dg status
	expect 1
	says '^scap B mismatch .*boot without it in module_blacklist=$'
	echo 'ro' >"$R/proc/cmdline"
	dg status
	expect 0
}

case_install_line_is_told() {
	root_staged
	modprobe_conf cis '# hardening' 'install scap /bin/true'
	config_falco 'load = never'
	dg --kernel "$B" --json check
	expect 0
	json '.results[0].reasons[0] | .kind == "install" and .accepted_by_kernel and
		(.have | endswith("cis.conf:2: /bin/true"))'
	dg preflight "$B"
	expect 0
	says '^scap guarded go, warning modprobe runs a command instead of loading it: .* remove that line$'
}

# Our own hold is not told as somebody else's.
case_install_line_of_a_hold() {
	root_staged
	mkdir -p "$R/run/modprobe.d"
	echo 'install scap false' >"$R/run/modprobe.d/drvguard-scap.conf"
	dg --kernel "$B" check
	expect 0
	says '^scap exact staged [^ ]+ -$'
}

# An install line for what it depends on keeps it out just as well; a blacklist line does not.
case_install_line_of_a_dependency() {
	local needy needed
	root_with "$B"
	find_needy
	modprobe_conf cis "install ${needed//_/-} /bin/false" "blacklist $needed"
	dg --kernel "$B" check "$needy"
	expect 0
	says "modprobe runs a command instead of loading $needed: ROOT/etc/modprobe.d/cis.conf:1: /bin/false"
	says_not 'blacklisted'
	runs "$B"
	rm -r "$R/etc/modprobe.d"
	echo "module_blacklist=$needed" >"$R/proc/cmdline"
	dg check "$needy"
	expect 1
	says "refused file .*needs $needed, which the kernel refuses: module_blacklist="
}

# What is wrong in modprobe.d is modprobe's to tell.
case_modprobe_conf_damaged() {
	root_staged
	modprobe_conf local rubbish 'blacklist' 'install x' 'blacklist scap'
	head -c 4096 /dev/urandom >"$R/etc/modprobe.d/noise.conf"
	mkdir "$R/etc/modprobe.d/directory.conf"
	ln -s loop.conf "$R/etc/modprobe.d/loop.conf"
	dg --kernel "$B" check
	expect 0
	quiet
	says 'local.conf:4$'
}

# --- a packed file where modprobe would take it from ----------------------------------------------

kmod_is() { # VERSION FEATURES
	mkdir -p "$R/usr/bin"
	printf 'kmod version %s\0%s\0' "$1" "$2" >"$R/usr/bin/kmod"
}

# scap in kernel B's tree, packed by COMMAND…
packed_in_tree() { # NAME COMMAND…
	mkdir -p "$R/lib/modules/$B/extra"
	packed=$R/lib/modules/$B/extra/$1
	"${@:2}" <"$SCAP_B" >"$packed"
}

# Kernel B with these lines in its configuration.
configured_with() { # LINE…
	local file=$R/boot/config-$B
	cp "$file" "$file.new"
	printf '%s\n' "$@" >>"$file.new"
	mv "$file.new" "$file"
}

case_packed_not_known_to_kmod() {
	root_ready
	packed_in_tree scap.ko.gz gzip -c
	dg --kernel "$B" check "$packed"
	expect 0
	kmod_is 30 '+ZSTD +XZ -ZLIB +LIBCRYPTO'
	dg --kernel "$B" check "$packed"
	expect 1
	says '^scap refused file .*packed as gzip, which kmod 30 as it was built cannot unpack'
	dg --kernel "$B" --json check "$packed"
	json '.results[0] | .errno == "ENOEXEC" and .reasons[0].kind == "compression" and .reasons[0].want == "gzip"'
	kmod_is 34 '+ZSTD +XZ -ZLIB +OPENSSL'
	dg --kernel "$B" --json check "$packed"
	json '.results[0].errno == "ENOSYS"'
	kmod_is 30 '+ZSTD +XZ +ZLIB +LIBCRYPTO'
	dg --kernel "$B" check "$packed"
	expect 0
	# What lies elsewhere will be staged, unpacked.
	kmod_is 30 '+ZSTD +XZ -ZLIB +LIBCRYPTO'
	mv "$packed" "$depot/"
	dg --kernel "$B" check "$depot/scap.ko.gz"
	expect 0
	dg --kernel "$B" stage
	expect 0
	dg --kernel "$B" check
	expect 0
}

# Staged by hand, and not by us: not a match, though what is in it is.
case_packed_foreign_is_no_match() {
	root_ready
	rm "$depot/scap-$B.ko"
	kmod_is 30 '-ZSTD -XZ -ZLIB'
	packed_in_tree scap.ko.xz xz -c --check=crc32
	depmod -b "$R" "$B"
	dg --kernel "$B" status
	expect 1
	says '^scap: packed as xz, which kmod 30'
}

case_packed_left_to_the_kernel() {
	root_ready
	kmod_is 34 '+ZSTD +XZ +ZLIB +OPENSSL'
	packed_in_tree scap.ko.xz xz -c --check=crc64
	# Kernel B unpacks none itself.
	dg --kernel "$B" check "$packed"
	expect 0
	configured_with CONFIG_MODULE_DECOMPRESS=y CONFIG_MODULE_COMPRESS_XZ=y
	dg --kernel "$B" check "$packed"
	expect 1
	says 'packed as xz with a check other than CRC32, which the kernel, to which kmod 34 leaves it, cannot unpack'
	dg --kernel "$B" --json check "$packed"
	json '.results[0].errno == "EINVAL"'
	packed_in_tree scap.ko.xz xz -c --check=crc32 --x86 --lzma2=dict=1MiB
	dg --kernel "$B" check "$packed"
	expect 0
	# An older kmod unpacks it itself.
	packed_in_tree scap.ko.xz xz -c --check=crc64
	kmod_is 30 '+ZSTD +XZ +ZLIB +LIBCRYPTO'
	dg --kernel "$B" check "$packed"
	expect 0
	# What is not known is not held against it.
	kmod_is 34 '-ZSTD -XZ -ZLIB'
	rm "$R/boot/config-$B"
	dg --kernel "$B" check "$packed"
	expect 0
}
