// SPDX-License-Identifier: GPL-2.0-or-later
#include "stage.h"

#include <errno.h>
#include <libgen.h>
#include <sys/statvfs.h>

#include "fs.h"
#include "hold.h"
#include "modprobe.h"
#include "store.h"

/* Only what is ours, whole and good may stay; then a candidate must be better, and not older. */
static enum dg_stage_step plan_one(const struct dg_survey *s, const struct dg_standing *st,
				   const struct dg_stage_options *o)
{
	const struct dg_candidate *have = &st->staged, *best = &st->best;
	bool usable = dg_standing_match_path(st) != NULL;

	if (!dg_modname_in(o->names, st->driver->name))
		return DG_STAGE_KEPT;
	if (!best->file)
		return usable ? DG_STAGE_KEPT : DG_STAGE_NONE;
	if (!usable)
		return DG_STAGE_STAGED;
	if (dg_streq(have->file->sha256, best->file->sha256))
		return st->staged_ours ? DG_STAGE_KEPT : DG_STAGE_STAGED;
	if (o->force)
		return DG_STAGE_STAGED;
	/* Before the comparison: a better verdict does not make an older driver newer. */
	if (dg_version_compare(best->file->version, have->file->version) < 0)
		return best->judgement->verdict < have->judgement->verdict ? DG_STAGE_OLDER : DG_STAGE_KEPT;
	return dg_choose_compare(best->file, best->judgement, have->file, have->judgement, s->kernel->release) > 0
		       ? DG_STAGE_STAGED
		       : DG_STAGE_KEPT;
}

/* Good still, but proven for another build of this kernel: the manifest has to say for which. */
static bool proven_for_another(const struct dg_survey *s)
{
	const struct dg_manifest *m = s->generation->manifest;

	return m && m->kernel_build_id[0] && s->kernel->build_id[0] &&
	       !dg_streq(m->kernel_build_id, s->kernel->build_id);
}

static bool plan(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r)
{
	bool change = proven_for_another(s);

	for (size_t i = 0; i < s->n; i++) {
		r->v[i].standing = &s->v[i];
		r->v[i].step = plan_one(s, &s->v[i], o);
		change |= r->v[i].step == DG_STAGE_STAGED;
	}
	r->n = s->n;
	return change;
}

/* Free bytes for us on the file system that holds @path or will. */
static int room_at(const char *path, uint64_t *ret)
{
	dg_auto_free char *copy = strdup(path);
	struct statvfs st;
	char *p = copy;

	if (!copy)
		return -ENOMEM;
	while (statvfs(p, &st) < 0) {
		if (errno != ENOENT || dg_streq(p, "/"))
			return -errno;
		p = dirname(p);
	}
	*ret = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

/* depmod writes every index anew before it drops the old one. */
static uint64_t index_size(const struct dg_kernel *k)
{
	uint64_t sum = 0;
	char **names;

	if (dg_dir_list(k->modules_dir, &names) < 0)
		return 0;
	for (char **n = names; *n; n++) {
		dg_auto_free char *path = dg_format("%s/%s", k->modules_dir, *n);
		FILE *f = path && dg_startswith(*n, "modules.") ? fopen(path, "re") : NULL;

		if (f && fseeko(f, 0, SEEK_END) == 0)
			sum += (uint64_t)ftello(f);
		if (f)
			fclose(f);
	}
	dg_strv_free(names);
	return sum;
}

static int check_room(const struct dg_survey *s, const struct dg_stage_result *r, struct dg_diag *d)
{
	dg_auto_free char *store = dg_path_join(s->root, s->config->store);
	uint64_t need[2] = { 1 << 20, (1 << 20) + index_size(s->kernel) };
	const char *const places[2] = { store, s->kernel->modules_dir };

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].step == DG_STAGE_STAGED && !r->v[i].standing->best.from_store)
			need[0] += r->v[i].standing->best.file->len;
	for (size_t i = 0; i < 2; i++) {
		uint64_t room = 0;
		int err = places[i] ? room_at(places[i], &room) : -ENOMEM;

		if (err < 0)
			return dg_diag_errno(d, err, places[i], "look for free space");
		if (room < need[i])
			return dg_diag_set(d, -ENOSPC, places[i],
					   "free some space on that file system and run again; nothing was changed",
					   "needs %llu KiB there, %llu KiB are free",
					   (unsigned long long)(need[i] >> 10), (unsigned long long)(room >> 10));
	}
	return 0;
}

/* A path as the root itself sees it, for the manifest that will be read there. */
static char *inside(const char *root, const char *path)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

	return (char *)(uintptr_t)(strncmp(path, root, n) == 0 ? path + n : path);
}

