/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading many module files on every processor, ahead of the one who judges
 * them, who gets them in their order. A few dozen are held at a time.
 */
#ifndef DG_READAHEAD_H
#define DG_READAHEAD_H

#include "modfile.h"

struct dg_readahead;

struct dg_read {
	int error;		 /* -errno of dg_modfile_read_plain(), with ->why */
	int malformed;		 /* -errno of dg_modfile_parse_as(), with ->why */
	struct dg_modfile *file; /* the caller's from now on; NULL when there was an error */
	struct dg_diag why;
};

/* @paths must outlive it; they are parsed @as. */
int dg_readahead_new(const char *const *paths, size_t n, enum dg_elf_format as, struct dg_readahead **ret);
/* The next file, in order; call no more often than there are paths. */
void dg_readahead_next(struct dg_readahead *r, struct dg_read *ret);
void dg_readahead_free(struct dg_readahead *r);

#endif
