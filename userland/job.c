// SPDX-License-Identifier: GPL-2.0-or-later
#include "job.h"

#include <errno.h>

#include "lib/fs.h"
#include "lib/history.h"
#include "lib/running.h"
#include "lib/transaction.h"
#include "recording.h"
#include "report.h"

void dg_job_raise(struct dg_job *job, enum dg_exit code)
{
	job->code = dg_exit_worse(job->code, code);
}

void dg_job_error(struct dg_job *job, int err, const struct dg_diag *d)
{
	dg_report_error(err, d);
	dg_job_raise(job, err == -EINVAL ? DG_EXIT_USAGE : DG_EXIT_UNKNOWN);
}

void dg_job_init(struct dg_job *job, const struct dg_context *c)
{
	*job = (struct dg_job){ .context = c, .list = json_object_new_array() };
}

bool dg_job_begin(struct dg_job *job, const struct dg_context *c)
{
	struct dg_diag d = { 0 };
	int r;

	dg_job_init(job, c);
	r = dg_config_read(c->root, c->config, &job->config, &d);
	if (r < 0) {
		dg_report_error(r, &d);
		dg_job_raise(job, DG_EXIT_USAGE);
		return false;
	}
	dg_report_problems(&job->config->problems);
	if (job->config->problems.n)
		dg_job_raise(job, DG_EXIT_USAGE);
	return true;
}

void dg_job_note_if_idle(const struct dg_job *job)
{
	if (!job->config->n_drivers && !job->config->problems.n && !job->context->quiet)
		dg_report_note("no driver is configured", "see drvguard.conf(5)");
}

bool dg_job_lock(struct dg_job *job, int *ret_lock)
{
	struct dg_diags remarks = { 0 };
	struct dg_diag d = { 0 };
	int r;

	if (job->context->dry_run)
		return true;
	r = dg_transaction_lock(job->context->root, job->config->store, ret_lock, &remarks, &d);
	dg_report_problems(&remarks);
	if (remarks.n)
		dg_record_recovery(job, &remarks);
	dg_diags_free(&remarks);
	if (r < 0)
		dg_job_error(job, r, &d);
	return r == 0;
}

bool dg_job_take_names(struct dg_job *job)
{
	char **args = job->context->args;
	struct dg_diag d;

	dg_job_note_if_idle(job);
	for (char **a = args; *a; a++)
		if (!dg_config_driver(job->config, *a)) {
			dg_diag_set(&d, -EINVAL, *a, "name one that drvguard status lists, or add it to drivers.d",
				    "no such driver is configured");
			dg_job_error(job, -EINVAL, &d);
			return false;
		}
	job->names = args[0] ? (const char *const *)args : NULL;
	return true;
}

void dg_job_record(const struct dg_job *job, const struct dg_event *events, size_t n)
{
	struct dg_diag note;
	int r = job->early
			? dg_history_put_off(job->context->root, events, n, &note)
			: dg_history_add(job->context->root, job->config ? job->config->store : NULL, events, n, &note);

	if (r < 0 || note.what[0])
		dg_report_error(r, &note);
}

bool dg_job_read_next(struct dg_job *job)
{
	int r = job->next ? 0 : dg_nextboot_read(job->context->root, &job->next);
	struct dg_diag d = { 0 };

	if (r < 0) {
		dg_diag_errno(&d, r, job->context->root, "find out which kernel boots next");
		dg_job_error(job, r, &d);
	}
	return r == 0;
}

/* "A, B, C" */
static char *joined(char **v)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (char **p = v; *p; p++)
		fprintf(f, "%s%s", p == v ? "" : ", ", *p);
	return fclose(f) == 0 ? dg_take(text) : NULL;
}

/* What "next" stands for; NULL after a message. */
static char **next_releases(struct dg_job *job)
{
	dg_auto_free char *all = NULL;
	struct dg_diag d = { 0 };
	char **v;

	if (!dg_job_read_next(job))
		return NULL;
	if (!job->next->candidates[0]) {
		dg_diag_set(&d, 0, job->context->root, "install one", "no kernel is installed");
	} else if (job->next->release || job->next_any) {
		v = dg_strv_copy(job->next->candidates);
		if (v)
			return v;
		dg_diag_set(&d, 0, job->context->root, "", "no memory");
	} else {
		all = joined(job->next->candidates);
		dg_diag_set(&d, 0, "which kernel boots next", "", "cannot be told: %s", job->next->evidence);
		snprintf(d.cure, sizeof(d.cure), "name one with --kernel: %s", all ? all : "");
	}
	dg_job_error(job, -ENOENT, &d);
	return NULL;
}

/* The releases --kernel stands for; NULL after a message. */
static char **releases(struct dg_job *job)
{
	const struct dg_context *c = job->context;
	struct dg_diag d = { 0 };
	struct dg_running now;
	char **v = NULL;

	if (dg_streq(c->kernel, "next"))
		return next_releases(job);
	if (dg_streq(c->kernel, "all")) {
		if (dg_kernel_list(c->root, &v) == 0 && *v)
			return v;
		dg_diag_set(&d, 0, c->root, "install one", "no kernel is installed");
	} else if (c->kernel || dg_running_read(c->root, &now) == 0) {
		const char *const one[] = { c->kernel ? c->kernel : now.release, NULL };

		v = dg_strv_copy((char *const *)one);
		if (v)
			return v;
		dg_diag_set(&d, 0, c->root, "", "no memory");
	} else {
		dg_diag_set(&d, 0, c->root, "name one with --kernel RELEASE, next or all",
			    "no kernel runs in this root");
	}
	dg_strv_free(v);
	dg_job_error(job, -ENOENT, &d);
	return NULL;
}

void dg_job_each_kernel(struct dg_job *job, dg_job_fn fn)
{
	char **v = releases(job);

	for (char **release = v; release && *release; release++) {
		dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
		struct dg_diag d = { 0 };
		int r = dg_kernel_open(job->context->root, *release, &k, &d);

		if (r < 0) {
			dg_job_error(job, r, &d);
			continue;
		}
		fn(job, k);
	}
	dg_strv_free(v);
}

void dg_job_print(struct dg_job *job)
{
	dg_job_print_as(job, "kernels");
}

void dg_job_print_as(struct dg_job *job, const char *key)
{
	struct json_object *o;

	if (!job->context->json)
		return;
	o = dg_json_begin();
	json_object_object_add(o, key, json_object_get(job->list));
	if (job->store)
		json_object_object_add(o, "store", json_object_get(job->store));
	if (job->next)
		json_object_object_add(o, "next", dg_json_nextboot(job->next));
	dg_json_end(o);
}

enum dg_exit dg_job_end(struct dg_job *job)
{
	json_object_put(job->list);
	json_object_put(job->store);
	dg_config_free(job->config);
	dg_nextboot_free(job->next);
	return job->code;
}
