/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel boots next, as the boot loader's own files say it. Nothing is
 * guessed: what cannot be followed to its end cannot be told.
 */
#ifndef DG_NEXTBOOT_H
#define DG_NEXTBOOT_H

#include "util.h"

struct dg_nextboot {
	char *release;	    /* NULL: it cannot be told */
	const char *loader; /* "GRUB", "systemd-boot", …; NULL: none was found, or several that disagree */
	char evidence[400]; /* one line: the file and what it says, or why it cannot be told */
	char **candidates;  /* every kernel it may be, lowest first, ended by NULL; ->release alone when it is known */
	bool once;	    /* for one boot only */
	char *after;	    /* with ->once: the boot after that one; NULL: it cannot be told */
};

/* -errno only for want of memory. Free *ret with dg_nextboot_free(). */
int dg_nextboot_read(const char *root, struct dg_nextboot **ret);
void dg_nextboot_free(struct dg_nextboot *n);
void dg_nextboot_freep(struct dg_nextboot **n);

#endif
