// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failing at one chosen step; debug builds only.
 *
 * Locking: an atomic counter. Context: any.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "inject.h"

static int dg_fail;
module_param_named(fail, dg_fail, int, 0600);
MODULE_PARM_DESC(fail, "which allocation or registration fails, counted from 1; 0 is none");

static atomic_t dg_steps = ATOMIC_INIT(0);

bool dg_inject(void)
{
	return atomic_inc_return(&dg_steps) == READ_ONCE(dg_fail);
}
