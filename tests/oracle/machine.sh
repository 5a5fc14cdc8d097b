# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The oracle's machines: offers files to one real kernel and keeps its answers. Sourced by run,
# which sets top (the source tree), archive (archive.sh), out (where everything made goes) and tools
# (where wrong and offer are).
#
# A pair is a line, parted by tabs:
#   SET HOW FILE GIVEN BASE
#     HOW    plain; packed: the kernel decompresses; enforce: with signatures required; blacklist: the
#            module named in DIR/blacklisted is in module_blacklist=, for the whole of the machine
#     FILE   what drvguard judges
#     GIVEN  what the machine gets: FILE, or FILE unpacked as kmod would
#     BASE   the plain module whose imports say which modules it needs loaded before
#
# machine_plan REL DIR    DIR/pairs becomes DIR/list (see offer.c) and DIR/index, the pairs as
#                         numbered there; what is not even tried goes to DIR/left-out
# machine_offer REL DIR   boots REL as often as it takes; DIR/answers: INDEX, answer, the kernel's
#                         words. Answers: accepted, an errno, not (could not be offered), crash

. "$top/tests/e2e/vm.sh"

e2e=$top/tests/e2e

# Plain copy of a module file, as kmod makes one.
unpack() { # FROM TO
	case $1 in
	*.xz) xz -dc "$1" >"$2" ;;
	*.zst) zstd -qdc "$1" >"$2" ;;
	*.gz) gzip -dc "$1" >"$2" ;;
	*) cp "$1" "$2" ;;
	esac
}

# Names, '-' made '_', of the modules a machine runs with: they cannot be offered.
machine_own() { # REL
	local tree
	tree=$("$archive" kernel "$1")
	for module in virtio_pci virtio_console; do
		modprobe -d "$tree" -S "$1" --show-depends "$module"
	done | sed -n 's|^insmod .*/\([^/]*\)\.ko.*|\1|p' | tr - _
	echo oracle
}

machine_module() { # REL: path of oracle.ko
	local dir=$out/kmod/$1 kdir
	if [ ! -e "$dir/oracle.ko" ] || [ "$top/tests/oracle/kmod/oracle.c" -nt "$dir/oracle.ko" ]; then
		kdir=$("$archive" headers "$1")
		rm -rf "$dir"
		mkdir -p "$dir"
		cp "$top/tests/oracle/kmod"/* "$dir/"
		# its BTF would need the tree's vmlinux; the flags of a calling make are not for it
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$kdir" M="$dir" \
			CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$dir/log" 2>&1 || {
			tail -n 20 "$dir/log" >&2
			return 1
		}
	fi
	echo "$dir/oracle.ko"
}

# Per file, what it imports: "FILE: SYMBOL SYMBOL …". Names of files come on standard input.
imports() {
	xargs -r nm -u -A --format=posix 2>/dev/null | awk '
		{ sub(/: ?$/, "", $1); sub(/:$/, "", $1) }
		$1 != file { if (file) print ""; file = $1; printf "%s", file }
		{ printf " %s", $2 }
		END { if (file) print "" }'
}

machine_plan() { # REL DIR
	local rel=$1 dir=$2 tree modules
	tree=$("$archive" kernel "$rel")
	modules=$tree/lib/modules/$rel
	cut -f5 "$dir/pairs" | sort -u | imports >"$dir/imports"
	machine_own "$rel" >"$dir/own"
	sed -n 's|.*/\([^/]*\)\.ko$|\1|p' "$modules/modules.builtin" | tr - _ >"$dir/builtin"
	awk -F'\t' -v OFS='\t' -v left="$dir/left-out" -v packed="$dir/packed-dependencies" '
		function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
		# The modules NAME needs and itself, in loading order, after those in list
		function closure(n, self,    i, words, count) {
			count = split(needs[n], words, " ")
			for (i = count; i >= 1; i--)
				if (name(words[i]) != self && !(name(words[i]) in have)) {
					have[name(words[i])]
					list = list (list == "" ? "" : ",") "/k/" words[i]
					depth++
				}
		}
		BEGIN { printf "" >left }
		FILENAME ~ /modules.symbols$/ { split($0, w, " "); sub(/^symbol:/, "", w[2]); if (w[1] == "alias") exporter[w[2]] = w[3]; next }
		FILENAME ~ /modules.dep$/ { split($0, w, ": *"); needs[name(w[1])] = w[1] " " w[2]; next }
		FILENAME ~ /\/imports$/ { n = split($0, w, " "); for (i = 2; i <= n; i++) if (w[i] in exporter) from[w[1]] = from[w[1]] " " exporter[w[i]]; next }
		FILENAME ~ /\/own$/ { own[$1]; next }
		FILENAME ~ /\/builtin$/ { builtin[$1]; next }
		{
			self = name($5)
			why = ""
			if (self in own)
				why = "the machine itself runs with a module of this name"
			else if (self in builtin)
				why = "a module of this name is built into the kernel"
			if (why != "") { print $1, $3, why >left; next }
			list = ""; depth = 0
			split("", have)
			n = split(from[$5], w, " ")
			for (i = 1; i <= n; i++)
				if (w[i] != self)
					closure(w[i], self)
			last = $2 == "enforce" ? 2 : ($1 ~ /^made-wrong/)
			print last, depth, $0, self, list == "" ? "-" : list
		}' "$modules/modules.symbols" "$modules/modules.dep" "$dir/imports" "$dir/own" "$dir/builtin" "$dir/pairs" |
		sort -s -t "$(printf '\t')" -k1,1n -k2,2n | awk -F'\t' -v OFS='\t' -v list="$dir/list" -v index_="$dir/index" '
		{
			print NR, $4 == "packed" ? "packed" : "plain", "/f/" NR, $8, $9, $4 >list
			print NR, $3, $4, $5, $6, $7 >index_
		}'
	# the line that requires signatures
	awk -F'\t' -v OFS='\t' '$6 == "enforce" && !done { print 0, "enforce", "-", "-", "-"; done = 1 }
		{ print $1, $2, $3, $4, $5 }' "$dir/list" >"$dir/list.new"
	mv "$dir/list.new" "$dir/list"
}

