# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Inside the busybox guest, sourced by test.sh: a real driver, the one proven and others that
# are not, offered to a kernel that is guarded. In /drivers:
#   name         the driver's name           here      a file that is there while it is loaded
#   proven.ko    proven.id                   its build-id
#   stale.ko     stale.id                    the same with another build-id
#   noid.ko                                  without one
#   carrier.ko, carrier-stale.ko            with a foreign build-id in front of its own; carrier-stale.id
#   renamed.ko, renamed-stale.ko             with another name in it: renamed.name

ctl=/sys/kernel/security/drvguard
drv=$(cat /drivers/name)
renamed=$(cat /drivers/renamed.name)
here=$(cat /drivers/here)
proven=$(cat /drivers/proven.id)
stale=$(cat /drivers/stale.id)
carried=$(cat /drivers/carrier-stale.id)

policy() {
	echo "$*" >$ctl/policy
}

mode() {
	echo "$1" >$ctl/mode
}

# refuses WORDS COMMAND...: fails, and says so
refuses() {
	words=$1
	shift
	if "$@" >/refused 2>&1; then
		echo "was not refused"
		return 1
	fi
	grep -q "$words" /refused || {
		cat /refused
		return 1
	}
}

# The last line of the ledger: its verdict, reason, and whether renamed.
last() {
	tail -n 1 $ctl/loads | cut -d' ' -f7-9
}

# Its init has not run: neither the module nor what it makes is there.
not_run() {
	! grep -q "^\($drv\|$renamed\) " /proc/modules && [ ! -e "$here" ] && tail -n 1 $ctl/loads | grep -q '^[0-9]* [0-9.]* - '
}

violations() {
	cat $ctl/violations
}

shown "guard: four files in securityfs" is "$(ls $ctl | tr '\n' ' ')" "loads mode policy violations "
shown "guard: features name it" is "$(cat $dir/features)" "identity guard refuse"
shown "guard: permissive at first" is "$(cat $ctl/mode)" permissive
shown "guard: no policy at first" is "$(cat $ctl/policy)" ""
shown "guard: an unguarded driver loads" insmod /drivers/stale.ko
shown "guard: its init has run" test -e "$here"
shown "guard: the ledger has it" is "$(last)" "unguarded - -"
shown "guard: with its build-id" is "$(tail -n 1 $ctl/loads | cut -d' ' -f5)" "$stale"
shown "guard: and when it was live" sh -c "tail -n 1 $ctl/loads | grep -qE '^[0-9]+ [0-9]+\.[0-9]{6} [0-9]+\.[0-9]{6} $drv '"
rmmod "$drv"

policy "deny $drv $proven !$stale"
shown "guard: the policy is read back as written" is "$(cat $ctl/policy)" "deny $drv $proven !$stale"
shown "guard: permissive lets the stale one in" insmod /drivers/stale.ko
shown "guard: and tells it" is "$(last)" "warned unproven -"
shown "guard: in the log too" sh -c "dmesg | grep -q 'drvguard: $drv: warned: unproven, build-id $stale, asked for by insmod'"
shown "guard: and counts it" is "$(violations)" 1
rmmod "$drv"
shown "guard: the proven one loads" insmod /drivers/proven.ko
shown "guard: and is proven" is "$(last)" "proven - -"
rmmod "$drv"
shown "guard: nothing was counted for it" is "$(violations)" 1

