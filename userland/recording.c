// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording.h"

#include "report.h"

/* Events gathered for one dg_job_record(); they borrow their texts. */
struct gathering {
	struct dg_event *v;
	size_t n;
};

/* Memory that runs out loses the record, never the work. */
static struct dg_event *add(struct gathering *g, const char *action, const char *kernel)
{
	if (DG_GROW(g->v, g->n) < 0)
		return NULL;
	g->v[g->n] = (struct dg_event){ .action = action, .kernel = kernel };
	return &g->v[g->n++];
}

/* What changed nothing is not history. */
static void record(const struct dg_job *job, struct gathering *g)
{
	if (g->n)
		dg_job_record(job, g->v, g->n);
	free(g->v);
}

static void add_staged(struct gathering *g, const struct dg_survey *s, const struct dg_stage_result *r,
		       const char *action, int err)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct dg_stage_item *item = &r->v[i];
		const struct dg_candidate *to = dg_stage_choice(item), *from = &item->standing->staged;
		struct dg_event *e = item->step == DG_STAGE_STAGED ? add(g, action, s->kernel->release) : NULL;

		if (!e)
			continue;
		e->driver = item->standing->driver->name;
		e->generation_from = r->before;
		e->generation_to = err ? 0 : r->generation;
		if (item->standing->staged_ours && from->file) {
			e->version_from = from->file->version;
			e->sha256_from = from->file->sha256;
		}
		e->version_to = to->file->version;
		e->sha256_to = to->file->sha256;
		e->verdict = dg_verdict_name(to->judgement->verdict);
		e->detail = to->file->path;
		e->result = -err;
	}
}

void dg_record_stage(const struct dg_job *job, const struct dg_survey *s, const struct dg_stage_result *r,
		     const char *action, int err)
{
	struct gathering g = { 0 };

	if (r->changed || err)
		add_staged(&g, s, r, action, err);
	record(job, &g);
}

void dg_record_failure(const struct dg_job *job, const struct dg_kernel *k, const char *action, int err,
		       const struct dg_diag *why)
{
	struct gathering g = { 0 };
	struct dg_event *e = add(&g, action, k->release);

	if (e) {
		e->result = -err;
		e->detail = why->what;
	}
	record(job, &g);
}

static void add_changes(struct gathering *g, const struct dg_kernel *k, const struct dg_changes *c, const char *action)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct dg_change *one = &c->v[i];
		struct dg_event *e = add(g, action, k->release);

		if (!e)
			continue;
		e->driver = one->name;
		e->generation_from = c->from;
		e->generation_to = c->to;
		e->version_from = one->sha256_from[0] ? one->version_from : NULL;
		e->version_to = one->sha256_to[0] ? one->version_to : NULL;
		e->sha256_from = one->sha256_from;
		e->sha256_to = one->sha256_to;
		e->verdict = one->sha256_to[0] ? dg_verdict_name(one->verdict) : NULL;
	}
}

void dg_record_changes(const struct dg_job *job, const struct dg_kernel *k, const struct dg_changes *c,
		       const char *action)
{
	struct gathering g = { 0 };

	add_changes(&g, k, c, action);
	record(job, &g);
}

static void add_loads(struct gathering *g, const struct dg_repair *r)
{
	for (size_t i = 0; i < r->after->n; i++) {
		const struct dg_standing *st = &r->after->v[i];
		bool tried = r->load[i] == DG_LOAD_DONE || r->load[i] == DG_LOAD_FAILED;
		struct dg_event *e = tried ? add(g, "load", r->after->kernel->release) : NULL;

		if (!e)
			continue;
		e->driver = st->driver->name;
		e->version_to = st->staged.file->version;
		e->sha256_to = st->staged.file->sha256;
		e->verdict = dg_verdict_name(st->staged.judgement->verdict);
		e->result = -r->load_error[i];
	}
}

static void add_recoveries(struct gathering *g, const struct dg_diags *recovered)
{
	for (size_t i = 0; i < recovered->n; i++) {
		struct dg_event *e = add(g, "recover", recovered->v[i].where);

		if (e)
			e->detail = recovered->v[i].what;
	}
}

/* Staged again in place of a file that was damaged. */
static bool heals(const struct dg_repair *r)
{
	for (size_t i = 0; i < r->before->n; i++)
		if (r->before->v[i].broken)
			return true;
	return false;
}

void dg_record_repair(const struct dg_job *job, const struct dg_repair *r)
{
	struct gathering g = { 0 };
	struct dg_event *e;

	add_recoveries(&g, &r->recovered);
	add_changes(&g, r->after->kernel, &r->reverted, "revert");
	if (r->staged && r->staged->changed)
		add_staged(&g, r->before, r->staged, heals(r) ? "heal" : "stage", 0);
	if (r->stage_error < 0 && (e = add(&g, "stage", r->after->kernel->release))) {
		e->result = -r->stage_error;
		e->detail = r->stage_problem.what;
	}
	add_loads(&g, r);
	record(job, &g);
}

void dg_record_lacks(const struct dg_job *job, const struct dg_survey *s)
{
	dg_auto_free char(*causes)[400] = calloc(s->n + 1, sizeof(*causes));
	struct gathering g = { 0 };

	for (size_t i = 0; causes && i < s->n; i++) {
		struct dg_event *e = s->v[i].match == DG_MATCH ? NULL : add(&g, "lack", s->kernel->release);

		if (!e)
			continue;
		dg_standing_cause(&s->v[i], causes[i], sizeof(causes[i]));
		e->driver = s->v[i].driver->name;
		e->detail = causes[i];
	}
	record(job, &g);
}

void dg_record_recovery(const struct dg_job *job, const struct dg_diags *recovered)
{
	struct gathering g = { 0 };

	add_recoveries(&g, recovered);
	record(job, &g);
}
