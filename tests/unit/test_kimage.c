// SPDX-License-Identifier: GPL-2.0-or-later
#include "signing.h"

#include "lib/kimage.h"

#define BANNER "6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-10)"

static const struct fx_symbol gpl[] = { { .name = "gpl_only", .crc = 0x99999999, .gpl = true, .ns = "SPACE" }, { 0 } };

static void expect_exports(const struct dg_symtab *t, bool crcs, bool namespaces)
{
	const struct dg_export_entry *only;

	fx_int(dg_symtab_count(t), 4);
	for (const struct fx_symbol *s = fx_symbols; s->name; s++) {
		const struct dg_export_entry *e = dg_symtab_find(t, s->name);

		assert_non_null(e);
		fx_str(e->owner, "vmlinux");
		fx_int(e->has_crc, crcs);
		if (crcs)
			fx_int(e->crc, s->crc);
		fx_int(e->gpl_only, false);
		fx_str(e->ns, "");
	}
	only = dg_symtab_find(t, "gpl_only");
	assert_non_null(only);
	fx_int(only->gpl_only, true);
	fx_str(only->ns, namespaces ? "SPACE" : "");
}

static int read_image(const struct fx_bytes *b, struct dg_symtab **t, char id[DG_BUILD_ID_HEX], struct dg_diag *d)
{
	struct dg_kimage image = { 0 };
	int r;

	assert_int_equal(dg_symtab_new(t), 0);
	image.symtab = *t;
	r = dg_kimage_read(b->data, b->len, &image, d);
	memcpy(id, image.build_id, DG_BUILD_ID_HEX);
	dg_keys_free(image.keys);
	return r;
}

