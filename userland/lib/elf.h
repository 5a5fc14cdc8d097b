/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an ELF file in memory, of either class and byte order. Own code, since
 * what has to be predicted is how the kernel reads a damaged file: it looks at
 * fewer header fields than libelf does, and at some more closely. Every span
 * handed out lies inside the caller's bytes. Format: elf(5).
 */
#ifndef DG_ELF_H
#define DG_ELF_H

#include "diag.h"

struct dg_span {
	const unsigned char *data;
	size_t len;
};

struct dg_elf {
	const unsigned char *data; /* borrowed */
	size_t len;
	bool is64, big_endian;
	uint16_t type, machine;
	uint16_t n_sections, names_index;
	uint64_t headers;     /* offset of the section headers */
	struct dg_span names; /* of sections; ends in NUL */
};

struct dg_section {
	struct dg_span span; /* whatever its type; empty where it would lie outside the file */
	const char *name;
	uint32_t name_offset, type, link, info;
	uint64_t flags, addr, size, entry_size;
};

/* Symbol names of that many bytes and more are taken for "": KSYM_NAME_LEN is 512 at most. */
#define DG_ELF_NAME_MOST 4096

struct dg_symbol {
	const char *name; /* "" when its offset lies outside the names, or it is too long */
	size_t name_len;
	uint64_t value;
	uint16_t section; /* 0: undefined */
	unsigned char bind, kind;
};

enum dg_elf_format {
	DG_ELF_AS_IT_SAYS, /* class and byte order from e_ident */
	DG_ELF_64_LITTLE,  /* as a kernel of that kind reads it, which does not look at e_ident */
	DG_ELF_64_BIG,
	DG_ELF_32_LITTLE,
	DG_ELF_32_BIG,
};

/*
 * Check what every kernel's loader checks of headers and sections, and fill
 * *ret. @data must outlive it. -EBADMSG with the cause in @d.
 */
int dg_elf_open(const void *data, size_t len, enum dg_elf_format as, struct dg_elf *ret, struct dg_diag *d);

/* The section with index @index; false past the last one. */
bool dg_elf_section_at(const struct dg_elf *elf, size_t index, struct dg_section *ret);
/* Its type or flags alone; 0 past the last one. */
uint32_t dg_elf_section_type(const struct dg_elf *elf, size_t index);
uint64_t dg_elf_section_flags(const struct dg_elf *elf, size_t index);
/* The first section @name; false: there is none. */
bool dg_elf_section(const struct dg_elf *elf, const char *name, struct dg_section *ret);
size_t dg_elf_section_index(const struct dg_elf *elf, const char *name); /* 0: none */

/* The first symbol table, and the names it is linked to. */
struct dg_symbols {
	struct dg_span table, names;
	size_t n, index, link; /* index 0: there is none */
};
/* false: there is none that can be read. */
bool dg_elf_symbols(const struct dg_elf *elf, struct dg_symbols *ret);
void dg_elf_symbol(const struct dg_elf *elf, const struct dg_symbols *symbols, size_t i, struct dg_symbol *ret);
/* Its ->section alone, which of most symbols is all that matters. */
uint16_t dg_elf_symbol_section(const struct dg_elf *elf, const struct dg_symbols *symbols, size_t i);

/* Integers of the file's byte order, from anywhere; a word is 8 bytes, or 4 in a 32-bit file. */
uint32_t dg_elf_u32(const struct dg_elf *elf, const void *p);
uint64_t dg_elf_word(const struct dg_elf *elf, const void *p);

/*
 * The NT_GNU_BUILD_ID note in a notes section's bytes, in lower-case hex.
 * @ret_hex holds DG_BUILD_ID_HEX bytes; "" when there is none. Format: elf(5),
 * Nhdr; owner "GNU", type 3.
 */
#define DG_BUILD_ID_HEX 65
void dg_notes_build_id(struct dg_span notes, bool big_endian, char ret_hex[DG_BUILD_ID_HEX]);
/* The same over every SHT_NOTE section of the file. */
void dg_elf_build_id(const struct dg_elf *elf, char ret_hex[DG_BUILD_ID_HEX]);

/* Name of an ELF machine as `uname -m` says it; "machine N" in @buf for one unknown. */
const char *dg_elf_machine_name(uint16_t machine, bool is64, char *buf, size_t size);

#endif
