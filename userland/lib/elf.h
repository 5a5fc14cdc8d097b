/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an ELF file in memory, of either class and byte order, through
 * libelf. Every span handed out lies inside the caller's bytes.
 */
#ifndef DG_ELF_H
#define DG_ELF_H

#include "diag.h"

struct dg_elf;

struct dg_span {
	const unsigned char *data;
	size_t len;
};

struct dg_section {
	struct dg_span span;
	uint64_t addr;
};

struct dg_symbol {
	const char *name;
	uint64_t value;
	uint16_t section; /* 0: undefined */
	bool weak;
};

/*
 * @data is borrowed and must outlive *ret. -EBADMSG with the cause in @d: not
 * ELF, cut short, or lying about its own offsets.
 */
int dg_elf_open(const void *data, size_t len, struct dg_elf **ret, struct dg_diag *d);
void dg_elf_close(struct dg_elf *elf);
void dg_elf_closep(struct dg_elf **elf);

uint16_t dg_elf_machine(const struct dg_elf *elf);
uint16_t dg_elf_type(const struct dg_elf *elf);
bool dg_elf_is64(const struct dg_elf *elf);

/* The section @name; false: there is none. An empty section has len 0. */
bool dg_elf_section(const struct dg_elf *elf, const char *name, struct dg_section *ret);
/* The section with index @index. */
bool dg_elf_section_at(const struct dg_elf *elf, size_t index, struct dg_section *ret);

/* The symbol table's symbols, by index from 1; false at its end. Names borrowed. */
bool dg_elf_symbol(const struct dg_elf *elf, size_t index, struct dg_symbol *ret);

/* Integers of the file's byte order, from anywhere. */
uint32_t dg_elf_u32(const struct dg_elf *elf, const void *p);
uint64_t dg_elf_word(const struct dg_elf *elf, const void *p);

/*
 * The NT_GNU_BUILD_ID note in a notes section's bytes, in lower-case hex.
 * @ret_hex holds DG_BUILD_ID_HEX bytes; "" when there is none. Format: elf(5),
 * Nhdr; owner "GNU", type 3. @swap when the bytes are not of this machine's order.
 */
#define DG_BUILD_ID_HEX 65
void dg_notes_build_id(struct dg_span notes, bool swap, char ret_hex[DG_BUILD_ID_HEX]);
/* The same over every SHT_NOTE section of the file. */
void dg_elf_build_id(const struct dg_elf *elf, char ret_hex[DG_BUILD_ID_HEX]);

/* Name of an ELF machine as `uname -m` says it; "machine N" in @buf for one unknown. */
const char *dg_elf_machine_name(uint16_t machine, bool is64, char *buf, size_t size);

#endif
