/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP while something is being changed: they end the run
 * at its next safe point, not in the middle.
 */
#ifndef DG_INTERRUPT_H
#define DG_INTERRUPT_H

#include "diag.h"

/* From now on they are only noted. */
void dg_interrupt_defer(void);
/* The signal that asked to stop; 0: none. */
int dg_interrupted(void);
/* Say so: returns -ECANCELED. */
int dg_interrupt_diag(struct dg_diag *d);

#endif
