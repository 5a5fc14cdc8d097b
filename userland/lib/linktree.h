/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbolic links of a tree that is read of and not on disk, such as what is
 * inside an archive: where a path in it leads once they are followed.
 */
#ifndef DG_LINKTREE_H
#define DG_LINKTREE_H

#include "util.h"

#include <limits.h>

/* An image of a whole system has a few thousand. */
#define DG_LINKTREE_MAX 65536
/* Parts of paths that are followed in all: half a million files, a hundred directories deep. */
#define DG_LINKTREE_STEPS_MAX ((uint64_t)64 << 20)

struct dg_linktree;

int dg_linktree_new(struct dg_linktree **ret);
void dg_linktree_free(struct dg_linktree *t);

/*
 * @path with the links on the way followed, as open(2) would; the last part of
 * it too when @last. @ret has no '/' before it, and is "" for the root itself.
 * -ELOOP, -ENAMETOOLONG: no file can be there. -EFBIG: past what is followed in all.
 */
int dg_linktree_follow(struct dg_linktree *t, const char *path, bool last, char ret[PATH_MAX]);

/* @path, as dg_linktree_follow() gave it, is a link to @text from now on. -ENOMEM, -EFBIG. */
int dg_linktree_set(struct dg_linktree *t, const char *path, const char *text);
/* … is no link any more, if it was one. */
void dg_linktree_drop(struct dg_linktree *t, const char *path);

/* The link with index @i, from 0, in the order they were first set; dropped ones have no text. false: no more. */
bool dg_linktree_at(const struct dg_linktree *t, size_t i, const char **ret_path, const char **ret_text);

#endif
