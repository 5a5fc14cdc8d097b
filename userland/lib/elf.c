// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libelf checks what it converts, but not everything it hands out raw: section
 * spans are checked here again, against the bytes we gave it.
 */
#include "elf.h"

#include <byteswap.h>
#include <endian.h>
#include <errno.h>
#include <gelf.h>

struct dg_elf {
	Elf *elf;
	GElf_Ehdr ehdr;
	const unsigned char *data;
	size_t len, n_sections, shstrndx;
	/* The symbol table, found at open. */
	Elf_Data *symbols;
	struct dg_span symbol_names;
	size_t n_symbols;
};

static bool foreign_order(const struct dg_elf *elf)
{
	return elf->ehdr.e_ident[EI_DATA] != (BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB);
}

static int check_sections(struct dg_elf *elf, struct dg_diag *d)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		GElf_Shdr sh;
		uint64_t end;

		if (!gelf_getshdr(elf_getscn(elf->elf, i), &sh))
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "section %zu cannot be read: %s", i,
					   elf_errmsg(-1));
		if (sh.sh_type == SHT_NOBITS)
			continue;
		if (__builtin_add_overflow(sh.sh_offset, sh.sh_size, &end) || end > elf->len)
			return dg_diag_set(d, -EBADMSG, NULL, NULL,
					   "truncated: section %zu ends at byte %llu, the file at %zu", i,
					   (unsigned long long)end, elf->len);
	}
	return 0;
}

static void find_symbols(struct dg_elf *elf)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		Elf_Scn *scn = elf_getscn(elf->elf, i);
		struct dg_section names;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB)
			continue;
		elf->symbols = elf_getdata(scn, NULL);
		if (!elf->symbols || !sh.sh_entsize || !dg_elf_section_at(elf, sh.sh_link, &names) || !names.span.len ||
		    names.span.data[names.span.len - 1] != '\0') {
			elf->symbols = NULL;
			return;
		}
		elf->symbol_names = names.span;
		elf->n_symbols = sh.sh_size / sh.sh_entsize;
		return;
	}
}

int dg_elf_open(const void *data, size_t len, struct dg_elf **ret, struct dg_diag *d)
{
	dg_auto(dg_elf_closep) struct dg_elf *elf = NULL;
	int r;

	elf_version(EV_CURRENT);
	if (len < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG) != 0)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "not an ELF file");
	elf = calloc(1, sizeof(*elf));
	if (!elf)
		return -ENOMEM;
	/* libelf takes char *, but only ever reads an image opened this way. */
	elf->elf = elf_memory((char *)(uintptr_t)data, len);
	elf->data = data;
	elf->len = len;
	if (!elf->elf || elf_kind(elf->elf) != ELF_K_ELF || !gelf_getehdr(elf->elf, &elf->ehdr))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "truncated in the ELF header");
	if (elf->ehdr.e_shoff == 0 || elf->ehdr.e_shoff >= len ||
	    (size_t)elf->ehdr.e_shnum * elf->ehdr.e_shentsize > len - elf->ehdr.e_shoff)
		return dg_diag_set(d, -EBADMSG, NULL, NULL,
				   "truncated: its section headers lie at byte %llu, the file ends at %zu",
				   (unsigned long long)elf->ehdr.e_shoff, len);
	if (elf_getshdrnum(elf->elf, &elf->n_sections) < 0 || elf_getshdrstrndx(elf->elf, &elf->shstrndx) < 0)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged section headers: %s", elf_errmsg(-1));
	r = check_sections(elf, d);
	if (r < 0)
		return r;
	find_symbols(elf);
	*ret = dg_take(elf);
	return 0;
}

void dg_elf_close(struct dg_elf *elf)
{
	if (!elf)
		return;
	elf_end(elf->elf);
	free(elf);
}

void dg_elf_closep(struct dg_elf **elf)
{
	dg_elf_close(*elf);
}

uint16_t dg_elf_machine(const struct dg_elf *elf)
{
	return elf->ehdr.e_machine;
}

uint16_t dg_elf_type(const struct dg_elf *elf)
{
	return elf->ehdr.e_type;
}

bool dg_elf_is64(const struct dg_elf *elf)
{
	return elf->ehdr.e_ident[EI_CLASS] == ELFCLASS64;
}

