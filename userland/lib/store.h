/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content-addressed store: STORE/store/SHA256/DRIVER.ko, immutable, synced,
 * verified by re-reading. The same file for many kernels costs its space once.
 */
#ifndef DG_STORE_H
#define DG_STORE_H

#include <sys/stat.h>

#include "modfile.h"

/* STORE/store, physical, under @root. Caller frees; NULL without memory. */
char *dg_store_dir(const char *root, const char *store);

/*
 * Have @m's bytes in the store; *ret_path is the file's place (caller frees).
 * A copy that is there already is re-read, and replaced when it is damaged.
 * @d on failure; nothing half-written stays.
 */
int dg_store_put(const char *dir, const struct dg_modfile *m, char **ret_path, struct dg_diag *d);
/* The same of many, in less time than one after the other. Whole ones stay when another fails. */
int dg_store_put_all(const char *dir, const struct dg_modfile *const *files, size_t n, struct dg_diag *d);

/* Whether @m, read from the store, is the file its directory is named for. */
bool dg_store_is_whole(const struct dg_modfile *m);

/*
 * Call @fn for every file in the store, until it returns other than 0. What
 * does not look like the store's own is passed over. -errno, or what @fn said.
 */
int dg_store_each(const char *root, const char *store, int (*fn)(const char *path, const struct stat *st, void *data),
		  void *data);

/* Remove one file of it, and its directory when that is empty then. */
int dg_store_remove(const char *path);

/* Remove what interrupted runs left: every file nothing links to any more, or the @unfinished alone. */
int dg_store_sweep(const char *root, const char *store, bool unfinished);

#endif
