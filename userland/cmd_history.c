// SPDX-License-Identifier: GPL-2.0-or-later
/* What was done, as a patch log tells it: when, what, to which driver, for which kernel, by whom. */
#include <errno.h>
#include <time.h>

#include "cmd.h"
#include "job.h"
#include "lib/date.h"
#include "lib/history.h"
#include "report.h"

/*
 * An action in words. %t is what was there after it, %f what was before, %v the only one known:
 * ->both where two are known, ->back (NULL: as ->both) where the later went, ->one, ->none.
 */
static const struct words {
	const char *action, *back, *both, *one, *none;
	const char *could_not; /* "could not …" */
	bool stays;	       /* where it failed, what was before is there still */
} table[] = {
	{ "stage", "installed %t in place of the later %f", "installed %t, superseding %f", "installed %v", "installed",
	  "install %t", true },
	{ "trial", "installed %t on trial, in place of the later %f", "installed %t on trial, superseding %f",
	  "installed %v on trial", "installed on trial", "install %t on trial", true },
	{ "rollback", "un-superseded %t (%f withdrawn)", "rolled back to %t (%f withdrawn)", "withdrew %v",
	  "rolled back", "roll back to %t", true },
	{ "remove", "removed %f, un-superseding %t", "removed %f; %t is in its place", "removed %v", "removed",
	  "remove %f", false },
	{ "commit", NULL, "committed %t", "committed %v", "committed", "commit %t", false },
	{ "revert", NULL, "reverted to %t (%f was not confirmed)", "reverted: %v was not confirmed", "reverted",
	  "revert to %t", true },
	{ "mount", NULL, "mounted %t over %f", "mounted %v", "mounted", "mount %t", true },
	{ "unmount", NULL, "unmounted %f; %t is in its place", "unmounted %v", "unmounted", "unmount %f", false },
	{ "load", NULL, "loaded %t in place of %f", "loaded %v", "loaded", "load %t", true },
	{ "heal", NULL, "healed %t (%f was there)", "healed %v", "healed", "heal %t", false },
	{ "recover", NULL, "recovered %t after an interrupted run", "recovered %v after an interrupted run",
	  "recovered after an interrupted run", "recover %t", false },
	{ "cleanup", NULL, "cleaned up %f", "cleaned up %v", "cleaned up", "clean up %f", false },
	{ "lack", NULL, "found no match", "found no match", "found no match", "find a match", false },
	{ "permissive", NULL, "", "", "made the guard permissive", "make the guard permissive", false },
	{ "enforce", NULL, "", "", "had the guard enforce", "have the guard enforce", false },
	{ "seal", NULL, "", "", "sealed the guard", "seal the guard", false },
	{ "found", NULL, "found %t staged", "found %v staged", "found staged", "tell %t", false },
};

static const struct words *words_of(const char *action)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(table); i++)
		if (dg_streq(table[i].action, action))
			return &table[i];
	return NULL;
}

/* "2.0", or "2.0 build 1a2b3c4d" where the version alone does not tell; "" unknown. */
static void name_build(const char *version, const char *sha256, bool precise, char *buf, size_t size)
{
	const char *sum = sha256 && (precise || !version) ? sha256 : NULL;

	snprintf(buf, size, "%.160s%s%s%.8s", version ? version : "", version && sum ? " " : "", sum ? "build " : "",
		 sum ? sum : "");
}

struct builds {
	char from[200], to[200];
	bool both, back;
};

static void name_builds(const struct dg_event *e, struct builds *b)
{
	bool same_version = dg_streq(e->version_from, e->version_to);

	name_build(e->version_from, e->sha256_from, same_version, b->from, sizeof(b->from));
	name_build(e->version_to, e->sha256_to, same_version, b->to, sizeof(b->to));
	/* Nothing changed: only one was spoken of. */
	b->both = b->from[0] && b->to[0] && !dg_streq(b->from, b->to);
	b->back = b->both && e->version_from && e->version_to && dg_version_compare(e->version_to, e->version_from) < 0;
}

