// SPDX-License-Identifier: GPL-2.0-or-later
#include "readying.h"

#include <errno.h>
#include <syslog.h>

#include "lib/fs.h"
#include "lib/transaction.h"
#include "motd.h"
#include "recording.h"
#include "report.h"
#include "waiting.h"

void dg_tell_loudly(const struct dg_job *job, const struct dg_diag *d)
{
	dg_report_error(0, d);
	if (!dg_streq(job->context->root, "/"))
		return;
	openlog("drvguard", LOG_PID, LOG_DAEMON);
	syslog(LOG_ERR, "%s: %s; %s", d->where, d->what, d->cure);
	closelog();
}

static void tell(const struct dg_job *job, const struct dg_diag *d, bool loudly)
{
	if (loudly)
		dg_tell_loudly(job, d);
	else
		dg_report_error(0, d);
}

static void tell_match(const struct dg_ready *r, size_t i)
{
	const struct dg_standing *st = &r->after->v[i];
	bool fresh = r->staged && r->staged->v[i].step == DG_STAGE_STAGED;

	printf("kernel %s: %s %s, %s: %s%s\n", r->after->kernel->release, st->driver->name,
	       dg_show(st->staged.file->version), dg_verdict_name(st->staged.judgement->verdict),
	       fresh ? "staged from " : "in place",
	       fresh ? dg_show(dg_stage_choice(&r->staged->v[i])->file->path) : "");
}

static struct json_object *to_json(const struct dg_ready *r)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "kernel", dg_json_kernel(r->after->kernel));
	json_object_object_add(o, "changed", json_object_new_boolean(r->staged && r->staged->changed));
	for (size_t i = 0; i < r->after->n; i++)
		json_object_array_add(list, dg_json_standing(&r->after->v[i]));
	json_object_object_add(o, "drivers", list);
	json_object_object_add(o, "problems", dg_json_problems(&r->after->problems));
	return o;
}

/* Why it could not be staged, as a problem of that kernel; NULL: it could, or there is no need. */
static const struct dg_diag *why_not(const struct dg_ready *r, const struct dg_diag *lock_problem, struct dg_diag *d)
{
	const struct dg_diag *why = r->stage_error < 0 ? &r->stage_problem : lock_problem;
	dg_auto_free char *where = dg_format("kernel %s", r->after->kernel->release);

	if (!why || (r->stage_error == 0 && dg_ready_is(r->after)))
		return NULL;
	dg_diag_set(d, 0, where, why->cure[0] ? why->cure : "run drvguard stage for it",
		    "nothing could be staged: %s%s%s", why->where, why->where[0] ? ": " : "",
		    why->what[0] ? why->what : strerror(ENOMEM));
	return d;
}

size_t dg_ready_report(struct dg_job *job, const struct dg_ready *r, const struct dg_diag *lock_problem, bool loudly)
{
	const struct dg_survey *s = r->after;
	const struct dg_diag *problem;
	struct dg_diag d, why;

	dg_report_problems(&s->problems);
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].match != DG_MATCH)
			tell(job, (dg_motd_lack(s, &s->v[i], &d), &d), loudly);
		else if (!job->context->json)
			tell_match(r, i);
	}
	problem = why_not(r, lock_problem, &why);
	if (problem)
		tell(job, problem, loudly);
	dg_motd_post(s, problem);
	if (r->staged && r->staged->image_problem.what[0])
		tell(job, &r->staged->image_problem, loudly);
	if (r->staged)
		dg_record_stage(job, r->before, r->staged, "stage", 0);
	else if (r->stage_error < 0)
		dg_record_failure(job, s->kernel, "stage", r->stage_error, &r->stage_problem);
	json_object_array_add(job->list, to_json(r));
	return dg_waiting_record(s);
}

static size_t ready_one(struct dg_job *job, const char *release)
{
	const struct dg_context *c = job->context;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_ready_freep) struct dg_ready *r = NULL;
	dg_auto_close int lock = -1;
	struct dg_diag d = { 0 };
	int err = dg_kernel_open(c->root, release, &k, &d);

	if (err == 0 && dg_job_lock(job, &lock)) {
		err = dg_ready_make(c->root, job->config, k, false, &r, &d);
		if (err == 0)
			return dg_ready_report(job, r, NULL, false);
	}
	if (err < 0)
		dg_job_error(job, err, &d);
	/* What cannot be looked at now is not waited for. */
	return 0;
}

size_t dg_ready_waiting(struct dg_job *job, const char *running)
{
	dg_auto(dg_strv_freep) char **releases = dg_waiting_releases(job->context->root);
	size_t n = 0;

	for (char **release = releases; release && *release; release++)
		if (!dg_streq(*release, running))
			n += ready_one(job, *release);
	return n;
}
