/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's variables: a list of names and values, and the environment block that
 * keeps some of them over a boot: a line "# GRUB Environment Block", then
 * NAME=VALUE lines in which '\' escapes a newline or itself, comments, and '#'
 * up to the block's size, which stays (1024 bytes).
 */
#ifndef DG_GRUBENV_H
#define DG_GRUBENV_H

#include "util.h"

struct dg_grubenv {
	struct dg_grubvar {
		char *name; /* "": ->value is a comment line of the block */
		char *value;
	} * v;
	size_t n;
};

/* NULL: not set. */
const char *dg_grubenv_get(const struct dg_grubenv *e, const char *name);
/* @value NULL unsets. 0 or -ENOMEM. */
int dg_grubenv_set(struct dg_grubenv *e, const char *name, const char *value);
int dg_grubenv_copy(const struct dg_grubenv *from, struct dg_grubenv *to);
void dg_grubenv_free(struct dg_grubenv *e);

/* Add the variables of a block. -EBADMSG: it is none. */
int dg_grubenv_parse(const char *data, size_t len, struct dg_grubenv *e);
/* A block of @size bytes; caller frees. -ENOSPC: they do not fit. */
int dg_grubenv_format(const struct dg_grubenv *e, size_t size, char **ret);

/* The block in a file. */
int dg_grubenv_read(const char *path, struct dg_grubenv *e);
/* Of the size that is there already. */
int dg_grubenv_write(const char *path, const struct dg_grubenv *e);

#endif
