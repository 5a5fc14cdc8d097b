// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Made-wrong modules: from one real module, files that each have one thing
 * altered, named for what was done to them.
 *
 *   wrong FILE.ko OUTDIR few|all
 *
 * Writes OUTDIR/NAME--WHAT.ko. `few` are the alterations of what the file says
 * to the loader (licence, namespaces, versions, names, signature); `all` adds
 * every field of the ELF header and of each section's, and every truncation.
 * An alteration the module offers no hold for (no exports, no namespace) is
 * left out. The signature is taken off first, except where it is the subject:
 * a kernel checks it before anything else.
 *
 * x86-64 modules only, as gcc and binutils write them; the input is trusted.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <endian.h>
#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"

#define MARKER "~Module signature appended~\n"
#define MARKER_LEN (sizeof(MARKER) - 1)
#define TRAILER_LEN 12 /* struct module_signature */

/* struct modversion_info */
#define VERSION_NAME 8
#define VERSION_SIZE 64
/* struct module: where the name is, and its room */
#define MODULE_NAME 24
#define MODULE_NAME_SIZE 56

static struct file original; /* as read, signed or not */
static struct file base;     /* without its signature */
static const char *out_dir;
static char base_name[128];

/* --- files ---------------------------------------------------------------- */

/* Write @f under a name that tells what was done, and free it. */
__attribute__((format(printf, 2, 3))) static void emit(struct file f, const char *format, ...)
{
	char what[256], *path;
	va_list args;
	FILE *out;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	for (char *p = what; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+", *p))
			*p = '_';
	if (asprintf(&path, "%s/%s--%s.ko", out_dir, base_name, what) < 0)
		err(1, "memory");
	out = fopen(path, "we");
	if (!out || fwrite(f.data, 1, f.len, out) != f.len || fclose(out))
		err(1, "%s", path);
	free(path);
	free(f.data);
}

/* --- .modinfo ------------------------------------------------------------- */

static void emit_info(const char *tag, const char *value, const char *what)
{
	struct file f = copy(&base);

	if (set_info(&f, tag, value))
		emit(f, "%s", what);
	else
		free(f.data);
}

static void emit_added_info(const char *string, const char *what)
{
	struct file f = copy(&base);

	add_info(&f, string);
	emit(f, "%s", what);
}

static void wrong_vermagic(void)
{
	const char *real = info(&base, "vermagic"), *flags = strchr(real, ' ');
	char *made, *word;

	if (asprintf(&made, "1.2.3-other%s", flags) < 0)
		err(1, "memory");
	emit_info("vermagic", made, "vermagic-other-release");
	free(made);
	made = strdup(real);
	word = strstr(made, "SMP");
	if (word)
		memcpy(word, "UPP", 3);
	emit_info("vermagic", made, "vermagic-other-flag");
	free(made);
	made = strdup(real);
	word = strstr(made, "modversions ");
	if (word)
		memmove(word, word + 12, strlen(word + 12) + 1);
	emit_info("vermagic", made, "vermagic-no-modversions-word");
	free(made);
	made = strdup(real);
	made[strcspn(made, " ")] = '\0';
	emit_info("vermagic", made, "vermagic-release-only");
	free(made);
	if (asprintf(&made, "%s ", real) < 0)
		err(1, "memory");
	emit_info("vermagic", made, "vermagic-blank-added");
	free(made);
	made = strdup(real);
	made[strlen(made) - 1] = '\0';
	emit_info("vermagic", made, "vermagic-last-blank-gone");
	free(made);
	emit_info("vermagic", flags, "vermagic-empty-release");
	emit_info("vermagic", "", "vermagic-empty");
	emit_info("vermagic", NULL, "vermagic-gone");
	emit_added_info("vermagic=1.2.3-other UP", "vermagic-second-one-other");
}

static void wrong_info(void)
{
	static const char *const licences[] = { "Proprietary",	"GPL v2",	"GPL and additional rights",
						"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
						"BSD",		"gpl",		"" };
	struct file f;
	size_t i = section(&base, ".modinfo");

	for (size_t l = 0; l < sizeof(licences) / sizeof(*licences); l++) {
		char what[64];

		snprintf(what, sizeof(what), "licence-%s", *licences[l] ? licences[l] : "empty");
		emit_info("license", licences[l], what);
	}
	emit_info("license", NULL, "licence-gone");
	emit_added_info("license=Proprietary", "licence-second-one-proprietary");
	f = copy(&base);
	set_info(&f, "license", NULL);
	add_info(&f, "license=Proprietary");
	add_info(&f, "license=GPL");
	emit(f, "licence-proprietary-then-GPL");
	emit_info("import_ns", NULL, "namespace-import-gone");
	emit_info("import_ns", "OTHER", "namespace-import-other");
	emit_info("import_ns", "", "namespace-import-empty");
	emit_added_info("import_ns=OTHER", "namespace-import-added");
	emit_info("name", NULL, "modinfo-name-gone");
	emit_info("name", "", "modinfo-name-empty");
	emit_info("name", "other_name", "modinfo-name-other");
	emit_info("retpoline", NULL, "retpoline-gone");
	emit_info("intree", NULL, "intree-gone");
	emit_info("srcversion", NULL, "srcversion-gone");
	emit_info("depends", "no_such_module", "depends-unknown");
	emit_added_info("livepatch=Y", "livepatch");
	emit_added_info("staging=Y", "staging");
	emit_added_info("test=Y", "test");

	f = copy(&base);
	rename_section(&f, i, ".modinfo.other");
	emit(f, "modinfo-section-gone");
	f = copy(&base);
	replace(&f, i, "", 0);
	emit(f, "modinfo-section-empty");
	f = copy(&base);
	replace(&f, i, "\0\0\0", 3);
	emit(f, "modinfo-section-only-zeros");
	f = copy(&base);
	memset(bytes(&f, i), 'x', shdr(&f, i)->sh_size);
	emit(f, "modinfo-section-unterminated");
	f = copy(&base);
	shdr(&f, i)->sh_size--;
	emit(f, "modinfo-section-last-zero-gone");
	f = copy(&base);
	{
		size_t n = shdr(&f, i)->sh_size + 8;
		unsigned char *padded = room(n);

		memcpy(padded + 8, bytes(&f, i), n - 8);
		replace(&f, i, padded, n);
		free(padded);
	}
	emit(f, "modinfo-section-zeros-before");
}

/* --- __versions ----------------------------------------------------------- */

static unsigned char *version(struct file *f, const char *name)
{
	size_t i = section(f, "__versions");

	for (size_t at = 0; at + VERSION_SIZE <= shdr(f, i)->sh_size; at += VERSION_SIZE)
		if (strcmp((char *)bytes(f, i) + at + VERSION_NAME, name) == 0)
			return bytes(f, i) + at;
	return NULL;
}

static void remove_version(struct file *f, const char *name)
{
	size_t i = section(f, "__versions"), size = shdr(f, i)->sh_size;
	unsigned char *all = room(size), *end;
	size_t at = (size_t)(version(f, name) - bytes(f, i));

	memcpy(all, bytes(f, i), size);
	end = all + size;
	memmove(all + at, all + at + VERSION_SIZE, (size_t)(end - (all + at + VERSION_SIZE)));
	replace(f, i, all, size - VERSION_SIZE);
	free(all);
}

static void wrong_one_version(const char *name, const char *what)
{
	struct file f;
	unsigned char record[VERSION_SIZE] = { 0 };

	if (!version(&base, name))
		return;
	f = copy(&base);
	version(&f, name)[0] ^= 1;
	emit(f, "crc-of-%s-changed", what);
	f = copy(&base);
	version(&f, name)[5] = 1;
	emit(f, "crc-of-%s-more-than-32-bits", what);
	f = copy(&base);
	remove_version(&f, name);
	emit(f, "version-of-%s-gone", what);
	memcpy(record, version(&base, name), VERSION_SIZE);
	record[0] ^= 1;
	f = copy(&base);
	extend(&f, section(&f, "__versions"), record, VERSION_SIZE);
	emit(f, "version-of-%s-twice-last-wrong", what);
	memcpy(record, version(&base, name), VERSION_SIZE);
	f = copy(&base);
	version(&f, name)[0] ^= 1;
	extend(&f, section(&f, "__versions"), record, VERSION_SIZE);
	emit(f, "version-of-%s-twice-first-wrong", what);
}

static void wrong_extended(const char *real)
{
	uint32_t crcs[2] = { 0, 0 };
	char names[256] = { 0 };
	const unsigned char *record = version(&base, real);
	size_t len = (size_t)snprintf(names, sizeof(names), "module_layout") + 1;
	struct file f;

	memcpy(&crcs[0], version(&base, "module_layout"), 4);
	memcpy(&crcs[1], record, 4);
	len += (size_t)snprintf(names + len, sizeof(names) - len, "%s", real) + 1;
	static const struct {
		const char *what;
		size_t crcs;
		bool crc_table, name_table;
		int names; /* 0: none; 1: whole; 2: one; 3: unterminated */
		bool broken;
	} cases[] = {
		{ "extended-paired", 8, true, true, 1, false },
		{ "extended-wrong-crc", 8, true, true, 1, true },
		{ "extended-both-empty", 0, true, true, 0, false },
		{ "extended-crcs-only", 8, true, false, 0, false },
		{ "extended-names-only", 0, false, true, 1, false },
		{ "extended-fewer-names", 8, true, true, 2, false },
		{ "extended-fewer-crcs", 4, true, true, 1, false },
		{ "extended-odd-crcs", 7, true, true, 1, false },
		{ "extended-unterminated", 8, true, true, 3, false },
	};
	for (int without = 0; without < 2; without++) {
		for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
			uint32_t table[2] = { crcs[0], crcs[1] };
			size_t n = cases[c].names == 1	 ? len
				   : cases[c].names == 2 ? sizeof("module_layout")
				   : cases[c].names == 3 ? len - 1
							 : 0;

			if (cases[c].broken)
				table[1] ^= 1;
			f = copy(&base);
			if (without)
				rename_section(&f, section(&f, "__versions"), "__versions.other");
			if (cases[c].crc_table)
				add_section(&f, "__version_ext_crcs", table, cases[c].crcs, SHF_ALLOC);
			if (cases[c].name_table)
				add_section(&f, "__version_ext_names", names, n, SHF_ALLOC);
			emit(f, "%s%s", cases[c].what, without ? "-without-versions" : "");
		}
	}
}

