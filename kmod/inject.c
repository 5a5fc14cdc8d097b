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
static bool dg_started;
static atomic_t dg_steps = ATOMIC_INIT(0);

/* Chosen anew, it is counted anew. */
static int dg_fail_set(const char *val, const struct kernel_param *kp)
{
	atomic_set(&dg_steps, 0);
	return param_set_int(val, kp);
}

static const struct kernel_param_ops dg_fail_ops = {
	.set = dg_fail_set,
	.get = param_get_int,
};
module_param_cb(fail, &dg_fail_ops, &dg_fail, 0600);
MODULE_PARM_DESC(fail, "which allocation or registration fails, counted from 1; 0 is none");

/** dg_inject_start() - count from here, behind the self-tests, which shall not fail */
void dg_inject_start(void)
{
	dg_started = true;
}

bool dg_inject(void)
{
	return dg_started && atomic_inc_return(&dg_steps) == READ_ONCE(dg_fail);
}
