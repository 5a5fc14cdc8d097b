// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/unpack.h"

static const struct {
	const char *name;
	const char *command; /* where libarchive cannot write what is wanted */
} packers[] = {
	{ "gzip", NULL },
	{ "xz", NULL },
	{ "lzma", NULL },
	{ "zstd", NULL },
	{ "bzip2", NULL },
	{ "lz4", NULL },
	{ "lz4 legacy", "lz4 -l -c" },
#ifdef DG_HAVE_LZO
	{ "lzop", NULL },
#endif
};

#define PLAIN_LEN 6000

/* Half of it hard to pack, so that the packed bytes are a few thousand. */
static void make_plain(unsigned char plain[PLAIN_LEN])
{
	uint32_t x = 12345;

	for (size_t i = 0; i < PLAIN_LEN; i++) {
		x = x * 1103515245 + 12345;
		plain[i] = i < 300 ? (unsigned char)(x >> 16) : (unsigned char)(i >> 6);
	}
}

static bool pack(const char *dir, size_t i, const unsigned char *plain, size_t len, struct fx_bytes *ret)
{
	char command[900], *in = strdup(fx_at(dir, "/plain"));
	size_t out_len;
	void *out;

	if (!packers[i].command) {
		*ret = fx_pack(packers[i].name, plain, len);
		free(in);
		return true;
	}
	fx_write(dir, "/plain", plain, len);
	snprintf(command, sizeof(command), "%s '%s' > '%s' 2>/dev/null", packers[i].command, in, fx_at(dir, "/packed"));
	free(in);
	if (system(command) != 0 || dg_file_read(fx_at(dir, "/packed"), 1 << 20, &out, &out_len) < 0)
		return false;
	ret->data = out;
	ret->len = out_len;
	return true;
}

static void test_unpack_every_packer(void **state)
{
	unsigned char plain[PLAIN_LEN];

	make_plain(plain);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;
		void *out = NULL;
		size_t len = 0;

		fx_case(packers[i].name);
		if (!pack(*state, i, plain, sizeof(plain), &b))
			continue;
		fx_int(dg_unpack_needed(b.data, b.len), true);
		fx_int(dg_unpack(b.data, b.len, sizeof(plain), &out, &len), 0);
		fx_int(len, sizeof(plain));
		assert_memory_equal(out, plain, sizeof(plain));
		assert_int_equal(((char *)out)[len], '\0');
		free(out);
		fx_free(&b);
	}
}

static void test_unpack_too_big(void **state)
{
	unsigned char plain[PLAIN_LEN];

	make_plain(plain);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;
		void *out = (void *)1;
		size_t len;

		fx_case(packers[i].name);
		if (!pack(*state, i, plain, sizeof(plain), &b))
			continue;
		fx_int(dg_unpack(b.data, b.len, sizeof(plain) - 1, &out, &len), -EFBIG);
		assert_ptr_equal(out, (void *)1);
		fx_free(&b);
	}
}

/* 64 MiB of zeroes in 64 KiB: stopped at the limit, not unpacked and then measured. */
static void test_unpack_bomb(void **state)
{
	const size_t size = (size_t)64 << 20;
	unsigned char *zero = calloc(1, size);
	struct fx_bytes b;
	void *out;
	size_t len;

	(void)state;
	assert_non_null(zero);
	b = fx_pack("gzip", zero, size);
	free(zero);
	assert_int_equal(dg_unpack(b.data, b.len, 1 << 20, &out, &len), -EFBIG);
	fx_free(&b);
}

/* With gzip they are passed over, as gzip(1) does; elsewhere they may be damage, but never data. */
static void test_unpack_bytes_behind(void **state)
{
	unsigned char plain[PLAIN_LEN];

	make_plain(plain);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;
		void *out = NULL;
		size_t len = 0;
		int r;

		fx_case(packers[i].name);
		/* A block's length is what would follow in lz4's legacy form. */
		if (packers[i].command || !pack(*state, i, plain, sizeof(plain), &b))
			continue;
		fx_put(&b, "~Module signature appended~\n", 28);
		r = dg_unpack(b.data, b.len, 1 << 20, &out, &len);
		if (i > 0 && r < 0) {
			fx_int(r, -EBADMSG);
		} else {
			fx_int(r, 0);
			fx_int(len, sizeof(plain));
			assert_memory_equal(out, plain, sizeof(plain));
		}
		free(out);
		fx_free(&b);
	}
}

