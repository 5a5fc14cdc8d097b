// SPDX-License-Identifier: GPL-2.0-or-later
#include "cleanup.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

#include "fs.h"
#include "generation.h"
#include "mounted.h"
#include "nextboot.h"
#include "running.h"
#include "store.h"
#include "trial.h"

struct planning {
	const char *root, *store;
	unsigned int keep;
	struct dg_running now;
	struct dg_nextboot *next;
	bool trees_there; /* /lib/modules can be looked at, so that a tree that is missing is gone */
	bool linked_only; /* of the store only what is linked to by what goes */
	struct dg_cleanup *to;
};

static uint64_t size_on_disk(const struct stat *st)
{
	return (uint64_t)st->st_blocks * 512;
}

static int doom(struct planning *p, enum dg_doomed_kind kind, char *path, uint64_t bytes)
{
	if (!path || DG_GROW(p->to->v, p->to->n) < 0) {
		free(path);
		return -ENOMEM;
	}
	p->to->v[p->to->n++] = (struct dg_doomed){ .kind = kind, .path = path, .bytes = bytes };
	p->to->bytes += bytes;
	return 0;
}

/* Of a tree, what is in nothing but it. */
static uint64_t own_size(const char *path)
{
	struct stat st;
	uint64_t sum;
	char **names;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return st.st_nlink > 1 ? 0 : size_on_disk(&st);
	sum = size_on_disk(&st);
	if (dg_dir_list(path, &names) < 0)
		return sum;
	for (char **n = names; *n; n++) {
		dg_auto_free char *below = dg_format("%s/%s", path, *n);

		sum += below ? own_size(below) : 0;
	}
	dg_strv_free(names);
	return sum;
}

static int doom_tree(struct planning *p, enum dg_doomed_kind kind, const char *path)
{
	return doom(p, kind, strdup(path), own_size(path));
}

static bool has_loaded(const struct planning *p, const struct dg_manifest *m)
{
	for (size_t i = 0; i < m->n_entries; i++) {
		struct dg_loaded l;

		dg_loaded_read(p->root, m->entries[i].name, &l);
		if (l.loaded && l.build_id[0] && dg_streq(l.build_id, m->entries[i].build_id))
			return true;
	}
	return false;
}

static struct dg_manifest *manifest_of(const struct planning *p, const char *release, unsigned int number)
{
	struct dg_manifest *m = NULL;

	(void)dg_generation_manifest(p->root, p->store, release, number, &m, NULL);
	return m;
}

/* Zero @v's entries that are to be kept along the way back from @current. */
static void spare_way_back(const struct planning *p, const char *release, unsigned int current, unsigned int *v,
			   size_t n)
{
	unsigned int number = current, left = p->keep;

	for (size_t steps = 0; number && steps <= n; steps++) {
		dg_auto(dg_manifest_freep) struct dg_manifest *m = manifest_of(p, release, number);
		bool there = false;

		for (size_t i = 0; i < n; i++)
			if (v[i] == number) {
				v[i] = 0;
				there = true;
			}
		if (number != current && there)
			left--;
		if (!left || !m || m->previous >= number)
			return;
		number = m->previous;
	}
}

/* Without a current one nobody knows which is wanted: the highest are kept. */
static void spare_highest(const struct planning *p, unsigned int *v, size_t n)
{
	for (size_t i = n; i-- && n - i - 1 <= p->keep;)
		v[i] = 0;
}

static void spare(const struct planning *p, const struct dg_kernel *k, unsigned int current, unsigned int *v, size_t n)
{
	bool running = dg_streq(k->release, p->now.release);
	struct dg_trial trial;

	if (current)
		spare_way_back(p, k->release, current, v, n);
	else
		spare_highest(p, v, n);
	if (dg_trial_is_on(p->root, p->store, k->release, current, &trial))
		for (size_t i = 0; i < n; i++)
			if (v[i] == trial.revert)
				v[i] = 0;
	for (size_t i = 0; running && i < n; i++) {
		dg_auto(dg_manifest_freep) struct dg_manifest *m = v[i] ? manifest_of(p, k->release, v[i]) : NULL;

		if (m && has_loaded(p, m))
			v[i] = 0;
	}
}

