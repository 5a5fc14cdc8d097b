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

/* How the symbols it uses stand, in one sentence. */
static void print_symbols(const struct dg_modfile *m, const struct dg_judgement *j, const char *built_for,
			  const struct dg_kernel *k)
{
	size_t crcs = count(j, DG_REASON_CRC), gone = count(j, DG_REASON_MISSING), all = m ? m->n_imports : 0;

	if (!crcs && !gone)
		return;
	printf("Of the %zu symbols it uses", all);
	if (crcs)
		printf(" %zu changed between %s and %s", crcs, built_for, k->release);
	if (gone)
		printf("%s %zu %s not exported there", crcs ? " and" : "", gone, gone == 1 ? "is" : "are");
	printf("%s.\n", crcs + gone < all ? "; the rest are the same" : "");
}

/* What a person should understand before any list. */
static void print_cause(const struct dg_modfile *m, const struct dg_judgement *j, const struct dg_kernel *k)
{
	char cause[600], built_for[80] = "another kernel";

	if (m && *m->vermagic)
		dg_choose_built_for(m, built_for, sizeof(built_for));
	if (j->verdict == DG_VERDICT_EXACT)
		printf("It is built for this kernel, and would load.\n");
	else if (j->verdict == DG_VERDICT_KABI)
		printf("It is built for %s; every symbol it uses is the same in %s, and it would load.\n", built_for,
		       k->release);
	else if (count(j, DG_REASON_LAYOUT))
		printf("struct module itself differs: %s and %s were not built alike, and nothing built for the one "
		       "loads in the other.\n",
		       built_for, k->release);
	if (j->verdict == DG_VERDICT_REFUSED)
		print_symbols(m, j, built_for, k);
	dg_judgement_cause(j, cause, sizeof(cause));
	if (*cause)
		printf("%s\n", cause);
}

static int by_kind(const void *a, const void *b)
{
	const struct dg_reason *x = *(const struct dg_reason *const *)a, *y = *(const struct dg_reason *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->symbol ? x->symbol : "", y->symbol ? y->symbol : "");
}

/* Kind by kind. What modprobe has to say is told in words. */
static void print_reasons(const struct dg_judgement *j)
{
	dg_auto_free const struct dg_reason **v = calloc(j->n_reasons + 1, sizeof(*v));
	struct dg_table t;

	if (!v)
		return;
	for (size_t i = 0; i < j->n_reasons; i++)
		v[i] = &j->reasons[i];
	qsort(v, j->n_reasons, sizeof(*v), by_kind);
	dg_table_begin(&t, 6);
	dg_table_row(&t, "REASON", "SYMBOL", "FILE HAS", "KERNEL HAS", "EXPORTED BY", "ERRNO");
	for (size_t i = 0; i < j->n_reasons; i++)
		if (!dg_reason_is_modprobes(v[i]))
			dg_table_row(&t, dg_reason_name(v[i]->kind), v[i]->symbol, v[i]->want, v[i]->have, v[i]->owner,
				     v[i]->err ? dg_errno_name(v[i]->err) : "warns only");
	dg_table_end(&t, true);
}

/* The file to turn to instead: what is staged and good, else the best at hand. Whatever is refused is no answer. */
static const struct dg_candidate *would_load(const struct dg_standing *st)
{
	if (st && st->best.file)
		return &st->best;
	return st && dg_standing_match_path(st) ? &st->staged : NULL;
}

