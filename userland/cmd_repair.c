// SPDX-License-Identifier: GPL-2.0-or-later
/* `drvguard -dm`: the whole job for the running kernel, told in the order of the manual cure. */
#include <errno.h>

#include "cmd.h"
#include "gating.h"
#include "job.h"
#include "lib/fs.h"
#include "lib/history.h"
#include "lib/repair.h"
#include "motd.h"
#include "recording.h"
#include "report.h"
#include "waiting.h"

static void print_level(const struct dg_survey *s)
{
	const struct dg_running *now = &s->now;
	const struct dg_level *l = now->kmod_abi ? &now->kmod_level : &now->level;
	char text[160], other[160];

	dg_level_format(l, text, sizeof(text));
	printf("level    %s, kernel %s: ", text, s->kernel->release);
	if (!now->kmod_abi) {
		puts("from its release and version; the kernel module is not loaded to confirm it");
	} else if (dg_level_agree(&now->kmod_level, &now->level)) {
		puts("the kernel module and uname agree");
	} else {
		dg_level_format(&now->level, other, sizeof(other));
		printf("the kernel module says so, uname says %s\n", other);
	}
}

/* "scap: 0.1.1 exact, /lib/modules/…: match" as it was found, before anything was done. */
static void print_found(const struct dg_standing *st)
{
	char cause[500];

	dg_standing_cause(st, cause, sizeof(cause));
	if (!st->staged_path)
		printf("found    %s: nothing staged, %s: %s\n", st->driver->name,
		       dg_paint(st->match, dg_match_name(st->match)), cause);
	else
		printf("found    %s: %s%s, %s%s%s\n", st->driver->name,
		       st->staged.file ? dg_show(st->staged.file->version) : "",
		       st->staged_ours ? " staged" : " not staged by drvguard",
		       dg_paint(st->match, dg_match_name(st->match)), *cause ? ": " : "", cause);
}

static const char *not_staged(enum dg_stage_step step)
{
	switch (step) {
	case DG_STAGE_OLDER:
		return "nothing: the depot's match is an older version; drvguard stage --force takes it";
	case DG_STAGE_WITHDRAWN:
		return "nothing: the match was rolled back or removed before; drvguard stage --force takes it";
	case DG_STAGE_GROUP:
		return "nothing: another driver of its product has no match; drvguard stage --force takes what there is";
	case DG_STAGE_NONE:
		return "nothing: no match is to be had";
	case DG_STAGE_KEPT:
	case DG_STAGE_STAGED:
		break;
	}
	return "nothing to do";
}

static void print_staged(const struct dg_repair *r, const struct dg_standing *before, size_t i)
{
	const struct dg_stage_item *item = r->staged ? &r->staged->v[i] : NULL;
	const char *name = before->driver->name;

	if (!item)
		printf("staged   %s: nothing: %s%s%s\n", name, r->stage_problem.what,
		       r->stage_problem.cure[0] ? "; " : "", r->stage_problem.cure);
	else if (item->step == DG_STAGE_STAGED)
		printf("staged   %s: generation %u (%s) from %s\n", name, r->staged->generation,
		       dg_verdict_name(before->best.judgement->verdict), dg_show(before->best.file->path));
	else
		printf("staged   %s: %s\n", name, not_staged(item->step));
	if (item && item->shadowed_by[0])
		printf("         %s: but modprobe would take %s; remove that file\n", name, item->shadowed_by);
}

/* Of the file itself, that is; where it leads from and what shadows it is told below. */
static bool digest_is_wrong(const struct dg_verified *v, const char *driver)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct dg_finding *f = &v->findings[i];

		if (f->kind == DG_FINDING_MANIFEST ||
		    (dg_streq(f->driver, driver) &&
		     (f->kind == DG_FINDING_CHANGED || f->kind == DG_FINDING_SWAPPED || f->kind == DG_FINDING_MISSING)))
			return true;
	}
	return false;
}

static void print_digest(const struct dg_repair *r, const struct dg_standing *st)
{
	const struct dg_modfile *f = st->staged.file;

	if (!st->staged_ours || !f) {
		printf("digest   %s: nothing of drvguard's is staged\n", st->driver->name);
		return;
	}
	printf("digest   %s: %s, SHA-256 %.16s..., sum %05u %zu\n", st->driver->name,
	       digest_is_wrong(r->verified, st->driver->name) ? "WRONG, see below" : "as the manifest says", f->sha256,
	       dg_sum_bsd(f->data, f->len), (f->len + 1023) / 1024);
}

static void print_loaded(const struct dg_repair *r, const struct dg_standing *st, size_t i)
{
	static const char *const words[] = {
		[DG_LOAD_NO_MATCH] = "not loaded, kept from loading: nothing matches",
		[DG_LOAD_NOT_RUNNING] = "not for the running kernel",
		[DG_LOAD_NOT_ASKED] = "not loaded: load = never, or another root",
		[DG_LOAD_ALREADY] = "loaded, the staged file",
		[DG_LOAD_DONE] = "loaded now, the staged file",
		[DG_LOAD_REBOOT] = "another build is loaded: reboot to run the staged one",
		[DG_LOAD_FAILED] = "could not be loaded",
		[DG_LOAD_SUSPECT] =
			"not loaded: its last load was followed by an unclean boot; drvguard commit clears that",
	};
	char cause[500];

	printf("loaded   %s: %s", st->driver->name, words[r->load[i]]);
	if (r->load[i] == DG_LOAD_NO_MATCH && st->loaded.loaded)
		printf(" (but one is loaded now)");
	if (r->load[i] == DG_LOAD_FAILED) {
		dg_standing_cause(st, cause, sizeof(cause));
		printf(": %s; %s", strerror(-r->load_error[i]), *cause ? cause : "see dmesg");
	}
	if (st->driver->path)
		printf("; %s is %s", st->driver->path, dg_place_state_name(st->place));
	putchar('\n');
}

