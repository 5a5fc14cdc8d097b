/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of what is current for one kernel, survivable at any point:
 *
 *   begin    the intent is recorded and synced
 *            the caller fills the store and builds the generation, if it is new
 *   commit   one rename makes it current; depmod; libkmod confirms; what was
 *            taken out is listed as withdrawn; the intent is cleared
 *
 * A run that dies before the rename is undone by the next one, one that dies
 * after it is finished. The caller holds the lock (lock.h) throughout.
 */
#ifndef DG_TRANSACTION_H
#define DG_TRANSACTION_H

#include "config.h"
#include "generation.h"
#include "intent.h"

struct dg_transaction {
	const char *root, *store;
	const struct dg_config *config; /* NULL: of what another run left */
	struct dg_kernel *kernel;
	struct dg_intent intent;
	bool recovering;    /* what another run left: nothing slow, and nothing thrown away that may be of use */
	bool image_follows; /* set between begin and commit: the caller's caller makes the initramfs, or a later run */
	struct dg_diag image_problem; /* why the initramfs is not as it should be, though all else is done */
};

/*
 * Record that @action takes @kernel from generation @from to @to; 0 stands for
 * none. -ECANCELED: a signal asked to stop (interrupt.h).
 */
int dg_transaction_begin(struct dg_transaction *t, const char *root, const struct dg_config *config,
			 struct dg_kernel *kernel, enum dg_action action, unsigned int from, unsigned int to,
			 struct dg_diag *d);

/* Make it so. On failure everything is as before dg_transaction_begin(), and @d says why. */
int dg_transaction_commit(struct dg_transaction *t, struct dg_diag *d);

/* Give up before the commit: what was built goes, and what nobody else needs in the store. */
void dg_transaction_abandon(struct dg_transaction *t);

/*
 * How every command that writes begins: take the lock, note signals instead of
 * dying of them, and finish or undo what an interrupted run left, which is told
 * in @remarks. *ret_lock: close it to let go.
 */
int dg_transaction_lock(const char *root, const char *store, int *ret_lock, struct dg_diags *remarks,
			struct dg_diag *d);

enum dg_recovery { DG_RECOVERY_NONE, DG_RECOVERY_FINISHED, DG_RECOVERY_UNDONE };

/* Finish or undo what an interrupted run left: one of the above, *ret what it was; or -errno. */
int dg_transaction_recover(const char *root, const char *store, struct dg_intent *ret, struct dg_diag *d);

#endif
