// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a module file the export tables are not filled in yet: relocations will do
 * that, so the names come from those. Formats, include/linux/export.h and
 * export-internal.h, asm-generic/export.h:
 *
 *   __ksymtab, __ksymtab_gpl    entries of value, name, namespace: 32-bit each, or
 *                               a word each where the architecture has no PREL32
 *   .rela__ksymtab…             (.rel… on some) one relocation a field
 *   __kcrctab, __kcrctab_gpl    a u32 for each entry, in the same order; before 5.19
 *                               an absolute symbol __crc_NAME instead
 */
#include "modexports.h"

#include <elf.h>
#include <errno.h>

struct relocation {
	uint64_t at;
	uint64_t addend;
	uint32_t symbol;
};

/* One table of exports as it is being read. */
struct exports {
	const struct dg_modfile *m;
	struct dg_section table, relocations, crcs;
	bool has_crcs, gpl_only;
	size_t stride, n;
};

static size_t relocation_size(const struct exports *e)
{
	bool rela = e->relocations.type == SHT_RELA;

	if (e->m->is64)
		return rela ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
	return rela ? sizeof(Elf32_Rela) : sizeof(Elf32_Rel);
}

static void read_relocation(const struct exports *e, size_t i, struct relocation *ret)
{
	const unsigned char *p = e->relocations.span.data + i * relocation_size(e);
	size_t word = e->m->is64 ? 8 : 4;
	uint64_t info = dg_elf_word(&e->m->elf, p + word);

	ret->at = dg_elf_word(&e->m->elf, p);
	ret->symbol = (uint32_t)(e->m->is64 ? ELF64_R_SYM(info) : ELF32_R_SYM(info));
	ret->addend = 0;
	if (e->relocations.type == SHT_RELA)
		ret->addend = dg_elf_word(&e->m->elf, p + 2 * word);
	else if (ret->at <= e->table.span.len && e->table.span.len - ret->at >= 4)
		ret->addend = dg_elf_u32(&e->m->elf, e->table.span.data + ret->at); /* REL keeps it in place */
}

/* The string that a relocation will make a field lead to; NULL: none. */
static const char *target(const struct exports *e, const struct relocation *r)
{
	struct dg_symbol sym;
	struct dg_section s;
	uint64_t at;
	size_t left;

	if (r->symbol >= e->m->symbols.n)
		return NULL;
	dg_elf_symbol(&e->m->elf, &e->m->symbols, r->symbol, &sym);
	if (!sym.section || !dg_elf_section_at(&e->m->elf, sym.section, &s))
		return NULL;
	at = sym.value + r->addend;
	if (at >= s.span.len)
		return NULL;
	left = s.span.len - at < DG_ELF_NAME_MOST ? s.span.len - at : DG_ELF_NAME_MOST;
	if (!memchr(s.span.data + at, '\0', left))
		return NULL;
	return (const char *)s.span.data + at;
}

/* Three fields an entry, each relocated: that tells 4-byte fields from words. */
static bool find_stride(struct exports *e)
{
	size_t n = e->relocations.span.len / relocation_size(e), word = e->m->is64 ? 8 : 4;
	const size_t strides[] = { 12, 3 * word, 2 * word, 8 };

	for (size_t i = 0; i < DG_ARRAY_SIZE(strides); i++) {
		size_t stride = strides[i], fields = stride == 12 || stride == 3 * word ? 3 : 2;

		e->n = e->table.span.len / stride;
		e->stride = stride;
		if (e->table.span.len % stride == 0 && n == e->n * fields)
			return true;
	}
	return false;
}

