/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same work on many things, on every processor, with the results taken in
 * order. It is in two steps: the first begins at once; the second waits for
 * dg_inorder_open(), when what it needs is there. A few hundred results are held
 * at a time, and who waits for one works too.
 */
#ifndef DG_INORDER_H
#define DG_INORDER_H

#include "arena.h"

struct dg_work {
	size_t n, result_size;
	/* @result is all zeroes; what is taken of @arena stays until finish() has returned. */
	void (*begin)(size_t i, void *result, struct dg_arena *arena, void *data);
	void (*finish)(size_t i, void *result, void *data); /* may be NULL */
	/* What became of a result that nobody takes. */
	void (*drop)(void *result);
	void *data;
};

struct dg_inorder;

int dg_inorder_new(const struct dg_work *work, struct dg_inorder **ret);
void dg_inorder_open(struct dg_inorder *o);
/* The next result, in order; call no more often than there are things, and after dg_inorder_open(). */
void dg_inorder_next(struct dg_inorder *o, void *result);
void dg_inorder_free(struct dg_inorder *o);

#endif
