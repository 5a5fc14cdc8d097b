// SPDX-License-Identifier: GPL-2.0-or-later
#include "transaction.h"

#include <errno.h>

#include "bootimage.h"
#include "fs.h"
#include "guard.h"
#include "interrupt.h"
#include "lock.h"
#include "modprobe.h"
#include "store.h"
#include "trial.h"
#include "withdrawn.h"

int dg_transaction_begin(struct dg_transaction *t, const char *root, const struct dg_config *config,
			 struct dg_kernel *kernel, enum dg_action action, unsigned int from, unsigned int to,
			 struct dg_diag *d)
{
	int r;

	*t = (struct dg_transaction){ .root = root, .store = config->store, .config = config, .kernel = kernel };
	t->intent = (struct dg_intent){ .action = action, .from = from, .to = to };
	if (!kernel->modules_dir)
		return dg_diag_set(d, -ENOENT, kernel->release, "reinstall that kernel's package",
				   "has no /lib/modules tree to stage into");
	if ((size_t)snprintf(t->intent.release, sizeof(t->intent.release), "%s", kernel->release) >=
	    sizeof(t->intent.release))
		return dg_diag_set(d, -ENAMETOOLONG, kernel->release, NULL, "has too long a name");
	if (dg_interrupted())
		return dg_interrupt_diag(d);
	/* The way back needs no room for drivers, but the indexes have to be made anew. */
	r = dg_depmod_room(kernel->modules_dir, d);
	return r < 0 ? r : dg_intent_write(root, config->store, &t->intent, d);
}

/* A generation's manifest; NULL for none, and for one that cannot be read. */
static struct dg_manifest *manifest_of(const struct dg_transaction *t, unsigned int number)
{
	struct dg_manifest *m = NULL;

	if (number)
		(void)dg_generation_manifest(t->root, t->store, t->intent.release, number, &m, NULL);
	return m;
}

/* After depmod: an index that does not know our files at all was not written whole. */
static int prove(const struct dg_transaction *t, const struct dg_manifest *m, struct dg_diag *d)
{
	char other[256];

	for (size_t i = 0; m && i < m->n_entries; i++)
		if (!dg_generation_is_taken(t->kernel, m->entries[i].name, other, sizeof(other)) && !*other)
			return dg_diag_set(d, -EIO, t->kernel->modules_dir,
					   "free some space, then run depmod and drvguard repair",
					   "after depmod, modprobe would find no %s", m->entries[i].name);
	return 0;
}

static int reindex(struct dg_transaction *t, struct dg_diag *d)
{
	int r = dg_depmod(t->root, t->intent.release, t->kernel->modules_dir, d);

	dg_kernel_reindexed(t->kernel);
	return r;
}

/*
 * An initramfs that could not be made anew undoes a stage: the next boot would load
 * the old copy. Where there is no tool for it, or it is told not to, the states
 * tell; and the way back is never barred.
 */
static int refresh_image(struct dg_transaction *t, const struct dg_manifest *from, const struct dg_manifest *to,
			 struct dg_diag *d)
{
	struct dg_diag why = { 0 };
	int r;

	/* Early in boot there is no tool that could; the states tell, and the next repair mends it. */
	if (t->recovering || t->image_follows)
		return 0;
	r = dg_bootimage_refresh(t->kernel, t->config, from, to, &why);
	/* A kernel that is being installed gets its first one after this. */
	if (r == 0 || r == -ENXIO)
		return 0;
	if (r != -ENOENT && r != -ESTALE && dg_action_builds(t->intent.action)) {
		*d = why;
		return r;
	}
	t->image_problem = why;
	return 0;
}

