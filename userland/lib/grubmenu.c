// SPDX-License-Identifier: GPL-2.0-or-later
/* Which entry of the menu boots, and what it boots, by the rules of GRUB's own menu. */
#include "grubrun.h"

/* Whether @name is the first part of @path, in which '>' ends a part and '>>' stands for one. */
static bool begins_path(const char *name, const char *path)
{
	for (;; name++, path++) {
		if (*path == '>' && path[1] != '>')
			return !*name;
		if (*path == '>')
			path++;
		if (*path != *name)
			return false;
		if (!*name)
			return true;
	}
}

/* What follows the first part; "" when nothing does. */
static const char *rest_of(const char *path)
{
	for (; *path; path++) {
		if (*path == '>' && path[1] == '>')
			path++;
		else if (*path == '>')
			return path + 1;
	}
	return path;
}

enum found { FOUND, NOT_FOUND, CANNOT_TELL };

static enum found by_number(const struct dg_grub_menu *m, const char *path, size_t *ret)
{
	unsigned long number = strtoul(path, NULL, 0);

	for (size_t i = 0; i < m->n && i <= number; i++)
		if (m->v[i].maybe)
			return CANNOT_TELL;
	*ret = number;
	return number < m->n ? FOUND : NOT_FOUND;
}

static enum found by_name(const struct dg_grub_menu *m, const char *path, size_t *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct dg_grub_entry *e = &m->v[i];

		if (!e->title || !known(e->title) || !known(e->id))
			return CANNOT_TELL;
		if (!begins_path(e->title, path) && !begins_path(e->id, path))
			continue;
		*ret = i;
		return e->maybe ? CANNOT_TELL : FOUND;
	}
	return NOT_FOUND;
}

/* Whether GRUB takes it for a number: Fedora's only if nothing follows, which has ids that begin with digits. */
static bool is_number(const struct dg_grub_menu *m, const char *path)
{
	size_t blank = strspn(path, " \t"), digits = strspn(path + blank, "0123456789");

	return digits && (!m->blscfg || !path[blank + digits] || path[blank + digits] == '>');
}

static enum found pick(const struct dg_grub_menu *m, const char *path, size_t *ret)
{
	enum found f = !known(path)	    ? CANNOT_TELL
		       : is_number(m, path) ? by_number(m, path, ret)
					    : by_name(m, path, ret);

	/* What is not in the menu is its first entry. */
	if (f == NOT_FOUND) {
		*ret = 0;
		f = m->n && !m->v[0].maybe ? FOUND : CANNOT_TELL;
	}
	return f;
}

static int join(char **path, const char *part)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	if (*path)
		fprintf(f, "%s>", *path);
	for (; *part; part++) {
		if (*part == '>')
			fputc('>', f);
		fputc(*part, f);
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	free(*path);
	*path = dg_take(text);
	return 0;
}

static int step_into(struct dg_grub *g, const struct dg_grub_menu *m, const struct dg_grub_entry *e,
		     struct dg_grub_boot *b)
{
	int r = join(&b->title, e->title);

	if (r == 0)
		r = join(&b->id, e->id);
	b->blscfg = b->blscfg || m->blscfg;
	if (r == 0)
		dg_grub_set(g, RUN, "chosen", b->id);
	return r < 0 ? r : g->err;
}

/* Run what stands in an entry; of a submenu what it adds is in @sub. */
static int run_entry(struct dg_grub *g, const struct dg_grub_entry *e, struct dg_grub_menu *sub, struct dg_grub_boot *b)
{
	struct dg_grub_menu *outer = g->menu;
	struct dg_grub_text t = { e->p, e->end };

	free(g->kernel);
	g->kernel = e->kernel ? strdup(e->kernel) : NULL;
	g->other = NULL;
	g->xen = false;
	g->menu = sub;
	if (t.p)
		(void)dg_grub_list(g, &t, RUN, NULL, NULL);
	g->ended = false;
	g->menu = outer;
	if (g->err || e->submenu)
		return g->err;
	b->kernel = dg_take(g->kernel);
	if (!b->kernel)
		snprintf(b->why, sizeof(b->why), "which %s%s",
			 g->other ? "boots something else, by " : "names no kernel", g->other ? g->other : "");
	return 0;
}

void dg_grub_boot_free(struct dg_grub_boot *b)
{
	free(b->path);
	free(b->title);
	free(b->id);
	free(b->kernel);
	*b = (struct dg_grub_boot){ 0 };
}

static int follow(struct dg_grub *g, const struct dg_grub_menu *m, const char *path, unsigned int depth,
		  struct dg_grub_boot *b)
{
	struct dg_grub_menu sub = { 0 };
	const char *rest;
	size_t i = 0;
	int r;

	if (depth > 8)
		return -E2BIG;
	if (pick(m, path, &i) != FOUND) {
		snprintf(b->why, sizeof(b->why), "%s",
			 !m->n		? "the menu is empty"
			 : !known(path) ? "the default depends on what only the machine knows"
					: "which entry that is depends on what only the machine knows");
		return 0;
	}
	rest = rest_of(path);
	r = step_into(g, m, &m->v[i], b);
	if (r == 0)
		r = run_entry(g, &m->v[i], &sub, b);
	if (r == 0 && m->v[i].submenu)
		r = follow(g, &sub, rest, depth + 1, b);
	dg_grub_menu_free(&sub);
	return r;
}

int dg_grub_default(struct dg_grub *g, struct dg_grub_boot *ret)
{
	int r;

	*ret = (struct dg_grub_boot){ .path = strdup(dg_grub_get(g, "default")) };
	r = ret->path ? follow(g, &g->main, ret->path, 0, ret) : -ENOMEM;
	if (r < 0)
		dg_grub_boot_free(ret);
	return r;
}

static int visit(struct dg_grub *g, const struct dg_grub_menu *m, const struct dg_grub_boot *above, unsigned int depth,
		 int (*fn)(void *arg, const struct dg_grub_boot *b), void *arg)
{
	int r = depth > 8 ? -E2BIG : 0;

	for (size_t i = 0; i < m->n && r == 0; i++) {
		const struct dg_grub_entry *e = &m->v[i];
		struct dg_grub_boot b = { 0 };
		struct dg_grub_menu sub = { 0 };

		if (e->maybe || !known(e->title) || !known(e->id))
			continue;
		if (above->title) {
			b.title = strdup(above->title);
			b.id = strdup(above->id);
			r = b.title && b.id ? 0 : -ENOMEM;
		}
		if (r == 0)
			r = step_into(g, m, e, &b);
		if (r == 0)
			r = run_entry(g, e, &sub, &b);
		if (r == 0)
			r = e->submenu ? visit(g, &sub, &b, depth + 1, fn, arg) : fn(arg, &b);
		dg_grub_menu_free(&sub);
		dg_grub_boot_free(&b);
	}
	return r;
}

int dg_grub_each(struct dg_grub *g, int (*fn)(void *arg, const struct dg_grub_boot *b), void *arg)
{
	return visit(g, &g->main, &(struct dg_grub_boot){ 0 }, 0, fn, arg);
}
