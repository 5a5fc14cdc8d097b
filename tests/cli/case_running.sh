# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel that runs: identity, -dm, boot, the fixed place, what is loaded.

# --- identity --------------------------------------------------------------------------------

# One fact's line: NAME, VALUE-REGEX, SOURCE-REGEX.
fact() {
	says "^$1 $2 $3\$"
}

case_identity_without_kmod() {
	root_with "$B"
	runs "$B"
	dg identity
	expect 0
	quiet
	fact release REL-B uname
	fact version '#[0-9]+ .* Debian .*' uname
	fact machine x86_64 uname
	fact vendor debian 'release and version strings'
	fact 'technology level' "[0-9.]+" 'release and version strings'
	fact 'service pack' "[0-9.a-z~-]+" 'release and version strings'
	fact build-id "$(kernel_build_id "$B")" /sys/kernel/notes
	fact vermagic 'REL-B .*modversions' 'an in-tree module'
	fact image "ROOT/boot/vmlinuz-REL-B" disk
	fact 'image build-id' "$(kernel_build_id "$B")" disk
	fact package unknown -
	says 'The kernel module is not loaded'
	dg --json identity
	expect 0
	json '.findings == [] and (.facts | map({(.fact): .value}) | add | .release == $B)'
	json '.facts | any(.fact == "package" and .value == null and .source == null)'
}

case_identity_with_kmod() {
	root_with "$B"
	runs "$B"
	kmod_shows "$B"
	dg identity
	expect 0
	quiet
	fact release REL-B 'kmod, uname'
	fact version '#.*' 'kmod, uname'
	fact machine x86_64 'kmod, uname'
	fact vendor debian 'kmod, release and version strings'
	fact vermagic 'REL-B .*' 'kmod, an in-tree module'
	says_not 'not loaded'
	says_not 'finding'
}

# Another UTS namespace lies about the release; the module does not.
case_identity_disagreement_release() {
	root_with "$A" "$B"
	runs "$A"
	kmod_shows "$B"
	dg identity
	expect 1
	says '^release: kmod says REL-B, uname says REL-A; trust kmod'
	fact release REL-B kmod
	dg --json identity
	expect 1
	json '.findings | any(.where == "release" and (.what | contains($B)) and (.cure | length > 0))'
}

case_identity_disagreement_level() {
	root_with "$B"
	runs "$B"
	kmod_shows "$B"
	echo 9999 >"$R/sys/kernel/drvguard/technology_level"
	dg identity
	expect 1
	grep -qE '^level: kmod says debian TL 9999 SP .*, the strings say debian TL [0-9.]+ .*; trust kmod' "$out"
	fact 'technology level' 9999 kmod
}

case_identity_other_image() {
	root_with "$A" "$B"
	runs "$B"
	rm "$R/boot/vmlinuz-$B"
	cp "$R/boot/vmlinuz-$A" "$R/boot/vmlinuz-$B"
	dg identity
	expect 1
	says '^ROOT/boot/vmlinuz-REL-B: is another build \([0-9a-f]{12}...\) than the running kernel \([0-9a-f]{12}...\); reboot'
}

dpkg_status() { # STATUS VERSION
	mkdir -p "$R/var/lib/dpkg"
	cat >"$R/var/lib/dpkg/status" <<-END
		Package: base-files
		Status: install ok installed
		Version: 12.4

		Package: linux-image-$B
		Status: $1
		Priority: optional
		Section: kernel
		Maintainer: nobody
		Architecture: amd64
		Source: linux-signed-amd64
		Version: $2
		Description: Linux
		 Version: 99 is no field here

		Package: linux-image-cloud-amd64
		Status: install ok half-configured
		Version: 6.1.1

		Package: zlib1g
		Status: install ok installed
		Version: 1
	END
}

running_version() {
	kernel_version "$B" | sed -E 's/.* Debian ([^ ]+) .*/\1/'
}

case_identity_package() {
	root_with "$B"
	runs "$B"
	dpkg_status 'install ok installed' "$(running_version)"
	dg identity
	expect 0
	fact package "linux-image-REL-B $(running_version)" dpkg
}

