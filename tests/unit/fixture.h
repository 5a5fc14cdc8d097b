/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every unit test builds on: cmocka, a temporary directory, small ELF files
 * of either class and byte order written byte by byte (by no library that the
 * code under test reads them with), compressed bytes, and mutations of them.
 */
#ifndef DG_TEST_FIXTURE_H
#define DG_TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fs.h"
#include "lib/util.h"

/* For a loop over a table: says which line of it is being tried when an assertion in it fails. */
#define FX_CASE(c, table)                                                                                              \
	for (const __typeof__((table)[0]) *c = (table); c < (table) + DG_ARRAY_SIZE(table) && fx_case(c->name); c++)

static const char *fx_case_now = "";

static inline bool fx_case(const char *name)
{
	fx_case_now = name;
	return true;
}

/* Equal, or else the case's name goes out before cmocka's own words. */
#define fx_int(have, want)                                                                                             \
	do {                                                                                                           \
		long long fx_have = (long long)(have), fx_want = (long long)(want);                                    \
		if (fx_have != fx_want)                                                                                \
			print_error("case '%s': %s is %lld, not %lld\n", fx_case_now, #have, fx_have, fx_want);        \
		assert_int_equal(fx_have, fx_want);                                                                    \
	} while (0)
#define fx_str(have, want)                                                                                             \
	do {                                                                                                           \
		const char *fx_have = (have), *fx_want = (want);                                                       \
		if (!dg_streq(fx_have, fx_want))                                                                       \
			print_error("case '%s': %s is \"%s\", not \"%s\"\n", fx_case_now, #have, fx_have, fx_want);    \
		assert_string_equal(fx_have, fx_want);                                                                 \
	} while (0)

/* Temporary directories and what lies in them. */

static inline char *fx_tmp(void)
{
	char *dir = strdup("/tmp/drvguard-unit.XXXXXX"), *real;

	assert_non_null(dir);
	assert_non_null(mkdtemp(dir));
	real = realpath(dir, NULL);
	assert_non_null(real);
	free(dir);
	return real;
}

static inline void fx_tmp_free(char *dir)
{
	assert_int_equal(dg_tree_remove(dir), 0);
	free(dir);
}

/* For cmocka_unit_test_setup_teardown(): *state is the directory. */
static inline int fx_setup(void **state)
{
	*state = fx_tmp();
	return 0;
}

static inline int fx_teardown(void **state)
{
	fx_tmp_free(*state);
	return 0;
}

#define FX_TEST(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, fx_teardown)

/* DIR + PATH, which begins with '/'. In one of a few buffers, for use at once. */
static inline const char *fx_at(const char *dir, const char *path)
{
	static char ring[8][512];
	static unsigned int next;
	char *buf = ring[next++ % DG_ARRAY_SIZE(ring)];

	assert_true((size_t)snprintf(buf, sizeof(ring[0]), "%s%s", dir, path) < sizeof(ring[0]));
	return buf;
}

static inline void fx_mkdir(const char *dir, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", dir, path);
	for (char *p = full + strlen(dir) + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
			*p = '/';
		}
	assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
}

static inline void fx_write(const char *dir, const char *path, const void *data, size_t len)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s", path);
	slash = strrchr(full, '/');
	if (slash != full) {
		*slash = '\0';
		fx_mkdir(dir, full);
	}
	f = fopen(fx_at(dir, path), "we");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline void fx_text(const char *dir, const char *path, const char *text)
{
	fx_write(dir, path, text, strlen(text));
}

/* The file's text; caller frees. */
static inline char *fx_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	assert_non_null(f);
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

static inline bool fx_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Bytes that grow. */

struct fx_bytes {
	unsigned char *data;
	size_t len;
};

static inline void fx_put(struct fx_bytes *b, const void *data, size_t len)
{
	b->data = realloc(b->data, b->len + len + 1);
	assert_non_null(b->data);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void fx_put_zero(struct fx_bytes *b, size_t len)
{
	static const unsigned char zero[4096];

	for (; len > sizeof(zero); len -= sizeof(zero))
		fx_put(b, zero, sizeof(zero));
	fx_put(b, zero, len);
}

static inline void fx_set_int(unsigned char *p, uint64_t v, size_t width, bool big)
{
	for (size_t i = 0; i < width; i++)
		p[big ? width - 1 - i : i] = (unsigned char)(v >> (8 * i));
}

static inline void fx_put_int(struct fx_bytes *b, uint64_t v, size_t width, bool big)
{
	unsigned char word[8];

	fx_set_int(word, v, width, big);
	fx_put(b, word, width);
}

static inline void fx_free(struct fx_bytes *b)
{
	free(b->data);
	*b = (struct fx_bytes){ 0 };
}

/* ELF files: the four that differ in class and byte order. */

struct fx_kind {
	const char *name;
	uint16_t machine;
	bool is64, big;
};

static const struct fx_kind fx_kinds[] = {
	{ "x86_64", EM_X86_64, true, false },
	{ "i686", EM_386, false, false },
	{ "s390x", EM_S390, true, true },
	{ "mips", EM_MIPS, false, true },
};

struct fx_section {
	const char *name;
	uint32_t type, link, info;
	uint64_t addr, entsize;
	struct fx_bytes bytes;
	uint64_t size; /* when not that of the bytes */
};

struct fx_elf {
	const struct fx_kind *kind;
	uint16_t type;
	struct fx_section v[28];
	size_t n; /* the first is index 1 */
};

static inline struct fx_section *fx_elf_add(struct fx_elf *e, const char *name, uint32_t type)
{
	struct fx_section *s = &e->v[e->n++];

	assert_true(e->n < DG_ARRAY_SIZE(e->v));
	*s = (struct fx_section){ .name = name, .type = type };
	return s;
}

static inline void fx_put_shdr(struct fx_bytes *b, const struct fx_elf *e, const struct fx_section *s, uint32_t name,
			       uint64_t offset, uint64_t size)
{
	const bool big = e->kind->big;
	const size_t word = e->kind->is64 ? 8 : 4;

	fx_put_int(b, name, 4, big);
	fx_put_int(b, s->type, 4, big);
	fx_put_int(b, s->type ? SHF_ALLOC : 0, word, big);
	fx_put_int(b, s->addr, word, big);
	fx_put_int(b, offset, word, big);
	fx_put_int(b, size, word, big);
	fx_put_int(b, s->link, 4, big);
	fx_put_int(b, s->info, 4, big);
	fx_put_int(b, s->type ? 1 : 0, word, big);
	fx_put_int(b, s->entsize, word, big);
}

/* elf(5): the header, the sections' bytes, their names, their headers. Frees the sections' bytes. */
static inline struct fx_bytes fx_elf_finish(struct fx_elf *e)
{
	const struct fx_kind *k = e->kind;
	const bool big = k->big;
	const size_t word = k->is64 ? 8 : 4, ehsize = k->is64 ? 64 : 52, shentsize = k->is64 ? 64 : 40;
	struct fx_bytes b = { 0 }, heads = { 0 }, names = { 0 };
	const struct fx_section none = { 0 };
	const unsigned char ident[EI_NIDENT] = {
		0x7f, 'E', 'L', 'F', k->is64 ? ELFCLASS64 : ELFCLASS32, big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT
	};
	struct fx_section *last = fx_elf_add(e, ".shstrtab", SHT_STRTAB);
	size_t shoff;

	fx_put(&b, ident, sizeof(ident));
	fx_put_zero(&b, ehsize - sizeof(ident));
	fx_put_shdr(&heads, e, &none, 0, 0, 0);
	fx_put_zero(&names, 1);
	for (struct fx_section *s = e->v; s <= last; s++) {
		size_t name = names.len, offset, size;

		fx_put(&names, s->name, strlen(s->name) + 1);
		if (s == last) {
			s->bytes = names;
			names = (struct fx_bytes){ 0 };
		}
		fx_put_zero(&b, -b.len & 7);
		offset = b.len;
		size = s->size ? s->size : s->bytes.len;
		if (s->type != SHT_NOBITS)
			fx_put(&b, s->bytes.data, s->bytes.len);
		fx_put_shdr(&heads, e, s, (uint32_t)name, offset, size);
		fx_free(&s->bytes);
	}
	fx_put_zero(&b, -b.len & 7);
	shoff = b.len;
	fx_put(&b, heads.data, heads.len);
	fx_free(&heads);

	fx_set_int(b.data + 16, e->type, 2, big);
	fx_set_int(b.data + 18, k->machine, 2, big);
	fx_set_int(b.data + 20, EV_CURRENT, 4, big);
	fx_set_int(b.data + 24 + 2 * word, shoff, word, big);
	fx_set_int(b.data + 28 + 3 * word, ehsize, 2, big);
	fx_set_int(b.data + 34 + 3 * word, shentsize, 2, big);
	fx_set_int(b.data + 36 + 3 * word, e->n + 1, 2, big);
	fx_set_int(b.data + 38 + 3 * word, e->n, 2, big);
	return b;
}

static inline void fx_put_symbol(struct fx_bytes *b, const struct fx_kind *k, size_t name, uint64_t value,
				 uint16_t section, bool weak)
{
	const unsigned char info = ELF64_ST_INFO(weak ? STB_WEAK : STB_GLOBAL, STT_NOTYPE);

	fx_put_int(b, name, 4, k->big);
	if (!k->is64) {
		fx_put_int(b, value, 4, k->big);
		fx_put_int(b, 0, 4, k->big);
	}
	fx_put_int(b, info, 1, k->big);
	fx_put_int(b, 0, 1, k->big);
	fx_put_int(b, section, 2, k->big);
	if (k->is64) {
		fx_put_int(b, value, 8, k->big);
		fx_put_int(b, 0, 8, k->big);
	}
}

/* One note: owner "GNU", type 3, @id's bytes. */
static inline void fx_put_build_id(struct fx_bytes *b, const char *id, bool big)
{
	fx_put_int(b, 4, 4, big);
	fx_put_int(b, strlen(id), 4, big);
	fx_put_int(b, 3, 4, big);
	fx_put(b, "GNU", 4);
	fx_put(b, id, strlen(id));
	fx_put_zero(b, -strlen(id) & 3);
}

/* The hex that a build-id of these bytes is printed as. In one of a few buffers. */
static inline const char *fx_hex(const char *id)
{
	static char ring[4][128];
	static unsigned int next;
	char *buf = ring[next++ % DG_ARRAY_SIZE(ring)];

	for (size_t i = 0; id[i]; i++)
		snprintf(buf + i * 2, 3, "%02x", (unsigned char)id[i]);
	return buf;
}

/* Where the header of section @name lies in a 64-bit little-endian file. */
static inline Elf64_Shdr *fx_shdr(struct fx_bytes *b, const char *name)
{
	const Elf64_Ehdr *h = (void *)b->data;
	Elf64_Shdr *s = (void *)(b->data + h->e_shoff);
	const char *names = (char *)b->data + s[h->e_shstrndx].sh_offset;

	for (size_t i = 1; i < h->e_shnum; i++)
		if (dg_streq(names + s[i].sh_name, name))
			return &s[i];
	fail_msg("no section %s", name);
	return NULL;
}

/* Kernel modules. */

struct fx_symbol {
	const char *name; /* NULL ends a list */
	uint32_t crc;
	bool weak, no_crc, gpl;
	const char *ns;	  /* of an export: its namespace */
	uint16_t section; /* of an import: SHN_UNDEF, or one that no loader takes */
};

/* How a module's exports lie in it. */
enum fx_export_form {
	FX_EXPORT_RELATIVE,	 /* three 32-bit fields an entry, CRCs in __kcrctab: 5.19 and later */
	FX_EXPORT_WORDS,	 /* three words an entry: architectures without CONFIG_HAVE_ARCH_PREL32_RELOCATIONS */
	FX_EXPORT_SECTION,	 /* relocations by the strings' section and an offset, not by a symbol each */
	FX_EXPORT_ABSOLUTE_CRCS, /* __kcrctab holds zeroes, relocated to absolute __crc_NAME: before 5.19 */
	FX_EXPORT_NO_CRCS,	 /* without CONFIG_MODVERSIONS */
};

enum fx_ext_form { FX_EXT_PAIRED, FX_EXT_NO_NAMES, FX_EXT_NO_CRCS, FX_EXT_FEWER_NAMES, FX_EXT_MORE_NAMES };

struct fx_module {
	const struct fx_kind *kind; /* NULL: the first */
	const char *name, *version, *vermagic;
	const char *license;   /* NULL: "GPL"; "": says none */
	const char *import_ns; /* NULL: none */
	const char *depends;   /* NULL: on nothing */
	const char *build_id;  /* its bytes; NULL: none */
	const struct fx_symbol *imports, *exports;
	const struct fx_symbol *versions; /* what __versions has; NULL: what is imported */
	const struct fx_symbol *ext;	  /* what the extended tables have; NULL: there are none */
	enum fx_export_form export_form;
	enum fx_ext_form ext_form;
	size_t size;   /* of struct module; 0: 896 */
	uint16_t type; /* 0: ET_REL */
	bool no_versions, no_modinfo, no_modinfo_name, no_this_module, no_struct_name, bad_versions, no_symbols;
	const char *filler; /* one more .modinfo line, to make two files differ */
};

#define FX_RELEASE "6.1.0-1-test"
#define FX_MAGIC_REST " SMP preempt mod_unload modversions "
#define FX_VERMAGIC FX_RELEASE FX_MAGIC_REST
#define FX_BUILD_ID "0123456789abcdefghij"

static inline void fx_modinfo(struct fx_bytes *b, const char *key, const char *value)
{
	if (!value)
		return;
	fx_put(b, key, strlen(key));
	fx_put(b, "=", 1);
	fx_put(b, value, strlen(value) + 1);
}

static inline void fx_module_versions(struct fx_bytes *b, const struct fx_kind *k, const struct fx_symbol *s, bool bad)
{
	const size_t word = k->is64 ? 8 : 4;

	for (; s && s->name; s++) {
		char name[64] = { 0 };

		if (s->no_crc)
			continue;
		snprintf(name, sizeof(name), "%s", s->name);
		if (bad)
			memset(name, 'x', sizeof(name));
		fx_put_int(b, s->crc, word, k->big);
		fx_put(b, name, 64 - word);
	}
}

/* 0: there is none. */
static inline uint16_t fx_elf_index(const struct fx_elf *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (dg_streq(e->v[i].name, name))
			return (uint16_t)(i + 1);
	return 0;
}

static inline void fx_put_relocation(struct fx_bytes *b, const struct fx_kind *k, uint64_t at, size_t symbol,
				     uint64_t addend)
{
	const size_t word = k->is64 ? 8 : 4;

	/* Type 2 is the one relative to its own place on x86. */
	fx_put_int(b, at, word, k->big);
	fx_put_int(b, k->is64 ? ELF64_R_INFO((uint64_t)symbol, 2) : ELF32_R_INFO(symbol, 2), word, k->big);
	if (k->is64)
		fx_put_int(b, addend, 8, k->big);
}

static inline struct fx_section *fx_add_relocations(struct fx_elf *e, const char *name)
{
	struct fx_section *s = fx_elf_add(e, name, e->kind->is64 ? SHT_RELA : SHT_REL);

	s->info = (uint32_t)e->n - 1;
	s->entsize = e->kind->is64 ? 24 : 8;
	return s;
}

/* The symbols of one export, in this order. */
enum { FX_CRC_SYMBOL, FX_NAME_SYMBOL, FX_NS_SYMBOL, FX_VALUE_SYMBOL, FX_EXPORT_SYMBOLS };

/* One class of exports. The symbols of the first begin at @first, the strings' section symbol comes behind them all. */
static inline void fx_export_tables(struct fx_elf *e, const struct fx_module *m, bool gpl, size_t first)
{
	const size_t field = m->export_form == FX_EXPORT_WORDS && e->kind->is64 ? 8 : 4;
	struct fx_bytes table = { 0 }, relocations = { 0 }, crcs = { 0 }, crc_relocations = { 0 };
	size_t n = 0, strings = 0;
	struct fx_section *s;

	while (m->exports[n].name)
		n++;
	for (size_t i = 0; i < n; i++) {
		const struct fx_symbol *x = &m->exports[i];
		const size_t symbol = first + i * FX_EXPORT_SYMBOLS, at = table.len;
		const size_t ns = strings + strlen(x->name) + 1, end = ns + strlen(x->ns ? x->ns : "") + 1;

		if (x->gpl == gpl) {
			fx_put_zero(&table, 3 * field);
			fx_put_relocation(&relocations, e->kind, at, symbol + FX_VALUE_SYMBOL, 0);
			if (m->export_form == FX_EXPORT_SECTION) {
				const size_t section = first + n * FX_EXPORT_SYMBOLS;

				fx_put_relocation(&relocations, e->kind, at + field, section, strings);
				fx_put_relocation(&relocations, e->kind, at + 2 * field, section, ns);
				if (!e->kind->is64) {
					fx_set_int(table.data + at + field, strings, 4, e->kind->big);
					fx_set_int(table.data + at + 2 * field, ns, 4, e->kind->big);
				}
			} else {
				fx_put_relocation(&relocations, e->kind, at + field, symbol + FX_NAME_SYMBOL, 0);
				fx_put_relocation(&relocations, e->kind, at + 2 * field, symbol + FX_NS_SYMBOL, 0);
			}
			fx_put_relocation(&crc_relocations, e->kind, crcs.len, symbol + FX_CRC_SYMBOL, 0);
			fx_put_int(&crcs, m->export_form == FX_EXPORT_ABSOLUTE_CRCS ? 0 : x->crc, 4, e->kind->big);
		}
		strings = end;
	}
	if (table.len) {
		fx_elf_add(e, gpl ? "__ksymtab_gpl" : "__ksymtab", SHT_PROGBITS)->bytes = table;
		s = fx_add_relocations(e, gpl ? ".rela__ksymtab_gpl" : ".rela__ksymtab");
		s->bytes = relocations;
		relocations = (struct fx_bytes){ 0 };
	}
	if (crcs.len && m->export_form != FX_EXPORT_NO_CRCS) {
		fx_elf_add(e, gpl ? "__kcrctab_gpl" : "__kcrctab", SHT_PROGBITS)->bytes = crcs;
		crcs = (struct fx_bytes){ 0 };
		if (m->export_form == FX_EXPORT_ABSOLUTE_CRCS) {
			s = fx_add_relocations(e, gpl ? ".rela__kcrctab_gpl" : ".rela__kcrctab");
			s->bytes = crc_relocations;
			crc_relocations = (struct fx_bytes){ 0 };
		}
	}
	fx_free(&relocations);
	fx_free(&crcs);
	fx_free(&crc_relocations);
}

static inline void fx_put_name(struct fx_bytes *names, const char *prefix, const char *name)
{
	fx_put(names, prefix, strlen(prefix));
	fx_put(names, name, strlen(name) + 1);
}

static inline void fx_export_symbols(const struct fx_elf *e, const struct fx_module *m, struct fx_bytes *symbols,
				     struct fx_bytes *names)
{
	const uint16_t strings = fx_elf_index(e, "__ksymtab_strings"), text = fx_elf_index(e, ".text");
	const bool absolute = m->export_form == FX_EXPORT_ABSOLUTE_CRCS, none = m->export_form == FX_EXPORT_NO_CRCS;
	size_t row[2] = { 0 }, at = 0;

	for (const struct fx_symbol *x = m->exports; x->name; x++) {
		const uint16_t table = fx_elf_index(e, none	? x->gpl ? "__ksymtab_gpl" : "__ksymtab"
						       : x->gpl ? "__kcrctab_gpl"
								: "__kcrctab");
		const size_t ns = at + strlen(x->name) + 1;

		fx_put_symbol(symbols, e->kind, names->len, absolute ? x->crc : row[x->gpl] * (none ? 12 : 4),
			      absolute ? SHN_ABS : table, false);
		fx_put_name(names, none ? "__ksymtab_" : "__crc_", x->name);
		fx_put_symbol(symbols, e->kind, names->len, at, strings, false);
		fx_put_name(names, "__kstrtab_", x->name);
		fx_put_symbol(symbols, e->kind, names->len, ns, strings, false);
		fx_put_name(names, "__kstrtabns_", x->name);
		fx_put_symbol(symbols, e->kind, names->len, 0, text, false);
		fx_put_name(names, "", x->name);
		at = ns + strlen(x->ns ? x->ns : "") + 1;
		row[x->gpl]++;
	}
	if (m->export_form == FX_EXPORT_SECTION)
		fx_put_symbol(symbols, e->kind, 0, 0, strings, false);
}

static inline void fx_exports(struct fx_elf *e, const struct fx_module *m)
{
	struct fx_section *s = fx_elf_add(e, ".text", SHT_PROGBITS);
	size_t first = 1;

	fx_put_zero(&s->bytes, 16);
	s = fx_elf_add(e, "__ksymtab_strings", SHT_PROGBITS);
	for (const struct fx_symbol *x = m->exports; x->name; x++) {
		fx_put(&s->bytes, x->name, strlen(x->name) + 1);
		fx_put(&s->bytes, x->ns ? x->ns : "", strlen(x->ns ? x->ns : "") + 1);
	}
	for (const struct fx_symbol *x = m->imports; x && x->name; x++)
		first += !dg_streq(x->name, "module_layout");
	fx_export_tables(e, m, false, first);
	fx_export_tables(e, m, true, first);
}

/* The tables of 6.14: a CRC each, and as many names. */
static inline void fx_ext_versions(struct fx_elf *e, const struct fx_module *m)
{
	struct fx_bytes crcs = { 0 }, names = { 0 };

	for (const struct fx_symbol *x = m->ext; x->name; x++) {
		fx_put_int(&crcs, x->crc, 4, e->kind->big);
		if (m->ext_form != FX_EXT_FEWER_NAMES || x[1].name)
			fx_put(&names, x->name, strlen(x->name) + 1);
	}
	if (m->ext_form == FX_EXT_MORE_NAMES)
		fx_put(&names, "more", 5);
	if (m->ext_form != FX_EXT_NO_CRCS)
		fx_elf_add(e, "__version_ext_crcs", SHT_PROGBITS)->bytes = crcs;
	else
		fx_free(&crcs);
	if (m->ext_form != FX_EXT_NO_NAMES)
		fx_elf_add(e, "__version_ext_names", SHT_PROGBITS)->bytes = names;
	else
		fx_free(&names);
}

static inline void fx_module_info(struct fx_elf *e, const struct fx_module *m)
{
	struct fx_section *s = fx_elf_add(e, ".modinfo", SHT_PROGBITS);

	fx_modinfo(&s->bytes, "filler", m->filler);
	fx_modinfo(&s->bytes, "version", m->version);
	fx_modinfo(&s->bytes, "license", !m->license ? "GPL" : *m->license ? m->license : NULL);
	fx_modinfo(&s->bytes, "import_ns", m->import_ns);
	fx_modinfo(&s->bytes, "srcversion", "0123456789ABCDEF0123456");
	fx_modinfo(&s->bytes, "depends", m->depends ? m->depends : "");
	fx_modinfo(&s->bytes, "name", m->no_modinfo_name ? NULL : m->name);
	fx_modinfo(&s->bytes, "vermagic", m->vermagic);
}

static inline struct fx_bytes fx_module_build(const struct fx_module *m)
{
	const struct fx_kind *k = m->kind ? m->kind : &fx_kinds[0];
	const size_t word = k->is64 ? 8 : 4;
	struct fx_elf e = { .kind = k, .type = m->type ? m->type : ET_REL };
	struct fx_bytes names = { 0 };
	struct fx_section *s, *symtab;

	if (!m->no_modinfo)
		fx_module_info(&e, m);
	if (!m->no_this_module) {
		size_t size = m->size ? m->size : 896;

		s = fx_elf_add(&e, ".gnu.linkonce.this_module", SHT_PROGBITS);
		fx_put_zero(&s->bytes, size);
		if (!m->no_struct_name && size >= word * 3 + strlen(m->name))
			memcpy(s->bytes.data + word * 3, m->name, strlen(m->name));
	}
	if (!m->no_versions) {
		s = fx_elf_add(&e, "__versions", SHT_PROGBITS);
		fx_module_versions(&s->bytes, k, m->versions ? m->versions : m->imports, m->bad_versions);
	}
	if (m->ext)
		fx_ext_versions(&e, m);
	if (m->build_id) {
		s = fx_elf_add(&e, ".note.gnu.build-id", SHT_NOTE);
		fx_put_build_id(&s->bytes, m->build_id, k->big);
	}
	if (m->exports)
		fx_exports(&e, m);
	if (m->no_symbols)
		return fx_elf_finish(&e);

	symtab = fx_elf_add(&e, ".symtab", SHT_SYMTAB);
	symtab->entsize = k->is64 ? 24 : 16;
	symtab->link = (uint32_t)e.n + 1;
	symtab->info = 1;
	for (s = e.v; s < symtab; s++)
		if (s->type == SHT_RELA || s->type == SHT_REL)
			s->link = (uint32_t)e.n;
	fx_put_symbol(&symtab->bytes, k, 0, 0, 0, false);
	fx_put_zero(&names, 1);
	for (const struct fx_symbol *x = m->imports; x && x->name; x++) {
		if (dg_streq(x->name, "module_layout"))
			continue;
		fx_put_symbol(&symtab->bytes, k, names.len, 0, x->section, x->weak);
		fx_put_name(&names, "", x->name);
	}
	if (m->exports)
		fx_export_symbols(&e, m, &symtab->bytes, &names);
	s = fx_elf_add(&e, ".strtab", SHT_STRTAB);
	s->bytes = names;
	return fx_elf_finish(&e);
}

/* What fx_kernel exports, and a module that fits it. */
static const struct fx_symbol fx_symbols[] = {
	{ .name = "module_layout", .crc = 0x11111111 },
	{ .name = "_printk", .crc = 0x92997ed8 },
	{ .name = "kfree", .crc = 0x037a0cba },
	{ 0 },
};

static inline struct fx_module fx_module_good(const char *name)
{
	return (struct fx_module){
		.name = name,
		.version = "1.0",
		.vermagic = FX_VERMAGIC,
		.build_id = "driver-build-id-0001",
		.imports = fx_symbols,
	};
}

/* Kernel images. */

struct fx_vmlinux {
	const struct fx_kind *kind;
	const struct fx_symbol *plain, *gpl;
	const char *build_id;
	size_t stride; /* 8 and 12: relative; 16 and 24: pointers; 0: 12 */
	bool no_crcs;
	const struct fx_bytes *init_data; /* NULL: none */
};

static inline void fx_ksymtab(struct fx_elf *e, const struct fx_vmlinux *v, const struct fx_symbol *list,
			      const char *name, const char *crc_name, uint64_t addr, uint64_t strings_addr,
			      struct fx_bytes *strings)
{
	const size_t stride = v->stride ? v->stride : 12;
	const bool big = e->kind->big;
	struct fx_section *s = fx_elf_add(e, name, SHT_PROGBITS);

	s->addr = addr;
	for (size_t i = 0; list[i].name; i++) {
		const char *ns = list[i].ns ? list[i].ns : "";
		uint64_t at = strings_addr + strings->len, here = addr + i * stride;
		uint64_t ns_at = at + strlen(list[i].name) + 1;

		if (stride < 16) {
			fx_put_int(&s->bytes, 0x1000, 4, big);
			fx_put_int(&s->bytes, at - (here + 4), 4, big);
			if (stride == 12)
				fx_put_int(&s->bytes, ns_at - (here + 8), 4, big);
		} else {
			fx_put_int(&s->bytes, 0x1000, 8, big);
			fx_put_int(&s->bytes, at, 8, big);
			if (stride == 24)
				fx_put_int(&s->bytes, ns_at, 8, big);
		}
		fx_put(strings, list[i].name, strlen(list[i].name) + 1);
		fx_put(strings, ns, strlen(ns) + 1);
	}
	if (v->no_crcs)
		return;
	s = fx_elf_add(e, crc_name, SHT_PROGBITS);
	for (size_t i = 0; list[i].name; i++)
		fx_put_int(&s->bytes, list[i].crc, 4, big);
}

static inline struct fx_bytes fx_vmlinux_build(const struct fx_vmlinux *v)
{
	struct fx_elf e = { .kind = v->kind ? v->kind : &fx_kinds[0], .type = ET_EXEC };
	/* 32-bit addresses fit both classes. */
	const uint64_t strings_addr = 0xc1003000;
	struct fx_bytes strings = { 0 };
	struct fx_section *s;

	fx_put(&strings, "pad", 4);
	if (v->plain)
		fx_ksymtab(&e, v, v->plain, "__ksymtab", "__kcrctab", 0xc1001000, strings_addr, &strings);
	if (v->gpl)
		fx_ksymtab(&e, v, v->gpl, "__ksymtab_gpl", "__kcrctab_gpl", 0xc1002000, strings_addr, &strings);
	s = fx_elf_add(&e, "__ksymtab_strings", SHT_PROGBITS);
	s->addr = strings_addr;
	s->bytes = strings;
	if (v->build_id) {
		s = fx_elf_add(&e, ".notes", SHT_NOTE);
		fx_put_build_id(&s->bytes, v->build_id, e.kind->big);
	}
	if (v->init_data) {
		s = fx_elf_add(&e, ".init.data", SHT_PROGBITS);
		fx_put(&s->bytes, v->init_data->data, v->init_data->len);
	}
	return fx_elf_finish(&e);
}

/* Packed bytes: a compressor's name as libarchive has it ("gzip", "xz", "zstd", "bzip2", "lz4", "lzma"). */
static inline struct fx_bytes fx_pack(const char *filter, const void *data, size_t len)
{
	const size_t room = len * 2 + 65536;
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct fx_bytes b = { .data = malloc(room) };

	assert_non_null(b.data);
	/* A warning: it runs the command. */
	assert_true(archive_write_add_filter_by_name(a, filter) >= ARCHIVE_WARN);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	archive_write_set_bytes_per_block(a, 0);
	assert_int_equal(archive_write_open_memory(a, b.data, room, &b.len), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, data, len), len);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
	return b;
}

/* An x86 bzImage around a packed payload. */
static inline struct fx_bytes fx_bzimage(const struct fx_bytes *payload, const char *banner, bool size_word)
{
	struct fx_bytes b = { 0 };

	fx_put_zero(&b, 512 * 3);
	b.data[0x1f1] = 2;
	memcpy(b.data + 0x202, "HdrS", 4);
	fx_set_int(b.data + 0x206, 0x020f, 2, false);
	if (banner) {
		fx_set_int(b.data + 0x20e, 0x200, 2, false);
		memcpy(b.data + 0x400, banner, strlen(banner) + 1);
	}
	fx_put_zero(&b, 16);
	fx_set_int(b.data + 0x248, 16, 4, false);
	fx_set_int(b.data + 0x24c, payload->len + (size_word ? 4 : 0), 4, false);
	fx_put(&b, payload->data, payload->len);
	if (size_word)
		fx_put_int(&b, 0x10000, 4, false);
	return b;
}

/*
 * Bytes that end where a page without access begins, so that reading one past
 * them ends the test. Free with fx_guarded_free().
 */
struct fx_guarded {
	unsigned char *data;
	size_t len;
	void *map;
	size_t map_len;
};

static inline struct fx_guarded fx_guarded_new(size_t room)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (room + page - 1) / page + 1;
	struct fx_guarded g = { .map_len = pages * page };

	g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(g.map, MAP_FAILED);
	assert_int_equal(mprotect((char *)g.map + g.map_len - page, page, PROT_NONE), 0);
	return g;
}

static inline void fx_guarded_fill(struct fx_guarded *g, const void *data, size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	assert_true(len <= g->map_len - page);
	g->len = len;
	g->data = (unsigned char *)g->map + g->map_len - page - len;
	if (len)
		memcpy(g->data, data, len);
}

static inline void fx_guarded_free(struct fx_guarded *g)
{
	munmap(g->map, g->map_len);
}

/*
 * Hostile input: @fn is given every beginning of @b, then @b with each byte in
 * turn made another in some ways (at most about @flips of them), and must come
 * back. The bytes are guarded; @fn must not keep them. SIGALRM ends what hangs.
 */
typedef void (*fx_hostile_fn)(const unsigned char *data, size_t len, void *arg);

static inline void fx_hostile(const struct fx_bytes *b, size_t flips, fx_hostile_fn fn, void *arg)
{
	static const unsigned char masks[] = { 0xff, 0x01, 0x80, 0x04 };
	struct fx_guarded g = fx_guarded_new(b->len);
	size_t step = b->len * DG_ARRAY_SIZE(masks) / flips + 1;

	alarm(60);
	for (size_t len = 0; len<b->len; len += b->len> flips && len > 4096 ? step : 1) {
		fx_guarded_fill(&g, b->data, len);
		fn(g.data, g.len, arg);
	}
	for (size_t i = 0; i < b->len * DG_ARRAY_SIZE(masks); i += step) {
		fx_guarded_fill(&g, b->data, b->len);
		g.data[i / DG_ARRAY_SIZE(masks)] ^= masks[i % DG_ARRAY_SIZE(masks)];
		fn(g.data, g.len, arg);
	}
	alarm(0);
	fx_guarded_free(&g);
}

/* A whole small kernel under @root: image, one in-tree module "reference", indexes by depmod. */

#define FX_KERNEL_ID "kernel-build-id-0001"

static inline void fx_depmod(const char *root, const char *release)
{
	char command[640];

	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin depmod -b '%s' %s >/dev/null 2>&1", root,
		 release);
	assert_int_equal(system(command), 0);
}

