// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/modfile.h"

/* Parse what @spec builds. */
static int parse(const struct fx_module *spec, struct dg_modfile **ret, struct dg_diag *d)
{
	struct fx_bytes b = fx_module_build(spec);
	int r = dg_modfile_parse(b.data, b.len, ret, d);

	if (r < 0)
		fx_free(&b);
	return r;
}

static const struct dg_import *import_of(const struct dg_modfile *m, const char *name)
{
	for (size_t i = 0; i < m->n_imports; i++)
		if (dg_streq(m->imports[i].name, name))
			return &m->imports[i];
	return NULL;
}

static void test_modfile_parse_every_kind(void **state)
{
	static const struct fx_symbol imports[] = {
		{ .name = "module_layout", .crc = 0x12345678 },
		{ .name = "kfree", .crc = 0xfedcba98 },
		{ .name = "may_be", .crc = 7, .weak = true },
		{ .name = "unversioned", .no_crc = true },
		{ 0 },
	};
	static const struct fx_symbol exports[] = { { .name = "mine", .crc = 0x0badcafe }, { 0 } };

	(void)state;
	FX_CASE(k, fx_kinds)
	{
		struct fx_module spec = fx_module_good("snd-scap");
		const struct dg_import *i;
		struct dg_modfile *m;

		spec.kind = k;
		spec.build_id = FX_BUILD_ID;
		spec.imports = imports;
		spec.exports = exports;
		fx_int(parse(&spec, &m, NULL), 0);
		fx_str(m->name, "snd_scap");
		fx_str(m->vermagic, FX_VERMAGIC);
		fx_str(m->version, "1.0");
		fx_str(m->license, "GPL");
		fx_str(m->srcversion, "0123456789ABCDEF0123456");
		fx_str(m->depends, "");
		fx_int(m->machine, k->machine);
		fx_int(m->is64, k->is64);
		fx_int(m->this_module_size, 896);
		fx_str(m->build_id, fx_hex(FX_BUILD_ID));
		fx_int(strlen(m->sha256), 64);
		assert_null(m->path);

		fx_int(m->n_imports, 4);
		fx_str(m->imports[0].name, "module_layout");
		fx_int(m->imports[0].crc, 0x12345678);
		i = import_of(m, "kfree");
		fx_int(i->crc, 0xfedcba98);
		fx_int(i->has_crc && !i->weak, true);
		fx_int(import_of(m, "may_be")->weak, true);
		fx_int(import_of(m, "unversioned")->has_crc, false);
		fx_int(m->n_exports, 1);
		fx_str(m->exports[0].name, "mine");
		fx_int(m->exports[0].crc, 0x0badcafe);
		fx_int(m->exports[0].has_crc, true);
		dg_modfile_free(m);
	}
}

static void test_modfile_parse_absolute_crcs(void **state)
{
	static const struct fx_symbol exports[] = { { .name = "mine", .crc = 0x0badcafe }, { 0 } };

	(void)state;
	FX_CASE(k, fx_kinds)
	{
		struct fx_module spec = fx_module_good("scap");
		struct dg_modfile *m;

		spec.kind = k;
		spec.exports = exports;
		spec.absolute_crcs = true;
		fx_int(parse(&spec, &m, NULL), 0);
		fx_int(m->n_exports, 1);
		fx_int(m->exports[0].crc, 0x0badcafe);
		dg_modfile_free(m);
	}
}

static void test_modfile_parse_name_from_this_module(void **state)
{
	(void)state;
	FX_CASE(k, fx_kinds)
	{
		struct fx_module spec = fx_module_good("old-driver");
		struct dg_modfile *m;

		spec.kind = k;
		spec.no_modinfo_name = true;
		fx_int(parse(&spec, &m, NULL), 0);
		fx_str(m->name, "old_driver");
		dg_modfile_free(m);
	}
}

