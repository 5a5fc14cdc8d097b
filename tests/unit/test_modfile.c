// SPDX-License-Identifier: GPL-2.0-or-later
#include "signing.h"

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
		fx_str(m->sha256, "");
		fx_int(dg_modfile_hash(m), 0);
		fx_int(strlen(m->sha256), 64);
		fx_int(m->has_vermagic && m->has_license && m->has_versions, true);
		fx_int(m->in_tree || m->livepatch || m->nameless || m->has_ext_versions || m->ext_unpaired, false);
		fx_int(m->signature, DG_SIGNATURE_NONE);
		fx_int(m->signed_len, m->len);
		assert_null(m->path);

		/* No symbol, but a record, which the loader compares first. */
		fx_int(m->n_imports, 3);
		assert_null(import_of(m, "module_layout"));
		fx_str(m->layout.name, "module_layout");
		fx_int(m->layout.crc, 0x12345678);
		fx_int(m->layout.has_crc && !m->layout.has_ext_crc, true);
		i = import_of(m, "kfree");
		fx_int(i->crc, 0xfedcba98);
		fx_int(i->has_crc && !i->weak && !i->has_ext_crc, true);
		fx_int(i->kind, DG_IMPORT_SYMBOL);
		fx_int(import_of(m, "may_be")->weak, true);
		fx_int(import_of(m, "unversioned")->has_crc, false);
		fx_int(m->n_exports, 1);
		fx_str(m->exports[0].name, "mine");
		fx_int(m->exports[0].crc, 0x0badcafe);
		fx_int(m->exports[0].has_crc, true);
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
	assert_false(m->layout.has_crc);
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
		{ "neither", { .name = "scap", .no_this_module = true, .no_modinfo = true }, "no kernel module" },
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

/* What a kernel refuses later, or not at all, is parsed, since the verdict has to tell of it. */
static void test_modfile_parse_odd(void **state)
{
	static const struct {
		const char *name;
		struct fx_module spec;
		const char *expected; /* its name */
		bool nameless;
	} cases[] = {
		{ "no struct module", { .name = "scap", .no_this_module = true }, "scap", false },
		{ "no .modinfo", { .name = "scap", .no_modinfo = true }, "scap", false },
		{ "no name", { .name = "", .no_modinfo_name = true }, "", true },
		{ "no name in struct module", { .name = "scap", .no_struct_name = true }, "scap", true },
		{ "no room for a name", { .name = "scap", .no_modinfo_name = true, .size = 20 }, "", false },
		{ "a path for a name", { .name = "../../etc/passwd" }, "", false },
		{ "a control in the name", { .name = "a\033b" }, "", false },
		{ "a name too long",
		  { .name = "a123456789b123456789c123456789d123456789e123456789f123456789", .no_struct_name = true },
		  "",
		  true },
		{ "no symbols", { .name = "scap", .no_symbols = true }, "scap", false },
		{ "an endless record", { .name = "scap", .imports = fx_symbols, .bad_versions = true }, "scap", false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_modfile *m;

		fx_int(parse(&c->spec, &m, NULL), 0);
		fx_str(m->name, c->expected);
		fx_int(m->nameless, c->nameless);
		fx_int(m->this_module_size, c->spec.no_this_module ? 0 : c->spec.size ? c->spec.size : 896);
		fx_int(m->has_vermagic, false);
		fx_str(m->vermagic, "");
		/* A record without an end equals no symbol's. */
		for (size_t i = 0; i < m->n_imports; i++)
			fx_int(m->imports[i].has_crc, false);
		dg_modfile_free(m);
	}
}

static void test_modfile_parse_licence(void **state)
{
	static const struct {
		const char *name, *license;
		bool has;
	} cases[] = { { "GPL", NULL, true }, { "Proprietary", "Proprietary", true }, { "", "", false } };

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_module spec = fx_module_good("scap");
		struct dg_modfile *m;

		spec.license = c->license;
		fx_int(parse(&spec, &m, NULL), 0);
		fx_str(m->license, c->name);
		fx_int(m->has_license, c->has);
		dg_modfile_free(m);
	}
}

