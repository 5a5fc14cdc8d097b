// SPDX-License-Identifier: GPL-2.0-or-later
/* Back to the generation before, or to one that is named. */
#include "cmd.h"
#include "job.h"
#include "lib/rollback.h"
#include "recording.h"
#include "report.h"
#include "settling.h"

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	struct dg_changes changes = { 0 };
	struct dg_diag d = { 0 };
	int r = dg_rollback_run(c->root, job->config, k, c->to, c->force, c->dry_run, &changes, &d);

	if (r == 0) {
		dg_report_changes(job->list, k, &changes, "withdrawn", c);
		if (!c->dry_run)
			dg_record_changes(job, k, &changes, "rollback");
		if (!c->dry_run)
			r = dg_settle_job(job, k, &d);
	}
	if (r < 0) {
		if (!c->dry_run)
			dg_record_failure(job, k, "rollback", r, &d);
		dg_job_error(job, r, &d);
	}
	dg_changes_free(&changes);
}

enum dg_exit cmd_rollback(const struct dg_context *c)
{
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (dg_job_begin(&job, c) && dg_job_lock(&job, &lock)) {
		dg_job_each_kernel(&job, one_kernel);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