mode enforce
shown "guard: enforce" is "$(cat $ctl/mode)" enforce
shown "guard: enforce refuses the stale one, EPERM" refuses "Operation not permitted" insmod /drivers/stale.ko
shown "guard: its init has not run" not_run
shown "guard: the ledger tells it" is "$(last)" "denied unproven -"
shown "guard: the log tells it" sh -c "dmesg | grep -q 'drvguard: $drv: denied: unproven'"
shown "guard: one without a build-id is refused" refuses "not permitted" insmod /drivers/noid.ko
shown "guard: … and told" is "$(last)" "denied no-build-id -"
shown "guard: a stale one under another name is refused" refuses "not permitted" insmod /drivers/renamed-stale.ko
shown "guard: … and known" is "$(last)" "denied unproven renamed"
shown "guard: … and has not run" not_run
shown "guard: one that carries another build-id in front of its own loads" insmod /drivers/carrier.ko
shown "guard: … and is known by its own" is "$(last) $(tail -n 1 $ctl/loads | cut -d' ' -f5)" "proven - - $proven"
rmmod "$drv"
shown "guard: a stale one that carries another is refused" refuses "not permitted" insmod /drivers/carrier-stale.ko
shown "guard: … and known" is "$(last) $(tail -n 1 $ctl/loads | cut -d' ' -f5)" "denied unproven - $stale"
policy "warn $drv
deny another !$stale
warn third !$carried"
shown "guard: any build-id of it that is known may have it refused" refuses "not permitted" insmod /drivers/carrier-stale.ko
shown "guard: … and the first is told" is "$(last) $(tail -n 1 $ctl/loads | cut -d' ' -f5)" "denied unproven - $carried"
policy "deny $drv $proven !$stale"
shown "guard: the proven one under another name loads" insmod /drivers/renamed.ko
shown "guard: … and is known" is "$(last)" "proven - renamed"
rmmod "$renamed"
policy "deny $drv $proven
warn $renamed"
shown "guard: … but not when that is guarded itself" refuses "not permitted" insmod /drivers/renamed.ko
policy "deny $drv $proven !$stale"
shown "guard: the proven one loads" insmod /drivers/proven.ko
rmmod "$drv"
shown "guard: who asks from a PID namespace is told by the machine's own number" sh -c \
	"unshare -p -f insmod /drivers/stale.ko 2>/dev/null; tail -n 1 $ctl/loads | awk '{ exit !(\$7 == \"denied\" && \$10 > 9) }'"
count=$(violations)
policy "warn $drv $proven"
shown "guard: warn lets in what is enforced" insmod /drivers/stale.ko
shown "guard: and tells it" is "$(last)" "warned unproven -"
rmmod "$drv"
shown "guard: and counts it" is "$(violations)" $((count + 1))

# --- who is told ------------------------------------------------------------------------------------

/hammer await 20 >/awaited 2>&1 &
awaiting=$!
until grep -q waiting /awaited; do usleep 50000; done
insmod /drivers/stale.ko
shown "guard: poll tells of a violation" wait $awaiting
rmmod "$drv"
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || :
if [ -d /sys/kernel/tracing/events/drvguard ]; then
	echo 1 >/sys/kernel/tracing/events/drvguard/drvguard_load/enable
	insmod /drivers/proven.ko
	rmmod "$drv"
	shown "guard: the tracepoint tells of a load" grep -q "drvguard_load: seq=.* name=$drv build_id=$proven .*verdict=proven" /sys/kernel/tracing/trace
	echo 0 >/sys/kernel/tracing/events/drvguard/drvguard_load/enable
else
	echo "# this kernel has no tracefs"
fi

# --- what is no policy ------------------------------------------------------------------------------

before=$(cat $ctl/policy)
shown "guard: a wrong line is refused" refuses "Invalid argument" policy "deny $drv xyz"
shown "guard: … and its number told" sh -c 'dmesg | grep -q "drvguard: policy, line 1: not"'
shown "guard: one that breaks off is refused" refuses "Invalid argument" sh -c "printf 'deny $drv ${proven%??}' | dd of=$ctl/policy"
shown "guard: a name twice is refused" refuses "File exists" policy "deny a
deny a"
shown "guard: more than 256 KiB is refused" refuses "File too large" /hammer write $ctl/policy 262145
shown "guard: the policy that was there stays" is "$(cat $ctl/policy)" "$before"
shown "guard: 256 KiB are taken, of a write in two parts" /hammer write $ctl/policy 262144
shown "guard: another mode is refused" refuses "Invalid argument" mode maybe
shown "guard: root of a user namespace may not" refuses "not permitted" /hammer as-user sh -c "echo permissive >$ctl/mode"
shown "guard: nor read the policy" refuses "ermi" /hammer as-user cat $ctl/policy
shown "guard: nor write it" refuses "ermi" /hammer as-user sh -c "echo >$ctl/policy"

# --- everything at once -----------------------------------------------------------------------------