/* All that follows the rename; done twice it is the same as once. */
static int settle(struct dg_transaction *t, struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *from = manifest_of(t, t->intent.from);
	dg_auto(dg_manifest_freep) struct dg_manifest *to = manifest_of(t, t->intent.to);
	struct dg_trial trial;
	int r = reindex(t, d);

	if (r == 0)
		r = prove(t, to, d);
	if (r == 0)
		r = dg_withdrawn_update(t->root, t->store, t->intent.release, t->intent.action, from, to, d);
	if (r == 0)
		r = refresh_image(t, from, to, d);
	/* A trial ends when another generation takes its place. */
	if (r == 0 && dg_trial_read(t->root, t->store, t->intent.release, &trial, NULL) == 0 &&
	    trial.generation != t->intent.to)
		(void)dg_trial_clear(t->root, t->store, t->intent.release);
	return r;
}

static void drop_built(const struct dg_transaction *t)
{
	if (dg_action_builds(t->intent.action) && t->intent.to) {
		/* Before its number is given to another. */
		dg_trial_undo(t->root, t->store, t->intent.release, t->intent.to, t->intent.from);
		(void)dg_generation_drop(t->root, t->store, t->intent.release, t->intent.to);
	}
	/* A whole copy may be all there is of a driver whose depot is away now. */
	(void)dg_store_sweep(t->root, t->store, t->recovering);
}

/* From the rename on somebody may load what is new: the guard must not take it for unproven meanwhile. */
static char *tell_guard(const struct dg_transaction *t)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *to = manifest_of(t, t->intent.to);

	return to && t->config->guard != DG_GUARD_OFF ? dg_guard_admit(t->root, t->intent.release, to) : NULL;
}

static int switch_to(const struct dg_transaction *t, unsigned int number, struct dg_diag *d)
{
	return dg_generation_switch(t->store, t->kernel, number, d);
}

void dg_transaction_abandon(struct dg_transaction *t)
{
	drop_built(t);
	(void)dg_intent_clear(t->root, t->store);
}

static int cannot_clear(const char *root, const char *store, int err, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_path_join(root, store), *path = dir ? dg_format("%s/intent", dir) : NULL;

	return dg_diag_errno(d, err, path, "clear the record of what was under way");
}

static bool is_current(const struct dg_transaction *t, unsigned int number)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;

	return dg_generation_current(t->store, t->kernel, &now) == 0 && now->number == number;
}

/* Whether the indexes, as they are, still lead into a generation that is not current. */
static bool index_is_ahead(const struct dg_transaction *t, const struct dg_manifest *from)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *to = manifest_of(t, t->intent.to);
	char other[256];

	for (size_t i = 0; to && i < to->n_entries; i++)
		if (!(from && dg_manifest_find(from, to->entries[i].name)) &&
		    dg_generation_is_taken(t->kernel, to->entries[i].name, other, sizeof(other)))
			return true;
	return false;
}

/* The image that was made for what is undone is made anew for what is current again. */
static void undo_image(const struct dg_transaction *t, const struct dg_manifest *from)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *to = manifest_of(t, t->intent.to);

	if (!t->recovering && !t->image_follows)
		(void)dg_bootimage_refresh(t->kernel, t->config, to, from, NULL);
}

/* Back to what was; when that cannot be, the intent stays for the next run. */
static int undo(struct dg_transaction *t, struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *from = manifest_of(t, t->intent.from);
	int r = switch_to(t, t->intent.from, d), depmod;

	if (r < 0)
		return r;
	/* Where depmod cannot run at all the old indexes stand, and may be right. */
	depmod = reindex(t, d);
	r = prove(t, from, depmod < 0 ? NULL : d);
	if (r == 0 && depmod < 0 && index_is_ahead(t, from))
		r = depmod;
	if (r < 0)
		return r;
	undo_image(t, from);
	drop_built(t);
	/* What is current again is withdrawn no longer. */
	(void)dg_withdrawn_update(t->root, t->store, t->intent.release, DG_ACTION_STAGE, NULL, from, NULL);
	return dg_intent_clear(t->root, t->store);
}

