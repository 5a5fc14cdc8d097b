/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_LEDGER_H
#define _DRVGUARD_LEDGER_H

#include <linux/module.h>
#include <linux/sched.h>

#include "policy.h"

struct seq_operations;

/* What was made of a module; their words are DRVGUARD_VERDICT_* and DRVGUARD_REASON_*. */
enum dg_verdict {
	DG_VERDICT_UNGUARDED,
	DG_VERDICT_PROVEN,
	DG_VERDICT_WARNED,
	DG_VERDICT_DENIED,
};

enum dg_reason {
	DG_REASON_NONE,
	DG_REASON_UNPROVEN,
	DG_REASON_NO_BUILD_ID,
	DG_REASON_FORCED,
};

/**
 * struct dg_load - a module that came in, or was refused
 * @seq: counted from 1, set by dg_ledger_add()
 * @came: ns since boot, suspend counted
 * @live: the same, when its init had ended well; 0 before, or never
 * @mod: who it was, to be compared and nothing else
 * @name: as the loader knows it, '_' for '-', and what would not be a word made one
 * @id: its build-id
 * @taints: bits of TAINT_*, as the loader had set them when it came
 * @renamed: known by its build-id alone
 * @comm: the program that asked for it; a word, like @name
 */
struct dg_load {
	u64 seq;
	u64 came, live;
	const struct module *mod;
	char name[MODULE_NAME_LEN];
	struct dg_build_id id;
	unsigned long taints;
	enum dg_verdict verdict;
	enum dg_reason reason;
	bool renamed;
	pid_t pid;
	uid_t uid;
	char comm[TASK_COMM_LEN];
};

void dg_ledger_add(struct dg_load *load);
enum dg_verdict dg_ledger_live(const struct module *mod, u64 now);

const char *dg_verdict_word(enum dg_verdict verdict);
const char *dg_reason_word(enum dg_reason reason);

extern const struct seq_operations dg_ledger_seq_ops;

#endif /* _DRVGUARD_LEDGER_H */
