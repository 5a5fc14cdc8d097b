// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf.h"

#include <elf.h>
#include <errno.h>

/* Sizes and places by class: {32-bit, 64-bit}. */
static const size_t ehdr_size[] = { sizeof(Elf32_Ehdr), sizeof(Elf64_Ehdr) };
static const size_t shdr_size[] = { sizeof(Elf32_Shdr), sizeof(Elf64_Shdr) };
static const size_t sym_size[] = { sizeof(Elf32_Sym), sizeof(Elf64_Sym) };

#define FIELD(elf, base, type32, type64, field)                                                                        \
	((elf)->is64 ? get((elf), (base) + offsetof(type64, field), sizeof(((type64 *)0)->field))                      \
		     : get((elf), (base) + offsetof(type32, field), sizeof(((type32 *)0)->field)))
#define EHDR(elf, field) FIELD(elf, (elf)->data, Elf32_Ehdr, Elf64_Ehdr, field)
#define SHDR(elf, base, field) FIELD(elf, base, Elf32_Shdr, Elf64_Shdr, field)
#define SYM(elf, base, field) FIELD(elf, base, Elf32_Sym, Elf64_Sym, field)

static inline uint64_t read_uint(const unsigned char *p, size_t bytes, bool big_endian)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | p[big_endian ? i : bytes - 1 - i];
	return v;
}

static inline __attribute__((always_inline)) uint64_t get(const struct dg_elf *elf, const unsigned char *p,
							  size_t bytes)
{
	uint64_t v = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* The common case, one load. */
	if (!elf->big_endian) {
		memcpy(&v, p, bytes);
		return v;
	}
#endif
	return read_uint(p, bytes, elf->big_endian);
}

static void set_format(struct dg_elf *elf, enum dg_elf_format as)
{
	elf->is64 = as == DG_ELF_64_LITTLE || as == DG_ELF_64_BIG;
	elf->big_endian = as == DG_ELF_64_BIG || as == DG_ELF_32_BIG;
	if (as == DG_ELF_AS_IT_SAYS) {
		elf->is64 = elf->data[EI_CLASS] == ELFCLASS64;
		elf->big_endian = elf->data[EI_DATA] == ELFDATA2MSB;
	}
}

static const unsigned char *header_at(const struct dg_elf *elf, size_t i)
{
	return elf->data + elf->headers + i * shdr_size[elf->is64];
}

static int check_headers(struct dg_elf *elf, struct dg_diag *d)
{
	size_t entry = EHDR(elf, e_shentsize);

	if (entry != shdr_size[elf->is64])
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: its section headers are of %zu bytes", entry);
	if (elf->headers >= elf->len || elf->n_sections > (elf->len - elf->headers) / entry)
		return dg_diag_set(d, -EBADMSG, NULL, NULL,
				   "truncated: %u section headers from byte %llu, the file ends at %zu",
				   elf->n_sections, (unsigned long long)elf->headers, elf->len);
	if (!elf->n_sections || SHDR(elf, header_at(elf, 0), sh_type) != SHT_NULL ||
	    SHDR(elf, header_at(elf, 0), sh_size) || SHDR(elf, header_at(elf, 0), sh_addr))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: its first section is not empty");
	return 0;
}

static int check_sections(struct dg_elf *elf, struct dg_diag *d)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		const unsigned char *h = header_at(elf, i);
		uint64_t type = SHDR(elf, h, sh_type), at, size;

		if (type == SHT_NULL || type == SHT_NOBITS)
			continue;
		at = SHDR(elf, h, sh_offset);
		size = SHDR(elf, h, sh_size);
		if (at > elf->len || size > elf->len - at)
			return dg_diag_set(d, -EBADMSG, NULL, NULL,
					   "truncated: section %zu is bytes %llu to %llu, the file ends at %zu", i,
					   (unsigned long long)at, (unsigned long long)(at + size), elf->len);
	}
	return 0;
}

/* The bytes at its offset, whatever its type says; none where they would lie outside the file. */
static struct dg_span span_of(const struct dg_elf *elf, const unsigned char *h)
{
	uint64_t at = SHDR(elf, h, sh_offset), size = SHDR(elf, h, sh_size);

	if (at > elf->len || size > elf->len - at)
		return (struct dg_span){ elf->data, 0 };
	return (struct dg_span){ elf->data + at, size };
}

