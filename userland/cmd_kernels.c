// SPDX-License-Identifier: GPL-2.0-or-later
/* The installed kernels: which runs, which boots next, which are only partly there. */
#include "cmd.h"
#include "job.h"
#include "lib/pkgdb.h"
#include "lib/running.h"
#include "report.h"

static const struct dg_package *package_of(const struct dg_package *v, size_t n, const char *release)
{
	for (size_t i = 0; i < n; i++)
		if (dg_streq(v[i].release, release))
			return &v[i];
	return NULL;
}

/* What is missing for it to boot and load modules, "" when nothing is. */
static const char *partial(const struct dg_kernel *k, const struct dg_package *p)
{
	dg_auto_free char *index = k->modules_dir ? dg_format("%s/modules.dep", k->modules_dir) : NULL;

	if (!k->image)
		return "no image in /boot";
	if (!k->modules_dir)
		return "no modules";
	if (!index || access(index, F_OK) < 0)
		return "no modules.dep: run depmod";
	if (p && !dg_streq(p->status, "installed"))
		return "package not configured: run dpkg --configure -a";
	return "";
}

/* "next", "maybe" where that cannot be told, "after" for what follows a single boot; NULL: none of them. */
static const char *next_word(const struct dg_nextboot *n, const char *release)
{
	if (dg_streq(n->release, release))
		return "next";
	if (dg_streq(n->after, release))
		return "after";
	for (char **p = n->candidates; *p; p++)
		if (dg_streq(*p, release))
			return "maybe";
	return NULL;
}

static void tell_next(const struct dg_nextboot *n)
{
	printf("\nnext: %s", n->release ? n->release : "cannot tell");
	if (n->once)
		printf(", once; then %s", n->after ? n->after : "cannot tell");
	printf("\n%s%s%s\n", n->loader ? n->loader : "", n->loader ? ": " : "", n->evidence);
}

struct installed {
	struct dg_job job; /* first: the callback gets a pointer to it */
	struct dg_package *packages;
	size_t n_packages;
	struct dg_running now;
	struct dg_table table;
};

static void row(struct dg_job *job, struct dg_kernel *k)
{
	struct installed *in = (struct installed *)job;
	const char *state = dg_streq(in->now.release, k->release) ? "committed" : "applied";
	const char *lack = partial(k, package_of(in->packages, in->n_packages, k->release));
	const char *next = next_word(job->next, k->release);
	struct json_object *o = dg_json_kernel(k);
	char level[160];

	dg_level_format(&k->level, level, sizeof(level));
	dg_table_row(&in->table, k->release, state, next, level, *lack ? lack : "whole");
	dg_json_string(o, "state", state);
	json_object_object_add(o, "next", json_object_new_boolean(dg_streq(next, "next")));
	dg_json_string(o, "next_evidence", dg_streq(next, "next") ? job->next->evidence : NULL);
	dg_json_string(o, "image", k->image);
	dg_json_string(o, "modules", k->modules_dir);
	dg_json_string(o, "lacks", *lack ? lack : NULL);
	json_object_array_add(job->list, o);
	if (*lack)
		dg_job_raise(job, DG_EXIT_MISMATCH);
}

enum dg_exit cmd_kernels(const struct dg_context *c)
{
	struct dg_context all = *c;
	struct installed in = { 0 };

	all.kernel = "all";
	dg_job_init(&in.job, &all);
	if (!dg_job_read_next(&in.job))
		return dg_job_end(&in.job);
	(void)dg_pkgdb_kernels(c->root, &in.packages, &in.n_packages);
	(void)dg_running_read(c->root, &in.now);
	dg_table_begin(&in.table, 5);
	dg_table_row(&in.table, "RELEASE", "STATE", "NEXT", "LEVEL", "PARTS");
	dg_job_each_kernel(&in.job, row);
	dg_table_end(&in.table, !c->json);
	if (!c->json && in.job.next->candidates[0])
		tell_next(in.job.next);
	if (!c->json && c->verbose)
		puts("\ncommitted: running; applied: installed, not running");
	dg_job_print(&in.job);
	free(in.packages);
	return dg_job_end(&in.job);
}
