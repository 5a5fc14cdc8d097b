// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/unpack, and libarchive with its compressors under it, of memory and of a
 * part of a file. The first two bytes are the size that is claimed, in units of
 * 512 MiB / 65536.
 *
 * Bound: twice the most that may come out (MAX, and one byte), whatever is
 * claimed, and WINDOW, which a decompressor takes by itself.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/mman.h>

#include "lib/unpack.h"

#define MAX FUZZ_MIB
#define WINDOW (160 * FUZZ_MIB)

static size_t try(const void *data, size_t size, size_t hint, size_t max)
{
	void *out = NULL;
	size_t n = 0;
	int r = hint ? dg_unpack_sized(data, size, hint, max, &out, &n) : dg_unpack(data, size, max, &out, &n);

	fuzz_assert(r == 0 || r == -EFBIG || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EOPNOTSUPP);
	if (r < 0) {
		fuzz_assert(!out);
		return SIZE_MAX;
	}
	fuzz_assert(n <= max && ((char *)out)[n] == '\0');
	fuzz_touch(out, n);
	free(out);
	return n;
}

/* Behind other bytes, and before more. */
static size_t try_file(const void *data, size_t size, size_t hint, size_t max)
{
	dg_auto_close int fd = memfd_create("packed", MFD_CLOEXEC);
	static const char around[] = "around";
	void *out = NULL;
	size_t n = 0;
	int r;

	fuzz_assert(fd >= 0 && write(fd, around, sizeof(around)) == sizeof(around) &&
		    write(fd, data, size) == (ssize_t)size && write(fd, around, sizeof(around)) == sizeof(around));
	r = dg_unpack_file(fd, sizeof(around), size, hint, max, &out, &n);
	fuzz_assert(r == 0 || r == -EFBIG || r == -EBADMSG || r == -EPROTONOSUPPORT);
	if (r < 0) {
		fuzz_assert(!out);
		return SIZE_MAX;
	}
	fuzz_assert(n <= max && ((char *)out)[n] == '\0');
	free(out);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free unsigned char *copy = NULL;
	size_t hint, plain;

	if (size < 2)
		return 0;
	hint = (data[0] | (size_t)data[1] << 8) << 13;
	data += 2;
	size -= 2;
	copy = fuzz_copy(data, size, 0);
	fuzz_sink += dg_unpack_needed(copy, size);
	fuzz_bound(2 * MAX + WINDOW);
	plain = try(copy, size, 0, MAX);
	fuzz_assert(try(copy, size, hint, MAX) == plain);
	/* The same of a file, which is not asked first whether it is packed at all. */
	if (dg_unpack_needed(copy, size))
		fuzz_assert(try_file(copy, size, hint, MAX) == plain);
	/* The same where it just fits, and where it just does not. */
	if (plain != SIZE_MAX) {
		fuzz_assert(try(copy, size, 0, plain) == plain);
		fuzz_assert(!plain || try(copy, size, 0, plain - 1) == SIZE_MAX);
	}
	fuzz_unbound();
	return 0;
}
