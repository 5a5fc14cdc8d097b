/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one kernel module file says of itself. Nothing here knows any kernel;
 * the verdict on a file is loader.h's.
 */
#ifndef DG_MODFILE_H
#define DG_MODFILE_H

#include "digest.h"
#include "elf.h"
#include "arena.h"

enum dg_import_kind {
	DG_IMPORT_SYMBOL, /* undefined, to be resolved */
	DG_IMPORT_COMMON, /* a common symbol, which no loader takes */
	DG_IMPORT_BAD,	  /* in a section that does not exist */
};

struct dg_import {
	const char *name;
	uint32_t hash;	  /* dg_symbol_hash() */
	uint64_t crc;	  /* by __versions */
	uint32_t ext_crc; /* by the extended tables */
	enum dg_import_kind kind;
	bool has_crc, has_ext_crc; /* a record there */
	bool weak;
};

struct dg_export {
	const char *name;
	const char *ns; /* namespace, "" for none */
	uint32_t crc;
	bool has_crc;
	bool gpl_only;
};

/* How a file ends: include/linux/module_signature.h. */
enum dg_signature {
	DG_SIGNATURE_NONE,
	DG_SIGNATURE_PRESENT,
	DG_SIGNATURE_DAMAGED, /* the marker, and lengths or fields that cannot be */
	DG_SIGNATURE_FOREIGN, /* signed, but not with PKCS#7 */
};

struct dg_modfile {
	char *path;    /* where it was read from; NULL from memory */
	char name[64]; /* '-' made '_'; from .modinfo, else the file's this_module; "" for none that is usable */
	const char *vermagic, *version, *srcversion, *license, *depends; /* "" when absent */
	bool has_vermagic, has_license, in_tree, livepatch;
	bool modinfo_unloaded; /* .modinfo is not marked to be loaded: before 6.9 it is not seen then */
	bool nameless;	       /* struct module itself has an empty name */
	uint16_t machine;
	bool is64;
	bool has_versions;     /* a __versions section */
	bool has_ext_versions; /* both extended tables, as 6.14 and later know them */
	bool ext_unpaired;     /* one of the two, or of different lengths */
	bool ext_empty;
	size_t this_module_size;
	char build_id[DG_BUILD_ID_HEX];
	char sha256[DG_SHA256_HEX]; /* of the plain bytes; "" until dg_modfile_hash() */

	struct dg_import *imports; /* by the symbol table */
	size_t n_imports;
	struct dg_import layout; /* "module_layout", which the loader compares first */
	struct dg_export *exports;
	size_t n_exports;

	enum dg_signature signature;
	size_t signed_len;		  /* bytes before the signature: what the loader parses */
	struct dg_span signature_message; /* PKCS#7, DER */

	/* By relocations.h, which may be asked ahead: */
	bool relocations_checked;
	const char *relocation_damage; /* NULL: none */

	struct dg_elf elf;
	struct dg_symbols symbols; /* .n 0: none */
	const unsigned char *data; /* the plain bytes; NULL of one made of facts */
	size_t len;
	void *owned;
	char *texts; /* of one made of facts */
};

/* What tells one file from another, without its bytes: enough to choose by, not to judge. */
struct dg_modfacts {
	const char *name, *version, *srcversion, *vermagic, *depends;
	char build_id[DG_BUILD_ID_HEX], sha256[DG_SHA256_HEX];
	size_t len;
};

/*
 * @data is taken over on success: plain bytes that dg_modfile_free() frees with
 * the rest. -EBADMSG with its cause in @d: no whole ELF object that is a module;
 * -ENODATA: nothing at all.
 */
int dg_modfile_parse(void *data, size_t len, struct dg_modfile **ret, struct dg_diag *d);
/* The same, read as a kernel of that class and byte order would whatever e_ident says. */
int dg_modfile_parse_as(void *data, size_t len, enum dg_elf_format as, struct dg_modfile **ret, struct dg_diag *d);

/*
 * Read a .ko, or one packed by any compressor of unpack.h. @d gets path, cause
 * and cure. -errno of the reading, or of dg_modfile_parse().
 */
int dg_modfile_read(const char *path, struct dg_modfile **ret, struct dg_diag *d);
/* The plain bytes alone (caller frees), for a caller that parses them itself. */
int dg_modfile_read_plain(const char *path, void **ret, size_t *ret_len, struct dg_diag *d);
/*
 * For many of them: into @in, which must stay as it is as long as *ret (NULL: a
 * block that is freed with it), and parsed @as. The return is of the reading; *ret_malformed of dg_modfile_parse_as(),
 * with its cause alone in @d.
 */
int dg_modfile_read_as(const char *path, enum dg_elf_format as, struct dg_arena *in, struct dg_modfile **ret,
		       int *ret_malformed, struct dg_diag *d);
/* One of which no more is there than @facts, which are copied. 0 or -ENOMEM. */
int dg_modfile_of_facts(const char *path, const struct dg_modfacts *facts, struct dg_modfile **ret);
/*
 * Have all of it there: one that was made of facts is read now. -ESTALE with @d
 * when it is another file than those are of, or what dg_modfile_read() returns.
 */
int dg_modfile_load(struct dg_modfile *m, struct dg_diag *d);
void dg_modfile_free(struct dg_modfile *m);
void dg_modfile_freep(struct dg_modfile **m);

/* Fill in ->sha256. 0, or -EIO when libcrypto fails. */
int dg_modfile_hash(struct dg_modfile *m);

/* Whether it imports the namespace @ns. */
bool dg_modfile_imports_ns(const struct dg_modfile *m, const char *ns);

/* Whether a file of this name is taken for a driver: .ko, and .ko packed. */
bool dg_modfile_is_named(const char *name);

#endif
