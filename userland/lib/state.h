/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state letters, of the interim-fix tradition. Worked out from what a survey
 * observed, never remembered; drvguard(8) has the table.
 */
#ifndef DG_STATE_H
#define DG_STATE_H

#include "survey.h"

/* "S", "QP", …, "-" for a driver of which nothing is staged or loaded. */
const char *dg_state_of(const struct dg_survey *s, const struct dg_standing *st);

#endif