static void test_modfile_imports_ns_named(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m;

	(void)state;
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_false(dg_modfile_imports_ns(m, "SPACE"));
	assert_false(dg_modfile_imports_ns(m, ""));
	dg_modfile_free(m);
	spec.import_ns = "SPACE";
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_true(dg_modfile_imports_ns(m, "SPACE"));
	assert_false(dg_modfile_imports_ns(m, "SPAC"));
	assert_false(dg_modfile_imports_ns(m, "SPACES"));
	dg_modfile_free(m);
	spec.no_modinfo = true;
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_false(dg_modfile_imports_ns(m, "SPACE"));
	dg_modfile_free(m);
}

/* Of several records the loader takes the first, of names alike in any order. */
static void test_modfile_parse_first_record(void **state)
{
	static const struct fx_symbol records[] = {
		{ .name = "zz", .crc = 1 },
		{ .name = "kfree", .crc = 0xaaaaaaaa },
		{ .name = "module_layout", .crc = 5 },
		{ .name = "kfree", .crc = 2 },
		{ .name = "_printk", .crc = 3 },
		{ .name = "kfree", .crc = 4 },
		{ .name = "module_layout" },
		{ .name = "kfre", .crc = 6 },
		{ .name = "kfree2", .crc = 7 },
		{ 0 },
	};
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m;

	(void)state;
	spec.versions = records;
	spec.ext = records;
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_int_equal(import_of(m, "kfree")->crc, 0xaaaaaaaa);
	assert_int_equal(import_of(m, "_printk")->crc, 3);
	assert_int_equal(m->layout.crc, 5);
	assert_int_equal(import_of(m, "kfree")->ext_crc, 0xaaaaaaaa);
	assert_int_equal(m->layout.ext_crc, 5);
	dg_modfile_free(m);
}

/* unsigned long: all of its 64 bits are compared. */
static void test_modfile_parse_wide_crc(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec);
	struct dg_modfile *m;

	(void)state;
	b.data[fx_shdr(&b, "__versions")->sh_offset + 64 + 7] = 0x80;
	assert_int_equal(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	assert_int_equal(import_of(m, "_printk")->crc, 0x8000000092997ed8);
	dg_modfile_free(m);
}

/* find_sec() passes over a section that is not marked to be loaded. */
static void test_modfile_parse_versions_not_allocated(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec);
	struct dg_modfile *m;

	(void)state;
	fx_shdr(&b, "__versions")->sh_flags = 0;
	assert_int_equal(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	assert_false(m->has_versions);
	assert_false(import_of(m, "kfree")->has_crc);
	dg_modfile_free(m);
}

static void test_modfile_parse_extended(void **state)
{
	static const struct fx_symbol ext[] = {
		{ .name = "module_layout", .crc = 1 },
		{ .name = "kfree", .crc = 2 },
		{ .name = "a_name_much_longer_than_the_fifty_five_bytes_that_a_record_has_room_for", .crc = 3 },
		{ 0 },
	};
	static const struct fx_symbol nothing[] = { { 0 } };
	static const struct {
		const char *name;
		const struct fx_symbol *ext;
		enum fx_ext_form form;
		bool has, unpaired, empty;
	} cases[] = {
		{ "none", NULL, FX_EXT_PAIRED, false, false, false },
		{ "paired", ext, FX_EXT_PAIRED, true, false, false },
		{ "no names", ext, FX_EXT_NO_NAMES, false, true, false },
		{ "no CRCs", ext, FX_EXT_NO_CRCS, false, true, false },
		{ "fewer names", ext, FX_EXT_FEWER_NAMES, false, true, false },
		{ "empty", nothing, FX_EXT_PAIRED, true, false, true },
	};

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++)
		FX_CASE(c, cases)
		{
			struct fx_module spec = fx_module_good("scap");
			struct dg_modfile *m;

			spec.kind = &fx_kinds[i];
			spec.ext = c->ext;
			spec.ext_form = c->form;
			fx_int(parse(&spec, &m, NULL), 0);
			fx_int(m->has_ext_versions, c->has);
			fx_int(m->ext_unpaired, c->unpaired);
			fx_int(m->ext_empty, c->empty);
			fx_int(import_of(m, "_printk")->has_ext_crc, false);
			fx_int(import_of(m, "kfree")->crc, 0x037a0cba);
			if (c->has && !c->empty) {
				fx_int(import_of(m, "kfree")->ext_crc, 2);
				fx_int(m->layout.ext_crc, 1);
			}
			dg_modfile_free(m);
		}
}

