/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a module's relocations can be applied: for loader.c. */
#ifndef DG_RELOCATIONS_H
#define DG_RELOCATIONS_H

#include "loader.h"

/*
 * What apply_relocations() of x86_64 would refuse, ENOEXEC (arch/x86/kernel/module.c);
 * other machines' are not looked at. 0 or -ENOMEM.
 */
int dg_relocations_judge(const struct dg_modfile *m, struct dg_judgement *j);

#endif
