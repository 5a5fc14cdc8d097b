// SPDX-License-Identifier: GPL-2.0-or-later
#include "repair.h"

#include <errno.h>

#include "attempt.h"
#include "heal.h"
#include "interrupt.h"
#include "modprobe.h"
#include "rollback.h"
#include "settle.h"
#include "transaction.h"

/* Recorded before it may load, so that a load that takes the machine down is known by the next boot. */
static int note_attempt(const struct dg_survey *s, const struct dg_standing *st, struct dg_diag *d)
{
	const struct dg_attempt a = { st->driver->name, s->kernel->release, st->staged.file->sha256, s->boot_id };

	return dg_attempt_begin(s->root, s->config->store, &a, d);
}

/* Whatever loads it - an agent, udev, drvguard - may do so from now on. */
static void note_attempts(const struct dg_survey *s, struct dg_diags *remarks)
{
	struct dg_diag why;

	for (size_t i = 0; s->running && i < s->n; i++) {
		const struct dg_standing *st = &s->v[i];

		if (!dg_standing_load_path(st) || st->loaded.loaded)
			continue;
		/* Early on a read-only root nothing can be recorded; the machine boots all the same. */
		if (note_attempt(s, st, &why) < 0 && access(s->kernel->modules_dir, W_OK) == 0)
			dg_diags_add(remarks, &why);
	}
}

/* A trial nobody confirmed ends with the boot after it; one that begins gets this boot to be tried in. */
static int settle_trial(struct dg_repair *r, const char *root, const struct dg_config *config, struct dg_kernel *k,
			struct dg_diag *d)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	char boot[DG_BOOT_ID_LEN];
	struct dg_trial trial;
	struct dg_running run;
	int err;

	if (dg_running_read(root, &run) < 0 || !dg_streq(run.release, k->release))
		return 0;
	dg_running_boot_id(root, boot, sizeof(boot));
	err = dg_rollback_trial(root, config, k, boot, &r->reverted, d);
	if (err != 0 || dg_generation_current(config->store, k, &now) < 0 ||
	    !dg_trial_is_on(root, config->store, k->release, now->number, &trial) || trial.boot[0])
		return err < 0 ? err : 0;
	snprintf(trial.boot, sizeof(trial.boot), "%s", boot);
	return dg_trial_write(root, config->store, k->release, &trial, d);
}

static enum dg_load_outcome load_one(const struct dg_survey *s, struct dg_standing *st, unsigned int flags,
				     int *ret_error)
{
	if (!s->running)
		return DG_LOAD_NOT_RUNNING;
	if (dg_standing_needs_reboot(st))
		return DG_LOAD_REBOOT;
	if (!dg_standing_match_path(st))
		return DG_LOAD_NO_MATCH;
	if (st->loaded.loaded)
		return DG_LOAD_ALREADY;
	if (st->suspect)
		return DG_LOAD_SUSPECT;
	/* Another root's modules are not for the kernel under us. */
	if (st->driver->load == DG_LOAD_NEVER || (flags & DG_REPAIR_EARLY) || dg_interrupted() ||
	    strcmp(s->root, "/") != 0)
		return DG_LOAD_NOT_ASKED;
	*ret_error = dg_modprobe_load(s->kernel->modules_dir, st->driver->name);
	if (*ret_error < 0)
		return DG_LOAD_FAILED;
	dg_loaded_read(s->root, st->driver->name, &st->loaded);
	/* An install line's command went well, and did something else. */
	if (!st->loaded.loaded) {
		*ret_error = -ENOENT;
		return DG_LOAD_FAILED;
	}
	st->loaded_is_staged = dg_loaded_is(&st->loaded, st->staged.file);
	return DG_LOAD_DONE;
}

static int load_all(struct dg_repair *r, unsigned int flags)
{
	struct dg_survey *s = r->after;

	r->load = calloc(s->n + 1, sizeof(*r->load));
	r->load_error = calloc(s->n + 1, sizeof(*r->load_error));
	if (!r->load || !r->load_error)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		r->load[i] = load_one(s, &s->v[i], flags, &r->load_error[i]);
	return 0;
}

