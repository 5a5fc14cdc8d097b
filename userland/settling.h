/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After a command changed what is staged: the running kernel's holds and fixed places follow, and what waits is
 * recorded. */
#ifndef DG_SETTLING_H
#define DG_SETTLING_H

#include "job.h"

int dg_settle_job(struct dg_job *job, struct dg_kernel *k, struct dg_diag *d);

#endif
