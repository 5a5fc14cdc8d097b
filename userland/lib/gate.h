/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of drvguard.conf(5): while the newest kernel lacks a driver, what boots by
 * default is the newest that has all of them.
 */
#ifndef DG_GATE_H
#define DG_GATE_H

#include "config.h"

/*
 * Hold the boot default, or give it back where there is no need or no gate. *ret: the release
 * that is held, NULL for none; caller frees. -errno with @d: it should be held and is not.
 */
int dg_gate_settle(const char *root, const struct dg_config *config, char **ret, struct dg_diag *d);

#endif
