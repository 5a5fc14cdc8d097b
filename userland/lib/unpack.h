/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed bytes to plain ones, whatever the compressor (through libarchive). */
#ifndef DG_UNPACK_H
#define DG_UNPACK_H

#include "util.h"

#include <sys/types.h>

/* Whether @data begins as gzip, xz, lzma, zstd, bzip2 or lz4 (frame or legacy) does. */
bool dg_unpack_needed(const void *data, size_t len);

/*
 * Unpack @data, of at most @max bytes once unpacked; *ret has a NUL after its *ret_len bytes; caller
 * frees. -EFBIG past @max, -EBADMSG for damaged or cut data, -EPROTONOSUPPORT
 * for a compressor that libarchive was built without.
 */
int dg_unpack(const void *data, size_t len, size_t max, void **ret, size_t *ret_len);

/* The same when the size is said to be @hint (0: not said); it is believed only as a first guess. */
int dg_unpack_sized(const void *data, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len);
/* The same of the @len bytes from @at on in a file, which are not held in memory. */
int dg_unpack_file(int fd, off_t at, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len);

#endif
