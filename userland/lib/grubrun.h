/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files share that run a grub.cfg, and nobody else knows: grubscript.c has the language, grubcommand.c what
 * its commands do, grubmenu.c which entry of the menu boots.
 */
#ifndef DG_GRUBRUN_H
#define DG_GRUBRUN_H

#include <errno.h>

#include "grubscript.h"

/* Above these it is no grub.cfg, or one that does not end. */
#define WORD_MAX ((size_t)4096)
#define DEPTH_MAX 48
#define ENTRIES_MAX ((size_t)4096)
#define VARS_MAX ((size_t)1024)
#define TEXTS_MAX ((size_t)16)
#define BUDGET ((size_t)4 << 20)  /* bytes gone through and made, those of loops each time */
#define COMMAND_COST ((size_t)64) /* of it */

enum mode { SKIP, MAYBE, RUN };
enum truth { NO, YES, UNSURE };

struct dg_grub_text {
	const char *p, *end;
};

struct dg_grub_entry {
	char *title, *id;    /* NULL title: what was added here cannot be told */
	const char *p, *end; /* its commands; NULL: none, ->kernel is known */
	char *kernel;
	bool submenu, maybe;
};

struct dg_grub_menu {
	struct dg_grub_entry *v;
	size_t n;
	bool blscfg;
};

struct dg_grub_function {
	char *name;
	struct dg_grub_text body;
};

struct dg_grub {
	struct dg_grub_site site;
	struct dg_grubenv vars, *env;
	struct dg_grub_menu main, *menu; /* ->menu: the one entries are added to now */
	struct dg_grub_function *functions;
	size_t n_functions;
	char **texts; /* every file that was run: what is to be run later lies in them */
	size_t n_texts;
	char **args; /* of the function that runs; [0] is its name */
	size_t n_args;
	char *kernel;	   /* what the entry that runs gives to linux */
	const char *other; /* or else the command by which it boots something else */
	bool xen, ended;   /* ->ended: what follows is not run */
	size_t used, depth;
	int err;
	char word[WORD_MAX + 1]; /* the one that is being read: no other is meanwhile */
};

/* The first error of a run ends it. */
void dg_grub_fail(struct dg_grub *g, int err);

/* A variable; in MAYBE what is another value then is not known. */
void dg_grub_set(struct dg_grub *g, enum mode mode, const char *name, const char *value);
/* "" for one that is not set. */
const char *dg_grub_get(const struct dg_grub *g, const char *name);

/*
 * Run commands to one of @ends, which is passed over, its number in *ret_end; NULL @ends: to the end of @t. How the
 * last of them ended.
 */
enum truth dg_grub_list(struct dg_grub *g, struct dg_grub_text *t, enum mode mode, const char *const *ends,
			int *ret_end);
/* Keep @text, which is owned from here on, for as long as the run lasts. */
bool dg_grub_keep(struct dg_grub *g, char *text);

/* Run one command, of words @v; @body: the block behind it. */
enum truth dg_grub_command(struct dg_grub *g, char **v, size_t n, struct dg_grub_text body, enum mode mode);
void dg_grub_menu_free(struct dg_grub_menu *m);

static inline enum truth negate(enum truth a)
{
	return a == UNSURE ? UNSURE : a == NO ? YES : NO;
}

static inline enum truth truth_of(bool b)
{
	return b ? YES : NO;
}

static inline bool known(const char *s)
{
	return !strchr(s, DG_GRUB_UNKNOWN[0]);
}

#endif
