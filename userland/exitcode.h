/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a command ends: the table of drvguard(8). */
#ifndef DG_EXITCODE_H
#define DG_EXITCODE_H

enum dg_exit {
	DG_EXIT_OK = 0,
	DG_EXIT_MISMATCH = 1, /* a mismatch, or a no-go */
	DG_EXIT_USAGE = 2,    /* the command line or the configuration */
	DG_EXIT_UNKNOWN = 3,  /* could not find out: I/O, permission, an unreadable kernel */
	DG_EXIT_WAITING = 4,  /* for the depot */
	DG_EXIT_REBOOT = 5,   /* needed */
	DG_EXIT_TAMPERED = 6, /* or untrusted */
};

/* Of several findings the gravest ends the command: 6, 3, 2, 1, 4, 5, 0. */
enum dg_exit dg_exit_worse(enum dg_exit a, enum dg_exit b);

struct dg_survey;
struct dg_standing;

/* The code for how one driver stands. */
enum dg_exit dg_exit_of_standing(const struct dg_survey *s, const struct dg_standing *st);

#endif
