/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: drvguard.conf(5). A section with anything wrong in it is
 * left out with a remark, since a guess at what was meant could load a driver
 * that must not be; the other sections stand.
 */
#ifndef DG_CONFIG_H
#define DG_CONFIG_H

#include "diag.h"

enum dg_require { DG_REQUIRE_KABI, DG_REQUIRE_EXACT };
enum dg_load { DG_LOAD_AUTO, DG_LOAD_NEVER };
/* The guard in the kernel: left alone, told what is proven, or made to refuse what is not. */
enum dg_guard_use { DG_GUARD_OFF, DG_GUARD_PERMISSIVE, DG_GUARD_ENFORCE };

struct dg_product {
	char *name;
	char *depot; /* absolute, inside the root */
	enum dg_require require;
	bool group_all; /* its drivers are staged all or none */
	char *origin;	/* "FILE:LINE" */
	bool bad;
};

struct dg_driver {
	char *name; /* '-' made '_' */
	char *product_name;
	const struct dg_product *product;
	enum dg_load load;
	bool boot;  /* it has to be in the initramfs */
	char *path; /* a fixed place an agent loads from, or NULL */
	char *origin;
	bool bad;
};

/*
 * drvguard.ko itself, where it is configured as a driver like any other: everything else goes on without it, and
 * the guard's policy says nothing of it.
 */
#define DG_OURSELVES "drvguard"
static inline bool dg_driver_is_ourselves(const struct dg_driver *d)
{
	return dg_streq(d->name, DG_OURSELVES);
}

struct dg_config {
	char *store;	   /* absolute, inside the root; holds store/ and kernels/ */
	bool gate;	   /* a kernel that lacks a driver must not become what boots by default */
	unsigned int keep; /* generations a kernel keeps for rollback, besides the current one */
	enum dg_guard_use guard;
	struct dg_product *products;
	size_t n_products;
	struct dg_driver *drivers; /* only good ones, product resolved */
	size_t n_drivers;
	struct dg_diags problems;
};

/*
 * Read @file alone, or (NULL) /etc/drvguard/drvguard.conf and the drivers.d
 * directories under @root. What is wrong in them is in ->problems; the error is
 * for memory, or for a named @file that cannot be read (@d).
 */
int dg_config_read(const char *root, const char *file, struct dg_config **ret, struct dg_diag *d);
void dg_config_free(struct dg_config *c);
void dg_config_freep(struct dg_config **c);

/* NULL: not configured. */
const struct dg_driver *dg_config_driver(const struct dg_config *c, const char *name);

#endif