/* "%t" and its like for what they stand for; one that is unknown goes with the space before it. */
static void expand(const char *words, const struct builds *b, char *buf, size_t size)
{
	size_t n = 0;

	for (const char *p = words; *p && n + 1 < size; p++) {
		const char *one = b->to[0] ? b->to : b->from, *text = one;
		int len;

		if (*p != '%') {
			buf[n++] = *p;
			continue;
		}
		p++;
		if (b->both && *p != 'v')
			text = *p == 't' ? b->to : b->from;
		if (!*text && n && buf[n - 1] == ' ')
			n--;
		len = snprintf(buf + n, size - n, "%s", text);
		n = n + (size_t)len < size ? n + (size_t)len : size - 1;
	}
	buf[n] = '\0';
}

static void tell(const struct dg_event *e, char *buf, size_t size)
{
	const struct words *w = words_of(e->action);
	struct builds b;
	char text[600];

	name_builds(e, &b);
	if (!w) {
		snprintf(buf, size, "%s%s %s", e->result ? "failed: " : "", e->action, b.to[0] ? b.to : b.from);
		return;
	}
	if (e->result) {
		expand(w->could_not, &b, text, sizeof(text));
		snprintf(buf, size, "could not %s%s%s%s", text, w->stays && b.both ? " (" : "",
			 w->stays && b.both ? b.from : "", w->stays && b.both ? " stays)" : "");
		return;
	}
	if (b.both)
		expand(b.back && w->back ? w->back : w->both, &b, buf, size);
	else
		expand(b.from[0] || b.to[0] ? w->one : w->none, &b, buf, size);
}

/* "alice", "boot", "hook (alice)": root is who hooks and units are anyway. */
static void who(const struct dg_event *e, char *buf, size_t size)
{
	bool by_hand = !e->actor || dg_streq(e->actor, "user");

	if (by_hand)
		snprintf(buf, size, "%s", e->user ? e->user : "");
	else if (!e->user || dg_streq(e->user, "root"))
		snprintf(buf, size, "%s", e->actor);
	else
		snprintf(buf, size, "%s (%s)", e->actor, e->user);
}

static void local_time(int64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, size, "@%lld", (long long)seconds);
}

/* "1>2", "2", "" */
static void generations(const struct dg_event *e, char *buf, size_t size)
{
	buf[0] = '\0';
	if (e->generation_from && e->generation_to && e->generation_from != e->generation_to)
		snprintf(buf, size, "%u>%u", e->generation_from, e->generation_to);
	else if (e->generation_from || e->generation_to)
		snprintf(buf, size, "%u", e->generation_to ? e->generation_to : e->generation_from);
}

static void row(struct dg_table *t, const struct dg_event *e, bool verbose)
{
	char when[40], what[900], by[1100], numbers[40], sum[20];

	local_time(e->time, when, sizeof(when));
	tell(e, what, sizeof(what));
	who(e, by, sizeof(by));
	dg_table_cell(t, when);
	dg_table_cell(t, e->driver);
	dg_table_cell(t, what);
	dg_table_cell(t, e->kernel);
	dg_table_cell(t, by);
	dg_table_cell(t, e->result ? strerror(e->result) : "ok");
	if (!verbose)
		return;
	generations(e, numbers, sizeof(numbers));
	snprintf(sum, sizeof(sum), "%.12s", e->sha256_to ? e->sha256_to : "");
	dg_table_cell(t, numbers);
	dg_table_cell(t, e->verdict);
	dg_table_cell(t, sum);
	dg_table_cell(t, e->detail);
}

