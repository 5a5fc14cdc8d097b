/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the disk tells of a history that is lost: the generations that are kept, as events. */
#ifndef DG_FOUND_H
#define DG_FOUND_H

#include "event.h"

/*
 * One event "found" for each driver of each STORE/kernels/RELEASE/NUMBER/manifest that
 * can be read, at the time that was written; oldest first, appended to @ret. @store NULL:
 * none. 0 or -ENOMEM.
 */
int dg_found_read(const char *root, const char *store, struct dg_events *ret);

#endif