/* With a dry run, staging has failed if there was something to stage. */
static int stage(struct dg_repair *r, const struct dg_stage_options *o)
{
	struct dg_diag why = { 0 };
	int err = dg_stage_run(r->before, o, &r->staged, &why);

	if (err < 0)
		r->stage_problem = why;
	for (size_t i = 0; err == 0 && o->dry_run && i < r->staged->n; i++)
		if (r->staged->v[i].step == DG_STAGE_STAGED)
			err = -EROFS;
	if (err < 0)
		dg_stage_result_free(dg_take(r->staged));
	else if (r->staged->image_problem.what[0])
		dg_diags_add(&r->remarks, &r->staged->image_problem);
	return err;
}

/* What has switched goes on to its end. */
static bool has_switched(const struct dg_survey *before)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;

	return dg_generation_current(before->config->store, before->kernel, &now) == 0 &&
	       now->number != before->generation->number;
}

int dg_repair_run(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		  struct dg_repair **ret, struct dg_diag *d)
{
	const unsigned int survey_flags = flags & DG_REPAIR_EARLY ? DG_SURVEY_NO_DEPOT : 0;
	struct dg_stage_options options = { .image_follows = flags & DG_REPAIR_EARLY,
					    .unattended = !(flags & DG_REPAIR_HEAL) };
	dg_auto(dg_repair_freep) struct dg_repair *r = calloc(1, sizeof(*r));
	struct dg_diag heal_problem = { 0 };
	dg_auto_close int lock = -1;
	int err, failed, heal_error = 0;

	if (!r)
		return -ENOMEM;
	err = dg_transaction_lock(root, config->store, &lock, &r->recovered, &r->stage_problem);
	if (err == 0)
		err = settle_trial(r, root, config, kernel, &r->stage_problem);
	/*
	 * A read-only root still gets its holds: only staging is out of reach, and may not be needed. Early in
	 * boot nothing at all keeps them from being set.
	 */
	if (err < 0 && err != -EROFS && !(flags & DG_REPAIR_EARLY)) {
		*d = r->stage_problem;
		return err;
	}
	options.dry_run = err < 0;
	failed = err;
	err = dg_survey_take(root, config, kernel, survey_flags, &r->before, d);
	if (err < 0)
		return err;
	r->stage_error = stage(r, &options);
	/* What kept it from writing is the cause to be told, needed or not. */
	if (failed < 0 && failed != -EROFS)
		r->stage_error = failed;
	/* What could not be staged, or was to stop before it was, is left as it was found. */
	if ((flags & DG_REPAIR_HEAL) && !options.dry_run &&
	    (has_switched(r->before) || (r->stage_error == 0 && !dg_interrupted())))
		heal_error = dg_heal_run(r->before, &r->remarks, &heal_problem);
	/* Observed again, never assumed from what was done; where nothing was, early in boot there is no time for it.
	 */
	if ((flags & DG_REPAIR_EARLY) && r->staged && !r->staged->changed)
		r->after = r->before;
	else
		err = dg_survey_take(root, config, kernel, survey_flags, &r->after, d);
	if (err < 0)
		return err;
	if (!options.dry_run)
		note_attempts(r->after, &r->remarks);
	r->settle_error = dg_settle(r->after, &r->remarks, &r->settle_problem);
	if (r->settle_error == 0 && heal_error < 0) {
		r->settle_error = heal_error;
		r->settle_problem = heal_problem;
	}
	dg_survey_look_again(r->after);
	/* Early in boot what counts was read just now, and the initramfs has done its work. */
	if (!(flags & DG_REPAIR_EARLY))
		err = dg_verify_run(root, config, kernel, r->after->running, NULL, &r->verified, d);
	if (err == 0)
		err = load_all(r, flags);
	if (err < 0)
		return err;
	*ret = dg_take(r);
	return 0;
}

void dg_repair_free(struct dg_repair *r)
{
	if (!r)
		return;
	if (r->after != r->before)
		dg_survey_free(r->after);
	dg_survey_free(r->before);
	dg_stage_result_free(r->staged);
	dg_verified_free(r->verified);
	dg_diags_free(&r->recovered);
	dg_diags_free(&r->remarks);
	dg_changes_free(&r->reverted);
	free(r->load);
	free(r->load_error);
	free(r);
}

void dg_repair_freep(struct dg_repair **r)
{
	dg_repair_free(*r);
}
