// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <errno.h>
#include <stdarg.h>

#define PAINT_END "\033[0m"

const char *dg_show(const char *s)
{
	static char turns[8][512];
	static unsigned int turn;
	char *buf = turns[turn++ % 8];

	snprintf(buf, sizeof(turns[0]), "%s", s);
	return dg_printable(buf);
}

void dg_report_error(int err, const struct dg_diag *d)
{
	if (!d->what[0])
		fprintf(stderr, "drvguard: %s\n", strerror(err < 0 ? -err : EIO));
	else
		fprintf(stderr, "drvguard: %s%s%s%s%s\n", d->where, d->where[0] ? ": " : "", d->what,
			d->cure[0] ? "; " : "", d->cure);
}

void dg_report_problems(const struct dg_diags *list)
{
	for (size_t i = 0; i < list->n; i++)
		dg_report_error(0, &list->v[i]);
}

void dg_report_note(const char *what, const char *cure)
{
	fprintf(stderr, "drvguard: %s; %s\n", what, cure);
}

void dg_table_begin(struct dg_table *t, size_t columns)
{
	*t = (struct dg_table){ .columns = columns };
}

/* Only dg_paint() may speak to the terminal. */
static char *cell(const char *s)
{
	size_t len = strlen(s), skip = strlen("\033[31m"), end = strlen(PAINT_END);
	char *copy = strdup(s), c;

	if (copy && len > skip + end && dg_startswith(s, "\033[3") && s[skip - 1] == 'm' && dg_endswith(s, PAINT_END)) {
		c = copy[len - end];
		copy[len - end] = '\0';
		dg_printable(copy + skip);
		copy[len - end] = c;
		return copy;
	}
	return dg_printable(copy);
}

void dg_table_cell(struct dg_table *t, const char *s)
{
	if (DG_GROW(t->cells, t->n) == 0)
		t->cells[t->n++] = cell(s && *s ? s : "-");
}

void dg_table_row(struct dg_table *t, ...)
{
	va_list ap;

	va_start(ap, t);
	for (size_t i = 0; i < t->columns; i++)
		dg_table_cell(t, va_arg(ap, const char *));
	va_end(ap);
}

/* Colour takes no room. */
static int width(const char *s)
{
	int n = 0;

	for (; s && *s; s++)
		if (*s == '\033')
			s += strcspn(s, "m");
		else
			n++;
	return n;
}

static void print_table(const struct dg_table *t)
{
	dg_auto_free int *widths = calloc(t->columns, sizeof(*widths));
	bool terminal = isatty(STDOUT_FILENO);

	if (!widths)
		return;
	for (size_t i = 0; i < t->n; i++) {
		int w = width(t->cells[i]);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->columns;

		if (terminal && i == 0)
			fputs("\033[1m", stdout);
		fputs(t->cells[i] ? t->cells[i] : "", stdout);
		if (column + 1 < t->columns)
			printf("%*s", widths[column] - width(t->cells[i]) + 2, "");
		else
			puts(terminal && i + 1 == t->columns ? PAINT_END : "");
	}
}

void dg_table_end(struct dg_table *t, bool print)
{
	if (print && t->n > t->columns)
		print_table(t);
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
}

const char *dg_paint(enum dg_match m, const char *word)
{
	static const int colours[] = { 32, 31, 31, 33 };
	static char turns[8][64];
	static unsigned int turn;
	char *buf = turns[turn++ % 8];

	if (!isatty(STDOUT_FILENO))
		return word;
	snprintf(buf, sizeof(turns[0]), "\033[%dm%s" PAINT_END, colours[m], word);
	return buf;
}

struct json_object *dg_json_begin(void)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "schema", json_object_new_int(DG_JSON_SCHEMA));
	return o;
}

void dg_json_end(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void dg_json_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, value ? json_object_new_string(value) : NULL);
}

/* Unknown is null, not "". */
static void known_string(struct json_object *o, const char *key, const char *value)
{
	dg_json_string(o, key, value && *value ? value : NULL);
}

