/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB as it is installed in a root. */
#ifndef DG_NEXTGRUB_H
#define DG_NEXTGRUB_H

#include "grubscript.h"

/* Where Fedora's blscfg finds its entries. */
#define DG_GRUB_ENTRIES "/boot/loader/entries"

struct dg_grub_place {
	const char *root;
	const char *dir; /* inside it: of grub.cfg and grubenv */
};

/* The file @name there, outside the root; NULL: not there. Caller frees. */
char *dg_grub_path(const struct dg_grub_place *at, const char *name);
/* The environment block; none, or a damaged one, is empty. */
int dg_grub_read_env(const struct dg_grub_place *at, struct dg_grubenv *env);
/* Run its grub.cfg. */
int dg_grub_open(const struct dg_grub_place *at, struct dg_grubenv *env, struct dg_grub **ret);

#endif
