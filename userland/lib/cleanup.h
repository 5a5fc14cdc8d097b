/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nothing needs any more: generations beyond those kept for rollback, all of
 * a kernel's whose /lib/modules tree is gone and which cannot boot next, and files in the store that no
 * generation links to. Never what is current, what a trial would go back to,
 * or what is loaded.
 */
#ifndef DG_CLEANUP_H
#define DG_CLEANUP_H

#include "config.h"

enum dg_doomed_kind {
	DG_DOOMED_GENERATION, /* ->path is its directory */
	DG_DOOMED_KERNEL,     /* all that is kept for a kernel that is gone */
	DG_DOOMED_STORED,     /* a file of the store */
	DG_DOOMED_LEFTOVER,   /* what an interrupted run left */
};

struct dg_doomed {
	enum dg_doomed_kind kind;
	char *path;
	uint64_t bytes; /* that its removal gives back */
};

struct dg_cleanup {
	struct dg_doomed *v;
	size_t n;
	uint64_t bytes;
};

/*
 * Work out what would go when each kernel keeps @keep generations besides its
 * current one. Changes nothing. Free with dg_cleanup_free().
 */
int dg_cleanup_plan(const char *root, const struct dg_config *config, unsigned int keep, struct dg_cleanup **ret,
		    struct dg_diag *d);
/*
 * The same of nothing but what is kept for @release and for no other, which a package
 * manager says it has removed: all of it when neither its image nor its modules are there, whatever
 * else was left in its tree; nothing otherwise, nor while it runs.
 */
int dg_cleanup_plan_gone(const char *root, const struct dg_config *config, const char *release, struct dg_cleanup **ret,
			 struct dg_diag *d);
/* Remove it. The caller holds the lock, and planned under it. */
int dg_cleanup_run(const struct dg_cleanup *c, struct dg_diag *d);
void dg_cleanup_free(struct dg_cleanup *c);
void dg_cleanup_freep(struct dg_cleanup **c);

const char *dg_doomed_name(enum dg_doomed_kind k);

#endif
