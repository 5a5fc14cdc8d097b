/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel image says of the kernel in it, with no headers or symvers at hand. */
#ifndef DG_KIMAGE_H
#define DG_KIMAGE_H

#include "diag.h"
#include "elf.h"
#include "symtab.h"

/* Above this no payload is unpacked, whatever its header says. */
#define DG_KIMAGE_MAX ((size_t)512 << 20)

/* The banner lies before this byte: its place is a 16-bit offset into the setup sectors. */
#define DG_KIMAGE_BANNER_END ((size_t)0x10400)

/*
 * The banner that an x86 bzImage carries uncompressed: "RELEASE (builder)
 * #1 SMP … Debian 6.1.192-2 …". Caller frees *ret. -ENODATA: none in it.
 */
int dg_kimage_banner(const void *data, size_t len, char **ret);

/*
 * Exports of the kernel itself, added to @t as owner "vmlinux", and its
 * build-id ("" if it has none). @t may be NULL for the build-id alone. @data:
 * x86 bzImage or ELF vmlinux. -EBADMSG: damaged, or no kernel of a known form.
 */
int dg_kimage_read(const void *data, size_t len, struct dg_symtab *t, char build_id[DG_BUILD_ID_HEX],
		   struct dg_diag *d);

#endif
