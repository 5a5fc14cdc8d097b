// SPDX-License-Identifier: GPL-2.0-or-later
#include "guardpolicy.h"

#include <ctype.h>
#include <errno.h>

#include "../../kmod/uapi/drvguard.h"
#include "fs.h"

/* --- lines and builds --------------------------------------------------------- */

void dg_guardpolicy_free(struct dg_guardpolicy *p)
{
	for (size_t i = 0; p && i < p->n; i++)
		free(p->v[i].ids);
	if (p)
		free(p->v);
	free(p);
}

void dg_guardpolicy_freep(struct dg_guardpolicy **p)
{
	dg_guardpolicy_free(*p);
}

struct dg_guardpolicy_line *dg_guardpolicy_find(const struct dg_guardpolicy *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (dg_modname_equal(p->v[i].name, name))
			return &p->v[i];
	return NULL;
}

static int add_line(struct dg_guardpolicy *p, const char *name, bool deny)
{
	if (DG_GROW(p->v, p->n) < 0)
		return -ENOMEM;
	p->v[p->n] = (struct dg_guardpolicy_line){ .deny = deny };
	snprintf(p->v[p->n].name, sizeof(p->v[p->n].name), "%s", name);
	p->n++;
	return 0;
}

/* Wherever it stands: the guard takes no build-id twice. */
static struct dg_guardpolicy_id *id_of(const struct dg_guardpolicy *p, const char *hex,
				       struct dg_guardpolicy_line **ret_line)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < p->v[i].n; j++)
			if (dg_streq(p->v[i].ids[j].hex, hex)) {
				*ret_line = &p->v[i];
				return &p->v[i].ids[j];
			}
	return NULL;
}

/* By which the guard tells a build from another. */
static bool is_build_id(const char *hex)
{
	return *hex && strlen(hex) % 2 == 0 && strlen(hex) <= (size_t)2 * DRVGUARD_BUILD_ID_MAX;
}

/* 1: it is there now; 0: it was, or is none that the guard would take. */
static int add_id(struct dg_guardpolicy *p, struct dg_guardpolicy_line *line, const char *hex, bool proven)
{
	struct dg_guardpolicy_line *there;
	struct dg_guardpolicy_id *id;

	if (!hex || !is_build_id(hex) || id_of(p, hex, &there))
		return 0;
	if (DG_GROW(line->ids, line->n) < 0)
		return -ENOMEM;
	id = &line->ids[line->n++];
	snprintf(id->hex, sizeof(id->hex), "%s", hex);
	id->proven = proven;
	return 1;
}

int dg_guardpolicy_prove(struct dg_guardpolicy *p, const char *name, const char *hex)
{
	struct dg_guardpolicy_line *line = dg_guardpolicy_find(p, name), *there;
	struct dg_guardpolicy_id *id;
	bool was_denied;

	if (!line)
		return 0;
	if (!is_build_id(hex)) {
		was_denied = line->deny;
		line->deny = false;
		return was_denied;
	}
	id = id_of(p, hex, &there);
	if (!id)
		return add_id(p, line, hex, true);
	if (id->proven || there != line)
		return 0;
	id->proven = true;
	return 1;
}

size_t dg_guardpolicy_count(const struct dg_guardpolicy_line *line, bool proven)
{
	size_t n = 0;

	for (size_t i = 0; i < line->n; i++)
		n += line->ids[i].proven == proven;
	return n;
}

static bool lets_in(const struct dg_guardpolicy_line *line, const char *hex)
{
	for (size_t i = 0; i < line->n; i++)
		if (line->ids[i].proven && dg_streq(line->ids[i].hex, hex))
			return true;
	return false;
}

static bool same_line(const struct dg_guardpolicy_line *a, const struct dg_guardpolicy_line *b)
{
	if (!b || a->deny != b->deny || dg_guardpolicy_count(a, true) != dg_guardpolicy_count(b, true))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->ids[i].proven && !lets_in(b, a->ids[i].hex))
			return false;
	return true;
}

bool dg_guardpolicy_same(const struct dg_guardpolicy *a, const struct dg_guardpolicy *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!same_line(&a->v[i], dg_guardpolicy_find(b, a->v[i].name)))
			return false;
	return a->n == b->n;
}

bool dg_guardpolicy_refuses(const struct dg_guardpolicy *have, const struct dg_guardpolicy *want)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct dg_guardpolicy_line *line = dg_guardpolicy_find(have, want->v[i].name);

		for (size_t j = 0; line && line->deny && j < want->v[i].n; j++)
			if (want->v[i].ids[j].proven && !lets_in(line, want->v[i].ids[j].hex))
				return true;
	}
	return false;
}

/* What @was lets in, where nothing of what @line is to let in may come yet. */
static int let_in_still(struct dg_guardpolicy *p, struct dg_guardpolicy_line *line,
			const struct dg_guardpolicy_line *was)
{
	line->deny = was->deny;
	for (size_t i = 0; i < was->n; i++)
		if (was->ids[i].proven && dg_guardpolicy_prove(p, line->name, was->ids[i].hex) < 0)
			return -ENOMEM;
	return 0;
}