int dg_transaction_commit(struct dg_transaction *t, struct dg_diag *d)
{
	dg_auto_free char *before = NULL;
	int r;

	if (dg_interrupted()) {
		dg_transaction_abandon(t);
		return dg_interrupt_diag(d);
	}
	before = tell_guard(t);
	r = switch_to(t, t->intent.to, d);
	if (r < 0 && is_current(t, t->intent.from)) {
		dg_guard_put_back(t->root, before);
		dg_transaction_abandon(t);
		return r;
	}
	if (r == 0)
		r = settle(t, d);
	if (r < 0) {
		if (undo(t, NULL) == 0)
			dg_guard_put_back(t->root, before);
		return r;
	}
	r = dg_intent_clear(t->root, t->store);
	/* It is done all the same; the next run will find so. */
	return r < 0 ? cannot_clear(t->root, t->store, r, d) : 0;
}

/* Which side of the rename did it die on? */
static int go_on(struct dg_transaction *t, struct dg_diag *d)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	int r = dg_generation_current(t->store, t->kernel, &now);

	if (r < 0)
		return dg_diag_errno(d, r, t->intent.release, "look at what is staged");
	if (now->number != t->intent.to || now->link == DG_LINK_FOREIGN) {
		/* Somebody else's link by now is not ours to move. */
		t->intent.from = now->number == t->intent.from ? t->intent.from : now->number;
		if (now->link == DG_LINK_FOREIGN) {
			drop_built(t);
			r = dg_intent_clear(t->root, t->store);
		} else {
			r = undo(t, d);
		}
		return r < 0 ? r : DG_RECOVERY_UNDONE;
	}
	r = settle(t, d);
	if (r < 0)
		return undo(t, NULL) < 0 ? r : DG_RECOVERY_UNDONE;
	r = dg_intent_clear(t->root, t->store);
	return r < 0 ? r : DG_RECOVERY_FINISHED;
}

int dg_transaction_recover(const char *root, const char *store, struct dg_intent *ret, struct dg_diag *d)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	struct dg_transaction t = { .root = root, .store = store, .recovering = true };
	int r = dg_intent_read(root, store, &t.intent, d);

	*ret = t.intent;
	if (r == -ENOENT)
		return DG_RECOVERY_NONE;
	/* What cannot be believed says nothing; what it left is found by looking. */
	if (r == -EBADMSG) {
		r = dg_intent_clear(root, store);
		return r < 0 ? r : DG_RECOVERY_UNDONE;
	}
	if (r == 0)
		r = dg_kernel_open(root, t.intent.release, &k, d);
	if (r < 0 && r != -ENOENT)
		return r;
	t.kernel = k;
	if (r == 0 && k->modules_dir)
		dg_depmod_tidy(k->modules_dir);
	if (r == 0 && k->modules_dir)
		return go_on(&t, d);
	/* That kernel is gone, and with it what was to be staged for it. */
	drop_built(&t);
	r = dg_intent_clear(root, store);
	return r < 0 ? cannot_clear(root, store, r, d) : DG_RECOVERY_UNDONE;
}

static void remark(struct dg_diags *remarks, const struct dg_intent *i, int how)
{
	struct dg_diag d;

	dg_diag_set(&d, 0, i->release[0] ? i->release : NULL, "nothing is left to do about it",
		    "an interrupted %s was %s", i->release[0] ? dg_action_name(i->action) : "run",
		    how == DG_RECOVERY_FINISHED ? "finished" : "undone");
	dg_diags_add(remarks, &d);
}

int dg_transaction_lock(const char *root, const char *store, int *ret_lock, struct dg_diags *remarks, struct dg_diag *d)
{
	dg_auto_close int lock = -1;
	struct dg_intent intent;
	int r = dg_lock_take(root, store, &lock, d);

	if (r < 0)
		return r;
	dg_interrupt_defer();
	dg_intent_tidy(root, store);
	r = dg_transaction_recover(root, store, &intent, d);
	if (r < 0)
		return r;
	if (r != DG_RECOVERY_NONE)
		remark(remarks, &intent, r);
	*ret_lock = lock;
	lock = -1;
	return 0;
}
