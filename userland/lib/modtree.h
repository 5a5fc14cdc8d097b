/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's tree of modules itself, for when depmod's indexes of it cannot be trusted. */
#ifndef DG_MODTREE_H
#define DG_MODTREE_H

#include "modfile.h"

/*
 * Whether @modules_dir has no modules.symbols.bin, or one older than a directory
 * or a module of the tree: something came, went or was rebuilt since depmod ran.
 */
bool dg_modtree_is_newer(const char *modules_dir);

/* Called for each module file that can be read; a negative return ends the walk. */
typedef int (*dg_modtree_fn)(const struct dg_modfile *m, void *data);

/* Every module under @modules_dir. 0, -ENOMEM, or what @fn returned. */
int dg_modtree_each(const char *modules_dir, dg_modtree_fn fn, void *data);

#endif
