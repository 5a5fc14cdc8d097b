/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Editing a module file in memory: an x86-64 ELF object whose sections can be
 * given other content, names and company. New content is appended; the loader
 * does not mind the order. The input is trusted. Where memory or a file fails,
 * the program ends with a message.
 */
#ifndef ORACLE_EDIT_H
#define ORACLE_EDIT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

struct file {
	unsigned char *data;
	size_t len;
};

/* Zeroed memory. */
void *room(size_t size);

struct file copy(const struct file *from);
struct file load(const char *path);

/* Append @len bytes, at a multiple of 64; returns where they lie. */
size_t append(struct file *f, const void *data, size_t len);

Elf64_Ehdr *ehdr(struct file *f);

/* Sections are known by their index; 0 is none. */
Elf64_Shdr *shdr(struct file *f, size_t i);
const char *section_name(struct file *f, size_t i);
size_t section(struct file *f, const char *name);
unsigned char *bytes(struct file *f, size_t i);
void replace(struct file *f, size_t i, const void *data, size_t len);
void rename_section(struct file *f, size_t i, const char *name);

/* Append @len bytes to section @i; returns their place in it. */
size_t extend(struct file *f, size_t i, const void *data, size_t len);

/* A section more; returns its index. */
size_t add_section(struct file *f, const char *name, const void *data, size_t len, Elf64_Xword flags);

size_t symtab(struct file *f);
size_t n_symbols(struct file *f);
Elf64_Sym *symbol(struct file *f, size_t i);
const char *symbol_name(struct file *f, size_t i);
bool is_import(struct file *f, size_t i);

/* The first import; 0: none. */
size_t import(struct file *f);

/* Replace every value of @tag in .modinfo by @value; NULL: remove them. Whether there was one. */
bool set_info(struct file *f, const char *tag, const char *value);
void add_info(struct file *f, const char *string);

/* The first value; NULL: none. */
const char *info(struct file *f, const char *tag);

#endif
