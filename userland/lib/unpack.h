/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed bytes to plain ones, whatever the compressor (through libarchive, and unlzo.h). */
#ifndef DG_UNPACK_H
#define DG_UNPACK_H

#include "diag.h"

#include <sys/types.h>

/* Whether @data begins as gzip, xz, lzma, zstd, bzip2, lz4 (frame or legacy) or lzop does. */
bool dg_unpack_needed(const void *data, size_t len);

/*
 * Unpack @data, of at most @max bytes once unpacked; *ret has a NUL after its *ret_len bytes; caller
 * frees. -EFBIG past @max, -EBADMSG for damaged or cut data, -EPROTONOSUPPORT
 * for a compressor that libarchive was built without, -ELIBACC where it is not there.
 */
int dg_unpack(const void *data, size_t len, size_t max, void **ret, size_t *ret_len);

/* The same when the size is said to be @hint (0: not said); it is believed only as a first guess. */
int dg_unpack_sized(const void *data, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len);
/* The same of the @len bytes from @at on in a file, which are not held in memory. */
int dg_unpack_file(int fd, off_t at, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len);

/*
 * Fill @d, as dg_diag_set() does, with such an error: "@what cannot be unpacked: ...". @what ends in a blank, or is ""
 * for @where itself. @cure unless it is the library that is missing. Returns @err.
 */
int dg_unpack_error(struct dg_diag *d, int err, const char *where, const char *cure, const char *what);

/*
 * A part of a file, unpacked as it is asked for: no more than a block and the
 * compressor's window are held. gzip, bzip2 and lzma end where they say they do,
 * whatever follows; the others take what follows for damage (see packed.h).
 */
struct dg_unpacking;

/* @fd is borrowed until dg_unpacking_close(). -EBADMSG: not packed, or damaged from its beginning on; -ELIBACC;
 * -errno of reading. */
int dg_unpacking_open(int fd, off_t at, size_t len, struct dg_unpacking **ret);
/* The next plain bytes in *ret, good until the next call. Their number; 0 at the end; -EBADMSG, -errno of reading. */
ssize_t dg_unpacking_next(struct dg_unpacking *u, const void **ret);
/* Packed bytes used so far; after the end all that belong to it and none that follow. */
size_t dg_unpacking_used(const struct dg_unpacking *u);
void dg_unpacking_close(struct dg_unpacking *u);

#endif