/* elf_validity_cache_index_versions() counts the CRCs and has a name for each; more names do not matter. */
static void test_modfile_parse_extended_more_names(void **state)
{
	static const struct fx_symbol ext[] = { { .name = "kfree", .crc = 2 }, { 0 } };
	struct fx_module spec = fx_module_good("scap");
	struct dg_modfile *m;

	(void)state;
	spec.ext = ext;
	spec.ext_form = FX_EXT_MORE_NAMES;
	assert_int_equal(parse(&spec, &m, NULL), 0);
	assert_true(m->has_ext_versions);
	assert_false(m->ext_unpaired);
	assert_int_equal(import_of(m, "kfree")->ext_crc, 2);
	dg_modfile_free(m);
}

static void test_modfile_parse_import_kinds(void **state)
{
	static const struct {
		const char *name; /* of the symbol */
		uint16_t section;
		bool import;
		enum dg_import_kind kind;
	} cases[] = {
		{ "undefined", SHN_UNDEF, true, DG_IMPORT_SYMBOL },
		{ "common", SHN_COMMON, true, DG_IMPORT_COMMON },
		{ "__gnu_lto_v1", SHN_COMMON, false, 0 },
		{ "absolute", SHN_ABS, false, 0 },
		{ "defined", 1, false, 0 },
		{ "livepatch", 0xff20, false, 0 },
		{ "no such section", 200, true, DG_IMPORT_BAD },
		{ "reserved", 0xff10, true, DG_IMPORT_BAD },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		const struct fx_symbol imports[] = { { .name = c->name, .crc = 1, .section = c->section }, { 0 } };
		struct fx_module spec = fx_module_good("scap");
		struct dg_modfile *m;

		spec.imports = imports;
		fx_int(parse(&spec, &m, NULL), 0);
		fx_int(m->n_imports, c->import);
		if (c->import) {
			fx_str(m->imports[0].name, c->name);
			fx_int(m->imports[0].kind, c->kind);
			fx_int(m->imports[0].has_crc, c->kind == DG_IMPORT_SYMBOL);
		}
		dg_modfile_free(m);
	}
}

/* The trailer, from module_signature.h, a field wrong at a time. */
static void test_modfile_parse_signature_trailer(void **state)
{
	static const struct {
		const char *name;
		size_t at; /* in the trailer, of 12 bytes; 99: nothing */
		unsigned char value;
		enum dg_signature expected;
	} cases[] = {
		{ "good", 99, 0, DG_SIGNATURE_PRESENT },
		{ "algorithm", 0, 1, DG_SIGNATURE_DAMAGED },
		{ "digest", 1, 1, DG_SIGNATURE_DAMAGED },
		{ "by key id of old", 2, 1, DG_SIGNATURE_FOREIGN },
		{ "signer's length", 3, 1, DG_SIGNATURE_DAMAGED },
		{ "key id's length", 4, 1, DG_SIGNATURE_DAMAGED },
		{ "padding", 5, 1, DG_SIGNATURE_DAMAGED },
		{ "padding's end", 7, 1, DG_SIGNATURE_DAMAGED },
		{ "longer than the file", 8, 1, DG_SIGNATURE_DAMAGED },
		{ "marker", 12, 0, DG_SIGNATURE_NONE },
		{ "marker's end", 12 + 27, ' ', DG_SIGNATURE_NONE },
	};
	const struct fx_bytes message = { (unsigned char *)(uintptr_t) "any message", 11 };

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_module spec = fx_module_good("scap");
		struct fx_bytes b = fx_module_build(&spec);
		size_t plain = b.len;
		struct dg_modfile *m;

		fx_append_signature(&b, &message);
		if (c->at != 99)
			b.data[plain + message.len + c->at] = c->value;
		fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
		fx_int(m->signature, c->expected);
		fx_int(m->len, plain + message.len + 12 + 28);
		if (c->expected == DG_SIGNATURE_PRESENT) {
			fx_int(m->signed_len, plain);
			fx_int(m->signature_message.len, message.len);
			assert_memory_equal(m->signature_message.data, message.data, message.len);
		}
		dg_modfile_free(m);
	}
}

