/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main() learnt from the command line. */
#ifndef DG_CONTEXT_H
#define DG_CONTEXT_H

#include <stdbool.h>

#include "exitcode.h"

/* Options a command may take besides those all take. */
enum dg_option {
	DG_OPTION_KERNEL = 1 << 0,
	DG_OPTION_DRY_RUN = 1 << 1,
	DG_OPTION_FORCE = 1 << 2,
	DG_OPTION_SUM = 1 << 3,
	DG_OPTION_TRIAL = 1 << 4,
	DG_OPTION_MOUNT = 1 << 5,
	DG_OPTION_TO = 1 << 6,
	DG_OPTION_BOOT = 1 << 7,
	DG_OPTION_KEEP = 1 << 8,
	DG_OPTION_DATES = 1 << 9, /* --since, --until */
	DG_OPTION_STOP = 1 << 10,
	DG_OPTION_NO_INITRAMFS = 1 << 11,
	DG_OPTION_STAY = 1 << 12,
};

struct dg_context {
	const char *root;	   /* "/" or a physical directory */
	const char *config;	   /* NULL: the usual places */
	const char *kernel;	   /* NULL: the running one; a release, "next" or "all" */
	const char *since, *until; /* dates as given; NULL: no bound */
	bool json, quiet, verbose, dry_run, force, sum, trial, mount, boot, stop, no_initramfs, stay;
	unsigned int to; /* a generation; 0: the one before */
	int keep;	 /* generations; -1: as configured */
	char **args;	 /* after the command, ended by NULL */
};

#endif
