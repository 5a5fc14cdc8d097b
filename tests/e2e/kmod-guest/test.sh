# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the busybox guest: the module is loaded, read, unloaded, many times.

. /lib.sh

shown "loads" insmod /modules/drvguard.ko
shown "abi is 1" is "$(cat $dir/abi)" 1
shown "release is uname -r" is "$(cat $dir/release)" "$rel"
shown "version is uname -v" is "$(cat $dir/version)" "$(uname -v)"
shown "machine is uname -m" is "$(cat $dir/machine)" "$(uname -m)"
shown "machine is the same for a 32-bit personality" is "$(linux32 cat $dir/machine)" x86_64
shown "release is the same in another UTS namespace" is \
	"$(unshare -u sh -c "hostname other; cat $dir/release")" "$rel"
shown "vermagic is the module's own" is "$(cat $dir/vermagic)" "$(cat /vermagic)"
shown "module_size is that of an in-tree module" is "$(cat $dir/module_size)" "$(cat /module_size)"
shown "vendor is debian" is "$(cat $dir/vendor)" debian
case $rel in
*+deb*) level=${rel%%+*} ;;
*) level=${rel#*-} level=${level%%-*} ;;
esac
shown "technology_level is the ABI number" is "$(cat $dir/technology_level)" "$level"
package=$(uname -v | sed 's/.*Debian \([^ ]*\).*/\1/')
shown "service_pack is the package version" is "$(cat $dir/service_pack)" "$package"
shown "features has identity" grep -qw identity $dir/features
shown "ten files, no more" is "$(ls $dir | wc -l)" 10
shown "every file is read-only" is "$(find $dir -type f -perm 0444 | wc -l)" 10
shown "writing is refused" sh -c "! echo 2 >$dir/abi"
exec 4<$dir/release
shown "unloads while a file is open" rmmod drvguard
exec 4<&-
shown "leaves nothing behind" test ! -e $dir
shown "50 loads and unloads" sh -c 'i=0
	while [ $i -lt 50 ]; do
		insmod /modules/drvguard.ko && cat /sys/kernel/drvguard/* >/dev/null && rmmod drvguard || exit 1
		i=$((i + 1))
	done'
shown "the self-test of a debug build passes" insmod /modules/drvguard-debug.ko
rmmod drvguard
insmod /modules/drvguard.ko
. /guard.sh
. /forced.sh
dmesg >/log
shown "no warning, no oops" sh -c '! grep -E "WARNING|BUG|Oops|kernel panic" /log'
echo "told kmod"
exit "$failed"
