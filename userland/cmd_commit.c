// SPDX-License-Identifier: GPL-2.0-or-later
/* Confirm: a trial is kept, and what was loaded is not suspected any more. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/attempt.h"
#include "lib/guard.h"
#include "lib/survey.h"
#include "report.h"
#include "settling.h"

static int end_trial(struct dg_job *job, const struct dg_survey *s, struct dg_diag *d)
{
	const char *release = s->kernel->release;
	int r = dg_trial_clear(s->root, job->config->store, release);

	if (r < 0)
		return dg_diag_errno(d, r, release, "confirm the trial");
	dg_job_record(
		job,
		&(struct dg_event){ .action = "commit", .kernel = release, .generation_to = s->generation->number }, 1);
	return 1;
}

static bool is_loaded(const struct dg_standing *st)
{
	return st->loaded.loaded && st->loaded_is_staged && st->staged.file;
}

/* In this very boot, and not by name alone: what is on trial is loaded. */
static bool was_tried(const struct dg_survey *s)
{
	if (!dg_streq(s->trial.boot, s->boot_id))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].on_trial && !is_loaded(&s->v[i]))
			return false;
	return true;
}

/* By hand everything is confirmed; for a good boot what has shown itself to be; for a clean stop nothing is. */
static int commit_trial(struct dg_job *job, const struct dg_survey *s, struct dg_diag *d)
{
	const struct dg_context *c = job->context;

	if (!s->trial.generation || c->stop || (c->boot && !was_tried(s)))
		return 0;
	return end_trial(job, s, d);
}

static int confirm_loaded(struct dg_job *job, const struct dg_survey *s, size_t *ret_n, struct dg_diag *d)
{
	int r = 0;

	for (size_t i = 0; i < s->n && r >= 0; i++) {
		const struct dg_standing *st = &s->v[i];
		struct dg_attempt a = { .name = st->driver->name, .release = s->kernel->release, .boot = s->boot_id };

		if (!s->running || !is_loaded(st))
			continue;
		a.sha256 = st->staged.file->sha256;
		r = dg_attempt_confirm(s->root, job->config->store, &a, d);
		*ret_n += r > 0;
	}
	if (r >= 0)
		r = dg_guard_confirm(s, d);
	*ret_n += r > 0;
	return r < 0 ? r : 0;
}

static int commit_loads(struct dg_job *job, const struct dg_survey *s, size_t *ret_n, struct dg_diag *d)
{
	const struct dg_context *c = job->context;
	size_t n = 0;
	int r = c->stop ? 0 : confirm_loaded(job, s, ret_n, d);

	if (r == 0 && !c->boot)
		r = dg_attempt_clear(s->root, job->config->store, c->stop ? s->boot_id : NULL, &n, d);
	*ret_n += n;
	return r;
}

static void report(struct dg_job *job, const struct dg_kernel *k, bool trial, size_t n)
{
	const struct dg_context *c = job->context;
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "kernel", dg_json_kernel(k));
	json_object_object_add(o, "trial_confirmed", json_object_new_boolean(trial));
	json_object_object_add(o, "loads_confirmed", json_object_new_int64((int64_t)n));
	json_object_array_add(job->list, o);
	if (c->json || c->quiet)
		return;
	printf("kernel %s: %s", k->release,
	       trial	 ? "the trial is confirmed"
	       : c->boot ? "no trial that shows itself good"
			 : "nothing was on trial");
	printf(n ? "; %zu load%s confirmed\n" : "\n", n, n == 1 ? "" : "s");
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	size_t n = 0;
	int trial = 0, r = dg_survey_take(c->root, job->config, k, DG_SURVEY_NO_DEPOT, &s, &d);

	if (r == 0)
		r = trial = commit_trial(job, s, &d);
	if (r >= 0)
		r = commit_loads(job, s, &n, &d);
	/* What was held for its suspicion may load again. */
	if (r == 0 && !c->boot && !c->stop)
		r = dg_settle_job(job, k, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	else
		report(job, k, trial > 0, n);
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