static void test_modfile_parse_without_versions(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m;

	(void)state;
	spec.no_versions = true;
	spec.build_id = NULL;
	spec.version = NULL;
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_false(m->has_versions);
	assert_string_equal(m->version, "");
	assert_string_equal(m->build_id, "");
	assert_null(import_of(m, "module_layout"));
	assert_false(import_of(m, "kfree")->has_crc);
	dg_modfile_free(m);
}

static void test_modfile_parse_refused(void **state)
{
	static const struct {
		const char *name;
		struct fx_module spec;
		const char *what;
	} cases[] = {
		{ "an executable", { .name = "scap", .type = ET_DYN }, "not relocatable" },
		{ "an object", { .name = "scap", .no_this_module = true }, "no kernel module" },
		{ "no modinfo", { .name = "scap", .no_modinfo = true }, "no kernel module" },
		{ "no name", { .name = "", .no_modinfo_name = true }, "name" },
		{ "no room for a name", { .name = "scap", .no_modinfo_name = true, .size = 20 }, "name" },
		{ "a path for a name", { .name = "../../etc/passwd" }, "name" },
		{ "a control in the name", { .name = "a\033b" }, "name" },
		{ "an endless record", { .name = "scap", .imports = fx_symbols, .bad_versions = true }, "__versions" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_modfile *m = (struct dg_modfile *)1;
		struct dg_diag d = { 0 };

		fx_int(parse(&c->spec, &m, &d), -EBADMSG);
		assert_ptr_equal(m, (struct dg_modfile *)1);
		if (!strstr(d.what, c->what))
			print_error("case '%s': \"%s\"\n", c->name, d.what);
		assert_non_null(strstr(d.what, c->what));
	}
}

/* The parser owns what it took: a copy each time, of just that length. */
static void hostile(const unsigned char *data, size_t len, void *arg)
{
	void *copy = malloc(len ? len : 1);
	struct dg_modfile *m;
	int r;

	(void)arg;
	assert_non_null(copy);
	memcpy(copy, data, len);
	r = dg_modfile_parse(copy, len, &m, NULL);
	if (r < 0) {
		assert_int_equal(r, -EBADMSG);
		free(copy);
		return;
	}
	assert_true(dg_modname_valid(m->name));
	for (size_t i = 0; i < m->n_imports; i++)
		assert_true(strlen(m->imports[i].name) < len);
	for (size_t i = 0; i < m->n_exports; i++)
		assert_true(strlen(m->exports[i].name) < len);
	assert_true(strlen(m->vermagic) + strlen(m->version) + strlen(m->license) < len);
	dg_modfile_free(m);
}

static void test_modfile_parse_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		struct fx_module spec = fx_module_good("scap");
		struct fx_bytes b;

		spec.kind = &fx_kinds[i];
		spec.exports = fx_symbols;
		spec.size = 128;
		b = fx_module_build(&spec);
		fx_hostile(&b, 40000, hostile, NULL);
		fx_free(&b);
	}
}

/* Sections' sizes are what a damaged header gets wrong first. */
static void test_modfile_parse_odd_section_sizes(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 3, 7, 8, 63, 65 };
	struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b;
	uint64_t shoff;

	(void)state;
	spec.exports = fx_symbols;
	b = fx_module_build(&spec);
	memcpy(&shoff, b.data + 40, sizeof(shoff));
	for (size_t section = 1; shoff + section * 64 < b.len; section++)
		for (size_t i = 0; i < DG_ARRAY_SIZE(sizes); i++) {
			unsigned char *size = b.data + shoff + section * 64 + 32, was[8];

			memcpy(was, size, 8);
			fx_set_int(size, sizes[i], 8, false);
			hostile(b.data, b.len, NULL);
			memcpy(size, was, 8);
		}
	fx_free(&b);
}