static void wrong_versions(void)
{
	size_t i = section(&base, "__versions");
	unsigned char record[VERSION_SIZE];
	const char *name;
	struct file f;

	if (!i || !import(&base))
		return;
	name = symbol_name(&base, import(&base));
	wrong_one_version("module_layout", "module_layout");
	wrong_one_version(name, "first-import");
	for (size_t s = n_symbols(&base) - 1; s > 0; s--) {
		if (is_import(&base, s)) {
			wrong_one_version(symbol_name(&base, s), "last-import");
			break;
		}
	}
	f = copy(&base);
	replace(&f, i, "", 0);
	emit(f, "versions-empty");
	f = copy(&base);
	rename_section(&f, i, "__versions.other");
	emit(f, "versions-section-gone");
	f = copy(&base);
	rename_section(&f, i, "__versions.other");
	{
		char *made;

		if (asprintf(&made, "1.2.3-other%s", strchr(info(&base, "vermagic"), ' ')) < 0)
			err(1, "memory");
		set_info(&f, "vermagic", made);
		free(made);
	}
	emit(f, "versions-section-gone-and-other-release");
	f = copy(&base);
	rename_section(&f, i, "__versions.other");
	set_info(&f, "vermagic", NULL);
	emit(f, "versions-section-and-vermagic-gone");
	f = copy(&base);
	shdr(&f, i)->sh_size -= 1;
	emit(f, "versions-size-odd");
	f = copy(&base);
	shdr(&f, i)->sh_size -= VERSION_SIZE;
	emit(f, "versions-last-record-gone");
	f = copy(&base);
	memset(version(&f, name) + VERSION_NAME, 'x', VERSION_SIZE - VERSION_NAME);
	emit(f, "version-name-unterminated");
	f = copy(&base);
	memset(bytes(&f, i) + shdr(&f, i)->sh_size - VERSION_SIZE + VERSION_NAME, 'x', VERSION_SIZE - VERSION_NAME);
	emit(f, "version-last-name-unterminated");
	f = copy(&base);
	version(&f, name)[VERSION_NAME] ^= 0x20;
	emit(f, "version-name-changed");
	memset(record, 0, sizeof(record));
	memcpy(record + VERSION_NAME, "no_such_symbol_anywhere", 24);
	f = copy(&base);
	extend(&f, i, record, sizeof(record));
	emit(f, "version-of-no-import-added");
	wrong_extended(name);
}

