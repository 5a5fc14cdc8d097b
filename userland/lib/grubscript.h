/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GRUB makes of a grub.cfg. Its script is run, as far as files tell what a
 * command would do: variables, conditions, functions, loops, menus. What only the
 * machine knows (a firmware's answer, a file on some disk) is a value that is not
 * known, and stays so in all that is made of it; both branches of a condition on
 * it are gone through, and change what they change to not known.
 */
#ifndef DG_GRUBSCRIPT_H
#define DG_GRUBSCRIPT_H

#include "grubenv.h"

struct dg_grub;

/* In a value, in place of what is not known. */
#define DG_GRUB_UNKNOWN "\x01"

/* Where the script's files are. */
struct dg_grub_site {
	void *arg;
	const char *prefix; /* the directory of grub.cfg, as $prefix */
	/* The text of @path; caller frees. -ENOENT: not there; -ENODATA: whether it is cannot be told. */
	int (*read)(void *arg, const char *path, char **ret, size_t *ret_len);
	/* What blscfg does: dg_grub_add() for each entry, in its order. -errno. */
	int (*blscfg)(void *arg, struct dg_grub *g);
};

/* Where its default, or one of its entries, leads to. */
struct dg_grub_boot {
	char *path;	  /* what $default was; NULL of dg_grub_each() */
	char *title, *id; /* its path through the submenus, parts between '>', as GRUB_DEFAULT takes them */
	char *kernel;	  /* what it gives to linux; NULL: it boots something else, or that cannot be told */
	char why[200];	  /* NULL kernel: why */
	bool blscfg;	  /* the menu has BLS entries */
};

/*
 * Run @text; @env is the environment block, and afterwards what it will be.
 * -E2BIG: longer than any grub.cfg, or it does not end; -EBADMSG: no script of
 * GRUB. Free with dg_grub_free().
 */
int dg_grub_run(const struct dg_grub_site *site, const char *text, size_t len, struct dg_grubenv *env,
		struct dg_grub **ret);
void dg_grub_free(struct dg_grub *g);
void dg_grub_freep(struct dg_grub **g);

/* A menu entry that boots @kernel. 0 or -errno. */
int dg_grub_add(struct dg_grub *g, const char *title, const char *id, const char *kernel);

/* What boots by itself. -errno as of dg_grub_run(). Free what is in *ret with dg_grub_boot_free(). */
int dg_grub_default(struct dg_grub *g, struct dg_grub_boot *ret);
/* Call @fn for each entry of the menu and its submenus, in order, until it returns other than 0, which is returned. */
int dg_grub_each(struct dg_grub *g, int (*fn)(void *arg, const struct dg_grub_boot *b), void *arg);
void dg_grub_boot_free(struct dg_grub_boot *b);

#endif
