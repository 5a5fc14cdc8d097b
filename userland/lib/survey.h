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
#include "facts.h"
#include "generation.h"
#include "mounted.h"
#include "place.h"
#include "running.h"
#include "trial.h"
#include "verdicts.h"
#include "withdrawn.h"

enum dg_match {
	DG_MATCH,    /* what is staged has a good verdict */
	DG_MISMATCH, /* staged, and refused; nothing better to be had now */
	DG_MISSING,  /* nothing staged */
	DG_WAITING,  /* neither staged nor in the store, and the depot is not there */
};

enum dg_boot_image {
	DG_IMAGE_NONE,	  /* that kernel's initramfs has no copy of the driver, or there is none */
	DG_IMAGE_SAME,	  /* it has the staged file */
	DG_IMAGE_OTHER,	  /* it has another: that one would be loaded */
	DG_IMAGE_LACKING, /* there is no copy of ours in one, and the driver is marked boot = yes */
	DG_IMAGE_UNREAD,
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
	struct dg_candidate *waiting; /* found, and not judged yet */
	size_t n_waiting;
	struct dg_candidate best;	     /* good verdicts only, from depot and store */
	struct dg_candidate withdrawn;	     /* the best of those that would be good, but were taken out on purpose */
	size_t n_candidates;		     /* of this driver in the depot */
	struct dg_candidate nearest_refused; /* the best of the refused ones */

	struct dg_loaded loaded; /* only when this kernel runs */
	bool loaded_is_staged;
	bool loaded_in_depot;	   /* it is one of the candidates */
	bool loaded_was_staged;	   /* a kept generation that is not current has it */
	bool loaded_staged_live;   /* and that one was staged in this boot */
	bool suspect;		   /* its last load ended in an unclean boot: not loaded by itself */
	bool on_trial;		   /* not in the generation a trial would go back to */
	bool staged_live;	   /* staged in this boot */
	struct dg_mounted mounted; /* staged by bind mount */
	enum dg_boot_image boot_image;
	bool boot_image_live; /* the initramfs was written in this boot */
	bool held;
	enum dg_place_state place; /* when driver->path; only when this kernel runs */

	enum dg_match match;
	const char *state; /* a letter of drvguard(8)'s table, "-" for none */
};

struct dg_survey {
	const char *root;
	const struct dg_config *config;
	struct dg_kernel *kernel;
	bool running; /* the kernel is the one now running in @root */
	struct dg_running now;
	char boot_id[DG_BOOT_ID_LEN]; /* "" unknown */
	struct dg_intent intent;      /* what an interrupted run left for this kernel; ->release "" for nothing */
	struct dg_trial trial;	      /* ->generation 0: the current one is not on trial */
	struct dg_generation *generation;
	struct dg_withdrawn withdrawn;
	struct dg_facts *facts;	      /* borrowed; NULL: every file is read */
	struct dg_verdicts *verdicts; /* NULL: every file is judged */
	struct dg_standing *v;
	size_t n;
	struct dg_diags problems; /* files and depots that could not be used */
	bool unread;		  /* some of them for want of permission or by I/O error */
};

enum dg_survey_flags {
	DG_SURVEY_NO_DEPOT = 1 << 0, /* early boot: the root file system alone */
	/* As it is installed, for its next boot: the kernel of that name that runs now may be another build. */
	DG_SURVEY_INSTALLED = 1 << 1,
};

/*
 * @config and @kernel are borrowed, @kernel learns. Errors (with @d) are those
 * that leave nothing to say; a bad file in a depot is a problem, and the rest
 * goes on. Free with dg_survey_free().
 */
int dg_survey_take(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		   struct dg_survey **ret, struct dg_diag *d);
/*
 * The same with what is kept of files and verdicts: their bytes are not looked at
 * where it holds (->file->data is NULL then), and of several candidates only as
 * many are judged as it takes to find the best.
 */
int dg_survey_take_kept(const char *root, const struct dg_config *config, struct dg_kernel *kernel,
			struct dg_facts *facts, struct dg_survey **ret, struct dg_diag *d);
void dg_survey_free(struct dg_survey *s);
void dg_survey_freep(struct dg_survey **s);

/* Look again at holds and fixed places, after they were settled. */
void dg_survey_look_again(struct dg_survey *s);

/* The staged file that matches, or NULL. */
const char *dg_standing_match_path(const struct dg_standing *s);
/* The same, or NULL for one that may not load by itself either: where a fixed place has to lead. */
const char *dg_standing_load_path(const struct dg_standing *s);

/*
 * Whether the verdict on what is staged is the running kernel's, and not that of another build of the
 * same release that was installed since it booted.
 */
bool dg_standing_is_for_running(const struct dg_survey *s, const struct dg_standing *st);

/* Whether what is loaded is @f, by build-id, else by source, else by version. */
bool dg_loaded_is(const struct dg_loaded *l, const struct dg_modfile *f);
/* Not what is to be loaded from there, so that the next boot goes wrong. */
bool dg_standing_image_is_wrong(const struct dg_standing *s);
/* Loaded is another file than staged: only a reboot (or a live swap) mends it. */
bool dg_standing_needs_reboot(const struct dg_standing *s);

const char *dg_match_name(enum dg_match m);

#endif
