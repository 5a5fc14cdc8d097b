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
	uint32_t *hashes; /* beside the slots, 0 for an empty one: most probes end here */
	size_t n, mask;
	struct block *blocks;
	const char *last_owner, *last_ns;
};

int dg_symtab_new(struct dg_symtab **ret)
{
	struct dg_symtab *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->mask = (1 << 15) - 1;
	t->slots = calloc(t->mask + 1, sizeof(*t->slots));
	t->hashes = calloc(t->mask + 1, sizeof(*t->hashes));
	if (!t->slots || !t->hashes) {
		dg_symtab_free(t);
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
	free(t->hashes);
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

/* Owners and namespaces come in runs: one copy a run. */
static bool keep_once(struct dg_symtab *t, const char **last, const char *s)
{
	if (!dg_streq(*last, s))
		*last = keep(t, s);
	return *last;
}

/* Where @name is, or would go. */
static size_t slot(const struct dg_symtab *t, const char *name, uint32_t h)
{
	size_t i = h >> 1 & t->mask;

	while (t->hashes[i] && (t->hashes[i] != h || strcmp(t->slots[i].name, name) != 0))
		i = (i + 1) & t->mask;
	return i;
}

static int widen(struct dg_symtab *t)
{
	struct dg_symtab wide = { .mask = t->mask * 2 + 1 };

	wide.slots = calloc(wide.mask + 1, sizeof(*wide.slots));
	wide.hashes = calloc(wide.mask + 1, sizeof(*wide.hashes));
	if (!wide.slots || !wide.hashes) {
		free(wide.slots);
		free(wide.hashes);
		return -ENOMEM;
	}
	for (size_t i = 0; i <= t->mask; i++)
		if (t->hashes[i]) {
			size_t to = slot(&wide, t->slots[i].name, t->hashes[i]);

			wide.slots[to] = t->slots[i];
			wide.hashes[to] = t->hashes[i];
		}
	free(t->slots);
	free(t->hashes);
	t->slots = wide.slots;
	t->hashes = wide.hashes;
	t->mask = wide.mask;
	return 0;
}

int dg_symtab_add(struct dg_symtab *t, const struct dg_export_entry *e)
{
	uint32_t h = dg_symbol_hash(e->name);
	struct dg_export_entry *s;
	size_t i;

	if (t->n * 2 > t->mask && widen(t) < 0)
		return -ENOMEM;
	i = slot(t, e->name, h);
	if (t->hashes[i])
		return 0;
	s = &t->slots[i];
	if (!keep_once(t, &t->last_owner, e->owner) || !keep_once(t, &t->last_ns, e->ns ? e->ns : ""))
		return -ENOMEM;
	s->name = keep(t, e->name);
	if (!s->name)
		return -ENOMEM;
	s->owner = t->last_owner;
	s->ns = t->last_ns;
	s->gpl_only = e->gpl_only;
	s->crc = e->crc;
	s->has_crc = e->has_crc;
	t->hashes[i] = h;
	t->n++;
	return 0;
}

const struct dg_export_entry *dg_symtab_find_hashed(const struct dg_symtab *t, const char *name, uint32_t h)
{
	size_t i = slot(t, name, h);

	return t->hashes[i] ? &t->slots[i] : NULL;
}

const struct dg_export_entry *dg_symtab_find(const struct dg_symtab *t, const char *name)
{
	return dg_symtab_find_hashed(t, name, dg_symbol_hash(name));
}

void dg_symtab_each(const struct dg_symtab *t, void (*fn)(const struct dg_export_entry *e, void *data), void *data)
{
	for (size_t i = 0; i <= t->mask; i++)
		if (t->hashes[i])
			fn(&t->slots[i], data);
}

size_t dg_symtab_count(const struct dg_symtab *t)
{
	return t->n;
}
