// SPDX-License-Identifier: GPL-2.0-or-later
#include "generation.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "fs.h"
#include "modprobe.h"
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
	return *end || n > DG_GENERATION_MAX ? 0 : (unsigned int)n;
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

char *dg_generation_dir(const char *root, const char *store, const char *release, unsigned int number)
{
	dg_auto_free char *dir = kernel_dir(root, store, release);

	return dir ? dg_format("%s/%u", dir, number) : NULL;
}

int dg_generation_list(const char *root, const char *store, const char *release, unsigned int **ret)
{
	dg_auto_free char *dir = kernel_dir(root, store, release);
	dg_auto_free unsigned int *v = NULL;
	size_t count = 0, n = 0;
	char **names;
	int r = dir ? dg_dir_list(dir, &names) : -ENOMEM;

	if (r == -ENOENT) {
		*ret = calloc(1, sizeof(*v));
		return *ret ? 0 : -ENOMEM;
	}
	if (r < 0)
		return r;
	while (names[count])
		count++;
	v = calloc(count + 1, sizeof(*v));
	/* Sorted by dg_dir_list(), which knows numbers. */
	for (size_t i = 0; v && i < count; i++)
		if (number_of(names[i]))
			v[n++] = number_of(names[i]);
	dg_strv_free(names);
	*ret = dg_take(v);
	return *ret ? 0 : -ENOMEM;
}

int dg_generation_next(const char *root, const char *store, const char *release, unsigned int *ret)
{
	dg_auto_free unsigned int *v = NULL;
	int r = dg_generation_list(root, store, release, &v);

	if (r < 0)
		return r;
	*ret = 1;
	for (unsigned int *n = v; *n; n++)
		*ret = *n + 1;
	return *ret > DG_GENERATION_MAX ? -EOVERFLOW : 0;
}