static int plan_generations(struct planning *p, const struct dg_kernel *k)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	dg_auto_free unsigned int *v = NULL;
	size_t n = 0;
	int r = dg_generation_current(p->store, k, &now);

	if (r == 0)
		r = dg_generation_list(p->root, p->store, k->release, &v);
	if (r < 0)
		return r;
	while (v[n])
		n++;
	spare(p, k, now->number, v, n);
	for (size_t i = 0; i < n && r == 0; i++) {
		dg_auto_free char *dir = v[i] ? dg_generation_dir(p->root, p->store, k->release, v[i]) : NULL;

		if (dir && !dg_mounted_below(p->store, k, dir))
			r = doom_tree(p, DG_DOOMED_GENERATION, dir);
	}
	return r;
}

static char *below(const struct planning *p, const char *what, const char *release)
{
	dg_auto_free char *inside = dg_format("%s/%s/%s", p->store, what, release);

	return inside ? dg_path_join(p->root, inside) : NULL;
}

/* The link into what goes, left where the kernel's tree was. */
static int plan_link(struct planning *p, const char *release)
{
	dg_auto_free char *inside = dg_format("/lib/modules/%s/updates", release);
	dg_auto_free char *updates = inside ? dg_path_join(p->root, inside) : NULL;
	char *link = updates ? dg_format("%s/drvguard", updates) : NULL;
	struct stat st;

	if (link && lstat(link, &st) == 0 && S_ISLNK(st.st_mode))
		return doom(p, DG_DOOMED_LEFTOVER, link, 0);
	free(link);
	return 0;
}

/* The tree is gone, and with it what our link stood in. */
static int plan_gone(struct planning *p, const char *release)
{
	static const char *const kept[] = { "kernels", "mounts" };
	int r = plan_link(p, release);

	for (size_t i = 0; i < 2 && r == 0; i++) {
		dg_auto_free char *dir = below(p, kept[i], release);

		if (dir && dg_path_is_dir(dir))
			r = doom_tree(p, DG_DOOMED_KERNEL, dir);
	}
	return r;
}

/* What a cleanup that was cut short had taken out of its place already. */
static int plan_leftovers(struct planning *p)
{
	static const char *const kept[] = { "kernels", "mounts" };
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		dg_auto_free char *dir = below(p, kept[i], ".new");

		if (dir && dg_path_is_dir(dir))
			r = doom_tree(p, DG_DOOMED_LEFTOVER, dir);
	}
	return r;
}

/* Without modules it is gone, unless it runs or may boot next: then they are merely away. */
static bool may_run(const struct planning *p, const char *release)
{
	char *const *v = p->next->candidates;

	while (*v && !dg_streq(*v, release))
		v++;
	return *v || dg_streq(p->next->after, release) || dg_streq(p->now.release, release);
}

static int plan_kernel(struct planning *p, const char *release)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto_free char *home = below(p, "kernels", release), *fresh = home ? dg_format("%s/.new", home) : NULL;
	int r = dg_kernel_open(p->root, release, &k, NULL);

	if (r == -ENOMEM || !fresh)
		return -ENOMEM;
	if (r < 0 && r != -ENOENT)
		return 0;
	if (!k || !k->modules_dir)
		return p->trees_there && !may_run(p, release) ? plan_gone(p, release) : 0;
	r = dg_path_is_dir(fresh) ? doom_tree(p, DG_DOOMED_LEFTOVER, fresh) : 0;
	return r < 0 ? r : plan_generations(p, k);
}

/* How many links to one store file lie in what is to go. */
struct links {
	const struct planning *p;
	const struct stat *file;
	nlink_t n;
};

