/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels that do not run made ready for their boot (lib/ready.h), and what is told of it. */
#ifndef DG_READYING_H
#define DG_READYING_H

#include "job.h"
#include "lib/ready.h"

/* On the terminal, and in the log of the system that it is about. */
void dg_tell_loudly(const struct dg_job *job, const struct dg_diag *d);

/*
 * Tell, record and note for the next login what came of @r; @lock_problem is why nothing could be
 * changed (NULL: it could). Returns how many drivers wait.
 */
size_t dg_ready_report(struct dg_job *job, const struct dg_ready *r, const struct dg_diag *lock_problem, bool loudly);

/*
 * The kernels that wait for a depot, by what was noted, but for @running: stage what can be
 * staged now. Returns how many drivers wait still. Takes the lock.
 */
size_t dg_ready_waiting(struct dg_job *job, const char *running);

#endif
