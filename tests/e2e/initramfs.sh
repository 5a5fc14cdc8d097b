#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real images, of real tools: is what is read of them what their own tools unpack, and does
# update-initramfs, run by us in that root, put the staged driver into the right one? TAP.
#
#   initramfs.sh         needs root (chroot)
set -Eeuo pipefail
trap 'echo "# ${BASH_SOURCE[0]##*/}:$LINENO: exit status $?" >&2' ERR
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/result.sh"

read -r A B < <("$here/archive.sh" pair)
cp -a "$("$here/rootfs.sh" "$A" "$B")/root" "$work/root"
root=$work/root
read -ra flags < <(pkg-config --cflags libkmod)
packages=(libkmod mount libcrypto sqlite3 inih json-c)
if pkg-config --exists lzo2; then packages+=(lzo2); fi
read -ra libs < <(pkg-config --libs "${packages[@]}")
gcc -std=gnu11 -O2 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I"$top/userland" "${flags[@]}" -o "$work/initramfs" \
	"$here/initramfs.c" "$top/build/libdrvguard.a" "${libs[@]}"
initramfs=$work/initramfs

same() { # WANT HAVE
	[ "$1" = "$2" ] || { echo "$2, not $1" && return 1; }
}

# Links are told with what they lead to, as sha256sum tells them.
by_tools() { # IMAGE
	rm -rf "$root/x"
	chroot "$root" unmkinitramfs "/boot/${1##*/}" /x
	# With an early archive in front, the rest is in main/.
	local dir=$root/x
	[ ! -d "$dir/main" ] || dir=$dir/main
	(cd "$dir" && find usr -name '*.ko' -exec sha256sum {} + | sort -k 2)
}
as_unpacked() { # IMAGE
	by_tools "$1" >"$work/theirs"
	"$initramfs" list "$1" | sort -k 2 >"$work/ours"
	[ -s "$work/theirs" ] && diff "$work/theirs" "$work/ours"
}
listed() { # IMAGE
	chroot "$root" lsinitramfs "/boot/${1##*/}" | grep '\.ko$' | sed 's,^main/,,' | sort >"$work/theirs"
	"$initramfs" list "$1" | sed 's/^[^ ]*  //' | sort >"$work/ours"
	[ -s "$work/theirs" ] && diff "$work/theirs" "$work/ours"
}

for rel in "$A" "$B"; do
	image=$("$initramfs" find "$root" "$rel")
	result "$rel: the image is found" same "$root/boot/initrd.img-$rel" "$image"
	result "$rel: the modules that lsinitramfs lists" listed "$image"
	result "$rel: with the digests that unmkinitramfs's files have" as_unpacked "$image"
done

# --- the staged driver, into the image of its kernel ---------------------------------------------

image=$root/boot/initrd.img-$B
other=$(sha256sum <"$root/boot/initrd.img-$A")
mkdir -p "$root/opt/falco/drivers" "$root/etc/drvguard/drivers.d"
cp "$("$here/scap.sh" "$B")" "$root/opt/falco/drivers/scap-1.ko"
printf '[product falco]\ndepot = /opt/falco/drivers\n[driver scap]\nproduct = falco\n' >"$root/etc/drvguard/drivers.d/falco.conf"
stage() { "$top/build/drvguard" --root "$root" stage --kernel "$B" --force; }
staged() { echo "$root/lib/modules/$B/updates/drvguard/scap.ko"; }
holds() { same "$1" "$("$initramfs" holds "$image" "$(staged)")"; }
refresh() { "$initramfs" refresh "$root" "$B" "$(staged)"; }
refused() { # WORDS
	if refresh 2>"$work/refused"; then
		return 1
	fi
	cat "$work/refused"
	grep -qF "$1" "$work/refused"
}

stage >/dev/null
before=$(sha256sum <"$image")
result "a staged driver that no hook asks for is not in it" holds none
result "… and a refresh that wants it there says that it is not" refused "it has no copy of scap"
echo scap >>"$root/etc/initramfs-tools/modules"
result "the refresh puts it in" refresh
result "… the staged bytes" holds same
result "… as unmkinitramfs says too" as_unpacked "$image"
result "… and left the other kernel's image alone" same "$other" "$(sha256sum <"$root/boot/initrd.img-$A")"
[ "$before" != "$(sha256sum <"$image")" ]

