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

/* A word of the policy's line of @name: its action, or how many builds follow it. */
static bool line_of(const char *policy, const char *name, char *action, size_t size, size_t *ret_proven,
		    size_t *ret_known)
{
	for (const char *line = policy; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		dg_auto_free char *copy = strndup(line, strcspn(line, "\n"));
		char *save = NULL, *word = copy ? strtok_r(copy, " \t", &save) : NULL, *driver;

		driver = word ? strtok_r(NULL, " \t", &save) : NULL;
		if (!driver || !dg_modname_equal(driver, name))
			continue;
		snprintf(action, size, "%s", word);
		*ret_proven = *ret_known = 0;
		while ((word = strtok_r(NULL, " \t", &save)))
			*(*word == DRVGUARD_POLICY_NOT ? ret_known : ret_proven) += 1;
		return true;
	}
	return false;
}

static void tell_drivers(const struct dg_job *job, const struct dg_survey *s, const struct dg_guard *g)
{
	struct dg_table t;

	dg_table_begin(&t, 4);
	dg_table_row(&t, "DRIVER", "ACTION", "PROVEN", "KNOWN");
	for (size_t i = 0; i < s->n; i++) {
		struct json_object *o = json_object_new_object();
		char action[16] = "", proven[24] = "", known[24] = "";
		size_t n_proven = 0, n_known = 0;
		bool there = line_of(g->policy, s->v[i].driver->name, action, sizeof(action), &n_proven, &n_known);

		if (there) {
			snprintf(proven, sizeof(proven), "%zu", n_proven);
			snprintf(known, sizeof(known), "%zu", n_known);
		}
		dg_table_row(&t, s->v[i].driver->name, there ? action : NULL, there ? proven : NULL,
			     there ? known : NULL);
		dg_json_string(o, "driver", s->v[i].driver->name);
		dg_json_string(o, "action", there ? action : NULL);
		json_object_object_add(o, "proven", json_object_new_int64((int64_t)n_proven));
		json_object_object_add(o, "known", json_object_new_int64((int64_t)n_known));
		json_object_array_add(job->list, o);
	}
	dg_table_end(&t, !job->context->json);
}

static void status(struct dg_job *job)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	dg_auto_free char *want = NULL;
	struct dg_diag d = { 0 };
	struct json_object *o;
	bool in_step;
	int r = dg_guard_read(job->context->root, &g, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
	s = survey(job, &k);
	want = s ? dg_guard_policy(s) : NULL;
	if (!want)
		return;
	in_step = dg_streq(want, g->policy);
	if (!job->context->json) {
		printf("%s%s%s, %u violation%s\n", g->enforcing ? "enforce" : "permissive", g->sealed ? ", sealed" : "",
		       g->can_refuse ? "" : ", and this kernel takes no notice of a refusal", g->violations,
		       g->violations == 1 ? "" : "s");
		puts(in_step ? "the policy is what is staged"
			     : "the policy is not what is staged: run drvguard guard load");
	}
	tell_drivers(job, s, g);
	if (!in_step)
		dg_job_raise(job, DG_EXIT_MISMATCH);
	if (!job->context->json)
		return;
	o = dg_json_begin();
	dg_json_string(o, "mode", g->enforcing ? "enforce" : "permissive");
	json_object_object_add(o, "sealed", json_object_new_boolean(g->sealed));
	json_object_object_add(o, "can_refuse", json_object_new_boolean(g->can_refuse));
	json_object_object_add(o, "violations", json_object_new_int64(g->violations));
	json_object_object_add(o, "in_step", json_object_new_boolean(in_step));
	json_object_object_add(o, "drivers", json_object_get(job->list));
	dg_json_end(o);
}

static void show_log(struct dg_job *job)
{
	dg_auto_free struct dg_guard_load *v = NULL;
	struct dg_diag d = { 0 };
	struct dg_table t;
	size_t n = 0;
	int r = dg_guard_loads(job->context->root, &v, &n, &d);

	if (r < 0) {
		dg_job_error(job, r, &d);
		return;
	}
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
	dg_table_end(&t, !job->context->json);
	dg_job_print_as(job, "loads");
}

static void load(struct dg_job *job)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = survey(job, &k);
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	struct dg_diag d = { 0 };
	int r;

	if (!s)
		return;
	r = dg_guard_follow(s, &d);
	/* To follow quietly is for those who did not ask. */
	if (r == 0)
		r = dg_guard_read(job->context->root, &g, &d);
	if (r < 0)
		dg_job_error(job, r, &d);
	else
		status(job);
}

static void set_mode(struct dg_job *job, const char *word)
{
	struct dg_diag d = { 0 };
	int r = dg_guard_set_mode(job->context->root, word, &d);

	if (r < 0)
		dg_job_error(job, r, &d);
	else
		status(job);
}

enum dg_exit cmd_guard(const struct dg_context *c)
{
	const char *what = c->args[0] ? c->args[0] : "status";
	struct dg_job job;

	if (c->args[0] && c->args[1]) {
		dg_report_note("guard takes one word", "see drvguard(8)");
		return DG_EXIT_USAGE;
	}
	if (!dg_job_begin(&job, c))
		return dg_job_end(&job);
	if (dg_streq(what, "status"))
		status(&job);
	else if (dg_streq(what, "load"))
		load(&job);
	else if (dg_streq(what, "log"))
		show_log(&job);
	else if (dg_streq(what, DRVGUARD_MODE_PERMISSIVE) || dg_streq(what, DRVGUARD_MODE_ENFORCE) ||
		 dg_streq(what, DRVGUARD_MODE_SEAL))
		set_mode(&job, what);
	else {
		dg_report_note("no such word for guard", "it is status, load, permissive, enforce, seal or log");
		dg_job_raise(&job, DG_EXIT_USAGE);
	}
	return dg_job_end(&job);
}
