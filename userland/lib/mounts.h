/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts a depot waits for: what fstab promises, libmount's monitor, and directories that fill (inotify). */
#ifndef DG_MOUNTS_H
#define DG_MOUNTS_H

#include "util.h"

struct dg_mounts;

int dg_mounts_new(struct dg_mounts **ret);
void dg_mounts_free(struct dg_mounts *m);
void dg_mounts_freep(struct dg_mounts **m);

/*
 * Watch the way to @path: the directory itself, or the nearest that exists
 * above it. Replaces nothing: call dg_mounts_forget() before a new round.
 */
int dg_mounts_watch(struct dg_mounts *m, const char *path);
void dg_mounts_forget(struct dg_mounts *m);

/*
 * Sleep until something was mounted, or a watched directory changed, or
 * @stop_fd is readable. 1: something happened; 0: stop; -errno.
 */
int dg_mounts_wait(struct dg_mounts *m, int stop_fd);

/*
 * Whether fstab(5) has a file system on the way to @path that is not mounted
 * now; its mount point in *ret when true (caller frees). Of the live root only.
 */
bool dg_mount_awaited(const char *root, const char *path, char **ret);

#endif
