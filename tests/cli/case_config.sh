# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016,SC2034 # lib.sh sets and uses the variables; $A and $B in JSON are for jq
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad configuration: one line with file, line number and cure; exit code 2; the rest is served.

# A second, good file of configuration with a driver that must be served whatever the first has.
good_beside() {
	root_ready
	take_out tun "$R/opt/tun.ko"
	depmod -b "$R" "$B"
	mkdir "$R/opt/net"
	mv "$R/opt/tun.ko" "$R/opt/net/"
	printf '[product net]\ndepot = /opt/net\n[driver tun]\nproduct = net\n' >"$R/etc/drvguard/drivers.d/net.conf"
}

# check and stage end in 2 with one line on stderr; tun is served, scap is not touched.
tun_only() { # WHERE REGEX
	dg --kernel "$B" check
	expect 2
	one_line "$1" "$2"
	says '^tun exact'
	says_not '^scap'
	dg --kernel "$B" stage
	expect 2
	one_line "$1" "$2"
	says '^tun (staged|kept)'
	would_load "$B" tun "$R/lib/modules/$B/updates/drvguard/tun.ko"
	[ ! -e "$R/lib/modules/$B/updates/drvguard/scap.ko" ]
}

case_config_unknown_key() {
	good_beside
	config_falco 'colour = red'
	tun_only "$conf:6" "unknown key 'colour'; "
	config_falco
	sed -i '2s/.*/&\nshade = blue/' "$conf"
	tun_only "$conf:3" "unknown key 'shade'; "
}

case_config_bad_values() {
	good_beside
	config_falco 'load = perhaps'
	tun_only "$conf:6" "load'; it is auto or never"
	config_falco 'boot = perhaps'
	tun_only "$conf:6" "boot'; it is yes or no"
	config_falco 'path = relative/scap.ko'
	tun_only "$conf:6" "path'; give an absolute path"
	config_falco 'path = /usr/../../etc/passwd'
	tun_only "$conf:6" "path'; give an absolute path"
	config_falco
	sed -i 's/require = kabi/require = maybe/' "$conf"
	tun_only "$conf:3" "require'; it is kabi or exact"
	config_falco
	sed -i 's|depot = .*|depot = drivers|' "$conf"
	tun_only "$conf:2" "depot'; give an absolute path"
	config_falco
	sed -i 's|depot = .*|depot =|' "$conf"
	tun_only "$conf:2" "depot'; give an absolute path"
}

case_config_driver_twice_in_file() {
	good_beside
	config_driver scap
	tun_only "$conf:6" "driver named twice: 'scap'; keep one"
	config_falco
	# '-' and '_' are one to the kernel.
	printf '[driver a-b]\nproduct = falco\n[driver a_b]\nproduct = falco\n' >"$conf"
	printf '[product falco]\ndepot = /opt/falco/drivers\n' >>"$conf"
	tun_only "$conf:3" "driver named twice: 'a_b'; keep one"
}

case_config_driver_twice_in_two_files() {
	good_beside
	printf '[driver scap]\nproduct = net\n' >"$R/etc/drvguard/drivers.d/zz.conf"
	tun_only "drivers.d/zz.conf:1" "driver named twice: 'scap'; keep one"
}

case_config_product_twice() {
	good_beside
	printf '[product falco]\ndepot = /opt/net\n' >"$R/etc/drvguard/drivers.d/zz.conf"
	tun_only "drivers.d/zz.conf:1" "second \[product\] section 'falco'; keep one"
}

case_config_no_product() {
	good_beside
	sed -i '/^product = /d' "$conf"
	tun_only "$conf:4" 'scap: has no product; add'
	config_falco
	sed -i 's/^product = .*/product = other/' "$conf"
	tun_only "$conf:4" 'scap: no product other; add'
	config_falco
	sed -i '/^depot/d' "$conf"
	tun_only "$conf:3" 'scap: no depot in product falco; add depot'
}

