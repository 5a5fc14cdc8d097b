/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was read from a kernel image, kept in /var/cache/drvguard so that the
 * image need not be unpacked again. Valid for exactly the file it was made from,
 * by device, inode, size and times: a kernel that is reinstalled or rebuilt under
 * the same name is another file. Losing it costs time only. Text, in lines:
 *
 *   drvguard-kernel 1
 *   image DEVICE INODE SIZE MTIME CTIME        seconds.nanoseconds
 *   build-id HEX|-
 *   certificate HEX                            DER, one line each
 *   0xCRC<TAB>symbol<TAB>vmlinux<TAB>…         as in Module.symvers (symvers.h)
 *   end SHA256-OF-ALL-ABOVE
 */
#ifndef DG_KCACHE_H
#define DG_KCACHE_H

#include "kimage.h"

/*
 * Fill @ret, whose symtab is there to add to, from what is kept for @image, the
 * physical path of @release's image under @root. false: nothing that is valid.
 */
bool dg_kcache_load(const char *root, const char *release, const char *image, struct dg_kimage *ret);

/* Keep @k. Only where the directory is there already: looking at a root leaves nothing in it. */
void dg_kcache_save(const char *root, const char *release, const char *image, const struct dg_kimage *k);

#endif
