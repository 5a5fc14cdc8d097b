/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was read once and need not be read again: text files in
 * /var/cache/drvguard that end in "end SHA256-OF-ALL-ABOVE". Losing one costs
 * time only, so none is synced. Verdicts rest on them: they are read only from
 * whom this run would trust anyway, and each says which files it was made from.
 */
#ifndef DG_CACHEFILE_H
#define DG_CACHEFILE_H

#include "util.h"

/* From now on this process neither reads nor writes any: early in boot /var is not there, whatever lies under it. */
void dg_cachefile_forgo(void);

/* The text, without its digest, and a NUL; the caller frees. NULL: none, or none to be trusted. */
char *dg_cachefile_read(const char *root, const char *name, size_t *ret_len);

/* Replace it. Only where the directory is there already: looking at a root leaves nothing in it. */
void dg_cachefile_write(const char *root, const char *name, const char *text, size_t len);
/* Whether that could be. */
bool dg_cachefile_writable(const char *root);

/*
 * Which file @path is, and which state of it: "DEVICE INODE SIZE MTIME CTIME",
 * the times as seconds.nanoseconds. "" when there is none. Whether its times can
 * be relied on: one that changed a moment ago may change again within the same
 * tick of the file system's clock, and must not be remembered.
 */
#define DG_FILE_ID 128
bool dg_file_id(const char *path, char ret[DG_FILE_ID]);

#endif