/* --- .gnu.linkonce.this_module -------------------------------------------- */

static void wrong_this_module(void)
{
	size_t i = section(&base, ".gnu.linkonce.this_module");
	static const struct {
		const char *what;
		const char *name;
	} names[] = { { "empty", "" },
		      { "other", "other_name" },
		      { "dash", "other-name" },
		      { "slash", "other/name" },
		      { "blank", "other name" },
		      { "dot", "." },
		      { "55-bytes", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" } };
	struct file f;
	unsigned char *all;
	size_t size = shdr(&base, i)->sh_size;

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		f = copy(&base);
		memset(bytes(&f, i) + MODULE_NAME, 0, MODULE_NAME_SIZE);
		memcpy(bytes(&f, i) + MODULE_NAME, names[n].name, strlen(names[n].name));
		emit(f, "this_module-name-%s", names[n].what);
	}
	f = copy(&base);
	shdr(&f, i)->sh_size -= 64;
	emit(f, "this_module-smaller");
	f = copy(&base);
	shdr(&f, i)->sh_size = 0;
	emit(f, "this_module-empty");
	f = copy(&base);
	all = room(size + 64);
	memcpy(all, bytes(&f, i), size);
	replace(&f, i, all, size + 64);
	emit(f, "this_module-bigger");
	f = copy(&base);
	rename_section(&f, i, ".gnu.linkonce.other_module");
	emit(f, "this_module-gone");
	f = copy(&base);
	add_section(&f, ".gnu.linkonce.this_module", all, size, SHF_ALLOC | SHF_WRITE);
	emit(f, "this_module-twice");
	free(all);
	f = copy(&base);
	shdr(&f, i)->sh_type = SHT_NOBITS;
	emit(f, "this_module-nobits");
	f = copy(&base);
	shdr(&f, i)->sh_flags &= ~(Elf64_Xword)SHF_ALLOC;
	emit(f, "this_module-not-alloc");
}

/* --- symbols -------------------------------------------------------------- */

static void rename_symbol(struct file *f, size_t i, const char *name)
{
	size_t at = extend(f, shdr(f, symtab(f))->sh_link, name, strlen(name) + 1);

	symbol(f, i)->st_name = (Elf64_Word)at;
}

static void set_bind(struct file *f, size_t i, unsigned char bind)
{
	symbol(f, i)->st_info = ELF64_ST_INFO(bind, ELF64_ST_TYPE(symbol(f, i)->st_info));
}

static void wrong_symbols(void)
{
	size_t i = import(&base), table = symtab(&base), strings = shdr(&base, table)->sh_link;
	static const struct {
		const char *what;
		Elf64_Section index;
	} indexes[] = { { "common", SHN_COMMON }, { "absolute", SHN_ABS },    { "livepatch", 0xff20 },
			{ "xindex", SHN_XINDEX }, { "beyond-table", 0x4000 }, { "reserved", 0xff10 },
			{ "section-1", 1 } };
	struct file f;

	if (i) {
		f = copy(&base);
		rename_symbol(&f, i, "no_such_symbol_anywhere");
		emit(f, "import-unknown");
		f = copy(&base);
		rename_symbol(&f, i, "no_such_symbol_anywhere");
		set_bind(&f, i, STB_WEAK);
		emit(f, "import-unknown-weak");
		f = copy(&base);
		set_bind(&f, i, STB_WEAK);
		emit(f, "import-made-weak");
		f = copy(&base);
		set_bind(&f, i, STB_WEAK);
		if (version(&f, symbol_name(&f, i))) {
			version(&f, symbol_name(&f, i))[0] ^= 1;
			emit(f, "import-made-weak-crc-changed");
			f = copy(&base);
			set_bind(&f, i, STB_WEAK);
			remove_version(&f, symbol_name(&f, i));
			emit(f, "import-made-weak-version-gone");
		} else {
			free(f.data);
		}
		f = copy(&base);
		set_bind(&f, i, STB_LOCAL);
		emit(f, "import-made-local");
		f = copy(&base);
		rename_symbol(&f, i, "");
		emit(f, "import-name-empty");
		f = copy(&base);
		rename_symbol(&f, i, "_GLOBAL_OFFSET_TABLE_");
		emit(f, "import-global-offset-table");
		for (size_t n = 0; n < sizeof(indexes) / sizeof(*indexes); n++) {
			f = copy(&base);
			symbol(&f, i)->st_shndx = indexes[n].index;
			emit(f, "import-index-%s", indexes[n].what);
		}
		f = copy(&base);
		symbol(&f, i)->st_name = 0x7fffffff;
		emit(f, "import-name-beyond-strings");
	}
	f = copy(&base);
	shdr(&f, table)->sh_type = SHT_PROGBITS;
	emit(f, "symtab-gone");
	f = copy(&base);
	{
		size_t n = shdr(&f, table)->sh_size;
		unsigned char *all = room(n);
		size_t added;

		memcpy(all, bytes(&f, table), n);
		added = add_section(&f, ".symtab2", all, n, 0);
		shdr(&f, added)->sh_type = SHT_SYMTAB;
		shdr(&f, added)->sh_link = (Elf64_Word)strings;
		shdr(&f, added)->sh_entsize = sizeof(Elf64_Sym);
		free(all);
	}
	emit(f, "symtab-twice");
	f = copy(&base);
	symbol(&f, 0)->st_name = 1;
	symbol(&f, 0)->st_shndx = SHN_COMMON;
	emit(f, "symbol-0-not-null");
	f = copy(&base);
	bytes(&f, strings)[shdr(&f, strings)->sh_size - 1] = 'x';
	emit(f, "strings-unterminated");
	f = copy(&base);
	bytes(&f, strings)[0] = 'x';
	emit(f, "strings-first-not-zero");
	f = copy(&base);
	bytes(&f, ehdr(&f)->e_shstrndx)[shdr(&f, ehdr(&f)->e_shstrndx)->sh_size - 1] = 'x';
	emit(f, "section-names-unterminated");
	f = copy(&base);
	bytes(&f, ehdr(&f)->e_shstrndx)[0] = 'x';
	emit(f, "section-names-first-not-zero");
}

/* --- exports -------------------------------------------------------------- */

/* The place in __ksymtab_strings of an exported name of at least @room characters; NULL: none. */
static char *exported(struct file *f, size_t need)
{
	size_t i = section(f, "__ksymtab_strings");

	if (!i)
		return NULL;
	for (size_t at = 0; at < shdr(f, i)->sh_size;) {
		char *name = (char *)bytes(f, i) + at;

		if (strlen(name) >= need && need)
			return name;
		at += strlen(name) + 1;
	}
	return NULL;
}

static void wrong_exports(void)
{
	static const char *const tables[] = { "__ksymtab", "__ksymtab_gpl", "__kcrctab", "__kcrctab_gpl" };
	struct file f = copy(&base);
	bool done = false;

	for (size_t i = 1; i < n_symbols(&f) && !done; i++) {
		char *name;

		if (!is_import(&f, i))
			continue;
		name = exported(&f, strlen(symbol_name(&f, i)));
		if (name) {
			strcpy(name, symbol_name(&f, i));
			done = true;
		}
	}
	if (done)
		emit(f, "export-as-the-kernel");
	else
		free(f.data);
	f = copy(&base);
	if (exported(&f, 4)) {
		strcpy(exported(&f, 4), "zzz");
		emit(f, "export-renamed");
	} else {
		free(f.data);
	}
	f = copy(&base);
	if (exported(&f, 1)) {
		char *first = exported(&f, 1), *second = first + strlen(first) + 1;
		size_t i = section(&f, "__ksymtab_strings");

		while (second < (char *)bytes(&f, i) + shdr(&f, i)->sh_size && strlen(second) < strlen(first))
			second += strlen(second) + 1;
		if (second < (char *)bytes(&f, i) + shdr(&f, i)->sh_size) {
			strcpy(second, first);
			emit(copy(&f), "export-twice-itself");
		}
	}
	free(f.data);
	for (size_t t = 0; t < 4; t++) {
		size_t i = section(&base, tables[t]);

		if (!i || !shdr(&base, i)->sh_size)
			continue;
		f = copy(&base);
		rename_section(&f, i, ".other");
		emit(f, "%s-gone", tables[t]);
		f = copy(&base);
		shdr(&f, i)->sh_size--;
		emit(f, "%s-size-odd", tables[t]);
	}
}

/* --- signature ------------------------------------------------------------ */

static size_t signature_len(const struct file *f)
{
	uint32_t len;

	if (f->len < MARKER_LEN + TRAILER_LEN || memcmp(f->data + f->len - MARKER_LEN, MARKER, MARKER_LEN) != 0)
		return 0;
	memcpy(&len, f->data + f->len - MARKER_LEN - 4, 4);
	return be32toh(len) + TRAILER_LEN + MARKER_LEN;
}

static void wrong_signature(void)
{
	static const char *const fields[] = { "algo", "hash", "id_type", "signer_len", "key_id_len", "pad" };
	size_t len = signature_len(&original), body = original.len - len;
	struct file f;

	emit(copy(&base), "signature-gone");
	f = copy(&base);
	{
		unsigned char *all = room(f.len + MARKER_LEN);

		memcpy(all, f.data, f.len);
		memcpy(all + f.len, MARKER, MARKER_LEN);
		free(f.data);
		f = (struct file){ all, f.len + MARKER_LEN };
	}
	emit(f, "signature-marker-only");
	if (!len)
		return;
	emit(copy(&original), "signature-good");
	f = copy(&original);
	f.data[body + (len - TRAILER_LEN - MARKER_LEN) - 1] ^= 1;
	emit(f, "signature-last-byte-changed");
	f = copy(&original);
	f.data[body] ^= 0xff;
	emit(f, "signature-first-byte-changed");
	f = copy(&original);
	f.data[body + 40] ^= 0xff;
	emit(f, "signature-byte-40-changed");
	f = copy(&original);
	f.data[body + len / 2] ^= 0xff;
	emit(f, "signature-middle-byte-changed");
	f = copy(&original);
	memset(f.data + body, 0, len - TRAILER_LEN - MARKER_LEN);
	emit(f, "signature-all-zero");
	f = copy(&original);
	((Elf64_Ehdr *)f.data)->e_entry ^= 1;
	emit(f, "signature-good-content-changed");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		f = copy(&original);
		f.data[f.len - MARKER_LEN - TRAILER_LEN + i] ^= 1;
		emit(f, "signature-trailer-%s", fields[i]);
	}
	for (int i = 0; i < 4; i++) {
		static const uint32_t lens[] = { 0, 0xffffffff, 0x7fffffff, 1 };
		uint32_t big = htobe32(lens[i]);

		f = copy(&original);
		memcpy(f.data + f.len - MARKER_LEN - 4, &big, 4);
		emit(f, "signature-length-%x", lens[i]);
	}
	f = copy(&original);
	{
		uint32_t big = htobe32((uint32_t)(original.len - TRAILER_LEN - MARKER_LEN));

		memcpy(f.data + f.len - MARKER_LEN - 4, &big, 4);
	}
	emit(f, "signature-length-whole-file");
	f = copy(&original);
	f.len--;
	emit(f, "signature-last-byte-of-file-gone");
	f = copy(&original);
	append(&f, "x", 1);
	emit(f, "signature-followed-by-bytes");
	f = copy(&original);
	{
		unsigned char *all = room(f.len + len);

		memcpy(all, f.data, f.len);
		memcpy(all + f.len, f.data + body, len);
		free(f.data);
		f = (struct file){ all, f.len + len };
	}
	emit(f, "signature-twice");
}

