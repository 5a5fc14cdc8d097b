/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mending what is kept: a damaged file in the store, or in a generation kept for
 * rollback, is replaced by a whole copy where there is one - in the store, in
 * another generation, in the depot. What nothing needs any more goes.
 */
#ifndef DG_HEAL_H
#define DG_HEAL_H

#include "survey.h"

/* With the candidates of @s. The caller holds the lock. @remarks gets what was mended. 0, or the first -errno with @d.
 */
int dg_heal_run(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d);

#endif
