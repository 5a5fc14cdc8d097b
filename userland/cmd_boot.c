// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Early boot, before anything loads modules: the root file system is all there
 * is. What matches may load; what does not is replaced from the store or held.
 */
#include "cmd.h"
#include "job.h"
#include "lib/cachefile.h"
#include "lib/repair.h"
#include "recording.h"
#include "report.h"
#include "waiting.h"

static void tell(const struct dg_repair *r, size_t i)
{
	const struct dg_standing *before = &r->before->v[i], *after = &r->after->v[i];
	char cause[500];

	if (after->match == DG_MATCH && after->suspect) {
		dg_standing_cause(after, cause, sizeof(cause));
		printf("%s: matches kernel %s, but %s\n", after->driver->name, r->after->kernel->release, cause);
		return;
	}
	if (after->match == DG_MATCH && before->match == DG_MATCH) {
		printf("%s: matches kernel %s\n", after->driver->name, r->after->kernel->release);
		return;
	}
	dg_standing_cause(before, cause, sizeof(cause));
	if (before->staged_path && before->match != DG_MATCH)
		printf("%s: mismatch: %s\n", before->driver->name, cause);
	if (after->match == DG_MATCH)
		printf("%s: staged from the store for kernel %s\n", after->driver->name, r->after->kernel->release);
	else
		printf("%s: %s; kept from loading until a match is staged\n", after->driver->name,
		       after->match == DG_WAITING ? "waiting for the depot" : "no match");
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	dg_auto(dg_repair_freep) struct dg_repair *r = NULL;
	struct dg_diag d = { 0 };
	int err = dg_repair_run(job->context->root, job->config, k, DG_REPAIR_EARLY, &r, &d);

	if (err < 0) {
		dg_job_error(job, err, &d);
		return;
	}
	dg_report_problems(&r->before->problems);
	dg_report_problems(&r->recovered);
	dg_report_problems(&r->remarks);
	if (r->stage_error < 0)
		dg_report_error(r->stage_error, &r->stage_problem);
	if (r->settle_error < 0)
		dg_job_error(job, r->settle_error, &r->settle_problem);
	if (r->reverted.from && !job->context->quiet)
		printf("the trial of generation %u was not confirmed: back to %u\n", r->reverted.from, r->reverted.to);
	for (size_t i = 0; i < r->after->n; i++) {
		if (!job->context->quiet)
			tell(r, i);
		dg_job_raise(job, dg_exit_of_standing(r->after, &r->after->v[i]));
	}
	(void)dg_waiting_record(r->after);
	dg_record_repair(job, r);
}

enum dg_exit cmd_boot(const struct dg_context *c)
{
	struct dg_job job;

	dg_cachefile_forgo();
	if (dg_job_begin(&job, c)) {
		job.early = true;
		dg_job_each_kernel(&job, one_kernel);
	}
	return dg_job_end(&job);
}
