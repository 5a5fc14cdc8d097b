// SPDX-License-Identifier: GPL-2.0-or-later
/* The export tables of a module file, in every form they have. */
#include "fixture.h"

#include "lib/modexports.h"

static const struct fx_symbol exports[] = {
	{ .name = "first", .crc = 0x11111111 },
	{ .name = "for_gpl", .crc = 0x22222222, .gpl = true },
	{ .name = "in_space", .crc = 0x33333333, .ns = "SPACE" },
	{ .name = "both", .crc = 0x44444444, .gpl = true, .ns = "OTHER" },
	{ .name = "last", .crc = 0x55555555 },
	{ 0 },
};

static struct fx_bytes build(const struct fx_kind *k, enum fx_export_form form)
{
	struct fx_module spec = fx_module_good("exporter");

	spec.kind = k;
	spec.exports = exports;
	spec.export_form = form;
	return fx_module_build(&spec);
}

static struct dg_modfile *parse(struct fx_bytes b)
{
	struct dg_modfile *m;

	fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	return m;
}

static const struct dg_export *export_of(const struct dg_modfile *m, const char *name)
{
	for (size_t i = 0; i < m->n_exports; i++)
		if (dg_streq(m->exports[i].name, name))
			return &m->exports[i];
	return NULL;
}

static void expect(const struct dg_modfile *m, bool crcs)
{
	fx_int(m->n_exports, DG_ARRAY_SIZE(exports) - 1);
	for (const struct fx_symbol *x = exports; x->name; x++) {
		const struct dg_export *e = export_of(m, x->name);

		if (!e)
			print_error("case '%s': no %s\n", fx_case_now, x->name);
		assert_non_null(e);
		fx_str(e->ns, x->ns ? x->ns : "");
		fx_int(e->gpl_only, x->gpl);
		fx_int(e->has_crc, crcs);
		fx_int(e->crc, crcs ? x->crc : 0);
		/* Borrowed from the file. */
		assert_true((const unsigned char *)e->name > m->data &&
			    (const unsigned char *)e->name < m->data + m->len);
	}
}

static void collect_every_kind(enum fx_export_form form, bool crcs)
{
	FX_CASE(k, fx_kinds)
	{
		struct dg_modfile *m = parse(build(k, form));

		expect(m, crcs);
		dg_modfile_free(m);
	}
}

static void test_modexports_collect_relative(void **state)
{
	(void)state;
	collect_every_kind(FX_EXPORT_RELATIVE, true);
}

static void test_modexports_collect_words(void **state)
{
	(void)state;
	collect_every_kind(FX_EXPORT_WORDS, true);
}

static void test_modexports_collect_by_section(void **state)
{
	(void)state;
	collect_every_kind(FX_EXPORT_SECTION, true);
}

/*
 * Before 5.19: __CRC_SYMBOL() in include/linux/export.h is ".weak __crc_NAME; .long
 * __crc_NAME", which leaves zeroes in __kcrctab, a relocation for each, and
 * absolute symbols.
 */
static void test_modexports_collect_absolute_crcs(void **state)
{
	(void)state;
	collect_every_kind(FX_EXPORT_ABSOLUTE_CRCS, true);
}

static void test_modexports_collect_no_crcs(void **state)
{
	(void)state;
	collect_every_kind(FX_EXPORT_NO_CRCS, false);
}

static void test_modexports_collect_none(void **state)
{
	static const struct fx_symbol nothing[] = { { 0 } };
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m = parse(fx_module_build(&spec));

	(void)state;
	assert_int_equal(m->n_exports, 0);
	dg_modfile_free(m);
	spec.exports = nothing;
	m = parse(fx_module_build(&spec));
	assert_int_equal(m->n_exports, 0);
	dg_modfile_free(m);
}

/* A symbol of a telling name is no export, only an entry of the tables is. */
static void test_modexports_collect_symbols_alone(void **state)
{
	static const struct fx_symbol imports[] = {
		{ .name = "__crc_mine", .crc = 1, .section = SHN_ABS },
		{ .name = "__ksymtab_mine", .section = 1 },
		{ .name = "__kstrtab_mine", .section = 1 },
		{ 0 },
	};
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m;

	(void)state;
	spec.imports = imports;
	m = parse(fx_module_build(&spec));
	assert_int_equal(m->n_exports, 0);
	dg_modfile_free(m);
}

