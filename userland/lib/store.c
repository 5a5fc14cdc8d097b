// SPDX-License-Identifier: GPL-2.0-or-later
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>

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

/* "NAME.ko", or what a write that was cut short left beside it. */
static bool is_ours(const char *name)
{
	return dg_endswith(name, ".ko") || (*name == '.' && dg_endswith(name, ".ko.new"));
}

static int each_in(const char *dir, int (*fn)(const char *path, const struct stat *st, void *data), void *data)
{
	char **names;
	int r = dg_dir_list(dir, &names);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char **n = names; *n && r == 0; n++) {
		dg_auto_free char *path = dg_format("%s/%s", dir, *n);
		struct stat st;

		if (!path)
			r = -ENOMEM;
		else if (is_ours(*n) && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = fn(path, &st, data);
	}
	dg_strv_free(names);
	return r;
}

int dg_store_each(const char *root, const char *store, int (*fn)(const char *path, const struct stat *st, void *data),
		  void *data)
{
	dg_auto_free char *dir = dg_store_dir(root, store);
	char **names;
	int r = dir ? dg_dir_list(dir, &names) : -ENOMEM;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char **n = names; *n && r == 0; n++) {
		dg_auto_free char *own = dg_format("%s/%s", dir, *n);

		if (!own)
			r = -ENOMEM;
		else if (strlen(*n) == 64 && strspn(*n, "0123456789abcdef") == 64)
			r = each_in(own, fn, data);
	}
	dg_strv_free(names);
	return r;
}

int dg_store_remove(const char *path)
{
	dg_auto_free char *copy = strdup(path);
	char *dir;

	if (!copy)
		return -ENOMEM;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = dirname(copy);
	if (rmdir(dir) < 0)
		return errno == ENOTEMPTY || errno == EEXIST ? dg_dir_sync(dir) : -errno;
	return dg_dir_sync(dirname(dir));
}

static int sweep_one(const char *path, const struct stat *st, void *data)
{
	(void)data;
	return st->st_nlink < 2 ? dg_store_remove(path) : 0;
}

int dg_store_sweep(const char *root, const char *store)
{
	dg_auto_free char *dir = dg_store_dir(root, store);
	int r = dg_store_each(root, store, sweep_one, NULL);
	char **names;

	/* Directories a run that was cut short left empty; the others refuse to go. */
	if (r < 0 || !dir || dg_dir_list(dir, &names) < 0)
		return r;
	for (char **n = names; *n; n++) {
		dg_auto_free char *own = dg_format("%s/%s", dir, *n);

		if (own)
			(void)rmdir(own);
	}
	dg_strv_free(names);
	return 0;
}
