# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # lib.sh's variables
#
# Others who change the same trees: seen, named, and repaired where it is drvguard's to repair.

root_others() {
	root_staged
	runs "$B"
}

# A driver of kernel A below lib/modules/B, as somebody else put it there.
put_copy() { # PLACE
	mkdir -p "$mods/${1%/*}"
	cp "$SCAP_A" "$mods/$1"
}

# depmod(8) as the system itself would run it, by its own depmod.d.
system_depmod() {
	depmod -b "$R" -C "$R/etc/depmod.d" "$B"
}

depmod_conf() { # LINE
	mkdir -p "$R/etc/depmod.d"
	echo "$1" >"$R/etc/depmod.d/site.conf"
}

# modprobe would take PLACE, verify names it with WORDS, repair says so and does not loop.
shadowed_for_good() { # PLACE WORDS-REGEX
	would_load "$B" scap "$mods/$1"
	dg verify
	expect 1
	says "^shadowed: scap: .*/$1: shadows the staged driver: .*$2"
	dg status
	expect 1
	says 'not by drvguard'
	dg --json status
	json ".kernels[0].drivers[0] | .match == \"mismatch\" and (.staged.file | endswith(\"/$1\"))"
	dg repair
	expect 1
	says "modprobe would take .*/$1; remove that file"
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "the wrong driver may load"
	# No generation is made of it, however often.
	dg stage
	expect 1
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ] || fail "a new generation, to no purpose"
	cmp "$SCAP_A" "$mods/$1"
}

