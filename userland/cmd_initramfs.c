// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a kernel's initramfs holds of the drivers; `list`, for the hooks of those
 * that make one: what belongs into it. Both take no lock, since a writer may be
 * waiting for the very image that is being made.
 */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/bootimage.h"
#include "report.h"

/* --- list ----------------------------------------------------------------------------------------- */

/* What modprobe takes is ours, whole, and would load; what may not load by itself has no place there. */
static bool belongs(const struct dg_standing *st)
{
	return st->staged_ours && dg_standing_load_path(st);
}

static void tell_why_not(const struct dg_survey *s, const struct dg_standing *st)
{
	char cause[500], cure[200];
	struct dg_diag d;

	dg_standing_cause(st, cause, sizeof(cause));
	dg_standing_advice(s, st, cure, sizeof(cure));
	if (st->match == DG_MATCH && !st->staged_ours) {
		snprintf(cause, sizeof(cause), "modprobe takes %s, which drvguard did not stage", st->staged_path);
		snprintf(cure, sizeof(cure), "remove that file, then stage it");
	}
	if (!st->staged_path)
		snprintf(cause, sizeof(cause), "nothing is staged");
	/* The depot was not looked at, so nothing is to be said of it. */
	if (st->match != DG_MATCH)
		snprintf(cure, sizeof(cure), "run drvguard stage --kernel %s while the depot is there",
			 s->kernel->release);
	dg_diag_set(&d, 0, st->driver->name, cure, "not put into the initramfs of %s: %s", s->kernel->release, cause);
	dg_report_error(0, &d);
}

static void list(struct dg_job *job, struct dg_survey *s)
{
	struct json_object *o = json_object_new_object(), *drivers = json_object_new_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct dg_standing *st = &s->v[i];
		struct json_object *one;

		if (!st->driver->boot)
			continue;
		if (!belongs(st)) {
			tell_why_not(s, st);
			dg_job_raise(job, DG_EXIT_MISMATCH);
			continue;
		}
		one = json_object_new_object();
		dg_json_string(one, "driver", st->driver->name);
		dg_json_string(one, "file", st->staged_path);
		dg_json_string(one, "sha256", st->staged.file->sha256);
		json_object_array_add(drivers, one);
		if (!job->context->json)
			printf("%s %s\n", st->driver->name, dg_show(st->staged_path));
	}
	json_object_object_add(o, "kernel", dg_json_kernel(s->kernel));
	json_object_object_add(o, "drivers", drivers);
	json_object_array_add(job->list, o);
}

static bool any_marked(const struct dg_config *c)
{
	for (size_t i = 0; i < c->n_drivers; i++)
		if (c->drivers[i].boot)
			return true;
	return false;
}

/* It runs whenever an initramfs is made: depots are not looked at, nor anything without need. */
static void list_kernel(struct dg_job *job, struct dg_kernel *k)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	int r;

	if (!any_marked(job->config))
		return;
	r = dg_survey_take(job->context->root, job->config, k, DG_SURVEY_NO_DEPOT, &s, &d);
	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	dg_report_problems(&s->problems);
	list(job, s);
}

/* --- show ----------------------------------------------------------------------------------------- */

struct shown {
	struct dg_job *job;
	const struct dg_initramfs *image; /* NULL: there is none */
	const struct dg_manifest *staged; /* NULL: nothing */
	struct dg_table table;
	struct json_object *drivers;
};

static struct json_object *copy_json(const struct dg_initramfs_copy *c)
{
	struct json_object *o = json_object_new_object();

	dg_json_string(o, "path", c->path);
	dg_json_string(o, "sha256", c->err ? NULL : c->sha256);
	dg_json_string(o, "build_id", c->build_id[0] ? c->build_id : NULL);
	json_object_object_add(o, "link", json_object_new_boolean(c->link));
	json_object_object_add(o, "chosen", json_object_new_boolean(c->chosen));
	return o;
}

