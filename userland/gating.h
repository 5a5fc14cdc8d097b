/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate (lib/gate.h), and what is told of it. */
#ifndef DG_GATING_H
#define DG_GATING_H

#include "job.h"

/* After a kernel has come or gone. False: the boot default should be held and could not be. */
bool dg_gate_apply(struct dg_job *job);
/* After something was staged: what is held may be given back. */
void dg_gate_renew(struct dg_job *job);

#endif