/* Names end inside their section, or reading one would run out of it. */
static int find_names(struct dg_elf *elf, struct dg_diag *d)
{
	if (elf->names_index != SHN_UNDEF && elf->names_index < elf->n_sections)
		elf->names = span_of(elf, header_at(elf, elf->names_index));
	if (!elf->names.len || elf->names.data[elf->names.len - 1] != '\0')
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: the names of its sections");
	return 0;
}

int dg_elf_open(const void *data, size_t len, enum dg_elf_format as, struct dg_elf *ret, struct dg_diag *d)
{
	struct dg_elf elf = { .data = data, .len = len };
	int r;

	if (len < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG) != 0)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "not an ELF file");
	set_format(&elf, as);
	if (len < ehdr_size[elf.is64])
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "truncated in its ELF header");
	elf.type = (uint16_t)EHDR(&elf, e_type);
	elf.machine = (uint16_t)EHDR(&elf, e_machine);
	elf.n_sections = (uint16_t)EHDR(&elf, e_shnum);
	elf.names_index = (uint16_t)EHDR(&elf, e_shstrndx);
	elf.headers = EHDR(&elf, e_shoff);
	r = check_headers(&elf, d);
	if (r == 0)
		r = check_sections(&elf, d);
	if (r == 0)
		r = find_names(&elf, d);
	if (r == 0)
		*ret = elf;
	return r;
}

static const char *name_of(const struct dg_elf *elf, const unsigned char *h)
{
	uint64_t at = SHDR(elf, h, sh_name);

	/* That they end was checked at open. */
	return at < elf->names.len ? (const char *)elf->names.data + at : "";
}

bool dg_elf_section_at(const struct dg_elf *elf, size_t index, struct dg_section *ret)
{
	const unsigned char *h;

	if (index >= elf->n_sections)
		return false;
	h = header_at(elf, index);
	*ret = (struct dg_section){
		.name = name_of(elf, h),
		.name_offset = (uint32_t)SHDR(elf, h, sh_name),
		.type = (uint32_t)SHDR(elf, h, sh_type),
		.link = (uint32_t)SHDR(elf, h, sh_link),
		.info = (uint32_t)SHDR(elf, h, sh_info),
		.flags = SHDR(elf, h, sh_flags),
		.addr = SHDR(elf, h, sh_addr),
		.size = SHDR(elf, h, sh_size),
		.entry_size = SHDR(elf, h, sh_entsize),
	};
	ret->span = span_of(elf, h);
	return true;
}

uint32_t dg_elf_section_type(const struct dg_elf *elf, size_t index)
{
	return index < elf->n_sections ? (uint32_t)SHDR(elf, header_at(elf, index), sh_type) : SHT_NULL;
}

uint64_t dg_elf_section_flags(const struct dg_elf *elf, size_t index)
{
	return index < elf->n_sections ? SHDR(elf, header_at(elf, index), sh_flags) : 0;
}

size_t dg_elf_section_index(const struct dg_elf *elf, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < elf->n_sections; i++) {
		uint64_t at = SHDR(elf, header_at(elf, i), sh_name);
		const char *s = (const char *)elf->names.data;

		/* Most end elsewhere, which is told at a glance. */
		if (at < elf->names.len && elf->names.len - at > n && !s[at + n] && memcmp(s + at, name, n) == 0)
			return i;
	}
	return 0;
}

bool dg_elf_section(const struct dg_elf *elf, const char *name, struct dg_section *ret)
{
	size_t i = dg_elf_section_index(elf, name);

	return i && dg_elf_section_at(elf, i, ret);
}

bool dg_elf_symbols(const struct dg_elf *elf, struct dg_symbols *ret)
{
	struct dg_section s, names;

	for (size_t i = 1; i < elf->n_sections; i++) {
		if (dg_elf_section_type(elf, i) != SHT_SYMTAB)
			continue;
		if (!dg_elf_section_at(elf, i, &s) || !s.link || !dg_elf_section_at(elf, s.link, &names))
			return false;
		*ret = (struct dg_symbols){ s.span, names.span, s.span.len / sym_size[elf->is64], i, s.link };
		return true;
	}
	return false;
}

uint16_t dg_elf_symbol_section(const struct dg_elf *elf, const struct dg_symbols *symbols, size_t i)
{
	return (uint16_t)SYM(elf, symbols->table.data + i * sym_size[elf->is64], st_shndx);
}

