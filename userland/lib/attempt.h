/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts at loading a driver, so that one that takes the machine down is not
 * loaded again by itself at the next boot. An attempt is recorded and synced before
 * the driver may load, and cleared when the boot turned out good or ended
 * cleanly; one that is left from another boot ended badly. STORE/attempts/NAME, a
 * record (record.h):
 *
 *   drvguard-attempt 1
 *   release RELEASE
 *   sha256 HEX
 *   boot BOOT-ID
 */
#ifndef DG_ATTEMPT_H
#define DG_ATTEMPT_H

#include "diag.h"

struct dg_attempt {
	const char *name, *release, *sha256;
	const char *boot; /* this boot's id; "" unknown: nothing is recorded */
};

/* Record it; one recorded already in this boot is not written again. */
int dg_attempt_begin(const char *root, const char *store, const struct dg_attempt *a, struct dg_diag *d);
/* Whether the last attempt at this very file in this kernel was in another boot, and ended badly. */
bool dg_attempt_failed(const char *root, const char *store, const struct dg_attempt *a);

/* Clear the attempts of @boot, NULL: of any. *ret_n: how many there were. */
int dg_attempt_clear(const char *root, const char *store, const char *boot, size_t *ret_n, struct dg_diag *d);

#endif
