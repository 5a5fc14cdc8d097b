// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/unlzo.h"

static ssize_t from_bytes(void *data, void *buf, size_t n)
{
	struct fx_bytes *b = data;

	/* In small pieces, as a pipe would. */
	if (n > 1000)
		n = 1000;
	if (n > b->len)
		n = b->len;
	memcpy(buf, b->data, n);
	b->data += n;
	b->len -= n;
	return (ssize_t)n;
}

static ssize_t from_broken(void *data, void *buf, size_t n)
{
	(void)data, (void)buf, (void)n;
	return -EIO;
}

#ifdef DG_HAVE_LZO

/* All of it; -errno. *ret is room for @max bytes. */
static ssize_t unpack(struct fx_bytes b, unsigned char *ret, size_t max)
{
	struct dg_unlzo *u;
	size_t n = 0;
	int r = dg_unlzo_open(from_bytes, &b, &u);
	ssize_t got;

	if (r < 0)
		return r;
	while ((got = dg_unlzo_read(u, ret + n, max - n)) > 0)
		n += (size_t)got;
	dg_unlzo_close(u);
	return got < 0 ? got : (ssize_t)n;
}

/* Two blocks and a piece: one that packs, one that does not. */
#define LEN (600 << 10)

static unsigned char *make_plain(void)
{
	unsigned char *p = malloc(LEN);
	uint32_t x = 1;

	assert_non_null(p);
	for (size_t i = 0; i < LEN; i++) {
		x = x * 1103515245 + 12345;
		p[i] = i < (256 << 10) ? (unsigned char)(i >> 8) : (unsigned char)(x >> 16);
	}
	return p;
}

static void test_unlzo_blocks(void **state)
{
	dg_auto_free unsigned char *plain = make_plain(), *out = malloc(LEN + 1);
	struct fx_bytes b = fx_pack("lzop", plain, LEN);

	(void)state;
	assert_int_equal(unpack(b, out, LEN + 1), LEN);
	assert_memory_equal(out, plain, LEN);
	fx_free(&b);
}

/* A header as lzop @version writes it, and one block of "aaaaaaaa" that is not packed. */
static struct fx_bytes by_hand(uint16_t version, uint32_t flags, uint32_t n, uint32_t packed, uint32_t sum)
{
	bool newer = version >= 0x0940;
	struct fx_bytes b = { 0 };

	fx_put(&b, "\x89LZO\0\r\n\x1a\n", 9);
	fx_put_int(&b, version, 2, true);
	fx_put_zero(&b, 2 + 2 + 1 + newer);
	fx_put_int(&b, flags, 4, true);
	fx_put_zero(&b, (flags & 0x800 ? 4 : 0) + 8 + (newer ? 4 : 0));
	fx_put(&b, "\4name\0\0\0\0", 9);
	fx_put_int(&b, n, 4, true);
	fx_put_int(&b, packed, 4, true);
	fx_put_int(&b, sum, 4, true);
	fx_put(&b, "aaaaaaaa", 8);
	fx_put_int(&b, 0, 4, true);
	return b;
}

static void test_unlzo_headers(void **state)
{
	static const struct {
		const char *name;
		uint16_t version;
		uint32_t flags, n, packed, sum;
		ssize_t expected;
	} cases[] = {
		{ "of today", 0x1040, 0, 8, 8, 0, 8 },
		{ "old", 0x0930, 0, 8, 8, 0, 8 },
		{ "with a filter's word", 0x1040, 0x800, 8, 8, 0, 8 },
		{ "checksum right", 0x1040, 1, 8, 8, 0x0dac0309, 8 },
		{ "checksum wrong", 0x1040, 1, 8, 8, 0x0dac030a, -EBADMSG },
		{ "a block too large", 0x1040, 0, (256 << 10) + 1, 8, 0, -EBADMSG },
		{ "larger packed than plain", 0x1040, 0, 8, 9, 0, -EBADMSG },
		{ "packed to nothing", 0x1040, 0, 8, 0, 0, -EBADMSG },
		{ "no LZO in it", 0x1040, 0, 9, 8, 0, -EBADMSG },
		{ "largest there is", 0x1040, 0, UINT32_MAX, UINT32_MAX, 0, -EBADMSG },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = by_hand(c->version, c->flags, c->n, c->packed, c->sum);
		unsigned char out[64];

		fx_int(unpack(b, out, sizeof(out)), c->expected);
		if (c->expected > 0)
			assert_memory_equal(out, "aaaaaaaa", 8);
		fx_free(&b);
	}
}

static void test_unlzo_source_fails(void **state)
{
	struct dg_unlzo *u = NULL;

	(void)state;
	assert_int_equal(dg_unlzo_open(from_broken, NULL, &u), -EIO);
	assert_null(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unlzo_blocks),
		cmocka_unit_test(test_unlzo_headers),
		cmocka_unit_test(test_unlzo_source_fails),
	};

	return cmocka_run_group_tests_name("unlzo", tests, NULL, NULL);
}

#else

static void test_unlzo_not_built(void **state)
{
	struct fx_bytes b = { 0 };
	struct dg_unlzo *u = NULL;

	(void)state;
	assert_int_equal(dg_unlzo_open(from_bytes, &b, &u), -EOPNOTSUPP);
	assert_int_equal(dg_unlzo_open(from_broken, NULL, &u), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_unlzo_not_built) };

	return cmocka_run_group_tests_name("unlzo", tests, NULL, NULL);
}

#endif
