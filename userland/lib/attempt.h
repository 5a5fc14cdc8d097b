/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts at loading a driver, so that one that takes the machine down is not
 * loaded again by itself at the next boot. An attempt is recorded and synced before
 * the driver may load; good when it was still loaded a while later, and dropped
 * when the boot ended cleanly; one that is left from another boot ended badly. What
 * was good once is not suspected again: a power cut is no fault of it.
 * STORE/attempts/NAME, a record (record.h):
 *
 *   drvguard-attempt 1
 *   release RELEASE
 *   sha256 HEX
 *   boot BOOT-ID|good
 */
#ifndef DG_ATTEMPT_H
#define DG_ATTEMPT_H

#include "diag.h"

struct dg_attempt {
	const char *name, *release, *sha256;
	const char *boot; /* this boot's id; "" unknown: nothing is recorded */
};

/* Record it, unless it is recorded in this boot, or was good before. */
int dg_attempt_begin(const char *root, const char *store, const struct dg_attempt *a, struct dg_diag *d);
/* Whether the last attempt at this very file in this kernel was in another boot, and ended badly. */
bool dg_attempt_failed(const char *root, const char *store, const struct dg_attempt *a);

/* It was not loaded after all, and the machine goes on: an attempt of this boot was none. */
void dg_attempt_drop(const char *root, const char *store, const struct dg_attempt *a);

/* It is loaded, and the machine is well. 1: that is new; 0: it was known. */
int dg_attempt_confirm(const char *root, const char *store, const struct dg_attempt *a, struct dg_diag *d);

/* Clear the attempts of @boot, NULL: all that were not good. *ret_n: how many there were. */
int dg_attempt_clear(const char *root, const char *store, const char *boot, size_t *ret_n, struct dg_diag *d);

#endif
