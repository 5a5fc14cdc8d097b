/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the modules of one kernel's tree export, by depmod's index of it: a module
 * is read when one of its symbols is first asked for. May be asked from several
 * threads at once.
 *
 * What was read is kept (cachefile.h) as modules-RELEASE: which module the index
 * leads to for each symbol, valid for exactly the index it was taken from, and
 * each module's exports, valid for exactly that file. In lines, columns by tabs:
 *
 *   drvguard-modules 1
 *   index ID ID|-                       of modules.dep.bin and modules.symbols.bin; -: none kept
 *   SYMBOL MODULE                       each of the index
 *   "module MODULE" OWNER ID PATH       read; PATH below the tree, OWNER as the file calls itself
 *   0xCRC|- SYMBOL gpl|- NAMESPACE      its exports
 *   end SHA256-OF-ALL-ABOVE
 */
#ifndef DG_EXPORTERS_H
#define DG_EXPORTERS_H

#include "modfile.h"
#include "symtab.h"

enum dg_exporter_verdict { DG_EXPORTER_UNKNOWN, DG_EXPORTER_JUDGING, DG_EXPORTER_GOOD, DG_EXPORTER_BAD };

/* A module that exports symbols. */
struct dg_exporter {
	char *path;	/* of what was read */
	const char *id; /* dg_file_id() of it; NULL: none that can be relied on */
	bool outside;	/* of the kernel's own tree (updates, extra, …): it may not load itself */
	enum dg_exporter_verdict verdict;
};

struct dg_exporters;

/* Nothing is read yet; @root and @release name the cache. Free with dg_exporters_free(), which keeps what is new. */
int dg_exporters_new(const char *root, const char *release, const char *modules_dir, struct dg_exporters **ret);
void dg_exporters_free(struct dg_exporters *x);

/* What is new is not kept after all. */
void dg_exporters_keep_nothing(struct dg_exporters *x);

/* Much will be asked: read the index, and what is kept, now. Asking would do as much of it as is needed. */
void dg_exporters_expect_many(struct dg_exporters *x);

/* Who exports @name; NULL: no module. @hash is dg_symbol_hash() of it. */
const struct dg_export_entry *dg_exporters_find(struct dg_exporters *x, const char *name, uint32_t hash);

/*
 * The same of the modules that were read already: for the @n-th time, since more
 * than one may export it. NULL: no more.
 */
const struct dg_export_entry *dg_exporters_find_read(struct dg_exporters *x, const char *name, uint32_t hash, size_t n);

/* Around looking at and setting ->verdict: one thread at a time, which may come back here. */
void dg_exporters_lock_verdicts(struct dg_exporters *x);
void dg_exporters_unlock_verdicts(struct dg_exporters *x);

/* Take over what is kept, in @text's form, as if the index were the one it names. For tests. */
bool dg_exporters_take_kept(struct dg_exporters *x, char *text);

#endif
