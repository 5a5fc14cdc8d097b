// SPDX-License-Identifier: GPL-2.0-or-later
/* Against the tools that people will compare with: sum(1), cksum(1), sha256sum(1). */
#include "fixture.h"

#include "lib/digest.h"

static const struct {
	const char *name;
	size_t len;
	char fill; /* 'r': random, else this byte throughout */
} inputs[] = {
	{ "empty", 0, 'r' },	      { "one byte", 1, 'r' },
	{ "one zero byte", 1, '\0' }, { "511", 511, 'r' },
	{ "512", 512, 'r' },	      { "513", 513, 'r' },
	{ "1023", 1023, 'r' },	      { "1024", 1024, 'r' },
	{ "1025", 1025, 'r' },	      { "65536 of ff", 65536, '\xff' },
	{ "1 MiB", 1 << 20, 'r' },    { "1 MiB of zero", 1 << 20, '\0' },
};

/* A generator of its own, so that a failure can be run again. */
static struct fx_bytes make_input(size_t len, char fill)
{
	struct fx_bytes b = { 0 };
	uint64_t x = 0x9e3779b97f4a7c15u + len;

	fx_put_zero(&b, len);
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b.data[i] = fill == 'r' ? (unsigned char)(x >> 32) : (unsigned char)fill;
	}
	return b;
}

/* The first words of what @tool prints of @path. */
static void ask(const char *tool, const char *path, char *buf, int size)
{
	char command[640];
	FILE *p;

	snprintf(command, sizeof(command), "LC_ALL=C %s < '%s'", tool, path);
	p = popen(command, "re");
	assert_non_null(p);
	assert_non_null(fgets(buf, size, p));
	assert_int_equal(pclose(p), 0);
	buf[strcspn(buf, "\n")] = '\0';
	buf[strcspn(buf, " ")] = '\0';
}

static void compare(void **state, const char *tool, void (*ours)(const void *, size_t, char *, size_t))
{
	FX_CASE(c, inputs)
	{
		struct fx_bytes b = make_input(c->len, c->fill);
		char want[128], have[128];

		fx_write(*state, "/input", b.data, b.len);
		ask(tool, fx_at(*state, "/input"), want, sizeof(want));
		ours(b.data, b.len, have, sizeof(have));
		fx_free(&b);
		fx_str(have, want);
	}
}

static void sum_bsd(const void *data, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "%05u", dg_sum_bsd(data, len));
}

static void sum_sysv(const void *data, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "%u", dg_sum_sysv(data, len));
}

static void cksum(const void *data, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "%u", dg_cksum(data, len));
}

static void sha256(const void *data, size_t len, char *buf, size_t size)
{
	assert_true(size >= DG_SHA256_HEX);
	assert_int_equal(dg_sha256(data, len, buf), 0);
}

static void test_sum_bsd_like_sum(void **state)
{
	compare(state, "sum -r", sum_bsd);
}

static void test_sum_sysv_like_sum(void **state)
{
	compare(state, "sum -s", sum_sysv);
}

static void test_cksum_like_cksum(void **state)
{
	compare(state, "cksum", cksum);
}

static void test_sha256_like_sha256sum(void **state)
{
	compare(state, "sha256sum", sha256);
}

/* 16 MiB of 0xff: the sum leaves 31 bits behind. */
static void test_sum_sysv_wide_sum(void **state)
{
	struct fx_bytes b = make_input((size_t)17 << 20, '\xff');
	char want[64], have[64];

	fx_write(*state, "/input", b.data, b.len);
	ask("sum -s", fx_at(*state, "/input"), want, sizeof(want));
	sum_sysv(b.data, b.len, have, sizeof(have));
	fx_free(&b);
	assert_string_equal(have, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_sum_bsd_like_sum),	     FX_TEST(test_sum_sysv_like_sum), FX_TEST(test_cksum_like_cksum),
		FX_TEST(test_sha256_like_sha256sum), FX_TEST(test_sum_sysv_wide_sum),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
