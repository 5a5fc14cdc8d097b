#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kernels that come and go by kernel-install, rpm and pacman themselves, in a root with our hooks
# and triggers: is the driver staged before the initramfs is made, and gone with the kernel? TAP.
#
#   packagers.sh         needs root (chroot)
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
make -s -C "$top" install DESTDIR="$root" PACKAGERS='zypp pacman' >"$work/install.log"
printf '[product falco]\ndepot = /opt/falco/drivers\n[driver scap]\nproduct = falco\n' \
	>"$root/etc/drvguard/drivers.d/falco.conf"
mkdir -p "$root/opt/falco/drivers"
cp "$("$here/scap.sh" "$A")" "$root/opt/falco/drivers/scap-$A.ko"

staged() { # REL
	cmp "$("$here/scap.sh" "$1")" "$root/lib/modules/$1/updates/drvguard/scap.ko"
}
kept() { # REL: something of ours
	[ -e "$root/usr/lib/drvguard/kernels/$1" ] || [ -e "$root/lib/modules/$1/updates" ]
}
gone() {
	! kept "$1"
}
all_said() { # WORDS
	grep -F -- "$1" "$work/log" || { cat "$work/log" && return 1; }
}
take() { # COMMAND: its status in $code, its words in $work/log
	code=0
	"$@" >"$work/log" 2>&1 || code=$?
}
ended_well() {
	[ "$code" = 0 ] || { cat "$work/log" && return 1; }
}

# --- kernel-install ------------------------------------------------------------------------------

# A generator of an initramfs, by the name of dracut's plugin.
mkdir -p "$root/etc/kernel/install.d"
cat >"$root/etc/kernel/install.d/50-dracut.install" <<-'TEXT'
	#!/bin/sh
	if [ -e "/lib/modules/$2/updates/drvguard/scap.ko" ]; then
		echo "$1 $2: the driver is there"
	else
		echo "$1 $2: no driver"
	fi
TEXT
chmod 755 "$root/etc/kernel/install.d/50-dracut.install"
take chroot "$root" kernel-install --verbose add "$A" "/boot/vmlinuz-$A"
result "kernel-install: it ends well" ended_well
result "kernel-install: the driver is staged" staged "$A"
result "kernel-install: before the initramfs is made" all_said "add $A: the driver is there"
take chroot "$root" kernel-install add "$B" "/boot/vmlinuz-$B"
result "kernel-install: it ends well where no driver fits" ended_well
result "kernel-install: and that is told" all_said "drvguard: kernel $B: no driver scap that matches"
result "kernel-install: and the plugins behind it run" all_said "add $B: no driver"
take chroot "$root" kernel-install remove "$A"
result "kernel-install: an entry that is removed is no kernel that is gone" staged "$A"

# --- RPM -----------------------------------------------------------------------------------------

# What a kernel's package has, most of its modules left out.
tree() { # REL DIR
	mkdir -p "$2/boot" "$2/lib/modules/$1/kernel"
	cp "$root/boot/vmlinuz-$1" "$2/boot/"
	cp "$root/lib/modules/$1"/modules.{order,builtin} "$2/lib/modules/$1/"
	cp -a "$root/lib/modules/$1/kernel/fs" "$2/lib/modules/$1/kernel/"
	cp "$2/boot/vmlinuz-$1" "$2/lib/modules/$1/vmlinuz"
}
tree "$A" "$work/kernel"
rm -rf "${root:?}/lib/modules/$A" "${root:?}/boot"/*"$A"
take chroot "$root" drvguard hook remove "$A"
result "what was kept for the kernel is gone with it" gone "$A"

head=$'Version: 1\nRelease: 1\nSummary: For a test\nLicense: GPL-2.0-or-later\nBuildArch: noarch\n%description\nFor a test.\n'
printf 'Name: drvguard\n%s%%files\n%s\n' "$head" "$(cat "$top/boot/rpm/drvguard.triggers")" >"$work/drvguard.spec"
# /lib leads to /usr/lib in this root.
printf 'Name: kernel-test\n%s%%install\nmkdir -p %%{buildroot}/usr\ncp -a %s/boot %%{buildroot}/\ncp -a %s/lib %%{buildroot}/usr/\n%%files\n/boot/*\n/usr/lib/modules/*\n' \
	"$head" "$work/kernel" "$work/kernel" >"$work/kernel.spec"
# Nothing in it is to be stripped, packed or looked into.
rpmbuild --quiet -bb --define "_topdir $work/rpm" --define '_sbindir /usr/sbin' --define '__os_install_post %{nil}' \
	--define '_build_id_links none' --define 'debug_package %{nil}' --define '__find_provides %{nil}' \
	"$work/drvguard.spec" "$work/kernel.spec" >"$work/rpmbuild.log" 2>&1 || {
	cat "$work/rpmbuild.log" >&2
	exit 1
}
rpm=(rpm --root "$root" --nodeps --define '_pkgverify_level none')
take "${rpm[@]}" -i "$work"/rpm/RPMS/noarch/drvguard-1-1.noarch.rpm
result "rpm: it takes our triggers" ended_well
take "${rpm[@]}" -i "$work"/rpm/RPMS/noarch/kernel-test-1-1.noarch.rpm
result "rpm: a kernel is installed" ended_well
result "rpm: its trigger stages the driver" staged "$A"
result "rpm: and tells of it" all_said "kernel $A: scap "
take "${rpm[@]}" -e kernel-test
result "rpm: the kernel is removed" ended_well
result "rpm: what was kept for it is gone" gone "$A"
take "${rpm[@]}" -e drvguard
# depmod's indexes, which this package does not own.
rm -r "${root:?}/lib/modules/$A"

# --- pacman --------------------------------------------------------------------------------------

mkdir -p "$work/package/usr" "$work/pacman/db" "$work/pacman/cache"
cp -a "$work/kernel/lib" "$work/package/usr/"
printf 'pkgname = linux-test\npkgver = 1-1\npkgdesc = For a test\nbuilddate = 1\nsize = 1\narch = any\n' >"$work/package/.PKGINFO"
tar -C "$work/package" -cf "$work/linux-test-1-1-any.pkg.tar" .PKGINFO usr
printf '[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\n' >"$work/pacman.conf"
pacman=(pacman --config "$work/pacman.conf" --root "$root" --dbpath "$work/pacman/db" --cachedir "$work/pacman/cache"
	--logfile "$work/pacman.log" --noconfirm --noprogressbar)
# What makes the initramfs, by its name.
printf '[Trigger]\nType = Path\nOperation = Install\nTarget = usr/lib/modules/*/vmlinuz\n[Action]\nWhen = PostTransaction\nExec = /etc/kernel/install.d/50-dracut.install add %s\n' \
	"$A" >"$root/usr/share/libalpm/hooks/90-mkinitcpio-install.hook"
take "${pacman[@]}" -U "$work/linux-test-1-1-any.pkg.tar"
result "pacman: a kernel is installed" ended_well
result "pacman: the hook stages the driver" staged "$A"
result "pacman: before the initramfs is made" all_said "add $A: the driver is there"
take "${pacman[@]}" -R linux-test
result "pacman: the kernel is removed" ended_well
result "pacman: what was kept for it is gone" gone "$A"

echo "1..$n"
exit "$failed"
