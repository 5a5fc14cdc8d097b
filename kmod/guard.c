// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard: what becomes of a module that comes in.
 *
 * Knows the policy in force, the mode, and what follows from both; hides them
 * behind the decision. It is taken when the loader has done all its work but
 * run the module's init: at MODULE_STATE_COMING. From 5.10 on an error of ours
 * ends the load there; before, loaders take no notice of it.
 *
 * Locking: dg_guard_lock is held by whoever changes policy or mode. The decision
 * takes none: policy by RCU, mode by one read. The old policy is freed when
 * nobody can be reading it.
 * Context: process. The notifier may be called on several processors at once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>

#include "buildid.h"
#include "compat.h"
#include "guard.h"
#include "inject.h"
#include "ledger.h"
#include "policy.h"
#include "uapi/drvguard.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int dg_enforce = -1;
module_param_named(enforce, dg_enforce, int, 0444);
MODULE_PARM_DESC(enforce, "1 refuses from the start; 0 never does, whatever is asked for; else permissive until asked");

static DEFINE_MUTEX(dg_guard_lock);
static struct dg_policy __rcu *dg_policy;
static bool dg_enforcing;
static bool dg_sealed;

static atomic_t dg_violations = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(dg_violation_wait);

/* --- who ------------------------------------------------------------------- */

/* Modules and programs name themselves as they like: a word of a line they must stay. */
static void dg_make_word(char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f)
			*s = '?';
}

/* The program that asks. */
static void dg_get_program(char ret[TASK_COMM_LEN])
{
	char comm[TASK_COMM_LEN];

	get_task_comm(comm, current);	/* wants the array itself */
	dg_make_word(comm);
	memcpy(ret, comm, sizeof(comm));
}

/* What was changed, or was not to be, and by whom. */
static void dg_tell_mode(const char *what)
{
	char comm[TASK_COMM_LEN];

	dg_get_program(comm);
	pr_notice("%s, by %s[%d]\n", what, comm, task_tgid_nr(current));
}

/* The same of policies, which may come fast: none of them shall hide a mode. */
static void dg_tell_policy(const char *what)
{
	char comm[TASK_COMM_LEN];

	dg_get_program(comm);
	pr_info_ratelimited("%s, by %s[%d]\n", what, comm, task_tgid_nr(current));
}

/* --- the decision --------------------------------------------------------- */

/* As far as build-ids are looked for: no module there is comes near it. */
#define DG_SCAN_MAX	((size_t)SZ_64M)

/*
 * Mostly the first build-id is the module's, and it is let in for that. Where it is
 * not, all there are count: the first that is known decides, and any may have it
 * refused. So no line that is added can take that back by making another one known.
 * One policy answers for all of them.
 */
static struct dg_answer dg_identify(const struct module *mod, struct dg_load *load)
{
	const struct dg_policy *policy;
	struct dg_answer answer, other;
	struct dg_build_id id;
	const void *rodata;
	size_t size, at = 0;

	rodata = dg_module_rodata(mod, &size);
	size = min(size, DG_SCAN_MAX);
	dg_build_id_find(rodata, size, &at, &load->id);
	rcu_read_lock();
	policy = rcu_dereference(dg_policy);
	answer = dg_policy_ask(policy, load->name, &load->id);
	while (answer.standing == DG_UNPROVEN &&
	       dg_build_id_find(rodata, size, &at, &id)) {
		other = dg_policy_ask(policy, load->name, &id);
		if (!other.known)
			continue;
		other.deny |= answer.deny;
		if (answer.known) {
			answer.deny = other.deny;
		} else {
			answer = other;
			load->id = id;
		}
	}
	rcu_read_unlock();
	return answer;
}

static void dg_judge(const struct module *mod, struct dg_load *load)
{
	struct dg_answer answer = dg_identify(mod, load);

	load->renamed = answer.renamed;
	if (answer.standing == DG_UNGUARDED)
		return;
	/* Its symbols were not compared: its build says nothing of this load. */
	if (load->taints & BIT(TAINT_FORCED_MODULE))
		load->reason = DG_REASON_FORCED;
	else if (answer.standing == DG_UNPROVEN)
		load->reason = load->id.len ? DG_REASON_UNPROVEN : DG_REASON_NO_BUILD_ID;

	if (load->reason == DG_REASON_NONE)
		load->verdict = DG_VERDICT_PROVEN;
	else if (answer.deny && READ_ONCE(dg_enforcing))
		load->verdict = DG_VERDICT_DENIED;
	else
		load->verdict = DG_VERDICT_WARNED;
}

