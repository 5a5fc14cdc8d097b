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

enum dg_mounts_event {
	DG_MOUNTS_STOP,
	DG_MOUNTS_CHANGED, /* something was mounted or unmounted */
	DG_MOUNTS_FILLED,  /* a watched directory changed */
	DG_MOUNTS_LATER,   /* the time is over */
};

/* Sleep until something happens, @stop_fd is readable, or @seconds are over; -1: for ever. An event, or -errno. */
int dg_mounts_wait(struct dg_mounts *m, int stop_fd, int seconds);

/*
 * Whether fstab(5) has a file system on the way to @path that is not mounted
 * now; its mount point in *ret when true (caller frees). Of the live root only.
 */
bool dg_mount_awaited(const char *root, const char *path, char **ret);

/*
 * The mount that covers @path by its name: nothing is looked up in it. Its type
 * and mount point (caller frees) when true. Of the live root only.
 */
bool dg_mount_find(const char *root, const char *path, char **ret_type, char **ret_target);
/* Whether that is an automount that has not been triggered. */
bool dg_mount_is_automount(const char *root, const char *path);

#endif
