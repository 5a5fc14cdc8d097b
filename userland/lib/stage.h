/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Staging: from what a survey found to a new current generation, in the order
 * plan, room, store, generation, switch, depmod, proof. Whatever fails before the
 * switch leaves everything as it was; what fails after it is switched back.
 */
#ifndef DG_STAGE_H
#define DG_STAGE_H

#include "survey.h"

enum dg_stage_step {
	DG_STAGE_KEPT,	 /* what is staged is right */
	DG_STAGE_STAGED, /* a new file is staged (or would be, in a dry run) */
	DG_STAGE_NONE,	 /* nothing to be had that matches */
	DG_STAGE_OLDER,	 /* a better verdict, but a lower version than the staged one */
};

struct dg_stage_options {
	bool dry_run;
	bool force;		  /* a lower version may replace a higher */
	const char *const *names; /* NULL: all; else ended by NULL */
};

struct dg_stage_item {
	const struct dg_standing *standing;
	enum dg_stage_step step;
	char shadowed_by[256]; /* after staging: another file that modprobe would take; "" none */
};

struct dg_stage_result {
	struct dg_stage_item *v;
	size_t n;
	unsigned int generation; /* the current one afterwards; 0 none */
	bool changed;		 /* a new generation was made current */
};

/*
 * Bring @s's kernel to what its candidates allow. The caller holds the lock.
 * -errno with @d when it could not be done; nothing is staged by halves then.
 */
int dg_stage_run(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result **ret,
		 struct dg_diag *d);
void dg_stage_result_free(struct dg_stage_result *r);
void dg_stage_result_freep(struct dg_stage_result **r);

/*
 * For the running kernel: lift the holds of drivers that match, set the others',
 * and bring the fixed places to where they belong. @remarks gets what was moved
 * aside. Tries all, returns the first error with @d.
 */
int dg_stage_settle(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d);

#endif
