// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/elf.h"

static struct fx_bytes make(const struct fx_kind *k)
{
	struct fx_module m = fx_module_good("scap");

	m.kind = k;
	m.build_id = FX_BUILD_ID;
	return fx_module_build(&m);
}

static void test_elf_open_every_kind(void **state)
{
	(void)state;
	FX_CASE(k, fx_kinds)
	{
		struct fx_bytes b = make(k);
		struct dg_section s;
		char id[DG_BUILD_ID_HEX];
		struct dg_elf elf;

		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
		fx_int(elf.machine, k->machine);
		fx_int(elf.type, ET_REL);
		fx_int(elf.is64, k->is64);
		fx_int(elf.big_endian, k->big);
		fx_int(dg_elf_section(&elf, ".gnu.linkonce.this_module", &s), true);
		fx_int(s.span.len, 896);
		assert_true(s.span.data >= b.data && s.span.data + s.span.len <= b.data + b.len);
		fx_int(dg_elf_section(&elf, ".none", &s), false);
		fx_int(dg_elf_section_at(&elf, 9999, &s), false);
		dg_elf_build_id(&elf, id);
		fx_str(id, fx_hex(FX_BUILD_ID));
		fx_free(&b);
	}
}

static void test_elf_symbol_every_kind(void **state)
{
	static const struct fx_symbol imports[] = { { .name = "kfree", .crc = 1 },
						    { .name = "may_be", .weak = true },
						    { 0 } };
	static const struct fx_symbol exports[] = { { .name = "mine", .crc = 0xabcd1234 }, { 0 } };

	(void)state;
	FX_CASE(k, fx_kinds)
	{
		struct fx_module m = fx_module_good("scap");
		struct dg_section s;
		struct dg_symbols symbols;
		struct dg_symbol sym;
		struct dg_elf elf;
		struct fx_bytes b;

		m.kind = k;
		m.imports = imports;
		m.exports = exports;
		b = fx_module_build(&m);
		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
		fx_int(dg_elf_symbols(&elf, &symbols), true);
		fx_int(symbols.n, 3 + FX_EXPORT_SYMBOLS);
		fx_int(symbols.index, dg_elf_section_index(&elf, ".symtab"));
		fx_int(symbols.link, dg_elf_section_index(&elf, ".strtab"));
		dg_elf_symbol(&elf, &symbols, 0, &sym);
		fx_str(sym.name, "");
		dg_elf_symbol(&elf, &symbols, 1, &sym);
		fx_str(sym.name, "kfree");
		fx_int(sym.section, SHN_UNDEF);
		fx_int(sym.bind, STB_GLOBAL);
		fx_int(sym.kind, STT_NOTYPE);
		dg_elf_symbol(&elf, &symbols, 2, &sym);
		fx_int(sym.bind, STB_WEAK);
		dg_elf_symbol(&elf, &symbols, 3, &sym);
		fx_str(sym.name, "__crc_mine");
		fx_int(dg_elf_section_at(&elf, sym.section, &s), true);
		fx_str(s.name, "__kcrctab");
		fx_int(dg_elf_u32(&elf, s.span.data + sym.value), 0xabcd1234);
		fx_free(&b);
	}
}

static void test_elf_word_orders(void **state)
{
	static const unsigned char bytes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint64_t words[] = { 0x0807060504030201, 0x04030201, 0x0102030405060708, 0x01020304 };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		struct fx_bytes b = make(&fx_kinds[i]);
		struct dg_elf elf;

		fx_case(fx_kinds[i].name);
		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
		/* From an odd place. */
		fx_int(dg_elf_u32(&elf, bytes + 1), fx_kinds[i].big ? 0x01020304 : 0x04030201);
		fx_int(dg_elf_word(&elf, bytes + 1), words[i]);
		fx_free(&b);
	}
}

