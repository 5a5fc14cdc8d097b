// SPDX-License-Identifier: GPL-2.0-or-later
#include "linktree.h"

#include <errno.h>

#define FOLLOWED_MOST 40 /* as in the kernel's own path walk */

struct link {
	char *path;
	char *text; /* NULL: dropped */
	uint64_t hash;
};

struct dg_linktree {
	struct link *v;
	size_t n;
	uint64_t steps;
	uint32_t slots[DG_LINKTREE_MAX * 2]; /* index + 1 into @v, by open addressing; 0: free */
};

static uint64_t hash_more(uint64_t h, const char *s, size_t n)
{
	while (n--)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3u;
	return h;
}

static uint64_t hash_start(void)
{
	return (uint64_t)dg_symbol_hash("") * 0x9e3779b97f4a7c15u;
}

int dg_linktree_new(struct dg_linktree **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void dg_linktree_free(struct dg_linktree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].path);
		free(t->v[i].text);
	}
	free(t->v);
	free(t);
}

/* Its slot, or the free one where it would be. */
static size_t find(const struct dg_linktree *t, const char *path, uint64_t hash)
{
	size_t i = (hash ^ hash >> 32) % DG_ARRAY_SIZE(t->slots);

	while (t->slots[i]) {
		const struct link *l = &t->v[t->slots[i] - 1];

		if (l->hash == hash && strcmp(l->path, path) == 0)
			break;
		i = (i + 1) % DG_ARRAY_SIZE(t->slots);
	}
	return i;
}

static struct link *get(const struct dg_linktree *t, const char *path, uint64_t hash)
{
	size_t slot;

	if (!t->n)
		return NULL;
	slot = t->slots[find(t, path, hash)];
	return slot && t->v[slot - 1].text ? &t->v[slot - 1] : NULL;
}

/* Every part but the first has '/' before it, in the path as in its hash. */
static uint64_t hash_path(const char *path)
{
	return hash_more(hash_start(), path, strlen(path));
}

int dg_linktree_set(struct dg_linktree *t, const char *path, const char *text)
{
	uint64_t hash = hash_path(path);
	size_t slot = find(t, path, hash);
	struct link *l = t->slots[slot] ? &t->v[t->slots[slot] - 1] : NULL;
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	if (!l) {
		char *name = t->n < DG_LINKTREE_MAX ? strdup(path) : NULL;

		if (!name || DG_GROW(t->v, t->n) < 0) {
			free(copy);
			free(name);
			return t->n < DG_LINKTREE_MAX ? -ENOMEM : -EFBIG;
		}
		l = &t->v[t->n++];
		*l = (struct link){ .path = name, .hash = hash };
		t->slots[slot] = (uint32_t)t->n;
	}
	free(l->text);
	l->text = copy;
	return 0;
}

void dg_linktree_drop(struct dg_linktree *t, const char *path)
{
	struct link *l = get(t, path, hash_path(path));

	if (l)
		free(dg_take(l->text));
}

bool dg_linktree_at(const struct dg_linktree *t, size_t i, const char **ret_path, const char **ret_text)
{
	if (i >= t->n)
		return false;
	*ret_path = t->v[i].path;
	*ret_text = t->v[i].text;
	return true;
}

/* A path that grows and shrinks by whole parts. */
struct way {
	char *path;
	size_t len, depth;
	struct {
		size_t len;
		uint64_t hash;
	} before[PATH_MAX / 2]; /* each part was added */
	uint64_t hash;
};

static int way_enter(struct way *w, const char *part, size_t n)
{
	if (w->len + 1 + n >= PATH_MAX || w->depth >= DG_ARRAY_SIZE(w->before))
		return -ENAMETOOLONG;
	w->before[w->depth].len = w->len;
	w->before[w->depth++].hash = w->hash;
	if (w->len)
		w->path[w->len++] = '/';
	memcpy(w->path + w->len, part, n);
	w->path[w->len + n] = '\0';
	w->hash =
		hash_more(w->hash, w->path + (w->before[w->depth - 1].len), n + (w->before[w->depth - 1].len ? 1 : 0));
	w->len += n;
	return 0;
}

static void way_leave(struct way *w)
{
	if (!w->depth)
		return;
	w->len = w->before[--w->depth].len;
	w->hash = w->before[w->depth].hash;
	w->path[w->len] = '\0';
}

static void way_restart(struct way *w)
{
	w->len = w->depth = 0;
	w->hash = hash_start();
	w->path[0] = '\0';
}

/* Put the link's text before what is left of the way. */
static int put_before(char rest[2 * PATH_MAX], const char **left, const char *text)
{
	size_t n = strlen(text), m = strlen(*left);

	if (n + 1 + m >= 2 * (size_t)PATH_MAX)
		return -ENAMETOOLONG;
	memmove(rest + n + 1, *left, m + 1);
	memcpy(rest, text, n);
	rest[n] = '/';
	*left = rest;
	return 0;
}

int dg_linktree_follow(struct dg_linktree *t, const char *path, bool last, char ret[PATH_MAX])
{
	char rest[2 * PATH_MAX];
	struct way w = { .path = ret };
	unsigned int followed = 0;
	const char *left = path;

	way_restart(&w);
	for (;;) {
		const struct link *l;
		size_t n;
		int r;

		left += strspn(left, "/");
		n = strcspn(left, "/");
		if (!n)
			return 0;
		if (++t->steps > DG_LINKTREE_STEPS_MAX)
			return -EFBIG;
		if (n == 2 && left[0] == '.' && left[1] == '.') {
			way_leave(&w);
			left += n;
			continue;
		}
		if (n == 1 && left[0] == '.') {
			left += n;
			continue;
		}
		r = way_enter(&w, left, n);
		if (r < 0)
			return r;
		left += n;
		l = last || left[strspn(left, "/")] ? get(t, w.path, w.hash) : NULL;
		if (!l)
			continue;
		if (++followed > FOLLOWED_MOST)
			return -ELOOP;
		way_leave(&w);
		if (l->text[0] == '/')
			way_restart(&w);
		r = put_before(rest, &left, l->text);
		if (r < 0)
			return r;
	}
}
