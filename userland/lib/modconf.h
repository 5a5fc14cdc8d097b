/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps modules from loading though their kernel would take them: modprobe.d(5) of a root, and
 * for the running kernel its command line. Holds of our own (hold.h) are left out.
 */
#ifndef DG_MODCONF_H
#define DG_MODCONF_H

#include "util.h"

enum dg_modconf_kind {
	DG_MODCONF_BLACKLIST,	     /* passed over by udev(7) and systemd-modules-load(8), not by `modprobe NAME` */
	DG_MODCONF_INSTALL,	     /* modprobe runs a command instead */
	DG_MODCONF_KERNEL_BLACKLIST, /* module_blacklist=: the kernel itself refuses it, with EPERM */
};

struct dg_modconf_rule {
	enum dg_modconf_kind kind;
	char *name;  /* of an install line: fnmatch(3)'s pattern */
	char *where; /* "FILE:LINE", with ": COMMAND" for an install line */
};

struct dg_modconf {
	struct dg_modconf_rule *v;
	size_t n;
};

/* @running: the kernel in question runs in @root, so that the command line there counts. 0 or -ENOMEM. */
int dg_modconf_read(const char *root, bool running, struct dg_modconf **ret);
void dg_modconf_free(struct dg_modconf *c);

/* The first rule of @kind for the module @name; NULL: none. */
const struct dg_modconf_rule *dg_modconf_find(const struct dg_modconf *c, enum dg_modconf_kind kind, const char *name);

#endif
