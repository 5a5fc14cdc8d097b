#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Virtual machines for the tests: runs one with QEMU, and makes disks for it.
#
#   vm.sh run --name NAME --kernel VMLINUZ --initrd INITRD [--append "…"]
#             [--disk FILE[,LABEL]]… [--hotplug FILE[,LABEL]@TOKEN[+SECONDS]]…
#             [--mem MB] [--cpus N] [--timeout SECONDS] [--out DIR] [--cut TOKEN+MILLISECONDS]
#             [--icount SHIFT] [--machine QEMU'S-NAME]
#   vm.sh image ROOT OVERLAYDIR OUT.img SIZE [LABEL]
#
# run: the verdict is what the guest writes to its virtio port drvguard.result, and nothing else:
#   result pass            exit status 0
#   result fail WHY        exit status 1
# No such line (the time limit, a panic, a guest that switches itself off) is a failure as well.
# All the guest writes there is kept in DIR/result as it comes, its serial console in
# DIR/console.log; DIR is build/e2e/NAME unless said. The last words of the console are shown on
# failure. Once there is a verdict the guest has 15 seconds to switch itself off.
#   --disk     a virtio disk with serial number LABEL (at most 20 characters); the first is
#              /dev/vda. What the guest writes stays in FILE: the next boot goes on from there.
#   --hotplug  plugs FILE in as a disk, SECONDS after the guest has written the line "token TOKEN"
#   --cut      cuts the machine's power that long after the guest has written the line "token TOKEN":
#              QEMU is killed, and what the guest had not sent to its disks is lost. Exit status 0 then
#   --icount   the guest's clock goes by its instructions, 2^SHIFT ns each: what it times is what it
#              executes, whatever else this machine does
#   --append   goes after console=ttyS0, panic=-1 and the like; name the root there
# Emulated in software, so that it runs anywhere: DRVGUARD_ACCEL=kvm is much faster where it works.
#
# image: an ext4 disk of SIZE (as for truncate: 800M, 2G) from ROOT (a directory such as
# rootfs.sh's root/, a tar, or - for none) with OVERLAYDIR (or -) laid over it. A ROOT with systemd
# also gets guest/drvguard-e2e.service, which runs /usr/local/lib/drvguard-e2e/run.sh at the end of
# the boot; one with an inittab(5) a line there that does. Needs root: files keep their owners, those of OVERLAYDIR become root's.
#
# Sourced, this file gives the functions vm_run and vm_image, with the same arguments.

set -euo pipefail

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

vm_die() {
	echo "vm.sh: $*" >&2
	exit 2
}

# --- disks ----------------------------------------------------------------------------------

vm_overlay() { # FROM TO: unlinks what it replaces, follows links of TO that lead to directories
	tar -C "$1" -c . | tar -C "$2" -x --owner=0 --group=0 --no-same-owner --keep-directory-symlink \
		--no-overwrite-dir
}

