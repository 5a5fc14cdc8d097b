/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs's archives, newc written by hand. */
#ifndef DG_TEST_CPIO_H
#define DG_TEST_CPIO_H

#include "fixture.h"

struct member {
	const char *path;
	uint32_t mode, nlink, inode;
	const void *data;
	size_t len;
};

static inline void put_cpio(struct fx_bytes *b, const struct member *m)
{
	size_t name = strlen(m->path) + 1;
	char header[128];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", m->inode,
		 m->mode, 0, 0, m->nlink ? m->nlink : 1, 0, m->len, 8, 1, 0, 0, name, 0);
	fx_put(b, header, 110);
	fx_put(b, m->path, name);
	fx_put_zero(b, -b->len & 3);
	fx_put(b, m->data, m->len);
	fx_put_zero(b, -b->len & 3);
}

static inline void put_file(struct fx_bytes *b, const char *path, const struct fx_bytes *data)
{
	put_cpio(b, &(struct member){ .path = path, .mode = S_IFREG | 0644, .data = data->data, .len = data->len });
}

static inline void put_dir(struct fx_bytes *b, const char *path)
{
	put_cpio(b, &(struct member){ .path = path, .mode = S_IFDIR | 0755, .nlink = 2 });
}

static inline void put_link(struct fx_bytes *b, const char *path, const char *text)
{
	put_cpio(b, &(struct member){ .path = path, .mode = S_IFLNK | 0777, .data = text, .len = strlen(text) });
}

static inline void put_text(struct fx_bytes *b, const char *path, const char *text)
{
	put_cpio(b, &(struct member){ .path = path, .mode = S_IFREG | 0644, .data = text, .len = strlen(text) });
}

static inline void put_trailer(struct fx_bytes *b)
{
	put_cpio(b, &(struct member){ .path = "TRAILER!!!" });
	fx_put_zero(b, -b->len & 511);
}

#endif
