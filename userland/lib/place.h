/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fixed place: a path some agent loads its driver from by itself, whatever
 * the kernel. It is kept as a link to the staged file of the running kernel, or
 * empty when that kernel has no match, so that the agent cannot load a stale one.
 */
#ifndef DG_PLACE_H
#define DG_PLACE_H

#include "diag.h"

enum dg_place_state {
	DG_PLACE_EMPTY,
	DG_PLACE_RIGHT,	 /* leads to the staged file */
	DG_PLACE_STALE,	 /* our link, to another kernel's staged file or to nothing */
	DG_PLACE_FOREIGN /* a file, or a link that is not ours */
};

const char *dg_place_state_name(enum dg_place_state s);

/* How @path (in @root) stands beside @staged (physical; NULL: nothing matches). */
int dg_place_look(const char *root, const char *path, const char *staged, enum dg_place_state *ret);

/*
 * Bring @path to where it belongs: a link to @staged, or nothing when @staged is
 * NULL. A foreign file is moved aside to PATH.drvguard-saved[.N], never deleted;
 * *ret_saved is its new name then (caller frees), else NULL.
 */
int dg_place_set(const char *root, const char *path, const char *staged, char **ret_saved, struct dg_diag *d);

#endif
