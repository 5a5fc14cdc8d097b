// SPDX-License-Identifier: GPL-2.0-or-later
/* Remove what nothing needs any more; --preview shows it and removes nothing. */
#include "cmd.h"
#include "job.h"
#include "lib/cleanup.h"
#include "lib/store.h"
#include "report.h"

static void human(uint64_t bytes, char *buf, size_t size)
{
	if (bytes >= 10 << 20)
		snprintf(buf, size, "%llu MiB", (unsigned long long)(bytes >> 20));
	else
		snprintf(buf, size, "%llu KiB", (unsigned long long)(bytes + 1023) >> 10);
}

static void print_text(const struct dg_cleanup *c, bool preview)
{
	struct dg_table t;
	char size[40];

	dg_table_begin(&t, 3);
	dg_table_row(&t, "WHAT", "SPACE", "PATH");
	for (size_t i = 0; i < c->n; i++) {
		human(c->v[i].bytes, size, sizeof(size));
		dg_table_row(&t, dg_doomed_name(c->v[i].kind), size, c->v[i].path);
	}
	dg_table_end(&t, true);
	human(c->bytes, size, sizeof(size));
	if (!c->n)
		puts("nothing to clean up");
	else
		printf("%s %s\n", preview ? "would give back" : "gave back", size);
}

static struct json_object *to_json(const struct dg_doomed *o)
{
	struct json_object *j = json_object_new_object();

	dg_json_string(j, "what", dg_doomed_name(o->kind));
	dg_json_string(j, "path", o->path);
	json_object_object_add(j, "bytes", json_object_new_int64((int64_t)o->bytes));
	return j;
}

static void record(const struct dg_job *job, const struct dg_cleanup *c)
{
	char size[40], detail[100];

	human(c->bytes, size, sizeof(size));
	snprintf(detail, sizeof(detail), "%zu removed, %s given back", c->n, size);
	dg_job_record(job, &(struct dg_event){ .action = "cleanup", .detail = detail }, 1);
}

static void clean(struct dg_job *job)
{
	const struct dg_context *c = job->context;
	dg_auto(dg_cleanup_freep) struct dg_cleanup *plan = NULL;
	unsigned int keep = c->keep < 0 ? job->config->keep : (unsigned int)c->keep;
	struct dg_diag d = { 0 };
	int r = dg_cleanup_plan(c->root, job->config, keep, &plan, &d);

	if (r == 0 && !c->dry_run)
		r = dg_cleanup_run(plan, &d);
	/* Directories that a cleanup which was cut short left empty. */
	if (r == 0 && !c->dry_run)
		r = dg_store_sweep(c->root, job->config->store, true);
	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	if (plan->n && !c->dry_run)
		record(job, plan);
	for (size_t i = 0; i < plan->n; i++)
		json_object_array_add(job->list, to_json(&plan->v[i]));
	if (!c->json)
		print_text(plan, c->dry_run);
	dg_job_print_as(job, c->dry_run ? "would_remove" : "removed");
}

enum dg_exit cmd_cleanup(const struct dg_context *c)
{
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (dg_job_begin(&job, c) && dg_job_lock(&job, &lock))
		clean(&job);
	return dg_job_end(&job);
}
