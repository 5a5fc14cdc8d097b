/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at a directory that ends, whatever lies there: a file system that is
 * mounted and whose server is gone answers no call, and an automount may wait
 * for a device that never comes. So a child looks, for some seconds at most.
 */
#ifndef DG_PROBE_H
#define DG_PROBE_H

#include "util.h"

/* Which directory it is, and in which mount; all zero: none. */
struct dg_probe {
	uint64_t mount, device, inode;
	int64_t changed, changed_ns;
};

/*
 * @path under @root, which may trigger an automount. 0; the errno by which it
 * cannot be opened; -ETIMEDOUT when nothing answers.
 */
int dg_probe(const char *root, const char *path, struct dg_probe *ret);

/* Whether @err, as it came of dg_probe(), is the file system's being out of reach for now. */
bool dg_probe_is_silence(int err);

#endif