static void test_elf_open_bad(void **state)
{
	static const struct {
		const char *name, *input;
		size_t len;
	} cases[] = {
		{ "nothing", "", 0 },
		{ "text", "this is no ELF file at all, but long enough", 43 },
		{ "magic alone",
		  "\x7f"
		  "ELF",
		  4 },
		{ "ident alone",
		  "\x7f"
		  "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
		  16 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_elf elf = { .len = 12345 };
		struct dg_diag d = { 0 };

		fx_int(dg_elf_open(c->input, c->len, DG_ELF_AS_IT_SAYS, &elf, &d), -EBADMSG);
		fx_int(elf.len, 12345);
		assert_true(d.what[0]);
	}
}

/* A kernel has one class and byte order, and does not look at what e_ident says of them. */
static void test_elf_open_as(void **state)
{
	static const enum dg_elf_format formats[] = { DG_ELF_64_LITTLE, DG_ELF_32_LITTLE, DG_ELF_64_BIG,
						      DG_ELF_32_BIG };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		struct fx_bytes b = make(&fx_kinds[i]);
		struct dg_section s;
		struct dg_elf elf;

		fx_case(fx_kinds[i].name);
		b.data[EI_CLASS] = 0x55;
		b.data[EI_DATA] = 0xaa;
		for (size_t j = 0; j < DG_ARRAY_SIZE(formats); j++)
			fx_int(dg_elf_open(b.data, b.len, formats[j], &elf, NULL), i == j ? 0 : -EBADMSG);
		fx_int(dg_elf_open(b.data, b.len, formats[i], &elf, NULL), 0);
		fx_int(elf.is64, fx_kinds[i].is64);
		fx_int(elf.big_endian, fx_kinds[i].big);
		fx_int(elf.machine, fx_kinds[i].machine);
		fx_int(dg_elf_section(&elf, ".modinfo", &s), true);
		fx_free(&b);
	}
}

/* What elf_validity_check() looks at, one field made wrong at a time. */
static void test_elf_open_damaged_headers(void **state)
{
	static const struct {
		const char *name;
		size_t at, width; /* in the ELF header, or from the section headers' begin when @in_sections */
		uint64_t value;
		bool in_sections;
		int expected;
	} cases[] = {
		{ "magic", 1, 1, 'e', false, -EBADMSG },
		{ "program headers", 32, 8, UINT64_MAX, false, 0 },
		{ "version", 20, 4, 77, false, 0 },
		{ "section headers behind the end", 40, 8, 1 << 30, false, -EBADMSG },
		{ "section headers wrap", 40, 8, UINT64_MAX - 10, false, -EBADMSG },
		{ "size of a section header", 58, 2, 65, false, -EBADMSG },
		{ "no sections", 60, 2, 0, false, -EBADMSG },
		{ "more sections", 60, 2, 0xffff, false, -EBADMSG },
		{ "no section with names", 62, 2, 0, false, -EBADMSG },
		{ "names in no section", 62, 2, 0x7fff, false, -EBADMSG },
		{ "first section's type", 4, 4, SHT_PROGBITS, true, -EBADMSG },
		{ "first section's address", 16, 8, 1, true, -EBADMSG },
		{ "first section's size", 32, 8, 1, true, -EBADMSG },
		{ "first section's link", 40, 4, 1, true, 0 },
		{ "a name outside the names", 64, 4, UINT32_MAX, true, 0 },
		{ "a section's alignment", 64 + 48, 8, UINT64_MAX, true, 0 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = make(&fx_kinds[0]);
		struct dg_diag d = { 0 };
		struct dg_elf elf;
		size_t shoff;

		memcpy(&shoff, b.data + 40, sizeof(shoff));
		fx_set_int(b.data + (c->in_sections ? shoff : 0) + c->at, c->value, c->width, false);
		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, &d), c->expected);
		fx_int(d.what[0] != 0, c->expected != 0);
		fx_free(&b);
	}
}