# The file gone, all is well again.
cured() {
	dg repair
	expect 0
	would_load "$B" scap "$link/scap.ko"
	dg verify
	expect 0
	[ ! -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "still held"
}

# A root's own depmod.d counts, not that of the system drvguard runs in.
case_others_override() {
	root_others
	put_copy extra/scap.ko
	depmod_conf 'override scap * extra'
	# Seen only when the next index is made.
	dg verify
	expect 0
	system_depmod
	shadowed_for_good extra/scap.ko 'by the override in line 1 of ROOT/etc/depmod.d/site.conf'
	rm "$R/etc/depmod.d/site.conf"
	cured
}

case_others_override_for_this_kernel() {
	root_others
	put_copy extra/scap.ko
	depmod_conf "override scap $B extra"
	system_depmod
	shadowed_for_good extra/scap.ko 'by the override in line 1 of '
	rm "$mods/extra/scap.ko"
	cured
}

case_others_search_order() {
	root_others
	put_copy extra/scap.ko
	depmod_conf 'search extra updates built-in'
	system_depmod
	shadowed_for_good extra/scap.ko 'modprobe would take this file;'
	rm "$mods/extra/scap.ko"
	cured
}

# Where drvguard's own comes first, a copy in extra/ is nobody's trouble.
case_others_extra() {
	root_others
	put_copy extra/scap.ko
	system_depmod
	would_load "$B" scap "$link/scap.ko"
	dg verify
	expect 0
	dg status
	expect 0
	cmp "$SCAP_A" "$mods/extra/scap.ko"
}

# DKMS puts its own into updates/ too, and says so in depmod.d where it is to come first.
case_others_dkms() {
	root_others
	put_copy updates/dkms/scap.ko
	depmod_conf 'override scap * updates/dkms'
	system_depmod
	shadowed_for_good updates/dkms/scap.ko 'by the override in line 1'
	depmod_conf 'search updates/dkms updates built-in'
	system_depmod
	shadowed_for_good updates/dkms/scap.ko 'DKMS, .*dkms remove'
	rm -r "$mods/updates/dkms"
	cured
}

# A link into another kernel's tree, as weak-modules(8) makes it.
case_others_weak_updates() {
	root_others
	mkdir -p "$R/lib/modules/$A/extra" "$mods/weak-updates"
	cp "$SCAP_A" "$R/lib/modules/$A/extra/scap.ko"
	ln -s "../../$A/extra/scap.ko" "$mods/weak-updates/scap.ko"
	depmod_conf 'search weak-updates updates built-in'
	system_depmod
	shadowed_for_good weak-updates/scap.ko 'a link of weak-modules'
	rm "$mods/weak-updates/scap.ko"
	cured
	# It dangles: modprobe takes nothing of it.
	ln -s "../../$A/extra/none.ko" "$mods/weak-updates/scap.ko"
	system_depmod
	dg repair
	expect 0
	would_load "$B" scap "$link/scap.ko"
}

case_others_link() {
	local to
	root_others
	for to in /nowhere ../kernel "../../../../usr/lib/drvguard/kernels/$A/1" /usr/lib/drvguard/store; do
		rm "$link"
		ln -s "$to" "$link"
		dg verify
		expect 1
		says '^link: .*updates/drvguard: (leads to no generation|is not drvguard)'
		dg status
		[ "$code" -ne 0 ] || fail "status finds nothing"
		cured
	done
	# A person with mv and cp: a directory is not drvguard's to remove.
	rm "$link"
	mkdir "$link"
	cp "$SCAP_A" "$link/scap.ko"
	system_depmod
	dg verify
	expect 1
	says '^link: .*updates/drvguard'
	dg repair
	[ "$code" -eq 1 ] || expect 3
	errs 'a directory stands where'
	cmp "$SCAP_A" "$link/scap.ko"
	[ -e "$R/run/modprobe.d/drvguard-scap.conf" ] || fail "the wrong driver may load"
	rm -r "$link"
	cured
}

# cp onto the staged name writes into the store's own file.
case_others_cp() {
	root_others
	cp "$SCAP_A" "$link/scap.ko"
	dg verify
	expect 6
	says '^swapped: scap'
	dg status
	expect 6
	says '^scap B '
	cured
	cmp "$SCAP_B" "$link/scap.ko"
}

# The kernel's package removed: what is not its own stays behind, our link in it.
kernel_removed() {
	rm -rf "${mods:?}/kernel" "$mods"/modules.* "$R/boot"/*"$B"
	dg --kernel "$B" status
	[ "$code" -ne 0 ] || fail "a kernel that is gone is fine"
	[ "$code" -ne 6 ] || fail "a kernel that is gone is no tampering"
}

kernel_installed() {
	cp -al "$KERNEL_B/boot/." "$R/boot/"
	cp -al "$KERNEL_B/lib/modules/." "$R/lib/modules/"
}

case_others_kernel_reinstalled() {
	root_staged
	kernel_removed
	kernel_installed
	# Its own indexes, which know nothing of ours, until depmod runs.
	dg --kernel "$B" verify
	expect 1
	says '^shadowed: .*not in the module index'
	dg --kernel "$B" stage
	expect 0
	dg --kernel "$B" verify
	expect 0
	would_load "$B" scap "$link/scap.ko"
	[ "$(ls -A "$R/usr/lib/drvguard/kernels/$B")" = 1 ] || fail "a new generation, to no purpose"
	# And with depmod, as its package does.
	kernel_removed
	kernel_installed
	system_depmod
	dg --kernel "$B" verify
	expect 0
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
}

# The tree went whole, link and all; the depot is away. What was kept is staged again.
case_others_tree_gone() {
	root_staged
	rm -rf "$mods"
	dg --kernel "$B" status
	[ "$code" -ne 0 ] || fail "a kernel that is gone is fine"
	kernel_installed
	rm -r "$depot"
	dg --kernel "$B" status
	says '^scap - missing .* stage --kernel REL-B'
	dg --kernel "$B" stage
	expect 0
	would_load "$B" scap "$link/scap.ko"
	dg --kernel "$B" verify
	expect 0
}

# Removed in the middle of a stage: nothing of it is left to finish.
case_others_kernel_gone_while_staging() {
	root_with "$A" "$B"
	offer_both
	dg --kernel "$B" stage
	mods=$R/lib/modules/$B
	printf 'drvguard-intent 1\naction stage\nrelease %s\nfrom 0\nto 1\n' "$B" >"$dir/intent"
	echo "end $(sha256sum <"$dir/intent" | cut -d' ' -f1)" >>"$dir/intent"
	cp "$dir/intent" "$R/usr/lib/drvguard/intent"
	rm -rf "$mods"
	dg --kernel "$A" stage
	expect 0
	errs 'REL-B: an interrupted stage was undone'
	[ ! -e "$R/usr/lib/drvguard/intent" ]
	[ ! -e "$R/usr/lib/drvguard/kernels/$B/1" ]
	[ ! -e "$mods" ] || fail "the kernel's tree is there again"
	dg --kernel "$A" verify
	expect 0
}
