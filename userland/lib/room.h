/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before anything is touched: is there room, and may it be written, on every file system a change needs? */
#ifndef DG_ROOM_H
#define DG_ROOM_H

#include "kernel.h"

struct dg_room {
	const char *root, *store;
	const struct dg_kernel *kernel;
	uint64_t bytes;	  /* of new files in the store */
	size_t files;	  /* their number, and that of the generation's links */
	const char *boot; /* the directory an initramfs is refreshed in; NULL: none is */
	uint64_t boot_bytes;
};

/* -ENOSPC or -EROFS with the place, what it needs and what it has; nothing was changed. */
int dg_room_check(const struct dg_room *r, struct dg_diag *d);

#endif
