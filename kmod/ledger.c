// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: the last modules that came in, in order.
 *
 * Knows how they are kept and shown. A reader goes by their numbers, so that it
 * sees each once and in order while others come in; what was pushed out before
 * it got there is passed over, and the gap shows in the numbers. What a policy
 * spoke of is kept longer, in a ring of its own: a busy boot shall not push it out.
 *
 * Locking: a spin lock, for the copy of one entry or the search for one. Context:
 * process; adding and showing never sleep while it is held.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "ledger.h"
#include "uapi/drvguard.h"

static DEFINE_SPINLOCK(dg_ledger_lock);
static struct dg_load dg_loads[DRVGUARD_LOADS_MAX];
static u64 dg_last;	/* number of the newest; 0 for none */
static struct dg_load dg_kept[DRVGUARD_LOADS_KEPT];
static u64 dg_n_kept;	/* how many there were; in the order of their numbers */

static struct dg_load *dg_slot(u64 seq)
{
	return &dg_loads[seq & (DRVGUARD_LOADS_MAX - 1)];
}

static struct dg_load *dg_kept_slot(u64 n)
{
	return &dg_kept[n & (DRVGUARD_LOADS_KEPT - 1)];
}

static u64 dg_oldest_kept(void)
{
	return dg_n_kept < DRVGUARD_LOADS_KEPT ? 0 : dg_n_kept - DRVGUARD_LOADS_KEPT;
}

/* The like of it is: whoever has one asked for again and again does not push out the others. */
static bool dg_is_kept(const struct dg_load *load)
{
	u64 n;

	for (n = dg_oldest_kept(); n < dg_n_kept; n++) {
		const struct dg_load *kept = dg_kept_slot(n);

		if (kept->verdict == load->verdict && kept->reason == load->reason &&
		    kept->id.len == load->id.len &&
		    !memcmp(kept->id.bytes, load->id.bytes, load->id.len) &&
		    !strcmp(kept->name, load->name))
			return true;
	}
	return false;
}

/* The entry of a module that is not live yet, or NULL: at most one has its address. */
static struct dg_load *dg_coming(const struct module *mod)
{
	u64 n;

	for (n = 0; n < DRVGUARD_LOADS_MAX && n < dg_last; n++)
		if (dg_slot(dg_last - n)->mod == mod)
			return dg_slot(dg_last - n);
	for (n = dg_n_kept; n > dg_oldest_kept(); n--)
		if (dg_kept_slot(n - 1)->mod == mod)
			return dg_kept_slot(n - 1);
	return NULL;
}

/** dg_ledger_add() - put @load into the ledger, which gives it its number */
void dg_ledger_add(struct dg_load *load)
{
	struct dg_load *slot, *before;

	BUILD_BUG_ON(DRVGUARD_LOADS_MAX & (DRVGUARD_LOADS_MAX - 1));
	BUILD_BUG_ON(DRVGUARD_LOADS_KEPT & (DRVGUARD_LOADS_KEPT - 1));

	spin_lock(&dg_ledger_lock);
	/* Of a module that was refused or failed, at the same address: it will not be live any more. */
	before = dg_coming(load->mod);
	if (before)
		before->mod = NULL;
	load->seq = ++dg_last;
	slot = dg_slot(load->seq);
	if (slot->verdict != DG_VERDICT_UNGUARDED && !dg_is_kept(slot))
		*dg_kept_slot(dg_n_kept++) = *slot;
	*slot = *load;
	spin_unlock(&dg_ledger_lock);
}

/**
 * dg_ledger_live() - the newest entry of a module is live, if it is still there
 * @mod: the module
 * @now: ns since boot
 *
 * Return: what had become of it.
 */
enum dg_verdict dg_ledger_live(const struct module *mod, u64 now)
{
	enum dg_verdict verdict = DG_VERDICT_UNGUARDED;
	struct dg_load *load;

	spin_lock(&dg_ledger_lock);
	load = dg_coming(mod);
	if (load) {
		load->live = now;
		load->mod = NULL;
		verdict = load->verdict;
	}
	spin_unlock(&dg_ledger_lock);
	return verdict;
}

