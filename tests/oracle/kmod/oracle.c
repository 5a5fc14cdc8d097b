// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the oracle's virtual machines: every module loaded after this one goes
 * through the whole of the kernel's loader, but its init and exit functions are
 * taken away before they could run. A load then fails for what the loader has
 * against the file and for nothing else, no hardware is looked for, and any
 * module can serve as a dependency and be removed again.
 *
 * `last` is the name of the module that came last, as the kernel knows it.
 *
 * Context: the notifier is called by the loading process, which owns the
 * module while it is MODULE_STATE_COMING. Loads come one at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/string.h>

static char last[MODULE_NAME_LEN];
module_param_string(last, last, sizeof(last), 0444);

static int on_module(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *mod = data;

	if (state != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	strscpy(last, mod->name, sizeof(last));
	mod->init = NULL;
	mod->exit = NULL;
	return NOTIFY_OK;
}

/* After all others: one of them may refuse the module, as that for BTF does. */
static struct notifier_block notifier = {
	.notifier_call = on_module,
	.priority = INT_MIN,
};

static int __init oracle_init(void)
{
	return register_module_notifier(&notifier);
}

static void __exit oracle_exit(void)
{
	unregister_module_notifier(&notifier);
}

module_init(oracle_init);
module_exit(oracle_exit);
MODULE_DESCRIPTION("Takes away the init function of every module loaded, for tests of the loader");
MODULE_LICENSE("GPL");
