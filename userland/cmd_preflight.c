// SPDX-License-Identifier: GPL-2.0-or-later
/* Is it safe to reboot into that kernel? One answer, by the exit code. */
#include "cmd.h"
#include "job.h"
#include "lib/preflight.h"
#include "report.h"

static const char *const answers[] = { "go", "no-go", "cannot tell" };

static const char *paint(enum dg_preflight_answer a, bool warned)
{
	static const enum dg_match colours[] = { DG_MATCH, DG_MISMATCH, DG_WAITING };

	return warned ? dg_paint(DG_WAITING, "go, warning") : dg_paint(colours[a], answers[a]);
}

/* The guarded drivers come first, in the survey's order. */
static void tell_cause(const struct dg_preflight *p, size_t i, char *buf, size_t size)
{
	if (i < p->survey->n)
		dg_standing_cause(&p->survey->v[i], buf, size);
	else
		snprintf(buf, size, "%s", p->v[i].cause);
}

/* It would load, if something loaded it. */
static bool is_warned(const struct dg_preflight *p, size_t i)
{
	char cause[8];

	tell_cause(p, i, cause, sizeof(cause));
	return p->v[i].answer == DG_GO && *cause;
}

static void tell_cure(const struct dg_preflight *p, size_t i, char *buf, size_t size)
{
	buf[0] = '\0';
	if (i < p->survey->n)
		dg_standing_advice(p->survey, &p->survey->v[i], buf, size);
	else if (p->v[i].cause[0] && p->v[i].answer == DG_GO)
		snprintf(buf, size, "remove that line, or do not ask for it");
	else if (p->v[i].answer == DG_NO_GO)
		snprintf(buf, size, "build or install it for %s", p->survey->kernel->release);
}

static enum dg_exit code_of(const struct dg_preflight *p)
{
	enum dg_exit code = p->lacks[0] ? DG_EXIT_MISMATCH : DG_EXIT_OK;

	for (size_t i = 0; i < p->n; i++) {
		enum dg_exit one = p->v[i].answer == DG_GO	? DG_EXIT_OK
				   : p->v[i].answer == DG_NO_GO ? DG_EXIT_MISMATCH
								: DG_EXIT_UNKNOWN;

		/* What the depot would mend is told as waiting; a reboot that is due anyway is no objection. */
		if (i < p->survey->n && p->survey->v[i].match == DG_WAITING)
			one = DG_EXIT_WAITING;
		code = dg_exit_worse(code, one);
	}
	return code;
}

static void print_text(const struct dg_preflight *p, enum dg_exit code)
{
	struct dg_table t;
	size_t warned = 0;

	for (size_t i = 0; i < p->n; i++)
		warned += is_warned(p, i);
	printf("reboot into %s: %s", p->survey->kernel->release,
	       code == DG_EXIT_OK	 ? "go"
	       : code == DG_EXIT_UNKNOWN ? "cannot tell"
					 : "no-go");
	if (warned)
		printf(", with %zu warning%s", warned, warned == 1 ? "" : "s");
	putchar('\n');
	if (p->lacks[0])
		printf("%s\n", p->lacks);
	dg_table_begin(&t, 5);
	dg_table_row(&t, "MODULE", "BECAUSE", "ANSWER", "WHY", "CURE");
	for (size_t i = 0; i < p->n; i++) {
		char cause[500], cure[200];

		tell_cause(p, i, cause, sizeof(cause));
		tell_cure(p, i, cure, sizeof(cure));
		dg_table_row(&t, p->v[i].name, p->v[i].why, paint(p->v[i].answer, is_warned(p, i)), cause, cure);
	}
	dg_table_end(&t, true);
}

static struct json_object *to_json(const struct dg_preflight *p, enum dg_exit code)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "kernel", dg_json_kernel(p->survey->kernel));
	json_object_object_add(o, "go", json_object_new_boolean(code == DG_EXIT_OK));
	dg_json_string(o, "lacks", p->lacks[0] ? p->lacks : NULL);
	for (size_t i = 0; i < p->n; i++) {
		const struct dg_preflight_item *item = &p->v[i];
		const struct dg_judgement *j = i < p->survey->n ? p->survey->v[i].staged.judgement : item->judgement;
		struct json_object *one = dg_json_judgement(item->name, item->file, j);
		char cause[500];

		tell_cause(p, i, cause, sizeof(cause));
		dg_json_string(one, "because", item->why);
		dg_json_string(one, "answer", answers[item->answer]);
		dg_json_string(one, "cause", *cause ? cause : NULL);
		json_object_object_add(one, "warning", json_object_new_boolean(is_warned(p, i)));
		json_object_array_add(list, one);
	}
	json_object_object_add(o, "modules", list);
	return o;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	dg_auto(dg_preflight_freep) struct dg_preflight *p = NULL;
	struct dg_diag d = { 0 };
	enum dg_exit code;
	int r = dg_preflight_run(job->context->root, job->config, k, &p, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	if (!job->context->quiet)
		dg_report_problems(&p->survey->problems);
	code = code_of(p);
	if (job->context->json)
		json_object_array_add(job->list, to_json(p, code));
	else
		print_text(p, code);
	dg_job_raise(job, code);
}

/* When it cannot be told which kernel boots next, all that it may be have to be fit. */
static void tell_next(const struct dg_job *job)
{
	const struct dg_nextboot *n = job->next;

	if (!n || job->context->json || !n->candidates[0])
		return;
	if (!n->release)
		printf("\nwhich of them boots next cannot be told: %s\n", n->evidence);
	else if (n->once)
		printf("\n%s boots once, then %s: %s\n", n->release, n->after ? n->after : "cannot tell", n->evidence);
	else if (job->context->verbose)
		printf("\n%s boots next: %s\n", n->release, n->evidence);
}

enum dg_exit cmd_preflight(const struct dg_context *c)
{
	struct dg_context with = *c;
	struct dg_job job;

	/* The kernel is the argument; --kernel says the same. */
	if (c->args[0] && c->kernel) {
		dg_report_note("preflight takes its kernel once", "name it, or give --kernel");
		return DG_EXIT_USAGE;
	}
	if (c->args[0])
		with.kernel = c->args[0];
	else if (!with.kernel)
		with.kernel = "next";
	if (dg_job_begin(&job, &with)) {
		if (c->args[0] && c->args[1]) {
			dg_report_note("preflight takes one kernel", "name one, next or all");
			dg_job_raise(&job, DG_EXIT_USAGE);
		} else {
			job.next_any = true;
			dg_job_each_kernel(&job, one_kernel);
			tell_next(&job);
			dg_job_print(&job);
		}
	}
	return dg_job_end(&job);
}