static int add_new(struct dg_manifest *m, const struct dg_candidate *c, const struct dg_survey *s,
		   const char *store_dir, struct dg_diag *d)
{
	dg_auto_free char *path = NULL;
	struct dg_manifest_entry e = {
		.name = c->file->name,
		.size = c->file->len,
		.verdict = c->judgement->verdict,
		.version = (char *)(uintptr_t)c->file->version,
		.vermagic = (char *)(uintptr_t)c->file->vermagic,
		.source = inside(s->root, c->file->path),
	};
	int r = dg_store_put(store_dir, c->file, &path, d);

	if (r < 0)
		return r;
	memcpy(e.sha256, c->file->sha256, sizeof(e.sha256));
	memcpy(e.build_id, c->file->build_id, sizeof(e.build_id));
	return dg_manifest_add(m, &e);
}

static const struct dg_stage_item *item_of(const struct dg_stage_result *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (dg_modname_equal(r->v[i].standing->driver->name, name))
			return &r->v[i];
	return NULL;
}

/* With the verdict as it is now. */
static int add_again(struct dg_manifest *m, const struct dg_manifest_entry *e, const struct dg_stage_item *item)
{
	struct dg_manifest_entry copy = *e;

	if (item && item->standing->staged.judgement)
		copy.verdict = item->standing->staged.judgement->verdict;
	return dg_manifest_add(m, &copy);
}

/* The generation's own file is as good as the store's copy of it, if it is whole. */
static int put_back(const struct dg_survey *s, const struct dg_manifest_entry *e, const char *store_dir,
		    struct dg_diag *d)
{
	dg_auto_free char *path = dg_format("%s/%s.ko", s->generation->dir, e->name), *stored = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	int r = path ? dg_modfile_read(path, &m, d) : -ENOMEM;

	if (r == 0)
		r = dg_modfile_hash(m);
	if (r < 0)
		return r;
	if (!dg_streq(m->sha256, e->sha256))
		return dg_diag_set(d, -EBADMSG, path, "stage it anew while its depot is there",
				   "a driver that is to be kept is not what was staged, and the store has no copy");
	return dg_store_put(store_dir, m, &stored, d);
}

/* What the current generation has and this run does not replace goes on. */
static int add_kept(struct dg_manifest *m, const struct dg_survey *s, const struct dg_stage_result *r,
		    const char *store_dir, struct dg_diag *d)
{
	const struct dg_manifest *old = s->generation->manifest;

	for (size_t i = 0; old && i < old->n_entries; i++) {
		const struct dg_manifest_entry *e = &old->entries[i];
		const struct dg_stage_item *item = item_of(r, e->name);
		dg_auto_free char *path = dg_format("%s/%s/%s.ko", store_dir, e->sha256, e->name);
		int err;

		if (item && item->step == DG_STAGE_STAGED)
			continue;
		if (!path)
			return -ENOMEM;
		/* Broken and with no replacement: it is lost already, and said so by verify. */
		if (item && item->standing->broken)
			continue;
		err = access(path, R_OK) < 0 ? put_back(s, e, store_dir, d) : 0;
		/* Of a driver that is not configured any more nobody asks. */
		if (err < 0 && err != -ENOMEM && !item)
			continue;
		if (err == 0)
			err = add_again(m, e, item);
		if (err < 0)
			return err;
	}
	return 0;
}

static int make_manifest(const struct dg_survey *s, const struct dg_stage_result *r, struct dg_manifest **ret,
			 struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free char *store_dir = dg_store_dir(s->root, s->config->store);
	int err = store_dir ? dg_manifest_new(s->kernel->release, s->kernel->build_id, &m) : -ENOMEM;

	for (size_t i = 0; i < r->n && err == 0; i++)
		if (r->v[i].step == DG_STAGE_STAGED)
			err = add_new(m, &r->v[i].standing->best, s, store_dir, d);
	if (err == 0)
		err = add_kept(m, s, r, store_dir, d);
	if (err == 0)
		*ret = dg_take(m);
	return err;
}

/* Would modprobe take our file? What it would take instead goes into the item. */
static bool proven(const struct dg_survey *s, struct dg_stage_item *item)
{
	dg_auto_free char *path = NULL,
			  *ours = dg_format("%s/%s.ko", s->generation->link_path, item->standing->driver->name);
	int r = dg_modprobe_path(s->kernel->modules_dir, item->standing->driver->name, &path);

	if (r == 0 && dg_streq(path, ours))
		return true;
	snprintf(item->shadowed_by, sizeof(item->shadowed_by), "%s", r == 0 ? path : "nothing at all");
	dg_printable(item->shadowed_by);
	return false;
}

/* After depmod: an index that does not know our files at all was not written whole. */
static int prove(const struct dg_survey *s, struct dg_stage_result *r, struct dg_diag *d)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].step != DG_STAGE_STAGED || proven(s, &r->v[i]))
			continue;
		if (dg_streq(r->v[i].shadowed_by, "nothing at all"))
			return dg_diag_set(d, -EIO, s->kernel->modules_dir,
					   "free some space, then run depmod and drvguard repair",
					   "after depmod, modprobe would find no %s", r->v[i].standing->driver->name);
	}
	return 0;
}

