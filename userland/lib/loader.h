/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: what a kernel's own loader would say of a driver's file, in the
 * loader's order and with its errno. Source: the kernel's kernel/module/main.c,
 * version.c and signing.c, 5.10 to 6.12; tests/oracle asks real kernels.
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
	DG_REASON_SIGNATURE,
	DG_REASON_ELF, /* no whole module: headers, sections or symbols damaged */
	DG_REASON_MACHINE,
	DG_REASON_MODULE_SIZE,
	DG_REASON_LAYOUT, /* module_layout's CRC */
	DG_REASON_VERMAGIC,
	DG_REASON_NO_VERSIONS, /* no __versions at all, which taints where the kernel takes it */
	DG_REASON_EXPORT_CRC,  /* exports without CRCs, likewise */
	DG_REASON_MISSING,     /* nobody exports the symbol */
	DG_REASON_GPL,	       /* exported to GPL modules only, and the driver is none */
	DG_REASON_CRC,
	DG_REASON_NO_VERSION, /* the symbol has no record: refused by some kernels, only warned of by others */
	DG_REASON_NAMESPACE,
	DG_REASON_DEPENDENCY,  /* needs a module outside the kernel's tree that would be refused itself */
	DG_REASON_DUPLICATE,   /* exports what is exported already */
	DG_REASON_EXTENDED,    /* extended version tables empty or unpaired */
	DG_REASON_REQUIRE,     /* would load, but the configuration wants exact */
	DG_REASON_BLACKLIST,   /* by modprobe.d(5); or by the kernel's command line, which refuses it */
	DG_REASON_INSTALL,     /* modprobe runs a command of modprobe.d(5) instead */
	DG_REASON_COMPRESSION, /* modprobe cannot unpack the file where it lies, nor can the kernel */
	DG_N_REASONS,
};

struct dg_reason {
	enum dg_reason_kind kind;
	char *symbol; /* NULL when it is not about one */
	char *want;   /* what the file says */
	char *have;   /* what the kernel says; NULL: nothing */
	char *owner;  /* who exports the symbol; NULL: nobody, or not about one */
	int err;      /* positive errno of the loader; 0: accepted by the kernel */
};

struct dg_judgement {
	enum dg_verdict verdict;
	int err; /* what the loader returns, positive; 0 for a good verdict */
	struct dg_reason *reasons;
	size_t n_reasons;
	struct dg_reason_text *texts; /* hold their strings */
};

/* Whether modprobe is what it is about, and not the kernel's own loader. */
bool dg_reason_is_modprobes(const struct dg_reason *r);

/*
 * Judge @m for @k, which learns what it needs to know (so is not const). A
 * refusal is a result, not an error. Errors are those of finding out: @d says
 * what could not be read. Free *ret with dg_judgement_free().
 */
int dg_loader_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret, struct dg_diag *d);

/*
 * The two halves of that: what the kernel itself says, and what modprobe minds
 * (around.h) added to it.
 */
int dg_loader_judge_alone(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret,
			  struct dg_diag *d);
int dg_loader_judge_around(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j);

/*
 * Judge plain bytes, which may be no module at all: what dg_modfile_parse()
 * refuses, a loader does too. @path is where they were read from, or NULL. @data is taken over on success; *ret_file is
 * NULL when there is no module to tell of.
 */
int dg_loader_judge_bytes(const char *path, void *data, size_t len, struct dg_kernel *k, struct dg_modfile **ret_file,
			  struct dg_judgement **ret, struct dg_diag *d);

/* Whether both vermagics begin with the same word, the release: a good verdict on one is exact then. */
bool dg_loader_same_release(const char *a, const char *b);

/* The verdict on what dg_modfile_parse() refused with @err, -EBADMSG or -ENODATA, and @why. */
int dg_loader_judge_malformed(int err, const struct dg_diag *why, struct dg_judgement **ret);

/* Turn a kabi verdict into a refusal, for `require = exact`. 0 or -ENOMEM. */
int dg_judgement_require_exact(struct dg_judgement *j);

void dg_judgement_free(struct dg_judgement *j);
void dg_judgement_freep(struct dg_judgement **j);

const char *dg_verdict_name(enum dg_verdict v);
const char *dg_reason_name(enum dg_reason_kind k);

/* One line of cause for people, the commonest reasons counted. */
void dg_judgement_cause(const struct dg_judgement *j, char *buf, size_t size);
/* The same for a table's cell: without the versions' numbers, and struct module's difference once. */
void dg_judgement_brief(const struct dg_judgement *j, char *buf, size_t size);
/* Of that only what concerns modprobe; "" for nothing. */
void dg_judgement_modprobe_cause(const struct dg_judgement *j, char *buf, size_t size);

#endif
