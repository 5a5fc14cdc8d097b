// SPDX-License-Identifier: GPL-2.0-or-later
/* Put the matching drivers in place, for one kernel or all. */
#include "cmd.h"
#include "gating.h"
#include "job.h"
#include "lib/heal.h"
#include "lib/stage.h"
#include "motd.h"
#include "recording.h"
#include "report.h"
#include "settling.h"
#include "waiting.h"

static const char *step_name(enum dg_stage_step step, bool dry_run)
{
	static const char *const names[] = { "kept", "staged", "none", "older", "withdrawn", "group" };

	return dry_run && step == DG_STAGE_STAGED ? "would stage" : names[step];
}

/* What the driver's line says besides the step. */
static void detail(const struct dg_stage_item *item, char *buf, size_t size)
{
	const struct dg_standing *st = item->standing;
	const struct dg_modfile *f = dg_stage_choice(item)->file;

	if (item->shadowed_by[0])
		snprintf(buf, size, "but modprobe would take %s: remove that file", item->shadowed_by);
	else if (item->step == DG_STAGE_OLDER)
		snprintf(buf, size, "%s is for this kernel but version %s, superseded by the staged %s: use --force",
			 f->path, f->version, st->staged.file->version);
	else if (item->step == DG_STAGE_WITHDRAWN)
		snprintf(buf, size, "%s fits, but was rolled back or removed before: use --force", f->path);
	else if (item->step == DG_STAGE_GROUP)
		snprintf(buf, size,
			 "%s fits, but %s of product %s has no match: all are staged or none; or use --force", f->path,
			 item->lacking->name, st->driver->product->name);
	else if (f)
		snprintf(buf, size, "%s", f->path);
	else
		dg_standing_cause(st, buf, size);
	dg_printable(buf);
}

static enum dg_exit code_of(const struct dg_survey *s, const struct dg_stage_item *item)
{
	if (item->shadowed_by[0])
		return DG_EXIT_MISMATCH;
	if (item->step == DG_STAGE_GROUP || item->step == DG_STAGE_WITHDRAWN)
		return DG_EXIT_MISMATCH;
	if (item->step == DG_STAGE_STAGED)
		return s->running && item->standing->loaded.loaded &&
				       !dg_loaded_is(&item->standing->loaded, dg_stage_choice(item)->file)
			       ? DG_EXIT_REBOOT
			       : DG_EXIT_OK;
	return dg_exit_of_standing(s, item->standing);
}

static void report(struct dg_job *job, const struct dg_survey *s, const struct dg_stage_result *r)
{
	struct json_object *o = json_object_new_object(), *drivers = json_object_new_array();
	struct dg_table t;

	json_object_object_add(o, "kernel", dg_json_kernel(s->kernel));
	dg_table_begin(&t, 5);
	dg_table_row(&t, "DRIVER", "STEP", "VERSION", "VERDICT", "FROM");
	for (size_t i = 0; i < r->n; i++) {
		const struct dg_stage_item *item = &r->v[i];
		const struct dg_candidate *pick = dg_stage_choice(item);
		const char *step = step_name(item->step, job->context->dry_run);
		struct json_object *d;
		char text[500];

		if (!dg_modname_in(job->names, item->standing->driver->name))
			continue;
		detail(item, text, sizeof(text));
		dg_table_row(&t, item->standing->driver->name, step, pick->file ? pick->file->version : NULL,
			     pick->judgement ? dg_verdict_name(pick->judgement->verdict) : NULL, text);
		d = dg_json_judgement(item->standing->driver->name, pick->file ? pick->file->path : NULL,
				      pick->judgement);
		dg_json_string(d, "step", step);
		dg_json_string(d, "shadowed_by", item->shadowed_by[0] ? item->shadowed_by : NULL);
		json_object_array_add(drivers, d);
	}
	json_object_object_add(o, "generation", json_object_new_int((int)r->generation));
	json_object_object_add(o, "changed", json_object_new_boolean(r->changed));
	json_object_object_add(o, "drivers", drivers);
	json_object_object_add(o, "problems", dg_json_problems(&s->problems));
	json_object_array_add(job->list, o);
	if (!job->context->json)
		printf("kernel %s: generation %u%s\n", s->kernel->release, r->generation,
		       !r->changed	     ? ""
		       : job->context->mount ? ", mounted over"
					     : ", new");
	dg_table_end(&t, !job->context->json);
}

static bool is_damaged(const struct dg_survey *s)
{
	bool damaged = s->generation->link == DG_LINK_GOOD && !s->generation->manifest;

	for (size_t i = 0; i < s->n; i++)
		damaged |= s->v[i].broken;
	return damaged;
}

/* What was replaced because it was damaged is of no use for a rollback as it is. */
static int heal(const struct dg_survey *s, struct dg_diag *d)
{
	struct dg_diags remarks = { 0 };
	int r = is_damaged(s) ? dg_heal_run(s, &remarks, d) : 0;

	dg_report_problems(&remarks);
	dg_diags_free(&remarks);
	return r;
}

/* A hook told of what this kernel lacked. */
static int renew_notes(struct dg_job *job, struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	int r = dg_survey_take(job->context->root, job->config, k, DG_SURVEY_INSTALLED, &s, d);

	if (r == 0) {
		dg_motd_post(s, NULL);
		(void)dg_waiting_record(s);
	}
	return r;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	const struct dg_context *c = job->context;
	const struct dg_stage_options options = {
		.dry_run = c->dry_run, .force = c->force, .trial = c->trial, .mount = c->mount, .names = job->names
	};
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	dg_auto(dg_stage_result_freep) struct dg_stage_result *result = NULL;
	const char *action = c->mount ? "mount" : c->trial ? "trial" : "stage";
	struct dg_diag d = { 0 };
	int r = dg_survey_take(c->root, job->config, k, 0, &s, &d);

	if (r == 0) {
		if (!c->quiet)
			dg_report_problems(&s->problems);
		r = dg_stage_run(s, &options, &result, &d);
		if (result && !c->dry_run)
			dg_record_stage(job, s, result, action, 0);
		else if (r < 0 && !c->dry_run)
			dg_record_failure(job, k, action, r, &d);
	}
	if (r == 0 && !c->dry_run)
		r = heal(s, &d);
	if (r == 0 && s->running && !c->dry_run)
		r = dg_settle_job(job, k, &d);
	if (r == 0 && !c->dry_run && dg_motd_is_up(c->root, k->release))
		r = renew_notes(job, k, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	if (!result)
		return;
	if (result->image_problem.what[0])
		dg_report_error(0, &result->image_problem);
	report(job, s, result);
	for (size_t i = 0; i < result->n; i++)
		if (dg_modname_in(job->names, result->v[i].standing->driver->name))
			dg_job_raise(job, code_of(s, &result->v[i]));
}

enum dg_exit cmd_stage(const struct dg_context *c)
{
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (!dg_job_begin(&job, c) || !dg_job_take_names(&job))
		return dg_job_end(&job);
	if (c->trial && c->mount) {
		dg_report_note("--trial and --mount together",
			       "a mount is gone with the next boot anyway; give one of them");
		dg_job_raise(&job, DG_EXIT_USAGE);
		return dg_job_end(&job);
	}
	if (dg_job_lock(&job, &lock)) {
		dg_job_each_kernel(&job, one_kernel);
		if (!c->dry_run)
			dg_gate_renew(&job);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
