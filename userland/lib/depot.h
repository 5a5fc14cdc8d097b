/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A depot: a directory tree in which every driver file describes itself. */
#ifndef DG_DEPOT_H
#define DG_DEPOT_H

#include "diag.h"

enum dg_depot_state {
	DG_DEPOT_PRESENT,
	DG_DEPOT_EMPTY,	 /* a directory with nothing in it: where a mount should be, or not filled yet */
	DG_DEPOT_ABSENT, /* no such directory */
	DG_DEPOT_SILENT, /* its file system is out of reach: a dead server, an automount that fails */
};

/*
 * Where @depot stands under @root. *ret_dir is its physical path when it is
 * present (caller frees), else untouched; @why tells what is awaited, the file
 * system named when fstab has one for it that is not mounted. -ENOTDIR and
 * other errnos when it cannot be read. Ends within seconds (probe.h).
 */
int dg_depot_find(const char *root, const char *depot, enum dg_depot_state *ret, char **ret_dir, struct dg_diag *why);

/*
 * Called for each file named as a driver, by its physical path; or with the
 * errno @err and its reason @bad when it cannot be one (a directory, a dead link). A
 * negative return ends the walk.
 */
typedef int (*dg_depot_fn)(const char *path, int err, const struct dg_diag *bad, void *data);

/* Walk @dir (physical, from dg_depot_find()) in a fixed order. Links stay inside @root. */
int dg_depot_walk(const char *root, const char *dir, dg_depot_fn fn, void *data, struct dg_diag *d);

#endif
