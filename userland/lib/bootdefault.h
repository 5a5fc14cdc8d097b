/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the boot default on a kernel that has all its drivers, while a newer
 * one that lacks some is installed; and giving it back. How it is held:
 *
 *   GRUB whose grub-mkconfig reads /etc/default/grub.d (Debian's): zz-drvguard.cfg there sets GRUB_DEFAULT to
 *	the path of ids of the kernel's entry, which update-grub does not change, and GRUB_SAVEDEFAULT to false.
 *	With GRUB_DEFAULT=saved nothing becomes of the saved entry: it counts again when the file is gone.
 *	update-grub is run at once only if grub.cfg boots another kernel as it stands. In a kernel's postinst, before
 *	zz-update-grub, it does not know the new kernel yet, so that this is left to zz-update-grub.
 *   GRUB that boots the saved entry (Fedora's, with BLS entries or not): saved_entry in grubenv. What was there is
 *	kept beside it as drvguard_was; drvguard_held says what holds it. A kernel-install plugin that makes
 *	each new kernel the saved one has to run before.
 *   systemd-boot: `default` at the end of loader.conf, the last one being what counts, between two comments.
 */
#ifndef DG_BOOTDEFAULT_H
#define DG_BOOTDEFAULT_H

#include "diag.h"

/*
 * From now on @release boots, until dg_bootdefault_release(): a boot that somebody
 * asked for just once goes before it. Done twice is the same as once; another
 * @release takes the place of the one held. 0 means that the loader's files say
 * so. On an error nothing is held that was not: -ENOENT: the loader knows
 * no such kernel; -ENOTSUP: this loader cannot be held, or something else decides; -EIO: its tool failed.
 */
int dg_bootdefault_hold(const char *root, const char *release, struct dg_diag *d);
/*
 * What was there before is there again, unless somebody else changed it meanwhile:
 * then it stays as they made it. 0 also when nothing is held.
 */
int dg_bootdefault_release(const char *root, struct dg_diag *d);
/* The release that is held; NULL: none. Caller frees *ret. */
int dg_bootdefault_held(const char *root, char **ret);

#endif
