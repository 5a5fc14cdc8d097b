// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/initramfs, with lib/cpio, lib/packed, lib/linktree and libarchive's
 * compressors under it: an image in a file of its own.
 *
 * Bound: FIXED for the tables and a decompressor's window (128 MiB in some), one
 * module of what the input says its size is, and its unpacked form; whatever the
 * headers claim besides, no more than PER_BYTE for each byte that really comes.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "lib/initramfs.h"

#define FIXED (176 * FUZZ_MIB)
#define PER_BYTE 512
#define MODULE (3 * DG_INITRAMFS_MODULE_MAX)

static struct dg_initramfs *read_image(const char *path, const char *const *names)
{
	struct dg_initramfs *image = NULL;
	struct dg_diag d = { 0 };
	int r = dg_initramfs_read(path, names, &image, &d);

	fuzz_assert(r == 0 || ((r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT) && d.what[0] && !image));
	return image;
}

static void check(const struct dg_initramfs *image)
{
	for (size_t i = 0; i < image->n; i++) {
		const struct dg_initramfs_copy *c = &image->v[i];

		fuzz_assert(c->path[0] && c->path[0] != '/' && strlen(c->name) < sizeof(c->name) && c->name[0]);
		fuzz_assert(strlen(c->sha256) == (c->err ? 0 : DG_SHA256_HEX - 1));
		fuzz_assert(strlen(c->build_id) < sizeof(c->build_id));
		fuzz_assert(c->archive <= image->archives);
		/* No two of a name. */
		fuzz_assert(!i || strcmp(c[-1].path, c->path) < 0);
		fuzz_assert(dg_initramfs_holds(image, c->name, "", "") != DG_INITRAMFS_NONE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "scap", NULL };
	static int fd = -1;
	struct dg_initramfs *all, *some;
	char path[64];

	if (fd < 0)
		fd = memfd_create("image", MFD_CLOEXEC);
	fuzz_assert(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fuzz_bound(FIXED + MODULE + PER_BYTE * size);
	all = read_image(path, NULL);
	some = read_image(path, names);
	/* What is asked for decides which bytes are looked into, not which image can be read. */
	if (all) {
		check(all);
		fuzz_assert(some);
	}
	if (some) {
		check(some);
		fuzz_assert(!all || some->n <= all->n);
	}
	dg_initramfs_free(all);
	dg_initramfs_free(some);
	fuzz_unbound();
	return 0;
}
