// SPDX-License-Identifier: GPL-2.0-or-later
#include "heal.h"

#include <errno.h>
#include <libgen.h>

#include "fs.h"
#include "kept.h"
#include "store.h"

struct heal {
	const struct dg_survey *s;
	struct dg_diags *remarks;
	struct dg_diag *d;
};

static void remark(struct heal *h, const char *path, const char *what)
{
	struct dg_diag note;

	dg_diag_set(&note, 0, path, "nothing is left to do about it; look at the disk (dmesg)", "%s", what);
	dg_diags_add(h->remarks, &note);
}

static bool is_whole(const char *path, const char *sha256)
{
	dg_auto_free void *bytes = NULL;
	char sum[DG_SHA256_HEX];
	size_t len;

	return dg_file_read(path, DG_FILE_MAX, &bytes, &len) == 0 && dg_sha256(bytes, len, sum) == 0 &&
	       dg_streq(sum, sha256);
}

/* Of what the survey read, the file with that digest; NULL: none. */
static const struct dg_modfile *candidate(const struct dg_survey *s, const char *sha256)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct dg_candidate *const all[] = { &s->v[i].best, &s->v[i].withdrawn, &s->v[i].staged };

		for (size_t c = 0; c < DG_ARRAY_SIZE(all); c++)
			if (all[c]->file && dg_streq(all[c]->file->sha256, sha256))
				return all[c]->file;
	}
	return NULL;
}

struct search {
	const char *sha256;
	struct dg_modfile *found;
};

static int on_file(const char *path, int err, const struct dg_diag *bad, void *data)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct search *search = data;

	(void)err;
	if (bad || dg_modfile_read(path, &m, NULL) < 0 || dg_modfile_hash(m) < 0 ||
	    !dg_streq(m->sha256, search->sha256))
		return 0;
	search->found = dg_take(m);
	return -EEXIST; /* enough */
}

/* Any file of any depot with that digest; caller frees. NULL: none. */
static struct dg_modfile *find_in_depots(const struct dg_survey *s, const char *sha256)
{
	struct search search = { .sha256 = sha256 };

	for (size_t i = 0; i < s->config->n_products && !search.found; i++) {
		enum dg_depot_state state;
		dg_auto_free char *dir = NULL;
		struct dg_diag why;

		if (dg_depot_find(s->root, s->config->products[i].depot, &state, &dir, &why) == 0 && dir)
			(void)dg_depot_walk(s->root, dir, on_file, &search, &why);
	}
	return search.found;
}

