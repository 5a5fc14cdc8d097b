/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was read from a kernel image, kept (cachefile.h) as kernel-RELEASE so that
 * the image need not be unpacked again. Valid for exactly the file it was made
 * from: a kernel that is reinstalled or rebuilt under the same name is another
 * file. In lines:
 *
 *   drvguard-kernel 1
 *   image ID                                   dg_file_id()
 *   build-id HEX|-
 *   certificate HEX                            DER, one line each
 *   0xCRC<TAB>symbol<TAB>vmlinux<TAB>…         as in Module.symvers (symvers.h)
 *   end SHA256-OF-ALL-ABOVE
 */
#ifndef DG_KCACHE_H
#define DG_KCACHE_H

#include "kimage.h"

/*
 * Fill @ret, whose symtab is there to add to, from what is kept for @release's
 * image under @root, of which @image_id tells. false: nothing that is valid.
 */
bool dg_kcache_load(const char *root, const char *release, const char *image_id, struct dg_kimage *ret);
/* The same of the file's @text, less its last line; it ends in NUL, and is written to. */
bool dg_kcache_parse(char *text, size_t len, const char *image_id, struct dg_kimage *ret);

/* Keep @k. @image_id is from before the image was read. */
void dg_kcache_save(const char *root, const char *release, const char *image_id, const struct dg_kimage *k);

#endif
