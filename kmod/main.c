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

#include "identity.h"
#include "level.h"

static int __init drvguard_init(void)
{
	int ret;

	/* A level told wrong stages a wrong driver: better no module at all. */
	if (IS_ENABLED(CONFIG_DRVGUARD_DEBUG)) {
		ret = dg_level_selftest();
		if (ret)
			return ret;
	}

	ret = dg_identity_init();
	if (ret)
		pr_err("cannot show the identity: %d\n", ret);
	return ret;
}

static void __exit drvguard_exit(void)
{
	dg_identity_exit();
}

module_init(drvguard_init);
module_exit(drvguard_exit);

MODULE_DESCRIPTION("Tells which kernel and level is running, for drivers that must match it");
MODULE_AUTHOR("The drvguard developers");
MODULE_LICENSE("GPL");
