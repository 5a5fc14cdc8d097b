// SPDX-License-Identifier: GPL-2.0-only
/*
 * HAVE_SYSFS_EMIT: is there sysfs_emit()?
 * Since upstream 2efc459d06f1 ("sysfs: Add sysfs_emit and sysfs_emit_at to
 * format sysfs output"), 5.10; in many stable and vendor kernels before that.
 */
#include <linux/module.h>
#include <linux/sysfs.h>

/* An undeclared name, unlike an undeclared call, is an error to any compiler. */
int (*probe)(char *buf, const char *fmt, ...) = sysfs_emit;

MODULE_DESCRIPTION("drvguard probe");
MODULE_LICENSE("GPL");