vm_image() (
	set -euo pipefail
	(($# >= 4 && $# <= 5)) || vm_die "image ROOT OVERLAYDIR OUT.img SIZE [LABEL]"
	local base=$1 overlay=$2 out=$3 size=$4 label=${5:-} unit work
	local run_test="/usr/local/lib/drvguard-e2e/run-test /usr/local/lib/drvguard-e2e/run.sh"
	[ "$(id -u)" = 0 ] || vm_die "making a disk image needs root"
	mkdir -p "$(dirname "$out")"
	out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")
	# Beside a base directory, so that its files can be hard-linked rather than copied.
	work=$(mktemp -d "$(if [ -d "$base" ]; then dirname "$base"; else dirname "$out"; fi)/image.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/root"
	if [ -d "$base" ]; then
		rmdir "$work/root"
		cp -al "$base" "$work/root"
	elif [ "$base" != - ]; then
		tar -C "$work/root" -xpf "$base" --numeric-owner
	fi
	if [[ $(readlink "$work/root/sbin/init") == */systemd ]]; then
		mkdir -p "$work/guest/usr/local/lib/drvguard-e2e" \
			"$work/guest/etc/systemd/system/multi-user.target.wants"
		cp "$vm_dir/guest/run-test" "$work/guest/usr/local/lib/drvguard-e2e/"
		unit=drvguard-e2e.service
		cp "$vm_dir/guest/$unit" "$work/guest/etc/systemd/system/"
		ln -s "../$unit" "$work/guest/etc/systemd/system/multi-user.target.wants/$unit"
		vm_overlay "$work/guest" "$work/root"
	elif [ -e "$work/root/etc/inittab" ]; then
		mkdir -p "$work/guest/usr/local/lib/drvguard-e2e" "$work/guest/etc"
		cp "$vm_dir/guest/run-test" "$work/guest/usr/local/lib/drvguard-e2e/"
		{
			grep -vE '^[^#].*(getty|powerfail)' "$work/root/etc/inittab"
			echo "e2e:2:once:$run_test"
		} >"$work/guest/etc/inittab"
		vm_overlay "$work/guest" "$work/root"
	fi
	if [ "$overlay" != - ]; then
		vm_overlay "$overlay" "$work/root"
	fi
	truncate -s "$size" "$work/img"
	mke2fs -q -F -t ext4 -m 0 ${label:+-L "$label"} -d "$work/root" "$work/img"
	mv "$work/img" "$out"
)

# --- machines -------------------------------------------------------------------------------

vm_now() { # in milliseconds
	local now=${EPOCHREALTIME/[.,]/}
	echo $((now / 1000))
}

vm_escape() { # a file name for QEMU's option syntax
	printf '%s' "${1//,/,,}"
}

# A plugged-in disk, in the words of QEMU's monitor.
vm_plug() { # NUMBER FILE LABEL
	local name=${2//\\/\\\\}
	name=${name//\"/\\\"}
	printf 'drive_add 0 "if=none,id=hot%s,format=raw,cache=unsafe,file=%s"\n' \
		"$1" "$(vm_escape "$name")"
	printf 'device_add virtio-blk-pci,id=hotdisk%s,drive=hot%s,serial=%s\n' "$1" "$1" "$3"
}

vm_run() (
	set -euo pipefail
	local name='' kernel='' initrd='' append='' out='' mem=512 cpus=1 limit=120 cut='' cut_due='' cache=unsafe machine icount='' kind=pc
	local accel=${DRVGUARD_ACCEL:-tcg} cpu=max
	# no work for hardware that is there and not used; each character on the console is an exit of the emulation
	local quicker="audit=0 mitigations=off nokaslr fsck.mode=skip quiet systemd.show_status=error"
	quicker+=" modprobe.blacklist=ata_piix,ata_generic,psmouse,i2c_piix4,powernow_k8,button,evdev"
	local disks=() plugs=() plug_due=() args=() i spec label file pid='' monitor
	local start now end verdict='' status
	while (($#)); do
		(($# >= 2)) || vm_die "run: $1 needs a value"
		case $1 in
		--name) name=$2 ;;
		--kernel) kernel=$2 ;;
		--initrd) initrd=$2 ;;
		--append) append=$2 ;;
		--disk) disks+=("$2") ;;
		--hotplug) plugs+=("$2") ;;
		--mem) mem=$2 ;;
		--cpus) cpus=$2 ;;
		--timeout) limit=$2 ;;
		--out) out=$2 ;;
		--cut) cut=$2 ;;
		--icount) icount=$2 ;;
		--machine) kind=$2 ;;
		*) vm_die "run: unknown option $1" ;;
		esac
		shift 2
	done
	[ -n "$name" ] || vm_die "run: --name is missing"
	for file in "$kernel" "$initrd"; do
		[ -r "$file" ] || vm_die "run: cannot read '$file' (--kernel, --initrd)"
	done
	out=${out:-$vm_dir/../../build/e2e/$name}
	mkdir -p "$out"
	out=$(cd "$out" && pwd -P)
	rm -f "$out"/{monitor,monitor.log,console.log,result,qemu.log}
	: >"$out/result"
	: >"$out/console.log"

	# The plainest processor is by far the quickest to emulate; rdrand seeds the guest's randomness.
	case $accel in
	tcg) accel=tcg,thread=multi cpu=qemu64,+rdrand,-svm ;;
	kvm) cpu=host ;;
	esac
	[ -z "$icount" ] || accel=tcg,thread=single cpu=qemu64,+rdrand,-svm
	args=(-name "$name" -machine "$kind" -accel "$accel" -cpu "$cpu" -smp "$cpus" -m "$mem"
		-nodefaults -no-user-config -display none -no-reboot
		-chardev "file,id=console,path=$(vm_escape "$out/console.log")" -serial chardev:console
		-device virtio-serial-pci
		-chardev "file,id=result,path=$(vm_escape "$out/result")"
		-device "virtserialport,chardev=result,name=drvguard.result"
		-monitor stdio
		-kernel "$kernel" -initrd "$initrd"
		-append "console=ttyS0 panic=-1 $quicker $append")
	[ -z "$cut" ] || cache=writeback
	[ -z "$icount" ] || args+=(-icount "shift=$icount,sleep=off")
	for i in "${!disks[@]}"; do
		file=${disks[i]%%,*} label=disk$i
		[ "$file" = "${disks[i]}" ] || label=${disks[i]#*,}
		[ -w "$file" ] || vm_die "run: cannot write to disk '$file'"
		args+=(-drive "if=none,id=disk$i,format=raw,cache=$cache,file=$(vm_escape "$file")"
			-device "virtio-blk-pci,drive=disk$i,serial=$label")
	done
	for i in "${!plugs[@]}"; do
		file=${plugs[i]%%[,@]*}
		[[ ${plugs[i]} == *@* ]] || vm_die "run: --hotplug ${plugs[i]}: no @TOKEN"
		[ -w "$file" ] || vm_die "run: cannot write to disk '$file'"
	done

	mkfifo "$out/monitor"
	exec {monitor}<>"$out/monitor"
	trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -f "$out/monitor"' EXIT
	trap 'exit 130' INT TERM
	start=$(vm_now)
	# timeout is for the case that nobody is left to look after the machine
	timeout -k 5 $((limit + 60)) qemu-system-x86_64 "${args[@]}" \
		<"$out/monitor" >"$out/monitor.log" 2>"$out/qemu.log" {monitor}>&- &
	pid=$!
	end=$((start + limit * 1000))

	# $$ is the script itself, also in this subshell: when that was killed, so is the machine
	while kill -0 "$pid" 2>/dev/null && kill -0 $$ 2>/dev/null; do
		now=$(vm_now)
		if [ -z "$verdict" ] && grep -qE '^result (pass|fail)' "$out/result"; then
			verdict=$(grep -m 1 -E '^result (pass|fail)' "$out/result")
			end=$((now + 15000))
		fi
		if ((now >= end)); then
			break
		fi
		if [ -n "$cut" ] && [ -z "$cut_due" ] && grep -qx "token ${cut%+*}" "$out/result"; then
			cut_due=$((now + ${cut##*+}))
		fi
		if [ -n "$cut_due" ] && ((now >= cut_due)); then
			# the machine itself; timeout then ends by itself
			read -r machine _ <"/proc/$pid/task/$pid/children" || :
			kill -KILL "$machine" || :
			wait "$pid" 2>/dev/null || :
			pid=
			return 0
		fi
		for i in "${!plugs[@]}"; do
			spec=${plugs[i]##*@}
			file=${plugs[i]%@*} label=hot$i
			if [[ $file == *,* ]]; then
				label=${file#*,} file=${file%%,*}
			fi
			if [ -z "${plug_due[i]:-}" ]; then
				if grep -qx "token ${spec%+*}" "$out/result"; then
					plug_due[i]=$now
					[[ $spec != *+* ]] || plug_due[i]=$((now + ${spec##*+} * 1000))
				fi
			elif ((plug_due[i] <= now)); then
				vm_plug "$i" "$file" "$label" >&"$monitor"
				unset "plugs[i]"
			fi
		done
		sleep 0.1
	done
	status=0
	if kill "$pid" 2>/dev/null; then
		wait "$pid" || :
	else
		wait "$pid" || status=$?
	fi
	pid=
	verdict=$(grep -m 1 -E '^result (pass|fail)' "$out/result" || :)
	now=$(vm_now)
	echo "$(((now - start) / 1000)).$(((now - start) % 1000 / 100))" >"$out/seconds"

	if [ "$verdict" = "result pass" ]; then
		return 0
	fi
	{
		echo "--- the last lines of $name's console:"
		tail -n 60 "$out/console.log" | tr -d '\r'
		echo "--- $name: ${verdict:-no result after $(cat "$out/seconds") s, limit $limit s}"
		((status == 0)) || echo "QEMU's exit status was $status"
		grep -m 5 -v 'terminating on signal' "$out/qemu.log" || :
		echo "kept in $out: console.log, result, qemu.log"
	} >&2
	return 1
)

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	case ${1:-} in
	run | image)
		command=$1
		shift
		"vm_$command" "$@"
		;;
	*)
		sed -n '4,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$0" >&2
		exit 2
		;;
	esac
fi
