/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was taken out of a kernel on purpose - rolled back, removed, forced to a
 * lower version - and is not staged again by itself: only by force, or when a
 * higher version comes. STORE/kernels/RELEASE/withdrawn, a record (record.h):
 *
 *   drvguard-withdrawn 1
 *   NAME SHA256 VERSION|- FLOOR|-
 *
 * It keeps out that very file, and versions above FLOOR, the one gone back to, up
 * to VERSION; without a VERSION that file alone.
 */
#ifndef DG_WITHDRAWN_H
#define DG_WITHDRAWN_H

#include "intent.h"
#include "manifest.h"

struct dg_withdrawn_entry {
	char *name;
	char sha256[DG_SHA256_HEX];
	char *version, *floor; /* "" none */
};

struct dg_withdrawn {
	struct dg_withdrawn_entry *v; /* one range of versions a driver, and single files */
	size_t n;
};

/* Nothing withdrawn is an empty list. -EBADMSG with @d: it cannot be believed. */
int dg_withdrawn_read(const char *root, const char *store, const char *release, struct dg_withdrawn *ret,
		      struct dg_diag *d);
void dg_withdrawn_free(struct dg_withdrawn *w);

/* The entry that keeps a file of driver @name with @sha256 and @version out; NULL: none does. */
const struct dg_withdrawn_entry *dg_withdrawn_find(const struct dg_withdrawn *w, const char *name, const char *sha256,
						   const char *version);

/*
 * Bring the list to what @action made of it, which went from one generation to
 * another (NULL: none). Done twice it is the same as once.
 */
int dg_withdrawn_update(const char *root, const char *store, const char *release, enum dg_action action,
			const struct dg_manifest *from, const struct dg_manifest *to, struct dg_diag *d);

#endif
