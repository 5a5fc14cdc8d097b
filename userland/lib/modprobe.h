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

/* The file of module @name. Caller frees. -ENOENT: none. */
int dg_modindex_path(struct dg_modindex *index, const char *name, char **ret);

/*
 * Every symbol of modules.symbols, with the module that modprobe would load for it
 * first. A negative return of @fn ends it, and is returned.
 */
typedef int (*dg_modindex_fn)(const char *symbol, const char *module, void *data);
int dg_modindex_symbols(struct dg_modindex *index, dg_modindex_fn fn, void *data);

/* The modules that @name needs, and those they need, by modules.dep; free with dg_strv_free(). -ENOENT: none such. */
int dg_modindex_needs(struct dg_modindex *index, const char *name, char ***ret);

/* A blacklist line (@command NULL) or an install line of modprobe.d(5); 0 to go on. */
typedef int (*dg_modprobe_line_fn)(const char *name, const char *command, void *data);
/* Each such line of one file, in libkmod's reading of it; names with '-' made '_'. What @fn returns, or -ENOMEM. */
int dg_modprobe_config_each(const char *path, dg_modprobe_line_fn fn, void *data);

/*
 * Load @name and what it depends on into the running kernel, with the
 * system's modprobe.d obeyed. -errno of the kernel's loader; -EPERM also for a
 * blacklisted one. An install line's command is run and counts as loading.
 */
int dg_modprobe_load(const char *modules_dir, const char *name);

/* Where depmod.d(5) lies, by depmod's own order; ended by NULL. */
extern const char *const dg_depmod_dirs[];

/* The bytes that depmod needs beside the indexes there are. */
uint64_t dg_depmod_needs(const char *modules_dir);
/* -ENOSPC: not to be run, since it replaces whole indexes by what of theirs found room. */
int dg_depmod_room(const char *modules_dir, struct dg_diag *d);

/* Run depmod(8) for @release under @root, by that root's depmod.d, then sync the indexes. @d on failure. */
int dg_depmod(const char *root, const char *release, const char *modules_dir, struct dg_diag *d);

/* Remove what a depmod that is no more left half-written. */
void dg_depmod_tidy(const char *modules_dir);

#endif
