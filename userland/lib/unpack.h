/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed bytes to plain ones, whatever the compressor (through libarchive). */
#ifndef DG_UNPACK_H
#define DG_UNPACK_H

#include "util.h"

/* Whether @data begins as gzip, xz, lzma, zstd, bzip2 or lz4 (frame or legacy) does. */
bool dg_unpack_needed(const void *data, size_t len);

/*
 * Unpack @data, of at most @max bytes once unpacked; bytes after the
 * compressor's end are ignored. *ret has a NUL after its *ret_len bytes; caller
 * frees. -EFBIG past @max, -EBADMSG for damaged or cut data, -EPROTONOSUPPORT
 * for a compressor that libarchive was built without.
 */
int dg_unpack(const void *data, size_t len, size_t max, void **ret, size_t *ret_len);

#endif
