// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/packing.h"

static void test_packing_of(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		enum dg_packing expected;
	} cases[] = {
		{ "gzip", "\x1f\x8b\x08", 3, DG_PACKING_GZIP },	     { "xz", "\xfd\x37zXZ\0\0\1", 8, DG_PACKING_XZ },
		{ "half of xz", "\xfd\x37zXZ", 5, DG_PACKING_NONE }, { "zstd", "\x28\xb5\x2f\xfd", 4, DG_PACKING_ZSTD },
		{ "lz4", "\x04\x22\x4d\x18", 4, DG_PACKING_NONE },   { "nothing", "", 0, DG_PACKING_NONE },
	};

	(void)state;
	FX_CASE(c, cases)
	fx_int(dg_packing_of(c->bytes, c->len), c->expected);
}

/* The first bytes of an archive, as xz writes them; what lib/xz answers was asked of a kernel. */
static void test_packing_xz_objection(void **state)
{
#define XZ "\xfd\x37zXZ\0\0"
#define HEAD(check) XZ check "abcd"
	static const struct {
		const char *name, *bytes;
		size_t len;
		bool refused;
	} cases[] = {
		{ "CRC32", HEAD("\1") "\2\0\x21\1\x16\0\0\0", 20, false },
		{ "no check", HEAD("\0") "\2\0\x21\1\x16\0\0\0", 20, false },
		{ "CRC64", HEAD("\4") "\2\0\x21\1\x16\0\0\0", 20, true },
		{ "SHA-256", HEAD("\12") "\2\0\x21\1\x16\0\0\0", 20, true },
		{ "with both lengths", HEAD("\1") "\5\xc0\x80\x81\1\xff\2\x21\1\x16\0\0\0\0", 26, false },
		{ "x86", HEAD("\1") "\2\1\4\0\x21\1\x16\0", 20, false },
		{ "x86 from somewhere", HEAD("\1") "\3\1\4\4\0\x10\0\0\x21\1\x16\0", 24, true },
		{ "arm, not configured", HEAD("\1") "\2\1\7\0\x21\1\x16\0", 20, true },
		{ "delta", HEAD("\1") "\2\1\3\1\0\x21\1\x16", 20, true },
		{ "a filter of no known number", HEAD("\1") "\2\1\xff\0\x21\1\x16\0", 20, true },
		{ "three filters", HEAD("\1") "\3\2\4\0\3\1\0\x21\1\x16\0\0", 24, true },
		{ "another than LZMA2", HEAD("\1") "\2\0\4\0\0\0\0\0", 20, true },
		{ "no block", HEAD("\1") "\0\0\0\0\0\0\0\0", 20, false },
		{ "cut in the header", HEAD("\1") "\2\1\4", 15, false },
		{ "a length without an end", HEAD("\1") "\2\x40\xff\xff\xff\xff", 18, false },
		{ "nothing", "", 0, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_guarded g = fx_guarded_new(32);

		fx_guarded_fill(&g, c->bytes, c->len);
		fx_int(dg_packing_xz_objection(g.data, g.len, 1 << 4) != NULL, c->refused);
		fx_guarded_free(&g);
	}
}

static void test_packing_kmod_parse(void **state)
{
	static const struct {
		const char *name, *program;
		size_t len;
		unsigned int version;
		bool gzip, xz, zstd;
	} cases[] = {
#define PROGRAM(s) s, sizeof(s) - 1
		{ "Debian 12", PROGRAM("ELF\0kmod version 30\0+ZSTD +XZ -ZLIB +LIBCRYPTO -EXPERIMENTAL\0x"), 30, false,
		  true, true },
		{ "features first", PROGRAM("\0-ZSTD -XZ +ZLIB +OPENSSL\0kmod version 34.2\0"), 34, true, false,
		  false },
		{ "before zstd", PROGRAM("kmod version 26\0\0+XZ +ZLIB -EXPERIMENTAL\0"), 26, true, true, false },
		{ "of another string", PROGRAM("kmod version 30\0+ZSTD\0-XZ -ZLIB\0"), 30, false, false, false },
		{ "no version", PROGRAM("+ZSTD +XZ +ZLIB"), 0, false, false, false },
		{ "a version that is none", PROGRAM("kmod version x\0+ZSTD +XZ +ZLIB"), 0, false, false, false },
		{ "no features", PROGRAM("kmod version 30"), 0, false, false, false },
		{ "busybox", PROGRAM("BusyBox v1.35.0"), 0, false, false, false },
		{ "cut", PROGRAM("kmod version 30\0+ZSTD +XZ +ZLIB"), 30, true, true, true },
		{ "nothing", PROGRAM(""), 0, false, false, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		dg_auto_free char *program = calloc(1, c->len + 1);
		struct dg_kmod k;

		memcpy(program, c->program, c->len);
		dg_kmod_parse(program, c->len, &k);
		fx_int(k.version, c->version);
		fx_int(k.reads[DG_PACKING_GZIP], c->gzip);
		fx_int(k.reads[DG_PACKING_XZ], c->xz);
		fx_int(k.reads[DG_PACKING_ZSTD], c->zstd);
	}
}

/* As distributions lay it out: a link to the one program, absolute and inside the root. */
static void test_packing_kmod_read(void **state)
{
	struct dg_kmod k = { .version = 1 };

	dg_kmod_read(*state, &k);
	assert_int_equal(k.version, 0);
	fx_text(*state, "/usr/bin/kmod", "kmod version 29 +ZSTD +XZ +ZLIB");
	dg_kmod_read(*state, &k);
	assert_int_equal(k.version, 29);
	fx_text(*state, "/opt/kmod", "kmod version 31 +ZSTD +XZ +ZLIB");
	fx_mkdir(*state, "/sbin");
	assert_int_equal(symlink("/opt/kmod", fx_at(*state, "/sbin/modprobe")), 0);
	dg_kmod_read(*state, &k);
	assert_int_equal(k.version, 31);
	/* What is there counts, though it says nothing. */
	fx_text(*state, "/opt/kmod", "BusyBox");
	dg_kmod_read(*state, &k);
	assert_int_equal(k.version, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packing_of),
		cmocka_unit_test(test_packing_xz_objection),
		cmocka_unit_test(test_packing_kmod_parse),
		FX_TEST(test_packing_kmod_read),
	};

	return cmocka_run_group_tests_name("packing", tests, NULL, NULL);
}
