/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hold keeps modprobe from loading a driver until the next boot or until it
 * is lifted: one file a driver in /run/modprobe.d (modprobe.d(5), `install`).
 */
#ifndef DG_HOLD_H
#define DG_HOLD_H

#include "diag.h"

int dg_hold_set(const char *root, const char *driver, struct dg_diag *d);
/* Not held is fine. */
int dg_hold_lift(const char *root, const char *driver, struct dg_diag *d);
/* The drivers that are held, ended by NULL; free with dg_strv_free(). */
int dg_hold_list(const char *root, char ***ret);
bool dg_hold_is_set(const char *root, const char *driver);

#endif
