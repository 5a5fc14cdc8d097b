// SPDX-License-Identifier: GPL-2.0-or-later
#include "modtree.h"

#include <errno.h>
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

bool dg_modtree_is_newer(const char *modules_dir)
{
	dg_auto_free char *index = dg_format("%s/modules.symbols.bin", modules_dir);
	bool newer = false;
	struct stat st;
	FTSENT *e;
	FTS *fts;

	if (!index || stat(index, &st) < 0)
		return true;
	fts = open_tree(modules_dir);
	/* The top holds the indexes themselves, which depmod writes one after the other. */
	while (fts && !newer && (e = fts_read(fts)))
		newer = ((e->fts_info == FTS_D && e->fts_level > 0) ||
			 (e->fts_info == FTS_F && dg_modfile_is_named(e->fts_name))) &&
			later(e->fts_statp->st_mtim, st.st_mtim);
	if (fts)
		fts_close(fts);
	return newer;
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
