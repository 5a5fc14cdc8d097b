/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands did, as events of the history: dg_job_record() with what each result holds. */
#ifndef DG_RECORDING_H
#define DG_RECORDING_H

#include "job.h"
#include "lib/repair.h"

/* A stage of @s's kernel: one event a driver that was staged, or was to be and @err kept it from that. */
void dg_record_stage(const struct dg_job *job, const struct dg_survey *s, const struct dg_stage_result *r,
		     const char *action, int err);
/* A stage that @err ended before there was a result. */
void dg_record_failure(const struct dg_job *job, const struct dg_kernel *k, const char *action, int err,
		       const struct dg_diag *why);
void dg_record_changes(const struct dg_job *job, const struct dg_kernel *k, const struct dg_changes *c,
		       const char *action);
/* All of a repair: what was recovered, reverted, staged, loaded. */
void dg_record_repair(const struct dg_job *job, const struct dg_repair *r);
/* The drivers that @s's kernel lacks. */
void dg_record_lacks(const struct dg_job *job, const struct dg_survey *s);
void dg_record_recovery(const struct dg_job *job, const struct dg_diags *recovered);

#endif
