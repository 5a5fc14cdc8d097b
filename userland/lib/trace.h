/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The traces earlier runs and this boot left on the disk: an interrupted run, a
 * trial, a load that ended badly, a mount, kept generations, times. They are what
 * tells one state letter from another.
 */
#ifndef DG_TRACE_H
#define DG_TRACE_H

#include "survey.h"

/* Fill in what survey.h says is from here; the rest of @s is there already. @flags are the survey's. 0 or -ENOMEM. */
int dg_trace_look(struct dg_survey *s, unsigned int flags);

#endif
