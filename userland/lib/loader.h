/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: what a kernel's own loader would say of a driver's file, in the
 * loader's order and with its errno (kernel/module/main.c, version.c). Checked
 * so far: architecture, vermagic, module_layout, and every imported symbol's
 * presence and CRC. Signature, namespaces, licence, duplicate exports and the
 * dependency closure have their place here too.
 */
#ifndef DG_LOADER_H
#define DG_LOADER_H

#include "kernel.h"
#include "modfile.h"

enum dg_verdict {
	DG_VERDICT_EXACT,   /* built for this very kernel */
	DG_VERDICT_KABI,    /* built for another, and every CRC agrees */
	DG_VERDICT_REFUSED, /* the loader would refuse it */
};

enum dg_reason_kind {
	DG_REASON_MACHINE,
	DG_REASON_MODULE_SIZE,
	DG_REASON_VERMAGIC,
	DG_REASON_NO_VERSIONS, /* no __versions, but the kernel has CRCs */
	DG_REASON_LAYOUT,      /* module_layout's CRC */
	DG_REASON_MISSING,     /* nobody exports the symbol */
	DG_REASON_CRC,
	DG_REASON_NO_VERSION, /* the symbol has no record: the kernel only warns */
	DG_REASON_REQUIRE,    /* would load, but the configuration wants exact */
};

struct dg_reason {
	enum dg_reason_kind kind;
	char *symbol; /* NULL when it is not about one */
	char *want;   /* what the file says */
	char *have;   /* what the kernel says; NULL: nothing */
	int err;      /* positive errno of the loader; 0: accepted by the kernel */
};

struct dg_judgement {
	enum dg_verdict verdict;
	int err; /* the loader's first refusal, positive; 0 for a good verdict */
	struct dg_reason *reasons;
	size_t n_reasons;
};

/*
 * Judge @m for @k, which learns what it needs to know (so is not const). A
 * refusal is a result, not an error. Errors are those of finding out: @d says
 * what could not be read. Free *ret with dg_judgement_free().
 */
int dg_loader_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret, struct dg_diag *d);

/* Turn a kabi verdict into a refusal, for `require = exact`. 0 or -ENOMEM. */
int dg_judgement_require_exact(struct dg_judgement *j);

void dg_judgement_free(struct dg_judgement *j);
void dg_judgement_freep(struct dg_judgement **j);

const char *dg_verdict_name(enum dg_verdict v);
const char *dg_reason_name(enum dg_reason_kind k);

/* One line of cause for people, the commonest reasons counted. */
void dg_judgement_cause(const struct dg_judgement *j, char *buf, size_t size);

#endif
