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
	struct dg_section s;
	struct dg_symbol sym;

	if (symbol >= m->symbols.n)
		return false;
	dg_elf_symbol(&m->elf, &m->symbols, symbol, &sym);
	return sym.section && dg_elf_section_at(&m->elf, sym.section, &s) && !(s.flags & SHF_ALLOC);
}

static const char *check_section(const struct dg_modfile *m, const struct dg_section *table,
				 const struct dg_section *target)
{
	static const unsigned char zeroes[8];

	for (size_t at = 0; at + sizeof(Elf64_Rela) <= table->span.len; at += sizeof(Elf64_Rela)) {
		uint64_t to = dg_elf_word(&m->elf, table->span.data + at);
		uint64_t info = dg_elf_word(&m->elf, table->span.data + at + 8);
		uint32_t type = (uint32_t)ELF64_R_TYPE(info);
		int width = width_of(type);

		if (width < 0)
			return "damaged: a relocation of no known kind";
		/* Past the section's end the kernel reads on; what is there nobody can tell. */
		if (!width || to > target->span.len || target->span.len - to < (size_t)width)
			continue;
		if (target->type != SHT_NOBITS && memcmp(target->span.data + to, zeroes, (size_t)width) != 0)
			return "damaged: a relocation of bytes that are filled in already";
		/* Of relative ones the kernel does not check how far they reach. */
		if ((type == R_X86_64_32 || type == R_X86_64_32S) && is_out_of_reach(m, (uint32_t)ELF64_R_SYM(info)))
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
