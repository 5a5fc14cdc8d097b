// SPDX-License-Identifier: GPL-2.0-or-later
/* Open addressing, at most half full; the strings lie in blocks that never move. */
#include "symtab.h"

#include <errno.h>

#define BLOCK 65536

struct block {
	struct block *next;
	size_t used;
	char text[];
};

struct dg_symtab {
	struct dg_export_entry *slots;
	size_t n, mask;
	struct block *blocks;
	const char *last_owner;
};

static size_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return (size_t)(h ^ (h >> 32));
}

int dg_symtab_new(struct dg_symtab **ret)
{
	struct dg_symtab *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->mask = (1 << 15) - 1;
	t->slots = calloc(t->mask + 1, sizeof(*t->slots));
	if (!t->slots) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void dg_symtab_free(struct dg_symtab *t)
{
	if (!t)
		return;
	while (t->blocks) {
		struct block *next = t->blocks->next;

		free(t->blocks);
		t->blocks = next;
	}
	free(t->slots);
	free(t);
}

void dg_symtab_freep(struct dg_symtab **t)
{
	dg_symtab_free(*t);
}

static const char *keep(struct dg_symtab *t, const char *s)
{
	size_t len = strlen(s) + 1;
	struct block *b = t->blocks;

	if (!b || BLOCK - b->used < len) {
		b = malloc(sizeof(*b) + (len > BLOCK ? len : BLOCK));
		if (!b)
			return NULL;
		b->next = t->blocks;
		b->used = 0;
		t->blocks = b;
	}
	s = memcpy(b->text + b->used, s, len);
	/* A string longer than a block leaves it full. */
	b->used = b->used + len < BLOCK ? b->used + len : BLOCK;
	return s;
}

static struct dg_export_entry *slot(const struct dg_symtab *t, const char *name)
{
	size_t i = hash(name) & t->mask;

	while (t->slots[i].name && strcmp(t->slots[i].name, name) != 0)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

static int widen(struct dg_symtab *t)
{
	struct dg_symtab wide = { .mask = t->mask * 2 + 1 };

	wide.slots = calloc(wide.mask + 1, sizeof(*wide.slots));
	if (!wide.slots)
		return -ENOMEM;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].name)
			*slot(&wide, t->slots[i].name) = t->slots[i];
	free(t->slots);
	t->slots = wide.slots;
	t->mask = wide.mask;
	return 0;
}

int dg_symtab_add(struct dg_symtab *t, const struct dg_export_entry *e)
{
	struct dg_export_entry *s;

	if (t->n * 2 > t->mask && widen(t) < 0)
		return -ENOMEM;
	s = slot(t, e->name);
	if (s->name)
		return 0;
	if (!dg_streq(t->last_owner, e->owner)) {
		t->last_owner = keep(t, e->owner);
		if (!t->last_owner)
			return -ENOMEM;
	}
	s->name = keep(t, e->name);
	if (!s->name)
		return -ENOMEM;
	s->owner = t->last_owner;
	s->crc = e->crc;
	s->has_crc = e->has_crc;
	t->n++;
	return 0;
}

const struct dg_export_entry *dg_symtab_find(const struct dg_symtab *t, const char *name)
{
	const struct dg_export_entry *s = slot(t, name);

	return s->name ? s : NULL;
}

size_t dg_symtab_count(const struct dg_symtab *t)
{
	return t->n;
}
