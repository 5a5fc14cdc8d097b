/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guarded drivers in a kernel's initramfs: which copies it holds, and making it
 * anew when one is not what is staged. What was read of an image is kept
 * (cachefile.h) as initramfs-RELEASE, valid for exactly that image:
 *
 *   drvguard-initramfs 2
 *   image ID
 *   asked NAME                               each driver that was looked for
 *   copy NAME SHA256|- BUILD-ID|- CHOSEN LINK PATH     CHOSEN, LINK 1 or 0; no digest: it cannot be read
 */
#ifndef DG_BOOTIMAGE_H
#define DG_BOOTIMAGE_H

#include "config.h"
#include "initramfs.h"
#include "kernel.h"
#include "manifest.h"

/*
 * What the initramfs of @k holds of @names (ended by NULL). -ENOENT: it has none,
 * which is no error (no @d). Free with dg_initramfs_free().
 */
int dg_bootimage_read(const struct dg_kernel *k, const char *const *names, struct dg_initramfs **ret,
		      struct dg_diag *d);

/*
 * Make the initramfs of @k anew if it holds a driver of @to (NULL: nothing staged)
 * in another copy than that, or one of @from that is staged no more, or lacks one
 * of @to that @config marks boot = yes. 0 also when there was nothing to do;
 * -ENOENT: no tool for it; -ENXIO: there is no image at all, and such a driver;
 * -ESTALE: it was made anew and is not right yet; -EIO: the tool failed.
 */
int dg_bootimage_refresh(const struct dg_kernel *k, const struct dg_config *config, const struct dg_manifest *from,
			 const struct dg_manifest *to, struct dg_diag *d);

#endif
