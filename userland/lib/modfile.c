// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats, all of the kernel's scripts/mod/modpost.c and include/linux/module.h:
 *   .modinfo      "key=value" strings, NUL between them
 *   __versions    struct modversion_info: unsigned long crc; char name[64 - sizeof(long)]
 *   .gnu.linkonce.this_module   struct module; its name is 64 - sizeof(long) bytes,
 *                 behind the state word and the list head
 *   __crc_NAME    a local symbol that lies at its export's CRC (5.19 and later:
 *                 in a __kcrctab section; before: absolute, its value the CRC)
 */
#include "modfile.h"

#include <elf.h>
#include <errno.h>

#include "fs.h"
#include "unpack.h"

static const char *modinfo_get(struct dg_span info, const char *key)
{
	size_t len = strlen(key);

	for (size_t at = 0; at < info.len;) {
		const char *s = (const char *)info.data + at;
		size_t n = strnlen(s, info.len - at);

		if (n == info.len - at)
			break;
		if (n > len && s[len] == '=' && memcmp(s, key, len) == 0)
			return s + len + 1;
		at += n + 1;
	}
	return "";
}

static int find_name(struct dg_modfile *m, struct dg_span info, struct dg_span this_module, struct dg_diag *d)
{
	size_t word = m->is64 ? 8 : 4, at = word * 3, room = 64 - word;
	const char *name = modinfo_get(info, "name");

	if (*name)
		snprintf(m->name, sizeof(m->name), "%s", name);
	else if (this_module.len >= at + room)
		snprintf(m->name, sizeof(m->name), "%.*s", (int)room, this_module.data + at);
	if (!dg_modname_valid(m->name))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "no usable module name in it");
	dg_modname_normalize(m->name);
	return 0;
}

struct version {
	const char *name;
	uint32_t crc;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct version *)a)->name, ((const struct version *)b)->name);
}

static int read_versions(const struct dg_elf *elf, struct dg_span s, struct version **ret, size_t *ret_n,
			 struct dg_diag *d)
{
	size_t word = dg_elf_is64(elf) ? 8 : 4, n = s.len / 64;
	struct version *v = calloc(n ? n : 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *p = s.data + i * 64;

		if (!memchr(p + word, '\0', 64 - word)) {
			free(v);
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: record %zu of __versions has no end", i);
		}
		v[i].crc = (uint32_t)dg_elf_word(elf, p);
		v[i].name = (const char *)p + word;
	}
	qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	*ret_n = n;
	return 0;
}

static int add_import(struct dg_modfile *m, const char *name, bool weak, const struct version *v, size_t n)
{
	const struct version key = { .name = name };
	const struct version *found = n ? bsearch(&key, v, n, sizeof(*v), by_name) : NULL;

	if (DG_GROW(m->imports, m->n_imports) < 0)
		return -ENOMEM;
	m->imports[m->n_imports++] = (struct dg_import){
		.name = name,
		.weak = weak,
		.has_crc = found,
		.crc = found ? found->crc : 0,
	};
	return 0;
}

static int add_export(struct dg_modfile *m, const struct dg_elf *elf, const struct dg_symbol *sym)
{
	struct dg_export e = { .name = sym->name + strlen("__crc_"), .has_crc = true };
	struct dg_section s;

	if (sym->section == SHN_ABS)
		e.crc = (uint32_t)sym->value;
	else if (dg_elf_section_at(elf, sym->section, &s) && s.span.len >= 4 && sym->value <= s.span.len - 4)
		e.crc = dg_elf_u32(elf, s.span.data + sym->value);
	else
		return 0;
	if (DG_GROW(m->exports, m->n_exports) < 0)
		return -ENOMEM;
	m->exports[m->n_exports++] = e;
	return 0;
}

/* Without CONFIG_MODVERSIONS there is no __crc_NAME, only the __ksymtab_NAME beside it. */
static int read_plain_exports(struct dg_modfile *m, const struct dg_elf *elf)
{
	struct dg_symbol sym;

	for (size_t i = 1; dg_elf_symbol(elf, i, &sym); i++) {
		if (sym.section == SHN_UNDEF || !dg_startswith(sym.name, "__ksymtab_"))
			continue;
		if (DG_GROW(m->exports, m->n_exports) < 0)
			return -ENOMEM;
		m->exports[m->n_exports++] = (struct dg_export){ .name = sym.name + strlen("__ksymtab_") };
	}
	return 0;
}

