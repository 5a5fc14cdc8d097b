/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot entries of the Boot Loader Specification (uapi-group.org): a text in
 * loader/entries/ID.conf, or a unified kernel image in EFI/Linux/. A name may end
 * in +LEFT or +LEFT-DONE, which counts boots.
 */
#ifndef DG_BLS_H
#define DG_BLS_H

#include "util.h"

struct dg_bls_entry {
	char *id;   /* the file's name without the count of boots */
	char *file; /* the file's name */
	char *path; /* where it lies */
	char *title, *version, *machine_id, *sort_key;
	char *kernel;  /* its `linux` or `efi`; NULL for a unified image */
	char *release; /* of a unified image; NULL: it tells none */
	bool unified;
	long left, done; /* -1: boots are not counted */
};

struct dg_bls {
	struct dg_bls_entry *v;
	size_t n;
};

/* What stands in an entry's text, into @e. -ENODATA: it boots nothing; -ENOMEM. */
int dg_bls_parse(const char *text, size_t len, struct dg_bls_entry *e);
/* @e's ->id and counts by its ->file. */
int dg_bls_name(struct dg_bls_entry *e);

/* Add the entries in the directory @dir, physical; unified: of images. One that cannot be read is passed over. */
int dg_bls_read(const char *dir, bool unified, struct dg_bls *b);
void dg_bls_entry_free(struct dg_bls_entry *e);
void dg_bls_free(struct dg_bls *b);

/* The order of systemd-boot's menu, and that of Fedora's GRUB. Like strcmp: what comes first is less. */
int dg_bls_compare(const struct dg_bls_entry *a, const struct dg_bls_entry *b);
int dg_bls_compare_grub(const struct dg_bls_entry *a, const struct dg_bls_entry *b);
void dg_bls_sort(struct dg_bls *b, int (*compare)(const struct dg_bls_entry *a, const struct dg_bls_entry *b));

#endif