struct json_object *dg_json_nextboot(const struct dg_nextboot *n)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	dg_json_string(o, "release", n->release);
	dg_json_string(o, "loader", n->loader);
	dg_json_string(o, "evidence", n->evidence);
	for (char **p = n->candidates; *p; p++)
		json_object_array_add(list, json_object_new_string(*p));
	json_object_object_add(o, "candidates", list);
	json_object_object_add(o, "once", json_object_new_boolean(n->once));
	dg_json_string(o, "after", n->after);
	return o;
}

struct json_object *dg_json_kernel(const struct dg_kernel *k)
{
	struct json_object *o = json_object_new_object(), *level = json_object_new_object();

	dg_json_string(o, "release", k->release);
	known_string(o, "build_id", k->build_id);
	known_string(level, "vendor", k->level.vendor);
	known_string(level, "technology_level", k->level.tl);
	known_string(level, "service_pack", k->level.sp);
	json_object_object_add(o, "level", level);
	return o;
}

const char *dg_errno_name(int err)
{
	return err ? strerrorname_np(err) : NULL;
}

static struct json_object *json_reasons(const struct dg_judgement *j)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; j && i < j->n_reasons; i++) {
		const struct dg_reason *r = &j->reasons[i];
		struct json_object *o = json_object_new_object();

		dg_json_string(o, "kind", dg_reason_name(r->kind));
		dg_json_string(o, "symbol", r->symbol);
		dg_json_string(o, "want", r->want);
		dg_json_string(o, "have", r->have);
		dg_json_string(o, "owner", r->owner);
		dg_json_string(o, "errno", dg_errno_name(r->err));
		json_object_object_add(o, "accepted_by_kernel", json_object_new_boolean(r->err == 0));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *dg_json_judgement(const char *driver, const char *file, const struct dg_judgement *j)
{
	struct json_object *o = json_object_new_object();

	dg_json_string(o, "driver", driver);
	dg_json_string(o, "file", file);
	dg_json_string(o, "verdict", j ? dg_verdict_name(j->verdict) : NULL);
	dg_json_string(o, "errno", j ? dg_errno_name(j->err) : NULL);
	json_object_object_add(o, "reasons", json_reasons(j));
	return o;
}

struct json_object *dg_json_problems(const struct dg_diags *list)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < list->n; i++) {
		struct json_object *o = json_object_new_object();

		dg_json_string(o, "where", list->v[i].where);
		dg_json_string(o, "what", list->v[i].what);
		known_string(o, "cure", list->v[i].cure);
		json_object_array_add(a, o);
	}
	return a;
}

static const char *depot_name(const struct dg_standing *st)
{
	static const char *const names[] = { "present", "empty", "absent" };

	return st->depot_unreadable ? "unreadable" : names[st->depot];
}

/* NULL: no copy in it. */
static const char *image_name(enum dg_boot_image i)
{
	static const char *const names[] = { NULL, "same", "other", "lacking", "unread" };

	return names[i];
}

struct json_object *dg_json_standing(const struct dg_standing *st)
{
	struct json_object *o = json_object_new_object(), *depot = json_object_new_object();
	const struct dg_modfile *f = st->staged.file;

	dg_json_string(o, "driver", st->driver->name);
	dg_json_string(o, "state", st->state);
	dg_json_string(o, "match", dg_match_name(st->match));
	json_object_object_add(
		o, "staged",
		st->staged_path ? dg_json_judgement(st->driver->name, st->staged_path, st->staged.judgement) : NULL);
	known_string(o, "staged_version", f ? f->version : NULL);
	known_string(o, "staged_sha256", f ? f->sha256 : NULL);
	known_string(o, "staged_build_id", f ? f->build_id : NULL);
	known_string(o, "loaded_build_id", st->loaded.build_id);
	json_object_object_add(o, "loaded", json_object_new_boolean(st->loaded.loaded));
	json_object_object_add(o, "loaded_is_staged", json_object_new_boolean(st->loaded_is_staged));
	json_object_object_add(o, "held", json_object_new_boolean(st->held));
	dg_json_string(depot, "path", st->driver->product->depot);
	dg_json_string(depot, "state", depot_name(st));
	json_object_object_add(depot, "files", json_object_new_int64((int64_t)st->n_candidates));
	dg_json_string(depot, "best", st->best.file ? st->best.file->path : NULL);
	json_object_object_add(o, "depot", depot);
	dg_json_string(o, "initramfs", image_name(st->boot_image));
	json_object_object_add(o, "on_trial", json_object_new_boolean(st->on_trial));
	json_object_object_add(o, "suspect", json_object_new_boolean(st->suspect));
	dg_json_string(o, "place", st->driver->path ? dg_place_state_name(st->place) : NULL);
	return o;
}