static void test_kimage_read_every_layout(void **state)
{
	static const struct {
		const char *name;
		size_t kind, stride;
		bool no_crcs;
	} cases[] = {
		{ "relative, namespace", 0, 12, false },
		{ "relative", 0, 8, false },
		{ "pointers", 0, 16, false },
		{ "pointers, namespace", 0, 24, false },
		{ "no CRCs", 0, 12, true },
		{ "32 bits", 1, 12, false },
		{ "s390x", 2, 12, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		const struct fx_vmlinux v = { .kind = &fx_kinds[c->kind],
					      .plain = fx_symbols,
					      .gpl = gpl,
					      .stride = c->stride,
					      .no_crcs = c->no_crcs };
		struct fx_bytes b = fx_vmlinux_build(&v);
		char id[DG_BUILD_ID_HEX] = "x";
		struct dg_symtab *t;

		fx_int(read_image(&b, &t, id, NULL), 0);
		fx_str(id, "");
		expect_exports(t, !c->no_crcs, c->stride == 12 || c->stride == 24);
		dg_symtab_free(t);
		fx_free(&b);
	}
}

static void test_kimage_read_build_id(void **state)
{
	(void)state;
	FX_CASE(k, fx_kinds)
	{
		const struct fx_vmlinux v = { .kind = k, .plain = fx_symbols, .build_id = FX_BUILD_ID };
		struct fx_bytes b = fx_vmlinux_build(&v);
		struct dg_kimage image = { 0 };

		fx_int(dg_kimage_read(b.data, b.len, &image, NULL), 0);
		fx_str(image.build_id, fx_hex(FX_BUILD_ID));
		assert_null(image.keys);
		fx_free(&b);
	}
}

/* The certificates that the kernel's build put into .init.data. */
static void test_kimage_read_keys(void **state)
{
	struct fx_signer signer = fx_signer_new(EVP_RSA_gen(2048), 7);
	struct fx_bytes init = { 0 }, message, b;
	struct fx_vmlinux v = { .plain = fx_symbols, .init_data = &init };
	struct dg_kimage image = { 0 };

	(void)state;
	fx_put_zero(&init, 64);
	fx_put_cert(&init, &signer);
	fx_put_zero(&init, 64);
	b = fx_vmlinux_build(&v);
	/* They come with the exports: who asks for the build-id alone pays for neither. */
	assert_int_equal(dg_kimage_read(b.data, b.len, &image, NULL), 0);
	assert_null(image.keys);
	assert_int_equal(dg_symtab_new(&image.symtab), 0);
	assert_int_equal(dg_kimage_read(b.data, b.len, &image, NULL), 0);
	assert_int_equal(dg_keys_count(image.keys), 1);
	message = fx_sign(&signer, 1, "module", 6, NULL);
	assert_int_equal(dg_signature_verify((struct dg_span){ (const unsigned char *)"module", 6 },
					     (struct dg_span){ message.data, message.len }, image.keys),
			 0);
	dg_keys_free(image.keys);
	dg_symtab_free(image.symtab);
	fx_free(&message);
	fx_free(&init);
	fx_free(&b);
	fx_signer_free(&signer);
}

static const struct {
	const char *name;
	bool size_word;
} packers[] = {
	{ "gzip", false }, { "xz", true }, { "lzma", true }, { "zstd", true }, { "bzip2", true }, { "lz4", true },
#ifdef DG_HAVE_LZO
	{ "lzop", true },
#endif
};

static struct fx_bytes make_bzimage(const char *filter, bool size_word)
{
	const struct fx_vmlinux v = { .plain = fx_symbols, .gpl = gpl, .build_id = FX_BUILD_ID };
	struct fx_bytes b = fx_vmlinux_build(&v), packed = fx_pack(filter, b.data, b.len), image;

	image = fx_bzimage(&packed, BANNER, size_word);
	fx_free(&b);
	fx_free(&packed);
	return image;
}

static void test_kimage_read_bzimage(void **state)
{
	(void)state;
	FX_CASE(c, packers)
	{
		struct fx_bytes b = make_bzimage(c->name, c->size_word);
		char id[DG_BUILD_ID_HEX];
		struct dg_symtab *t;

		fx_int(read_image(&b, &t, id, NULL), 0);
		fx_str(id, fx_hex(FX_BUILD_ID));
		expect_exports(t, true, true);
		dg_symtab_free(t);
		fx_free(&b);
	}
}

static void test_kimage_read_damaged(void **state)
{
	static const struct {
		const char *name;
		const char *symbols, *crcs, *strings;
		size_t symbols_len, crcs_len, strings_len;
	} cases[] = {
		{ "one byte of CRCs", "aaaabbbbcccc", "x", "s", 12, 1, 2 },
		{ "three bytes of CRCs", "aaaabbbbcccc", "xyz", "s", 12, 3, 2 },
		{ "more CRCs than symbols", "aaaabbbbcccc", "aaaabbbbcccc", "s", 12, 12, 2 },
		{ "fewer CRCs", "aaaabbbbccccaaaabbbbccccaaaabbbbcccc", "aaaabbbb", "s", 36, 8, 2 },
		{ "no strings", "aaaabbbbcccc", "aaaa", "", 12, 4, 0 },
		{ "strings without an end", "aaaabbbbcccc", "aaaa", "s", 12, 4, 1 },
		{ "a name outside", "\0\0\0\0\0\0\0\x7f\0\0\0\0", "aaaa", "s", 12, 4, 2 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_elf e = { .kind = &fx_kinds[0], .type = ET_EXEC };
		char id[DG_BUILD_ID_HEX];
		struct dg_diag d = { 0 };
		struct fx_section *s;
		struct dg_symtab *t;
		struct fx_bytes b;

		s = fx_elf_add(&e, "__ksymtab", SHT_PROGBITS);
		s->addr = 0xc1001000;
		fx_put(&s->bytes, c->symbols, c->symbols_len);
		s = fx_elf_add(&e, "__kcrctab", SHT_PROGBITS);
		fx_put(&s->bytes, c->crcs, c->crcs_len);
		s = fx_elf_add(&e, "__ksymtab_strings", SHT_PROGBITS);
		s->addr = 0xc1003000;
		fx_put(&s->bytes, c->strings, c->strings_len);
		b = fx_elf_finish(&e);
		fx_int(read_image(&b, &t, id, &d), -EBADMSG);
		assert_true(d.what[0]);
		dg_symtab_free(t);
		fx_free(&b);
	}
}

static void test_kimage_read_no_kernel(void **state)
{
	static const struct {
		const char *name, *input;
		size_t len;
	} cases[] = { { "nothing", "", 0 }, { "text", "vmlinuz", 7 }, { "arm64 Image", "MZ\0\0ARM\x64", 8 } };

	(void)state;
	FX_CASE(c, cases)
	{
		char id[DG_BUILD_ID_HEX];
		struct dg_symtab *t;
		struct fx_bytes b = { (unsigned char *)(uintptr_t)c->input, c->len };
		struct dg_diag d = { 0 };

		fx_int(read_image(&b, &t, id, &d), -EBADMSG);
		assert_true(d.what[0]);
		dg_symtab_free(t);
	}
}

static void test_kimage_read_bad_payload(void **state)
{
	static const struct {
		const char *name;
		uint32_t offset, length;
	} cases[] = {
		{ "offset past the end", 0x7fffffff, 100 },
		{ "length past the end", 16, 0x7fffffff },
		{ "both wrap", 0xffffffff, 0xffffffff },
		{ "no payload", 16, 0 },
		{ "seven bytes", 16, 7 },
		{ "another place", 0, 64 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = make_bzimage("gzip", false);
		char id[DG_BUILD_ID_HEX];
		struct dg_symtab *t;

		fx_set_int(b.data + 0x248, c->offset, 4, false);
		fx_set_int(b.data + 0x24c, c->length, 4, false);
		fx_int(read_image(&b, &t, id, NULL), -EBADMSG);
		dg_symtab_free(t);
		fx_free(&b);
	}
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	struct dg_kimage image = { .symtab = arg };
	char *banner;
	int r = dg_kimage_read(data, len, &image, NULL);

	assert_true(r == 0 || r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT);
	if (r == 0)
		assert_true(strlen(image.build_id) < sizeof(image.build_id));
	dg_keys_free(image.keys);
	r = dg_kimage_banner(data, len, &banner);
	assert_true(r == 0 || r == -ENODATA);
	if (r == 0)
		free(banner);
}

static void test_kimage_read_hostile(void **state)
{
	struct dg_symtab *t;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		const struct fx_vmlinux v = {
			.kind = &fx_kinds[i], .plain = fx_symbols, .gpl = gpl, .build_id = FX_BUILD_ID
		};
		struct fx_bytes b = fx_vmlinux_build(&v);

		fx_hostile(&b, 40000, hostile, t);
		fx_free(&b);
	}
	dg_symtab_free(t);
}

static void test_kimage_read_hostile_bzimage(void **state)
{
	struct dg_symtab *t;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i += 3) {
		struct fx_bytes b = make_bzimage(packers[i].name, packers[i].size_word);

		fx_hostile(&b, 4000, hostile, t);
		fx_free(&b);
	}
	dg_symtab_free(t);
}

static void test_kimage_banner_found(void **state)
{
	struct fx_bytes b = make_bzimage("gzip", false);
	char *banner;

	(void)state;
	assert_int_equal(dg_kimage_banner(b.data, b.len, &banner), 0);
	assert_string_equal(banner, BANNER);
	free(banner);
	fx_free(&b);
}

static void test_kimage_banner_none(void **state)
{
	static const struct {
		const char *name;
		uint16_t at, protocol;
		size_t len; /* 0: all */
	} cases[] = {
		{ "not said where", 0, 0x020f, 0 },
		{ "old protocol", 0x200, 0x0207, 0 },
		{ "past the end", 0xffff, 0x020f, 0 },
		{ "cut before it", 0x200, 0x020f, 0x400 },
		{ "cut in the header", 0x200, 0x020f, 0x250 },
		{ "nothing", 0x200, 0x020f, 1 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = make_bzimage("gzip", false);
		char *banner = (char *)1;

		fx_set_int(b.data + 0x20e, c->at, 2, false);
		fx_set_int(b.data + 0x206, c->protocol, 2, false);
		fx_int(dg_kimage_banner(b.data, c->len ? c->len : b.len, &banner), -ENODATA);
		assert_ptr_equal(banner, (char *)1);
		fx_free(&b);
	}
}

/* A file read only up to DG_KIMAGE_BANNER_END has the banner that lies furthest. */
static void test_kimage_banner_furthest(void **state)
{
	struct fx_bytes b = { 0 };
	char *banner;

	(void)state;
	fx_put_zero(&b, DG_KIMAGE_BANNER_END);
	memcpy(b.data + 0x202, "HdrS", 4);
	fx_set_int(b.data + 0x206, 0x020f, 2, false);
	fx_set_int(b.data + 0x20e, 0xffff, 2, false);
	memset(b.data + 0xffff + 0x200, 'b', 511);
	assert_int_equal(dg_kimage_banner(b.data, b.len, &banner), 0);
	assert_int_equal(strlen(banner), 511);
	free(banner);
	fx_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kimage_read_every_layout),
		cmocka_unit_test(test_kimage_read_build_id),
		cmocka_unit_test(test_kimage_read_keys),
		cmocka_unit_test(test_kimage_read_bzimage),
		cmocka_unit_test(test_kimage_read_damaged),
		cmocka_unit_test(test_kimage_read_no_kernel),
		cmocka_unit_test(test_kimage_read_bad_payload),
		cmocka_unit_test(test_kimage_read_hostile),
		cmocka_unit_test(test_kimage_read_hostile_bzimage),
		cmocka_unit_test(test_kimage_banner_found),
		cmocka_unit_test(test_kimage_banner_none),
		cmocka_unit_test(test_kimage_banner_furthest),
	};

	return cmocka_run_group_tests_name("kimage", tests, NULL, NULL);
}
