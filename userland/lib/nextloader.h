/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each boot loader says of the next boot: one function a family. Each returns
 * 1 when that loader is in the root and *n tells what it will do, 0 when it
 * is not, -errno for want of memory.
 */
#ifndef DG_NEXTLOADER_H
#define DG_NEXTLOADER_H

#include "nextboot.h"

/* GRUB 2 with its files in the directory @dir. */
int dg_next_grub(const char *root, const char *dir, struct dg_nextboot *n);
/* The directory with the grub.cfg that counts; NULL: none. Caller frees. */
char *dg_grub_dir(const char *root);

int dg_next_sdboot(const char *root, struct dg_nextboot *n);
int dg_next_proxmox(const char *root, struct dg_nextboot *n);
int dg_next_extlinux(const char *root, struct dg_nextboot *n);
int dg_next_raspberry(const char *root, struct dg_nextboot *n);

/*
 * The release of the kernel that a loader names @path, which may begin with a
 * device or a subvolume and lie below one of @dirs (ended by NULL): by its own banner, or
 * by its name. -ENOENT: there is no such file; -ENODATA: it does not tell. Caller frees *ret.
 */
int dg_next_release(const char *root, const char *path, const char *const *dirs, char **ret);
/* Where file systems of a loader are mounted, besides the root itself. */
extern const char *const dg_next_dirs[];

/* ->evidence, made printable. */
void dg_next_evidence(struct dg_nextboot *n, const char *fmt, ...) DG_PRINTF(2, 3);
/* Add to ->candidates, sorted and once. */
int dg_next_candidate(struct dg_nextboot *n, const char *release);
/* Free all in it. */
void dg_next_clear(struct dg_nextboot *n);

#endif
