/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text that lies with a generation's drivers, so that early boot needs
 * nothing else. One "key value…" line each, in this order:
 *
 *   drvguard-manifest 1
 *   release RELEASE
 *   kernel-build-id HEX|-
 *   previous NUMBER|-                  the generation that was current before
 *   driver NAME sha256=HEX size=BYTES build-id=HEX|- verdict=WORD version=TEXT vermagic=TEXT source=PATH
 *
 * TEXT and PATH are escaped, and the end is sealed, as record.h says.
 */
#ifndef DG_MANIFEST_H
#define DG_MANIFEST_H

#include "diag.h"
#include "loader.h"

#define DG_GENERATION_MAX 1000000000u

struct dg_manifest_entry {
	char *name;
	char sha256[DG_SHA256_HEX];
	size_t size;
	char build_id[DG_BUILD_ID_HEX];
	enum dg_verdict verdict;
	char *version, *vermagic, *source;
};

struct dg_manifest {
	char *release;
	char kernel_build_id[DG_BUILD_ID_HEX]; /* proven for this kernel; "" unknown */
	unsigned int previous;		       /* the generation before it; 0: none */
	struct dg_manifest_entry *entries;
	size_t n_entries;
};

/* -EBADMSG with the line in @d. @data is written to. Free with dg_manifest_free(). */
int dg_manifest_parse(char *data, size_t len, struct dg_manifest **ret, struct dg_diag *d);
int dg_manifest_read(const char *path, struct dg_manifest **ret, struct dg_diag *d);
/* The text; caller frees. NULL without memory. */
char *dg_manifest_format(const struct dg_manifest *m);

int dg_manifest_new(const char *release, const char *kernel_build_id, struct dg_manifest **ret);
/* Append a copy. */
int dg_manifest_add(struct dg_manifest *m, const struct dg_manifest_entry *e);
const struct dg_manifest_entry *dg_manifest_find(const struct dg_manifest *m, const char *name);
void dg_manifest_free(struct dg_manifest *m);
void dg_manifest_freep(struct dg_manifest **m);

#endif
