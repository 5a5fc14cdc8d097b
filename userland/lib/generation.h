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

/* One driver between two generations; "" on the side that has none. */
struct dg_change {
	char name[64];
	char *version_from, *version_to;
	char sha256_from[DG_SHA256_HEX], sha256_to[DG_SHA256_HEX];
	enum dg_verdict verdict; /* of the one it goes to */
};

struct dg_changes {
	unsigned int from, to;
	struct dg_change *v;
	size_t n;
};

/* What differs between two manifests (NULL: nothing staged). Free with dg_changes_free(). */
int dg_changes_make(const struct dg_manifest *from, const struct dg_manifest *to, struct dg_changes *ret);
void dg_changes_free(struct dg_changes *c);

/* The current generation of @k; having none is no error. Free with dg_generation_free(). */
int dg_generation_current(const char *store, const struct dg_kernel *k, struct dg_generation **ret);
void dg_generation_free(struct dg_generation *g);
void dg_generation_freep(struct dg_generation **g);

/* Where generation @number of @release lies, physical. Caller frees; NULL without memory. */
char *dg_generation_dir(const char *root, const char *store, const char *release, unsigned int number);

/*
 * The numbers of @release's generations, lowest first, ended by 0. None is no
 * error. Caller frees *ret.
 */
int dg_generation_list(const char *root, const char *store, const char *release, unsigned int **ret);
/* The number for a new one: above all there are. */
int dg_generation_next(const char *root, const char *store, const char *release, unsigned int *ret);
/* The releases that have generations, ended by NULL; free with dg_strv_free(). */
int dg_generation_releases(const char *root, const char *store, char ***ret);

/* The manifest of generation @number. -ENOENT: there is no such generation. */
int dg_generation_manifest(const char *root, const char *store, const char *release, unsigned int number,
			   struct dg_manifest **ret, struct dg_diag *d);

/*
 * Build generation @number of @m's drivers, all in the store at @store_dir
 * already. Nothing is current yet.
 */
int dg_generation_build(const char *root, const char *store, const struct dg_manifest *m, unsigned int number,
			struct dg_diag *d);
/* Remove a generation that is not current, and what a build that was cut short left. */
int dg_generation_drop(const char *root, const char *store, const char *release, unsigned int number);

/* Make generation @number current for @k by one rename; 0: none, the link goes. */
int dg_generation_switch(const char *store, const struct dg_kernel *k, unsigned int number, struct dg_diag *d);

/*
 * Would modprobe take @name from the current generation? If not, @buf gets the
 * file it would take instead, "" for none. By the indexes as they are.
 */
bool dg_generation_is_taken(const struct dg_kernel *k, const char *name, char *buf, size_t size);

#endif