/* A whole copy of @e into the store, from wherever there is one. */
static bool restore(struct heal *h, const char *release, const struct dg_manifest_entry *e)
{
	const struct dg_survey *s = h->s;
	dg_auto_free char *dir = dg_store_dir(s->root, s->config->store), *stored = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	const struct dg_modfile *f;

	if (dg_kept_restore(s->root, s->config->store, release, e, NULL) == 0)
		return true;
	f = candidate(s, e->sha256);
	if (!f)
		f = m = find_in_depots(s, e->sha256);
	return dir && f && dg_store_put(dir, f, &stored, NULL) == 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* The generation's link made anew, beside and renamed over, so that there is always one. */
static int relink(const char *stored, const char *path)
{
	dg_auto_free char *fresh = dg_format("%s.new", path), *copy = strdup(path);
	int r = 0;

	if (!fresh || !copy)
		return -ENOMEM;
	/* One that a run which was killed left goes. */
	while (link(stored, fresh) < 0)
		if (errno != EEXIST || unlink(fresh) < 0)
			return -errno;
	if (rename(fresh, path) < 0)
		r = -errno;
	/* Between two names of one file a rename does nothing. */
	(void)unlink(fresh);
	if (r < 0)
		return r;
	return dg_dir_sync(dirname(copy));
}

static int heal_entry(struct heal *h, const char *release, const char *dir, const struct dg_manifest_entry *e)
{
	dg_auto_free char *path = dg_format("%s/%s.ko", dir, e->name), *stored = NULL;
	dg_auto_free char *store_dir = dg_store_dir(h->s->root, h->s->config->store);
	int r;

	stored = store_dir ? dg_format("%s/%s/%s.ko", store_dir, e->sha256, e->name) : NULL;
	if (!path || !stored)
		return -ENOMEM;
	/* One file under both names, or two that both have to be whole. */
	if (is_whole(path, e->sha256) && (same_file(path, stored) || is_whole(stored, e->sha256)))
		return 0;
	if (!restore(h, release, e))
		return 0;
	r = relink(stored, path);
	if (r < 0)
		return dg_diag_errno(h->d, r, path, "mend");
	remark(h, path, "was damaged, and is mended");
	return 0;
}

/* Nobody can go back to one without a sound manifest; the current one was made anew before. */
static int drop_generation(struct heal *h, const char *release, unsigned int number, const char *dir)
{
	const struct dg_survey *s = h->s;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	int r;

	if (dg_kernel_open(s->root, release, &k, NULL) < 0 || dg_generation_current(s->config->store, k, &now) < 0 ||
	    now->number == number)
		return 0;
	r = dg_generation_drop(s->root, s->config->store, release, number);
	if (r < 0)
		return dg_diag_errno(h->d, r, dir, "remove the damaged generation");
	remark(h, dir, "had no sound manifest, and is removed");
	return 0;
}

/* A driver mounted over a file of it is not that file's damage. */
static bool is_covered(const struct heal *h, const char *release, const char *dir)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;

	return dg_kernel_open(h->s->root, release, &k, NULL) == 0 && dg_mounted_below(h->s->config->store, k, dir);
}

static int heal_generation(struct heal *h, const char *release, unsigned int number)
{
	const struct dg_survey *s = h->s;
	dg_auto_free char *dir = dg_generation_dir(s->root, s->config->store, release, number);
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	int r;

	if (!dir)
		return -ENOMEM;
	if (is_covered(h, release, dir))
		return 0;
	r = dg_generation_manifest(s->root, s->config->store, release, number, &m, NULL);
	if (r < 0)
		return r == -EBADMSG || r == -ENOENT ? drop_generation(h, release, number, dir) : 0;
	for (size_t i = 0; i < m->n_entries && r == 0; i++)
		r = heal_entry(h, release, dir, &m->entries[i]);
	return r;
}

static int heal_generations(struct heal *h)
{
	const struct dg_survey *s = h->s;
	dg_auto(dg_strv_freep) char **releases = NULL;
	int r = dg_generation_releases(s->root, s->config->store, &releases);

	for (char **n = releases; r == 0 && n && *n; n++) {
		dg_auto_free unsigned int *v = NULL;

		if (dg_release_valid(*n))
			r = dg_generation_list(s->root, s->config->store, *n, &v);
		for (unsigned int *number = v; r == 0 && number && *number; number++)
			r = heal_generation(h, *n, *number);
	}
	return r;
}

/* After the generations took what they need: a damaged file none links to, and what was left over. */
static int drop_damaged(const char *path, const struct stat *st, void *data)
{
	struct heal *h = data;
	dg_auto_free char *copy = strdup(path);
	int r;

	if (!copy)
		return -ENOMEM;
	if (st->st_nlink > 1 || is_whole(path, basename(dirname(copy))))
		return 0;
	r = dg_store_remove(path);
	if (r < 0)
		return dg_diag_errno(h->d, r, path, "remove the damaged copy");
	remark(h, path, "was damaged and needed by nothing, and is removed");
	return 0;
}

int dg_heal_run(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d)
{
	struct heal h = { .s = s, .remarks = remarks, .d = d };
	int r;

	*d = (struct dg_diag){ 0 };
	r = heal_generations(&h);
	if (r == 0)
		r = dg_store_each(s->root, s->config->store, drop_damaged, &h);
	return r < 0 && !d->what[0] ? dg_diag_errno(d, r, s->config->store, "mend what is kept") : r;
}