static void print_instead(const struct dg_standing *st, const struct dg_candidate *instead, const char *file)
{
	const struct dg_candidate *near = st ? &st->nearest_refused : NULL;
	char built_for[80], why[300];

	if (instead) {
		dg_choose_built_for(instead->file, built_for, sizeof(built_for));
		printf("This one would load: %s (%s, built for %s)\n", dg_show(instead->file->path),
		       dg_verdict_name(instead->judgement->verdict), built_for);
		return;
	}
	printf("No file at hand would load there");
	if (!st)
		printf("; it is no configured driver, so no depot was looked in");
	else if (st->match == DG_WAITING)
		printf("; the depot %s was not there to look in", st->driver->product->depot);
	else
		printf("; looked at: %zu in %s", st->n_candidates, dg_show(st->driver->product->depot));
	if (near && near->file && !dg_streq(near->file->path, file)) {
		dg_choose_built_for(near->file, built_for, sizeof(built_for));
		dg_judgement_brief(near->judgement, why, sizeof(why));
		printf("\nNearest is %s, built for %s: %s", dg_show(near->file->path), built_for, why);
	}
	putchar('\n');
}

static void tell(struct dg_job *job, const char *driver, const char *file, const struct dg_modfile *m,
		 const struct dg_judgement *j, const struct dg_kernel *k, const struct dg_standing *st)
{
	const struct dg_candidate *instead = would_load(st);
	struct json_object *o;

	if (j->verdict == DG_VERDICT_REFUSED)
		dg_job_raise(job, DG_EXIT_MISMATCH);
	if (job->context->json) {
		o = dg_json_judgement(driver, file, j);
		json_object_object_add(o, "kernel", dg_json_kernel(k));
		dg_json_string(o, "would_load", instead ? instead->file->path : NULL);
		dg_json_string(o, "nearest",
			       instead				? instead->file->path
			       : st && st->nearest_refused.file ? st->nearest_refused.file->path
								: NULL);
		json_object_array_add(job->list, o);
		return;
	}
	printf("%s in kernel %s: %s%s%s\n%s\n", driver, k->release, dg_verdict_name(j->verdict), j->err ? ", " : "",
	       j->err ? dg_errno_name(j->err) : "", dg_show(file));
	print_cause(m, j, k);
	/* One thing that is about no symbol is told already. */
	if (j->n_reasons > 1 || (j->n_reasons && j->reasons[0].symbol)) {
		putchar('\n');
		print_reasons(j);
	}
	if (j->verdict == DG_VERDICT_REFUSED) {
		putchar('\n');
		print_instead(st, instead, file);
	}
}

static const struct dg_standing *standing_of(const struct dg_survey *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (dg_modname_equal(s->v[i].driver->name, name))
			return &s->v[i];
	return NULL;
}

static void explain_file(struct dg_job *job, struct dg_kernel *k, const char *path)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	void *data = NULL;
	size_t len = 0;
	int r = dg_modfile_read_plain(path, &data, &len, &d);

	if (r == 0) {
		r = dg_loader_judge_bytes(path, data, len, k, &m, &j, &d);
		if (r < 0)
			free(data);
	}
	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	/* A configured driver's own depot may hold a better one. */
	if (m && dg_config_driver(job->config, m->name) &&
	    dg_survey_take(job->context->root, job->config, k, 0, &s, &d) < 0)
		dg_report_error(0, &d);
	tell(job, m && m->name[0] ? m->name : basename(path), path, m, j, k, s ? standing_of(s, m->name) : NULL);
}

static void explain_driver(struct dg_job *job, struct dg_kernel *k, const char *name)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	const struct dg_candidate *c;
	const struct dg_standing *st;
	struct dg_diag d = { 0 };
	char cause[500];
	int r = dg_survey_take(job->context->root, job->config, k, 0, &s, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	st = standing_of(s, name);
	c = st->staged.judgement ? &st->staged : st->best.file ? &st->best : &st->nearest_refused;
	if (c->judgement) {
		tell(job, st->driver->name, c->file->path, c->file, c->judgement, k, st);
		return;
	}
	dg_standing_cause(st, cause, sizeof(cause));
	dg_diag_set(&d, 0, st->driver->name, "mount or fill its depot", "no file of it is at hand: %s", cause);
	dg_report_error(0, &d);
	dg_job_raise(job, dg_exit_of_standing(s, st));
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
