// SPDX-License-Identifier: GPL-2.0-only
/*
 * HAVE_HEX_H: is there <linux/hex.h>?
 * Since upstream 24c776355f40 ("kernel.h: drop hex.h and update all hex.h users"),
 * 7.0, hex2bin() is had from there alone; the header itself is older.
 */
#include <linux/hex.h>
#include <linux/module.h>

MODULE_DESCRIPTION("drvguard probe");
MODULE_LICENSE("GPL");
