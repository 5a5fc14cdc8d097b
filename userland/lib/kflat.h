/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel images without section headers: the flat Image of arm64 and riscv. What
 * is looked for lies as include/asm-generic/vmlinux.lds.h lays it out:
 * __ksymtab, __ksymtab_gpl, __kcrctab, __kcrctab_gpl, __ksymtab_strings, in a row.
 */
#ifndef DG_KFLAT_H
#define DG_KFLAT_H

#include "kimage.h"

/* By the magic at byte 0x38 (Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst). */
bool dg_kflat_is(const void *data, size_t len);

/* As dg_kimage_read(). */
int dg_kflat_read(const void *data, size_t len, struct dg_kimage *ret, struct dg_diag *d);

/* "RELEASE (builder) … #1 SMP …", what follows "Linux version " in it. Caller frees. -ENODATA: none. */
int dg_kflat_banner(const void *data, size_t len, char **ret);

#endif
