/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of several files of one driver, which is best for a kernel. */
#ifndef DG_CHOOSE_H
#define DG_CHOOSE_H

#include "loader.h"

/*
 * Exact before kabi before refused; then the higher driver version; then the
 * one built for the nearest level not above the kernel's. Like strcmp: positive
 * when @a is the better. Equal files are equal.
 */
int dg_choose_compare(const struct dg_modfile *a, const struct dg_judgement *ja, const struct dg_modfile *b,
		      const struct dg_judgement *jb, const char *release);

/* The release a file was built for: the first word of its vermagic, into @buf. */
void dg_choose_built_for(const struct dg_modfile *m, char *buf, size_t size);

#endif
