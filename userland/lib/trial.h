/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generation on trial: the boot it is tried in confirms it, or the next one
 * goes back. STORE/kernels/RELEASE/trial, a record (record.h):
 *
 *   drvguard-trial 1
 *   generation NUMBER    on trial, as long as it is the current one
 *   revert NUMBER        what to go back to; 0: nothing staged
 *   boot BOOT-ID|-       the boot it is tried in; -: it was not booted yet
 */
#ifndef DG_TRIAL_H
#define DG_TRIAL_H

#include "diag.h"

#define DG_BOOT_ID_LEN 40

struct dg_trial {
	unsigned int generation, revert;
	char boot[DG_BOOT_ID_LEN];
};

/* -ENOENT: nothing is on trial. */
int dg_trial_read(const char *root, const char *store, const char *release, struct dg_trial *ret, struct dg_diag *d);
int dg_trial_write(const char *root, const char *store, const char *release, const struct dg_trial *t,
		   struct dg_diag *d);
int dg_trial_clear(const char *root, const char *store, const char *release);

/* Whether @current is on trial, and *ret is how. */
bool dg_trial_is_on(const char *root, const char *store, const char *release, unsigned int current,
		    struct dg_trial *ret);
/* What was staged on top of trial generation @from is on trial with it, as @to. Nothing on trial is fine. */
int dg_trial_carry(const char *root, const char *store, const char *release, unsigned int from, unsigned int to,
		   struct dg_diag *d);
/* Generation @to, which was to come after @from, is not to be: its trial ends, or is @from's again. */
void dg_trial_undo(const char *root, const char *store, const char *release, unsigned int to, unsigned int from);
/* Whether it was tried in an earlier boot than @boot_id, which nobody confirmed. */
bool dg_trial_is_over(const struct dg_trial *t, const char *boot_id);

#endif
