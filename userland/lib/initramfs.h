/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initramfs of a kernel: where it lies, and which copies of which drivers
 * are in it. Read as the kernel unpacks it (cpio.h), in one pass and with nothing
 * written; looking changes nothing. Making it anew is mkinitramfs.h's.
 */
#ifndef DG_INITRAMFS_H
#define DG_INITRAMFS_H

#include "elf.h"
#include "digest.h"

/* No kernel module is larger, packed or unpacked. */
#define DG_INITRAMFS_MODULE_MAX ((size_t)64 << 20)

/* One name under which a module is found in the image. */
struct dg_initramfs_copy {
	char *path;	      /* in the image, without '/' before it, links of directories followed */
	char name[64];	      /* by its file name, '-' made '_' */
	bool link;	      /* a symbolic link; the rest tells of the file it leads to */
	bool chosen;	      /* the one that modprobe would take there, by the image's modules.dep */
	uint32_t size;	      /* of the member, as it lies in its archive */
	unsigned int archive; /* that it comes from, counted from 1 */
	/*
	 * 0, or why what follows is unknown: -EBADMSG (cannot be unpacked), -EFBIG (over DG_INITRAMFS_MODULE_MAX),
	 * -ENOENT (a link that leads to no such module), -ENODATA (a hard link whose bytes came before it, under a
	 * name not asked for: cpio(1) and others write them with the last name).
	 */
	int err;
	char sha256[DG_SHA256_HEX];	/* of the module unpacked */
	char build_id[DG_BUILD_ID_HEX]; /* "" when it has none */
};

struct dg_initramfs {
	char *path;
	unsigned int archives; /* cpio archives in it */
	/* As they are once everything is unpacked: what a later member replaces is not among them. Sorted by path. */
	struct dg_initramfs_copy *v;
	size_t n;
};

/*
 * The image of @release under @root: the first there is of the places the
 * distributions use, links followed inside the root. *ret is its physical path
 * outside the root; caller frees. -ENOENT with the places in @d: none, which
 * may be right for that kernel.
 */
int dg_initramfs_find(const char *root, const char *release, char **ret, struct dg_diag *d);

/*
 * The package that @release's kernel is of, as Arch's mkinitcpio names its preset
 * and image by (/lib/modules/RELEASE/pkgbase); NULL: unknown, or of several. Caller frees.
 */
char *dg_initramfs_package(const char *root, const char *release);

/*
 * Read the image at @path; @names (ended by NULL, any of '-' and '_') are the
 * modules looked for, NULL for every one. Held in memory is one module at a
 * time. Errors are dg_cpio_next()'s, with file, offset and cause in @d, and
 * -EFBIG for more modules or links than any image has. A module that cannot be
 * read is no error but has ->err. Free with dg_initramfs_free().
 */
int dg_initramfs_read(const char *path, const char *const *names, struct dg_initramfs **ret, struct dg_diag *d);
void dg_initramfs_free(struct dg_initramfs *i);
void dg_initramfs_freep(struct dg_initramfs **i);

enum dg_initramfs_holding {
	DG_INITRAMFS_NONE,     /* not in it */
	DG_INITRAMFS_SAME,     /* the same bytes */
	DG_INITRAMFS_STRIPPED, /* the same build-id: dracut strips unsigned modules */
	DG_INITRAMFS_OTHER,    /* another driver, or one that cannot be read */
};

/*
 * How the copy of @name that the image's modprobe would take stands to a driver
 * of that @sha256 and @build_id (NULL or "": unknown). Where modules.dep names
 * none, insmod could load any: the worst of all counts.
 */
enum dg_initramfs_holding dg_initramfs_holds(const struct dg_initramfs *i, const char *name, const char *sha256,
					     const char *build_id);

#endif