static void test_unpack_nothing_packed(void **state)
{
	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;
		void *out = NULL;
		size_t len = 1;

		fx_case(packers[i].name);
		/* libarchive's own lz4 writer does not survive it. */
		if (dg_startswith(packers[i].name, "lz4"))
			continue;
		b = fx_pack(packers[i].name, "", 0);
		/* No driver, in either case. */
		if (dg_unpack(b.data, b.len, 1 << 20, &out, &len) == 0)
			fx_int(len, 0);
		else
			assert_null(out);
		free(out);
		fx_free(&b);
	}
}

static void test_unpack_cut_anywhere(void **state)
{
	unsigned char plain[PLAIN_LEN];

	make_plain(plain);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;
		size_t good = 0, first_good = 0;

		fx_case(packers[i].name);
		if (!pack(*state, i, plain, sizeof(plain), &b))
			continue;
		for (size_t n = 0; n < b.len; n++) {
			void *out;
			size_t len;
			int r = dg_unpack(b.data, n, 1 << 20, &out, &len);

			if (r == 0) {
				/* What is dropped can only be a checksum behind whole data. */
				if (len != sizeof(plain) && !packers[i].command && !good++)
					first_good = n;
				free(out);
			} else {
				assert_true(r == -EBADMSG || r == -EPROTONOSUPPORT);
			}
		}
		if (good)
			print_error("case '%s': %zu cuts pass for whole, first at %zu of %zu\n", packers[i].name, good,
				    first_good, b.len);
		fx_int(good, 0);
		fx_free(&b);
	}
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	size_t n;
	void *out;
	int r = dg_unpack(data, len, 1 << 20, &out, &n);

	(void)arg;
	if (r == 0)
		free(out);
	else
		assert_true(r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT);
}

static void test_unpack_hostile(void **state)
{
	unsigned char plain[PLAIN_LEN];

	make_plain(plain);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b;

		if (!pack(*state, i, plain, 1500, &b))
			continue;
		fx_hostile(&b, 400, hostile, NULL);
		fx_free(&b);
	}
}

static void test_unpack_not_packed(void **state)
{
	void *out = (void *)1;
	size_t len;
	int r = dg_unpack("plain text", 10, 100, &out, &len);

	(void)state;
	assert_true(r == -EPROTONOSUPPORT || r == -EBADMSG);
	assert_ptr_equal(out, (void *)1);
}

static void test_unpack_needed_magics(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		bool expected;
	} cases[] = {
		{ "gzip", "\x1f\x8b", 2, true },
		{ "xz", "\xfd\x37zXZ\0", 6, true },
		{ "zstd", "\x28\xb5\x2f\xfd", 4, true },
		{ "bzip2", "BZh", 3, true },
		{ "lzma", "\x5d\0\0", 3, true },
		{ "lz4", "\x04\x22\x4d\x18", 4, true },
		{ "lz4 legacy", "\x02\x21\x4c\x18", 4, true },
		{ "lzop", "\x89LZO\0\r\n\x1a\n", 9, true },
		{ "half a magic", "\xfd\x37zXZ", 5, false },
		{ "elf",
		  "\x7f"
		  "ELF",
		  4, false },
		{ "nothing", "", 0, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_guarded g = fx_guarded_new(16);

		fx_guarded_fill(&g, c->bytes, c->len);
		fx_int(dg_unpack_needed(g.data, g.len), c->expected);
		fx_guarded_free(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_unpack_every_packer),
		FX_TEST(test_unpack_too_big),
		cmocka_unit_test(test_unpack_bomb),
		FX_TEST(test_unpack_bytes_behind),
		cmocka_unit_test(test_unpack_nothing_packed),
		FX_TEST(test_unpack_cut_anywhere),
		FX_TEST(test_unpack_hostile),
		cmocka_unit_test(test_unpack_not_packed),
		cmocka_unit_test(test_unpack_needed_magics),
	};

	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
