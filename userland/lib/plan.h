/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What staging would do with each driver of a survey, and why not. Decides; changes nothing. */
#ifndef DG_PLAN_H
#define DG_PLAN_H

#include "survey.h"

enum dg_stage_step {
	DG_STAGE_KEPT,	    /* what is staged is right */
	DG_STAGE_STAGED,    /* a new file is staged (or would be, in a dry run) */
	DG_STAGE_NONE,	    /* nothing to be had that matches */
	DG_STAGE_OLDER,	    /* a better verdict, but a lower version than the staged one, which superseded it */
	DG_STAGE_WITHDRAWN, /* it matches, but was rolled back or removed before */
	DG_STAGE_GROUP,	    /* it matches, but another driver of its product has no match */
};

struct dg_stage_options {
	bool dry_run;
	bool force;	    /* a lower version, or a withdrawn one, may replace what is staged */
	bool trial;	    /* until it is confirmed: trial.h */
	bool mount;	    /* by bind mount: mounted.h */
	bool image_follows; /* the initramfs is left alone: whoever called makes it right after, or the next repair */
	bool unattended;    /* nobody asked for this very run: what was in vain is not tried again */
	const char *const *names; /* NULL: all; else ended by NULL */
};

struct dg_stage_item {
	const struct dg_standing *standing;
	enum dg_stage_step step;
	bool reinstated;		 /* beside DG_STAGE_STAGED: by force, though withdrawn */
	const struct dg_driver *lacking; /* beside DG_STAGE_GROUP: the one without a match */
	char shadowed_by[256];		 /* after staging: another file that modprobe would take; "" none */
};

struct dg_stage_result {
	struct dg_stage_item *v;
	size_t n;
	unsigned int before, generation; /* the current one before and afterwards; 0 none */
	bool changed;			 /* a new generation was made current */
	struct dg_diag image_problem;	 /* why the initramfs is not as it should be; "" it is, or is not looked at */
};

/* The file a step is about: what is or would be staged, or what is not for its step's reason; empty: none. */
const struct dg_candidate *dg_stage_choice(const struct dg_stage_item *item);

/* Fill in @r's items, one a driver of @s; returns whether anything is to be changed. */
bool dg_plan_make(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r);

#endif