case_config_sections() {
	good_beside
	sed -i 's/^\[driver scap\]/[drover scap]/' "$conf"
	dg --kernel "$B" check
	expect 2
	one_line "$conf:4" 'unknown section'
	config_falco
	sed -i 's/^\[driver scap\]/[driver]/' "$conf"
	dg --kernel "$B" check
	expect 2
	one_line "$conf:4" 'section'
	config_falco
	sed -i 's/^\[driver scap\]/[driver scap/' "$conf"
	dg --kernel "$B" check
	expect 2
	errs "falco.conf:4: .*\\]"
	quiet 1
	config_falco
	sed -i 's/^\[driver scap\]/[driver ..\/..\/scap]/' "$conf"
	tun_only "$conf:4" 'name'
}

case_config_lines() {
	good_beside
	config_falco 'what is this'
	dg --kernel "$B" check
	expect 2
	one_line "$conf:6" 'not understood|key = value'
	# Outside any section.
	config_falco
	sed -i '1s/^/depot = \/x\n/' "$conf"
	dg --kernel "$B" check
	expect 2
	one_line "$conf:1" 'outside any section'
	says '^scap exact'
	config_falco "path = /$(printf 'x%.0s' {1..5000})"
	dg --kernel "$B" check
	expect 2
	one_line "$conf:6" 'too long'
}

case_config_garbage() {
	good_beside
	head -c 60000 "$SCAP_A" >"$conf"
	tun_only "$conf" 'not text; '
	head -c 50000 /dev/urandom | LC_ALL=C tr -d '\0' >"$conf"
	dg --kernel "$B" check
	expect 2
	says '^tun exact'
	# A flood of lines about one file helps nobody.
	[ "$(wc -l <"$err")" -le 20 ] || fail "$(wc -l <"$err") lines about one file"
}

case_config_special_files() {
	good_beside
	rm "$conf"
	mkdir "$conf"
	tun_only "$conf" '.'
	rmdir "$conf"
	mkfifo "$conf"
	tun_only "$conf" '.'
	rm "$conf"
	ln -s nowhere "$conf"
	dg --kernel "$B" check
	expect 2
	one_line "$conf" '.'
	rm "$conf"
	truncate -s 10G "$conf"
	tun_only "$conf" '.'
}

case_config_unreadable() {
	need_root
	good_beside
	setpriv --reuid=65534 --clear-groups test -r "$R/etc" || skip "the tree cannot be reached by others"
	chmod 000 "$conf"
	dg_as setpriv --reuid=65534 --clear-groups "$DRVGUARD" --root "$R" --kernel "$B" check
	one_line "$conf" 'Permission denied; run as root'
	[ "$code" -eq 2 ] || expect 3
	says '^tun exact'
}

# /etc masks /usr/lib by name; an empty file or a link to /dev/null masks all of it.
case_config_masks() {
	local vendor
	root_ready
	vendor=$R/usr/lib/drvguard/drivers.d
	mkdir -p "$vendor"
	mv "$conf" "$vendor/falco.conf"
	dg --kernel "$B" check
	expect 0
	says '^scap exact'
	: >"$conf"
	dg --kernel "$B" check
	says_not '^scap'
	rm "$conf"
	ln -s /dev/null "$conf"
	dg --kernel "$B" check
	expect 0
	says_not '^scap'
	rm "$conf"
	cp "$vendor/falco.conf" "$conf.rpmsave"
	dg --kernel "$B" check
	expect 0
	quiet
}

case_config_usual_forms() {
	root_ready
	printf '\xef\xbb\xbf; a comment\r\n[product falco]\r\n  depot=/opt/falco/drivers/ ; note\r\n\r\n[driver scap]\r\nproduct: falco\r\n# end' >"$conf"
	dg --kernel "$B" check
	expect 0
	quiet
	says '^scap exact'
}

# Two products, one depot away: the other's driver does not wait.
case_config_two_products() {
	good_beside
	rm -r "$R/opt/falco"
	dg --kernel "$B" stage
	expect 4
	says '^tun staged'
	says '^scap none .*the depot is not there'
	would_load "$B" tun "$R/lib/modules/$B/updates/drvguard/tun.ko"
}