/* --- the ELF header, section headers, truncation -------------------------- */

static void put(void *at, size_t size, uint64_t value)
{
	memcpy(at, &value, size); /* little-endian */
}

struct field {
	const char *name;
	size_t offset, size;
	uint64_t values[6];
	size_t n;
};

#define FIELD(type, member, count, ...)                                                                                \
	{                                                                                                              \
#member, offsetof(type, member), sizeof(((type *)0)->member), { __VA_ARGS__ }, count                   \
	}

static void wrong_elf_header(void)
{
	const Elf64_Ehdr *h = ehdr(&base);
	const struct field fields[] = {
		{ "magic", 0, 1, { 0 }, 1 },
		{ "magic-last", 3, 1, { 'G' }, 1 },
		{ "class", EI_CLASS, 1, { 0, 1, 3 }, 3 },
		{ "data", EI_DATA, 1, { 0, 2 }, 2 },
		{ "ident-version", EI_VERSION, 1, { 0, 9 }, 2 },
		{ "osabi", EI_OSABI, 1, { 3, 9 }, 2 },
		{ "abiversion", EI_ABIVERSION, 1, { 1 }, 1 },
		{ "pad", EI_PAD, 1, { 1 }, 1 },
		FIELD(Elf64_Ehdr, e_type, 4, 0, 2, 3, 0xff00),
		FIELD(Elf64_Ehdr, e_machine, 4, 0, EM_386, EM_AARCH64, EM_PPC64),
		FIELD(Elf64_Ehdr, e_version, 2, 0, 2),
		FIELD(Elf64_Ehdr, e_entry, 1, 0x1000),
		FIELD(Elf64_Ehdr, e_phoff, 1, 64),
		FIELD(Elf64_Ehdr, e_shoff, 6, 0, h->e_shoff + 1, h->e_shoff + 64, base.len, base.len + 1, ~0ULL),
		FIELD(Elf64_Ehdr, e_flags, 1, 1),
		FIELD(Elf64_Ehdr, e_ehsize, 2, 0, 63),
		FIELD(Elf64_Ehdr, e_phentsize, 1, 56),
		FIELD(Elf64_Ehdr, e_phnum, 2, 1, 0xffff),
		FIELD(Elf64_Ehdr, e_shentsize, 3, 0, 40, 65),
		FIELD(Elf64_Ehdr, e_shnum, 5, 0, 1, h->e_shnum - 1U, h->e_shnum + 1U, 0xffff),
		FIELD(Elf64_Ehdr, e_shstrndx, 5, 0, 1, h->e_shstrndx - 1U, h->e_shnum, 0xffff),
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		for (size_t v = 0; v < fields[i].n; v++) {
			struct file f = copy(&base);

			put(f.data + fields[i].offset, fields[i].size, fields[i].values[v]);
			emit(f, "header-%s-%llx", fields[i].name, (unsigned long long)fields[i].values[v]);
		}
	}
}

