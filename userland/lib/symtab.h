/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of exported symbols: name, CRC, licence class, namespace, who exports it. It owns its strings. */
#ifndef DG_SYMTAB_H
#define DG_SYMTAB_H

#include "util.h"

struct dg_symtab;

struct dg_export_entry {
	const char *name;
	const char *owner; /* "vmlinux" or a module */
	const char *ns;	   /* namespace, "" for none */
	uint32_t crc;
	bool has_crc, gpl_only;
	struct dg_exporter *exporter; /* of the kernel's tree of modules (exporters.h); NULL: none, or not known */
};

int dg_symtab_new(struct dg_symtab **ret);
void dg_symtab_free(struct dg_symtab *t);
void dg_symtab_freep(struct dg_symtab **t);

/* Add a copy; the first entry of a name stays. 0 or -ENOMEM. */
int dg_symtab_add(struct dg_symtab *t, const struct dg_export_entry *e);
/* NULL: nobody exports it. Valid as long as the table. */
const struct dg_export_entry *dg_symtab_find(const struct dg_symtab *t, const char *name);
/* Every entry, in no order. */
void dg_symtab_each(const struct dg_symtab *t, void (*fn)(const struct dg_export_entry *e, void *data), void *data);
/* The same with dg_symbol_hash(@name) at hand. */
const struct dg_export_entry *dg_symtab_find_hashed(const struct dg_symtab *t, const char *name, uint32_t hash);
/* That one will be looked for soon: its place is fetched meanwhile. */
void dg_symtab_expect(const struct dg_symtab *t, uint32_t hash);
size_t dg_symtab_count(const struct dg_symtab *t);

#endif
