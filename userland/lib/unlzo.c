// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All numbers are big-endian. Header: magic (9), version (2), library's version
 * (2); from version 0x0940 on the version needed (2), then method (1), from
 * 0x0940 on level (1); flags (4), with F_H_FILTER a filter (4); mode (4), time
 * (4), from 0x0940 on its high word (4); length of the name (1), the name, a
 * checksum (4). The kernel takes the version needed for granted, as here. Then
 * blocks: plain length (4; 0: the end), packed length (4), one checksum (4), bytes.
 */
#include "unlzo.h"

#include <errno.h>

#define MAGIC "\x89LZO\0\r\n\x1a\n"
#define MAGIC_LEN 9

bool dg_unlzo_is(const void *data, size_t len)
{
	return len >= MAGIC_LEN && memcmp(data, MAGIC, MAGIC_LEN) == 0;
}

#ifdef DG_HAVE_LZO

#include <lzo1x.h>

#define BLOCK_MOST ((size_t)256 << 10)
#define F_ADLER32_PLAIN 0x1
#define F_FILTER 0x800

struct dg_unlzo {
	dg_unlzo_fn fn;
	void *data;
	bool summed; /* the blocks' checksum is Adler-32 of their plain bytes */
	bool ended;
	size_t at, n; /* of plain */
	unsigned char packed[BLOCK_MOST], plain[BLOCK_MOST];
};

static uint32_t be(const unsigned char *p, size_t bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

/* All of @n bytes. */
static int need(struct dg_unlzo *u, void *buf, size_t n)
{
	for (size_t have = 0; have < n;) {
		ssize_t got = u->fn(u->data, (char *)buf + have, n - have);

		if (got <= 0)
			return got < 0 ? (int)got : -EBADMSG;
		have += (size_t)got;
	}
	return 0;
}

static int read_header(struct dg_unlzo *u)
{
	unsigned char *p = u->packed;
	uint32_t flags;
	bool newer;
	int r = need(u, p, MAGIC_LEN + 2);

	if (r < 0)
		return r;
	if (!dg_unlzo_is(p, MAGIC_LEN))
		return -EBADMSG;
	newer = be(p + MAGIC_LEN, 2) >= 0x0940;
	r = need(u, p, 2 + 2 + 1 + newer + 4);
	if (r < 0)
		return r;
	flags = be(p + 2 + 2 + 1 + newer, 4);
	u->summed = flags & F_ADLER32_PLAIN;
	r = need(u, p, (flags & F_FILTER ? 4 : 0) + 4 + 4 + (newer ? 4 : 0));
	if (r == 0)
		r = need(u, p, 1);
	return r < 0 ? r : need(u, p + 1, (size_t)*p + 4);
}

int dg_unlzo_open(dg_unlzo_fn fn, void *data, struct dg_unlzo **ret)
{
	struct dg_unlzo *u = malloc(sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	u->fn = fn;
	u->data = data;
	u->ended = false;
	u->at = u->n = 0;
	r = read_header(u);
	if (r < 0) {
		free(u);
		return r;
	}
	*ret = u;
	return 0;
}

static int read_block(struct dg_unlzo *u)
{
	unsigned char head[12];
	size_t packed;
	lzo_uint n;
	int r = need(u, head, 4);

	if (r < 0)
		return r;
	u->at = 0;
	u->n = be(head, 4);
	if (!u->n) {
		u->ended = true;
		return 0;
	}
	r = need(u, head + 4, 8);
	if (r < 0)
		return r;
	packed = be(head + 4, 4);
	if (u->n > BLOCK_MOST || !packed || packed > u->n)
		return -EBADMSG;
	/* What did not get smaller is kept as it was. */
	r = need(u, packed == u->n ? u->plain : u->packed, packed);
	if (r < 0)
		return r;
	n = u->n;
	if (packed < u->n && (lzo1x_decompress_safe(u->packed, packed, u->plain, &n, NULL) != LZO_E_OK || n != u->n))
		return -EBADMSG;
	/* The kernel does not look; but a table read from damaged bytes would be wrong. */
	return u->summed && lzo_adler32(1, u->plain, n) != be(head + 8, 4) ? -EBADMSG : 0;
}

ssize_t dg_unlzo_read(struct dg_unlzo *u, void *buf, size_t n)
{
	int r = u->at == u->n && !u->ended ? read_block(u) : 0;

	if (r < 0)
		return r;
	if (n > u->n - u->at)
		n = u->n - u->at;
	memcpy(buf, u->plain + u->at, n);
	u->at += n;
	return (ssize_t)n;
}

void dg_unlzo_close(struct dg_unlzo *u)
{
	free(u);
}

#else

int dg_unlzo_open(dg_unlzo_fn fn, void *data, struct dg_unlzo **ret)
{
	(void)fn, (void)data, (void)ret;
	return -EOPNOTSUPP;
}

ssize_t dg_unlzo_read(struct dg_unlzo *u, void *buf, size_t n)
{
	(void)u, (void)buf, (void)n;
	return -EOPNOTSUPP;
}

void dg_unlzo_close(struct dg_unlzo *u)
{
	(void)u;
}

#endif
