// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vermagic this module was built with. modpost writes the same string into
 * .modinfo, but that section does not stay in memory.
 *
 * A file of its own, for <linux/vermagic.h> lets nobody in but the loader and
 * modpost's output (upstream 51161bfc66a6, 5.8): a driver's code should not
 * depend on it. This one shows it and nothing more.
 *
 * Locking, context: none, a constant.
 */
#define INCLUDE_VERMAGIC

#include <linux/module.h>
#include <linux/vermagic.h>

#include "vermagic.h"

/** dg_vermagic - VERMAGIC_STRING of the tree the module was built against */
const char dg_vermagic[] = VERMAGIC_STRING;
