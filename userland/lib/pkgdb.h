/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the package database says of kernel packages (dpkg's; others are not read yet). */
#ifndef DG_PKGDB_H
#define DG_PKGDB_H

#include "util.h"

struct dg_package {
	char name[128];
	char version[64];
	char status[32];  /* dpkg's third status word: installed, half-configured, … */
	char release[65]; /* of the kernel it holds */
};

/*
 * The kernel image packages that are on the system, in whatever state but
 * removed. -ENOENT: no dpkg here. Caller frees *ret. Format: dpkg's
 * status file, deb822(5).
 */
int dg_pkgdb_kernels(const char *root, struct dg_package **ret, size_t *ret_n);

#endif