static void print_text(const struct dg_events *list, bool verbose)
{
	static const char *const heads[] = { "TIME",   "DRIVER",     "ACTION",	"KERNEL", "BY",
					     "RESULT", "GENERATION", "VERDICT", "SHA256", "DETAIL" };
	struct dg_table t;

	dg_table_begin(&t, verbose ? DG_ARRAY_SIZE(heads) : 6);
	for (size_t i = 0; i < t.columns; i++)
		dg_table_cell(&t, heads[i]);
	for (size_t i = 0; i < list->n; i++)
		row(&t, &list->v[i], verbose);
	dg_table_end(&t, true);
}

static void add_generation(struct json_object *o, const char *key, unsigned int number)
{
	json_object_object_add(o, key, number ? json_object_new_int64(number) : NULL);
}

static struct json_object *to_json(const struct dg_event *e)
{
	struct json_object *o = json_object_new_object();
	time_t t = (time_t)e->time;
	char when[40] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	dg_json_string(o, "time", when);
	dg_json_string(o, "actor", e->actor);
	dg_json_string(o, "user", e->user);
	dg_json_string(o, "action", e->action);
	dg_json_string(o, "driver", e->driver);
	dg_json_string(o, "kernel", e->kernel);
	add_generation(o, "generation_from", e->generation_from);
	add_generation(o, "generation_to", e->generation_to);
	dg_json_string(o, "version_from", e->version_from);
	dg_json_string(o, "version_to", e->version_to);
	dg_json_string(o, "sha256_from", e->sha256_from);
	dg_json_string(o, "sha256_to", e->sha256_to);
	dg_json_string(o, "verdict", e->verdict);
	dg_json_string(o, "result", e->result ? "failed" : "ok");
	dg_json_string(o, "errno", dg_errno_name(e->result));
	dg_json_string(o, "detail", e->detail);
	return o;
}

/* What the options ask for; false after a message. */
static bool take_filter(struct dg_job *job, struct dg_history_filter *f)
{
	const struct dg_context *c = job->context;
	int64_t now = (int64_t)time(NULL), other;
	const char *wrong = NULL;
	struct dg_diag d;

	f->drivers = c->args[0] ? (const char *const *)c->args : NULL;
	/* Any string: a kernel that is gone has a history too. */
	f->kernel = c->kernel && !dg_streq(c->kernel, "all") ? c->kernel : NULL;
	if (c->since && !dg_date_parse(c->since, now, &f->since, &other))
		wrong = c->since;
	if (c->until && !dg_date_parse(c->until, now, &other, &f->until))
		wrong = c->until;
	/* 0 would be no bound. */
	if (c->until && f->until <= 0)
		f->until = 1;
	if (!wrong)
		return true;
	dg_diag_set(&d, -EINVAL, wrong, "write 2026-11-22, \"2026-11-22 17:30\", 3d, 2h, today or yesterday",
		    "is no date");
	dg_job_error(job, -EINVAL, &d);
	return false;
}

static void print(struct dg_job *job, const struct dg_events *list)
{
	if (job->context->json) {
		for (size_t i = 0; i < list->n; i++)
			json_object_array_add(job->list, to_json(&list->v[i]));
		dg_job_print_as(job, "events");
	} else if (list->n) {
		print_text(list, job->context->verbose);
	} else if (!job->context->quiet) {
		dg_report_note("nothing is recorded of that", "drvguard status shows what is staged");
	}
}

enum dg_exit cmd_history(const struct dg_context *c)
{
	struct dg_history_filter f = { 0 };
	struct dg_events list = { 0 };
	struct dg_diag note = { 0 };
	struct dg_job job;
	int r;

	dg_job_init(&job, c);
	if (!take_filter(&job, &f))
		return dg_job_end(&job);
	/* Only the store's place is of interest: a bad configuration hides no history. */
	(void)dg_config_read(c->root, c->config, &job.config, NULL);
	r = dg_history_read(c->root, job.config ? job.config->store : NULL, &f, &list, &note);
	if (r < 0) {
		dg_job_error(&job, r, &note);
	} else {
		if (note.what[0])
			dg_report_error(0, &note);
		print(&job, &list);
	}
	dg_events_free(&list);
	return dg_job_end(&job);
}