static void dg_tell(const struct dg_load *load)
{
	char driver[sizeof(DRVGUARD_UEVENT_DRIVER) + MODULE_NAME_LEN];
	char verdict[sizeof(DRVGUARD_UEVENT_VERDICT) + 16];
	char *env[] = { driver, verdict, NULL };

	pr_warn_ratelimited("%s: %s: %s%s, build-id %s%*phN, asked for by %s[%d]\n",
			    load->name, dg_verdict_word(load->verdict),
			    dg_reason_word(load->reason),
			    load->renamed ? " and renamed" : "",
			    load->id.len ? "" : "none", load->id.len, load->id.bytes,
			    load->comm, load->pid);
	atomic_inc(&dg_violations);
	wake_up_interruptible_poll(&dg_violation_wait, EPOLLIN | EPOLLPRI);

	snprintf(driver, sizeof(driver), DRVGUARD_UEVENT_DRIVER "%s", load->name);
	snprintf(verdict, sizeof(verdict), DRVGUARD_UEVENT_VERDICT "%s",
		 dg_verdict_word(load->verdict));
	/* Nobody may be listening, and the count was raised. */
	kobject_uevent_env(&THIS_MODULE->mkobj.kobj, KOBJ_CHANGE, env);
}

static int dg_module_coming(const struct module *mod)
{
	struct dg_load load = {
		.came = ktime_get_boottime_ns(),
		.mod = mod,
		.taints = mod->taints,
		.pid = task_tgid_nr(current),
		.uid = from_kuid(&init_user_ns, current_uid()),
	};

	strscpy(load.name, mod->name, sizeof(load.name));
	dg_make_word(load.name);
	/* Our policy's names have '_'; one that kbuild did not make may not. */
	strreplace(load.name, '-', '_');
	dg_get_program(load.comm);
	dg_judge(mod, &load);
	dg_ledger_add(&load);
	trace_drvguard_load(&load);
	if (load.reason != DG_REASON_NONE)
		dg_tell(&load);
	return load.verdict == DG_VERDICT_DENIED ? -DRVGUARD_REFUSED : 0;
}

static int dg_module_notify(struct notifier_block *nb, unsigned long state,
			    void *data)
{
	if (state == MODULE_STATE_COMING)
		return notifier_from_errno(dg_module_coming(data));
	/* DG_CAN_REFUSE is what the kernel's headers say. */
	if (state == MODULE_STATE_LIVE &&
	    dg_ledger_live(data, ktime_get_boottime_ns()) == DG_VERDICT_DENIED)
		pr_err_once("this kernel takes no notice of a refusal\n");
	return NOTIFY_OK;
}

static struct notifier_block dg_module_nb = {
	.notifier_call = dg_module_notify,
	.priority = INT_MAX,	/* nobody else gets to know a module that is refused */
};

/* --- policy and mode ------------------------------------------------------ */

/**
 * dg_guard_set_policy() - put a policy in the place of the present one
 * @text: its text; not kept
 * @len: bytes of @text, at most DRVGUARD_POLICY_MAX
 *
 * Return: 0; dg_policy_parse()'s errors, and -EINVAL for one without a newline at its
 * end; -EPERM when sealed and @text is not tighter. The present one stays then.
 */
int dg_guard_set_policy(const char *text, size_t len)
{
	struct dg_policy *policy, *old;
	unsigned int line = 0;
	int ret;

	/* What ends elsewhere is the head of one: somebody's buffer was too small for it. */
	if (!len || text[len - 1] != '\n') {
		pr_info_ratelimited("policy: not ended by a newline\n");
		return -EINVAL;
	}
	ret = dg_policy_parse(text, len, &policy, &line);
	if (ret) {
		if (ret != -ENOMEM)
			pr_info_ratelimited("policy, line %u: %s\n", line,
					    ret == -EEXIST ? "a name or build-id that was there before" :
							     "not \"deny|warn NAME [!]BUILD-ID...\"");
		return ret;
	}
	mutex_lock(&dg_guard_lock);
	old = rcu_dereference_protected(dg_policy, lockdep_is_held(&dg_guard_lock));
	if (dg_sealed && !dg_policy_is_tighter(policy, old))
		ret = -EPERM;
	else
		rcu_assign_pointer(dg_policy, policy);
	mutex_unlock(&dg_guard_lock);
	if (ret) {
		dg_policy_free(policy);
		dg_tell_policy("refused, being sealed: another policy");
		return ret;
	}
	synchronize_rcu();
	dg_policy_free(old);
	dg_tell_policy("another policy");
	return 0;
}

