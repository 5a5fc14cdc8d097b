/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One writer at a time: STORE/lock, held by flock(2), so that it dies with its owner. */
#ifndef DG_LOCK_H
#define DG_LOCK_H

#include "diag.h"

/* Take the lock, making STORE. *ret_fd: close it to let go. -EBUSY: another holds it. */
int dg_lock_take(const char *root, const char *store, int *ret_fd, struct dg_diag *d);

#endif
