// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpack.h"

#include <archive.h>
#include <errno.h>

static const struct magic {
	const char *bytes;
	size_t len;
} magics[] = {
	{ "\x1f\x8b", 2 }, { "\xfd\x37zXZ\0", 6 },    { "\x28\xb5\x2f\xfd", 4 }, { "BZh", 3 },
	{ "\x5d\0\0", 3 }, { "\x04\x22\x4d\x18", 4 }, { "\x02\x21\x4c\x18", 4 },
};

bool dg_unpack_needed(const void *data, size_t len)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(magics); i++)
		if (len >= magics[i].len && memcmp(data, magics[i].bytes, magics[i].len) == 0)
			return true;
	return false;
}

static void archive_freep(struct archive **a)
{
	archive_read_free(*a);
}

/* An archive that is only a filter: the raw format hands its one entry's bytes on. */
static int open_raw(const void *data, size_t len, struct archive **ret)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;

	if (!a)
		return -ENOMEM;
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_memory(a, data, len) < ARCHIVE_WARN ||
	    archive_read_next_header(a, &entry) < ARCHIVE_WARN) {
		archive_read_free(a);
		return -EBADMSG;
	}
	*ret = a;
	return 0;
}

int dg_unpack(const void *data, size_t len, size_t max, void **ret, size_t *ret_len)
{
	dg_auto(archive_freep) struct archive *a = NULL;
	dg_auto_free char *out = NULL;
	size_t n = 0, room = 0;
	int r = open_raw(data, len, &a);

	if (r < 0)
		return r;
	if (archive_filter_count(a) < 2)
		return dg_unpack_needed(data, len) ? -EBADMSG : -EPROTONOSUPPORT;
	for (;;) {
		ssize_t got;

		if (n == room) {
			size_t want = room ? room * 2 : len * 4 + 4096;
			char *p = realloc(out, want + 1);

			if (!p)
				return -ENOMEM;
			out = p;
			room = want;
		}
		got = archive_read_data(a, out + n, room - n);
		/* Whole data followed by other bytes also ends here, and is good. */
		if (got < 0)
			return -EBADMSG;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return -EFBIG;
	}
	out[n] = '\0';
	*ret = dg_take(out);
	*ret_len = n;
	return 0;
}
