/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard's policy: which builds of which drivers are proven for the running
 * kernel. Its text is kmod/uapi/drvguard.h's; what it should say comes from a survey.
 */
#ifndef DG_GUARDPOLICY_H
#define DG_GUARDPOLICY_H

#include "survey.h"

struct dg_guardpolicy_id {
	char hex[DG_BUILD_ID_HEX];
	bool proven;
};

struct dg_guardpolicy_line {
	char name[64];
	bool deny; /* else only warn */
	struct dg_guardpolicy_id *ids;
	size_t n;
};

struct dg_guardpolicy {
	struct dg_guardpolicy_line *v;
	size_t n;
};

/* -EBADMSG: not in the form we know. Free with dg_guardpolicy_free(). */
int dg_guardpolicy_parse(const char *text, struct dg_guardpolicy **ret);

/*
 * What @s, a survey of the running kernel, asks for: each driver with the build that
 * is staged and matches. One without a build-id cannot be told from another, and is
 * only warned of. Where another build of the running kernel is installed by now, what
 * counts is what was proven for the one that runs, as far as drvguard staged it, else what @old,
 * the policy in force, says. Where the configuration has errors, @old's lines of drivers that it does not
 * name are kept. drvguard.ko itself is not in it: the guard is not there when it comes.
 */
int dg_guardpolicy_make(const struct dg_survey *s, const struct dg_guardpolicy *old, struct dg_guardpolicy **ret);

/* The builds of all generations there are are known to @p: as many as there is room for, those of @s's kernel first. */
int dg_guardpolicy_know(struct dg_guardpolicy *p, const struct dg_survey *s);

/*
 * Make of @p what a guard that was sealed with @old will take: nothing more is let in, and nothing forgotten.
 * Where that would leave a driver no build at all, all that was let in still is. 1: some of @p has to wait.
 */
int dg_guardpolicy_tighten(struct dg_guardpolicy *p, const struct dg_guardpolicy *old);

/* Whether @have denies a build that @want lets in. */
bool dg_guardpolicy_refuses(const struct dg_guardpolicy *have, const struct dg_guardpolicy *want);

/*
 * Let @hex in as the driver @name: 1; 0: it is already, or cannot be. A driver without a build-id that the guard
 * knows one by, "" for none, is only warned of from then on.
 */
int dg_guardpolicy_prove(struct dg_guardpolicy *p, const char *name, const char *hex);

/* The line of @name, '-' and '_' being the same; NULL for none. */
struct dg_guardpolicy_line *dg_guardpolicy_find(const struct dg_guardpolicy *p, const char *name);
size_t dg_guardpolicy_count(const struct dg_guardpolicy_line *line, bool proven);
/* Whether they let the same builds in and refuse as strictly, whatever else they know. */
bool dg_guardpolicy_same(const struct dg_guardpolicy *a, const struct dg_guardpolicy *b);

/* Its text; caller frees, NULL without memory. */
char *dg_guardpolicy_format(const struct dg_guardpolicy *p);

void dg_guardpolicy_free(struct dg_guardpolicy *p);
void dg_guardpolicy_freep(struct dg_guardpolicy **p);

#endif
