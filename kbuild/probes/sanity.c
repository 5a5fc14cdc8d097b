// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks nothing: compiles in any working tree with any working compiler. Where
 * it does not, the answers of the other probes mean nothing.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("drvguard probe");
MODULE_LICENSE("GPL");
