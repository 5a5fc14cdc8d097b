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

/* One on its way into the store. */
struct putting {
	const struct dg_modfile *file;
	char *own, *path; /* its directory there, and its place in that */
	bool begun;	  /* and not ended */
	bool fresh;	  /* it was not there, or damaged */
};

static int cannot_write(const char *path, int err, struct dg_diag *d)
{
	return dg_diag_errno(d, err, path, "write into the store");
}

static int begin(struct putting *p, const char *dir, const struct dg_modfile *m, struct dg_diag *d)
{
	int r;

	p->file = m;
	p->own = dg_format("%s/%s", dir, m->sha256);
	p->path = dg_format("%s/%s/%s.ko", dir, m->sha256, m->name);
	if (!p->own || !p->path)
		return -ENOMEM;
	if (reread(p->path, m) == 0)
		return 0;
	p->fresh = true;
	if (mkdir(p->own, 0755) < 0 && errno != EEXIST)
		return cannot_write(p->path, -errno, d);
	r = dg_file_begin(p->path, m->data, m->len, 0644);
	p->begun = r == 0;
	return r < 0 ? cannot_write(p->path, r, d) : 0;
}

static int end(struct putting *p, struct dg_diag *d)
{
	int r = p->begun ? dg_file_end(p->path) : 0;

	p->begun &= r < 0;
	return r < 0 ? cannot_write(p->path, r, d) : 0;
}

static int sync_directory(const char *dir, struct dg_diag *d)
{
	int r = dg_dir_sync(dir);

	return r < 0 ? cannot_write(dir, r, d) : 0;
}

static int check(const struct putting *p, struct dg_diag *d)
{
	int r = p->fresh ? reread(p->path, p->file) : 0;

	if (r == -EBADMSG)
		return dg_diag_set(d, -EIO, p->path, "check the disk (dmesg)", "reads back other than written");
	return r < 0 ? dg_diag_errno(d, r, p->path, "read back") : 0;
}

/*
 * All are on their way to the disk before any is waited for; directories last, the
 * store's own once. Also those of files that were there: a run that was killed may
 * have left them unsynced.
 */
static int put(struct putting *v, const char *dir, const struct dg_modfile *const *files, size_t n, struct dg_diag *d)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = begin(&v[i], dir, files[i], d);
	for (size_t i = 0; i < n && r == 0; i++)
		r = end(&v[i], d);
	for (size_t i = 0; i < n && r == 0; i++)
		r = sync_directory(v[i].own, d);
	if (r == 0 && n)
		r = sync_directory(dir, d);
	for (size_t i = 0; i < n && r == 0; i++)
		r = check(&v[i], d);
	return r;
}

int dg_store_put_all(const char *dir, const struct dg_modfile *const *files, size_t n, struct dg_diag *d)
{
	struct putting *v = calloc(n + 1, sizeof(*v));
	int r = v ? 0 : -ENOMEM;

	if (r == 0 && n && (r = dg_dir_make(dir)) < 0)
		r = cannot_write(dir, r, d);
	if (r == 0)
		r = put(v, dir, files, n, d);
	for (size_t i = 0; v && i < n; i++) {
		if (v[i].begun)
			dg_file_abandon(v[i].path);
		/* Only an empty directory goes: a copy that could not be replaced stays. */
		if (r < 0 && v[i].own)
			(void)rmdir(v[i].own);
		free(v[i].own);
		free(v[i].path);
	}
	free(v);
	return r;
}

int dg_store_put(const char *dir, const struct dg_modfile *m, char **ret_path, struct dg_diag *d)
{
	dg_auto_free char *path = dg_format("%s/%s/%s.ko", dir, m->sha256, m->name);
	int r = path ? dg_store_put_all(dir, &m, 1, d) : -ENOMEM;

	if (r == 0)
		*ret_path = dg_take(path);
	return r;
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

/* "…/SHA256", a directory: a link could lead out of the store, and out of the root. */
static bool is_entry(const char *own, const char *name)
{
	struct stat st;

	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64 && lstat(own, &st) == 0 &&
	       S_ISDIR(st.st_mode);
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
		else if (is_entry(own, *n))
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
	const bool *unfinished = data;

	return st->st_nlink < 2 && (!*unfinished || dg_endswith(path, ".new")) ? dg_store_remove(path) : 0;
}

int dg_store_sweep(const char *root, const char *store, bool unfinished)
{
	dg_auto_free char *dir = dg_store_dir(root, store);
	int r = dg_store_each(root, store, sweep_one, &unfinished);
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
