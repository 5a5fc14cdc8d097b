# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# First boot: drvguard.ko is in its own depot and nowhere else. Then everything that the guard is told and asked by hand.

. /usr/local/lib/drvguard-e2e/common.sh
lib=/usr/local/lib/drvguard-e2e
as=$(cat $lib/as)
rel=$(uname -r)
ctl=/sys/kernel/security/drvguard
depot=/opt/falco/drivers
last() { # verdict, reason, renamed
	tail -n 1 $ctl/loads | cut -d' ' -f7-9
}
loaded() {
	grep -q "^$1 " /proc/modules
}
refused() { # WHAT COMMAND...
	what=$1
	shift
	run "$@"
	shown "$what: is refused, EPERM" said "Operation not permitted"
	shown "$what: its init has not run" sh -c '! grep -Eq "^(scap|$(cat /usr/local/lib/drvguard-e2e/as)) " /proc/modules && ! test -e /sys/class/scap'
}

within 60 test -e $ctl
within 60 loaded scap
run drvguard status
shown "guard: drvguard.ko is staged from its own depot, by the same generation as scap" \
	is "$(awk '$1 == "driver" { print $2 }' "/usr/lib/drvguard/kernels/$rel/1/manifest" | sort | tr '\n' ' ')" "drvguard scap "
shown "guard: status tells of it like of any driver" said "drvguard  SP     match"
shown "guard: the staged one is loaded" is "$(cat /sys/module/drvguard/version)" "$(modinfo -F version /opt/drvguard/drvguard.ko)"
run drvguard guard
shown "guard: it enforces what is staged" said "enforce, 0 violations"
shown "guard: it enforces what is staged, and says so" said "the policy is what is staged"
shown "guard: status ends with 0" is "$code" 0
shown "guard: it has no line for itself" sh -c "! grep -q drvguard $ctl/policy"
unprotected=$(drvguard --json status scap | sed 's/.*"unprotected_seconds":\([0-9]*\).*/\1/')
uptime=$(cut -d. -f1 /proc/uptime)
shown "guard: status tells how long scap was not there" sh -c "echo $unprotected of $uptime; [ '$unprotected' -gt 0 ] && [ '$unprotected' -le $uptime ]"

# --- every way in which a stale one is offered -----------------------------------------------------------
rmmod scap
refused "another build by insmod" insmod $lib/other.ko
shown "another build by insmod: the ledger tells it" is "$(last)" "denied unproven -"
refused "another build by modprobe" modprobe -d $lib/scap scap
shown "another build by modprobe: the ledger tells it" is "$(last)" "denied unproven -"
modprobe -d "$lib/$as" "$as"
shown "the proven one under another name by modprobe: it loads, and is known" is "$(last)" "proven - renamed"
rmmod "$as"
run insmod $lib/level-a.ko
shown "the other level's by insmod: the kernel refuses it by itself" said "Invalid module format"
refused "the other level's by modprobe --force" modprobe --force -d $lib/level_a scap
shown "the other level's by modprobe --force: the ledger tells it" is "$(last)" "denied forced -"
shown "each is told in the kernel's log" is "$(dmesg | grep -c 'drvguard: scap: denied')" 3
run drvguard guard log
shown "each is told by guard log" is "$(grep -c ' denied ' /run/story.out)" 3
shown "the proven one loads" modprobe scap
rmmod scap

# --- modes -------------------------------------------------------------------------------------------------
run drvguard guard permissive
shown "guard permissive: ends with 0" is "$code" 0
shown "permissive: another build loads" insmod $lib/other.ko
shown "permissive: … and is told" is "$(last)" "warned unproven -"
rmmod scap
run drvguard repair
shown "permissive by hand lasts, whatever is configured" is "$(cat $ctl/mode)" permissive
run drvguard guard enforce
shown "guard enforce: ends with 0" is "$code:$(cat $ctl/mode)" "0:enforce"
run drvguard --json guard
shown "guard --json tells mode and drivers" said '"mode":"enforce","sealed":false,"can_refuse":true,"violations":4,"in_step":true'
rmmod scap

# --- from where an image is made: this root once more, with /sys and without /proc ------------------------
mount --bind --make-private / /mnt
mount --rbind --make-rprivate /sys /mnt/sys
for word in load permissive; do
	run chroot /mnt drvguard guard $word
	shown "a chroot without /proc: guard $word is not for this kernel" is "$code:$(grep -c "the machine's own kernel" /run/story.out)" 3:1
done
umount -l /mnt
shown "a chroot without /proc: the mode stays" is "$(cat $ctl/mode)" enforce

# --- in step with what is staged -----------------------------------------------------------------------------
cp $lib/newer.ko $depot/newer.ko
run drvguard stage
shown "stage: the newer build is what the guard lets in" modprobe scap
rmmod scap
refused "stage: what it superseded" insmod $depot/scap.ko
refused "stage: what it superseded, under another name by modprobe" modprobe -d "$lib/$as" "$as"
shown "stage: … the ledger tells it" is "$(last)" "denied unproven renamed"
run drvguard rollback
shown "rollback: the build before is let in again" modprobe scap
rmmod scap
refused "rollback: the newer one" insmod $depot/newer.ko
run drvguard stage --force
rm $depot/newer.ko
run drvguard remove scap
shown "remove: what it superseded is let in" modprobe scap
rmmod scap
run drvguard cleanup
run drvguard guard
shown "cleanup: the policy is what is staged" is "$code" 0
LC_ALL=C sed 's/version=0\.1\.4/version=0.1.5/' $lib/newer.ko >$depot/newest.ko
run drvguard hook add "$rel"
shown "a hook for the running kernel: what it staged is let in" modprobe scap
shown "… and is that" is "$(cat /sys/module/scap/version | cut -c1-5)" 0.1.5

# --- a later drvguard.ko -----------------------------------------------------------------------------------------
cp $lib/later.ko /opt/drvguard/
run drvguard stage drvguard
shown "a later drvguard.ko is staged over the present one" said "drvguard  staged"
shown "… which goes on guarding" is "$(cat $ctl/mode)" enforce
run drvguard status drvguard
shown "… and status asks for a reboot" is "$code" 5

# --- sealed --------------------------------------------------------------------------------------------------------
run drvguard guard seal
shown "guard seal: ends with 0" is "$code:$(cat $ctl/mode)" "0:enforce sealed"
run drvguard guard permissive
shown "sealed: permissive is refused, with the cause" is "$code:$(grep -c 'the guard is sealed' /run/story.out)" 3:1
shown "sealed: it cannot be unloaded" sh -c '! rmmod drvguard'
rmmod scap
cp $lib/last.ko $depot/
run drvguard stage scap
shown "sealed: a build that is not proven yet is staged, and told of" said "the guard is sealed"
shown "sealed: … and stays out" sh -c '! modprobe scap 2>/dev/null'
shown "sealed: what it supersedes is let in still" insmod $depot/newest.ko
rmmod scap
run drvguard guard
shown "sealed: guard status asks for a reboot" is "$code:$(grep -c 'sealed: reboot' /run/story.out)" 1:1
run drvguard rollback
shown "sealed: after a rollback the driver loads" modprobe scap
rmmod scap
run drvguard stage --force scap
# As drvguard-stop.service does; this machine is not shut down in good order.
drvguard --quiet commit --stop
sync
echo "told guard-depot"
exit "$failed"
