// SPDX-License-Identifier: GPL-2.0-or-later
/* Confirm: a trial is kept, and what was loaded is not suspected any more. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/attempt.h"
#include "lib/generation.h"
#include "lib/running.h"
#include "lib/trial.h"
#include "report.h"

/* With --boot only what this very boot has tried; @boot is NULL without. */
static int commit_trial(struct dg_job *job, struct dg_kernel *k, const char *boot, bool *ret_done, struct dg_diag *d)
{
	const struct dg_context *c = job->context;
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	struct dg_trial trial;
	int r = dg_generation_current(job->config->store, k, &now);

	*ret_done = false;
	if (r < 0)
		return dg_diag_errno(d, r, k->release, "look at what is staged");
	if (!dg_trial_is_on(c->root, job->config->store, k->release, now->number, &trial) ||
	    (boot && !dg_streq(trial.boot, boot)))
		return 0;
	r = dg_trial_clear(c->root, job->config->store, k->release);
	if (r < 0)
		return dg_diag_errno(d, r, k->release, "confirm the trial");
	*ret_done = true;
	dg_job_record(job, &(struct dg_event){ .action = "commit", .kernel = k->release, .generation_to = now->number },
		      1);
	return 0;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	struct json_object *o = json_object_new_object();
	char boot[DG_BOOT_ID_LEN];
	struct dg_diag d = { 0 };
	size_t n = 0;
	bool done;
	int r;

	dg_running_boot_id(c->root, boot, sizeof(boot));
	r = commit_trial(job, k, c->boot ? boot : NULL, &done, &d);
	if (r == 0)
		r = dg_attempt_clear(c->root, job->config->store, c->boot ? boot : NULL, &n, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	json_object_object_add(o, "kernel", dg_json_kernel(k));
	json_object_object_add(o, "trial_confirmed", json_object_new_boolean(done));
	json_object_object_add(o, "loads_confirmed", json_object_new_int64((int64_t)n));
	json_object_array_add(job->list, o);
	if (c->json || c->quiet || r < 0)
		return;
	printf("kernel %s: %s", k->release,
	       done	 ? "the trial is confirmed"
	       : c->boot ? "no trial of this boot"
			 : "nothing was on trial");
	printf(n ? "; %zu load%s confirmed\n" : "\n", n, n == 1 ? "" : "s");
}

enum dg_exit cmd_commit(const struct dg_context *c)
{
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (dg_job_begin(&job, c) && dg_job_lock(&job, &lock)) {
		dg_job_each_kernel(&job, one_kernel);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