/**
 * dg_guard_copy_policy() - the text of the policy in force
 * @ret: for kvfree()
 * @ret_len: bytes of it
 *
 * Return: 0 or -ENOMEM.
 */
int dg_guard_copy_policy(char **ret, size_t *ret_len)
{
	const char *text;
	char *copy;

	mutex_lock(&dg_guard_lock);
	text = dg_policy_text(rcu_dereference_protected(dg_policy,
							lockdep_is_held(&dg_guard_lock)),
			      ret_len);
	copy = dg_inject() ? NULL : kvmalloc(*ret_len + 1, GFP_KERNEL);
	if (copy)
		memcpy(copy, text, *ret_len);
	mutex_unlock(&dg_guard_lock);
	*ret = copy;
	return copy ? 0 : -ENOMEM;
}

/**
 * dg_guard_set_mode() - enforce, be permissive, or seal
 * @word: one of uapi/drvguard.h's
 *
 * Return: 0, -EINVAL for another word, -EPERM for permissive when sealed, and
 * for enforce when the parameter forbids it, -EOPNOTSUPP for enforce where the
 * kernel would not hear of it.
 */
int dg_guard_set_mode(const char *word)
{
	int ret = 0;

	mutex_lock(&dg_guard_lock);
	if (!strcmp(word, DRVGUARD_MODE_ENFORCE)) {
		if (!DG_CAN_REFUSE)
			ret = -EOPNOTSUPP;
		else if (dg_enforce == 0)
			ret = -EPERM;
		else
			WRITE_ONCE(dg_enforcing, true);
	} else if (!strcmp(word, DRVGUARD_MODE_PERMISSIVE)) {
		if (dg_sealed && dg_enforcing)
			ret = -EPERM;
		else
			WRITE_ONCE(dg_enforcing, false);
	} else if (!strcmp(word, DRVGUARD_MODE_SEAL)) {
		/* Unloaded and loaded again it would be open. The file that is written holds it now. */
		if (!dg_sealed)
			__module_get(THIS_MODULE);
		WRITE_ONCE(dg_sealed, true);
	} else {
		ret = -EINVAL;
	}
	mutex_unlock(&dg_guard_lock);
	if (!ret)
		dg_tell_mode(word);
	else if (ret == -EPERM)
		dg_tell_mode(strcmp(word, DRVGUARD_MODE_ENFORCE) ?
			     "refused, being sealed: permissive" :
			     "refused, by the parameter: enforce");
	return ret;
}

/** dg_guard_mode() - the mode as it is read, with its newline */
const char *dg_guard_mode(void)
{
	static const char *const modes[2][2] = {
		{ DRVGUARD_MODE_PERMISSIVE "\n",
		  DRVGUARD_MODE_PERMISSIVE " " DRVGUARD_MODE_SEALED "\n" },
		{ DRVGUARD_MODE_ENFORCE "\n",
		  DRVGUARD_MODE_ENFORCE " " DRVGUARD_MODE_SEALED "\n" },
	};

	return modes[READ_ONCE(dg_enforcing)][READ_ONCE(dg_sealed)];
}

/** dg_guard_violations() - modules warned of or refused since the guard is there */
unsigned int dg_guard_violations(void)
{
	return atomic_read(&dg_violations);
}

/** dg_guard_await_violation() - the count; whoever polls is woken when it is raised */
unsigned int dg_guard_await_violation(struct file *file,
				      struct poll_table_struct *wait)
{
	poll_wait(file, &dg_violation_wait, wait);
	return dg_guard_violations();
}

/**
 * dg_guard_init() - look at every module that comes in from now on
 *
 * Return: 0, or the error of the notifier chain.
 */
int dg_guard_init(void)
{
	int ret;

	dg_enforcing = DG_CAN_REFUSE && dg_enforce == 1;
	ret = dg_inject() ? -ENOMEM : register_module_notifier(&dg_module_nb);
	if (!ret)
		pr_info("%s%s\n", dg_enforcing ? "enforce" : "permissive",
			DG_CAN_REFUSE ? "" : ", for this kernel takes no notice of a refusal");
	return ret;
}

/** dg_guard_exit() - no more; waits for decisions that are under way */
void dg_guard_exit(void)
{
	unregister_module_notifier(&dg_module_nb);
	/* Nobody can set one any more: the files are gone. */
	dg_policy_free(rcu_dereference_protected(dg_policy, true));
	RCU_INIT_POINTER(dg_policy, NULL);
}
