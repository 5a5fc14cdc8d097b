/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, for a person: the file (or setting), the cause, the cure.
 * The library fills it in and never prints; the caller owns it. Every string
 * is made printable on the way in, since much of it comes from disk.
 */
#ifndef DG_DIAG_H
#define DG_DIAG_H

#include "util.h"

struct dg_diag {
	char where[256]; /* file, setting or driver; "" when it is about all */
	char what[320];
	char cure[200]; /* "" when there is nothing to do about it */
};

/*
 * Fill @d (NULL: nothing is kept) and return @err, so that a failing function
 * can end in `return dg_diag_set(...)`. @err is negative, or 0 for a remark.
 */
int dg_diag_set(struct dg_diag *d, int err, const char *where, const char *cure, const char *what, ...) DG_PRINTF(5, 6);

/* The same where errno's own text is the cause: "cannot VERB: No space left on device". */
int dg_diag_errno(struct dg_diag *d, int err, const char *where, const char *verb);

/* An owned list of diags, for work that goes on past a bad part. */
struct dg_diags {
	struct dg_diag *v;
	size_t n;
};

/* Append a copy; memory that runs out loses the remark, never the work. */
void dg_diags_add(struct dg_diags *list, const struct dg_diag *d);
void dg_diags_free(struct dg_diags *list);

#endif
