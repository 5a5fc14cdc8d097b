// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a file would not load there: the cause, then every symbol with both CRCs. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/survey.h"
#include "report.h"

static size_t count(const struct dg_judgement *j, enum dg_reason_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n_reasons; i++)
		n += j->reasons[i].kind == kind;
	return n;
}

/* What a person should understand before any list. */
static void print_cause(const struct dg_modfile *m, const struct dg_judgement *j, const struct dg_kernel *k)
{
	size_t layout = count(j, DG_REASON_LAYOUT), crcs = count(j, DG_REASON_CRC), gone = count(j, DG_REASON_MISSING);
	char cause[600], built_for[80] = "another kernel";

	if (m && *m->vermagic)
		dg_choose_built_for(m, built_for, sizeof(built_for));
	if (j->verdict == DG_VERDICT_EXACT)
		printf("It is built for this kernel, and would load.\n");
	else if (j->verdict == DG_VERDICT_KABI)
		printf("It is built for %s; every symbol it uses is the same in %s, and it would load.\n", built_for,
		       k->release);
	else if (layout)
		printf("struct module itself differs: %s and %s were not built alike, so %zu of its %zu symbols differ too.\n",
		       built_for, k->release, crcs, m ? m->n_imports : 0);
	else if (gone && !crcs)
		printf("%zu of its symbols %s gone in %s; the rest of what it uses is the same.\n", gone,
		       gone == 1 ? "is" : "are", k->release);
	else if (crcs)
		printf("%zu of its %zu symbols changed between %s and %s%s.\n", crcs, m ? m->n_imports : 0, built_for,
		       k->release, gone ? ", and some are gone" : "");
	dg_judgement_cause(j, cause, sizeof(cause));
	if (*cause)
		printf("%s\n", cause);
}

/* What modprobe has to say is told in words. */
static void print_reasons(const struct dg_judgement *j)
{
	struct dg_table t;

	dg_table_begin(&t, 6);
	dg_table_row(&t, "REASON", "SYMBOL", "FILE HAS", "KERNEL HAS", "EXPORTED BY", "ERRNO");
	for (size_t i = 0; i < j->n_reasons; i++) {
		const struct dg_reason *r = &j->reasons[i];

		if (dg_reason_is_modprobes(r))
			continue;
		dg_table_row(&t, dg_reason_name(r->kind), r->symbol, r->want, r->have, r->owner,
			     r->err ? dg_errno_name(r->err) : "warns only");
	}
	dg_table_end(&t, true);
}

static void tell(struct dg_job *job, const char *driver, const char *file, const struct dg_modfile *m,
		 const struct dg_judgement *j, const struct dg_kernel *k, const char *nearest)
{
	struct json_object *o;

	if (j->verdict == DG_VERDICT_REFUSED)
		dg_job_raise(job, DG_EXIT_MISMATCH);
	if (job->context->json) {
		o = dg_json_judgement(driver, file, j);
		json_object_object_add(o, "kernel", dg_json_kernel(k));
		dg_json_string(o, "would_load", nearest);
		json_object_array_add(job->list, o);
		return;
	}
	printf("%s in kernel %s: %s%s%s\n%s\n", driver, k->release, dg_verdict_name(j->verdict), j->err ? ", " : "",
	       j->err ? dg_errno_name(j->err) : "", dg_show(file));
	print_cause(m, j, k);
	if (j->n_reasons)
		putchar('\n');
	print_reasons(j);
	if (j->verdict == DG_VERDICT_REFUSED)
		printf("\n%s%s\n", nearest ? "This one would load: " : "No file at hand would load there.",
		       nearest ? dg_show(nearest) : "");
}

static void explain_file(struct dg_job *job, struct dg_kernel *k, const char *path)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	const char *nearest = NULL;
	struct dg_diag d = { 0 };
	void *data = NULL;
	size_t len = 0;
	int r = dg_modfile_read_plain(path, &data, &len, &d);

	if (r == 0) {
		r = dg_loader_judge_bytes(data, len, k, &m, &j, &d);
		if (r < 0)
			free(data);
	}
	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	/* A configured driver's own depot may hold a better one. */
	if (m && dg_config_driver(job->config, m->name) &&
	    dg_survey_take(job->context->root, job->config, k, 0, &s, &d) == 0)
		for (size_t i = 0; i < s->n; i++)
			if (dg_modname_equal(s->v[i].driver->name, m->name) && s->v[i].best.file)
				nearest = s->v[i].best.file->path;
	tell(job, m && m->name[0] ? m->name : "-", path, m, j, k, nearest);
}

static void explain_driver(struct dg_job *job, struct dg_kernel *k, const char *name)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	int r = dg_survey_take(job->context->root, job->config, k, 0, &s, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct dg_standing *st = &s->v[i];
		const struct dg_candidate *c = st->staged.judgement ? &st->staged
					       : st->best.file	    ? &st->best
								    : &st->nearest_refused;
		char cause[500];

		if (!dg_modname_equal(st->driver->name, name))
			continue;
		if (c->judgement) {
			tell(job, st->driver->name, c->file->path, c->file, c->judgement, k,
			     st->best.file ? st->best.file->path : NULL);
			continue;
		}
		dg_standing_cause(st, cause, sizeof(cause));
		dg_diag_set(&d, 0, st->driver->name, "mount or fill its depot", "no file of it is at hand: %s", cause);
		dg_report_error(0, &d);
		dg_job_raise(job, dg_exit_of_standing(s, st));
	}
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	for (char **a = job->context->args; *a; a++) {
		if (a != job->context->args && !job->context->json)
			putchar('\n');
		if (strchr(*a, '/') || dg_modfile_is_named(*a))
			explain_file(job, k, *a);
		else
			explain_driver(job, k, *a);
	}
}

enum dg_exit cmd_explain(const struct dg_context *c)
{
	struct dg_diag d;
	struct dg_job job;

	if (!dg_job_begin(&job, c))
		return dg_job_end(&job);
	if (!c->args[0]) {
		dg_report_note("explain needs a driver or a file", "see drvguard --help");
		dg_job_raise(&job, DG_EXIT_USAGE);
		return dg_job_end(&job);
	}
	for (char **a = c->args; *a; a++)
		if (!strchr(*a, '/') && !dg_modfile_is_named(*a) && !dg_config_driver(job.config, *a)) {
			dg_diag_set(&d, -EINVAL, *a, "name a configured driver, or a file by its path",
				    "neither a configured driver nor a file");
			dg_job_error(&job, -EINVAL, &d);
			return dg_job_end(&job);
		}
	dg_job_each_kernel(&job, one_kernel);
	dg_job_print_as(&job, "explained");
	return dg_job_end(&job);
}
