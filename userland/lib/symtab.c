// SPDX-License-Identifier: GPL-2.0-or-later
/* Open addressing, at most half full; entries and strings lie in blocks that never move. */
#include "symtab.h"

#include <errno.h>
#include <stdalign.h>

#define BLOCK 65536
#define LEAST 4096

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

struct slot {
	const struct dg_export_entry *entry; /* NULL: free */
	uint32_t hash;
};

struct dg_symtab {
	struct slot *slots;
	size_t n, mask;
	struct block *blocks;
	const char *last_owner, *last_ns;
};

/*
 * Written at once: of calloc()'s pages each would first be read, as the one page
 * of zeroes, and then be copied, which every other thread's processor is told.
 */
static struct slot *free_slots(size_t n)
{
	/* Not malloc(): a compiler makes calloc() of that and memset(). */
	struct slot *slots = aligned_alloc(64, n * sizeof(*slots));

	return slots ? memset(slots, 0, n * sizeof(*slots)) : NULL;
}

int dg_symtab_new(struct dg_symtab **ret)
{
	struct dg_symtab *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->mask = LEAST - 1;
	t->slots = free_slots(t->mask + 1);
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

static void *room_for(struct dg_symtab *t, size_t len)
{
	const size_t unit = alignof(struct dg_export_entry);
	struct block *b = t->blocks;
	char *p;

	len = (len + unit - 1) / unit * unit;
	if (!b || b->size - b->used < len) {
		size_t size = len > BLOCK ? len : BLOCK;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct block){ .next = t->blocks, .size = size };
		t->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += len;
	return p;
}

/* Owners and namespaces come in runs: one copy a run. */
static bool keep_once(struct dg_symtab *t, const char **last, const char *s)
{
	if (!dg_streq(*last, s)) {
		size_t len = strlen(s) + 1;
		char *copy = room_for(t, len);

		*last = copy ? memcpy(copy, s, len) : NULL;
	}
	return *last;
}

/* Where @name is, or would go. */
static struct slot *slot(const struct dg_symtab *t, const char *name, uint32_t h)
{
	size_t i = h >> 1 & t->mask;

	while (t->slots[i].entry && (t->slots[i].hash != h || strcmp(t->slots[i].entry->name, name) != 0))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

static int widen(struct dg_symtab *t)
{
	struct dg_symtab wide = { .mask = t->mask * 2 + 1 };

	wide.slots = free_slots(wide.mask + 1);
	if (!wide.slots)
		return -ENOMEM;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].entry)
			*slot(&wide, t->slots[i].entry->name, t->slots[i].hash) = t->slots[i];
	free(t->slots);
	t->slots = wide.slots;
	t->mask = wide.mask;
	return 0;
}

int dg_symtab_add(struct dg_symtab *t, const struct dg_export_entry *e)
{
	size_t len = strlen(e->name);
	uint32_t h = dg_symbol_hash_n(e->name, len);
	struct dg_export_entry *copy;
	struct slot *s;

	if (t->n * 2 > t->mask && widen(t) < 0)
		return -ENOMEM;
	s = slot(t, e->name, h);
	if (s->entry)
		return 0;
	if (!keep_once(t, &t->last_owner, e->owner) || !keep_once(t, &t->last_ns, e->ns ? e->ns : ""))
		return -ENOMEM;
	copy = room_for(t, sizeof(*copy) + len + 1);
	if (!copy)
		return -ENOMEM;
	*copy = *e;
	copy->name = memcpy(copy + 1, e->name, len + 1);
	copy->owner = t->last_owner;
	copy->ns = t->last_ns;
	*s = (struct slot){ copy, h };
	t->n++;
	return 0;
}

const struct dg_export_entry *dg_symtab_find_hashed(const struct dg_symtab *t, const char *name, uint32_t h)
{
	return slot(t, name, h)->entry;
}

const struct dg_export_entry *dg_symtab_find(const struct dg_symtab *t, const char *name)
{
	return dg_symtab_find_hashed(t, name, dg_symbol_hash(name));
}

void dg_symtab_each(const struct dg_symtab *t, void (*fn)(const struct dg_export_entry *e, void *data), void *data)
{
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].entry)
			fn(t->slots[i].entry, data);
}

void dg_symtab_expect(const struct dg_symtab *t, uint32_t h)
{
	__builtin_prefetch(&t->slots[h >> 1 & t->mask]);
}

size_t dg_symtab_count(const struct dg_symtab *t)
{
	return t->n;
}