/* 1: not all of it could stay. */
static int tighten_line(struct dg_guardpolicy *p, struct dg_guardpolicy_line *line,
			const struct dg_guardpolicy_line *was)
{
	bool waits = was->deny && !line->deny;
	int r = 0;

	line->deny |= was->deny;
	for (size_t i = 0; i < line->n; i++)
		if (line->ids[i].proven && !lets_in(was, line->ids[i].hex)) {
			line->ids[i].proven = false;
			waits = true;
		}
	if (waits && !dg_guardpolicy_count(line, true))
		r = let_in_still(p, line, was);
	for (size_t i = 0; r >= 0 && i < was->n; i++)
		r = add_id(p, line, was->ids[i].hex, false);
	return r < 0 ? r : waits;
}

/* A build that was another driver's stays that. true: one was to be let in. */
static bool leave_to_others(struct dg_guardpolicy_line *line, const struct dg_guardpolicy *old)
{
	bool waits = false;
	size_t n = 0;

	for (size_t i = 0; i < line->n; i++) {
		struct dg_guardpolicy_line *there;

		if (!id_of(old, line->ids[i].hex, &there) || dg_modname_equal(there->name, line->name))
			line->ids[n++] = line->ids[i];
		else
			waits |= line->ids[i].proven;
	}
	line->n = n;
	return waits;
}

/* The line of a driver that @p does not name, as it is. */
static int keep_line(struct dg_guardpolicy *p, const struct dg_guardpolicy_line *was)
{
	int r = add_line(p, was->name, was->deny);

	for (size_t i = 0; r >= 0 && i < was->n; i++)
		r = add_id(p, &p->v[p->n - 1], was->ids[i].hex, was->ids[i].proven);
	return r < 0 ? r : 0;
}

int dg_guardpolicy_tighten(struct dg_guardpolicy *p, const struct dg_guardpolicy *old)
{
	bool waits = false;
	int r = 0;

	for (size_t i = 0; i < p->n; i++)
		waits |= leave_to_others(&p->v[i], old);
	for (size_t i = 0; r >= 0 && i < old->n; i++) {
		const struct dg_guardpolicy_line *was = &old->v[i];
		struct dg_guardpolicy_line *line = dg_guardpolicy_find(p, was->name);

		r = line ? tighten_line(p, line, was) : keep_line(p, was);
		waits |= !line || r > 0;
	}
	return r < 0 ? r : waits;
}

/* --- its text ------------------------------------------------------------------ */

static int parse_line(struct dg_guardpolicy *p, char *text)
{
	char *save = NULL, *action = strtok_r(text, " \t", &save), *name, *id;
	int r;

	if (!action || *action == '#')
		return 0;
	name = strtok_r(NULL, " \t", &save);
	if (!name || strlen(name) >= sizeof(p->v->name) ||
	    (!dg_streq(action, DRVGUARD_POLICY_DENY) && !dg_streq(action, DRVGUARD_POLICY_WARN)))
		return -EBADMSG;
	r = add_line(p, name, dg_streq(action, DRVGUARD_POLICY_DENY));
	while (r >= 0 && (id = strtok_r(NULL, " \t", &save))) {
		for (char *c = id; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		r = add_id(p, &p->v[p->n - 1], id + (*id == DRVGUARD_POLICY_NOT), *id != DRVGUARD_POLICY_NOT);
	}
	return r < 0 ? r : 0;
}

int dg_guardpolicy_parse(const char *text, struct dg_guardpolicy **ret)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = calloc(1, sizeof(*p));
	dg_auto_free char *copy = strdup(text);
	char *save = NULL;
	int r = p && copy ? 0 : -ENOMEM;

	for (char *line = r == 0 ? strtok_r(copy, "\n", &save) : NULL; r == 0 && line;
	     line = strtok_r(NULL, "\n", &save))
		r = parse_line(p, line);
	if (r == 0)
		*ret = dg_take(p);
	return r;
}

char *dg_guardpolicy_format(const struct dg_guardpolicy *p)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	/* Not nothing: a write of nothing is none. */
	if (!p->n)
		fputc('\n', f);
	for (size_t i = 0; i < p->n; i++) {
		const struct dg_guardpolicy_line *line = &p->v[i];

		fprintf(f, "%s %s", line->deny ? DRVGUARD_POLICY_DENY : DRVGUARD_POLICY_WARN, line->name);
		for (size_t j = 0; j < line->n; j++)
			fprintf(f, line->ids[j].proven ? " %s" : " !%s", line->ids[j].hex);
		fputc('\n', f);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- what it should say ---------------------------------------------------------- */

/*
 * What was proven for the kernel that runs, by its build-id, when that was current: back from what is current
 * now. 1: a build, "" without a build-id; 0: it was refused; -ENOENT: drvguard never staged it for that kernel.
 */
static int proven_before(const struct dg_survey *s, const char *name, char ret_id[static DG_BUILD_ID_HEX])
{
	const struct dg_manifest *m = s->generation ? s->generation->manifest : NULL;
	dg_auto(dg_manifest_freep) struct dg_manifest *before = NULL;
	unsigned int last = DG_GENERATION_MAX;

	while (m) {
		const struct dg_manifest_entry *e =
			dg_streq(m->kernel_build_id, s->now.build_id) ? dg_manifest_find(m, name) : NULL;
		struct dg_manifest *next = NULL;
		unsigned int number = m->previous;

		if (e) {
			memcpy(ret_id, e->build_id, DG_BUILD_ID_HEX);
			return e->verdict != DG_VERDICT_REFUSED;
		}
		/* A number never leads to a later one, so it ends. */
		if (!number || number >= last ||
		    dg_generation_manifest(s->root, s->config->store, s->kernel->release, number, &next, NULL) < 0)
			break;
		dg_manifest_free(before);
		m = before = next;
		last = number;
	}
	return -ENOENT;
}

/*
 * @id: the build that may run; NULL: none may. What cannot be told from another, or not by its build-id, is not
 * refused.
 */
static int make_line(struct dg_guardpolicy *p, const char *name, const char *id)
{
	struct dg_guardpolicy_line *line, *there;
	int r = add_line(p, name, !id || is_build_id(id));

	if (r < 0 || !id)
		return r;
	line = &p->v[p->n - 1];
	if (id_of(p, id, &there))
		line->deny = there->deny = false;
	r = add_id(p, line, id, true);
	return r < 0 ? r : 0;
}

/* What is judged for the next boot's build of the kernel says nothing of the one that runs. */
static int make_line_of_before(struct dg_guardpolicy *p, const struct dg_survey *s, const char *name,
			       const struct dg_guardpolicy *old)
{
	const struct dg_guardpolicy_line *was = dg_guardpolicy_find(old, name);
	char id[DG_BUILD_ID_HEX];
	int r = proven_before(s, name, id);

	/* As it was found when it began, it stays. */
	if (r < 0 && was)
		return keep_line(p, was);
	return make_line(p, name, r > 0 ? id : NULL);
}

int dg_guardpolicy_make(const struct dg_survey *s, const struct dg_guardpolicy *old, struct dg_guardpolicy **ret)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = calloc(1, sizeof(*p));
	int r = p ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		const struct dg_standing *st = &s->v[i];

		if (dg_driver_is_ourselves(st->driver))
			continue;
		if (st->staged.file && !dg_standing_is_for_running(s, st))
			r = make_line_of_before(p, s, st->driver->name, old);
		else
			r = make_line(p, st->driver->name,
				      st->match == DG_MATCH && st->staged.file ? st->staged.file->build_id : NULL);
	}
	/* A section that is misspelt lets nothing in. */
	for (size_t i = 0; r == 0 && s->config->problems.n && i < old->n; i++)
		if (!dg_guardpolicy_find(p, old->v[i].name))
			r = keep_line(p, &old->v[i]);
	if (r == 0)
		*ret = dg_take(p);
	return r;
}

/* --- what it should know besides ------------------------------------------------- */

/* Some is left for what is let in before it is staged. */
#define KNOWN_MAX ((size_t)DRVGUARD_POLICY_MAX / 8 * 7)

struct knowing {
	struct dg_guardpolicy *policy;
	size_t room; /* bytes of text */
};

static int know(struct knowing *k, const struct dg_manifest *m)
{
	for (size_t i = 0; i < k->policy->n; i++) {
		struct dg_guardpolicy_line *line = &k->policy->v[i];
		const struct dg_manifest_entry *e = dg_manifest_find(m, line->name);
		size_t more = e ? strlen(" !") + strlen(e->build_id) : 0;
		int r = e && more <= k->room ? add_id(k->policy, line, e->build_id, false) : 0;

		if (r < 0)
			return r;
		if (r > 0)
			k->room -= more;
	}
	return 0;
}

/* The newest first. */
static int know_release(struct knowing *k, const struct dg_survey *s, const char *release)
{
	dg_auto_free unsigned int *numbers = NULL;
	size_t n = 0;
	int r = 0;

	if (dg_generation_list(s->root, s->config->store, release, &numbers) < 0)
		return 0;
	while (numbers[n])
		n++;
	while (r == 0 && n--) {
		dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;

		if (dg_generation_manifest(s->root, s->config->store, release, numbers[n], &m, NULL) == 0)
			r = know(k, m);
	}
	return r;
}

int dg_guardpolicy_know(struct dg_guardpolicy *p, const struct dg_survey *s)
{
	dg_auto(dg_strv_freep) char **releases = NULL;
	dg_auto_free char *text = dg_guardpolicy_format(p);
	struct knowing k = { p, 0 };
	int r;

	if (!text)
		return -ENOMEM;
	if (strlen(text) < KNOWN_MAX)
		k.room = KNOWN_MAX - strlen(text);
	/* Those of this kernel are the likeliest to load in it. */
	r = know_release(&k, s, s->kernel->release);
	if (r < 0 || dg_generation_releases(s->root, s->config->store, &releases) < 0)
		return r;
	for (char **release = releases; r == 0 && *release; release++)
		if (!dg_streq(*release, s->kernel->release))
			r = know_release(&k, s, *release);
	return r;
}
