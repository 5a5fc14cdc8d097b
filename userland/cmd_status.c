// SPDX-License-Identifier: GPL-2.0-or-later
/* A line a driver: how it stands, and what to do about it. */
#include "cmd.h"
#include "job.h"
#include "lib/guard.h"
#include "report.h"

struct status {
	struct dg_job job; /* first: what each call gets leads to it */
	struct dg_facts *facts;
	struct dg_guard_load *loads; /* the guard's ledger, if there is one for us to read */
	size_t n_loads;
};

/* "1.2 exact", "exact" for a driver without a version. */
static void staged_cell(const struct dg_standing *st, char *buf, size_t size)
{
	const char *version = st->staged.file ? st->staged.file->version : "unreadable";
	const char *verdict = st->staged.judgement ? dg_verdict_name(st->staged.judgement->verdict) : "";

	buf[0] = '\0';
	if (!st->staged_path)
		return;
	snprintf(buf, size, "%s%s%s%s", version, *version && *verdict ? " " : "", verdict,
		 st->mounted.active ? " (mounted)"
		 : st->staged_ours  ? ""
				    : " (not by drvguard)");
	dg_printable(buf);
}

static const char *loaded_cell(const struct dg_standing *st)
{
	if (!st->loaded.loaded)
		return st->held ? "held" : "no";
	return st->loaded_is_staged ? "yes" : "other";
}

static void depot_cell(const struct dg_standing *st, char *buf, size_t size)
{
	if (st->depot_unreadable)
		snprintf(buf, size, "unreadable");
	else if (st->depot != DG_DEPOT_PRESENT)
		snprintf(buf, size, "%s",
			 st->depot == DG_DEPOT_EMPTY	? "empty"
			 : st->depot == DG_DEPOT_SILENT ? "silent"
							: "absent");
	else
		snprintf(buf, size, "%zu file%s", st->n_candidates, st->n_candidates == 1 ? "" : "s");
}

static void row(const struct dg_survey *s, const struct dg_standing *st, struct dg_table *t)
{
	char staged[96], depot[32], advice[200];

	staged_cell(st, staged, sizeof(staged));
	depot_cell(st, depot, sizeof(depot));
	dg_standing_advice(s, st, advice, sizeof(advice));
	dg_table_row(t, st->driver->name, st->state, dg_paint(st->match, dg_match_name(st->match)), staged,
		     s->running ? loaded_cell(st) : NULL, depot,
		     st->driver->path && s->running ? dg_place_state_name(st->place) : NULL, advice);
}

/* How long after the kernel's start the staged driver was in, in seconds; 0: not yet, or nobody knows. */
static double in_after(const struct status *status, const struct dg_survey *s, const struct dg_standing *st)
{
	for (size_t i = 0; s->running && st->loaded.loaded && st->loaded_is_staged && i < status->n_loads; i++) {
		const struct dg_guard_load *l = &status->loads[i];

		/* Another build of that name was no protection. */
		if (l->live > 0 && dg_modname_equal(l->name, st->driver->name) &&
		    dg_streq(l->build_id, st->loaded.build_id))
			return l->live;
	}
	return 0;
}

static void print_text(const struct status *status, const struct dg_survey *s)
{
	const struct dg_job *job = &status->job;
	struct dg_table t;
	char level[160];

	dg_level_format(&s->kernel->level, level, sizeof(level));
	printf("kernel %s%s  %s\n", s->kernel->release, s->running ? " (running)" : "", level);
	dg_table_begin(&t, 8);
	dg_table_row(&t, "DRIVER", "STATE", "MATCH", "STAGED", "LOADED", "DEPOT", "PLACE", "NEXT");
	for (size_t i = 0; i < s->n; i++)
		if (dg_modname_in(job->names, s->v[i].driver->name))
			row(s, &s->v[i], &t);
	dg_table_end(&t, true);
	for (size_t i = 0; i < s->n; i++) {
		char cause[500];

		dg_standing_cause(&s->v[i], cause, sizeof(cause));
		if (job->context->quiet || !dg_modname_in(job->names, s->v[i].driver->name))
			continue;
		if (*cause)
			printf("%s: %s\n", s->v[i].driver->name, cause);
		if (in_after(status, s, &s->v[i]) > 0)
			printf("%s: unprotected for %.1f s, until it was loaded\n", s->v[i].driver->name,
			       in_after(status, s, &s->v[i]));
	}
}

static struct json_object *standing_to_json(const struct status *status, const struct dg_survey *s,
					    const struct dg_standing *st)
{
	struct json_object *o = dg_json_standing(st);
	double after = in_after(status, s, st);
	char advice[200];

	dg_standing_advice(s, st, advice, sizeof(advice));
	dg_json_string(o, "next", *advice ? advice : NULL);
	json_object_object_add(o, "unprotected_seconds", after > 0 ? json_object_new_double(after) : NULL);
	return o;
}

static struct json_object *to_json(const struct status *status, const struct dg_survey *s)
{
	const struct dg_job *job = &status->job;
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "kernel", dg_json_kernel(s->kernel));
	json_object_object_add(o, "running", json_object_new_boolean(s->running));
	for (size_t i = 0; i < s->n; i++)
		if (dg_modname_in(job->names, s->v[i].driver->name))
			json_object_array_add(list, standing_to_json(status, s, &s->v[i]));
	json_object_object_add(o, "drivers", list);
	json_object_object_add(o, "problems", dg_json_problems(&s->problems));
	return o;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct status *status = (const struct status *)job;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	int r = dg_survey_take_kept(job->context->root, job->config, k, status->facts, &s, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	if (!job->context->quiet)
		dg_report_problems(&s->problems);
	if (job->context->json)
		json_object_array_add(job->list, to_json(status, s));
	else
		print_text(status, s);
	for (size_t i = 0; i < s->n; i++)
		if (dg_modname_in(job->names, s->v[i].driver->name))
			dg_job_raise(job, dg_exit_of_standing(s, &s->v[i]));
}

enum dg_exit cmd_status(const struct dg_context *c)
{
	dg_auto(dg_facts_freep) struct dg_facts *facts = NULL;
	struct status status = { 0 };
	struct dg_job *job = &status.job;
	int r;

	if (!dg_job_begin(job, c) || !dg_job_take_names(job))
		return dg_job_end(job);
	(void)dg_guard_loads(c->root, &status.loads, &status.n_loads, NULL);
	r = dg_facts_open(c->root, &facts);
	status.facts = facts;
	if (r < 0)
		dg_job_error(job, r, &(struct dg_diag){ 0 });
	else
		dg_job_each_kernel(job, one_kernel);
	dg_job_print(job);
	free(status.loads);
	return dg_job_end(job);
}