int dg_generation_releases(const char *root, const char *store, char ***ret)
{
	dg_auto_free char *dir = dg_path_join(root, store), *kernels = dir ? dg_format("%s/kernels", dir) : NULL;
	int r = kernels ? dg_dir_list(kernels, ret) : -ENOMEM;

	if (r != -ENOENT)
		return r;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

int dg_generation_manifest(const char *root, const char *store, const char *release, unsigned int number,
			   struct dg_manifest **ret, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_generation_dir(root, store, release, number);
	dg_auto_free char *path = dir ? dg_format("%s/" DG_MANIFEST_NAME, dir) : NULL;

	return path ? dg_manifest_read(path, ret, d) : -ENOMEM;
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

/* A build goes on under this name until it is whole. */
static char *fresh_dir(const char *root, const char *store, const char *release)
{
	dg_auto_free char *dir = kernel_dir(root, store, release);

	return dir ? dg_format("%s/.new", dir) : NULL;
}

int dg_generation_build(const char *root, const char *store, const struct dg_manifest *m, unsigned int number,
			struct dg_diag *d)
{
	dg_auto_free char *dir = kernel_dir(root, store, m->release), *store_dir = dg_store_dir(root, store);
	dg_auto_free char *fresh = fresh_dir(root, store, m->release);
	dg_auto_free char *last = dg_generation_dir(root, store, m->release, number);
	int r;

	if (!dir || !fresh || !last || !store_dir)
		return -ENOMEM;
	/* What an interrupted run left was never current. */
	r = dg_dir_make(dir);
	if (r == 0)
		r = dg_tree_remove(fresh);
	if (r == 0)
		r = dg_dir_make(fresh);
	if (r < 0)
		return dg_diag_errno(d, r, dir, "make a generation");
	r = fill(store_dir, fresh, m, d);
	if (r == 0 && (rename(fresh, last) < 0 || (r = dg_dir_sync(dir)) < 0))
		r = dg_diag_errno(d, r < 0 ? r : -errno, last, "make the generation");
	if (r < 0)
		dg_tree_remove(fresh);
	return r;
}

int dg_generation_drop(const char *root, const char *store, const char *release, unsigned int number)
{
	dg_auto_free char *dir = kernel_dir(root, store, release), *fresh = fresh_dir(root, store, release);
	dg_auto_free char *gone = dg_generation_dir(root, store, release, number);
	int r;

	if (!dir || !fresh || !gone)
		return -ENOMEM;
	r = dg_tree_remove(fresh);
	/* Whole under its number, or not under it at all. */
	if (r == 0 && rename(gone, fresh) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = dg_tree_remove(fresh);
	if (r == 0 && dg_path_is_dir(dir))
		r = dg_dir_sync(dir);
	return r;
}

static int link_to(const char *path, const char *updates, const char *dir)
{
	dg_auto_free char *from = NULL, *to = NULL, *text = NULL;
	int r = dg_dir_make(updates);

	/* Physical on both sides, or the relative text would be counted from elsewhere. */
	if (r == 0)
		r = dg_path_resolve("/", updates, &from);
	if (r == 0)
		r = dg_path_resolve("/", dir, &to);
	if (r == 0)
		r = dg_path_relative(from, to, &text);
	return r < 0 ? r : dg_link_set(path, text);
}

int dg_generation_switch(const char *store, const struct dg_kernel *k, unsigned int number, struct dg_diag *d)
{
	dg_auto_free char *inside = dg_format("/lib/modules/%s/updates", k->release);
	dg_auto_free char *updates = inside ? dg_path_join(k->root, inside) : NULL;
	dg_auto_free char *path = updates ? dg_format("%s/drvguard", updates) : NULL;
	dg_auto_free char *dir = dg_generation_dir(k->root, store, k->release, number);
	struct stat st;
	int r;

	if (!path || !dir)
		return -ENOMEM;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return dg_diag_set(d, -EEXIST, path, "move it away: that name is drvguard's",
				   "a directory stands where the link to the generation belongs");
	r = number ? link_to(path, updates, dir) : dg_file_remove(path);
	return r < 0 ? dg_diag_errno(d, r, path, "switch to the generation") : 0;
}

bool dg_generation_is_taken(const struct dg_kernel *k, const char *name, char *buf, size_t size)
{
	dg_auto_free char *path = NULL, *ours = dg_format("%s/" DG_GENERATION_LINK "/%s.ko", k->modules_dir, name);
	int r = dg_modprobe_path(k->modules_dir, name, &path);

	*buf = '\0';
	if (r == 0 && dg_streq(path, ours))
		return true;
	if (r == 0)
		snprintf(buf, size, "%s", path);
	dg_printable(buf);
	return false;
}

static int add_change(struct dg_changes *c, const struct dg_manifest_entry *from, const struct dg_manifest_entry *to)
{
	struct dg_change *one;

	if (from && to && dg_streq(from->sha256, to->sha256))
		return 0;
	if (DG_GROW(c->v, c->n) < 0)
		return -ENOMEM;
	one = &c->v[c->n++];
	*one = (struct dg_change){ .version_from = strdup(from ? from->version : ""),
				   .version_to = strdup(to ? to->version : ""),
				   .verdict = to ? to->verdict : DG_VERDICT_REFUSED };
	if (to) {
		snprintf(one->name, sizeof(one->name), "%s", to->name);
		memcpy(one->sha256_to, to->sha256, sizeof(one->sha256_to));
	}
	if (from) {
		snprintf(one->name, sizeof(one->name), "%s", from->name);
		memcpy(one->sha256_from, from->sha256, sizeof(one->sha256_from));
	}
	return one->version_from && one->version_to ? 0 : -ENOMEM;
}

int dg_changes_make(const struct dg_manifest *from, const struct dg_manifest *to, struct dg_changes *ret)
{
	int r = 0;

	for (size_t i = 0; from && i < from->n_entries && r == 0; i++)
		r = add_change(ret, &from->entries[i], to ? dg_manifest_find(to, from->entries[i].name) : NULL);
	for (size_t i = 0; to && i < to->n_entries && r == 0; i++)
		if (!from || !dg_manifest_find(from, to->entries[i].name))
			r = add_change(ret, NULL, &to->entries[i]);
	return r;
}

void dg_changes_free(struct dg_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].version_from);
		free(c->v[i].version_to);
	}
	free(c->v);
	*c = (struct dg_changes){ 0 };
}
