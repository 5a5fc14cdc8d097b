// SPDX-License-Identifier: GPL-2.0-only
/*
 * HAVE_NOTIFIER_CALL_CHAIN_ROBUST: is there blocking_notifier_call_chain_robust()?
 * Since upstream 70d932985757 ("notifier: Fix broken error handling pattern"),
 * 5.10. Where it is, the module loader calls its chain by it and heeds an error.
 */
#include <linux/module.h>
#include <linux/notifier.h>

/* Whether it is there, not how it is called: that is the loader's. */
void *probe = &blocking_notifier_call_chain_robust;

MODULE_DESCRIPTION("drvguard probe");
MODULE_LICENSE("GPL");
