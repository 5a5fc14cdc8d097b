/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is it safe to reboot into a kernel? The guarded drivers by a survey of it, and
 * every other out-of-tree module that is loaded now or configured to load at boot.
 */
#ifndef DG_PREFLIGHT_H
#define DG_PREFLIGHT_H

#include "survey.h"

enum dg_preflight_answer {
	DG_GO,
	DG_NO_GO,
	DG_CANNOT_TELL,
};

struct dg_preflight_item {
	char name[64];
	const char *why; /* "guarded", "loaded", "modules-load.d" */
	enum dg_preflight_answer answer;
	char *file;			/* what modprobe would take there; NULL: nothing */
	struct dg_judgement *judgement; /* of it, or NULL */
	char cause[400];		/* for a go: a warning, or "" */
};

struct dg_preflight {
	struct dg_survey *survey; /* of the kernel in question */
	char lacks[160];	  /* what the kernel's own installation lacks, "" nothing */
	struct dg_preflight_item *v;
	size_t n;
};

/* Free *ret with dg_preflight_free(). -errno with @d when the kernel itself cannot be looked at. */
int dg_preflight_run(const char *root, const struct dg_config *config, struct dg_kernel *k, struct dg_preflight **ret,
		     struct dg_diag *d);
void dg_preflight_free(struct dg_preflight *p);
void dg_preflight_freep(struct dg_preflight **p);

#endif
