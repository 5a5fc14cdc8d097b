/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows staging for the running kernel: who may load, and where agents find it. */
#ifndef DG_SETTLE_H
#define DG_SETTLE_H

#include "survey.h"

/*
 * For the running kernel: lift the holds of drivers that match, set the others',
 * and bring the fixed places to where they belong. @remarks gets what was moved
 * aside. Tries all, returns the first error with @d.
 */
int dg_settle(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d);

#endif