# Installed since, under the same release: the running kernel is the older one.
case_identity_package_newer() {
	root_with "$B"
	runs "$B"
	dpkg_status 'install ok installed' "$(running_version)+1"
	dg identity
	expect 1
	says '^linux-image-REL-B: version .*\+1 is installed, the running kernel of the same release is .*; reboot'
}

case_identity_package_half_installed() {
	local state
	root_with "$B"
	runs "$B"
	for state in half-installed unpacked half-configured triggers-awaited; do
		dpkg_status "install ok $state" "$(running_version)"
		dg identity
		expect 1
		says "^linux-image-REL-B: .*$state; finish it with: dpkg --configure -a"
	done
	dg kernels
	expect 1
	says '^REL-B committed .*package not configured'
	dpkg_status 'deinstall ok config-files' "$(running_version)"
	dg identity
	expect 0
}

case_identity_kernel_gone() {
	root_with "$A"
	cp -al "$KERNEL_B/boot/." "$R/boot/"
	cp -al "$KERNEL_B/lib/modules/." "$R/lib/modules/"
	runs "$B"
	rm -r "$R/lib/modules/$B" "$R/boot/vmlinuz-$B"
	dg identity
	expect 1
	says '^REL-B: no such kernel is installed; reinstall its package'
	dg --json identity
	expect 1
}

case_identity_nothing_runs() {
	root_with "$B"
	dg identity
	expect 3
	one_line "$R" 'no kernel runs in this root; see'
	dg --json identity
	expect 3
}

case_identity_hostile() {
	root_with "$B"
	runs "$B"
	printf '\e[31m%s\n' "$B" >"$R/proc/sys/kernel/version"
	head -c 100 /dev/urandom >"$R/sys/kernel/notes"
	mkdir -p "$R/sys/kernel/drvguard"
	echo -1 >"$R/sys/kernel/drvguard/abi"
	head -c 3000 /dev/zero >"$R/sys/kernel/drvguard/release"
	dg identity
	[ "$code" -le 1 ] || expect 1
	dg --json identity
	printf '../../../etc\n' >"$R/proc/sys/kernel/osrelease"
	dg status
	[ "$code" -eq 2 ] || expect 3
	dg identity
	[ "$code" -le 3 ]
}

# --- repair ----------------------------------------------------------------------------------

# The parts of -dm, in the order of the manual cure.
parts_in_order() {
	awk '{ print $1 }' "$out" | uniq | diff -u - <(printf '%s\n' level found staged digest loaded result) >&2 ||
		fail "not the parts in their order"
}

