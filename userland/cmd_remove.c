// SPDX-License-Identifier: GPL-2.0-or-later
/* Take drivers out of a kernel; what they superseded comes back. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/mounted.h"
#include "lib/remove.h"
#include "recording.h"
#include "report.h"
#include "settling.h"

/* What is only mounted is unmounted; the others' names go into @staged. */
static int unmount(struct dg_job *job, struct dg_kernel *k, const char **staged, struct dg_diag *d)
{
	const struct dg_context *c = job->context;
	int r = 0;

	for (char **name = c->args; *name && r == 0; name++) {
		dg_auto(dg_mounted_free) struct dg_mounted m;

		if (dg_mounted_read(job->config->store, k, *name, &m, NULL) == -ENOENT) {
			*staged++ = *name;
			continue;
		}
		if (!c->dry_run)
			r = dg_mounted_drop(job->config->store, k, *name, d);
		if (r == 0 && !c->dry_run) {
			const struct dg_event e = { .action = "unmount",
						    .driver = *name,
						    .kernel = k->release,
						    .sha256_from = m.sha256,
						    .detail = m.target };

			dg_job_record(job, &e, 1);
		}
		if (r == 0 && !c->json)
			printf("kernel %s: %s %s\n", k->release, *name,
			       c->dry_run ? "would be unmounted" : "unmounted");
	}
	*staged = NULL;
	return r;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	struct dg_changes changes = { 0 };
	struct dg_diag d = { 0 };
	dg_auto_free const char **staged = NULL;
	size_t n = 0;
	int r;

	while (c->args[n])
		dg_modname_normalize(c->args[n++]);
	staged = calloc(n + 1, sizeof(*staged));
	r = staged ? unmount(job, k, staged, &d) : -ENOMEM;
	if (r == 0 && *staged) {
		r = dg_remove_run(c->root, job->config, k, staged, c->dry_run, &changes, &d);
		if (r == 0 && !c->dry_run)
			dg_record_changes(job, k, &changes, "remove");
		if (r == 0)
			dg_report_changes(job->list, k, &changes, "removed", c);
	}
	if (r == 0 && !c->dry_run)
		r = dg_settle_job(job, k, &d);
	if (r < 0) {
		if (!c->dry_run)
			dg_record_failure(job, k, "remove", r, &d);
		dg_job_error(job, r, &d);
	}
	dg_changes_free(&changes);
}

enum dg_exit cmd_remove(const struct dg_context *c)
{
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (!dg_job_begin(&job, c))
		return dg_job_end(&job);
	if (!c->args[0]) {
		dg_report_note("no driver is named", "name what is to be removed; drvguard status lists them");
		dg_job_raise(&job, DG_EXIT_USAGE);
	} else if (dg_job_lock(&job, &lock)) {
		dg_job_each_kernel(&job, one_kernel);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
