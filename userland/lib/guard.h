/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard in the kernel, seen from here: what it is told of the drivers that
 * are proven for this kernel, and what it tells of those that came. Its files
 * and their form are kmod/uapi/drvguard.h's.
 */
#ifndef DG_GUARD_H
#define DG_GUARD_H

#include "guardpolicy.h"

struct dg_guard {
	bool can_refuse; /* this kernel heeds a refusal */
	bool enforcing, sealed;
	unsigned int violations;
	char *policy; /* NULL: not for this user to read */
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

/*
 * -ENODEV: it is not there; -EPROTO: it speaks another ABI; -EBADMSG: it says what we do not know. @d says so.
 * Free with dg_guard_free().
 */
int dg_guard_read(const char *root, struct dg_guard **ret, struct dg_diag *d);
void dg_guard_free(struct dg_guard *g);
void dg_guard_freep(struct dg_guard **g);

/* Its ledger, oldest first; caller frees *ret. -EBADMSG: not in the form we know. */
int dg_guard_loads(const char *root, struct dg_guard_load **ret, size_t *ret_n, struct dg_diag *d);

/* Write one of DRVGUARD_MODE_*, by hand: permissive then lasts until another, or the next boot, whatever is configured.
 */
int dg_guard_set_mode(const char *root, const char *word, struct dg_diag *d);

/*
 * Bring the guard to what @s asks for: load it where it is not and may be, its
 * policy, and the mode that is configured. @asked for by hand: also where it is not to be used, and what it
 * is suspected of is forgotten. 0 also when there is none, or nothing to do, or it is not to be used;
 * -ENODEV when it is not there, and is to enforce or was asked for, or could not be loaded; -ESTALE when it is
 * sealed, or is to be left alone and enforces, so that it does not let in all that is staged; -ECANCELED when it
 * cannot enforce, as is configured. After other errors it may refuse what is staged.
 */
int dg_guard_follow(const struct dg_survey *s, bool asked, struct dg_diag *d);
/* Whether the policy @have lets in and refuses what @s asks for. */
int dg_guard_in_step(const struct dg_survey *s, const struct dg_guardpolicy *have, bool *ret);

/*
 * Before @m's drivers become current for @release: where that runs, a guard that is there lets them in, and
 * what was current too, until it follows. Nothing is loaded, and nothing told: to follow is what counts. The policy
 * it had, when that was changed, for dg_guard_put_back() if it comes to nothing; caller frees.
 */
char *dg_guard_admit(const char *root, const char *release, const struct dg_manifest *m);
/* NULL: there is nothing to put back. */
void dg_guard_put_back(const char *root, const char *policy);

/* The machine is well with drvguard.ko loaded, though it is not configured: 1 when that is new. */
int dg_guard_confirm(const struct dg_survey *s, struct dg_diag *d);

#endif