/*
 * Left out is what makes an older kernel read or write wild addresses, nearly everywhere it is done:
 * names far outside where nothing checks them; relocations, symbols and struct module read from
 * the ELF header.
 */
static void wrong_section_header(size_t index)
{
	const Elf64_Shdr *s = shdr(&base, index), *strings = shdr(&base, ehdr(&base)->e_shstrndx);
	bool alloc = s->sh_flags & SHF_ALLOC,
	     table = s->sh_type == SHT_RELA || s->sh_type == SHT_SYMTAB ||
		     strcmp(section_name(&base, index), ".gnu.linkonce.this_module") == 0;
	const struct field fields[] = {
		FIELD(Elf64_Shdr, sh_name, alloc ? 3 : 2, 0, strings->sh_size, 0x7fffffff),
		FIELD(Elf64_Shdr, sh_type, 5, SHT_NULL, SHT_NOBITS, SHT_SYMTAB, SHT_STRTAB, 0x7fffffff),
		FIELD(Elf64_Shdr, sh_flags, 5, 0, s->sh_flags ^ SHF_ALLOC, s->sh_flags ^ SHF_WRITE,
		      s->sh_flags ^ SHF_EXECINSTR, s->sh_flags | SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR),
		FIELD(Elf64_Shdr, sh_addr, 1, 0x1000),
		FIELD(Elf64_Shdr, sh_offset, table ? 2 : 3, base.len + 1, ~0ULL, 0),
		FIELD(Elf64_Shdr, sh_size, 5, 0, s->sh_size - 1, s->sh_size + 1, base.len, ~0ULL),
		FIELD(Elf64_Shdr, sh_link, 3, 0, s->sh_link ? s->sh_link - 1 : 1, 0xffff),
		FIELD(Elf64_Shdr, sh_info, 2, 0, 0xffff),
		FIELD(Elf64_Shdr, sh_addralign, 3, 0, 3, 4096),
		FIELD(Elf64_Shdr, sh_entsize, 2, 0, 7),
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		for (size_t v = 0; v < fields[i].n; v++) {
			struct file f = copy(&base);
			unsigned char *at = (unsigned char *)shdr(&f, index) + fields[i].offset;
			unsigned char before[sizeof(uint64_t)];

			memcpy(before, at, fields[i].size);
			put(at, fields[i].size, fields[i].values[v]);
			if (memcmp(before, at, fields[i].size) == 0)
				free(f.data);
			else
				emit(f, "section-%s-%s-%llx", index ? section_name(&base, index) : "0", fields[i].name,
				     (unsigned long long)fields[i].values[v]);
		}
	}
}