static enum dg_exit code_of_finding(enum dg_finding_kind k)
{
	if (dg_finding_is_tampering(k))
		return DG_EXIT_TAMPERED;
	return k == DG_FINDING_UNREAD ? DG_EXIT_UNKNOWN : DG_EXIT_MISMATCH;
}

static enum dg_exit code_of(const struct dg_repair *r)
{
	enum dg_exit code = r->stage_error < 0 || r->settle_error < 0 ? DG_EXIT_UNKNOWN : DG_EXIT_OK;

	for (size_t i = 0; i < r->after->n; i++) {
		code = dg_exit_worse(code, dg_exit_of_standing(r->after, &r->after->v[i]));
		if (r->load[i] == DG_LOAD_FAILED)
			code = dg_exit_worse(code, DG_EXIT_MISMATCH);
	}
	for (size_t i = 0; i < r->verified->n_findings; i++)
		code = dg_exit_worse(code, code_of_finding(r->verified->findings[i].kind));
	return code;
}

static void print_text(const struct dg_repair *r)
{
	const struct dg_survey *after = r->after;

	print_level(after);
	if (r->reverted.from)
		printf("reverted the trial of generation %u was not confirmed: back to %u\n", r->reverted.from,
		       r->reverted.to);
	for (size_t i = 0; i < after->n; i++)
		print_found(&r->before->v[i]);
	for (size_t i = 0; i < after->n; i++)
		print_staged(r, &r->before->v[i], i);
	for (size_t i = 0; i < after->n; i++)
		print_digest(r, &after->v[i]);
	for (size_t i = 0; i < after->n; i++)
		print_loaded(r, &after->v[i], i);
	for (size_t i = 0; i < r->verified->n_findings; i++) {
		const struct dg_finding *f = &r->verified->findings[i];

		printf("finding  %s: %s: %s%s%s\n", dg_finding_name(f->kind), f->text.where, f->text.what,
		       f->text.cure[0] ? "; " : "", f->text.cure);
	}
}

static void print_result(enum dg_exit code)
{
	static const char *const words[] = {
		"every driver matches this kernel",
		"not every driver matches this kernel",
		"the configuration needs a correction",
		"not everything could be found out",
		"waiting for the depot",
		"matched; a reboot is needed to run what is staged",
		"tampered: see the findings",
	};

	printf("result   %s (exit %d)\n", words[code], (int)code);
}

static struct json_object *to_json(const struct dg_repair *r)
{
	static const char *const loads[] = { "no_match", "not_running", "not_asked", "already",
					     "loaded",	 "reboot",	"failed",    "suspect" };
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "kernel", dg_json_kernel(r->after->kernel));
	json_object_object_add(o, "generation", json_object_new_int(r->staged ? (int)r->staged->generation : 0));
	json_object_object_add(o, "changed", json_object_new_boolean(r->staged && r->staged->changed));
	for (size_t i = 0; i < r->after->n; i++) {
		struct json_object *d = dg_json_standing(&r->after->v[i]);

		dg_json_string(d, "match_before", dg_match_name(r->before->v[i].match));
		dg_json_string(d, "load", loads[r->load[i]]);
		json_object_array_add(list, d);
	}
	json_object_object_add(o, "drivers", list);
	json_object_object_add(o, "problems", dg_json_problems(&r->after->problems));
	return o;
}

static void one_kernel(struct dg_job *job, struct dg_kernel *k)
{
	dg_auto(dg_repair_freep) struct dg_repair *r = NULL;
	struct dg_diag d = { 0 };
	int err = dg_repair_run(job->context->root, job->config, k, DG_REPAIR_HEAL, &r, &d);

	if (err < 0) {
		dg_job_error(job, err, &d);
		return;
	}
	if (!job->context->quiet)
		dg_report_problems(&r->before->problems);
	dg_report_problems(&r->recovered);
	dg_report_problems(&r->remarks);
	if (r->stage_error < 0)
		dg_report_error(r->stage_error, &r->stage_problem);
	if (r->settle_error < 0)
		dg_report_error(r->settle_error, &r->settle_problem);
	(void)dg_waiting_record(r->after);
	dg_motd_post(r->after, NULL);
	dg_record_repair(job, r);
	dg_job_raise(job, code_of(r));
	json_object_array_add(job->list, to_json(r));
	if (job->context->json)
		return;
	print_text(r);
	print_result(job->code);
}

enum dg_exit cmd_repair(const struct dg_context *c)
{
	struct dg_diag d;
	struct dg_job job;

	if (dg_job_begin(&job, c) && dg_job_take_names(&job)) {
		dg_job_each_kernel(&job, one_kernel);
		dg_gate_renew(&job);
		/* A damaged history is made anew. */
		if (dg_history_check(c->root, &d) < 0)
			dg_job_record(&job, NULL, 0);
		dg_job_print(&job);
	}
	return dg_job_end(&job);
}