/* Names that end outside their section are refused; a symbol's own may be read on, but not past the file. */
static void test_elf_open_names_without_end(void **state)
{
	struct fx_bytes b = make(&fx_kinds[0]);
	struct dg_elf elf;

	(void)state;
	fx_shdr(&b, ".shstrtab")->sh_size--;
	assert_int_equal(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), -EBADMSG);
	fx_free(&b);
	b = make(&fx_kinds[0]);
	/* Kernels before 6.9 go by its place alone. */
	fx_shdr(&b, ".shstrtab")->sh_type = SHT_NOBITS;
	assert_int_equal(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
	fx_free(&b);
}

static void test_elf_symbol_odd_names(void **state)
{
	struct fx_bytes b = make(&fx_kinds[0]);
	struct dg_symbols symbols;
	struct dg_symbol sym;
	struct dg_elf elf;
	Elf64_Sym *first;

	(void)state;
	first = (Elf64_Sym *)(void *)(b.data + fx_shdr(&b, ".symtab")->sh_offset);
	assert_int_equal(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
	assert_true(dg_elf_symbols(&elf, &symbols));
	first[1].st_name = UINT32_MAX;
	dg_elf_symbol(&elf, &symbols, 1, &sym);
	assert_string_equal(sym.name, "");
	/* Behind its names: ".modinfo" of the sections' names comes next, aligned. */
	first[1].st_name = (Elf64_Word)(fx_shdr(&b, ".shstrtab")->sh_offset - fx_shdr(&b, ".strtab")->sh_offset + 1);
	dg_elf_symbol(&elf, &symbols, 1, &sym);
	assert_string_equal(sym.name, ".modinfo");
	fx_free(&b);
}

static void test_elf_symbols_none(void **state)
{
	static const struct {
		const char *name;
		uint32_t type, link;
	} cases[] = {
		{ "no table", SHT_PROGBITS, 1 },
		{ "names in no section", SHT_SYMTAB, 999 },
		{ "names in the first", SHT_SYMTAB, 0 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = make(&fx_kinds[0]);
		struct dg_symbols symbols;
		struct dg_elf elf;
		Elf64_Shdr *s = fx_shdr(&b, ".symtab");

		s->sh_type = c->type;
		s->sh_link = c->link;
		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
		fx_int(dg_elf_symbols(&elf, &symbols), false);
		fx_free(&b);
	}
}

/* A section's size and offset in the headers, made lies. */
static void test_elf_open_lying_sections(void **state)
{
	static const struct {
		const char *name;
		uint64_t size;
	} cases[] = {
		{ "one past", 0 },
		{ "much past", 1 << 30 },
		{ "wraps", UINT64_MAX - 4 },
		{ "sign", (uint64_t)1 << 63 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_bytes b = make(&fx_kinds[0]);
		struct dg_elf elf;
		size_t shoff, offset;

		memcpy(&shoff, b.data + 40, sizeof(shoff));
		memcpy(&offset, b.data + shoff + 64 + 24, sizeof(offset));
		fx_set_int(b.data + shoff + 64 + 32, c->size ? c->size : b.len - offset + 1, 8, false);
		fx_int(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), -EBADMSG);
		fx_free(&b);
	}
}

static void test_elf_section_nobits(void **state)
{
	struct fx_elf e = { .kind = &fx_kinds[0], .type = ET_REL };
	struct fx_section *bss = fx_elf_add(&e, ".bss", SHT_NOBITS);
	struct dg_symbols symbols;
	struct dg_section s;
	struct dg_elf elf;
	struct fx_bytes b;

	(void)state;
	bss->size = (uint64_t)1 << 40;
	b = fx_elf_finish(&e);
	assert_int_equal(dg_elf_open(b.data, b.len, DG_ELF_AS_IT_SAYS, &elf, NULL), 0);
	assert_true(dg_elf_section(&elf, ".bss", &s));
	assert_int_equal(s.span.len, 0);
	assert_int_equal(s.size, (uint64_t)1 << 40);
	assert_false(dg_elf_symbols(&elf, &symbols));
	fx_free(&b);
}

/* Everything that can be asked, of whatever opens. */
static void walk_as(const unsigned char *data, size_t len, enum dg_elf_format as)
{
	char id[DG_BUILD_ID_HEX];
	struct dg_elf elf;
	struct dg_section s;
	struct dg_symbols symbols;
	struct dg_symbol sym;
	volatile unsigned char sink = 0;
	int r = dg_elf_open(data, len, as, &elf, NULL);

	if (r < 0) {
		assert_int_equal(r, -EBADMSG);
		return;
	}
	for (size_t i = 0; i < 40; i++)
		if (dg_elf_section_at(&elf, i, &s) && s.span.len) {
			assert_true(s.span.data >= data && s.span.len <= len);
			assert_true(s.span.data + s.span.len <= data + len);
			assert_true(strlen(s.name) < len);
			sink ^= s.span.data[s.span.len - 1];
		}
	dg_elf_section(&elf, "none at all", &s);
	if (dg_elf_symbols(&elf, &symbols)) {
		assert_true(symbols.index && symbols.link);
		assert_true(symbols.table.data >= data && symbols.table.len <= len);
		for (size_t i = 0; i < symbols.n && i < 100; i++) {
			dg_elf_symbol(&elf, &symbols, i, &sym);
			sink ^= (unsigned char)strlen(sym.name);
		}
	}
	dg_elf_build_id(&elf, id);
	assert_true(strlen(id) < sizeof(id));
}

static void walk(const unsigned char *data, size_t len, void *arg)
{
	static const enum dg_elf_format formats[] = { DG_ELF_AS_IT_SAYS, DG_ELF_64_LITTLE, DG_ELF_64_BIG,
						      DG_ELF_32_LITTLE, DG_ELF_32_BIG };

	(void)arg;
	for (size_t i = 0; i < DG_ARRAY_SIZE(formats); i++)
		walk_as(data, len, formats[i]);
}

static void test_elf_open_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++) {
		struct fx_module m = fx_module_good("scap");
		struct fx_bytes b;

		m.kind = &fx_kinds[i];
		m.exports = fx_symbols;
		m.size = 128;
		b = fx_module_build(&m);
		fx_hostile(&b, 40000, walk, NULL);
		fx_free(&b);
	}
}