machine_initrd() { # REL DIR
	local rel=$1 dir=$2 tree
	tree=$("$archive" kernel "$rel")
	rm -rf "$dir/overlay" "$dir/stage"
	mkdir -p "$dir/overlay" "$dir/stage/f" "$dir/stage/k"
	cp "$tools/offer" "$dir/overlay/offer"
	cp "$(machine_module "$rel")" "$dir/overlay/oracle.ko"
	cp "$dir/list" "$dir/overlay/list"
	cat >"$dir/overlay/test.sh" <<-'END'
		insmod /oracle.ko && exec /offer /list "${ORACLE_FROM:-0}"
	END
	"$e2e/busybox.sh" "$rel" "$dir/overlay" "$dir/base.cpio.gz"
	awk -F'\t' -v dir="$dir/stage/f" '{ printf "%s\n%s/%s\n", $5, dir, $1 }' "$dir/index" |
		xargs -r -d '\n' -n 2 -P 1 ln -s
	cut -f5 "$dir/list" | tr ',' '\n' | grep '^/' | sort -u | while read -r module; do
		mkdir -p "$dir/stage${module%/*}"
		ln -s "$tree/lib/modules/$rel/${module#/k/}" "$dir/stage$module"
	done
	(cd "$dir/stage" && find -L . -print0 | cpio --quiet -L -0 -o -H newc -R 0:0) >"$dir/files.cpio"
	# a following archive starts at a multiple of four bytes
	truncate -s %4 "$dir/base.cpio.gz"
	cat "$dir/base.cpio.gz" "$dir/files.cpio" >"$dir/initrd"
	rm -rf "$dir/stage" "$dir/files.cpio" "$dir/base.cpio.gz"
}

# What a kernel that went down said first of it.
machine_last_words() { # CONSOLE-LOG
	tr -d '\r' <"$1" | awk '
		match($0, /(BUG: |Oops|general protection|Kernel panic|stack segment|invalid opcode).*/) && !said {
			said = substr($0, RSTART)
		}
		END { print said ? said : "no answer" }'
}

# The parameter that has the kernel refuse NAME.
blacklist() { # NAME
	echo "module_blacklist=somebody,$1"
}

machine_offer() { # REL DIR
	local rel=$1 dir=$2 tree from=1 last size at boots=0 total more=''
	if [ -e "$dir/blacklisted" ]; then
		more=$(blacklist "$(cat "$dir/blacklisted")")
	fi
	tree=$("$archive" kernel "$rel")
	machine_initrd "$rel" "$dir"
	size=$(($(stat -c %s "$dir/initrd") >> 20))
	total=$(wc -l <"$dir/index")
	: >"$dir/said"
	while ((from <= total)); do
		boots=$((boots + 1))
		if vm_run --name "oracle-$rel" --kernel "$tree/boot/vmlinuz-$rel" --initrd "$dir/initrd" \
			--append "loglevel=2 oops=panic ORACLE_FROM=$from $more" --mem $((512 + 3 * size)) \
			--timeout 3600 --out "$dir/vm" 2>"$dir/vm.log"; then
			cat "$dir/vm/result" >>"$dir/said"
			break
		fi
		cat "$dir/vm/result" >>"$dir/said"
		at=$(awk '$1 == "at" { at = $2 } $1 == "got" && $2 == at { at = "" } END { print at }' "$dir/vm/result")
		last=$(awk '$1 == "got" || $1 == "not" { last = $2 } END { print last + 0 }' "$dir/vm/result")
		if [ -z "$at" ] && ((last < from)); then
			cat "$dir/vm.log" >&2
			echo "oracle: $rel does not come to offering anything" >&2
			return 1
		elif [ -n "$at" ]; then
			printf 'crash %s %s\n' "$at" "$(machine_last_words "$dir/vm/console.log")" >>"$dir/said"
			from=$((at + 1))
		else
			# it died between two files: of something before
			from=$((last + 1))
		fi
	done
	echo "$boots" >"$dir/boots"
	rm -f "$dir/initrd"
	awk -v OFS='\t' '
		$1 == "got" || $1 == "not" || $1 == "crash" {
			kind = $1; i = $2; answer = kind
			if (kind == "got") { answer = $3; sub(/^[^ ]+ [^ ]+ [^ ]+ ?/, "") } else sub(/^[^ ]+ [^ ]+ ?/, "")
			if (!(i in seen)) print i, answer, $0
			seen[i]
		}' "$dir/said" >"$dir/answers"
}
