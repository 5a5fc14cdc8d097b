/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking a driver out of a kernel; what it superseded comes back, as far as it is kept. */
#ifndef DG_REMOVE_H
#define DG_REMOVE_H

#include "config.h"
#include "generation.h"

/*
 * Stage @k's current generation anew without @names (ended by NULL), or with
 * the version that was staged before each. The caller holds the lock. *ret is
 * what it changes (or would, in a @dry_run); free with dg_changes_free(). -ENOENT:
 * one of them is not staged.
 */
int dg_remove_run(const char *root, const struct dg_config *config, struct dg_kernel *k, const char *const *names,
		  bool dry_run, struct dg_changes *ret, struct dg_diag *d);

#endif
