// SPDX-License-Identifier: GPL-2.0-or-later
#include "generation.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "fs.h"
#include "store.h"

/* STORE/kernels/RELEASE under @root. */
static char *kernel_dir(const char *root, const char *store, const char *release)
{
	dg_auto_free char *inside = dg_format("%s/kernels/%s", store, release);

	return inside ? dg_path_join(root, inside) : NULL;
}

static unsigned int number_of(const char *name)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*name) || *name == '0')
		return 0;
	n = strtoul(name, &end, 10);
	return *end || n > 1000000000 ? 0 : (unsigned int)n;
}

/* Fill in what the link leads to; @home is where this kernel's generations lie. */
static int follow(struct dg_generation *g, const char *home)
{
	dg_auto_free char *path = NULL;
	struct stat st;
	size_t n;

	if (lstat(g->link_path, &st) < 0) {
		g->link = DG_LINK_NONE;
		return 0;
	}
	g->link = DG_LINK_FOREIGN;
	if (!S_ISLNK(st.st_mode))
		return 0;
	/* Relative by construction, so the plain resolver stays in the root. */
	if (dg_path_resolve("/", g->link_path, &g->dir) < 0) {
		g->link = DG_LINK_DANGLING;
		return 0;
	}
	n = home ? strlen(home) : 0;
	if (!n || strncmp(g->dir, home, n) != 0 || g->dir[n] != '/' || !number_of(g->dir + n + 1))
		return 0;
	g->link = DG_LINK_GOOD;
	g->number = number_of(g->dir + n + 1);
	path = dg_format("%s/" DG_MANIFEST_NAME, g->dir);
	if (!path)
		return -ENOMEM;
	/* An unreadable manifest is a state to be told, not a reason to stop. */
	(void)dg_manifest_read(path, &g->manifest, &g->problem);
	return 0;
}

int dg_generation_current(const char *store, const struct dg_kernel *k, struct dg_generation **ret)
{
	dg_auto(dg_generation_freep) struct dg_generation *g = calloc(1, sizeof(*g));
	dg_auto_free char *inside = dg_format("%s/kernels/%s", store, k->release), *home = NULL;
	int r;

	if (!g || !inside)
		return -ENOMEM;
	if (k->modules_dir) {
		g->link_path = dg_format("%s/" DG_GENERATION_LINK, k->modules_dir);
		if (!g->link_path)
			return -ENOMEM;
		(void)dg_path_resolve(k->root, inside, &home);
		r = follow(g, home);
		if (r < 0)
			return r;
	}
	*ret = dg_take(g);
	return 0;
}

void dg_generation_free(struct dg_generation *g)
{
	if (!g)
		return;
	free(g->link_path);
	free(g->dir);
	dg_manifest_free(g->manifest);
	free(g);
}

void dg_generation_freep(struct dg_generation **g)
{
	dg_generation_free(*g);
}

static int next_number(const char *dir, unsigned int *ret)
{
	unsigned int last = 0;
	char **names;
	int r = dg_dir_list(dir, &names);

	if (r < 0)
		return r;
	for (char **n = names; *n; n++)
		if (number_of(*n) > last)
			last = number_of(*n);
	dg_strv_free(names);
	*ret = last + 1;
	return 0;
}

static int link_drivers(const char *store_dir, const char *fresh, const struct dg_manifest *m, struct dg_diag *d)
{
	for (size_t i = 0; i < m->n_entries; i++) {
		const struct dg_manifest_entry *e = &m->entries[i];
		dg_auto_free char *from = dg_format("%s/%s/%s.ko", store_dir, e->sha256, e->name);
		dg_auto_free char *to = dg_format("%s/%s.ko", fresh, e->name);

		if (!from || !to)
			return -ENOMEM;
		if (link(from, to) < 0)
			return dg_diag_errno(d, -errno, to, "link the driver into its generation");
	}
	return 0;
}

static int fill(const char *store_dir, const char *fresh, const struct dg_manifest *m, struct dg_diag *d)
{
	dg_auto_free char *text = dg_manifest_format(m), *path = dg_format("%s/" DG_MANIFEST_NAME, fresh);
	int r;

	if (!text || !path)
		return -ENOMEM;
	r = link_drivers(store_dir, fresh, m, d);
	if (r < 0)
		return r;
	/* Syncs the directory too, after the links. */
	r = dg_file_write(path, text, strlen(text), 0644);
	return r < 0 ? dg_diag_errno(d, r, path, "write the manifest") : 0;
}

int dg_generation_build(const char *root, const char *store, const struct dg_manifest *m, char **ret_dir,
			struct dg_diag *d)
{
	dg_auto_free char *dir = kernel_dir(root, store, m->release), *store_dir = dg_store_dir(root, store);
	dg_auto_free char *fresh = dir ? dg_format("%s/.new", dir) : NULL, *last = NULL;
	unsigned int number = 0;
	int r;

	if (!fresh || !store_dir)
		return -ENOMEM;
	/* What an interrupted run left was never current. */
	r = dg_dir_make(dir);
	if (r == 0)
		r = dg_tree_remove(fresh);
	if (r == 0)
		r = dg_dir_make(fresh);
	if (r == 0)
		r = next_number(dir, &number);
	if (r < 0)
		return dg_diag_errno(d, r, dir, "make a generation");
	r = fill(store_dir, fresh, m, d);
	if (r == 0) {
		last = dg_format("%s/%u", dir, number);
		r = last ? 0 : -ENOMEM;
	}
	if (r == 0 && (rename(fresh, last) < 0 || (r = dg_dir_sync(dir)) < 0))
		r = dg_diag_errno(d, r < 0 ? r : -errno, last, "make the generation");
	if (r < 0) {
		dg_tree_remove(fresh);
		return r;
	}
	*ret_dir = dg_take(last);
	return 0;
}

int dg_generation_switch(const struct dg_kernel *k, const char *dir, char **ret_old, struct dg_diag *d)
{
	dg_auto_free char *inside = dg_format("/lib/modules/%s/updates", k->release);
	dg_auto_free char *updates = inside ? dg_path_join(k->root, inside) : NULL, *from = NULL, *to = NULL,
			  *text = NULL, *old = NULL;
	dg_auto_free char *path = updates ? dg_format("%s/drvguard", updates) : NULL;
	struct stat st;
	int r;

	if (!path)
		return -ENOMEM;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return dg_diag_set(d, -EEXIST, path, "move it away: that name is drvguard's",
				   "a directory stands where the link to the generation belongs");
	r = dg_dir_make(updates);
	/* Physical on both sides, or the relative text would be counted from elsewhere. */
	if (r == 0)
		r = dg_path_resolve("/", updates, &from);
	if (r == 0)
		r = dg_path_resolve("/", dir, &to);
	if (r == 0)
		r = dg_path_relative(from, to, &text);
	if (r == 0)
		(void)dg_link_get(path, &old);
	if (r == 0)
		r = dg_link_set(path, text);
	if (r < 0)
		return dg_diag_errno(d, r, path, "switch to the new generation");
	*ret_old = dg_take(old);
	return 0;
}

void dg_generation_switch_back(const struct dg_kernel *k, const char *old)
{
	dg_auto_free char *path = dg_format("%s/" DG_GENERATION_LINK, k->modules_dir);

	if (!path)
		return;
	if (old)
		(void)dg_link_set(path, old);
	else
		(void)unlink(path);
}
