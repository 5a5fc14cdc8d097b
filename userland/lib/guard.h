/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard in the kernel, seen from here: what it is told of the drivers that
 * are proven for this kernel, and what it tells of those that came. Its files
 * and their form are kmod/uapi/drvguard.h's.
 */
#ifndef DG_GUARD_H
#define DG_GUARD_H

#include "survey.h"

struct dg_guard {
	bool can_refuse; /* this kernel heeds a refusal */
	bool enforcing, sealed;
	unsigned int violations;
	char *policy;
};

/* One line of its ledger. */
struct dg_guard_load {
	unsigned long long seq;
	double came, live; /* seconds since boot; ->live 0: its init has not ended well */
	char name[64];
	char build_id[DG_BUILD_ID_HEX]; /* "" none */
	char taints[24], verdict[16], reason[16], program[24];
	bool renamed;
	unsigned int pid, uid;
};

/* -ENODEV: it is not there; -EACCES, -EPERM: not for this user. @d says so. Free with dg_guard_free(). */
int dg_guard_read(const char *root, struct dg_guard **ret, struct dg_diag *d);
void dg_guard_free(struct dg_guard *g);
void dg_guard_freep(struct dg_guard **g);

/* Its ledger, oldest first; caller frees *ret. -EBADMSG: not in the form we know. */
int dg_guard_loads(const char *root, struct dg_guard_load **ret, size_t *ret_n, struct dg_diag *d);

/*
 * The policy that @s, a survey of the running kernel, asks for: each driver with
 * the build that is staged and matches; known and not proven are those of other
 * generations. One without a build-id cannot be told from another, and is only
 * warned of. Caller frees; NULL without memory.
 */
char *dg_guard_policy(const struct dg_survey *s);

/* Write one of DRVGUARD_MODE_*. */
int dg_guard_set_mode(const char *root, const char *word, struct dg_diag *d);

/*
 * Bring the guard to what @s asks for: load it where it is not and can be, its
 * policy, and the mode that is configured. 0 also when there is none, or nothing
 * to do, or it is not to be used; -ENODEV when there is none and it is to enforce.
 */
int dg_guard_follow(const struct dg_survey *s, struct dg_diag *d);

#endif