static inline void fx_install_module(const char *root, const char *path, const struct fx_module *m)
{
	struct fx_bytes b = fx_module_build(m);

	fx_write(root, path, b.data, b.len);
	fx_free(&b);
}

static inline void fx_install_image(const char *root, const char *release, const char *build_id)
{
	const struct fx_vmlinux v = { .plain = fx_symbols, .build_id = build_id };
	struct fx_bytes b = fx_vmlinux_build(&v);
	char path[160];

	snprintf(path, sizeof(path), "/boot/vmlinux-%s", release);
	fx_write(root, path, b.data, b.len);
	fx_free(&b);
}

static inline void fx_install_kernel(const char *root, const char *release)
{
	struct fx_module m = fx_module_good("reference");
	char path[160], vermagic[160];

	snprintf(vermagic, sizeof(vermagic), "%s%s", release, FX_MAGIC_REST);
	m.vermagic = vermagic;
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/reference.ko", release);
	fx_install_module(root, path, &m);
	fx_install_image(root, release, FX_KERNEL_ID);
	fx_depmod(root, release);
}

/* The kernel above as the one that runs in @root, one product, and its driver "scap", fixed place and all. */
#define FX_DEPOT "/opt/falco"
#define FX_PLACE "/usr/lib/drivers/scap.ko"
#define FX_STAGED "/lib/modules/" FX_RELEASE "/updates/drvguard/scap.ko"

static inline void fx_install_world(const char *root)
{
	struct fx_bytes notes = { 0 };

	fx_install_kernel(root, FX_RELEASE);
	fx_text(root, "/etc/drvguard/drvguard.conf",
		"[product falco]\ndepot = " FX_DEPOT "\n[driver scap]\nproduct = falco\npath = " FX_PLACE "\n");
	fx_text(root, "/proc/sys/kernel/osrelease", FX_RELEASE "\n");
	fx_put_build_id(&notes, FX_KERNEL_ID, false);
	fx_write(root, "/sys/kernel/notes", notes.data, notes.len);
	fx_free(&notes);
}

/* A driver file in the depot, of a version and for a release; @filler makes it another file. */
static inline void fx_offer(const char *root, const char *file, const char *version, const char *release,
			    const char *filler)
{
	struct fx_module m = fx_module_good("scap");
	char path[160], vermagic[160];

	snprintf(path, sizeof(path), FX_DEPOT "/%s", file);
	snprintf(vermagic, sizeof(vermagic), "%s%s", release, FX_MAGIC_REST);
	m.version = version;
	m.vermagic = vermagic;
	m.filler = filler;
	fx_install_module(root, path, &m);
}

#endif
