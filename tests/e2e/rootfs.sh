#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A small Debian root with kernels, for the virtual machines.
#
#   rootfs.sh [--with PACKAGE,...] REL...
#                        prints a directory of the cache, made if it is not there:
#       root/            the root file system, unpacked
#       vmlinuz-REL      kernel and initrd of each release, for QEMU's -kernel and -initrd
#       initrd-REL
#       build.log        what mmdebstrap said
#
# It has systemd and initramfs-tools, or what is asked for in their place: --with sysvinit-core,
# --with dracut. The kernel packages are installed in it by dpkg, so their hooks have run. It boots from a
# virtio disk to multi-user.target without a network, a login prompt or a timer. Nobody writes
# to root/: vm.sh image makes disks from it. Needs root (mmdebstrap, and files owned by root).

. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"

# The system, then the libraries drvguard needs, then what the kernel packages need.
packages=(systemd systemd-sysv udev kmod util-linux mount e2fsprogs
	libelf1 libkmod2 libarchive13 liblzo2-2 libmount1 libinih1 libjson-c5 libssl3 libsystemd0 libsqlite3-0
	linux-base initramfs-tools busybox lz4)
# What a package of --with stands in for.
declare -A instead=([sysvinit-core]=systemd-sysv [dracut]=initramfs-tools)

# Units that cost time at boot, or run later in the middle of a test. What a driver's boot depends
# on stays: udev, the loading of modules, mounts, the journal.
masked=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
	e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer
	getty@.service serial-getty@.service console-getty.service getty.target
	systemd-logind.service systemd-networkd.service systemd-networkd-wait-online.service
	systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-pstore.service
	systemd-firstboot.service systemd-ask-password-wall.path systemd-ask-password-console.path
	systemd-random-seed.service systemd-journal-flush.service systemd-sysusers.service
	systemd-user-sessions.service systemd-initctl.socket systemd-journald-audit.socket
	systemd-machine-id-commit.service systemd-boot-system-token.service
	proc-sys-fs-binfmt_misc.automount systemd-binfmt.service dev-hugepages.mount dev-mqueue.mount
	sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount
	sys-kernel-tracing.mount cryptsetup.target integritysetup.target veritysetup.target
	remote-cryptsetup.target remote-veritysetup.target
	modprobe@dm_mod.service modprobe@loop.service)
masked_generators=(cryptsetup getty gpt-auto hibernate-resume integritysetup rc-local run
	system-update sysv veritysetup)

# What initrds hold beside the kernel's own choice for MODULES=list. A module that is built in, or
# not there, is no harm.
initrd_modules=(virtio_pci virtio_blk virtio_console ext4)

