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

# What RULE reports of FILE...; what spatch says of itself does not count.
report() { # RULE FILE...
	local rule=$1
	shift
	# shellcheck disable=SC2046 # words of the rule's own
	timeout 300 spatch --very-quiet -D report --no-show-diff --cocci-file "$rule" --include-headers-for-types \
		--no-includes $(sed -n 's/^\/\/ Options: //p; s/^\/\/\/* *Options: //p' "$rule" | tr '\n' ' ') "$@" 2>/dev/null || :
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
seen=0
for rule in "${rules[@]}"; do
	seen=$((seen + $(report "$rule" "$work/wrong.c" | grep -c . || :)))
	report "$rule" "$top"/kmod/*.c >"$work/report"
	if [ -s "$work/report" ]; then
		echo "not ok - ${rule#"$dir/"} has nothing to say"
		sed "s|$top/||; s/^/# /" "$work/report"
		failed=1
	else
		echo "ok - ${rule#"$dir/"} has nothing to say"
	fi
done
if ((seen >= 2)); then
	echo "ok - the rules see both faults of a file that has two"
else
	echo "not ok - the rules see $seen of the two faults of a file"
	failed=1
fi
echo "# ${#rules[@]} rules"
exit "$failed"
