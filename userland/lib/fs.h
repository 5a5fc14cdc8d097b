/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories: bounded reading, durable writing, and paths inside
 * another root. Every function returns 0 or a negative errno.
 */
#ifndef DG_FS_H
#define DG_FS_H

#include "arena.h"

#include <sys/types.h>

/* Nothing drvguard reads whole (drivers, images, symvers) is larger unpacked. */
#define DG_FILE_MAX ((size_t)256 << 20)

/*
 * Where @path, absolute inside @root ("/" or a directory), lies outside it. Links
 * in the part that exists stay inside the root; the rest need not exist yet.
 * Caller frees; NULL without memory.
 */
char *dg_path_join(const char *root, const char *path);

/*
 * The physical path, outside @root, of @path inside it: links are followed as
 * a process with that root would, so that an absolute link stays in the root.
 * -ENOENT when it does not exist. Caller frees *ret.
 */
int dg_path_resolve(const char *root, const char *path, char **ret);

/*
 * Shortest relative link text that leads from directory @dir to @target, both
 * physical absolute paths. Caller frees *ret.
 */
int dg_path_relative(const char *dir, const char *target, char **ret);

/*
 * Read a regular file of at most @max bytes. *ret has a NUL after its *ret_len
 * bytes; caller frees. -EISDIR, -ENXIO (no regular file), -EFBIG.
 */
int dg_file_read(const char *path, size_t max, void **ret, size_t *ret_len);
/* The same into @in, where it stays. */
int dg_file_read_into(const char *path, size_t max, struct dg_arena *in, void **ret, size_t *ret_len);
/* No more than its first @max bytes, however long it is. */
int dg_file_read_start(const char *path, size_t max, void **ret, size_t *ret_len);
/* Whether it is a file of just these bytes already. */
bool dg_file_has(const char *path, const void *data, size_t len);
/* A one-value file of /proc or /sys, without its newline. Caller frees. */
int dg_file_read_line(const char *path, char **ret);

/*
 * Create @path whole or not at all: written beside it, synced, renamed over it,
 * the directory synced. @mode as in open(2).
 */
int dg_file_write(const char *path, const void *data, size_t len, mode_t mode);
/*
 * dg_file_write() in steps, since a disk syncs many files in little more time than
 * one: begin them all, then end each, then sync their directories. Nothing is at
 * @path before its end, and then all of it; what is begun is ended or abandoned.
 */
int dg_file_begin(const char *path, const void *data, size_t len, mode_t mode);
int dg_file_end(const char *path);
void dg_file_abandon(const char *path);
/* The same without syncing: after a crash it may be empty or cut short, so its reader has to notice. */
int dg_file_replace(const char *path, const void *data, size_t len, mode_t mode);

/* Have @path be just these bytes, its directory made, or be gone for none; what is so already is not written. */
int dg_file_keep(const char *path, const void *data, size_t len, mode_t mode);

/* Unlink, the directory synced; absent is fine. */
int dg_file_remove(const char *path);

bool dg_path_is_dir(const char *path);
/* mkdir -p; every directory made is synced into its parent. */
int dg_dir_make(const char *path);
int dg_dir_sync(const char *path);
/* Make @path a link with text @text, atomically, whatever stood there (not a directory). */
int dg_link_set(const char *path, const char *text);
/* The link's text. -EINVAL: not a link. Caller frees. */
int dg_link_get(const char *path, char **ret);
/* rm -r, links not followed; absent is fine. */
int dg_tree_remove(const char *path);

/*
 * The names in a directory, sorted by dg_version_compare(), without "." and
 * "..", ended by NULL. Free with dg_strv_free().
 */
int dg_dir_list(const char *path, char ***ret);
/* A copy of such a list; NULL without memory. */
char **dg_strv_copy(char *const *v);
void dg_strv_free(char **v);
/* End @v, of @n strings, into *ret; when @err is an error, or there is no memory, free them and return that. */
int dg_strv_end(char **v, size_t n, int err, char ***ret);
void dg_strv_freep(char ***v);

#endif