/* The marker and too little before it. */
static void test_modfile_parse_signature_alone(void **state)
{
	struct fx_guarded g = fx_guarded_new(64);
	struct fx_bytes b = { 0 };

	(void)state;
	fx_put_zero(&b, 13);
	fx_put(&b, FX_SIGNATURE_MARKER, strlen(FX_SIGNATURE_MARKER));
	for (size_t len = 0; len <= b.len; len++) {
		struct dg_modfile *m;

		fx_guarded_fill(&g, b.data + b.len - len, len);
		assert_int_equal(dg_modfile_parse(g.data, g.len, &m, NULL), len ? -EBADMSG : -ENODATA);
	}
	fx_guarded_free(&g);
	fx_free(&b);
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
		assert_int_equal(r, len ? -EBADMSG : -ENODATA);
		free(copy);
		return;
	}
	assert_true(!m->name[0] || dg_modname_valid(m->name));
	assert_true(m->signed_len <= len && m->signature_message.len <= len);
	for (size_t i = 0; i < m->n_imports; i++)
		assert_true(strlen(m->imports[i].name) < len);
	for (size_t i = 0; i < m->n_exports; i++)
		assert_true(strlen(m->exports[i].name) + strlen(m->exports[i].ns) < len);
	(void)dg_modfile_imports_ns(m, "SPACE");
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
	assert_int_equal(dg_modfile_hash(plain), 0);
	FX_CASE(c, cases)
	{
		struct fx_bytes packed = fx_pack(c->name, b.data, b.len);
		struct dg_modfile *m;

		fx_write(*state, c->file, packed.data, packed.len);
		fx_free(&packed);
		fx_int(dg_modfile_read(fx_at(*state, c->file), &m, NULL), 0);
		fx_int(dg_modfile_hash(m), 0);
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
		{ "/empty.ko", -ENODATA },   { "/cut.ko", -EBADMSG },	     { "/cut.ko.gz", -EBADMSG },
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
		cmocka_unit_test(test_modfile_parse_name_from_this_module),
		cmocka_unit_test(test_modfile_parse_without_versions),
		cmocka_unit_test(test_modfile_parse_refused),
		cmocka_unit_test(test_modfile_parse_odd),
		cmocka_unit_test(test_modfile_parse_licence),
		cmocka_unit_test(test_modfile_imports_ns_named),
		cmocka_unit_test(test_modfile_parse_first_record),
		cmocka_unit_test(test_modfile_parse_wide_crc),
		cmocka_unit_test(test_modfile_parse_versions_not_allocated),
		cmocka_unit_test(test_modfile_parse_extended),
		cmocka_unit_test(test_modfile_parse_extended_more_names),
		cmocka_unit_test(test_modfile_parse_import_kinds),
		cmocka_unit_test(test_modfile_parse_signature_trailer),
		cmocka_unit_test(test_modfile_parse_signature_alone),
		cmocka_unit_test(test_modfile_parse_hostile),
		cmocka_unit_test(test_modfile_parse_odd_section_sizes),
		FX_TEST(test_modfile_read_packed),
		FX_TEST(test_modfile_read_errors),
		cmocka_unit_test(test_modfile_is_named_suffix),
	};

	return cmocka_run_group_tests_name("modfile", tests, NULL, NULL);
}