bool dg_elf_section_at(const struct dg_elf *elf, size_t index, struct dg_section *ret)
{
	Elf_Scn *scn = elf_getscn(elf->elf, index);
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh))
		return false;
	ret->addr = sh.sh_addr;
	ret->span = (struct dg_span){ elf->data, 0 };
	if (sh.sh_type != SHT_NOBITS && sh.sh_offset <= elf->len && sh.sh_size <= elf->len - sh.sh_offset)
		ret->span = (struct dg_span){ elf->data + sh.sh_offset, sh.sh_size };
	return true;
}

bool dg_elf_section(const struct dg_elf *elf, const char *name, struct dg_section *ret)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		GElf_Shdr sh;

		if (gelf_getshdr(elf_getscn(elf->elf, i), &sh) &&
		    dg_streq(elf_strptr(elf->elf, elf->shstrndx, sh.sh_name), name))
			return dg_elf_section_at(elf, i, ret);
	}
	return false;
}

bool dg_elf_symbol(const struct dg_elf *elf, size_t index, struct dg_symbol *ret)
{
	GElf_Sym sym;

	if (!elf->symbols || index >= elf->n_symbols || !gelf_getsym(elf->symbols, (int)index, &sym))
		return false;
	*ret = (struct dg_symbol){
		.name = sym.st_name < elf->symbol_names.len ? (const char *)elf->symbol_names.data + sym.st_name : "",
		.value = sym.st_value,
		.section = sym.st_shndx,
		.weak = GELF_ST_BIND(sym.st_info) == STB_WEAK,
	};
	return true;
}

uint32_t dg_elf_u32(const struct dg_elf *elf, const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return foreign_order(elf) ? bswap_32(v) : v;
}

uint64_t dg_elf_word(const struct dg_elf *elf, const void *p)
{
	uint64_t v;

	if (!dg_elf_is64(elf))
		return dg_elf_u32(elf, p);
	memcpy(&v, p, sizeof(v));
	return foreign_order(elf) ? bswap_64(v) : v;
}

static uint32_t note_u32(const unsigned char *p, bool swap)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swap ? bswap_32(v) : v;
}

void dg_notes_build_id(struct dg_span notes, bool swap, char ret_hex[DG_BUILD_ID_HEX])
{
	size_t at = 0;

	ret_hex[0] = '\0';
	while (notes.len - at >= 12) {
		size_t namesz = note_u32(notes.data + at, swap);
		size_t descsz = note_u32(notes.data + at + 4, swap);
		uint32_t type = note_u32(notes.data + at + 8, swap);
		size_t left = notes.len - at - 12, name_room, desc_room;
		const unsigned char *name = notes.data + at + 12;

		if (namesz > left || descsz > left)
			return;
		name_room = (namesz + 3) & ~(size_t)3;
		desc_room = (descsz + 3) & ~(size_t)3;
		if (name_room > left || descsz > left - name_room)
			return;
		if (type == NT_GNU_BUILD_ID && namesz == 4 && memcmp(name, "GNU", 4) == 0 && descsz &&
		    descsz * 2 < DG_BUILD_ID_HEX) {
			for (size_t i = 0; i < descsz; i++)
				snprintf(ret_hex + i * 2, 3, "%02x", name[name_room + i]);
			return;
		}
		if (desc_room > left - name_room)
			return;
		at += 12 + name_room + desc_room;
	}
}

void dg_elf_build_id(const struct dg_elf *elf, char ret_hex[DG_BUILD_ID_HEX])
{
	ret_hex[0] = '\0';
	for (size_t i = 1; i < elf->n_sections && !ret_hex[0]; i++) {
		struct dg_section s;
		GElf_Shdr sh;

		if (gelf_getshdr(elf_getscn(elf->elf, i), &sh) && sh.sh_type == SHT_NOTE &&
		    dg_elf_section_at(elf, i, &s))
			dg_notes_build_id(s.span, foreign_order(elf), ret_hex);
	}
}

const char *dg_elf_machine_name(uint16_t machine, bool is64, char *buf, size_t size)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "armv7l";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return is64 ? "s390x" : "s390";
	case EM_RISCV:
		return is64 ? "riscv64" : "riscv32";
	case EM_MIPS:
		return is64 ? "mips64" : "mips";
	default:
		snprintf(buf, size, "machine %u", machine);
		return buf;
	}
}
