/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shared library that is loaded when it is first needed: most runs need none of
 * these, and to load them with the program, and all that they need themselves,
 * would be half of what starting it costs.
 */
#ifndef DG_LAZY_H
#define DG_LAZY_H

#include <stddef.h>

struct dg_lazy {
	const char *soname;
	const char *const *names; /* of functions */
	void **functions;	  /* room for as many, NULL; good once it is loaded */
	size_t n;
};

/*
 * Load @l unless it is; it stays until the process ends. From any thread. 0, or -ELIBACC: it is not there, or
 * lacks one of the names; the next call tries again.
 */
int dg_lazy_load(const struct dg_lazy *l);

#endif