case_dm_stages() {
	root_ready
	runs "$B"
	dg -dm
	expect 0
	quiet
	parts_in_order
	says '^level LEVEL, kernel REL-B: .*the kernel module is not loaded'
	says '^found scap: nothing staged, missing: the depot has ROOT/opt/falco/drivers/scap-REL-B.ko'
	says '^staged scap: generation 1 \(exact\) from ROOT/opt/falco/drivers/scap-REL-B.ko'
	says "^digest scap: as the manifest says, SHA-256 $(sha256sum "$SCAP_B" | cut -c1-16)..., sum $(sum <"$SCAP_B" | tr -s ' ')"
	says '^loaded scap: not loaded'
	says '^result every driver matches this kernel \(exit 0\)'
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

case_dm_is_repair() {
	root_ready
	runs "$B"
	dg -dm
	expect 0
	dg -dm
	expect 0
	cp "$out" "$dir/dm"
	dg repair
	expect 0
	diff -u "$dir/dm" "$out"
	parts_in_order
	says '^found scap: VERSION staged, match'
	says '^staged scap: nothing to do'
}

case_dm_with_kmod() {
	root_ready
	runs "$B"
	kmod_shows "$B"
	dg -dm
	expect 0
	says '^level LEVEL, kernel REL-B: the kernel module and uname agree'
}

case_dm_json() {
	root_ready
	runs "$B"
	dg --json -dm
	expect 0
	json '.kernels[0] | .generation == 1 and .changed'
	json '.kernels[0] | .kernel.release == $B'
	json '.kernels[0].drivers[0] | .match == "match" and .match_before == "missing" and .load == "not_asked"'
}

# The story's own trouble: the old level's driver is what would be loaded.
case_dm_replaces_stale() {
	root_ready
	runs "$B"
	mkdir -p "$R/lib/modules/$B/extra"
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	depmod -b "$R" "$B"
	dg status
	expect 1
	says '^scap [S-] mismatch VERSION refused \(not by drvguard\) '
	dg -dm
	expect 0
	says '^found scap: VERSION not staged by drvguard, mismatch: '
	says '^staged scap: generation 1 \(exact\)'
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	# Somebody else's file is left where it is.
	cmp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
}

case_dm_no_match() {
	root_with "$B"
	runs "$B"
	cp "$SCAP_A" "$depot/scap.ko"
	dg -dm
	expect 1
	parts_in_order
	says '^found scap: nothing staged, missing: no file fits; nearest is for REL-A: '
	says '^staged scap: nothing: no match is to be had'
	says '^digest scap: nothing of drvguard.s is staged'
	says '^loaded scap: not loaded, kept from loading'
	says '^result not every driver matches this kernel \(exit 1\)'
	# Kept from loading by modprobe's own means.
	grep -q '^install scap ' "$R/run/modprobe.d/drvguard-scap.conf"
	cp "$SCAP_B" "$depot/scap-b.ko"
	dg -dm
	expect 0
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
}

case_dm_waiting() {
	root_with "$B"
	runs "$B"
	dg -dm
	expect 4
	parts_in_order
	says '^found scap: nothing staged, waiting: the depot is empty'
	says '^result waiting for the depot \(exit 4\)'
	[ ! -e "$R/lib/modules/$B/updates" ]
}

case_dm_loaded_same() {
	root_ready
	runs "$B"
	loaded scap "$SCAP_B"
	dg -dm
	expect 0
	says '^loaded scap: loaded, the staged file'
	dg status
	expect 0
	says '^scap S match VERSION exact yes '
}

case_dm_loaded_other() {
	root_ready
	runs "$B"
	loaded scap "$SCAP_A"
	dg -dm
	expect 5
	says '^loaded scap: another build is loaded: reboot'
	says '^result matched; a reboot is needed .*\(exit 5\)'
	dg status
	expect 5
	says '^scap Q match VERSION exact other '
	says 'reboot: another build is loaded'
	dg --json status
	expect 5
	json '.kernels[0].drivers[0] | .state == "Q" and .loaded and (.loaded_is_staged | not)'
}

# Loaded without being staged anywhere: state P.
case_status_loaded_not_staged() {
	root_with "$B"
	runs "$B"
	loaded scap "$SCAP_B"
	dg status
	expect 4
	says '^scap - waiting '
}

# Built into the kernel has a directory in /sys/module too, but is not loaded.
case_status_not_a_module() {
	root_ready
	runs "$B"
	mkdir -p "$R/sys/module/scap/parameters"
	dg --json status
	json '.kernels[0].drivers[0].loaded == false'
}

case_dm_tampered() {
	root_staged
	runs "$B"
	cat "$SCAP_A" >"$gen/scap.ko"
	dg status
	expect 6
	rm -r "$depot"
	dg -dm
	# The good bytes are gone from the store as well (one file): kept from loading, and said so.
	expect 6
	says '\(exit 6\)'
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "a tampered driver may load"
	mkdir -p "$depot"
	offer_both
	dg -dm
	expect 0
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
	cmp "$SCAP_B" "$link/scap.ko"
	dg verify
	expect 0
}

# A verify finding that repair is said to cure is cured by it.
case_dm_kernel_rebuilt() {
	local id
	root_staged
	runs "$B"
	id=$(kernel_build_id "$B")
	sed -i "s/$id/0123456789012345678901234567890123456789/; \$d" "$gen/manifest"
	echo "end $(sha256sum <"$gen/manifest" | cut -d' ' -f1)" >>"$gen/manifest"
	dg verify
	expect 1
	says '^kernel: '
	dg repair
	# No byte of the driver is wrong, and nobody may read that one is.
	says_not '^digest scap: WRONG'
	expect 0
	dg verify
	expect 0
}

case_dm_readonly_root() {
	need_root
	root_with "$B"
	runs "$B"
	mkdir -p "$R/run"
	cp "$SCAP_A" "$depot/scap.ko"
	mount --bind "$R/usr" "$R/usr" || skip "no bind mounts here"
	mount -o remount,bind,ro "$R/usr"
	dg -dm
	# What does not match is held back all the same.
	expect 1
	grep -q '^install scap ' "$R/run/modprobe.d/drvguard-scap.conf"
	# And what does, but cannot be staged, too.
	cp "$SCAP_B" "$depot/scap.ko"
	dg -dm
	expect 3
	one_line "$R/usr/lib/drvguard" 'Read-only file system'
	grep -q '^install scap ' "$R/run/modprobe.d/drvguard-scap.conf"
	umount "$R/usr"
}

case_dm_no_room() {
	need_root
	root_ready
	runs "$B"
	mount -t tmpfs -o size=512k none "$R/usr/lib/drvguard" || skip "no tmpfs here"
	dg -dm
	expect 3
	one_line "$R/usr/lib/drvguard" 'KiB are free; free some space'
	parts_in_order
	[ ! -e "$R/lib/modules/$B/updates" ]
	umount "$R/usr/lib/drvguard"
}

case_dm_bad_depot_file() {
	root_ready
	runs "$B"
	echo text >"$depot/bad.ko"
	dg -dm
	expect 0
	one_line "$depot/bad.ko" 'ELF'
	parts_in_order
}

case_dm_concurrent() {
	local i pids=()
	root_ready
	config_falco 'path = /usr/lib/drivers/scap.ko'
	runs "$B"
	for i in {1..10}; do
		"$DRVGUARD" --root "$R" -dm >"$dir/out.$i" 2>"$dir/err.$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || fail "one of them ended with $?"
	done
	[ "$(cat "$dir"/err.* | wc -l)" -eq 0 ] || fail "words on stderr: $(cat "$dir"/err.*)"
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ]
	dg verify
	expect 0
	cmp "$SCAP_B" "$R/usr/lib/drivers/scap.ko"
}

