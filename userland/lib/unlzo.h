/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lzop's format, as far as the kernel's own lib/decompress_unlzo.c reads it (through liblzo2). */
#ifndef DG_UNLZO_H
#define DG_UNLZO_H

#include "util.h"

#include <sys/types.h>

/* Up to @n packed bytes into @buf; 0: there are no more; -errno. */
typedef ssize_t (*dg_unlzo_fn)(void *data, void *buf, size_t n);

struct dg_unlzo;

/* Whether @data begins as lzop's files do. */
bool dg_unlzo_is(const void *data, size_t len);

/*
 * Read the header. -EBADMSG: damaged or cut; -EOPNOTSUPP: built without liblzo2.
 * What it needs is a block's room, twice 256 KiB, whatever the header says.
 */
int dg_unlzo_open(dg_unlzo_fn fn, void *data, struct dg_unlzo **ret);
/* Up to @n plain bytes; 0: all were had. -EBADMSG, or the -errno of its source. */
ssize_t dg_unlzo_read(struct dg_unlzo *u, void *buf, size_t n);
void dg_unlzo_close(struct dg_unlzo *u);

#endif
