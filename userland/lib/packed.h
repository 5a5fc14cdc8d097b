/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where packed bytes end, by the lengths their format has inside. Needed where
 * something else follows in the same file, as in an initramfs: libarchive's
 * filters for these formats take what follows for damage, and lose bytes.
 */
#ifndef DG_PACKED_H
#define DG_PACKED_H

#include "util.h"

#include <sys/types.h>

/*
 * 1: *ret is the offset behind the xz stream, zstd frame, or lz4 frame (also in
 * its legacy form) that begins at @at; nothing is unpacked. It is @end where the
 * lengths make no sense: whoever unpacks it finds out. 0: another format, *ret is
 * @end. -errno of reading @fd.
 *
 * Formats: RFC 8878, 3.1.1; lz4_Frame_format.md; xz-file-format.txt, 2.1.2.
 */
int dg_packed_end(int fd, off_t at, off_t end, off_t *ret);

#endif
