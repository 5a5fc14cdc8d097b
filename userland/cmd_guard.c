// SPDX-License-Identifier: GPL-2.0-or-later
/* The guard in the kernel: how it stands, what it is told, whom it has seen. */
#include "cmd.h"

#include <errno.h>

#include "../kmod/uapi/drvguard.h"
#include "job.h"
#include "lib/guard.h"
#include "report.h"

/* The running kernel's survey, which its policy comes from. NULL after a message. */
static struct dg_survey *survey(struct dg_job *job, struct dg_kernel **ret_kernel)
{
	struct dg_survey *s = NULL;
	struct dg_running now;
	struct dg_diag d = { 0 };
	int r = dg_running_read(job->context->root, &now);

	if (r < 0)
		dg_diag_set(&d, r, job->context->root, "ask where one runs", "no kernel runs in this root");
	else
		r = dg_kernel_open(job->context->root, now.release, ret_kernel, &d);
	if (r == 0)
		r = dg_survey_take(job->context->root, job->config, *ret_kernel, DG_SURVEY_NO_DEPOT, &s, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	return s;
}

static void tell_drivers(const struct dg_job *job, const struct dg_survey *s, const struct dg_guardpolicy *p)
{
	struct dg_table t;

	dg_table_begin(&t, 4);
	dg_table_row(&t, "DRIVER", "ACTION", "PROVEN", "KNOWN");
	for (size_t i = 0; i < s->n; i++) {
		const struct dg_guardpolicy_line *line = dg_guardpolicy_find(p, s->v[i].driver->name);
		const char *action = line ? (line->deny ? DRVGUARD_POLICY_DENY : DRVGUARD_POLICY_WARN) : NULL;
		size_t n_proven = line ? dg_guardpolicy_count(line, true) : 0;
		size_t n_known = line ? dg_guardpolicy_count(line, false) : 0;
		struct json_object *o = json_object_new_object();
		char proven[24], known[24];

		snprintf(proven, sizeof(proven), "%zu", n_proven);
		snprintf(known, sizeof(known), "%zu", n_known);
		dg_table_row(&t, s->v[i].driver->name, action, line ? proven : NULL, line ? known : NULL);
		dg_json_string(o, "driver", s->v[i].driver->name);
		dg_json_string(o, "action", action);
		json_object_object_add(o, "proven", json_object_new_int64((int64_t)n_proven));
		json_object_object_add(o, "known", json_object_new_int64((int64_t)n_known));
		json_object_array_add(job->list, o);
	}
	dg_table_end(&t, !job->context->json);
}

static const char *mode_of(const struct dg_guard *g)
{
	return g->enforcing ? DRVGUARD_MODE_ENFORCE : DRVGUARD_MODE_PERMISSIVE;
}

static void tell_mode(const struct dg_guard *g)
{
	printf("%s%s%s, %u violation%s\n", mode_of(g), g->sealed ? ", sealed" : "",
	       g->can_refuse ? "" : ", and this kernel takes no notice of a refusal", g->violations,
	       g->violations == 1 ? "" : "s");
}

/* The policy is root's to read; without it, or a survey, there is no more to tell than the mode. */
static bool compare(struct dg_job *job, const struct dg_survey *s, const struct dg_guard *g, bool *ret_in_step)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
	struct dg_diag d = { 0 };
	int r = g->policy ? dg_guardpolicy_parse(g->policy, &p) : -EACCES;

	if (r == 0)
		r = dg_guard_in_step(s, p, ret_in_step);
	if (r < 0) {
		dg_diag_errno(&d, r, DRVGUARD_SECURITYFS_DIR "/" DRVGUARD_CONTROL_POLICY, "read");
		dg_job_error(job, r, &d);
		return false;
	}
	if (!job->context->json)
		puts(*ret_in_step ? "the policy is what is staged"
		     : g->sealed  ? "the policy is not what is staged, and sealed: reboot"
				  : "the policy is not what is staged: run drvguard guard load");
	tell_drivers(job, s, p);
	return true;
}

/* @g: NULL where there is none; @in_step: NULL where that is not known. */
static void print_json(const struct dg_job *job, const struct dg_guard *g, const bool *in_step)
{
	struct json_object *o = dg_json_begin();

	dg_json_string(o, "mode", g ? mode_of(g) : NULL);
	json_object_object_add(o, "sealed", g ? json_object_new_boolean(g->sealed) : NULL);
	json_object_object_add(o, "can_refuse", g ? json_object_new_boolean(g->can_refuse) : NULL);
	json_object_object_add(o, "violations", g ? json_object_new_int64(g->violations) : NULL);
	json_object_object_add(o, "in_step", in_step ? json_object_new_boolean(*in_step) : NULL);
	json_object_object_add(o, "drivers", json_object_get(job->list));
	dg_json_end(o);
}

/* Whether its policy is what is staged; true where that is not known. */
static bool status(struct dg_job *job)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	bool in_step = false, known = false;
	int r = dg_guard_read(job->context->root, &g, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
	} else {
		if (!job->context->json)
			tell_mode(g);
		s = survey(job, &k);
		known = s && compare(job, s, g, &in_step);
	}
	if (job->context->json)
		print_json(job, g, known ? &in_step : NULL);
	return in_step || !known;
}