# --- the fixed place -------------------------------------------------------------------------

root_place() {
	root_ready
	config_falco 'path = /usr/lib/drivers/scap.ko'
	place=$R/usr/lib/drivers/scap.ko
}

# The place is a link that works in the root, to the file modprobe would take.
place_leads_to() { # REL
	[ -L "$place" ] || fail "$place is no link"
	[[ $(readlink "$place") != /* ]] || fail "$place is an absolute link"
	[ "$(readlink -f "$place")" = "$(readlink -f "$R/lib/modules/$1/updates/drvguard/scap.ko")" ] ||
		fail "$place leads to $(readlink "$place")"
}

case_place_linked() {
	root_place
	runs "$B"
	dg -dm
	expect 0
	says '^loaded scap: .*; /usr/lib/drivers/scap.ko is right'
	place_leads_to "$B"
	cmp "$SCAP_B" "$place"
	dg --json status
	expect 0
	json '.kernels[0].drivers[0].place == "right"'
	snapshot >"$dir/before"
	dg -dm
	expect 0
	unchanged "$dir/before" snapshot
}

# Staging for a kernel that does not run leaves the place alone.
case_place_not_for_other_kernel() {
	root_place
	dg --kernel "$B" stage
	expect 0
	[ ! -e "$R/usr/lib/drivers" ]
	root_place_a
	dg --kernel "$B" stage
	expect 0
	place_leads_to "$A"
}

# And kernel A running beside it, with its driver in place.
root_place_a() {
	cp -al "$KERNEL_A/boot/." "$R/boot/"
	cp -al "$KERNEL_A/lib/modules/." "$R/lib/modules/"
	runs "$A"
	dg -dm
	expect 0
	place_leads_to "$A"
}

case_place_foreign_moved_aside() {
	root_place
	runs "$B"
	mkdir -p "${place%/*}"
	cp "$SCAP_A" "$place"
	dg status
	says '^scap .* foreign '
	dg -dm
	expect 0
	quiet 1
	errs "$place|ROOT/usr/lib/drivers/scap.ko|/usr/lib/drivers/scap.ko"
	errs 'scap.ko.drvguard-saved'
	place_leads_to "$B"
	cmp "$SCAP_A" "$place.drvguard-saved"
	# A second one does not cost the first.
	rm "$place"
	echo mine >"$place"
	dg -dm
	expect 0
	cmp "$SCAP_A" "$place.drvguard-saved"
	[ "$(cat "$place.drvguard-saved.1")" = mine ]
}

case_place_stale_repointed() {
	root_place
	root_place_a
	runs "$B"
	dg --kernel "$B" status
	says '^scap .* stale '
	dg -dm
	expect 0
	quiet
	place_leads_to "$B"
	cmp "$SCAP_B" "$place"
	runs "$A"
	dg boot
	expect 0
	place_leads_to "$A"
}

# No match any more: nothing may be loaded from the place either.
case_place_emptied() {
	root_place
	root_place_a
	runs "$B"
	rm "$depot/scap-$B.ko"
	dg -dm
	expect 1
	[ ! -e "$place" ] && [ ! -L "$place" ]
	# A foreign file that cannot be proven does not stay where an agent takes it from.
	cp "$SCAP_A" "$place"
	dg -dm
	expect 1
	[ ! -e "$place" ]
	cmp "$SCAP_A" "$place.drvguard-saved"
}

case_place_verified() {
	root_place
	runs "$B"
	dg -dm
	expect 0
	rm "$place"
	cp "$SCAP_A" "$place"
	dg verify
	expect 1
	says '^place: scap: /usr/lib/drivers/scap.ko: the fixed place is foreign: .*; run drvguard repair'
	rm "$place"
	dg verify
	expect 1
	says '^place: scap: .* is empty'
	dg -dm
	expect 0
	dg verify
	expect 0
}

case_place_of_two_generations() {
	root_place
	runs "$B"
	dg -dm
	expect 0
	cp -P "$place" "$dir/link"
	take_out tun "$depot/tun.ko"
	config_driver tun
	depmod -b "$R" "$B"
	dg -dm
	expect 0
	# Through updates/drvguard, so that it followed by itself.
	[ "$(readlink "$place")" = "$(readlink "$dir/link")" ]
	place_leads_to "$B"
}

case_place_cannot_be_made() {
	root_place
	runs "$B"
	echo file >"$R/usr/lib/drivers"
	dg -dm
	expect 3
	one_line /usr/lib/drivers 'Not a directory'
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

case_place_is_directory() {
	root_place
	runs "$B"
	mkdir -p "$place/inside"
	dg -dm
	expect 0
	place_leads_to "$B"
	[ -d "$place.drvguard-saved/inside" ]
}

# --- boot ------------------------------------------------------------------------------------

case_boot_match() {
	root_staged
	runs "$B"
	rm -r "$depot"
	dg boot
	expect 0
	quiet
	expect_text <<-'END'
		scap: matches kernel REL-B
	END
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
	[ ! -e "$R/run/drvguard/waiting" ]
}

# Level B boots for the first time, the depot is away, A's driver would be loaded.
case_boot_mismatch_waits() {
	root_with "$B"
	rmdir "$depot"
	runs "$B"
	mkdir -p "$R/lib/modules/$B/extra"
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	depmod -b "$R" "$B"
	dg boot
	expect 4
	says '^scap: mismatch: '
	says '^scap: waiting for the depot; kept from loading'
	grep -q '^install scap ' "$R/run/modprobe.d/drvguard-scap.conf"
	diff -u - "$R/run/drvguard/waiting" <<-END
		scap $B /opt/falco/drivers
	END
	# The depot comes: the same is staged and nothing waits or is held any more.
	mkdir -p "$depot"
	offer_both
	dg -dm
	expect 0
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
	[ ! -e "$R/run/drvguard/waiting" ] || fail "still recorded as waiting"
}

# The depot is there, but early boot does not look at it.
case_boot_does_not_look_at_depot() {
	root_ready
	runs "$B"
	dg boot
	expect 4
	says '^scap: waiting for the depot'
	[ ! -e "$R/lib/modules/$B/updates" ]
}

# Whatever it has to do: the root file system, and nothing of /var, /opt or a network.
case_boot_touches_the_root_alone() {
	root_staged
	runs "$B"
	mkdir -p "$R/var/lib/drvguard" "$R/var/cache/drvguard"
	dg_looked_at boot
	expect 0
	says '^scap: matches kernel REL-B'
	rm "$link"
	mkdir -p "$R/lib/modules/$B/extra"
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	depmod -b "$R" "$B"
	dg_looked_at boot
	expect 0
	says '^scap: staged from the store'
	[ -n "$(ls "$R/run/drvguard/history")" ] || fail "not on record for later"
	rm -r "$link" "$R/usr/lib/drvguard/store"
	depmod -b "$R" "$B"
	dg_looked_at boot
	expect 4
	[ -z "$(ls "$R/var/lib/drvguard" "$R/var/cache/drvguard" | grep -v :)" ] || fail "left something in /var"
	dg history
	says 'scap installed'
}

# Run drvguard; every path it, or a process of its own, names and every socket go to $dir/looked.
dg_looked_at() {
	dg_as strace -f -y -qq -e signal=none -e trace=file,socket,connect -o "$dir/looked" "$DRVGUARD" --root "$R" "$@"
	if grep -E "socket\(|connect\(|\"$R/(var|opt)|<$R/(var|opt)|drvguard/state.db" "$dir/looked"; then
		fail "early in boot that is not there"
	fi
	# Names inside the root are looked up beside it: openat2(ROOT, "var/...").
	if grep -E "\"/?(var|opt)(/|\")" "$dir/looked"; then fail "early in boot that is not there"; fi
}

case_boot_from_store() {
	root_staged
	runs "$B"
	rm -r "$depot" "$link"
	mkdir -p "$R/lib/modules/$B/extra"
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	depmod -b "$R" "$B"
	dg boot
	expect 0
	says '^scap: mismatch: '
	says '^scap: staged from the store for kernel REL-B'
	would_load "$B" scap "$link/scap.ko"
}

# Held by modprobe itself: its own configuration is what keeps the driver out.
case_boot_hold_works() {
	root_with "$B"
	runs "$B"
	mkdir -p "$R/lib/modules/$B/extra"
	cp "$SCAP_A" "$R/lib/modules/$B/extra/scap.ko"
	depmod -b "$R" "$B"
	dg boot
	expect 4
	modprobe -n -C "$R/run/modprobe.d" -d "$R" -S "$B" --show-depends scap >"$out"
	says '^install echo .drvguard: scap is held back'
}

case_boot_tampered() {
	root_staged
	runs "$B"
	cat "$SCAP_A" >"$gen/scap.ko"
	rm -r "$depot"
	dg boot
	expect 6
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "a tampered driver may load"
}

case_watch_ends_when_nothing_waits() {
	root_ready
	runs "$B"
	dg watch
	expect 0
	says '^scap: staged from .*/scap-REL-B.ko, verified'
}

# The depot is mounted while somebody watches: staged at once, and the watch ends.
case_watch_sees_mount() {
	local pid
	need_root
	root_with "$B"
	runs "$B"
	mkdir "$dir/disk"
	cp "$SCAP_B" "$dir/disk/scap-$B.ko"
	timeout 30 "$DRVGUARD" --root "$R" watch >"$out" 2>"$err" &
	pid=$!
	for _ in {1..100}; do
		[ ! -e "$R/run/drvguard/waiting" ] || break
		sleep 0.05
	done
	[ -e "$R/run/drvguard/waiting" ] || fail "not recorded as waiting"
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "not held"
	mount --bind "$dir/disk" "$depot" || skip "no bind mounts here"
	code=0
	last="drvguard watch"
	wait "$pid" || code=$?
	umount "$depot"
	expect 0
	quiet
	says '^scap: staged from .*, verified'
	[ ! -e "$R/run/drvguard/waiting" ]
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ]
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

# The same when it is filled in place, as a package does.
case_watch_sees_files() {
	local pid
	root_with "$B"
	runs "$B"
	timeout 30 "$DRVGUARD" --root "$R" watch >"$out" 2>"$err" &
	pid=$!
	for _ in {1..100}; do
		[ ! -e "$R/run/drvguard/waiting" ] || break
		sleep 0.05
	done
	cp "$SCAP_B" "$depot/.scap.ko.part"
	mv "$depot/.scap.ko.part" "$depot/scap-$B.ko"
	code=0
	last="drvguard watch"
	wait "$pid" || code=$?
	expect 0
	would_load "$B" scap "$R/lib/modules/$B/updates/drvguard/scap.ko"
}

# With --stay it is there for another depot in the same place: the newer version in it is staged. What is
# mounted elsewhere meanwhile is no reason to look.
case_watch_stays_for_another_mount() {
	local pid gen
	need_root
	root_with "$B"
	runs "$B"
	gen=$R/usr/lib/drvguard/kernels/$B/1
	mkdir "$dir/disk" "$dir/newer" "$dir/elsewhere"
	cp "$SCAP_B" "$dir/disk/scap.ko"
	other_version 0.9.9 "$dir/newer/scap.ko"
	mount --bind "$dir/disk" "$depot" || skip "no bind mounts here"
	timeout 60 "$DRVGUARD" --root "$R" watch --stay >"$out" 2>"$err" &
	pid=$!
	last="drvguard watch --stay"
	eventually test -e "$gen/scap.ko"
	umount "$depot"
	mount --bind "$dir/elsewhere" "$dir/elsewhere"
	umount "$dir/elsewhere"
	mount --bind "$dir/newer" "$depot"
	gen=${gen%/1}/2
	eventually cmp -s "$dir/newer/scap.ko" "$gen/scap.ko"
	# What it prints comes last.
	eventually staged_twice
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	umount "$depot"
	expect 0
	quiet
}

staged_twice() {
	[ "$(grep -c '^scap: staged from' "$out")" = 2 ]
}

# On the root file system nothing can come back with other content.
case_watch_does_not_stay_for_nothing() {
	root_ready
	runs "$B"
	last="drvguard watch --stay"
	code=0
	timeout 30 "$DRVGUARD" --root "$R" watch --stay >"$out" 2>"$err" || code=$?
	expect 0
	says '^scap: staged from'
}

# What units, scripts and hooks do is switched off; what is done by hand is not.
case_switched_off() {
	root_ready
	runs "$B"
	echo "root=/dev/vda ro drvguard=off quiet" >"$R/proc/cmdline"
	for actor in boot watch hook; do
		for command in boot repair watch; do
			export DRVGUARD_ACTOR=$actor
			dg "$command"
			expect 0
			says '^switched off: drvguard=off'
		done
	done
	[ ! -e "$R/lib/modules/$B/updates/drvguard" ] || fail "something was staged"
	unset DRVGUARD_ACTOR
	dg repair
	expect 0
	echo "drvguard=offset notdrvguard=off" >"$R/proc/cmdline"
	export DRVGUARD_ACTOR=boot
	dg repair
	expect 0
	says '^loaded'
}

# Told to stop, it stops, and says by its exit code that a driver still waits.
case_watch_stops() {
	root_with "$B"
	runs "$B"
	dg_as timeout --preserve-status -s TERM 1 "$DRVGUARD" --root "$R" watch
	expect 4
}

# "path = /usr/lib" would move that away.
case_place_tree_stays() {
	root_ready
	config_falco 'path = /usr/lib/agent'
	runs "$B"
	mkdir "$R/usr/lib/agent"
	dg -dm
	expect 2
	errs 'ends in .ko'
	[ -d "$R/usr/lib/agent" ] || fail "the directory was moved"
}

# A driver taken out of the configuration is held no more.
case_hold_forgotten() {
	root_ready
	config_driver nosuchdrv
	runs "$B"
	dg -dm
	[ -e "$R/run/modprobe.d/drvguard-nosuchdrv.conf" ] || fail "not held"
	config_falco
	dg -dm
	expect 0
	[ ! -e "$R/run/modprobe.d/drvguard-nosuchdrv.conf" ] || fail "still held"
}