void dg_elf_symbol(const struct dg_elf *elf, const struct dg_symbols *symbols, size_t i, struct dg_symbol *ret)
{
	const unsigned char *p = symbols->table.data + i * sym_size[elf->is64];
	uint64_t name = SYM(elf, p, st_name), info = SYM(elf, p, st_info);
	size_t room = (size_t)(elf->data + elf->len - symbols->names.data), left;
	const char *start, *end;

	left = name < room ? room - name : 0;
	/* No kernel has a longer one, and many that share their bytes would take for ever. */
	if (left > DG_ELF_NAME_MOST)
		left = DG_ELF_NAME_MOST;
	/* A kernel reads on behind the names' end; so is it read here, as far as there are bytes. */
	start = (const char *)symbols->names.data + (left ? name : 0);
	end = left ? memchr(start, '\0', left) : NULL;
	*ret = (struct dg_symbol){
		.name = end ? start : "",
		.name_len = end ? (size_t)(end - start) : 0,
		.value = SYM(elf, p, st_value),
		.section = (uint16_t)SYM(elf, p, st_shndx),
		.bind = ELF64_ST_BIND(info),
		.kind = ELF64_ST_TYPE(info),
	};
}

uint32_t dg_elf_u32(const struct dg_elf *elf, const void *p)
{
	return (uint32_t)get(elf, p, 4);
}

uint64_t dg_elf_word(const struct dg_elf *elf, const void *p)
{
	return elf->is64 ? get(elf, p, 8) : get(elf, p, 4);
}

void dg_notes_build_id(struct dg_span notes, bool big_endian, char ret_hex[DG_BUILD_ID_HEX])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	ret_hex[0] = '\0';
	while (notes.len - at >= 12) {
		const unsigned char *p = notes.data + at, *name = p + 12;
		size_t namesz = read_uint(p, 4, big_endian), descsz = read_uint(p + 4, 4, big_endian);
		size_t left = notes.len - at - 12, name_room, desc_room;

		if (namesz > left || descsz > left)
			return;
		name_room = (namesz + 3) & ~(size_t)3;
		desc_room = (descsz + 3) & ~(size_t)3;
		if (name_room > left || descsz > left - name_room)
			return;
		if (read_uint(p + 8, 4, big_endian) == NT_GNU_BUILD_ID && namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
		    descsz && descsz * 2 < DG_BUILD_ID_HEX) {
			for (size_t i = 0; i < descsz; i++) {
				ret_hex[i * 2] = digits[name[name_room + i] >> 4];
				ret_hex[i * 2 + 1] = digits[name[name_room + i] & 15];
			}
			ret_hex[descsz * 2] = '\0';
			return;
		}
		if (desc_room > left - name_room)
			return;
		at += 12 + name_room + desc_room;
	}
}

void dg_elf_build_id(const struct dg_elf *elf, char ret_hex[DG_BUILD_ID_HEX])
{
	struct dg_section s;
	size_t left = elf->len;

	ret_hex[0] = '\0';
	for (size_t i = 1; !ret_hex[0] && i < elf->n_sections; i++) {
		if (dg_elf_section_type(elf, i) != SHT_NOTE || !dg_elf_section_at(elf, i, &s))
			continue;
		/* Sections that share their bytes: what a file has is looked at once. */
		if (s.span.len > left)
			return;
		left -= s.span.len;
		dg_notes_build_id(s.span, elf->big_endian, ret_hex);
	}
}

const char *dg_elf_machine_name(uint16_t machine, bool is64, char *buf, size_t size)
{
	static const struct {
		uint16_t machine;
		const char *names[2]; /* 32-bit, 64-bit */
	} known[] = {
		{ EM_X86_64, { "x86_64 (x32)", "x86_64" } },
		{ EM_386, { "i686", "i686" } },
		{ EM_AARCH64, { "aarch64 (ilp32)", "aarch64" } },
		{ EM_ARM, { "armv7l", "armv7l" } },
		{ EM_PPC64, { "ppc64", "ppc64" } },
		{ EM_S390, { "s390", "s390x" } },
		{ EM_RISCV, { "riscv32", "riscv64" } },
		{ EM_MIPS, { "mips", "mips64" } },
	};

	for (size_t i = 0; i < DG_ARRAY_SIZE(known); i++)
		if (known[i].machine == machine)
			return known[i].names[is64];
	snprintf(buf, size, "machine %u", machine);
	return buf;
}