# Another build of it: the same kernel, other bytes and another build-id.
cp "$root/opt/falco/drivers/scap-1.ko" "$work/scap.ko"
objcopy --remove-section .note.gnu.build-id "$work/scap.ko" "$root/opt/falco/drivers/scap-1.ko"
mkdir -p "$root/etc/initramfs-tools/conf.d"
echo 'update_initramfs=no' >"$root/etc/initramfs-tools/update-initramfs.conf"
stage >/dev/null
result "after staging another one, the tool told to do nothing, the image has the old" holds other
result "a tool that is told to do nothing is found out" refused "Not updating initramfs"
echo 'update_initramfs=yes' >"$root/etc/initramfs-tools/update-initramfs.conf"
# What the kernels of this series can unpack, as far as the root has the command for it.
for compress in gzip lz4 zstd xz bzip2 lzma; do
	chroot "$root" sh -c "command -v $compress" >/dev/null || continue
	sed -i "s/^COMPRESS=.*/COMPRESS=$compress/" "$root/etc/initramfs-tools/conf.d/drvguard"
	result "the refresh with $compress" refresh
	result "… has the new one" holds same
done
# By our hook alone, for a driver marked boot = yes.
drvguard() { "$top/build/drvguard" --root "$root" "$@"; }
ends() { # CODE WORDS COMMAND...: ends with CODE, and says WORDS
	local want=$1 words=$2 code=0
	shift 2
	"$@" >"$work/out" 2>&1 || code=$?
	cat "$work/out"
	[ "$code" = "$want" ] && grep -qF -- "$words" "$work/out"
}
sed -i /scap/d "$root/etc/initramfs-tools/modules"
make -s -C "$top" install DESTDIR="$root" >"$work/install.log"
result "a driver that is not marked, our hook leaves out" refused "it has no copy of scap"
echo 'boot = yes' >>"$root/etc/drvguard/drivers.d/falco.conf"
result "marked and not in it, preflight says no-go" ends 1 "boot = yes, but there is no initramfs that holds it" \
	drvguard preflight "$B"
result "… and verify so" ends 1 "lacks the driver, which is marked boot = yes" drvguard verify --kernel "$B"
echo 'update_initramfs=no' >"$root/etc/initramfs-tools/update-initramfs.conf"
result "a stage says that the tool did not do it" ends 1 "it has no copy of scap; the tool said: update-initramfs: Not updating" \
	drvguard stage --kernel "$B"
echo 'update_initramfs=yes' >"$root/etc/initramfs-tools/update-initramfs.conf"
drvguard stage --kernel "$B" >"$work/stage.log" 2>&1 || :
result "a stage puts it in, by our hook" holds same
before=$(sha256sum <"$image")
result "preflight says go" ends 0 "$B: go" drvguard preflight "$B"
result "another stage ends well" ends 0 kept drvguard stage --kernel "$B"
result "… and leaves the image alone" same "$before" "$(sha256sum <"$image")"

# The vendor's own copy, of another kernel, and somebody's preference for it.
install -D -m 644 "$("$here/scap.sh" "$A")" "$root/lib/modules/$B/extra/scap.ko"
depmod -b "$root" "$B"
result "beside an older copy elsewhere the refresh takes ours" refresh
result "… as it was staged" holds same
mkdir -p "$root/etc/depmod.d"
echo "override scap * extra" >"$root/etc/depmod.d/vendor.conf"
chroot "$root" depmod "$B"
result "where modprobe would take the other, our hook says so, and leaves it out" \
	refused "it has no copy of scap; the tool said: W: drvguard: not every driver"
result "… and preflight says no-go" ends 1 no-go drvguard preflight "$B"
rm "$root/etc/depmod.d/vendor.conf"
chroot "$root" depmod "$B"
result "with that gone the refresh has it again" refresh
rm "$root/usr/sbin/drvguard"
result "without drvguard there is an image, and a word" refused "it has no copy of scap; the tool said: W: drvguard"

printf '#!/bin/sh\nexit 1\n' >"$root/etc/initramfs-tools/hooks/broken"
chmod 755 "$root/etc/initramfs-tools/hooks/broken"
before=$(sha256sum <"$image")
result "a hook that fails is told" refused "update-initramfs for $B failed with"
result "… and the image stays" same "$before" "$(sha256sum <"$image")"

echo "1..$n"
exit "$failed"
