/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel made ready for its next boot: survey, stage, survey again. Nothing is
 * loaded, held or put into a fixed place, which is for the kernel that runs (repair.h).
 */
#ifndef DG_READY_H
#define DG_READY_H

#include "stage.h"

struct dg_ready {
	struct dg_survey *before;
	struct dg_stage_result *staged; /* NULL when staging failed: ->stage_problem */
	int stage_error;
	struct dg_diag stage_problem;
	struct dg_survey *after;
};

/*
 * The caller holds the lock. @image_follows as in struct dg_stage_options. -errno with
 * @d only when nothing could be found out; what failed on the way is in *ret. Free with dg_ready_free().
 */
int dg_ready_make(const char *root, const struct dg_config *config, struct dg_kernel *kernel, bool image_follows,
		  struct dg_ready **ret, struct dg_diag *d);
/* The same without a change, for who cannot have the lock. */
int dg_ready_look(const char *root, const struct dg_config *config, struct dg_kernel *kernel, struct dg_ready **ret,
		  struct dg_diag *d);
void dg_ready_free(struct dg_ready *r);
void dg_ready_freep(struct dg_ready **r);

/* Whether that kernel, as it is installed, has each of its drivers. */
bool dg_ready_is(const struct dg_survey *s);

#endif
