/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the boot default on a kernel that has all its drivers, while a newer
 * one that lacks some is installed; and giving it back.
 *
 * How it is held, by the loader that is found:
 *   GRUB made by grub-mkconfig (Debian)  /etc/default/grub.d/zz-drvguard.cfg sets GRUB_DEFAULT to the id of
 *                                        the kernel's entry. update-grub is run only if grub.cfg as it stands
 *                                        boots another kernel: within a kernel's postinst, before
 *                                        zz-update-grub, it mostly does not yet
 *   GRUB with blscfg (Fedora)            saved_entry in grubenv; what was there is kept beside it
 *   systemd-boot                         `default` of loader.conf; what was there is kept in a comment
 */
#ifndef DG_BOOTDEFAULT_H
#define DG_BOOTDEFAULT_H

#include "diag.h"

/*
 * From now on @release boots, until dg_bootdefault_release(). Done twice is the
 * same as once; another @release takes the place of the one held. Looked at after:
 * 0 means that the loader's files say so. -ENOENT: the loader knows no such kernel;
 * -ENOTSUP: this loader cannot be held; then nothing was changed.
 */
int dg_bootdefault_hold(const char *root, const char *release, struct dg_diag *d);
/* What was there before is there again, unless somebody else changed it meanwhile. 0 also when nothing is held. */
int dg_bootdefault_release(const char *root, struct dg_diag *d);
/* The release that is held; NULL: none. Caller frees *ret. */
int dg_bootdefault_held(const char *root, char **ret);

#endif