static void test_notes_build_id_forms(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		const char *expected;
	} cases[] = {
		{ "none", "", 0, "" },
		{ "short", "\4\0\0\0\4\0\0\0\3\0\0", 11, "" },
		{ "usual", "\4\0\0\0\4\0\0\0\3\0\0\0GNU\0\xde\xad\xbe\xef", 20, "deadbeef" },
		{ "unpadded end", "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\xde\xad\xbe", 19, "deadbe" },
		{ "second", "\4\0\0\0\1\0\0\0\1\0\0\0GNU\0x\0\0\0\4\0\0\0\2\0\0\0\3\0\0\0GNU\0\xab\xcd\0\0", 40,
		  "abcd" },
		{ "other owner", "\4\0\0\0\4\0\0\0\3\0\0\0XEN\0\xde\xad\xbe\xef", 20, "" },
		{ "other type", "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0\xde\xad\xbe\xef", 20, "" },
		{ "no bytes", "\4\0\0\0\0\0\0\0\3\0\0\0GNU\0", 16, "" },
		{ "cut in bytes", "\4\0\0\0\4\0\0\0\3\0\0\0GNU\0\xde\xad\xbe", 19, "" },
		{ "name size lies", "\xff\xff\xff\xff\4\0\0\0\3\0\0\0GNU\0\xde\xad\xbe\xef", 20, "" },
		{ "bytes size lies", "\4\0\0\0\xff\xff\xff\xff\3\0\0\0GNU\0\xde\xad\xbe\xef", 20, "" },
		{ "sizes wrap", "\xfd\xff\xff\xff\xfd\xff\xff\xff\3\0\0\0GNU\0\xde\xad\xbe\xef", 20, "" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_guarded g = fx_guarded_new(64);
		char id[DG_BUILD_ID_HEX] = "x";

		fx_guarded_fill(&g, c->bytes, c->len);
		dg_notes_build_id((struct dg_span){ g.data, g.len }, false, id);
		fx_str(id, c->expected);
		fx_guarded_free(&g);
	}
}

