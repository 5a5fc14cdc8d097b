// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which module files make a kernel's loader read or write beyond their own
 * sections? What it then answers depends on what happens to lie there, so
 * nobody can foretell it.
 *
 *   beyond FILE…      prints "FILE<tab>WHY" for each of those
 *
 * The places are those the loader does not check (kernel/module/main.c,
 * arch/x86/kernel/module.c): a relocation outside the section it is for, or
 * with a symbol the table has not; a symbol's name outside the strings. A file
 * the loader refuses before it gets that far is not told. x86-64 only.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct module {
	const unsigned char *data;
	size_t len;
	const Elf64_Shdr *sections;
	size_t n;
	const Elf64_Shdr *symbols; /* NULL: none */
};

static bool inside(const struct module *m, const Elf64_Shdr *s)
{
	return s->sh_offset <= m->len && s->sh_size <= m->len - s->sh_offset;
}

/* What the loader itself checks at the beginning, as far as the rest here stands on it. */
static bool sound(struct module *m)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)m->data;

	if (m->len < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_type != ET_REL ||
	    h->e_machine != EM_X86_64 || h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff >= m->len ||
	    h->e_shnum * sizeof(Elf64_Shdr) > m->len - h->e_shoff)
		return false;
	m->sections = (const Elf64_Shdr *)(m->data + h->e_shoff);
	m->n = h->e_shnum;
	for (size_t i = 1; i < m->n; i++) {
		const Elf64_Shdr *s = &m->sections[i];

		if (s->sh_type == SHT_NULL || s->sh_type == SHT_NOBITS)
			continue;
		if (!inside(m, s) || (s->sh_type == SHT_SYMTAB && (s->sh_link == SHN_UNDEF || s->sh_link >= m->n)))
			return false;
		if (s->sh_type == SHT_SYMTAB && !m->symbols)
			m->symbols = s;
	}
	return m->symbols;
}

static const char *names_beyond(const struct module *m)
{
	const Elf64_Sym *sym = (const Elf64_Sym *)(m->data + m->symbols->sh_offset);
	const Elf64_Shdr *strings = &m->sections[m->symbols->sh_link];

	for (size_t i = 1; i < m->symbols->sh_size / sizeof(*sym); i++)
		if (sym[i].st_name >= strings->sh_size && sym[i].st_name)
			return "a symbol's name lies outside the strings";
	if (strings->sh_size && inside(m, strings) && m->data[strings->sh_offset + strings->sh_size - 1])
		return "the strings have no end";
	return NULL;
}

static size_t width(Elf64_Xword type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return 4;
	default:
		return 0; /* nothing is written; an unknown one is refused */
	}
}

static const char *relocations_beyond(const struct module *m, const Elf64_Shdr *s)
{
	const Elf64_Rela *rel = (const Elf64_Rela *)(m->data + s->sh_offset);
	const Elf64_Shdr *target = &m->sections[s->sh_info];

	for (size_t i = 0; i < s->sh_size / sizeof(*rel); i++) {
		size_t size = width(ELF64_R_TYPE(rel[i].r_info));

		if (ELF64_R_SYM(rel[i].r_info) >= m->symbols->sh_size / sizeof(Elf64_Sym))
			return "a relocation names a symbol the table does not have";
		if (rel[i].r_offset > target->sh_size || size > target->sh_size - rel[i].r_offset)
			return "a relocation lies outside its section";
	}
	return NULL;
}

static const char *beyond(struct module *m)
{
	const char *why;

	if (!sound(m))
		return NULL;
	why = names_beyond(m);
	for (size_t i = 1; i < m->n && !why; i++) {
		const Elf64_Shdr *s = &m->sections[i];

		if (s->sh_type == SHT_RELA && s->sh_info < m->n && m->sections[s->sh_info].sh_flags & SHF_ALLOC)
			why = relocations_beyond(m, s);
	}
	return why;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		struct module m = { 0 };
		const char *why;
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0)
			err(1, "%s", argv[i]);
		if (st.st_size > 0) {
			m.len = (size_t)st.st_size;
			m.data = mmap(NULL, m.len, PROT_READ, MAP_PRIVATE, fd, 0);
			if (m.data == MAP_FAILED)
				err(1, "%s", argv[i]);
			why = beyond(&m);
			if (why)
				printf("%s\t%s\n", argv[i], why);
			munmap((void *)m.data, m.len);
		}
		close(fd);
	}
	return 0;
}
