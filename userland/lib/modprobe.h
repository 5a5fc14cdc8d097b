/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modprobe's and depmod's side of things: the indexes, through libkmod, and the tools themselves. */
#ifndef DG_MODPROBE_H
#define DG_MODPROBE_H

#include "diag.h"

/*
 * The file modprobe would load for @name, by the indexes in @modules_dir
 * (/lib/modules/RELEASE, with its root). Caller frees. -ENOENT: none.
 */
int dg_modprobe_path(const char *modules_dir, const char *name, char **ret);

/* The indexes of one kernel, held open for many look-ups. */
struct dg_modindex;
int dg_modindex_open(const char *modules_dir, struct dg_modindex **ret);
void dg_modindex_close(struct dg_modindex *index);

/* The file of the in-tree or staged module that exports @symbol, by modules.symbols. Caller frees. */
int dg_modindex_symbol_path(struct dg_modindex *index, const char *symbol, char **ret);

/*
 * Load @name and what it depends on into the running kernel, with the
 * system's modprobe.d obeyed. -errno of the kernel's loader.
 */
int dg_modprobe_load(const char *modules_dir, const char *name);

/* Run depmod(8) for @release under @root, then sync the indexes. @d on failure. */
int dg_depmod(const char *root, const char *release, const char *modules_dir, struct dg_diag *d);

#endif