static void judge(struct dg_job *job)
{
	if (!status(job))
		dg_job_raise(job, DG_EXIT_MISMATCH);
}

static void show_log(struct dg_job *job)
{
	dg_auto_free struct dg_guard_load *v = NULL;
	struct dg_diag d = { 0 };
	struct dg_table t;
	size_t n = 0;
	int r = dg_guard_loads(job->context->root, &v, &n, &d);

	if (r < 0)
		dg_job_error(job, r, &d);
	dg_table_begin(&t, 8);
	dg_table_row(&t, "SECONDS", "LIVE", "MODULE", "VERDICT", "REASON", "TAINTS", "BUILD-ID", "BY");
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();
		char came[24], live[24], reason[40], by[64];

		snprintf(came, sizeof(came), "%.3f", v[i].came);
		snprintf(live, sizeof(live), "%.3f", v[i].live);
		snprintf(reason, sizeof(reason), "%s%s%s", v[i].reason, v[i].reason[0] && v[i].renamed ? ", " : "",
			 v[i].renamed ? "renamed" : "");
		snprintf(by, sizeof(by), "%s[%u] of user %u", v[i].program, v[i].pid, v[i].uid);
		dg_table_row(&t, came, v[i].live > 0 ? live : NULL, v[i].name, v[i].verdict, *reason ? reason : NULL,
			     *v[i].taints ? v[i].taints : NULL, *v[i].build_id ? v[i].build_id : NULL, by);
		json_object_object_add(o, "sequence", json_object_new_int64((int64_t)v[i].seq));
		json_object_object_add(o, "came", json_object_new_double(v[i].came));
		json_object_object_add(o, "live", v[i].live > 0 ? json_object_new_double(v[i].live) : NULL);
		dg_json_string(o, "module", v[i].name);
		dg_json_string(o, "build_id", *v[i].build_id ? v[i].build_id : NULL);
		dg_json_string(o, "taints", *v[i].taints ? v[i].taints : NULL);
		dg_json_string(o, "verdict", v[i].verdict);
		dg_json_string(o, "reason", *v[i].reason ? v[i].reason : NULL);
		json_object_object_add(o, "renamed", json_object_new_boolean(v[i].renamed));
		json_object_object_add(o, "pid", json_object_new_int64(v[i].pid));
		json_object_object_add(o, "uid", json_object_new_int64(v[i].uid));
		dg_json_string(o, "program", v[i].program);
		json_object_array_add(job->list, o);
	}
	dg_table_end(&t, r == 0 && !job->context->json);
	dg_job_print_as(job, "loads");
}

static bool set_mode(struct dg_job *job, const char *word)
{
	struct dg_diag d = { 0 };
	int r = dg_guard_set_mode(job->context->root, word, &d);

	if (r < 0)
		dg_job_error(job, r, &d);
	else
		dg_job_record(job, &(struct dg_event){ .action = word }, 1);
	return r == 0;
}

/* @word: the mode to set behind it; NULL: none. What is sealed, or refuses, shall be what is staged. */
static void load(struct dg_job *job, const char *word)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = survey(job, &k);
	struct dg_diag d = { 0 };
	int r;

	if (!s)
		return;
	r = dg_guard_follow(s, true, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	/* Sealed, nothing better can be had; what is not in step is not made to stay so. */
	if (word && (r == 0 || (r == -ESTALE && dg_streq(word, DRVGUARD_MODE_ENFORCE))) && !set_mode(job, word))
		r = -ECANCELED;
	if (r == 0)
		judge(job);
	else if (job->context->json)
		print_json(job, NULL, NULL);
}

static bool is_mode(const char *word)
{
	return dg_streq(word, DRVGUARD_MODE_ENFORCE) || dg_streq(word, DRVGUARD_MODE_SEAL);
}

enum dg_exit cmd_guard(const struct dg_context *c)
{
	const char *what = c->args[0] ? c->args[0] : "status";
	dg_auto_close int lock = -1;
	struct dg_job job;

	if (c->args[0] && c->args[1]) {
		dg_report_note("guard takes one word", "see drvguard(8)");
		return DG_EXIT_USAGE;
	}
	if (!dg_job_begin(&job, c))
		return dg_job_end(&job);
	if (dg_streq(what, "status"))
		judge(&job);
	else if (dg_streq(what, "log"))
		show_log(&job);
	else if (dg_streq(what, DRVGUARD_MODE_PERMISSIVE)) {
		/* Who needs that needs it now: whoever else writes, and whatever else is wrong. */
		if (set_mode(&job, what))
			(void)status(&job);
		else if (c->json)
			print_json(&job, NULL, NULL);
	} else if (!dg_streq(what, "load") && !is_mode(what)) {
		dg_report_note("no such word for guard", "it is status, load, permissive, enforce, seal or log");
		dg_job_raise(&job, DG_EXIT_USAGE);
	} else if (dg_job_lock(&job, &lock)) {
		load(&job, is_mode(what) ? what : NULL);
	}
	return dg_job_end(&job);
}
