/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One installed kernel: where its parts lie, and what its loader compares a
 * driver with. Paths are found at once; what costs reading is read when asked.
 */
#ifndef DG_KERNEL_H
#define DG_KERNEL_H

#include "cachefile.h"
#include "elf.h"
#include "exporters.h"
#include "level.h"
#include "modconf.h"
#include "modfile.h"
#include "packing.h"
#include "signature.h"
#include "symtab.h"

/* What its configuration makes of a file that another kernel would refuse, or take. */
struct dg_policy {
	bool no_sig;		    /* without CONFIG_MODULE_SIG: signatures are not looked at */
	bool force_load;	    /* CONFIG_MODULE_FORCE_LOAD */
	bool sig_force;		    /* unsigned modules are refused: built in, or asked for at boot */
	bool allow_missing_ns;	    /* CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS */
	bool unknown;		    /* no configuration was found */
	enum dg_packing decompress; /* CONFIG_MODULE_DECOMPRESS, and of what */
	unsigned int xz_filters;    /* for dg_packing_xz_objection() */
};

struct dg_kernel {
	char *root;
	char *release;
	char *modules_dir; /* physical; NULL: no /lib/modules/RELEASE with modules in it */
	char *image;	   /* NULL: none found */
	char *symvers;	   /* NULL: none found */
	char version[256]; /* as `uname -v`, from the image's banner; "" unknown */
	struct dg_level level;
	struct dg_exporters *tree; /* its modules as exporters; NULL: no modules_dir */

	/* By dg_kernel_reference(): */
	char vermagic[256]; /* "" unknown */
	uint16_t machine;
	bool is64, big_endian;
	size_t module_size;
	struct dg_policy policy;
	char *reference;	       /* the module it was learnt of */
	char reference_id[DG_FILE_ID]; /* "" when it cannot be relied on */

	/* By dg_kernel_exports(): */
	struct dg_symtab *exports;
	const char *exports_from;   /* path of the image or symvers file */
	bool extended;		    /* with exports that are not of its own files: dg_kernel_add_exports() */
	struct dg_modindex *index;  /* by dg_kernel_needs() */
	struct dg_modconf *modconf; /* by dg_kernel_modconf() */
	struct dg_kmod kmod;	    /* by dg_kernel_kmod() */
	bool kmod_read;
	struct dg_keys *keys; /* built-in certificates; NULL: none known */
	char build_id[DG_BUILD_ID_HEX];
};

/*
 * -ENOENT with @d when nothing of @release is installed under @root; -EINVAL
 * when it is no possible release. Free with dg_kernel_free().
 */
int dg_kernel_open(const char *root, const char *release, struct dg_kernel **ret, struct dg_diag *d);
void dg_kernel_free(struct dg_kernel *k);
void dg_kernel_freep(struct dg_kernel **k);

/*
 * Whether neither image nor modules of it are there, as when its package was removed,
 * whatever depmod(8) and others left in its tree.
 */
bool dg_kernel_is_gone(const char *root, const char *release);

/* Every release with modules or an image, lowest first; free with dg_strv_free(). */
int dg_kernel_list(const char *root, char ***ret);

/* Learn vermagic, machine and size of struct module from one of its in-tree modules, and its policy. */
int dg_kernel_reference(struct dg_kernel *k, struct dg_diag *d);

/* Fill @exports from the image, else from a symvers file. */
int dg_kernel_exports(struct dg_kernel *k, struct dg_diag *d);

/* The build-id of the image on disk (the image is unpacked for it). -ENODATA: it has none. */
int dg_kernel_build_id(struct dg_kernel *k, struct dg_diag *d);

/*
 * The state of all that verdicts rest on but modules: of image, symvers,
 * configuration and indexes, by dg_file_id(). Caller frees. NULL: one of them
 * changed a moment ago, or there is no memory.
 */
char *dg_kernel_state_id(const struct dg_kernel *k);

/* Which file modprobe would load as @name, by the indexes. -ENOENT: none. Caller frees. */
int dg_kernel_module_path(struct dg_kernel *k, const char *name, char **ret);

/* depmod ran: what was known of the indexes is not so any more. */
void dg_kernel_reindexed(struct dg_kernel *k);

/* Add a driver's exports, for others that will be staged with it. */
void dg_kernel_add_exports(struct dg_kernel *k, const struct dg_modfile *m);

/*
 * Who exports @name: the kernel, or one of its modules, read when first needed.
 * NULL: nobody. After dg_kernel_exports() several threads may ask at once.
 */
const struct dg_export_entry *dg_kernel_export(struct dg_kernel *k, const char *name);
/* The same with dg_symbol_hash(@name) at hand. */
const struct dg_export_entry *dg_kernel_export_hashed(struct dg_kernel *k, const char *name, uint32_t hash);
/* The same, of what was read already: the @n-th who does. NULL: no more. */
const struct dg_export_entry *dg_kernel_export_read(struct dg_kernel *k, const char *name, uint32_t hash, size_t n);

/* Whether it is the one that runs in its root. */
bool dg_kernel_runs(const struct dg_kernel *k);
/* What keeps modules from loading there, read when first needed. NULL: without memory. */
const struct dg_modconf *dg_kernel_modconf(struct dg_kernel *k);

/* The modules that @name needs, by modules.dep, ended by NULL; free with dg_strv_free(). -ENOENT: nobody knows. */
int dg_kernel_needs(struct dg_kernel *k, const char *name, char ***ret);

/* The kmod of its root. */
const struct dg_kmod *dg_kernel_kmod(struct dg_kernel *k);

/* The one class and byte order it reads modules in; known after dg_kernel_reference(). */
enum dg_elf_format dg_kernel_format(const struct dg_kernel *k);
/* Whether it is of version @major.@minor or later, by its release. */
bool dg_kernel_at_least(const struct dg_kernel *k, unsigned int major, unsigned int minor);

#endif
