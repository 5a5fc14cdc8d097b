// SPDX-License-Identifier: GPL-2.0-or-later
/* What is staged, against its manifest; --sum prints what sum(1) and cksum(1) would. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/fs.h"
#include "lib/verify.h"
#include "report.h"

/* As coreutils: `sum` counts blocks of 1 KiB, in five columns; `sum -s` of 512 bytes; `cksum` bytes. */
static void print_sums(const char *path, const void *data, size_t len)
{
	printf("%05u %5zu %s\n", dg_sum_bsd(data, len), (len + 1023) / 1024, path);
	printf("%u %zu %s\n", dg_sum_sysv(data, len), (len + 511) / 512, path);
	printf("%u %zu %s\n", dg_cksum(data, len), len, path);
}

static void print_all_sums(struct dg_job *job, const struct dg_kernel *k)
{
	dg_auto(dg_generation_freep) struct dg_generation *g = NULL;

	if (dg_generation_current(job->config->store, k, &g) < 0)
		return;
	for (size_t i = 0; g->manifest && i < g->manifest->n_entries; i++) {
		const char *name = g->manifest->entries[i].name;
		/* As people write it, not /usr/lib/modules, so that the lines compare. */
		dg_auto_free char *path = dg_format("%s/lib/modules/%s/" DG_GENERATION_LINK "/%s.ko",
						    dg_streq(k->root, "/") ? "" : k->root, k->release, name);
		dg_auto_free void *data = NULL;
		struct dg_diag d;
		size_t len;
		int r;

		if (!dg_modname_in(job->names, name))
			continue;
		r = path ? dg_file_read(path, DG_FILE_MAX, &data, &len) : -ENOMEM;
		if (r == 0)
			print_sums(path, data, len);
		else
			dg_job_error(job, dg_diag_errno(&d, r, path ? path : name, "read"), &d);
	}
}

static enum dg_exit code_of(const struct dg_finding *f)
{
	if (dg_finding_is_tampering(f->kind))
		return DG_EXIT_TAMPERED;
	return f->kind == DG_FINDING_UNREAD ? DG_EXIT_UNKNOWN : DG_EXIT_MISMATCH;
}

/* @k is NULL for what stands behind all kernels. */
static void report(struct dg_job *job, const struct dg_kernel *k, const struct dg_verified *v)
{
	const struct dg_context *c = job->context;
	struct json_object *o = json_object_new_object(), *findings = json_object_new_array();

	for (size_t i = 0; i < v->n_findings; i++) {
		const struct dg_finding *f = &v->findings[i];
		struct json_object *one = json_object_new_object();

		dg_json_string(one, "finding", dg_finding_name(f->kind));
		dg_json_string(one, "driver", f->driver[0] ? f->driver : NULL);
		dg_json_string(one, "where", f->text.where);
		dg_json_string(one, "what", f->text.what);
		dg_json_string(one, "cure", f->text.cure[0] ? f->text.cure : NULL);
		json_object_array_add(findings, one);
		if (!c->json)
			printf("%s: %s%s%s: %s%s%s\n", dg_finding_name(f->kind), f->driver, f->driver[0] ? ": " : "",
			       f->text.where, f->text.what, f->text.cure[0] ? "; " : "", f->text.cure);
	}
	if (k)
		json_object_object_add(o, "kernel", dg_json_kernel(k));
	json_object_object_add(o, "checked", json_object_new_int64((int64_t)v->n_checked));
	json_object_object_add(o, "findings", findings);
	if (k)
		json_object_array_add(job->list, o);
	else
		job->store = o;
	if (!k && !v->n_findings)
		return;
	if (!c->json && !c->quiet && !c->sum)
		printf("%s%s: %zu file%s checked, %zu finding%s\n", k ? "kernel " : "store", k ? k->release : "",
		       v->n_checked, v->n_checked == 1 ? "" : "s", v->n_findings, v->n_findings == 1 ? "" : "s");
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	dg_auto(dg_verified_freep) struct dg_verified *v = NULL;
	struct dg_running now;
	struct dg_diag d = { 0 };
	bool running = dg_running_read(c->root, &now) == 0 && dg_streq(now.release, k->release);
	int r = dg_verify_run(c->root, job->config, k, running, job->names, &v, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	if (c->sum && !c->json)
		print_all_sums(job, k);
	report(job, k, v);
	for (size_t i = 0; i < v->n_findings; i++)
		dg_job_raise(job, code_of(&v->findings[i]));
}

static void all_kernels(struct dg_job *job)
{
	dg_auto(dg_verified_freep) struct dg_verified *v = NULL;
	struct dg_diag d = { 0 };
	int r = dg_verify_store(job->context->root, job->config, &v, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	report(job, NULL, v);
	for (size_t i = 0; i < v->n_findings; i++)
		dg_job_raise(job, code_of(&v->findings[i]));
}

enum dg_exit cmd_verify(const struct dg_context *c)
{
	struct dg_job job;

	if (dg_job_begin(&job, c) && dg_job_take_names(&job)) {
		dg_job_each_kernel(&job, one_kernel);
		if (!job.names)
			all_kernels(&job);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