static int commit(const struct dg_survey *s, struct dg_stage_result *r, const struct dg_manifest *m, struct dg_diag *d)
{
	dg_auto_free char *dir = NULL, *old = NULL;
	int err = dg_generation_build(s->root, s->config->store, m, &dir, d);

	if (err == 0)
		err = dg_generation_switch(s->kernel, dir, &old, d);
	if (err < 0) {
		if (dir)
			dg_tree_remove(dir);
		return err;
	}
	err = dg_depmod(s->root, s->kernel->release, s->kernel->modules_dir, d);
	dg_kernel_reindexed(s->kernel);
	if (err == 0)
		err = prove(s, r, d);
	if (err < 0) {
		dg_generation_switch_back(s->kernel, old);
		(void)dg_depmod(s->root, s->kernel->release, s->kernel->modules_dir, NULL);
		dg_tree_remove(dir);
		return err;
	}
	r->changed = true;
	r->generation = (unsigned int)strtoul(strrchr(dir, '/') + 1, NULL, 10);
	return 0;
}

/* An index made before our link, or by somebody else, may not know what is staged. */
static int mend_index(const struct dg_survey *s, struct dg_stage_result *r, struct dg_diag *d)
{
	bool stale = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct dg_manifest *m = s->generation->manifest;

		if (m && dg_manifest_find(m, r->v[i].standing->driver->name) && !proven(s, &r->v[i]))
			stale = true;
	}
	if (!stale)
		return 0;
	for (size_t i = 0; i < r->n; i++)
		r->v[i].shadowed_by[0] = '\0';
	int err = dg_depmod(s->root, s->kernel->release, s->kernel->modules_dir, d);

	dg_kernel_reindexed(s->kernel);
	for (size_t i = 0; i < r->n && err == 0; i++)
		if (dg_manifest_find(s->generation->manifest, r->v[i].standing->driver->name))
			(void)proven(s, &r->v[i]);
	return err;
}

int dg_stage_run(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result **ret,
		 struct dg_diag *d)
{
	dg_auto(dg_stage_result_freep) struct dg_stage_result *r = calloc(1, sizeof(*r));
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	bool change;
	int err = 0;

	if (!r || !(r->v = calloc(s->n + 1, sizeof(*r->v))))
		return -ENOMEM;
	r->generation = s->generation->number;
	change = plan(s, o, r);
	if (change && !o->dry_run) {
		if (!s->kernel->modules_dir)
			return dg_diag_set(d, -ENOENT, s->kernel->release, "reinstall that kernel's package",
					   "has no /lib/modules tree to stage into");
		/* The manifest names the kernel it is proven for; without a build-id it is proven for none. */
		(void)dg_kernel_build_id(s->kernel, NULL);
		err = check_room(s, r, d);
		if (err == 0)
			err = make_manifest(s, r, &m, d);
		if (err == 0)
			err = commit(s, r, m, d);
	} else if (!o->dry_run && s->generation->link == DG_LINK_GOOD) {
		err = mend_index(s, r, d);
	}
	if (err == 0)
		*ret = dg_take(r);
	return err;
}

void dg_stage_result_free(struct dg_stage_result *r)
{
	if (!r)
		return;
	free(r->v);
	free(r);
}

void dg_stage_result_freep(struct dg_stage_result **r)
{
	dg_stage_result_free(*r);
}

static int settle_one(const struct dg_survey *s, const struct dg_standing *st, struct dg_diags *remarks,
		      struct dg_diag *d)
{
	const char *match = dg_standing_match_path(st);
	dg_auto_free char *saved = NULL;
	int r = match ? dg_hold_lift(s->root, st->driver->name, d) : dg_hold_set(s->root, st->driver->name, d);

	if (r < 0 || !st->driver->path)
		return r;
	r = dg_place_set(s->root, st->driver->path, match, &saved, d);
	if (saved) {
		struct dg_diag note;

		dg_diag_set(&note, 0, st->driver->path, "", "held a file that was not drvguard's; it is now %s", saved);
		dg_diags_add(remarks, &note);
	}
	return r;
}

/* A driver that was taken out of the configuration is held no more, unless it is only misspelt now. */
static void lift_forgotten_holds(const struct dg_survey *s)
{
	char **names;

	if (s->config->problems.n || dg_hold_list(s->root, &names) < 0)
		return;
	for (char **n = names; *n; n++)
		if (!dg_config_driver(s->config, *n))
			(void)dg_hold_lift(s->root, *n, NULL);
	dg_strv_free(names);
}

int dg_stage_settle(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d)
{
	int first = 0;

	if (s->running)
		lift_forgotten_holds(s);

	for (size_t i = 0; s->running && i < s->n; i++) {
		struct dg_diag one;
		int r = settle_one(s, &s->v[i], remarks, &one);

		if (r < 0 && !first) {
			first = r;
			*d = one;
		}
	}
	return first;
}
