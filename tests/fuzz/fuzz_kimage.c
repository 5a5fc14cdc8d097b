// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/kimage, and lib/kflat under it: banner, then build-id, exports and
 * certificates, of a bzImage, zboot, flat Image or ELF vmlinux; from memory, and
 * from a file, which is read piece by piece, to the same.
 *
 * Bound: by what there is, not by what is claimed. PER_BYTE for each byte of the
 * image and of what its payload really unpacks to (names of up to 512 bytes that
 * share their bytes, an entry of 8 bytes each, a copy of each in the table), and
 * FIXED: a decompressor's window, 128 MiB in some, and the empty table.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "lib/kimage.h"
#include "lib/unpack.h"

#define FIXED (160 * FUZZ_MIB)
#define PER_BYTE 256
/* Past that an input is passed over: it would only take time. */
#define MOST_UNPACKED FUZZ_MIB

static size_t le32(const unsigned char *p)
{
	return p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

/* What the payload comes to, by the headers' own places for it; 0: none. */
static size_t unpacked_size(const unsigned char *p, size_t size)
{
	size_t at = 0, len = size, n = 0;
	void *out;
	int r;

	if (size > 0x250 && memcmp(p + 0x202, "HdrS", 4) == 0) {
		at = ((p[0x1f1] ? p[0x1f1] : 4) + (size_t)1) * 512 + le32(p + 0x248);
		len = le32(p + 0x24c);
	} else if (size > 64 && memcmp(p, "MZ", 2) == 0) {
		at = le32(p + 8);
		len = le32(p + 12);
	}
	if (at > size || len > size - at)
		return 0;
	r = dg_unpack(p + at, len, MOST_UNPACKED, &out, &n);
	if (r == 0)
		free(out);
	return r == -EFBIG ? MOST_UNPACKED + 1 : n;
}

/* A file of these bytes, as a path; *ret_fd is to be closed. */
static void make_file(const uint8_t *data, size_t size, int *ret_fd, char path[64])
{
	*ret_fd = memfd_create("image", MFD_CLOEXEC);
	fuzz_assert(*ret_fd >= 0 && write(*ret_fd, data, size) == (ssize_t)size);
	snprintf(path, 64, "/proc/self/fd/%d", *ret_fd);
}

static void try_file(const uint8_t *data, size_t size, const struct dg_kimage *same, int expected)
{
	struct dg_kimage k = { 0 };
	struct dg_diag d = { 0 };
	dg_auto_close int fd = -1;
	char path[64];
	int r;

	make_file(data, size, &fd, path);
	fuzz_assert(dg_symtab_new(&k.symtab) == 0);
	r = dg_kimage_read_file(path, &k, &d);
	fuzz_assert(r == expected && (r == 0 || d.what[0]));
	fuzz_assert(strcmp(k.build_id, same->build_id) == 0 && dg_keys_count(k.keys) == dg_keys_count(same->keys) &&
		    dg_symtab_count(k.symtab) == dg_symtab_count(same->symtab));
	dg_symtab_free(k.symtab);
	dg_keys_free(k.keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free unsigned char *copy = NULL;
	struct dg_kimage k = { 0 }, bare = { 0 };
	dg_auto_free char *banner = NULL;
	struct dg_diag d = { 0 };
	int r, again;
	size_t plain;

	copy = fuzz_copy(data, size, 0);
	plain = unpacked_size(copy, size);
	if (plain > MOST_UNPACKED)
		return 0;
	fuzz_assert(dg_symtab_new(&k.symtab) == 0);
	fuzz_bound(FIXED + PER_BYTE * (size + plain));
	r = dg_kimage_banner(copy, size, &banner);
	fuzz_assert(r == 0 || r == -ENODATA);
	if (r == 0)
		fuzz_assert(strlen(banner) <= 512);
	r = dg_kimage_read(copy, size, &k, &d);
	fuzz_assert(r == 0 || ((r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT || r == -EOPNOTSUPP) && d.what[0]));
	fuzz_assert(strlen(k.build_id) < sizeof(k.build_id));
	/* Without a table asked for, all that the table could spoil is passed over. */
	again = dg_kimage_read(copy, size, &bare, &d);
	fuzz_assert(again == 0 || again == r);
	fuzz_assert(!bare.keys && strcmp(bare.build_id, k.build_id) == 0);
	try_file(data, size, &k, r);
	fuzz_sink += dg_symtab_count(k.symtab) + dg_keys_count(k.keys) + (dg_symtab_find(k.symtab, "kfree") != NULL);
	dg_symtab_free(k.symtab);
	dg_keys_free(k.keys);
	fuzz_unbound();
	return 0;
}
