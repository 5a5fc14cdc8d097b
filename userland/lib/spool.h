/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that wait for the database: ROOT/run/drvguard/history/ID, one file each in
 * the text form of event.h. What waits is bounded, in number and size, and so is
 * what is read of it.
 */
#ifndef DG_SPOOL_H
#define DG_SPOOL_H

#include "event.h"

#define DG_SPOOL_DIR "/run/drvguard/history"
/* More do not wait; nor are more read at a time. */
#define DG_SPOOL_MAX 1000

struct dg_spool {
	struct dg_events events; /* in the order they were put */
	size_t n_bad;		 /* files that are no event */
	char *dir;		 /* NULL: there is none */
	char **names;		 /* all there is in it */
	unsigned char *states;	 /* of each name: enum in spool.c */
};

/* Put @e to wait, under its id. -EINVAL: that is no file's name; -ENOSPC: DG_SPOOL_MAX wait already. */
int dg_spool_put(const char *root, const struct dg_event *e);

/* What waits; no directory is nothing. Free with dg_spool_free(). */
int dg_spool_read(const char *root, struct dg_spool **ret);
void dg_spool_free(struct dg_spool *s);
void dg_spool_freep(struct dg_spool **s);

/* What was read is safe elsewhere: the good files go, the others are kept as NAME.bad. */
void dg_spool_clear(const struct dg_spool *s);

#endif