static void count_links(const char *dir, struct links *l)
{
	char **names;

	if (dg_dir_list(dir, &names) < 0)
		return;
	for (char **n = names; *n; n++) {
		dg_auto_free char *path = dg_format("%s/%s", dir, *n);
		struct stat st;

		if (!path || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			count_links(path, l);
		else if (st.st_ino == l->file->st_ino && st.st_dev == l->file->st_dev)
			l->n++;
	}
	dg_strv_free(names);
}

static int plan_stored(const char *path, const struct stat *st, void *data)
{
	struct planning *p = data;
	struct links l = { .p = p, .file = st };
	size_t planned = p->to->n;

	for (size_t i = 0; st->st_nlink > 1 && i < planned; i++)
		if (p->to->v[i].kind != DG_DOOMED_STORED)
			count_links(p->to->v[i].path, &l);
	if (st->st_nlink > l.n + 1 || (p->linked_only && !l.n))
		return 0;
	return doom(p, DG_DOOMED_STORED, strdup(path), size_on_disk(st));
}

static bool trees_there(const char *root)
{
	dg_auto_free char *dir = dg_path_join(root, "/lib/modules");
	char **names;
	bool any;

	if (!dir || dg_dir_list(dir, &names) < 0)
		return false;
	any = *names;
	dg_strv_free(names);
	return any;
}

int dg_cleanup_plan(const char *root, const struct dg_config *config, unsigned int keep, struct dg_cleanup **ret,
		    struct dg_diag *d)
{
	dg_auto(dg_cleanup_freep) struct dg_cleanup *c = calloc(1, sizeof(*c));
	struct planning p = { .root = root, .store = config->store, .keep = keep, .to = c };
	char **releases;
	int r;

	if (!c)
		return -ENOMEM;
	p.trees_there = trees_there(root);
	(void)dg_running_read(root, &p.now);
	r = dg_generation_releases(root, config->store, &releases);
	if (r < 0)
		return dg_diag_errno(d, r, config->store, "look at the generations");
	r = dg_nextboot_read(root, &p.next);
	if (r < 0) {
		dg_strv_free(releases);
		return dg_diag_errno(d, r, root, "find out which kernel boots next");
	}
	r = plan_leftovers(&p);
	for (char **n = releases; *n && r == 0; n++)
		r = dg_release_valid(*n) ? plan_kernel(&p, *n) : 0;
	dg_strv_free(releases);
	if (r == 0)
		r = dg_store_each(root, config->store, plan_stored, &p);
	dg_nextboot_free(p.next);
	if (r < 0)
		return dg_diag_errno(d, r, config->store, "work out what nothing needs");
	*ret = dg_take(c);
	return 0;
}

int dg_cleanup_plan_gone(const char *root, const struct dg_config *config, const char *release, struct dg_cleanup **ret,
			 struct dg_diag *d)
{
	dg_auto(dg_cleanup_freep) struct dg_cleanup *c = calloc(1, sizeof(*c));
	struct planning p = { .root = root, .store = config->store, .linked_only = true, .to = c };
	int r = 0;

	if (!c)
		return -ENOMEM;
	(void)dg_running_read(root, &p.now);
	if (trees_there(root) && dg_kernel_is_gone(root, release) && !dg_streq(release, p.now.release)) {
		r = plan_gone(&p, release);
		if (r == 0)
			r = dg_store_each(root, config->store, plan_stored, &p);
	}
	if (r < 0)
		return dg_diag_errno(d, r, config->store, "work out what nothing needs");
	*ret = dg_take(c);
	return 0;
}

/* Out of its number at once, so that half of it is never taken for the whole. */
static int remove_whole(const char *path, const char *dir)
{
	dg_auto_free char *gone = dg_format("%s/.new", dir);
	int r = gone ? dg_tree_remove(gone) : -ENOMEM;

	if (r == 0 && rename(path, gone) < 0)
		return errno == ENOENT ? 0 : -errno;
	return r < 0 ? r : dg_tree_remove(gone);
}

static int remove_one(const struct dg_doomed *o)
{
	dg_auto_free char *copy = strdup(o->path);
	char *dir;
	int r;

	if (!copy)
		return -ENOMEM;
	if (o->kind == DG_DOOMED_STORED)
		return dg_store_remove(o->path);
	dir = dirname(copy);
	r = o->kind == DG_DOOMED_LEFTOVER ? dg_tree_remove(o->path) : remove_whole(o->path, dir);
	if (r == 0)
		r = dg_dir_sync(dir);
	/* Directories that held nothing but our link; the others refuse to go. */
	if (r == 0 && o->kind == DG_DOOMED_LEFTOVER && rmdir(dir) == 0)
		(void)rmdir(dirname(dir));
	return r;
}

int dg_cleanup_run(const struct dg_cleanup *c, struct dg_diag *d)
{
	for (size_t i = 0; i < c->n; i++) {
		int r = remove_one(&c->v[i]);

		if (r < 0)
			return dg_diag_errno(d, r, c->v[i].path, "remove");
	}
	return 0;
}

void dg_cleanup_free(struct dg_cleanup *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	free(c);
}

void dg_cleanup_freep(struct dg_cleanup **c)
{
	dg_cleanup_free(*c);
}

const char *dg_doomed_name(enum dg_doomed_kind k)
{
	static const char *const names[] = { "generation", "kernel", "stored", "leftover" };

	return names[k];
}
