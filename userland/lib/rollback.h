/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going back to an earlier generation: one rename, no new driver, so that it takes no room but the indexes'. */
#ifndef DG_ROLLBACK_H
#define DG_ROLLBACK_H

#include "config.h"
#include "generation.h"

/*
 * Make an earlier generation of @k current. @to is its number, or 0 for the one
 * before the current one that is kept whole. Every file in it is checked first, and
 * judged unless @force. The caller holds the lock. *ret is what it changes (or
 * would, in a @dry_run); free with dg_changes_free(). -ENOENT: none is kept.
 */
int dg_rollback_run(const char *root, const struct dg_config *config, struct dg_kernel *k, unsigned int to, bool force,
		    bool dry_run, struct dg_changes *ret, struct dg_diag *d);

/*
 * If the current generation of the running @k is on trial, was tried in another
 * boot than @boot_id and never confirmed: go back to what was before it. Returns 1
 * and *ret when it did, 0 when there was nothing to do.
 */
int dg_rollback_trial(const char *root, const struct dg_config *config, struct dg_kernel *k, const char *boot_id,
		      struct dg_changes *ret, struct dg_diag *d);

#endif
