/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What modprobe needs around a file that a kernel's loader would take. */
#ifndef DG_AROUND_H
#define DG_AROUND_H

#include "loader.h"

/*
 * Add to @j what modprobe.d(5) says of @m and of what it depends on: reasons the
 * kernel knows nothing of. Refusals are added for a module that @m needs and the
 * running kernel's command line keeps out, and for a packed file in the kernel's
 * tree of modules that is known to be unpacked by nobody. 0 or -ENOMEM.
 */
int dg_around_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j);

#endif
