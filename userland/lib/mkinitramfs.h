/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the initramfs of one kernel anew, with the tool that the system has for
 * it: update-initramfs(8), dracut(8) or mkinitcpio(8).
 */
#ifndef DG_MKINITRAMFS_H
#define DG_MKINITRAMFS_H

#include "initramfs.h"

/* A driver that the new image must not have another copy of. */
struct dg_initramfs_want {
	const char *name;
	const char *sha256, *build_id; /* of the staged file */
	bool required;		       /* and has to be in it */
};

/*
 * Make @release's image under @root anew and check what is in it then, by @want
 * (@n of them; one that was stripped counts as the same). The image is synced,
 * and its directory. dracut and mkinitcpio write beside it: it is replaced, in
 * one rename, when what they wrote was found to be right; update-initramfs does
 * that by itself, and an Arch preset makes its images where they are.
 *
 * Where @root is not "/" the tool runs there by chroot(2). Its standard input is
 * /dev/null, it inherits no other descriptor, and its output goes nowhere but,
 * the last line of it, to @d when it fails.
 *
 * -ENOENT: there is no image, or no such tool (@d names what was looked for); -EIO: the
 * tool failed; -ESTALE: it ended well and the image is not as wanted; -errno.
 */
int dg_initramfs_refresh(const char *root, const char *release, const struct dg_initramfs_want *want, size_t n,
			 struct dg_diag *d);

/* What a refresh takes, for looking before. */
struct dg_initramfs_space {
	char *dir; /* physical: where the image lies */
	uint64_t need;
};

/*
 * An estimate from the present image, since tools write a new one beside it: its
 * size, an eighth, and 4 MiB; once more where the file system has no hard links,
 * as update-initramfs keeps a copy then. What tools need in /var/tmp besides is
 * not in it. -ENOENT as dg_initramfs_find(). Caller frees ->dir.
 */
int dg_initramfs_space(const char *root, const char *release, struct dg_initramfs_space *ret, struct dg_diag *d);

#endif