# The package sources this system itself uses for Debian, as one-line entries.
sources() {
	apt_names linux-image- >/dev/null # there are lists
	# shellcheck disable=SC2016 # the variables are apt's
	apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)' \
		'Created-By: Packages' | sort -u |
		while IFS='|' read -r origin uri suite component key; do
			if [ "$origin" = Debian ]; then
				case $key in
				/*) echo "deb [signed-by=$key] $uri $suite $component" ;;
				*) echo "deb $uri $suite $component" ;;
				esac
			fi
		done
}

# Run by mmdebstrap with the new root as last argument, as "rootfs.sh --customize DEB... ROOT".
customize() { # DEB... ROOT
	local root=${*: -1} unit
	mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/dracut.conf.d"
	echo 'hostonly=no compress=lz4' >"$root/etc/dracut.conf.d/drvguard.conf"
	cat >"$root/etc/initramfs-tools/conf.d/drvguard" <<-'END'
		MODULES=list
		COMPRESS=lz4
		RESUME=none
		FSTYPE=ext4
	END
	printf '%s\n' "${initrd_modules[@]}" >>"$root/etc/initramfs-tools/modules"
	# The initrd loads its modules by the list: udev there, twice over, is seconds of emulation.
	for unit in init-top init-bottom; do
		mkdir -p "$root/etc/initramfs-tools/scripts/$unit"
		printf '#!/bin/sh\n' >"$root/etc/initramfs-tools/scripts/$unit/udev"
		chmod 755 "$root/etc/initramfs-tools/scripts/$unit/udev"
	done
	mkdir "$root/var/tmp/kernels"
	cp "${@:1:$#-1}" "$root/var/tmp/kernels/"
	chroot "$root" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg -i /var/tmp/kernels/*.deb'
	rm -rf "$root/var/tmp/kernels"

	for unit in "${masked[@]}"; do
		ln -sfn /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sfn /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
	mkdir -p "$root/etc/systemd/system-generators"
	for unit in "${masked_generators[@]}"; do
		ln -s /dev/null "$root/etc/systemd/system-generators/systemd-$unit-generator"
	done
	mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
	printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/drvguard.conf"
	printf '[Manager]\nDefaultTimeoutStopSec=10s\n' >"$root/etc/systemd/system.conf.d/drvguard.conf"
	echo drvguard-vm >"$root/etc/hostname"
	: >"$root/etc/fstab"
	sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
}

root_make() { # WITH REL... TMP
	local with=$1 top=${*: -1} rels=("${@:2:$#-2}") release options=() debs='' include='' package other line
	for release in "${rels[@]}"; do
		debs+=" '$(image_deb "$release")'"
	done
	for package in "${packages[@]}" ${with//,/ }; do
		for other in ${with//,/ }; do
			[ "$package" != "${instead[$other]:-}" ] || continue 2
		done
		include+=${include:+,}$package
	done
	if [ "$(id -u)" != 0 ]; then
		die "making a root file system needs root"
	fi
	while read -r line; do # a proxy, if this system has one
		options+=(--aptopt="${line%;}")
	done < <(apt-config dump | grep -iE '^Acquire::(http|https)::.*"[^"]+"' || true)
	release=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
	echo "${0##*/}: making a Debian root with ${rels[*]} $with, a minute or so" >&2
	sources >"$top/sources.list"
	chmod 711 "$top"
	if ! mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
		--include="$include" \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		"${options[@]}" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/i18n/*' \
		--dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
		--dpkgopt='path-exclude=/usr/lib/x86_64-linux-gnu/gconv/*' \
		--dpkgopt=force-unsafe-io \
		--customize-hook="'$e2e_dir/rootfs.sh' --customize$debs \"\$1\"" \
		"$release" "$top/root" "$top/sources.list" >"$top/build.log" 2>&1; then
		tail -n 30 "$top/build.log" >&2
		cp "$top/build.log" "$cache_dir/rootfs/failed.log"
		die "mmdebstrap failed; the whole log: $cache_dir/rootfs/failed.log"
	fi
	# a fixed identity (mmdebstrap leaves none): this is no first boot
	echo 6472766775617264652d326520766d00 >"$top/root/etc/machine-id"
	for release in "${rels[@]}"; do
		cp "$top/root/boot/vmlinuz-$release" "$top/vmlinuz-$release"
		cp "$top/root/boot/initrd.img-$release" "$top/initrd-$release"
	done
	recipe >"$top/recipe"
}

# Changes when this file does: a root made by another edition is made again.
recipe() {
	sha256sum <"$e2e_dir/rootfs.sh" | cut -c1-16
}

with=
case ${1:-} in
--customize)
	shift
	customize "$@"
	exit 0
	;;
--with)
	with=${2:-}
	shift 2
	;;
esac
case ${1:-} in
[0-9]*)
	dest=$cache_dir/rootfs/$(IFS=_ && echo "$*")${with:+_$with}
	if [ -e "$dest" ] && [ "$(cat "$dest/recipe")" != "$(recipe)" ]; then
		rm -rf "$dest"
	fi
	cache_make "$dest" root_make "$with" "$@"
	echo "$dest"
	;;
*)
	sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac
