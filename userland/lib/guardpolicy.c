// SPDX-License-Identifier: GPL-2.0-or-later
#include "guardpolicy.h"

#include <errno.h>

#include "../../kmod/uapi/drvguard.h"
#include "fs.h"

#define OURSELVES "drvguard"

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
				       const struct dg_guardpolicy_line **ret_line)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < p->v[i].n; j++)
			if (dg_streq(p->v[i].ids[j].hex, hex)) {
				*ret_line = &p->v[i];
				return &p->v[i].ids[j];
			}
	return NULL;
}

/* 1: it is there now; 0: it was, or is none that the guard would take. */
static int add_id(struct dg_guardpolicy *p, struct dg_guardpolicy_line *line, const char *hex, bool proven)
{
	const struct dg_guardpolicy_line *there;
	struct dg_guardpolicy_id *id;

	if (!hex || !*hex || strlen(hex) % 2 || strlen(hex) > 2 * DRVGUARD_BUILD_ID_MAX || id_of(p, hex, &there))
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
	struct dg_guardpolicy_line *line = dg_guardpolicy_find(p, name);
	const struct dg_guardpolicy_line *there;
	struct dg_guardpolicy_id *id = line && hex ? id_of(p, hex, &there) : NULL;

	if (!line)
		return 0;
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

void dg_guardpolicy_tighten(struct dg_guardpolicy *p, const struct dg_guardpolicy *old)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct dg_guardpolicy_line *was = dg_guardpolicy_find(old, p->v[i].name);

		for (size_t j = 0; was && j < p->v[i].n; j++)
			p->v[i].ids[j].proven &= lets_in(was, p->v[i].ids[j].hex);
	}
}

int dg_guardpolicy_keep(struct dg_guardpolicy *p, const struct dg_guardpolicy *old, bool ids)
{
	for (size_t i = 0; i < old->n; i++) {
		const struct dg_guardpolicy_line *was = &old->v[i];
		struct dg_guardpolicy_line *line = dg_guardpolicy_find(p, was->name);
		bool whole = !line;

		if (whole && add_line(p, was->name, was->deny) < 0)
			return -ENOMEM;
		line = dg_guardpolicy_find(p, was->name);
		for (size_t j = 0; (whole || ids) && j < was->n; j++)
			if (add_id(p, line, was->ids[j].hex, whole && was->ids[j].proven) < 0)
				return -ENOMEM;
	}
	return 0;
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
	while (r >= 0 && (id = strtok_r(NULL, " \t", &save)))
		r = add_id(p, &p->v[p->n - 1], id + (*id == DRVGUARD_POLICY_NOT), *id != DRVGUARD_POLICY_NOT);
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

/* "deny NAME", the builds of one kind, and the newline: what is proven always has its place. */
static size_t proven_size(const struct dg_guardpolicy *p)
{
	size_t size = 1;

	for (size_t i = 0; i < p->n; i++) {
		size += strlen("deny ") + strlen(p->v[i].name) + 1;
		for (size_t j = 0; j < p->v[i].n; j++)
			size += p->v[i].ids[j].proven ? 1 + strlen(p->v[i].ids[j].hex) : 0;
	}
	return size;
}

char *dg_guardpolicy_format(const struct dg_guardpolicy *p)
{
	size_t size, used = proven_size(p);
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	/* Not nothing: a write of nothing is none. */
	if (!p->n)
		fputc('\n', f);
	for (size_t i = 0; i < p->n; i++) {
		const struct dg_guardpolicy_line *line = &p->v[i];

		fprintf(f, "%s %s", line->deny ? DRVGUARD_POLICY_DENY : DRVGUARD_POLICY_WARN, line->name);
		for (size_t j = 0; j < line->n; j++) {
			const struct dg_guardpolicy_id *id = &line->ids[j];
			size_t more = id->proven ? 0 : 2 + strlen(id->hex);

			if (more && used + more > DRVGUARD_POLICY_MAX)
				continue;
			used += more;
			fprintf(f, id->proven ? " %s" : " !%s", id->hex);
		}
		fputc('\n', f);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- what it should say ---------------------------------------------------------- */

struct manifests {
	struct dg_manifest **v; /* of a release the oldest first */
	unsigned int *number;
	size_t n;
};

static void manifests_free(struct manifests *m)
{
	for (size_t i = 0; i < m->n; i++)
		dg_manifest_free(m->v[i]);
	free(m->v);
	free(m->number);
}

static int collect(const struct dg_survey *s, struct manifests *all)
{
	dg_auto(dg_strv_freep) char **releases = NULL;
	int r = 0;

	if (dg_generation_releases(s->root, s->config->store, &releases) < 0)
		return 0;
	for (char **release = releases; r == 0 && *release; release++) {
		dg_auto_free unsigned int *numbers = NULL;

		if (dg_generation_list(s->root, s->config->store, *release, &numbers) < 0)
			continue;
		for (unsigned int *n = numbers; r == 0 && *n; n++) {
			struct dg_manifest *m;

			if (dg_generation_manifest(s->root, s->config->store, *release, *n, &m, NULL) < 0)
				continue;
			r = DG_GROW(all->v, all->n);
			if (r == 0)
				r = DG_GROW(all->number, all->n);
			if (r < 0) {
				dg_manifest_free(m);
				continue;
			}
			all->number[all->n] = *n;
			all->v[all->n++] = m;
		}
	}
	return r;
}

/* What was proven for the kernel that runs, by its build-id, when that was current: back from what is current now. */
static const char *proven_before(const struct dg_survey *s, const char *name, const struct manifests *all)
{
	const struct dg_manifest *m = s->generation ? s->generation->manifest : NULL;

	while (m) {
		const struct dg_manifest_entry *e =
			dg_streq(m->kernel_build_id, s->now.build_id) ? dg_manifest_find(m, name) : NULL;
		const struct dg_manifest *before = NULL;

		if (e)
			return e->verdict == DG_VERDICT_REFUSED ? NULL : e->build_id;
		for (size_t i = 0; i < all->n && !before; i++)
			if (all->number[i] == m->previous && dg_streq(all->v[i]->release, m->release) &&
			    m->previous < DG_GENERATION_MAX)
				before = all->v[i];
		/* A number never leads to a later one, so it ends. */
		m = before && before->previous < m->previous ? before : NULL;
	}
	return NULL;
}

/* The build that may run; "" where it has no build-id, NULL where there is none. */
static const char *proven_id(const struct dg_survey *s, const struct dg_standing *st, const struct manifests *all)
{
	if (!st->staged.file || dg_standing_is_for_running(s, st))
		return st->match == DG_MATCH && st->staged.file ? st->staged.file->build_id : NULL;
	return proven_before(s, st->driver->name, all);
}

static int make_line(struct dg_guardpolicy *p, const struct dg_survey *s, const struct dg_standing *st,
		     const struct manifests *all)
{
	const char *id = proven_id(s, st, all);
	int r = add_line(p, st->driver->name, true);

	if (r == 0)
		r = add_id(p, &p->v[p->n - 1], id, true);
	/* One that matches and cannot be told from another is not refused. */
	if (r == 0 && id)
		p->v[p->n - 1].deny = false;
	return r < 0 ? r : 0;
}

static int add_known(struct dg_guardpolicy *p, const struct manifests *all)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = all->n; j-- > 0;) {
			const struct dg_manifest_entry *e = dg_manifest_find(all->v[j], p->v[i].name);

			if (e && add_id(p, &p->v[i], e->build_id, false) < 0)
				return -ENOMEM;
		}
	return 0;
}

int dg_guardpolicy_make(const struct dg_survey *s, struct dg_guardpolicy **ret)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = calloc(1, sizeof(*p));
	struct manifests all = { 0 };
	int r = p ? collect(s, &all) : -ENOMEM;

	/* All that is proven first: a build that also stands in an old manifest is proven all the same. */
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (!dg_modname_equal(s->v[i].driver->name, OURSELVES))
			r = make_line(p, s, &s->v[i], &all);
	if (r == 0)
		r = add_known(p, &all);
	manifests_free(&all);
	if (r == 0)
		*ret = dg_take(p);
	return r;
}
