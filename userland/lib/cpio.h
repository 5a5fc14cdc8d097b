/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of an initramfs image, in their order, as the kernel's own reader
 * (init/initramfs.c) takes them: cpio archives one after the other, plain or
 * packed, zeroes between them. Own code, since libarchive's cpio reader ends at
 * the first trailer, and what it makes of a damaged header is not what a kernel
 * makes of it; the compressors are libarchive's (unpack.h).
 *
 * Formats: Documentation/driver-api/early-userspace/buffer-format.rst for all of
 * it and newc; Documentation/admin-guide/bootconfig.rst for what may end it.
 */
#ifndef DG_CPIO_H
#define DG_CPIO_H

#include "diag.h"

/*
 * What is read at most: an image of that many bytes, unpacking to no more than
 * that, nor to more than a hundred times its own size (and 64 MiB for small ones).
 */
#define DG_CPIO_IMAGE_MAX ((uint64_t)4 << 30)
/* Packed parts of one image; tools write two or three. */
#define DG_CPIO_PARTS_MAX 1024
/* Members of all its archives. */
#define DG_CPIO_MEMBERS_MAX (512 * 1024)

struct dg_cpio_member {
	const char *path; /* as it is written there; good until the next call */
	const char *link; /* where a symbolic link leads; NULL: it is none */
	uint32_t mode, nlink, inode, major, minor;
	uint32_t size;
	unsigned int archive; /* counted from 1: a trailer ends one, and so does the end of a packed part */
};

struct dg_cpio;

/* -errno of opening, -EFBIG; @d names the file. Free with dg_cpio_close(). */
int dg_cpio_open(const char *path, struct dg_cpio **ret, struct dg_diag *d);
void dg_cpio_close(struct dg_cpio *c);
void dg_cpio_closep(struct dg_cpio **c);

/*
 * The next member. 1: *ret is filled; 0: there are no more. -EBADMSG: damaged,
 * cut, or what no kernel reads; -EFBIG: past a bound; -EPROTONOSUPPORT: packed as
 * this libarchive cannot unpack. @d has the file, the offset and the cause.
 */
int dg_cpio_next(struct dg_cpio *c, struct dg_cpio_member *ret, struct dg_diag *d);

/* All ->size bytes of the member just returned, once; else they are skipped. Errors as of dg_cpio_next(). */
int dg_cpio_read(struct dg_cpio *c, void *buf, struct dg_diag *d);

/* Take @n more bytes off what the image may unpack to, for a member that is packed itself. -EFBIG with @d. */
int dg_cpio_charge(struct dg_cpio *c, uint64_t n, struct dg_diag *d);

#endif
