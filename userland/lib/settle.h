/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows staging for the running kernel: who may load, where agents find it, what the guard is told. */
#ifndef DG_SETTLE_H
#define DG_SETTLE_H

#include "survey.h"

/*
 * For the running kernel: lift the holds of drivers that match, set the others',
 * bring the fixed places to where they belong, and the guard to what is staged.
 * @remarks gets what was moved aside, and what the guard would not take. Tries all, returns the first error with @d.
 */
int dg_settle(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d);

#endif
