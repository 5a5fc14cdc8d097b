/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers staged by bind mount: the file modprobe takes is covered by one from the
 * store, and /lib/modules stays as it was. After a reboot it is uncovered until it
 * is mounted again. STORE/mounts/RELEASE/NAME.ko is a hard link into the
 * store, and NAME beside it a record (record.h):
 *
 *   drvguard-mount 1
 *   sha256 HEX
 *   target PATH        of the covered file, inside the root, escaped
 */
#ifndef DG_MOUNTED_H
#define DG_MOUNTED_H

#include "digest.h"
#include "kernel.h"

struct dg_mounted {
	bool recorded; /* staged that way */
	bool covers;   /* and mounted now */
	bool active;   /* over the file that modprobe takes */
	char sha256[DG_SHA256_HEX];
	char *target; /* physical */
};

/* How @name is mounted for @k. -ENOENT: not at all. Free with dg_mounted_free(). */
int dg_mounted_read(const char *store, const struct dg_kernel *k, const char *name, struct dg_mounted *ret,
		    struct dg_diag *d);
void dg_mounted_free(struct dg_mounted *m);

/* Put @m into the store, record it, and mount it over the file modprobe takes. */
int dg_mounted_set(const char *store, const struct dg_kernel *k, const struct dg_modfile *m, struct dg_diag *d);
/* Mount again what is recorded. */
int dg_mounted_again(const char *store, const struct dg_kernel *k, const char *name, struct dg_diag *d);
/* Whether some driver is mounted over a file below @dir. */
bool dg_mounted_below(const char *store, const struct dg_kernel *k, const char *dir);
/* Unmount, and forget. Not mounted is fine. */
int dg_mounted_drop(const char *store, const struct dg_kernel *k, const char *name, struct dg_diag *d);

#endif
