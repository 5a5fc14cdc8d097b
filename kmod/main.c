// SPDX-License-Identifier: GPL-2.0-only
/*
 * drvguard: what comes up in which order, and goes in the reverse of it.
 *
 * Context: process, in module init and exit only; nothing runs beside them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "controls.h"
#include "guard.h"
#include "identity.h"
#include "inject.h"
#include "level.h"
#include "policy.h"
#include "uapi/drvguard.h"

/* Kernels without securityfs have no guard, and tell who they are all the same. */
#define DG_HAS_GUARD	IS_ENABLED(CONFIG_SECURITYFS)

/* A level told wrong stages a wrong driver, a policy read wrong lets one in. */
static int __init dg_selftest(void)
{
	int ret;

	if (!IS_ENABLED(CONFIG_DRVGUARD_DEBUG))
		return 0;
	ret = dg_level_selftest();
	return ret ?: dg_policy_selftest();
}

static int __init drvguard_init(void)
{
	int ret = dg_selftest();

	if (ret)
		return ret;
	dg_inject_start();
	ret = dg_identity_init(DG_HAS_GUARD);
	if (ret) {
		pr_err("cannot show the identity: %d\n", ret);
		return ret;
	}
	if (!DG_HAS_GUARD)
		return 0;
	ret = dg_guard_init();
	if (ret)
		goto err_identity;
	/* Last: a file of it that is open would not keep a module whose init fails. */
	ret = dg_controls_init();
	if (ret)
		goto err_guard;
	return 0;

err_guard:
	dg_guard_exit();
err_identity:
	dg_identity_exit();
	pr_err("cannot guard: %d\n", ret);
	return ret;
}

static void __exit drvguard_exit(void)
{
	if (DG_HAS_GUARD) {
		dg_controls_exit();
		dg_guard_exit();
	}
	dg_identity_exit();
}

module_init(drvguard_init);
module_exit(drvguard_exit);

MODULE_DESCRIPTION("Tells which kernel and level is running, and refuses drivers that were not proven for it");
MODULE_AUTHOR("The drvguard developers");
/* By which a newer one in a depot is told from an older one. */
MODULE_VERSION(DRVGUARD_VERSION);
MODULE_LICENSE("GPL");