/* Fewer CRCs than entries, and more. */
static void test_modexports_collect_odd_crcs(void **state)
{
	static const uint64_t sizes[] = { 0, 3, 4, 8, 11 };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(sizes); i++) {
		struct fx_bytes b = build(&fx_kinds[0], FX_EXPORT_RELATIVE);
		struct dg_modfile *m;

		fx_case("short table of CRCs");
		fx_shdr(&b, "__kcrctab")->sh_size = sizes[i];
		m = parse(b);
		fx_int(m->n_exports, 5);
		fx_int(export_of(m, "first")->crc, sizes[i] < 4 ? 0 : 0x11111111);
		fx_int(export_of(m, "first")->has_crc, sizes[i] != 0);
		fx_int(export_of(m, "last")->crc, 0);
		fx_int(export_of(m, "both")->crc, 0x44444444);
		dg_modfile_free(m);
	}
}

/* What leads nowhere gives an entry without name, never one of another's. */
static void test_modexports_collect_bad_relocations(void **state)
{
	static const struct {
		const char *name;
		uint64_t at, info, addend; /* of the first entry's name; 0: as it was */
	} cases[] = {
		{ "a place outside", 1 << 20, 0, 0 },
		{ "a symbol outside", 0, (uint64_t)0xffffff << 32 | 2, 0 },
		{ "an undefined symbol", 0, (uint64_t)1 << 32 | 2, 0 },
		{ "past the strings", 0, 0, 1 << 20 },
		{ "before the strings", 0, 0, UINT64_MAX },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = build(&fx_kinds[0], FX_EXPORT_RELATIVE);
		Elf64_Rela *r = (Elf64_Rela *)(void *)(b.data + fx_shdr(&b, ".rela__ksymtab")->sh_offset) + 1;
		struct dg_modfile *m;

		r->r_offset = c->at ? c->at : r->r_offset;
		r->r_info = c->info ? c->info : r->r_info;
		r->r_addend = (Elf64_Sxword)c->addend;
		m = parse(b);
		fx_int(m->n_exports, 5);
		fx_str(m->exports[0].name, "");
		fx_int(export_of(m, "first") == NULL, true);
		fx_int(export_of(m, "in_space")->crc, 0x33333333);
		dg_modfile_free(m);
	}
}

/* Entries and relocations that do not go together say nothing that could be relied on. */
static void test_modexports_collect_odd_table(void **state)
{
	static const struct {
		const char *name, *section;
		uint64_t size;
		size_t expected;
	} cases[] = {
		{ "half an entry", "__ksymtab", 30, 2 },
		{ "empty", "__ksymtab", 0, 2 },
		{ "no relocations", ".rela__ksymtab", 0, 2 },
		{ "too few relocations", ".rela__ksymtab", 24, 2 },
		{ "half a relocation", ".rela__ksymtab_gpl", 24 * 5 + 12, 3 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = build(&fx_kinds[0], FX_EXPORT_RELATIVE);
		struct dg_modfile *m;

		fx_shdr(&b, c->section)->sh_size = c->size;
		m = parse(b);
		fx_int(m->n_exports, c->expected);
		dg_modfile_free(m);
	}
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	void *copy = malloc(len ? len : 1);
	struct dg_modfile *m;

	(void)arg;
	assert_non_null(copy);
	memcpy(copy, data, len);
	if (dg_modfile_parse(copy, len, &m, NULL) < 0) {
		free(copy);
		return;
	}
	for (size_t i = 0; i < m->n_exports; i++)
		assert_true(strlen(m->exports[i].name) < len && strlen(m->exports[i].ns) < len);
	dg_modfile_free(m);
}

static void test_modexports_collect_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		struct fx_module spec = fx_module_good("exporter");
		struct fx_bytes b;

		spec.kind = &fx_kinds[i];
		spec.exports = exports;
		spec.size = 128;
		spec.export_form = i % 2 ? FX_EXPORT_ABSOLUTE_CRCS : FX_EXPORT_SECTION;
		b = fx_module_build(&spec);
		fx_hostile(&b, 40000, hostile, NULL);
		fx_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modexports_collect_relative),
		cmocka_unit_test(test_modexports_collect_words),
		cmocka_unit_test(test_modexports_collect_by_section),
		cmocka_unit_test(test_modexports_collect_absolute_crcs),
		cmocka_unit_test(test_modexports_collect_no_crcs),
		cmocka_unit_test(test_modexports_collect_none),
		cmocka_unit_test(test_modexports_collect_symbols_alone),
		cmocka_unit_test(test_modexports_collect_odd_crcs),
		cmocka_unit_test(test_modexports_collect_bad_relocations),
		cmocka_unit_test(test_modexports_collect_odd_table),
		cmocka_unit_test(test_modexports_collect_hostile),
	};

	return cmocka_run_group_tests_name("modexports", tests, NULL, NULL);
}
