// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "edit.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *room(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		err(1, "memory");
	return p;
}

struct file copy(const struct file *from)
{
	struct file f = { room(from->len), from->len };

	memcpy(f.data, from->data, from->len);
	return f;
}

struct file load(const char *path)
{
	FILE *in = fopen(path, "re");
	struct file f;
	long len;

	if (!in || fseek(in, 0, SEEK_END) || (len = ftell(in)) < (long)sizeof(Elf64_Ehdr))
		err(1, "%s", path);
	rewind(in);
	f = (struct file){ room((size_t)len), (size_t)len };
	if (fread(f.data, 1, f.len, in) != f.len)
		err(1, "%s", path);
	fclose(in);
	return f;
}

size_t append(struct file *f, const void *data, size_t len)
{
	size_t at = (f->len + 63) / 64 * 64;
	unsigned char *grown = room(at + len);

	memcpy(grown, f->data, f->len);
	if (len)
		memcpy(grown + at, data, len);
	free(f->data);
	*f = (struct file){ grown, at + len };
	return at;
}

Elf64_Ehdr *ehdr(struct file *f)
{
	return (Elf64_Ehdr *)f->data;
}

Elf64_Shdr *shdr(struct file *f, size_t i)
{
	return (Elf64_Shdr *)(f->data + ehdr(f)->e_shoff) + i;
}

const char *section_name(struct file *f, size_t i)
{
	return (const char *)f->data + shdr(f, ehdr(f)->e_shstrndx)->sh_offset + shdr(f, i)->sh_name;
}

size_t section(struct file *f, const char *name)
{
	for (size_t i = 1; i < ehdr(f)->e_shnum; i++)
		if (strcmp(section_name(f, i), name) == 0)
			return i;
	return 0;
}

unsigned char *bytes(struct file *f, size_t i)
{
	return f->data + shdr(f, i)->sh_offset;
}

void replace(struct file *f, size_t i, const void *data, size_t len)
{
	size_t at = append(f, data, len);

	shdr(f, i)->sh_offset = at;
	shdr(f, i)->sh_size = len;
}

size_t extend(struct file *f, size_t i, const void *data, size_t len)
{
	size_t old = shdr(f, i)->sh_size;
	unsigned char *all = room(old + len);

	memcpy(all, bytes(f, i), old);
	memcpy(all + old, data, len);
	replace(f, i, all, old + len);
	free(all);
	return old;
}

void rename_section(struct file *f, size_t i, const char *name)
{
	size_t at = extend(f, ehdr(f)->e_shstrndx, name, strlen(name) + 1);

	shdr(f, i)->sh_name = (Elf64_Word)at;
}

size_t add_section(struct file *f, const char *name, const void *data, size_t len, Elf64_Xword flags)
{
	size_t n = ehdr(f)->e_shnum, at;
	Elf64_Shdr *table = room((n + 1) * sizeof(*table));

	memcpy(table, shdr(f, 0), n * sizeof(*table));
	table[n] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_flags = flags, .sh_addralign = 8 };
	at = append(f, table, (n + 1) * sizeof(*table));
	free(table);
	ehdr(f)->e_shoff = at;
	ehdr(f)->e_shnum++;
	replace(f, n, data, len);
	rename_section(f, n, name);
	return n;
}

size_t symtab(struct file *f)
{
	for (size_t i = 1; i < ehdr(f)->e_shnum; i++)
		if (shdr(f, i)->sh_type == SHT_SYMTAB)
			return i;
	errx(1, "no symbol table");
}

size_t n_symbols(struct file *f)
{
	return shdr(f, symtab(f))->sh_size / sizeof(Elf64_Sym);
}

Elf64_Sym *symbol(struct file *f, size_t i)
{
	return (Elf64_Sym *)bytes(f, symtab(f)) + i;
}

const char *symbol_name(struct file *f, size_t i)
{
	return (const char *)bytes(f, shdr(f, symtab(f))->sh_link) + symbol(f, i)->st_name;
}

bool is_import(struct file *f, size_t i)
{
	return symbol(f, i)->st_shndx == SHN_UNDEF && symbol(f, i)->st_name &&
	       ELF64_ST_BIND(symbol(f, i)->st_info) == STB_GLOBAL;
}

size_t import(struct file *f)
{
	for (size_t i = 1; i < n_symbols(f); i++)
		if (is_import(f, i))
			return i;
	return 0;
}

bool set_info(struct file *f, const char *tag, const char *value)
{
	size_t i = section(f, ".modinfo"), taglen = strlen(tag), n = 0;
	size_t size = shdr(f, i)->sh_size;
	char *made = room(size + (taglen + 2 + (value ? strlen(value) : 0)) * 64);
	bool found = false;

	for (size_t at = 0; at < size;) {
		const char *s = (const char *)bytes(f, i) + at;
		size_t len = strnlen(s, size - at);

		if (strncmp(s, tag, taglen) == 0 && s[taglen] == '=') {
			if (value && !found)
				n += (size_t)sprintf(made + n, "%s=%s", tag, value) + 1;
			found = true;
		} else if (len) {
			memcpy(made + n, s, len);
			n += len + 1;
		}
		at += len + 1;
	}
	replace(f, i, made, n);
	free(made);
	return found;
}

void add_info(struct file *f, const char *string)
{
	extend(f, section(f, ".modinfo"), string, strlen(string) + 1);
}

const char *info(struct file *f, const char *tag)
{
	size_t i = section(f, ".modinfo"), taglen = strlen(tag);

	for (size_t at = 0; at < shdr(f, i)->sh_size;) {
		const char *s = (const char *)bytes(f, i) + at;

		if (strncmp(s, tag, taglen) == 0 && s[taglen] == '=')
			return s + taglen + 1;
		at += strlen(s) + 1;
	}
	return NULL;
}
