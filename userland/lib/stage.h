/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Staging: from what a survey found to a new current generation, in the order
 * plan, room, intent, store, generation, switch, depmod, proof. Whatever fails
 * before the switch leaves everything as it was; what fails after it is switched
 * back (transaction.h).
 */
#ifndef DG_STAGE_H
#define DG_STAGE_H

#include "plan.h"

/*
 * Bring @s's kernel to what its candidates allow. The caller holds the lock.
 * -errno with @d when it could not be done; nothing is staged by halves then.
 */
int dg_stage_run(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result **ret,
		 struct dg_diag *d);
void dg_stage_result_free(struct dg_stage_result *r);
void dg_stage_result_freep(struct dg_stage_result **r);

#endif
