/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole job for one kernel, once: survey, stage, survey again, verify,
 * settle holds and fixed places, load what may be loaded. `drvguard repair`,
 * the boot units and watch are this one way, and differ in what they print.
 */
#ifndef DG_REPAIR_H
#define DG_REPAIR_H

#include "stage.h"
#include "verify.h"

enum dg_load_outcome {
	DG_LOAD_NO_MATCH,    /* nothing to load */
	DG_LOAD_NOT_RUNNING, /* another kernel than the running one */
	DG_LOAD_NOT_ASKED,   /* not loaded; load = never, or this run loads nothing */
	DG_LOAD_ALREADY,     /* loaded is what is staged */
	DG_LOAD_DONE,	     /* loaded now */
	DG_LOAD_REBOOT,	     /* another file is loaded */
	DG_LOAD_FAILED,
	DG_LOAD_SUSPECT, /* its last load ended in an unclean boot */
};

enum dg_repair_flags {
	DG_REPAIR_EARLY = 1 << 0, /* from the root file system alone, and load nothing */
	DG_REPAIR_HEAL = 1 << 1,  /* mend what is kept, too (heal.h) */
};

struct dg_repair {
	struct dg_changes reverted; /* by the end of a trial; ->from 0: nothing */
	struct dg_survey *before;
	struct dg_stage_result *staged; /* NULL when staging failed: ->stage_problem */
	int stage_error;
	struct dg_diag stage_problem;
	struct dg_survey *after;      /* ->before itself, where early in boot nothing was done */
	struct dg_verified *verified; /* NULL early in boot */
	int settle_error;
	struct dg_diag settle_problem;
	struct dg_diags recovered; /* what an interrupted run left, finished or undone */
	struct dg_diags remarks;
	enum dg_load_outcome *load; /* one a standing of ->after */
	int *load_error;	    /* -errno beside DG_LOAD_FAILED */
};

/*
 * Takes the writers' lock. -errno with @d only when nothing could be found out;
 * what failed on the way is in *ret. Free with dg_repair_free().
 */
int dg_repair_run(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		  struct dg_repair **ret, struct dg_diag *d);
void dg_repair_free(struct dg_repair *r);
void dg_repair_freep(struct dg_repair **r);

#endif
