// SPDX-License-Identifier: GPL-2.0-or-later
#include "packed.h"

#include <errno.h>

#define LZ4_LEGACY 0x184c2102u
/* A legacy block is packed from 8 MiB; by LZ4_compressBound() it is no longer than this. */
#define LZ4_LEGACY_MOST ((8u << 20) + (8u << 20) / 255 + 16)

/* The bytes around where the format is being followed. */
struct window {
	int fd;
	off_t at, end;
	size_t n;
	int err;
	unsigned char buf[1 << 14];
};

/* The @n bytes from @at on; NULL: there are not as many, or @err. */
static const unsigned char *look(struct window *w, off_t at, size_t n)
{
	if (at > w->end || (off_t)n > w->end - at)
		return NULL;
	if (at < w->at || at + (off_t)n > w->at + (off_t)w->n) {
		size_t want = sizeof(w->buf), got = 0;

		if ((off_t)want > w->end - at)
			want = (size_t)(w->end - at);
		while (got < want) {
			ssize_t r = pread(w->fd, w->buf + got, want - got, at + (off_t)got);

			if (r < 0 && errno == EINTR)
				continue;
			if (r < 0)
				w->err = -errno;
			if (r <= 0)
				break;
			got += (size_t)r;
		}
		w->at = at;
		w->n = got;
		if (got < n)
			return NULL;
	}
	return w->buf + (at - w->at);
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Each of these: the offset behind it, or the end of all when it makes no sense. */

static off_t zstd_end(struct window *w, off_t at)
{
	static const unsigned char dictionary[] = { 0, 1, 2, 4 }, content[] = { 0, 2, 4, 8 };
	const unsigned char *p = look(w, at, 5);
	bool single, checksum;
	unsigned char flags;

	if (!p)
		return w->end;
	flags = p[4];
	single = flags & 0x20;
	checksum = flags & 4;
	at += 5 + !single + dictionary[flags & 3] + (flags >> 6 ? content[flags >> 6] : single);
	while ((p = look(w, at, 3))) {
		uint32_t block = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
		bool same_byte = (block >> 1 & 3) == 1;

		at += 3 + (same_byte ? 1 : (off_t)(block >> 3));
		if (block & 1)
			return at + (checksum ? 4 : 0);
	}
	return w->end;
}

static off_t lz4_end(struct window *w, off_t at)
{
	const unsigned char *p = look(w, at, 6);
	unsigned char flags;

	if (!p)
		return w->end;
	flags = p[4];
	at += 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
	while ((p = look(w, at, 4))) {
		uint32_t size = le32(p);

		at += 4;
		if (!size)
			return at + (flags & 4 ? 4 : 0);
		at += (off_t)(size & 0x7fffffff) + (flags & 16 ? 4 : 0);
	}
	return w->end;
}

/* It has no end of its own: the first length that cannot be one is what follows. */
static off_t lz4_legacy_end(struct window *w, off_t at)
{
	const unsigned char *p;

	while ((p = look(w, at, 4))) {
		uint32_t size = le32(p);

		if (size != LZ4_LEGACY && (!size || size > LZ4_LEGACY_MOST))
			return at;
		at += 4 + (size == LZ4_LEGACY ? 0 : (off_t)size);
	}
	return w->end;
}

static uint32_t crc32(const unsigned char *p, size_t n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

/* CRC32 of the rest, length of the index, flags, "YZ". */
static bool is_xz_footer(const unsigned char *p)
{
	return p[10] == 'Y' && p[11] == 'Z' && !p[8] && le32(p) == crc32(p + 4, 6);
}

/* Blocks need not tell their packed size, so that the footer itself is looked for. */
static off_t xz_end(struct window *w, off_t at)
{
	const unsigned char *p;

	/* Behind the header all parts are multiples of four. */
	for (at += 12; (p = look(w, at, 12)); at += 4)
		if (is_xz_footer(p))
			return at + 12;
	return w->end;
}

int dg_packed_end(int fd, off_t at, off_t end, off_t *ret)
{
	static const struct {
		const char *magic;
		size_t len;
		off_t (*end)(struct window *w, off_t at);
	} formats[] = {
		{ "\x28\xb5\x2f\xfd", 4, zstd_end },
		{ "\x04\x22\x4d\x18", 4, lz4_end },
		{ "\x02\x21\x4c\x18", 4, lz4_legacy_end },
		{ "\xfd\x37zXZ\0", 6, xz_end },
	};
	struct window w = { .fd = fd, .at = at, .end = end };
	const unsigned char *p;

	*ret = end;
	for (size_t i = 0; i < DG_ARRAY_SIZE(formats); i++) {
		p = look(&w, at, formats[i].len);
		if (p && memcmp(p, formats[i].magic, formats[i].len) == 0) {
			*ret = formats[i].end(&w, at);
			if (*ret > end)
				*ret = end;
			return w.err ? w.err : 1;
		}
	}
	return w.err;
}
