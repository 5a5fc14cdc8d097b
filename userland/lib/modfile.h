/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one kernel module file says of itself. Nothing here knows any kernel;
 * the verdict on a file is loader.h's.
 */
#ifndef DG_MODFILE_H
#define DG_MODFILE_H

#include "digest.h"
#include "elf.h"

struct dg_import {
	const char *name;
	uint32_t crc;
	bool has_crc; /* a record in __versions */
	bool weak;
};

struct dg_export {
	const char *name;
	uint32_t crc;
	bool has_crc;
};

struct dg_modfile {
	char *path;    /* where it was read from; NULL from memory */
	char name[64]; /* '-' made '_'; from .modinfo, else the file's this_module */
	const char *vermagic, *version, *srcversion, *license, *depends; /* "" when absent */
	uint16_t machine;
	bool is64;
	bool has_versions; /* a __versions section */
	size_t this_module_size;
	char build_id[DG_BUILD_ID_HEX];
	char sha256[DG_SHA256_HEX]; /* of the plain bytes */

	struct dg_import *imports; /* "module_layout" if versioned, then by the symbol table */
	size_t n_imports;
	struct dg_export *exports;
	size_t n_exports;

	const unsigned char *data; /* the plain bytes */
	size_t len;
	void *owned;
};

/*
 * @data is taken over on success: plain bytes that dg_modfile_free() frees with
 * the rest. -EBADMSG with its cause in @d: no whole ELF module.
 */
int dg_modfile_parse(void *data, size_t len, struct dg_modfile **ret, struct dg_diag *d);

/*
 * Read a .ko, or one packed by any compressor of unpack.h. @d gets path, cause
 * and cure. -errno of the reading, or of dg_modfile_parse().
 */
int dg_modfile_read(const char *path, struct dg_modfile **ret, struct dg_diag *d);
void dg_modfile_free(struct dg_modfile *m);
void dg_modfile_freep(struct dg_modfile **m);

/* Whether a file of this name is taken for a driver: .ko, and .ko packed. */
bool dg_modfile_is_named(const char *name);

#endif