/* The section headers right after the ELF header, so that a truncation leaves them. */
static struct file headers_first(void)
{
	size_t table = ehdr(&base)->e_shnum * sizeof(Elf64_Shdr), gap = (table + 63) / 64 * 64;
	struct file f = { room(base.len + gap), base.len + gap };

	memcpy(f.data, base.data, sizeof(Elf64_Ehdr));
	memcpy(f.data + sizeof(Elf64_Ehdr), shdr(&base, 0), table);
	memcpy(f.data + sizeof(Elf64_Ehdr) + gap, base.data + sizeof(Elf64_Ehdr), base.len - sizeof(Elf64_Ehdr));
	ehdr(&f)->e_shoff = sizeof(Elf64_Ehdr);
	for (size_t i = 1; i < ehdr(&f)->e_shnum; i++)
		shdr(&f, i)->sh_offset += gap;
	return f;
}

static void emit_truncated(const struct file *whole, size_t len, const char *what)
{
	struct file f = copy(whole);

	if (len >= f.len) {
		free(f.data);
		return;
	}
	f.len = len;
	emit(f, "truncated-%s", what);
}

static void wrong_length(void)
{
	struct file front = headers_first();
	char what[128];

	emit_truncated(&base, 0, "to-nothing");
	emit_truncated(&base, 1, "to-1");
	emit_truncated(&base, 63, "to-63");
	emit_truncated(&base, 64, "to-64");
	emit_truncated(&base, base.len - 1, "by-1");
	for (size_t i = 1; i < ehdr(&base)->e_shnum; i++) {
		snprintf(what, sizeof(what), "at-%s", section_name(&base, i));
		emit_truncated(&base, shdr(&base, i)->sh_offset, what);
		snprintf(what, sizeof(what), "headers-first-at-%s", section_name(&base, i));
		emit_truncated(&front, shdr(&front, i)->sh_offset, what);
	}
	emit(front, "headers-first");
}

