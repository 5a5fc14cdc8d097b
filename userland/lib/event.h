/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the history: what was done to one driver for one kernel, and the
 * text form in which it waits where the database cannot be reached yet:
 *
 *   drvguard-event 1
 *   time 1732278000
 *   actor boot
 *   version_to 2.0
 *   …
 *   end
 *
 * One "key value" line each, the keys being the members' names, in any order, each at
 * most once and no other; absent is 0 or NULL. Values are escaped by dg_put_escaped().
 */
#ifndef DG_EVENT_H
#define DG_EVENT_H

#include "digest.h"

/* Longer texts are cut to this. */
#define DG_EVENT_TEXT_MAX 500
/* No text form is longer: every byte escaped, and the keys. */
#define DG_EVENT_FORM_MAX ((size_t)24 << 10)

struct dg_event {
	int64_t time;	    /* seconds since the epoch; 0: now */
	const char *actor;  /* user, boot, hook, watch; NULL: dg_who_actor() */
	const char *user;   /* who asked; NULL: dg_who_user() */
	const char *action; /* stage, trial, rollback, remove, commit, revert, mount, unmount, load, heal, recover,
			       cleanup; lack: no match; found: what a lost history was rebuilt from */
	const char *driver, *kernel;		     /* NULL: about all */
	unsigned int generation_from, generation_to; /* 0: none */
	const char *version_from, *version_to;	     /* NULL: none, or unknown */
	const char *sha256_from, *sha256_to;
	const char *verdict;
	int result;	    /* 0 or a positive errno */
	const char *detail; /* one line for a person */
	const char *id;	    /* unique in the world; NULL: made by dg_history_add() */
};

enum { DG_EVENT_NUMBERS = 4, DG_EVENT_TEXTS = 12 };

/* The members by index, under their names: numbers first in the database and in text. */
extern const char *const dg_event_number_names[DG_EVENT_NUMBERS];
extern const char *const dg_event_text_names[DG_EVENT_TEXTS];
int64_t dg_event_number(const struct dg_event *e, size_t i);
/* Out of range becomes the nearest in it. */
void dg_event_set_number(struct dg_event *e, size_t i, int64_t value);
const char **dg_event_text(struct dg_event *e, size_t i);

/* The text form; caller frees. NULL without memory. */
char *dg_event_format(const struct dg_event *e);
/* @data, ended by a NUL, is written to and holds *ret's texts. -EBADMSG: not of that form, without action or id. */
int dg_event_parse(char *data, struct dg_event *ret);
/* SHA-256 of the text form. */
int dg_event_digest(const struct dg_event *e, char hex[DG_SHA256_HEX]);

/* Owned events, oldest first where they are read from a history. */
struct dg_events {
	struct dg_event *v;
	char **texts; /* what the texts of each lie in */
	size_t n;
};

/* Append a copy: texts cut and made printable, "" made NULL. 0 or -ENOMEM. */
int dg_events_add(struct dg_events *list, const struct dg_event *e);
void dg_events_free(struct dg_events *list);
/* By time; what has the same time stays in its order. */
void dg_events_sort(struct dg_events *list);

#endif
