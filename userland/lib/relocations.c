// SPDX-License-Identifier: GPL-2.0-or-later
#include "relocations.h"

#include <elf.h>

/* Bytes that a relocation fills in; 0: none, -1: of a kind the kernel does not know. */
static int width_of(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return 4;
	default:
		return -1;
	}
}

/* A symbol in a section that is not loaded lies too far away for 32 bits. */
static bool is_out_of_reach(const struct dg_modfile *m, uint32_t symbol)
{
	uint16_t section = symbol < m->symbols.n ? dg_elf_symbol_section(&m->elf, &m->symbols, symbol) : 0;

	return section && section < m->elf.n_sections && !(dg_elf_section_flags(&m->elf, section) & SHF_ALLOC);
}

static bool is_zero(const unsigned char *p, int width)
{
	uint64_t v = 0;

	if (width == 8)
		memcpy(&v, p, 8);
	else
		memcpy(&v, p, 4);
	return !v;
}

/* A million and more in a level's modules: of little endian, which x86_64 is, they are read as they lie. */
static Elf64_Rela relocation_at(const struct dg_modfile *m, const unsigned char *p)
{
	Elf64_Rela r;

	memcpy(&r, p, sizeof(r));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (!m->elf.big_endian)
		return r;
#endif
	r.r_offset = dg_elf_word(&m->elf, p);
	r.r_info = dg_elf_word(&m->elf, p + 8);
	return r;
}

static const char *check_section(const struct dg_modfile *m, const struct dg_section *table,
				 const struct dg_section *target)
{
	const unsigned char *end = table->span.data + table->span.len / sizeof(Elf64_Rela) * sizeof(Elf64_Rela);

	for (const unsigned char *p = table->span.data; p < end; p += sizeof(Elf64_Rela)) {
		Elf64_Rela r = relocation_at(m, p);
		uint32_t type = (uint32_t)ELF64_R_TYPE(r.r_info);
		int width = width_of(type);

		if (width < 0)
			return "damaged: a relocation of no known kind";
		/* Past the section's end the kernel reads on; what is there nobody can tell. */
		if (!width || r.r_offset > target->span.len || target->span.len - r.r_offset < (size_t)width)
			continue;
		if (target->type != SHT_NOBITS && !is_zero(target->span.data + r.r_offset, width))
			return "damaged: a relocation of bytes that are filled in already";
		/* Of relative ones the kernel does not check how far they reach. */
		if ((type == R_X86_64_32 || type == R_X86_64_32S) &&
		    is_out_of_reach(m, (uint32_t)ELF64_R_SYM(r.r_info)))
			return "damaged: a relocation by a symbol that is not loaded";
	}
	return NULL;
}

const char *dg_relocations_damage(const struct dg_modfile *m)
{
	struct dg_section table, target;

	if (m->relocations_checked)
		return m->relocation_damage;
	if (m->machine != EM_X86_64 || !m->is64)
		return NULL;
	for (size_t i = 1; dg_elf_section_at(&m->elf, i, &table); i++) {
		const char *what;

		if ((table.type != SHT_RELA && table.type != SHT_REL) ||
		    !dg_elf_section_at(&m->elf, table.info, &target) || !(target.flags & SHF_ALLOC))
			continue;
		what = table.type == SHT_REL ? "has relocations without addends" : check_section(m, &table, &target);
		if (what)
			return what;
	}
	return NULL;
}

const char *dg_relocations_check(struct dg_modfile *m)
{
	m->relocation_damage = dg_relocations_damage(m);
	m->relocations_checked = true;
	return m->relocation_damage;
}
