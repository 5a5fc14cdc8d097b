/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another file that modprobe takes instead of the staged one: whose is it, and what makes depmod prefer it? */
#ifndef DG_SHADOW_H
#define DG_SHADOW_H

#include "kernel.h"

/*
 * Say of @path, which shadows driver @name of @k, where it comes from: "DKMS's",
 * a line of depmod.d(5) and the like, in @buf; "" when nothing is known of it.
 */
void dg_shadow_describe(const struct dg_kernel *k, const char *name, const char *path, char *buf, size_t size);

#endif
