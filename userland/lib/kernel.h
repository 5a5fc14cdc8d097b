/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One installed kernel: where its parts lie, and what its loader compares a
 * driver with. Paths are found at once; what costs reading is read when asked.
 */
#ifndef DG_KERNEL_H
#define DG_KERNEL_H

#include "elf.h"
#include "level.h"
#include "modfile.h"
#include "symtab.h"

struct dg_kernel {
	char *root;
	char *release;
	char *modules_dir; /* physical; NULL: no /lib/modules/RELEASE with modules in it */
	char *image;	   /* NULL: none found */
	char *symvers;	   /* NULL: none found */
	char version[256]; /* as `uname -v`, from the image's banner; "" unknown */
	struct dg_level level;

	/* By dg_kernel_reference(): */
	char vermagic[256]; /* "" unknown */
	uint16_t machine;
	bool is64;
	size_t module_size;

	/* By dg_kernel_exports(): */
	struct dg_symtab *exports;
	const char *exports_from; /* path of the image or symvers file */
	char build_id[DG_BUILD_ID_HEX];
};

/*
 * -ENOENT with @d when nothing of @release is installed under @root; -EINVAL
 * when it is no possible release. Free with dg_kernel_free().
 */
int dg_kernel_open(const char *root, const char *release, struct dg_kernel **ret, struct dg_diag *d);
void dg_kernel_free(struct dg_kernel *k);
void dg_kernel_freep(struct dg_kernel **k);

/* Every release with modules or an image, lowest first; free with dg_strv_free(). */
int dg_kernel_list(const char *root, char ***ret);

/* Learn vermagic, machine and size of struct module from one of its in-tree modules. */
int dg_kernel_reference(struct dg_kernel *k, struct dg_diag *d);

/* Fill @exports from the image, else from a symvers file. */
int dg_kernel_exports(struct dg_kernel *k, struct dg_diag *d);

/* The build-id of the image on disk (the image is unpacked for it). -ENODATA: it has none. */
int dg_kernel_build_id(struct dg_kernel *k, struct dg_diag *d);

/* Add a driver's exports, for others that will be staged with it. */
void dg_kernel_add_exports(struct dg_kernel *k, const struct dg_modfile *m);

/* Who exports @name: the kernel, or one of its modules, read when first needed. NULL: nobody. */
const struct dg_export_entry *dg_kernel_export(struct dg_kernel *k, const char *name);

#endif
