// SPDX-License-Identifier: GPL-2.0-or-later
#include "arena.h"

#include <sys/mman.h>

#define PAGE ((uintptr_t)4096)
#define LARGE ((size_t)2 << 20)
/* Of addresses, which cost nothing: only what is touched takes memory. */
#define BLOCK ((size_t)32 << 20)

struct dg_arena_block {
	struct dg_arena_block *next;
	size_t size, used, touched; /* no page behind the last has memory yet */
	char bytes[];
};

void *dg_arena_large(size_t size)
{
	void *p;

	if (posix_memalign(&p, LARGE, size) != 0)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static struct dg_arena_block *add_block(struct dg_arena *arena, size_t size)
{
	struct dg_arena_block *b;

	size = size > BLOCK ? size : BLOCK;
	b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	*b = (struct dg_arena_block){ .next = arena->blocks, .size = size };
	return arena->blocks = b;
}

/* All pages at once, which is cheaper than each when it is met; where that cannot be done they will be met. */
static void touch(struct dg_arena_block *b)
{
	uintptr_t from = ((uintptr_t)b->bytes + b->touched) & ~(PAGE - 1), to = (uintptr_t)b->bytes + b->used;

	if (b->used > b->touched + PAGE)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	if (b->used > b->touched)
		b->touched = b->used;
}

void *dg_arena_take(struct dg_arena *arena, size_t size)
{
	struct dg_arena_block *b = arena->blocks;

	if (!b || b->size - b->used < size)
		b = add_block(arena, size);
	if (!b)
		return NULL;
	b->used += size;
	touch(b);
	return b->bytes + b->used - size;
}

static void free_blocks(struct dg_arena_block *b)
{
	while (b) {
		struct dg_arena_block *next = b->next;

		free(b);
		b = next;
	}
}

/* The last is the one that was large enough when those before were not. */
void dg_arena_reset(struct dg_arena *arena)
{
	if (!arena->blocks)
		return;
	free_blocks(dg_take(arena->blocks->next));
	arena->blocks->used = 0;
}

void dg_arena_free(struct dg_arena *arena)
{
	free_blocks(dg_take(arena->blocks));
}