const char *dg_verdict_word(enum dg_verdict verdict)
{
	static const char *const words[] = {
		[DG_VERDICT_UNGUARDED] = DRVGUARD_VERDICT_UNGUARDED,
		[DG_VERDICT_PROVEN] = DRVGUARD_VERDICT_PROVEN,
		[DG_VERDICT_WARNED] = DRVGUARD_VERDICT_WARNED,
		[DG_VERDICT_DENIED] = DRVGUARD_VERDICT_DENIED,
	};

	return words[verdict];
}

const char *dg_reason_word(enum dg_reason reason)
{
	static const char *const words[] = {
		[DG_REASON_NONE] = "-",
		[DG_REASON_UNPROVEN] = DRVGUARD_REASON_UNPROVEN,
		[DG_REASON_NO_BUILD_ID] = DRVGUARD_REASON_NO_BUILD_ID,
		[DG_REASON_FORCED] = DRVGUARD_REASON_FORCED,
	};

	return words[reason];
}

/* --- as text -------------------------------------------------------------- */

/* The one numbered @pos, or the first behind it; under the lock. */
static const struct dg_load *dg_from(u64 pos)
{
	u64 n, oldest = dg_last < DRVGUARD_LOADS_MAX ? 1 : dg_last - DRVGUARD_LOADS_MAX + 1;

	if (pos > dg_last)
		return NULL;
	if (pos >= oldest)
		return dg_slot(pos);
	for (n = dg_oldest_kept(); n < dg_n_kept; n++)
		if (dg_kept_slot(n)->seq >= pos)
			return dg_kept_slot(n);
	return dg_slot(oldest);
}

/* @pos is the number wanted; *pos becomes the number got. */
static void *dg_ledger_get(struct seq_file *m, loff_t *pos)
{
	struct dg_load *copy = m->private;
	const struct dg_load *found;

	spin_lock(&dg_ledger_lock);
	found = dg_last ? dg_from(*pos ?: 1) : NULL;
	if (found)
		*copy = *found;
	spin_unlock(&dg_ledger_lock);
	if (!found)
		return NULL;
	*pos = copy->seq;
	return copy;
}

static void *dg_ledger_start(struct seq_file *m, loff_t *pos)
{
	return dg_ledger_get(m, pos);
}

static void *dg_ledger_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return dg_ledger_get(m, pos);
}

static void dg_ledger_stop(struct seq_file *m, void *v)
{
}

static void dg_show_time(struct seq_file *m, u64 ns)
{
	u32 rest;
	u64 s = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	seq_printf(m, " %llu.%06u", s, rest / (u32)NSEC_PER_USEC);
}

static void dg_show_word(struct seq_file *m, const char *s)
{
	seq_printf(m, " %s", *s ? s : "-");
}

/* The loader's letters, in the order of the bits. */
static void dg_show_taints(struct seq_file *m, unsigned long taints)
{
	static const char letters[] = "PFSRMBUDAWCIOELKXTNJ";
	unsigned int bit, n = 0;

	seq_putc(m, ' ');
	for (bit = 0; bit < sizeof(letters) - 1; bit++)
		if (taints & BIT(bit)) {
			seq_putc(m, letters[bit]);
			n++;
		}
	if (!n)
		seq_putc(m, '-');
}

static int dg_ledger_show(struct seq_file *m, void *v)
{
	const struct dg_load *load = v;

	seq_printf(m, "%llu", load->seq);
	dg_show_time(m, load->came);
	if (load->live)
		dg_show_time(m, load->live);
	else
		seq_puts(m, " -");
	dg_show_word(m, load->name);
	if (load->id.len)
		seq_printf(m, " %*phN", load->id.len, load->id.bytes);
	else
		seq_puts(m, " -");
	dg_show_taints(m, load->taints);
	seq_printf(m, " %s %s %s", dg_verdict_word(load->verdict),
		   dg_reason_word(load->reason), load->renamed ? "renamed" : "-");
	seq_printf(m, " %d %u", load->pid, load->uid);
	dg_show_word(m, load->comm);
	seq_putc(m, '\n');
	return 0;
}

const struct seq_operations dg_ledger_seq_ops = {
	.start = dg_ledger_start,
	.next = dg_ledger_next,
	.stop = dg_ledger_stop,
	.show = dg_ledger_show,
};
