/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd-boot as it is installed in a root. */
#ifndef DG_NEXTSDBOOT_H
#define DG_NEXTSDBOOT_H

#include "bls.h"

struct dg_sdboot {
	char *esp;	       /* the directory of its partition, inside the root */
	char *config;	       /* of loader.conf, outside it; it need not exist */
	char *deflt;	       /* its `default`, NULL: none */
	struct dg_bls entries; /* in the order of its menu */
};

/* -ENOENT: it is not in @root. Free what is in *ret with dg_sdboot_free(). */
int dg_sdboot_open(const char *root, struct dg_sdboot *ret);
void dg_sdboot_free(struct dg_sdboot *s);

/* The release of an entry; -errno as of dg_next_release(). Caller frees. */
int dg_sdboot_release(const char *root, const struct dg_bls_entry *e, char **ret);

/* The value of `default` in the text of a loader.conf; NULL: none. Caller frees. */
char *dg_sdboot_default(const char *text, size_t len);

#endif
