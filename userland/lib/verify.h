/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk against manifest: what is staged recomputed, and everything around it that decides what loads. */
#ifndef DG_VERIFY_H
#define DG_VERIFY_H

#include "survey.h"

enum dg_finding_kind {
	DG_FINDING_CHANGED, /* other bytes, same module */
	DG_FINDING_SWAPPED, /* another file altogether */
	DG_FINDING_MISSING,
	DG_FINDING_EXTRA,    /* a file the manifest does not know */
	DG_FINDING_SHADOWED, /* modprobe would take another file */
	DG_FINDING_LINK,     /* updates/drvguard leads elsewhere or nowhere */
	DG_FINDING_MANIFEST, /* unreadable or changed */
	DG_FINDING_KERNEL,   /* proven for another kernel of the same release */
	DG_FINDING_PLACE,    /* a fixed place does not lead to the staged file */
	DG_FINDING_UNREAD,   /* could not be read */
	DG_FINDING_IMAGE,    /* the initramfs has another copy */
	DG_FINDING_STORED,   /* a file in the store, or one kept for rollback, is not what it was */
	DG_FINDING_HISTORY,  /* the history's database is damaged */
};

struct dg_finding {
	enum dg_finding_kind kind;
	char driver[64]; /* "" when it is about all */
	struct dg_diag text;
};

struct dg_verified {
	struct dg_finding *findings;
	size_t n_findings;
	size_t n_checked; /* files whose digest was recomputed */
};

/*
 * Verify the current generation of @k. @running: it is the running kernel, so
 * fixed places count. @names as in stage.h. Having nothing staged is no finding.
 */
int dg_verify_run(const char *root, const struct dg_config *config, struct dg_kernel *k, bool running,
		  const char *const *names, struct dg_verified **ret, struct dg_diag *d);
/*
 * Verify what stands behind all kernels: every file in the store, the generations
 * that are not current, the history. @ret as above, with "" for drivers.
 */
int dg_verify_store(const char *root, const struct dg_config *config, struct dg_verified **ret, struct dg_diag *d);
void dg_verified_free(struct dg_verified *v);
void dg_verified_freep(struct dg_verified **v);

const char *dg_finding_name(enum dg_finding_kind k);
/* Whether somebody changed what drvguard staged, as against its not fitting. */
bool dg_finding_is_tampering(enum dg_finding_kind k);

#endif