/* 32 bytes is the most that fits; one more is not cut short but none. */
static void test_notes_build_id_length(void **state)
{
	static const char bytes[] = "0123456789abcdef0123456789abcdef";
	struct fx_bytes b = { 0 };
	char id[DG_BUILD_ID_HEX];

	(void)state;
	fx_put_build_id(&b, bytes, false);
	dg_notes_build_id((struct dg_span){ b.data, b.len }, false, id);
	assert_string_equal(id, fx_hex(bytes));
	fx_free(&b);
	fx_put_build_id(&b, "0123456789abcdef0123456789abcdefX", false);
	dg_notes_build_id((struct dg_span){ b.data, b.len }, false, id);
	assert_string_equal(id, "");
	fx_free(&b);
}

static void test_notes_build_id_swapped(void **state)
{
	struct fx_bytes b = { 0 };
	char id[DG_BUILD_ID_HEX];

	(void)state;
	fx_put_build_id(&b, FX_BUILD_ID, true);
	dg_notes_build_id((struct dg_span){ b.data, b.len }, true, id);
	assert_string_equal(id, fx_hex(FX_BUILD_ID));
	dg_notes_build_id((struct dg_span){ b.data, b.len }, false, id);
	assert_string_equal(id, "");
	fx_free(&b);
}

static void notes(const unsigned char *data, size_t len, void *arg)
{
	char id[DG_BUILD_ID_HEX];

	(void)arg;
	dg_notes_build_id((struct dg_span){ data, len }, false, id);
	assert_true(strlen(id) < sizeof(id));
}

static void test_notes_build_id_hostile(void **state)
{
	struct fx_bytes b = { 0 };

	(void)state;
	fx_put_int(&b, 6, 4, false);
	fx_put_int(&b, 5, 4, false);
	fx_put_int(&b, 1, 4, false);
	fx_put(&b, "Linux\0\0\0hello\0\0\0", 16);
	fx_put_build_id(&b, FX_BUILD_ID, false);
	fx_hostile(&b, 4096, notes, NULL);
	fx_free(&b);
}

static void test_elf_machine_name_known(void **state)
{
	static const struct {
		const char *name;
		uint16_t machine;
		bool is64;
	} cases[] = {
		{ "x86_64", EM_X86_64, true }, { "i686", EM_386, false },      { "aarch64", EM_AARCH64, true },
		{ "s390x", EM_S390, true },    { "s390", EM_S390, false },     { "riscv64", EM_RISCV, true },
		{ "mips64", EM_MIPS, true },   { "machine 9999", 9999, true },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		char buf[24];

		fx_str(dg_elf_machine_name(c->machine, c->is64, buf, sizeof(buf)), c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_open_every_kind),
		cmocka_unit_test(test_elf_symbol_every_kind),
		cmocka_unit_test(test_elf_word_orders),
		cmocka_unit_test(test_elf_open_bad),
		cmocka_unit_test(test_elf_open_as),
		cmocka_unit_test(test_elf_open_damaged_headers),
		cmocka_unit_test(test_elf_open_names_without_end),
		cmocka_unit_test(test_elf_symbol_odd_names),
		cmocka_unit_test(test_elf_symbols_none),
		cmocka_unit_test(test_elf_open_lying_sections),
		cmocka_unit_test(test_elf_section_nobits),
		cmocka_unit_test(test_elf_open_hostile),
		cmocka_unit_test(test_notes_build_id_forms),
		cmocka_unit_test(test_notes_build_id_length),
		cmocka_unit_test(test_notes_build_id_swapped),
		cmocka_unit_test(test_notes_build_id_hostile),
		cmocka_unit_test(test_elf_machine_name_known),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
