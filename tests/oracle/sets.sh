# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the oracle offers: writes lines of DIR/pairs (see machine.sh). Sourced by run after
# machine.sh. Every function here: KERNEL and DIR first, then what the set needs.

tree_of() { # REL
	echo "$("$archive" kernel "$1")/lib/modules/$1"
}

# The in-tree modules of REL, sorted; with N, every Nth of them.
modules_of() { # REL [N]
	find "$(tree_of "$1")/" -name '*.ko*' -path '*/kernel/*' | LC_ALL=C sort | awk -v n="${2:-1}" 'NR % n == 0'
}

# The place of a plain copy of FILE; FILE itself when it is plain.
plain() {
	local copy
	case $1 in
	*.ko)
		echo "$1"
		return 0
		;;
	esac
	copy=$out/plain/${1##*/lib/modules/}
	copy=${copy%.ko.*}.ko
	if [ ! -e "$copy" ]; then
		mkdir -p "${copy%/*}"
		unpack "$1" "$copy.tmp"
		mv "$copy.tmp" "$copy"
	fi
	echo "$copy"
}

can_decompress() { # REL
	grep -q '^CONFIG_MODULE_DECOMPRESS=y' "$("$archive" kernel "$1")/boot/config-$1"
}

# Files, named on standard input, as they are; what is packed is given to the kernel packed, if it
# can do with it, else as kmod would unpack it.
set_files() { # KERNEL DIR SET
	local kernel=$1 dir=$2 set=$3 file base how=plain
	if can_decompress "$kernel"; then
		how=packed
	fi
	while read -r file; do
		base=$(plain "$file")
		if [ "$file" = "$base" ]; then
			printf '%s\tplain\t%s\t%s\t%s\n' "$set" "$file" "$file" "$base"
		elif [ "$how" = packed ]; then
			printf '%s\tpacked\t%s\t%s\t%s\n' "$set" "$file" "$file" "$base"
		else
			printf '%s\tplain\t%s\t%s\t%s\n' "$set" "$file" "$base" "$base"
		fi
	done >>"$dir/pairs"
}

# --- made-wrong files -------------------------------------------------------------------------

# Modules of REL to make wrong ones of, small ones first: "WHAT FILE".
#   simple      no dependency, nothing exported
#   namespace   imports a symbol namespace, and GPL-only symbols from it
#   exports     exports symbols, and imports from another module
bases() { # REL
	local file plain depends exports imports simple='' namespace='' exporter=''
	while read -r file; do
		plain=$(plain "$file")
		depends=$(modinfo -F depends "$plain")
		exports=$(nm "$plain" | grep -c ' __ksymtab_' || :)
		imports=$(nm -u "$plain" | wc -l)
		if [ -z "$simple" ] && [ -z "$depends" ] && ((exports == 0 && imports >= 4)); then
			simple=$plain
			echo "simple $plain"
		elif [ -z "$namespace" ] && [ -z "$depends" ] && [ -n "$(modinfo -F import_ns "$plain")" ]; then
			namespace=$plain
			echo "namespace $plain"
		elif [ -z "$exporter" ] && [ -n "$depends" ] && ((exports >= 2 && imports >= 6)); then
			exporter=$plain
			echo "exports $plain"
		fi
		if [ -n "$simple" ] && [ -n "$namespace" ] && [ -n "$exporter" ]; then
			break
		fi
	done < <(modules_of "$1" | xargs stat -L -c '%s %n' | sort -n | cut -d' ' -f2-)
}

# Some alterations take a whole kernel down. MODE short: not those.
set_made_wrong() { # KERNEL DIR BASE few|all MODE
	local dir=$2 base=$3 how=$4 mode=$5 wrong=$2/wrong name file
	name=$(basename "$base" .ko)
	mkdir -p "$wrong"
	"$tools/wrong" "$base" "$wrong" "$how"
	for file in "$wrong/$name"--*.ko; do
		case $file in
		*--import-name-beyond-strings.ko | *--this_module-empty.ko | *--this_module-nobits.ko)
			if [ "$mode" = short ]; then
				printf 'made-wrong\t%s\tmay crash the kernel: offered in the full run only\n' \
					"$file" >>"$dir/skipped"
				continue
			fi
			;;
		esac
		printf 'made-wrong\tplain\t%s\t%s\t%s\n' "$file" "$file" "$base"
	done >>"$dir/pairs"
	for file in "$wrong/$name"--{signature-*,licence-gone}.ko; do
		printf 'made-wrong, signatures required\tenforce\t%s\t%s\t%s\n' "$file" "$file" "$base"
	done >>"$dir/pairs"
}

