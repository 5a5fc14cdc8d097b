# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A runs, and the depot is there.

. /usr/local/lib/drvguard-e2e/words.sh
within 60 systemctl is-active -q drvguard.service

take dpkg -i "/var/packages/$B.deb"
shown "update: dpkg installs the newer kernel" is "$code" 0
shown "update: its hook tells that the driver is staged for it" said "kernel $B: scap "
shown "update: it is staged before any reboot" is "$(staged_for "$B")" "$(cat "/usr/local/lib/drvguard-e2e/id-$B")"
shown "update: modprobe would load it there" is \
	"$(modprobe -S "$B" -n --show-depends scap | sed -n 's/^insmod \([^ ]*scap.ko\) *$/\1/p')" \
	"/lib/modules/$B/updates/drvguard/scap.ko"
shown "update: the initramfs was made after that" test "/boot/initrd.img-$B" -nt \
	"/lib/modules/$B/modules.dep.bin"
shown "update: it was made once" sh -c '[ "$(grep -c "update-initramfs: Generating" /run/story.out)" = 1 ]'
shown "update: what runs was left alone" is "$(staged_for "$A")" "$(cat "/usr/local/lib/drvguard-e2e/id-$A")"
run drvguard preflight "$B"
shown "update: preflight says go" is "$code" 0
run drvguard history --kernel "$B"
shown "update: the history says that a hook did it" said " hook "
shown "update: there is no note" test ! -e "/run/motd.d/drvguard-$B"

# It is never booted here, and needs no initramfs.
export INITRD=No
take dpkg -i "/var/packages/$C.deb"
shown "no driver: dpkg installs the kernel all the same" is "$code" 0
shown "no driver: the hook says so on the terminal" said "drvguard: kernel $C: no driver scap that matches: "
shown "no driver: it is in the journal" sh -c "journalctl -t drvguard -p err -o cat | grep -qF 'kernel $C: no driver scap'"
shown "no driver: a note is there" grep -qF "kernel $C: no driver scap" "/run/motd.d/drvguard-$C"
shown "no driver: a login shows it" login_shows "kernel $C: no driver scap that matches"
cause=$(sed -n 's/^.*no driver scap that matches: \(.*\); get a driver .*$/\1/p' "/run/motd.d/drvguard-$C")
run drvguard preflight "$C"
shown "no driver: preflight says no-go" is "$code" 1
shown "no driver: preflight names the same cause" said "${cause:?}"

mkdir -p /boot/grub
take update-grub
shown "gate: GRUB would boot the newest" is "$(next)" "$C"
printf '[drvguard]\ngate = yes\n' >/etc/drvguard/drvguard.conf
take dpkg-reconfigure "linux-image-$C"
shown "gate: the kernel's package is configured" is "$code" 0
shown "gate: the hook says what it holds" said "the boot default is held on $B"
shown "gate: GRUB boots the newest kernel that has its driver" is "$(next)" "$B"
rm /etc/drvguard/drvguard.conf
take drvguard stage
shown "gate: without it the newest boots again" is "$(next)" "$C"
ends first second