static int read_symbols(struct dg_modfile *m, const struct dg_elf *elf, const struct version *v, size_t n)
{
	struct dg_symbol sym;
	int r = 0;

	/* No symbol, but the loader compares it like one, and first. */
	if (m->has_versions)
		r = add_import(m, "module_layout", false, v, n);
	for (size_t i = 1; r == 0 && dg_elf_symbol(elf, i, &sym); i++) {
		if (!*sym.name)
			continue;
		if (sym.section == SHN_UNDEF)
			r = add_import(m, sym.name, sym.weak, v, n);
		else if (dg_startswith(sym.name, "__crc_"))
			r = add_export(m, elf, &sym);
	}
	if (r == 0 && !m->n_exports)
		r = read_plain_exports(m, elf);
	return r;
}

static int parse(struct dg_modfile *m, const struct dg_elf *elf, struct dg_diag *d)
{
	struct dg_section info, this_module, versions;
	dg_auto_free struct version *v = NULL;
	size_t n = 0;
	int r;

	m->machine = dg_elf_machine(elf);
	m->is64 = dg_elf_is64(elf);
	if (dg_elf_type(elf) != ET_REL)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "an ELF file, but no kernel module (not relocatable)");
	if (!dg_elf_section(elf, ".gnu.linkonce.this_module", &this_module) || !dg_elf_section(elf, ".modinfo", &info))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "an ELF object, but no kernel module (no .modinfo)");
	m->this_module_size = this_module.span.len;
	r = find_name(m, info.span, this_module.span, d);
	if (r < 0)
		return r;
	m->vermagic = modinfo_get(info.span, "vermagic");
	m->version = modinfo_get(info.span, "version");
	m->srcversion = modinfo_get(info.span, "srcversion");
	m->license = modinfo_get(info.span, "license");
	m->depends = modinfo_get(info.span, "depends");
	dg_elf_build_id(elf, m->build_id);
	if (dg_elf_section(elf, "__versions", &versions)) {
		m->has_versions = true;
		r = read_versions(elf, versions.span, &v, &n, d);
		if (r < 0)
			return r;
	}
	return read_symbols(m, elf, v, n);
}

int dg_modfile_parse(void *data, size_t len, struct dg_modfile **ret, struct dg_diag *d)
{
	dg_auto(dg_elf_closep) struct dg_elf *elf = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	int r = dg_elf_open(data, len, &elf, d);

	if (r < 0)
		return r;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	r = parse(m, elf, d);
	if (r < 0)
		return r;
	r = dg_sha256(data, len, m->sha256);
	if (r < 0)
		return r;
	m->data = m->owned = data;
	m->len = len;
	*ret = dg_take(m);
	return 0;
}

static int read_plain(const char *path, void **ret, size_t *ret_len, struct dg_diag *d)
{
	void *data, *plain;
	size_t len, plain_len;
	int r = dg_file_read(path, DG_FILE_MAX, &data, &len);

	if (r == -EISDIR)
		return dg_diag_set(d, r, path, "remove it, or rename it", "a directory named like a driver");
	if (r == -ELOOP)
		return dg_diag_set(d, r, path, "remove the link", "a link that leads round to itself");
	if (r == -ENOENT)
		return dg_diag_set(d, r, path, "remove or mend it if it is a link", "leads to no file");
	if (r == -ENXIO)
		return dg_diag_set(d, r, path, "remove it", "no regular file");
	if (r < 0)
		return dg_diag_errno(d, r, path, "read");
	if (!dg_unpack_needed(data, len)) {
		*ret = data;
		*ret_len = len;
		return 0;
	}
	r = dg_unpack(data, len, DG_FILE_MAX, &plain, &plain_len);
	free(data);
	if (r < 0)
		return dg_diag_set(d, r, path, "replace it from the vendor's package", "cannot be unpacked: %s",
				   r == -EBADMSG ? "truncated or damaged" : strerror(-r));
	*ret = plain;
	*ret_len = plain_len;
	return 0;
}

int dg_modfile_read(const char *path, struct dg_modfile **ret, struct dg_diag *d)
{
	struct dg_diag why = { 0 };
	struct dg_modfile *m;
	void *data = NULL;
	size_t len = 0;
	int r = read_plain(path, &data, &len, d);

	if (r < 0)
		return r;
	r = dg_modfile_parse(data, len, &m, &why);
	if (r < 0) {
		free(data);
		if (!why.what[0])
			return dg_diag_errno(d, r, path, "read");
		return dg_diag_set(d, r, path, "replace it from the vendor's package", "%s", why.what);
	}
	m->path = strdup(path);
	if (!m->path) {
		dg_modfile_free(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}

void dg_modfile_free(struct dg_modfile *m)
{
	if (!m)
		return;
	free(m->path);
	free(m->imports);
	free(m->exports);
	free(m->owned);
	free(m);
}

void dg_modfile_freep(struct dg_modfile **m)
{
	dg_modfile_free(*m);
}

bool dg_modfile_is_named(const char *name)
{
	return dg_endswith(name, ".ko") || dg_endswith(name, ".ko.gz") || dg_endswith(name, ".ko.xz") ||
	       dg_endswith(name, ".ko.zst");
}
