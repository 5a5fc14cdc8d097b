// SPDX-License-Identifier: GPL-2.0-or-later
#include "store.h"

#include <errno.h>
#include <fcntl.h>

#include "fs.h"

char *dg_store_dir(const char *root, const char *store)
{
	dg_auto_free char *inside = dg_format("%s/store", store);

	return inside ? dg_path_join(root, inside) : NULL;
}

/* Read back from the disk itself, as far as the kernel can be asked to. */
static int reread(const char *path, const struct dg_modfile *m)
{
	dg_auto_free void *data = NULL;
	char sum[DG_SHA256_HEX];
	size_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd < 0)
		return -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	r = dg_file_read(path, m->len, &data, &len);
	if (r == -EFBIG)
		return -EBADMSG;
	if (r == 0)
		r = dg_sha256(data, len, sum);
	if (r < 0)
		return r;
	return dg_streq(sum, m->sha256) ? 0 : -EBADMSG;
}

int dg_store_put(const char *dir, const struct dg_modfile *m, char **ret_path, struct dg_diag *d)
{
	dg_auto_free char *own = dg_format("%s/%s", dir, m->sha256);
	dg_auto_free char *path = dg_format("%s/%s/%s.ko", dir, m->sha256, m->name);
	int r;

	if (!own || !path)
		return -ENOMEM;
	if (reread(path, m) < 0) {
		r = dg_dir_make(own);
		if (r == 0)
			r = dg_file_write(path, m->data, m->len, 0644);
		if (r < 0) {
			/* Only an empty directory goes: a copy that could not be replaced stays. */
			rmdir(own);
			return dg_diag_errno(d, r, path, "write into the store");
		}
		r = reread(path, m);
		if (r == -EBADMSG)
			return dg_diag_set(d, -EIO, path, "check the disk (dmesg)", "reads back other than written");
		if (r < 0)
			return dg_diag_errno(d, r, path, "read back");
	}
	*ret_path = dg_take(path);
	return 0;
}

bool dg_store_is_whole(const struct dg_modfile *m)
{
	const char *slash = m->path ? strrchr(m->path, '/') : NULL;

	return slash && slash - m->path > 64 && memcmp(slash - 64, m->sha256, 64) == 0;
}
