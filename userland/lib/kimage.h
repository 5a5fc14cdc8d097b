/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel image says of the kernel in it, with no headers or symvers at hand. */
#ifndef DG_KIMAGE_H
#define DG_KIMAGE_H

#include "diag.h"
#include "elf.h"
#include "signature.h"
#include "symtab.h"

/* Above this no payload is unpacked, whatever its header says. */
#define DG_KIMAGE_MAX ((size_t)512 << 20)

/* The banner lies before this byte: its place is a 16-bit offset into the setup sectors. */
#define DG_KIMAGE_BANNER_END ((size_t)0x10400)

/*
 * The banner that an x86 bzImage or a flat Image carries uncompressed: "RELEASE
 * (builder) #1 SMP … Debian 6.1.192-2 …". Of a bzImage its first bytes do; of a
 * flat Image all are needed. Caller frees *ret. -ENODATA: none in it.
 */
int dg_kimage_banner(const void *data, size_t len, char **ret);

struct dg_kimage {
	struct dg_symtab *symtab;	/* exports are added to it, owner "vmlinux"; NULL: not wanted */
	struct dg_keys *keys;		/* certificates are added; the caller frees */
	char build_id[DG_BUILD_ID_HEX]; /* "" if it has none */
};

/*
 * What @ret asks for, of an x86 bzImage, ELF vmlinux, EFI zboot, or the flat Image
 * of arm64 and riscv; packed or not. -EBADMSG: damaged, or no kernel of a known
 * form; -EFBIG: larger than any kernel.
 */
int dg_kimage_read(const void *data, size_t len, struct dg_kimage *ret, struct dg_diag *d);
/* The same of a file, without holding its packed bytes. -errno of the reading too, @d then untouched. */
int dg_kimage_read_file(const char *path, struct dg_kimage *ret, struct dg_diag *d);

#endif
