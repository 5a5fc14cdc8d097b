/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can unpack a module file where it lies: modprobe, by the libraries it was built with, or the
 * kernel (finit_module(2) with MODULE_INIT_COMPRESSED_FILE). They do not take the same archives.
 */
#ifndef DG_PACKING_H
#define DG_PACKING_H

#include "util.h"

enum dg_packing { DG_PACKING_NONE, DG_PACKING_GZIP, DG_PACKING_XZ, DG_PACKING_ZSTD };

const char *dg_packing_name(enum dg_packing p);

/* By its first bytes, as kmod tells. */
enum dg_packing dg_packing_of(const void *start, size_t len);

/*
 * What the kernel's own xz decoder does not take, by an archive's first bytes: words for people; NULL:
 * nothing. @filters: bits of the branch filters it has, by their number in the format.
 */
const char *dg_packing_xz_objection(const void *start, size_t len, unsigned int filters);

/* A root's kmod, by what its program says of itself. */
struct dg_kmod {
	unsigned int version; /* 0: unknown */
	bool reads[DG_PACKING_ZSTD + 1];
};

/* Nothing is run: the words of `kmod --version` are looked for in the program. */
void dg_kmod_read(const char *root, struct dg_kmod *ret);
/* The same of the program's bytes. */
void dg_kmod_parse(const void *program, size_t len, struct dg_kmod *ret);

#endif
