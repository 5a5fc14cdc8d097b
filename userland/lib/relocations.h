/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a module's relocations can be applied. */
#ifndef DG_RELOCATIONS_H
#define DG_RELOCATIONS_H

#include "modfile.h"

/*
 * What apply_relocations() of x86_64 would refuse (arch/x86/kernel/module.c), as
 * a text that needs no freeing; NULL: nothing. Other machines' are not looked at.
 * Every byte of the file is touched: ->relocations_checked keeps the answer.
 */
const char *dg_relocations_check(struct dg_modfile *m);
const char *dg_relocations_damage(const struct dg_modfile *m);

#endif