{ echo "deny $drv $proven" && seq 1 500 | sed 's/.*/deny other&/'; } >/policy-a
seq 1 1000 | awk -v drv="$drv" -v id="$proven" 'BEGIN { print "warn " drv " " id } { printf "warn another%d %08x\n", $1, $1 + 4096 }' >/policy-b
loads=$(cat /loads)
/hammer swap "$((loads / 20))" /policy-a /policy-b >/swapped 2>&1 &
swapping=$!
/hammer read "$((loads / 20))" >/read 2>&1 &
reading=$!
shown "guard: $loads loads and unloads while policies are swapped and the ledger read" /hammer churn "$loads" /drivers/proven.ko "$drv"
shown "guard: every policy was read back as written" wait $swapping
shown "guard: every reader saw the loads in order" wait $reading
sed 's/^/# swapped: /' /swapped
sed 's/^/# read: /' /read
cut -d' ' -f1 $ctl/loads >/numbers
shown "guard: the ledger keeps its last 256" is "$(tail -n 256 /numbers | awk 'NR > 1 && $1 != last + 1 { gaps++ } { last = $1 } END { print NR, gaps + 0 }')" "256 0"
shown "guard: … and before them at most 64 that it was told of, in order" sh -c \
	"sort -nc /numbers && [ \$(wc -l </numbers) -gt 256 ] && [ \$(wc -l </numbers) -le 320 ] && ! head -n -256 $ctl/loads | grep -q unguarded"
shown "guard: … one of a kind" is "$(head -n -256 $ctl/loads | cut -d' ' -f4,5,7,8 | sort | uniq -d)" ""
/hammer fuzz 3 1 >/fuzz-1 2>&1 &
one=$!
/hammer fuzz 3 2 >/fuzz-2 2>&1 &
two=$!
shown "guard: hostile policies of one writer" wait $one
shown "guard: … and of another at the same time" wait $two
sed 's/^/# fuzz: /' /fuzz-1 /fuzz-2

# --- leaving ----------------------------------------------------------------------------------------

policy "deny $drv $proven"
mode enforce
exec 5<$ctl/loads
shown "guard: an open file keeps it loaded" refuses "unavailable\|busy" rmmod drvguard
exec 5<&-
shown "guard: unloads, with a policy in force, and a name that is held leads nowhere" /hammer held $ctl/mode rmmod drvguard
shown "guard: leaves nothing behind" test ! -e $ctl
shown "guard: loads with enforce=0" insmod /modules/drvguard.ko enforce=0
shown "guard: enforce is refused then" refuses "not permitted" mode enforce
rmmod drvguard

# --- every step fails once --------------------------------------------------------------------------

steps=0
while ! insmod /modules/drvguard-debug.ko fail=$((steps + 1)) 2>/why && [ $steps -lt 100 ]; do
	steps=$((steps + 1))
	[ ! -e $ctl ] && [ ! -e $dir ] || echo "not ok - guard: step $steps of init leaves something"
done
shown "guard: init fails cleanly at each of $steps steps" test $steps -gt 6
shown "guard: … and then comes up" test -e $ctl/policy
at=1
while echo $at >/sys/module/drvguard/parameters/fail && ! {
	policy "deny $drv $proven" && cat $ctl/policy && head -n 1 $ctl/loads
} >/dev/null 2>&1 && [ $at -lt 50 ]; do
	at=$((at + 1))
done
shown "guard: a write and two reads fail cleanly at each of $((at - 1)) steps" test $at -gt 9
echo 0 >/sys/module/drvguard/parameters/fail
shown "guard: … and work when nothing fails" policy "deny $drv $proven"
rmmod drvguard

# --- sealing, which lasts --------------------------------------------------------------------------

shown "guard: loads with enforce=1" insmod /modules/drvguard.ko enforce=1
shown "guard: and enforces" is "$(cat $ctl/mode)" enforce
policy "deny $drv $proven $stale"
mode seal
shown "guard: sealed" is "$(cat $ctl/mode)" "enforce sealed"
shown "guard: permissive is refused" refuses "not permitted" mode permissive
shown "guard: a looser policy is refused" refuses "not permitted" policy ""
shown "guard: … nor one that forgets a build" refuses "not permitted" policy "deny $drv $proven"
shown "guard: a tighter one is taken" policy "deny $drv $proven !$stale
deny other"
shown "guard: and not taken back" refuses "not permitted" policy "deny $drv $proven $stale
deny other"
shown "guard: what sealing refused is told in the log" sh -c 'dmesg | grep -q "drvguard: refused, being sealed: another policy, by "'
shown "guard: the stale one is refused" refuses "not permitted" insmod /drivers/stale.ko
shown "guard: sealed, it cannot be unloaded" refuses "unavailable\|busy" rmmod drvguard