/* What drvguard is not to load may well be blacklisted; a command in its stead is told in any case. */
static bool is_kept_out(const struct dg_standing *st)
{
	const struct dg_judgement *j = st->staged.judgement;

	for (size_t i = 0; j && i < j->n_reasons; i++)
		if (dg_reason_is_modprobes(&j->reasons[i]) &&
		    (j->reasons[i].kind != DG_REASON_BLACKLIST || st->driver->load == DG_LOAD_AUTO))
			return true;
	return false;
}

/* The kernel that runs would take no file of it at all. */
static bool refused_by_command_line(const struct dg_judgement *j)
{
	for (size_t i = 0; j && i < j->n_reasons; i++)
		if (j->reasons[i].kind == DG_REASON_BLACKLIST && j->reasons[i].err)
			return true;
	return false;
}

void dg_standing_cause(const struct dg_standing *st, char *buf, size_t size)
{
	const struct dg_candidate *near = &st->nearest_refused;
	char why[400], built_for[80];

	buf[0] = '\0';
	if (st->match == DG_MATCH && st->boot_image == DG_IMAGE_OTHER)
		snprintf(buf, size, "the initramfs holds another copy of it, which would be loaded first");
	else if (st->match == DG_MATCH && st->boot_image == DG_IMAGE_LACKING && !st->staged_ours)
		snprintf(buf, size, "boot = yes, but modprobe takes %s, which drvguard did not stage", st->staged_path);
	else if (st->match == DG_MATCH && st->boot_image == DG_IMAGE_LACKING)
		snprintf(buf, size, "boot = yes, but there is no initramfs that holds it");
	else if (st->match == DG_MATCH && st->driver->boot && st->boot_image == DG_IMAGE_UNREAD)
		snprintf(buf, size, "boot = yes, and the initramfs cannot be read");
	else if (st->match == DG_MATCH && st->suspect)
		snprintf(buf, size, "its last load was followed by an unclean boot: it is not loaded by itself");
	else if (st->match == DG_MATCH && is_kept_out(st))
		dg_judgement_modprobe_cause(st->staged.judgement, buf, size);
	if (st->match == DG_MATCH)
		return;
	if (st->broken)
		snprintf(buf, size, "the staged file is not the one that was staged");
	else if (st->staged_problem.what[0])
		snprintf(buf, size, "the staged file is %s", st->staged_problem.what);
	else if (st->staged.judgement)
		dg_judgement_brief(st->staged.judgement, buf, size);
	else if (st->best.file)
		snprintf(buf, size, "the %s has %s", st->best.from_store ? "store" : "depot", st->best.file->path);
	else if (st->match == DG_WAITING)
		snprintf(buf, size, "%s", st->depot_why.what[0] ? st->depot_why.what : "the depot was not looked at");
	else if (st->withdrawn.file)
		snprintf(buf, size, "%s fits, but was rolled back or removed before", st->withdrawn.file->path);
	else if (near->file) {
		dg_judgement_brief(near->judgement, why, sizeof(why));
		dg_choose_built_for(near->file, built_for, sizeof(built_for));
		snprintf(buf, size, "no file fits; nearest is for %s: %s", built_for, why);
	} else {
		snprintf(buf, size, "%s",
			 st->depot_unreadable ? st->depot_why.what : "no file of this driver in the depot");
	}
	dg_printable(buf);
}

