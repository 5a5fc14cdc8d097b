/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena: bytes that come and go together, such as the files that one thread
 * looks at: used again from one to the next, and in large pages, since touching
 * each small one for the first time costs as much as what is done with it.
 */
#ifndef DG_ARENA_H
#define DG_ARENA_H

#include "util.h"

struct dg_arena {
	struct dg_arena_block *blocks;
};

/* @size bytes that stay until dg_arena_reset(); NULL without memory. Zeroes make an empty one. */
void *dg_arena_take(struct dg_arena *arena, size_t size);
/* All that was taken may be taken again. */
void dg_arena_reset(struct dg_arena *arena);
void dg_arena_free(struct dg_arena *arena);

/* malloc(), in large pages when it is of several. */
void *dg_arena_large(size_t size);

#endif
