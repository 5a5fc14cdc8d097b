/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How every configured driver stands for one kernel: what is staged, loaded,
 * held, in the depot and in the store, and what that comes to. Collects and
 * judges; changes nothing.
 */
#ifndef DG_SURVEY_H
#define DG_SURVEY_H

#include "choose.h"
#include "config.h"
#include "depot.h"
#include "generation.h"
#include "place.h"
#include "running.h"
#include "withdrawn.h"

enum dg_match {
	DG_MATCH,    /* what is staged has a good verdict */
	DG_MISMATCH, /* staged, and refused; nothing better to be had now */
	DG_MISSING,  /* nothing staged */
	DG_WAITING,  /* neither staged nor in the store, and the depot is not there */
};

struct dg_candidate {
	struct dg_modfile *file; /* NULL: none */
	struct dg_judgement *judgement;
	bool from_store;
};

struct dg_standing {
	const struct dg_driver *driver;

	char *staged_path; /* what modprobe would load; NULL: nothing */
	bool staged_ours;  /* it lies in our current generation */
	struct dg_candidate staged;
	bool broken; /* ours, and not what the manifest says */
	struct dg_diag staged_problem;

	enum dg_depot_state depot;
	struct dg_diag depot_why; /* when it is not present, or cannot be read */
	bool depot_unreadable;
	struct dg_candidate best;	     /* good verdicts only, from depot and store */
	struct dg_candidate withdrawn;	     /* the best of those that would be good, but were taken out on purpose */
	size_t n_candidates;		     /* of this driver in the depot */
	struct dg_candidate nearest_refused; /* the best of the refused ones */

	struct dg_loaded loaded; /* only when this kernel runs */
	bool loaded_is_staged;
	bool held;
	enum dg_place_state place; /* when driver->path; only when this kernel runs */

	enum dg_match match;
	const char *state; /* a letter of the design's table, "-" for none */
};

struct dg_survey {
	const char *root;
	const struct dg_config *config;
	struct dg_kernel *kernel;
	bool running; /* the kernel is the one now running in @root */
	struct dg_running now;
	struct dg_generation *generation;
	struct dg_withdrawn withdrawn;
	struct dg_standing *v;
	size_t n;
	struct dg_diags problems; /* files and depots that could not be used */
	bool unread;		  /* some of them for want of permission or by I/O error */
};

enum dg_survey_flags {
	DG_SURVEY_NO_DEPOT = 1 << 0, /* early boot: the root file system alone */
};

/*
 * @config and @kernel are borrowed, @kernel learns. Errors (with @d) are those
 * that leave nothing to say; a bad file in a depot is a problem, and the rest
 * goes on. Free with dg_survey_free().
 */
int dg_survey_take(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		   struct dg_survey **ret, struct dg_diag *d);
void dg_survey_free(struct dg_survey *s);
void dg_survey_freep(struct dg_survey **s);

/* Look again at holds and fixed places, after they were settled. */
void dg_survey_look_again(struct dg_survey *s);

/* The staged file that matches, or NULL: where a fixed place has to lead. */
const char *dg_standing_match_path(const struct dg_standing *s);

/* Whether what is loaded is @f, by build-id, else by source, else by version. */
bool dg_loaded_is(const struct dg_loaded *l, const struct dg_modfile *f);
/* Loaded is another file than staged: only a reboot (or a live swap) mends it. */
bool dg_standing_needs_reboot(const struct dg_standing *s);

const char *dg_match_name(enum dg_match m);

#endif