void dg_standing_advice(const struct dg_survey *s, const struct dg_standing *st, char *buf, size_t size)
{
	buf[0] = '\0';
	if (s->intent.release[0])
		snprintf(buf, size, "drvguard %s", s->running ? "repair" : "stage --kernel ");
	else if (st->mounted.recorded && !st->mounted.active)
		snprintf(buf, size, "drvguard stage --mount %s", st->driver->name);
	else if (dg_streq(st->state, "RQ"))
		snprintf(buf, size, "modprobe -r %s, or reboot: it is removed, but loaded still", st->driver->name);
	else if (st->match == DG_WAITING)
		snprintf(buf, size, "%s", st->depot_why.cure[0] ? st->depot_why.cure : "mount the depot");
	else if (st->match != DG_MATCH && st->best.file)
		snprintf(buf, size, "drvguard %s", s->running ? "repair" : "stage --kernel ");
	else if (st->match != DG_MATCH && st->withdrawn.file)
		snprintf(buf, size, "drvguard stage --force %s", st->driver->name);
	else if (refused_by_command_line(st->staged.judgement ? st->staged.judgement : st->nearest_refused.judgement))
		snprintf(buf, size, "boot without it in module_blacklist=");
	else if (st->match != DG_MATCH)
		snprintf(buf, size, "get a driver for this kernel from the vendor");
	else if (st->boot_image == DG_IMAGE_LACKING && !st->staged_ours)
		snprintf(buf, size, "remove that file, then stage it");
	else if (dg_standing_image_is_wrong(st))
		snprintf(buf, size, "drvguard %s", s->running ? "repair" : "stage --kernel ");
	else if (dg_standing_needs_reboot(st))
		snprintf(buf, size, "reboot: another build is loaded");
	else if (st->mounted.active)
		snprintf(buf, size, "drvguard stage %s, or it is gone at the next boot", st->driver->name);
	else if (st->suspect)
		snprintf(buf, size, "drvguard commit, then repair; or stage another version");
	else if (st->on_trial)
		snprintf(buf, size, "drvguard commit, or it goes back at the next boot");
	else if (is_kept_out(st))
		snprintf(buf, size, "remove that line%s",
			 st->driver->load == DG_LOAD_AUTO ? ", or set load = never" : "");
	/* To be pasted, it has to act where this run looked. */
	if (dg_startswith(buf, "drvguard ") && !dg_streq(s->root, "/")) {
		dg_auto_free char *rest = strdup(buf + strlen("drvguard "));

		snprintf(buf, size, "drvguard --root %s %s", s->root, rest ? rest : "");
	}
	if (dg_endswith(buf, "--kernel "))
		snprintf(buf + strlen(buf), size - strlen(buf), "%s", s->kernel->release);
}

static const char *or_unnumbered(const char *version)
{
	return *version ? dg_show(version) : "(no version)";
}

static void print_change(const struct dg_change *one, const char *gone)
{
	if (!one->sha256_to[0])
		printf("  %s: %s %s\n", one->name, or_unnumbered(one->version_from), gone);
	else if (!one->sha256_from[0])
		printf("  %s: %s staged again\n", one->name, or_unnumbered(one->version_to));
	else
		printf("  %s: %s, in place of %s\n", one->name, or_unnumbered(one->version_to),
		       or_unnumbered(one->version_from));
}

void dg_report_changes(struct json_object *list, const struct dg_kernel *k, const struct dg_changes *changes,
		       const char *gone, const struct dg_context *c)
{
	struct json_object *o = json_object_new_object(), *drivers = json_object_new_array();

	if (!c->json)
		printf("kernel %s: generation %u, %s %u\n", k->release, changes->to,
		       c->dry_run ? "would come after" : "after", changes->from);
	for (size_t i = 0; i < changes->n; i++) {
		const struct dg_change *one = &changes->v[i];
		struct json_object *d = json_object_new_object();

		dg_json_string(d, "driver", one->name);
		dg_json_string(d, "version_from", one->sha256_from[0] ? one->version_from : NULL);
		dg_json_string(d, "version_to", one->sha256_to[0] ? one->version_to : NULL);
		dg_json_string(d, "sha256_from", one->sha256_from[0] ? one->sha256_from : NULL);
		dg_json_string(d, "sha256_to", one->sha256_to[0] ? one->sha256_to : NULL);
		json_object_array_add(drivers, d);
		if (!c->json)
			print_change(one, gone);
	}
	json_object_object_add(o, "kernel", dg_json_kernel(k));
	json_object_object_add(o, "generation_before", json_object_new_int((int)changes->from));
	json_object_object_add(o, "generation", json_object_new_int((int)changes->to));
	json_object_object_add(o, "changed", json_object_new_boolean(!c->dry_run));
	json_object_object_add(o, "drivers", drivers);
	json_object_array_add(list, o);
}
