/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver's file kept in a generation: is it what its manifest says, and would it still load? */
#ifndef DG_KEPT_H
#define DG_KEPT_H

#include "config.h"
#include "kernel.h"
#include "manifest.h"

/*
 * Check @e's file in generation directory @dir. -EBADMSG: not what was staged;
 * -ENOEXEC: @k would refuse it, or the configuration does (not asked for when
 * @force). @d says so with the file.
 */
int dg_kept_check(const char *dir, const struct dg_manifest_entry *e, const struct dg_config *config,
		  struct dg_kernel *k, bool force, struct dg_diag *d);

/*
 * Have @e's file whole in the store, from any generation of @release that still
 * has it. -ENOENT with @d: none has.
 */
int dg_kept_restore(const char *root, const char *store, const char *release, const struct dg_manifest_entry *e,
		    struct dg_diag *d);

#endif
