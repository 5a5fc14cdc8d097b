// SPDX-License-Identifier: GPL-2.0-or-later
#include "modtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>

#include "inorder.h"

static FTS *open_tree(const char *modules_dir)
{
	char *const roots[] = { (char *)(uintptr_t)modules_dir, NULL };

	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/*
 * Whether anything in the directory @fd, which is taken over, is later than @than;
 * by names in it, since fts(3) finds its way to each from the root.
 */
static bool has_later(int fd, struct timespec than)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *de;
	bool found = false;
	struct stat st;

	if (!dir) {
		close(fd);
		return false;
	}
	while (!found && (de = readdir(dir))) {
		bool is_dir = de->d_type == DT_DIR || de->d_type == DT_UNKNOWN;

		if (dg_streq(de->d_name, ".") || dg_streq(de->d_name, "..") ||
		    (!is_dir && !dg_modfile_is_named(de->d_name)) ||
		    fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && dg_modfile_is_named(de->d_name))
			found = later(st.st_mtim, than);
		if (!S_ISDIR(st.st_mode))
			continue;
		found = later(st.st_mtim, than);
		fd = found ? -1 : openat(dirfd(dir), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			found = has_later(fd, than);
	}
	closedir(dir);
	return found;
}

bool dg_modtree_is_newer(const char *modules_dir)
{
	dg_auto_close int fd = open(modules_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int top;

	if (fd < 0 || fstatat(fd, "modules.symbols.bin", &st, 0) < 0)
		return true;
	top = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	/* Of the top itself nothing is told: depmod writes its indexes there, one after the other. */
	return top >= 0 && has_later(top, st.st_mtim);
}

static int list_modules(const char *modules_dir, char ***ret, size_t *ret_n)
{
	FTS *fts = open_tree(modules_dir);
	char **v = NULL;
	FTSENT *e;
	size_t n = 0;
	int r = fts ? 0 : -ENOMEM;

	while (r == 0 && (e = fts_read(fts))) {
		if (e->fts_info != FTS_F || !dg_modfile_is_named(e->fts_name))
			continue;
		r = DG_GROW(v, n);
		if (r == 0 && !(v[n++] = strdup(e->fts_path)))
			r = -ENOMEM;
	}
	if (fts)
		fts_close(fts);
	*ret = v;
	*ret_n = n;
	return r;
}

struct reading {
	struct dg_modfile *file; /* NULL: it cannot be read */
};

static void read_file(size_t i, void *result, struct dg_arena *room, void *paths)
{
	struct reading *r = result;

	(void)room;
	if (dg_modfile_read(((char **)paths)[i], &r->file, NULL) < 0)
		r->file = NULL;
}

static void drop_file(void *result)
{
	dg_modfile_free(((struct reading *)result)->file);
}

int dg_modtree_each(const char *modules_dir, dg_modtree_fn fn, void *data)
{
	struct dg_work work = { .result_size = sizeof(struct reading), .begin = read_file, .drop = drop_file };
	struct dg_inorder *ahead = NULL;
	char **v;
	int r = list_modules(modules_dir, &v, &work.n);

	work.data = v;
	if (r == 0)
		r = dg_inorder_new(&work, &ahead);
	if (r == 0)
		dg_inorder_open(ahead);
	for (size_t i = 0; r == 0 && i < work.n; i++) {
		struct reading read;

		dg_inorder_next(ahead, &read);
		if (read.file)
			r = fn(read.file, data);
		dg_modfile_free(read.file);
	}
	dg_inorder_free(ahead);
	for (size_t i = 0; i < work.n; i++)
		free(v[i]);
	free(v);
	return r;
}
