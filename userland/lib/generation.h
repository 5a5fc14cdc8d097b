/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations: STORE/kernels/RELEASE/NUMBER/ holds hard links into the store
 * and a manifest; /lib/modules/RELEASE/updates/drvguard is the link whose rename
 * makes one of them current. Built whole before it is linked to.
 */
#ifndef DG_GENERATION_H
#define DG_GENERATION_H

#include "kernel.h"
#include "manifest.h"

#define DG_GENERATION_LINK "updates/drvguard"
#define DG_MANIFEST_NAME "manifest"

enum dg_link_state {
	DG_LINK_NONE,	  /* nothing at updates/drvguard */
	DG_LINK_GOOD,	  /* leads to a generation of this kernel */
	DG_LINK_DANGLING, /* leads to nothing */
	DG_LINK_FOREIGN,  /* no link, or one to somewhere else */
};

struct dg_generation {
	enum dg_link_state link;
	unsigned int number;	      /* 0: none */
	char *link_path;	      /* MODULES/updates/drvguard */
	char *dir;		      /* NULL: none */
	struct dg_manifest *manifest; /* NULL: none, or unreadable as ->problem says */
	struct dg_diag problem;
};

/* The current generation of @k; having none is no error. Free with dg_generation_free(). */
int dg_generation_current(const char *store, const struct dg_kernel *k, struct dg_generation **ret);
void dg_generation_free(struct dg_generation *g);
void dg_generation_freep(struct dg_generation **g);

/*
 * Build a generation of @m's drivers, all in the store at @store_dir already.
 * *ret_dir is its directory (caller frees). Nothing is current yet.
 */
int dg_generation_build(const char *root, const char *store, const struct dg_manifest *m, char **ret_dir,
			struct dg_diag *d);

/*
 * Make @dir current for @k by one rename. *ret_old is the link text there was,
 * or NULL (caller frees), for dg_generation_switch_back().
 */
int dg_generation_switch(const struct dg_kernel *k, const char *dir, char **ret_old, struct dg_diag *d);
/* Undo a switch whose index could not be made; best effort. */
void dg_generation_switch_back(const struct dg_kernel *k, const char *old);

#endif