static int collect_table(struct dg_modfile *m, struct exports *e)
{
	size_t first = m->n_exports, field;

	for (size_t i = 0; i < e->n; i++) {
		struct dg_export x = { .name = "", .ns = "", .gpl_only = e->gpl_only, .has_crc = e->has_crcs };

		if (e->has_crcs && e->crcs.span.len / 4 > i)
			x.crc = dg_elf_u32(&m->elf, e->crcs.span.data + i * 4);
		if (DG_GROW(m->exports, m->n_exports) < 0)
			return -ENOMEM;
		m->exports[m->n_exports++] = x;
	}
	field = e->stride % 3 == 0 ? e->stride / 3 : e->stride / 2;
	for (size_t i = 0; i < e->relocations.span.len / relocation_size(e); i++) {
		struct relocation r;
		const char *s;

		read_relocation(e, i, &r);
		if (r.at >= e->n * e->stride || !(s = target(e, &r)))
			continue;
		if (r.at % e->stride == field)
			m->exports[first + r.at / e->stride].name = s;
		else if (r.at % e->stride == 2 * field)
			m->exports[first + r.at / e->stride].ns = s;
	}
	return 0;
}

/* Of one name, those first that have no CRC yet. */
static int by_name(const void *a, const void *b)
{
	const struct dg_export *x = *(struct dg_export *const *)a, *y = *(struct dg_export *const *)b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->has_crc - y->has_crc;
}

/* Where in @sorted the exports called @name begin. */
static size_t find_first(struct dg_export *const *sorted, size_t n, const char *name)
{
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(sorted[middle]->name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* CRCs as absolute symbols, of kernels before 5.19. */
static int add_absolute_crcs(struct dg_modfile *m)
{
	struct dg_export **sorted = calloc(m->n_exports + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_exports; i++)
		sorted[i] = &m->exports[i];
	qsort(sorted, m->n_exports, sizeof(*sorted), by_name);
	for (size_t i = 1; i < m->symbols.n; i++) {
		struct dg_symbol sym;
		size_t j;

		if (dg_elf_symbol_section(&m->elf, &m->symbols, i) != SHN_ABS)
			continue;
		dg_elf_symbol(&m->elf, &m->symbols, i, &sym);
		if (!dg_startswith(sym.name, "__crc_"))
			continue;
		/* The first symbol of a name decides, for all exports of it. */
		j = find_first(sorted, m->n_exports, sym.name + strlen("__crc_"));
		for (; j < m->n_exports && !sorted[j]->has_crc && dg_streq(sorted[j]->name, sym.name + 6); j++) {
			sorted[j]->crc = (uint32_t)sym.value;
			sorted[j]->has_crc = true;
		}
	}
	free(sorted);
	return 0;
}

static bool find_relocations(const struct dg_modfile *m, size_t table, struct dg_section *ret)
{
	for (size_t i = 1; i < m->elf.n_sections; i++) {
		uint32_t type = dg_elf_section_type(&m->elf, i);

		if ((type == SHT_RELA || type == SHT_REL) && dg_elf_section_at(&m->elf, i, ret) && ret->info == table &&
		    ret->span.len)
			return true;
	}
	return false;
}

int dg_modexports_collect(struct dg_modfile *m)
{
	static const char *const names[2][2] = { { "__ksymtab", "__kcrctab" }, { "__ksymtab_gpl", "__kcrctab_gpl" } };
	bool need_absolute = false;

	for (int gpl = 0; gpl < 2; gpl++) {
		size_t index = dg_elf_section_index(&m->elf, names[gpl][0]);
		size_t crcs = dg_elf_section_index(&m->elf, names[gpl][1]);
		struct exports e = { .m = m, .gpl_only = gpl };
		struct dg_section relocated;
		int r;

		if (!index || !dg_elf_section_at(&m->elf, index, &e.table) || !e.table.span.len ||
		    !find_relocations(m, index, &e.relocations) || !find_stride(&e))
			continue;
		/* Before 5.19 they are zeroes still, to be relocated to absolute symbols. */
		e.has_crcs = crcs && dg_elf_section_at(&m->elf, crcs, &e.crcs) && e.crcs.span.len &&
			     !find_relocations(m, crcs, &relocated);
		need_absolute |= !e.has_crcs;
		r = collect_table(m, &e);
		if (r < 0)
			return r;
	}
	return need_absolute ? add_absolute_crcs(m) : 0;
}
