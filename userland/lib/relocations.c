// SPDX-License-Identifier: GPL-2.0-or-later
#include "relocations.h"

#include <elf.h>

/* Kinds as bits: those that the kernel knows, and of these those that fill in eight bytes, not four. */
#define BIT(kind) ((uint32_t)1 << (kind))
#define KNOWN                                                                                                          \
	(BIT(R_X86_64_NONE) | BIT(R_X86_64_64) | BIT(R_X86_64_PC64) | BIT(R_X86_64_32) | BIT(R_X86_64_32S) |           \
	 BIT(R_X86_64_PC32) | BIT(R_X86_64_PLT32))
#define EIGHT (BIT(R_X86_64_64) | BIT(R_X86_64_PC64))
/* Of relative ones the kernel does not check how far they reach. */
#define CHECKED (BIT(R_X86_64_32) | BIT(R_X86_64_32S))

/* A symbol in a section that is not loaded lies too far away for 32 bits. */
static bool is_out_of_reach(const struct dg_modfile *m, uint32_t symbol)
{
	uint16_t section = symbol < m->symbols.n ? dg_elf_symbol_section(&m->elf, &m->symbols, symbol) : 0;

	return section && section < m->elf.n_sections && !(dg_elf_section_flags(&m->elf, section) & SHF_ALLOC);
}

static inline uint32_t load(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* A million and more in a level's modules: of little endian, which x86_64 is, they are read as they lie. */
static inline uint64_t word_at(const struct dg_modfile *m, const unsigned char *p)
{
	uint64_t v;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || m->elf.big_endian)
		return dg_elf_word(&m->elf, p);
	memcpy(&v, p, sizeof(v));
	return v;
}

static const char *check_section(const struct dg_modfile *m, const struct dg_section *table,
				 const struct dg_section *target)
{
	const unsigned char *end = table->span.data + table->span.len / sizeof(Elf64_Rela) * sizeof(Elf64_Rela);
	const unsigned char *bytes = target->type != SHT_NOBITS ? target->span.data : NULL;
	uint32_t reached = 0; /* the symbol that was last found to be */

	for (const unsigned char *p = table->span.data; p < end; p += sizeof(Elf64_Rela)) {
		uint64_t at = word_at(m, p), info = word_at(m, p + 8);
		uint32_t kind = (uint32_t)ELF64_R_TYPE(info), symbol = (uint32_t)ELF64_R_SYM(info);
		uint32_t bit = kind < 32 ? BIT(kind) : 0;

		if (!(bit & KNOWN))
			return "damaged: a relocation of no known kind";
		/* Past the section's end the kernel reads on; what is there nobody can tell. */
		if (kind == R_X86_64_NONE || at > target->span.len || target->span.len - at < (bit & EIGHT ? 8 : 4))
			continue;
		if (bytes && (load(bytes + at) || (bit & EIGHT && load(bytes + at + 4))))
			return "damaged: a relocation of bytes that are filled in already";
		if (!(bit & CHECKED) || symbol == reached)
			continue;
		if (is_out_of_reach(m, symbol))
			return "damaged: a relocation by a symbol that is not loaded";
		reached = symbol;
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
	for (size_t i = 1; i < m->elf.n_sections; i++) {
		uint32_t type = dg_elf_section_type(&m->elf, i);
		const char *what;

		if ((type != SHT_RELA && type != SHT_REL) || !dg_elf_section_at(&m->elf, i, &table) ||
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