# Signatures of a key no kernel knows, in several forms. The module is one without a signature.
set_signed() { # KERNEL DIR BASE UNSIGNED
	local dir=$2/signed base=$3 name key=$out/key file
	local ways=(
		"sha256:-md sha256 -noattr -nocerts"
		"sha512:-md sha512 -noattr -nocerts"
		"md5:-md md5 -noattr -nocerts"
		"key-id:-md sha256 -noattr -nocerts -keyid"
		"certificate-within:-md sha256 -noattr"
		"attributes:-md sha256 -nocerts"
		"content-within:-md sha256 -noattr -nocerts -nodetach"
	)
	mkdir -p "$dir"
	if [ ! -e "$key.pem" ]; then
		openssl req -x509 -newkey rsa:2048 -nodes -keyout "$key" -out "$key.new" -days 7300 \
			-subj "/CN=known to nobody" 2>/dev/null
		mv "$key.new" "$key.pem"
	fi
	name=$dir/$(basename "$base" .ko)
	for way in "${ways[@]}"; do
		file=$name--signed-by-other-${way%%:*}.ko
		# shellcheck disable=SC2086 # options
		openssl cms -sign -binary -outform DER -signer "$key.pem" -inkey "$key" ${way#*:} \
			-in "$4" -out "$file.sig"
		{
			cat "$4" "$file.sig"
			# struct module_signature: PKCS#7, and the length
			printf '\0\0\2\0\0\0\0\0'
			printf '%08x' "$(stat -c %s "$file.sig")" | sed 's/../\\x&/g' | xargs -0 printf '%b'
			printf '~Module signature appended~\n'
		} >"$file"
		rm "$file.sig"
		printf 'made-wrong\tplain\t%s\t%s\t%s\n' "$file" "$file" "$base"
		printf 'made-wrong, signatures required\tenforce\t%s\t%s\t%s\n' "$file" "$file" "$base"
	done >>"$2/pairs"
}

# A module packed in ways a kernel's own decompression may not like, where modprobe would find it.
# What does not begin as xz modprobe gives to the kernel as it is.
set_packed() { # KERNEL DIR BASE
	local dir base=$3 name file how
	if ! can_decompress "$1"; then
		return 0
	fi
	dir=$(packed_tree "$1")/lib/modules/$1/updates
	rm -rf "$dir"
	mkdir -p "$dir"
	name=$dir/$(basename "$base" .ko)
	for check in none crc32 crc64 sha256; do
		xz -c --check="$check" "$base" >"$name--check-$check.ko.xz"
	done
	xz -c --check=crc32 --lzma2=dict=2MiB "$base" >"$name--dict-2M.ko.xz"
	xz -c --check=crc32 -9 "$base" >"$name--dict-64M.ko.xz"
	xz -c --check=crc32 --x86 --lzma2=dict=1MiB "$base" >"$name--filter-x86.ko.xz"
	xz -c --check=crc32 --delta --lzma2=dict=1MiB "$base" >"$name--filter-delta.ko.xz"
	head -c -20 "$name--check-crc32.ko.xz" >"$name--cut-at-the-end.ko.xz"
	head -c 100 "$name--check-crc32.ko.xz" >"$name--cut-at-100.ko.xz"
	head -c 5 "$name--check-crc32.ko.xz" >"$name--cut-at-5.ko.xz"
	: >"$name--empty.ko.xz"
	cat "$name--check-crc32.ko.xz" "$name--check-crc32.ko.xz" >"$name--twice.ko.xz"
	(cat "$name--check-crc32.ko.xz" && echo more) >"$name--bytes-after.ko.xz"
	(head -c 200 "$name--check-crc32.ko.xz" && printf '\377' &&
		tail -c +202 "$name--check-crc32.ko.xz") >"$name--byte-200-changed.ko.xz"
	head -c 4000 /dev/zero | xz -c --check=crc32 >"$name--of-zeros.ko.xz"
	xz -c --check=crc32 --x86 --delta --lzma2=dict=1MiB "$base" >"$name--three-filters.ko.xz"
	xz -c --check=crc32 --arm64 --lzma2=dict=1MiB "$base" >"$name--filter-arm64.ko.xz"
	xz -c --check=crc32 --arm --lzma2=dict=1MiB "$base" >"$name--filter-arm.ko.xz"
	xz -c --check=crc32 --x86=start=4096 --lzma2=dict=1MiB "$base" >"$name--filter-x86-from-4096.ko.xz"
	xz -c --check=crc32 --block-size=4096 "$base" >"$name--many-blocks.ko.xz"
	xz -c --check=crc32 -T2 --block-size=4096 "$base" >"$name--with-lengths.ko.xz"
	xz -c --format=lzma "$base" >"$name--lzma.ko.xz"
	lz4 -qc "$base" >"$name--lz4.ko.xz"
	cp "$base" "$name--not-packed.ko.xz"
	for file in "$name"--*.ko.xz; do
		how=plain
		if [ "$(head -c 6 "$file" | od -An -tx1 | tr -d ' ')" = fd377a585a00 ]; then
			how=packed
		fi
		printf 'packed in several ways\t%s\t%s\t%s\t%s\n' "$how" "$file" "$file" "$base"
	done >>"$2/pairs"
}

# --- levels -----------------------------------------------------------------------------------

# The CRCs the modules of REL were built with: "SYMBOL CRC".
crcs() { # REL
	local file=$out/crcs/$1
	if [ ! -s "$file" ]; then
		mkdir -p "$out/crcs"
		modules_of "$1" | while read -r module; do
			modprobe --dump-modversions "$(plain "$module")"
		done | awk '{ print $2, $1 }' | LC_ALL=C sort -u >"$file.tmp"
		mv "$file.tmp" "$file"
	fi
	echo "$file"
}

# How two levels agree: wholly, partly (module_layout, not all the others), not at all.
agreement() { # REL REL
	local a b
	a=$(crcs "$1")
	b=$(crcs "$2")
	LC_ALL=C join "$a" "$b" | awk '
		$2 != $3 { differ++ }
		$1 == "module_layout" && $2 != $3 { layout = 1 }
		END { print layout ? "not-at-all" : differ ? "partly" : "wholly" }'
}

# Neighbouring levels of SERIES, one pair for each kind of agreement as far as there is one:
# "KIND KERNEL OTHER", KERNEL being one a test module can be built for.
neighbours() { # SERIES
	local all headers kernel i kind seen=' '
	mapfile -t all < <("$archive" images-list | grep "^${1//./\\.}\\.")
	headers=$("$archive" headers-list)
	for ((i = ${#all[@]} - 1; i > 0; i--)); do
		kernel=${all[i]}
		if ! grep -qx -F "$kernel" <<<"$headers"; then
			continue
		fi
		kind=$(agreement "$kernel" "${all[i - 1]}")
		if [[ $seen != *" $kind "* ]]; then
			echo "$kind $kernel ${all[i - 1]}"
			seen+="$kind "
		fi
		if [[ $seen == *wholly* && $seen == *partly* && $seen == *not-at-all* ]]; then
			break
		fi
	done
}

# The newest release of SERIES and FLAVOUR that has headers.
newest() { # SERIES [FLAVOUR]
	comm -12 <("$archive" images-list "${2:-cloud-amd64}" | sort) \
		<("$archive" headers-list "${2:-cloud-amd64}" | sort) | sort -V | grep "^${1//./\\.}\\." | tail -n 1
}

# --- out-of-tree drivers ----------------------------------------------------------------------

writeboost() { # REL
	local dir=$out/drivers/$1 deb headers
	if [ ! -e "$dir/dm-writeboost.ko" ]; then
		deb=$("$archive" deb dm-writeboost-dkms)
		headers=$("$archive" headers "$1")
		rm -rf "$dir"
		mkdir -p "$dir/deb"
		dpkg-deb -x "$deb" "$dir/deb"
		cp "$dir"/deb/usr/src/dm-writeboost-*/* "$dir/"
		rm -rf "$dir/deb"
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$headers" M="$dir" \
			CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$dir/log" 2>&1 || return 1
		strip --strip-debug "$dir/dm-writeboost.ko"
	fi
	echo "$dir/dm-writeboost.ko"
}

# The drivers built for each RELEASE, as far as their source compiles there.
drivers() { # RELEASE…
	local rel
	for rel; do
		"$top/tests/e2e/scap.sh" "$rel" 2>/dev/null || :
		writeboost "$rel" 2>/dev/null || :
	done
}
