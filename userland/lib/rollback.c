// SPDX-License-Identifier: GPL-2.0-or-later
#include "rollback.h"

#include <errno.h>

#include "kept.h"
#include "transaction.h"
#include "trial.h"

struct rollback {
	const char *root;
	const struct dg_config *config;
	struct dg_kernel *k;
	bool force;
	struct dg_generation *now;
};

static int manifest_of(const struct rollback *b, unsigned int number, struct dg_manifest **ret, struct dg_diag *d)
{
	int r = dg_generation_manifest(b->root, b->config->store, b->k->release, number, ret, d);

	return r == -ENOENT ? dg_diag_set(d, r, b->k->release, "drvguard status and history tell what there is",
					  "generation %u is not kept", number)
			    : r;
}

/* Every file in it whole, and good for this kernel. */
static int check(const struct rollback *b, unsigned int number, struct dg_manifest **ret, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_generation_dir(b->root, b->config->store, b->k->release, number);
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	int r = dir ? manifest_of(b, number, &m, d) : -ENOMEM;

	if (r == 0 && !dg_streq(m->release, b->k->release))
		r = dg_diag_set(d, -EBADMSG, dir, "remove it", "is for another kernel, %s", m->release);
	for (size_t i = 0; r == 0 && i < m->n_entries; i++)
		r = dg_kept_check(dir, &m->entries[i], b->config, b->k, b->force, d);
	if (r == 0)
		*ret = dg_take(m);
	return r;
}

/* The one before the current one. Without a manifest to tell, the highest below it. */
static int before(const struct rollback *b, unsigned int *ret, struct dg_diag *d)
{
	dg_auto_free unsigned int *v = NULL;
	unsigned int wanted = b->now->manifest ? b->now->manifest->previous : 0;
	int r = dg_generation_list(b->root, b->config->store, b->k->release, &v);

	if (r < 0)
		return dg_diag_errno(d, r, b->config->store, "look at the generations");
	*ret = 0;
	for (unsigned int *n = v; *n; n++)
		if (*n == wanted || (!b->now->manifest && (!b->now->number || *n < b->now->number)))
			*ret = *n;
	if (*ret)
		return 0;
	return dg_diag_set(d, -ENOENT, b->k->release, "stage what you want with drvguard stage",
			   "no earlier generation is kept");
}

static int begin(struct rollback *b, struct dg_diag *d)
{
	int r = dg_generation_current(b->config->store, b->k, &b->now);

	return r < 0 ? dg_diag_errno(d, r, b->k->release, "look at what is staged") : 0;
}

static int go(struct rollback *b, enum dg_action action, unsigned int to, struct dg_diag *d)
{
	struct dg_transaction t;
	int r = dg_transaction_begin(&t, b->root, b->config, b->k, action, b->now->number, to, d);

	/* A trial ends early in boot, or in a repair, which looks at the initramfs after it. */
	t.image_follows = action == DG_ACTION_REVERT;
	return r < 0 ? r : dg_transaction_commit(&t, d);
}

int dg_rollback_run(const char *root, const struct dg_config *config, struct dg_kernel *k, unsigned int to, bool force,
		    bool dry_run, struct dg_changes *ret, struct dg_diag *d)
{
	struct rollback b = { .root = root, .config = config, .k = k, .force = force };
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	int r = begin(&b, d);

	now = b.now;
	*ret = (struct dg_changes){ 0 };
	if (r == 0 && !to)
		r = before(&b, &to, d);
	if (r == 0 && to == now->number)
		r = dg_diag_set(d, -EINVAL, k->release, "name an earlier one", "generation %u is the current one", to);
	if (r == 0)
		r = check(&b, to, &m, d);
	if (r == 0)
		r = dg_changes_make(now->manifest, m, ret);
	if (r == 0 && !dry_run)
		r = go(&b, DG_ACTION_ROLLBACK, to, d);
	ret->from = now ? now->number : 0;
	ret->to = to;
	return r;
}

int dg_rollback_trial(const char *root, const struct dg_config *config, struct dg_kernel *k, const char *boot_id,
		      struct dg_changes *ret, struct dg_diag *d)
{
	struct rollback b = { .root = root, .config = config, .k = k, .force = true };
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	struct dg_trial trial;
	int r = begin(&b, d);

	now = b.now;
	*ret = (struct dg_changes){ 0 };
	if (r < 0 || !dg_trial_is_on(root, config->store, k->release, now->number, &trial) ||
	    !dg_trial_is_over(&trial, boot_id))
		return r;
	/* Nothing staged is better than a trial that failed. */
	if (trial.revert && check(&b, trial.revert, &m, NULL) < 0)
		trial.revert = 0;
	r = dg_changes_make(now->manifest, m, ret);
	if (r == 0)
		r = go(&b, DG_ACTION_REVERT, trial.revert, d);
	if (r < 0)
		return r;
	(void)dg_trial_clear(root, config->store, k->release);
	ret->from = now->number;
	ret->to = trial.revert;
	return 1;
}