static void test_modfile_read_packed(void **state)
{
	static const struct {
		const char *name, *file;
	} cases[] = { { "gzip", "/scap.ko.gz" }, { "xz", "/scap.ko.xz" }, { "zstd", "/scap.ko.zst" } };
	const struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec);
	struct dg_modfile *plain;

	fx_write(*state, "/scap.ko", b.data, b.len);
	assert_int_equal(dg_modfile_read(fx_at(*state, "/scap.ko"), &plain, NULL), 0);
	assert_string_equal(plain->path, fx_at(*state, "/scap.ko"));
	FX_CASE(c, cases)
	{
		struct fx_bytes packed = fx_pack(c->name, b.data, b.len);
		struct dg_modfile *m;

		fx_write(*state, c->file, packed.data, packed.len);
		fx_free(&packed);
		fx_int(dg_modfile_read(fx_at(*state, c->file), &m, NULL), 0);
		fx_str(m->sha256, plain->sha256);
		fx_int(m->len, b.len);
		dg_modfile_free(m);
	}
	dg_modfile_free(plain);
	fx_free(&b);
}

static void test_modfile_read_errors(void **state)
{
	static const struct {
		const char *name; /* the file, too */
		int expected;
	} cases[] = {
		{ "/absent.ko", -ENOENT },   { "/dir.ko", -EISDIR },	     { "/dangling.ko", -ENOENT },
		{ "/looping.ko", -ELOOP },   { "/fifo.ko", -ENXIO },	     { "/text.ko", -EBADMSG },
		{ "/empty.ko", -EBADMSG },   { "/cut.ko", -EBADMSG },	     { "/cut.ko.gz", -EBADMSG },
		{ "/text.ko.gz", -EBADMSG }, { "/text.ko/below", -ENOTDIR },
	};
	const struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec), packed = fx_pack("gzip", b.data, b.len);

	fx_mkdir(*state, "/dir.ko");
	fx_text(*state, "/text.ko", "this is a text\n");
	fx_text(*state, "/text.ko.gz", "\x1f\x8b and then some text\n");
	fx_text(*state, "/empty.ko", "");
	fx_write(*state, "/cut.ko", b.data, b.len / 2);
	fx_write(*state, "/cut.ko.gz", packed.data, packed.len / 2);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/dangling.ko")), 0);
	assert_int_equal(symlink("looping.ko", fx_at(*state, "/looping.ko")), 0);
	assert_int_equal(mkfifo(fx_at(*state, "/fifo.ko"), 0644), 0);
	FX_CASE(c, cases)
	{
		struct dg_modfile *m = (struct dg_modfile *)1;
		struct dg_diag d = { 0 };

		fx_int(dg_modfile_read(fx_at(*state, c->name), &m, &d), c->expected);
		fx_str(d.where, fx_at(*state, c->name));
		assert_true(d.what[0]);
		assert_ptr_equal(m, (struct dg_modfile *)1);
	}
	fx_free(&b);
	fx_free(&packed);
}

static void test_modfile_is_named_suffix(void **state)
{
	static const struct {
		const char *name;
		bool expected;
	} cases[] = {
		{ "scap.ko", true },	  { "scap.ko.gz", true },   { "scap.ko.xz", true }, { "scap.ko.zst", true },
		{ "scap.ko.sig", false }, { "scap.o", false },	    { "ko", false },	    { "", false },
		{ "scap.ko.old", false }, { "scap.ko.gz~", false },
	};

	(void)state;
	FX_CASE(c, cases)
	fx_int(dg_modfile_is_named(c->name), c->expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modfile_parse_every_kind),
		cmocka_unit_test(test_modfile_parse_absolute_crcs),
		cmocka_unit_test(test_modfile_parse_name_from_this_module),
		cmocka_unit_test(test_modfile_parse_without_versions),
		cmocka_unit_test(test_modfile_parse_refused),
		cmocka_unit_test(test_modfile_parse_hostile),
		cmocka_unit_test(test_modfile_parse_odd_section_sizes),
		FX_TEST(test_modfile_read_packed),
		FX_TEST(test_modfile_read_errors),
		cmocka_unit_test(test_modfile_is_named_suffix),
	};

	return cmocka_run_group_tests_name("modfile", tests, NULL, NULL);
}
