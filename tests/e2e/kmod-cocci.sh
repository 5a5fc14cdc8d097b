#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own Coccinelle rules, those of Debian's linux-source, over kmod/. TAP, a line a rule.
#
#   kmod-cocci.sh [SOURCE]      a linux-source package (linux-source-6.1)
#
# That they can see anything is shown first, by a file with two faults. Wants spatch (coccinelle).

. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
top=$(cd "$e2e_dir/../.." && pwd)
source=${1:-linux-source-6.1}
command -v spatch >/dev/null || die "spatch is missing: apt-get install coccinelle"

rules_make() { # DEB TMP
	dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$2" --strip-components=3 --wildcards '*/scripts/coccinelle/*'
}

# What RULE reports of FILE..., on standard output; spatch's own status.
report() { # RULE FILE...
	local rule=$1
	shift
	# shellcheck disable=SC2046 # words of the rule's own
	timeout 300 spatch --very-quiet -D report --no-show-diff --cocci-file "$rule" --include-headers-for-types \
		--no-includes $(sed -n 's/^\/\/ Options: //p; s/^\/\/\/* *Options: //p' "$rule" | tr '\n' ' ') "$@" 2>"$work/log"
}

dir=$cache_dir/coccinelle/$source
cache_make "$dir" rules_make "$(deb "$source")"
mapfile -t rules < <(find "$dir" -name '*.cocci' -exec grep -l '^virtual report' {} + | sort)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/wrong.c" <<-'END'
	int f(struct thing *p, int n)
	{
		int ret = 0;

		kfree(p);
		p->n = n;
		return ret;
	}
END
failed=0
ran=0
for rule in "${rules[@]}"; do
	name=${rule#"$dir/"}
	if ! report "$rule" "$top"/kmod/*.c >"$work/report"; then
		# Some are partly in OCaml, whose compiler a package does not bring.
		echo "ok - $name # SKIP spatch cannot run it: $(grep -m 1 . "$work/log" || echo "no word")"
	elif [ -s "$work/report" ]; then
		echo "not ok - $name has nothing to say"
		sed "s|$top/||; s/^/# /" "$work/report"
		failed=1
	else
		echo "ok - $name has nothing to say"
		ran=$((ran + 1))
	fi
done
# The file above has a use after free, and a variable that is always returned as 0.
for rule in free/kfree.cocci misc/returnvar.cocci; do
	if report "$dir/$rule" "$work/wrong.c" | grep -q .; then
		echo "ok - $rule sees a fault that is there"
	else
		echo "not ok - $rule sees a fault that is there"
		failed=1
	fi
done
echo "# $ran of ${#rules[@]} rules ran"
((ran > ${#rules[@]} / 2)) || failed=1
exit "$failed"
