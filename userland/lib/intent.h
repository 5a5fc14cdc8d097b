/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run is about to do, recorded in STORE/intent before its first change,
 * so that the next one can finish or undo it. A record (record.h):
 *
 *   drvguard-intent 1
 *   action stage|force|rollback|remove|revert
 *   release RELEASE
 *   from NUMBER        the generation that was current; 0: none
 *   to NUMBER          the one to become it
 */
#ifndef DG_INTENT_H
#define DG_INTENT_H

#include "diag.h"

enum dg_action {
	DG_ACTION_STAGE,
	DG_ACTION_FORCE, /* a stage that may go back in versions */
	DG_ACTION_ROLLBACK,
	DG_ACTION_REMOVE,
	DG_ACTION_REVERT, /* a trial that nobody confirmed */
};

struct dg_intent {
	enum dg_action action;
	char release[128];
	unsigned int from, to;
};

int dg_intent_write(const char *root, const char *store, const struct dg_intent *i, struct dg_diag *d);
/* -ENOENT: nothing is under way. -EBADMSG with @d: it cannot be believed. */
int dg_intent_read(const char *root, const char *store, struct dg_intent *ret, struct dg_diag *d);
/* Done, or undone. */
int dg_intent_clear(const char *root, const char *store);

/* Remove one that was cut short while it was written: nothing was begun then. */
void dg_intent_tidy(const char *root, const char *store);

/* For people. */
const char *dg_action_name(enum dg_action a);
/* Whether the action made the generation it goes to, so that undoing it drops that. */
bool dg_action_builds(enum dg_action a);

#endif