static void show_driver(struct shown *s, const struct dg_driver *driver)
{
	static const char *const words[] = { "none", "same", "stripped", "other" };
	const struct dg_manifest_entry *e = s->staged ? dg_manifest_find(s->staged, driver->name) : NULL;
	enum dg_initramfs_holding h = DG_INITRAMFS_NONE;
	struct json_object *o = json_object_new_object(), *copies = json_object_new_array();
	bool any = false;

	if (s->image)
		h = dg_initramfs_holds(s->image, driver->name, e ? e->sha256 : NULL, e ? e->build_id : NULL);
	for (size_t i = 0; s->image && i < s->image->n; i++) {
		const struct dg_initramfs_copy *c = &s->image->v[i];
		dg_auto_free char *path = dg_format("%s%s", c->path, c->link ? " (link)" : "");

		if (!dg_modname_equal(c->name, driver->name))
			continue;
		any = true;
		json_object_array_add(copies, copy_json(c));
		dg_table_row(&s->table, driver->name, driver->boot ? "yes" : "no", words[h],
			     c->err ? "unreadable" : c->sha256, path);
	}
	if (!any)
		dg_table_row(&s->table, driver->name, driver->boot ? "yes" : "no", words[h], "-", "-");
	dg_json_string(o, "driver", driver->name);
	json_object_object_add(o, "boot", json_object_new_boolean(driver->boot));
	dg_json_string(o, "holds", words[h]);
	json_object_object_add(o, "copies", copies);
	json_object_array_add(s->drivers, o);
	/* Another copy than none that is staged is not our business, as in status. */
	if ((h == DG_INITRAMFS_OTHER && e) || (driver->boot && (h == DG_INITRAMFS_NONE || !e)))
		dg_job_raise(s->job, DG_EXIT_MISMATCH);
}

static void show_all(struct shown *s, const struct dg_kernel *k)
{
	const struct dg_config *c = s->job->config;
	const struct dg_context *context = s->job->context;
	struct json_object *o = json_object_new_object();

	s->drivers = json_object_new_array();
	dg_table_begin(&s->table, 5);
	dg_table_row(&s->table, "DRIVER", "BOOT", "AS STAGED", "SHA-256", "COPY");
	for (size_t i = 0; i < c->n_drivers; i++)
		show_driver(s, &c->drivers[i]);
	if (!context->json)
		printf("kernel %s: %s\n", k->release, s->image ? dg_show(s->image->path) : "no initramfs");
	dg_table_end(&s->table, !context->json);
	json_object_object_add(o, "kernel", dg_json_kernel(k));
	dg_json_string(o, "image", s->image ? s->image->path : NULL);
	json_object_object_add(o, "drivers", s->drivers);
	json_object_array_add(s->job->list, o);
}

static void show_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_config *c = job->config;
	dg_auto_free const char **names = calloc(c->n_drivers + 1, sizeof(*names));
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	dg_auto(dg_generation_freep) struct dg_generation *g = NULL;
	struct dg_diag d = { 0 };
	int r = names ? dg_generation_current(c->store, k, &g) : -ENOMEM;

	for (size_t i = 0; names && i < c->n_drivers; i++)
		names[i] = c->drivers[i].name;
	if (r == 0)
		r = dg_bootimage_read(k, names, &image, &d);
	if (r < 0 && r != -ENOENT) {
		dg_job_error(job, r, &d);
		return;
	}
	show_all(&(struct shown){ .job = job, .image = image, .staged = g->manifest }, k);
}

enum dg_exit cmd_initramfs(const struct dg_context *c)
{
	bool listing = c->args[0] && dg_streq(c->args[0], "list");
	struct dg_job job;

	if (c->args[0] && (!listing || c->args[1])) {
		dg_report_note("initramfs has nothing but list", "give that alone, or no argument");
		return DG_EXIT_USAGE;
	}
	if (dg_job_begin(&job, c)) {
		if (!listing)
			dg_job_note_if_idle(&job);
		dg_job_each_kernel(&job, listing ? list_kernel : show_kernel);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