/* --- main ----------------------------------------------------------------- */

static void take_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	original = load(path);
	base = copy(&original);
	base.len -= signature_len(&original);
	if (memcmp(base.data, ELFMAG, SELFMAG) != 0 || ehdr(&base)->e_machine != EM_X86_64 ||
	    !section(&base, ".modinfo") || !section(&base, ".gnu.linkonce.this_module") || !info(&base, "vermagic"))
		errx(1, "%s: not a module for x86-64", path);
	snprintf(base_name, sizeof(base_name), "%s", slash ? slash + 1 : path);
	if (strstr(base_name, ".ko"))
		*strstr(base_name, ".ko") = '\0';
}

int main(int argc, char **argv)
{
	if (argc != 4 || (strcmp(argv[3], "few") != 0 && strcmp(argv[3], "all") != 0))
		errx(2, "usage: wrong FILE.ko OUTDIR few|all");
	take_base(argv[1]);
	out_dir = argv[2];
	wrong_vermagic();
	wrong_info();
	wrong_versions();
	wrong_this_module();
	wrong_symbols();
	wrong_exports();
	wrong_signature();
	if (strcmp(argv[3], "all") == 0) {
		wrong_elf_header();
		for (size_t i = 0; i < ehdr(&base)->e_shnum; i++)
			wrong_section_header(i);
		wrong_length();
	}
	return 0;
}
