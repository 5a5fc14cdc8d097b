// SPDX-License-Identifier: GPL-2.0-or-later
#include "stage.h"

#include <errno.h>
#include <sys/stat.h>

#include "bootimage.h"
#include "cachefile.h"
#include "fs.h"
#include "guard.h"
#include "kept.h"
#include "mkinitramfs.h"
#include "modprobe.h"
#include "room.h"
#include "store.h"
#include "transaction.h"
#include "trial.h"

/* A path as the root itself sees it, for the manifest that will be read there. */
static char *inside(const char *root, const char *path)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

	return (char *)(uintptr_t)(strncmp(path, root, n) == 0 ? path + n : path);
}

static int add_new(struct dg_manifest *m, const struct dg_candidate *c, const struct dg_survey *s)
{
	struct dg_manifest_entry e = {
		.name = c->file->name,
		.size = c->file->len,
		.verdict = c->judgement->verdict,
		.version = (char *)(uintptr_t)c->file->version,
		.vermagic = (char *)(uintptr_t)c->file->vermagic,
		.source = inside(s->root, c->file->path),
	};

	memcpy(e.sha256, c->file->sha256, sizeof(e.sha256));
	memcpy(e.build_id, c->file->build_id, sizeof(e.build_id));
	return dg_manifest_add(m, &e);
}

/* Into the store, all at once. */
static int store_new(const struct dg_survey *s, const struct dg_stage_result *r, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_store_dir(s->root, s->config->store);
	dg_auto_free const struct dg_modfile **files = calloc(r->n + 1, sizeof(*files));
	size_t n = 0;

	if (!dir || !files)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].step == DG_STAGE_STAGED)
			files[n++] = dg_stage_choice(&r->v[i])->file;
	return dg_store_put_all(dir, files, n, d);
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

/* What the current generation has and this run does not replace goes on. */
static int add_kept(struct dg_manifest *m, const struct dg_survey *s, const struct dg_stage_result *r,
		    struct dg_diag *d)
{
	const struct dg_manifest *old = s->generation->manifest;

	for (size_t i = 0; old && i < old->n_entries; i++) {
		const struct dg_manifest_entry *e = &old->entries[i];
		const struct dg_stage_item *item = item_of(r, e->name);
		int err;

		if (item && item->step == DG_STAGE_STAGED)
			continue;
		/* Broken and with no replacement: it is lost already, and said so by verify. */
		if (item && item->standing->broken)
			continue;
		err = dg_kept_restore(s->root, s->config->store, s->kernel->release, e, d);
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
	int err = store_new(s, r, d);

	if (err == 0)
		err = dg_manifest_new(s->kernel->release, s->kernel->build_id, &m);
	for (size_t i = 0; i < r->n && err == 0; i++)
		if (r->v[i].step == DG_STAGE_STAGED)
			err = add_new(m, dg_stage_choice(&r->v[i]), s);
	if (err == 0)
		err = add_kept(m, s, r, d);
	if (err == 0)
		*ret = dg_take(m);
	return err;
}

static int make_generation(const struct dg_survey *s, const struct dg_stage_result *r, unsigned int number,
			   struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	int err = make_manifest(s, r, &m, d);

	if (err == 0) {
		m->previous = s->generation->manifest ? s->generation->number : 0;
		err = dg_generation_build(s->root, s->config->store, m, number, d);
	}
	return err;
}

/* Whether one of the drivers is loaded, so that what is staged can run after a reboot only. */
static bool loaded_other(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].loaded.loaded)
			return true;
	return false;
}

/*
 * On trial from the moment it is current. Loaded in this boot, it is tried in
 * this one; else in the first that has it. What is staged on top of a trial is on
 * trial with it.
 */
static int note_trial(const struct dg_survey *s, const struct dg_stage_options *o, unsigned int number,
		      struct dg_diag *d)
{
	struct dg_trial trial;
	const char *store = s->config->store, *release = s->kernel->release;

	if (!o->trial)
		return dg_trial_carry(s->root, store, release, s->generation->number, number, d);
	if (!dg_trial_is_on(s->root, store, release, s->generation->number, &trial))
		trial = (struct dg_trial){ .revert = s->generation->number };
	trial.generation = number;
	if (s->running && !loaded_other(s))
		snprintf(trial.boot, sizeof(trial.boot), "%s", s->boot_id);
	return dg_trial_write(s->root, store, release, &trial, d);
}

static int commit(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r,
		  struct dg_diag *d)
{
	const char *store = s->config->store;
	struct dg_transaction t;
	unsigned int number;
	int err = dg_generation_next(s->root, store, s->kernel->release, &number);

	if (err < 0)
		return dg_diag_errno(d, err, store, "count the generations");
	err = dg_transaction_begin(&t, s->root, s->config, s->kernel, o->force ? DG_ACTION_FORCE : DG_ACTION_STAGE,
				   s->generation->number, number, d);
	if (err < 0)
		return err;
	t.image_follows = o->image_follows;
	err = make_generation(s, r, number, d);
	if (err == 0)
		err = note_trial(s, o, number, d);
	if (err < 0) {
		dg_transaction_abandon(&t);
		return err;
	}
	err = dg_transaction_commit(&t, d);
	if (err < 0)
		return err;
	r->changed = true;
	r->generation = number;
	r->image_problem = t.image_problem;
	return 0;
}

/* What modprobe would take instead of our files goes into the items; returns whether it is so for any. */
static bool look_for_shadows(const struct dg_survey *s, struct dg_stage_result *r, bool staged_only)
{
	const struct dg_manifest *m = s->generation->manifest;
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		struct dg_stage_item *item = &r->v[i];
		const char *name = item->standing->driver->name;

		item->shadowed_by[0] = '\0';
		if (staged_only ? item->step != DG_STAGE_STAGED : !m || !dg_manifest_find(m, name))
			continue;
		if (dg_generation_is_taken(s->kernel, name, item->shadowed_by, sizeof(item->shadowed_by)))
			continue;
		if (!item->shadowed_by[0])
			snprintf(item->shadowed_by, sizeof(item->shadowed_by), "nothing at all");
		any = true;
	}
	return any;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* depmod.d(5), a file of it or what there is of them. */
static bool rules_are_newer(const char *root, const struct timespec *than)
{
	static const char *const dirs[] = { "/etc/depmod.d", "/run/depmod.d", "/usr/lib/depmod.d", "/lib/depmod.d" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs); i++) {
		dg_auto_free char *dir = dg_path_join(root, dirs[i]);
		dg_auto(dg_strv_freep) char **names = NULL;
		struct stat st;

		if (!dir || stat(dir, &st) < 0 || dg_dir_list(dir, &names) < 0)
			continue;
		if (is_before(than, &st.st_mtim))
			return true;
		for (char **n = names; *n; n++) {
			dg_auto_free char *path = dg_format("%s/%s", dir, *n);

			if (path && stat(path, &st) == 0 && is_before(than, &st.st_mtim))
				return true;
		}
	}
	return false;
}

/* Where the file is noted that was made anew and was not right then either: it is not made again and again. */
static char *made_in_vain(const struct dg_survey *s, const char *what)
{
	dg_auto_free char *inside = dg_format("/run/drvguard/%s-%s", what, s->kernel->release);

	return inside ? dg_path_join(s->root, inside) : NULL;
}

static bool was_in_vain(const struct dg_survey *s, const char *what, const char *path)
{
	dg_auto_free char *note = made_in_vain(s, what), *line = NULL;
	char id[DG_FILE_ID];

	if (!path || !note || dg_file_read_line(note, &line) < 0)
		return false;
	(void)dg_file_id(path, id);
	return *id && dg_streq(line, id);
}

static void note_in_vain(const struct dg_survey *s, const char *what, const char *path)
{
	dg_auto_free char *note = made_in_vain(s, what);
	char id[DG_FILE_ID + 1];

	if (!path || !note)
		return;
	(void)dg_file_id(path, id);
	strcat(id, "\n");
	if (dg_file_write(note, id, strlen(id), 0644) == -ENOENT) {
		dg_auto_free char *dir = dg_path_join(s->root, "/run/drvguard");

		if (dir && dg_dir_make(dir) == 0)
			(void)dg_file_write(note, id, strlen(id), 0644);
	}
}

static bool index_is_final(const struct dg_survey *s, const struct dg_stage_result *r)
{
	dg_auto_free char *path = dg_format("%s/modules.dep.bin", s->kernel->modules_dir);
	struct stat st;

	/* Who won is gone meanwhile. */
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].shadowed_by[0] && access(r->v[i].shadowed_by, F_OK) < 0)
			return false;
	return was_in_vain(s, "shadowed", path) && stat(path, &st) == 0 && !rules_are_newer(s->root, &st.st_mtim);
}

static void note_final(const struct dg_survey *s)
{
	dg_auto_free char *path = dg_format("%s/modules.dep.bin", s->kernel->modules_dir);

	note_in_vain(s, "shadowed", path);
}

/* One that lacks what may not load by itself is right. */
static bool image_is_stale(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct dg_standing *st = &s->v[i];

		if (st->staged_ours && (st->boot_image == DG_IMAGE_OTHER ||
					(st->boot_image == DG_IMAGE_LACKING && dg_standing_load_path(st))))
			return true;
	}
	return false;
}

/* Somebody made the initramfs when another driver was staged, or before the driver was marked. */
static int mend_image(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r,
		      struct dg_diag *d)
{
	dg_auto_free char *image = NULL;
	struct dg_diag why = { 0 };
	int err;

	if (o->image_follows || !image_is_stale(s))
		return 0;
	(void)dg_initramfs_find(s->root, s->kernel->release, &image, NULL);
	/* Who asks by hand may have seen to the cause. */
	if (o->unattended && was_in_vain(s, "initramfs", image))
		return 0;
	err = dg_bootimage_refresh(s->kernel, s->config, NULL, s->generation->manifest, &why);
	if (err == -ESTALE || err == -EIO)
		note_in_vain(s, "initramfs", image);
	if (err == -ENOENT || err == -ESTALE || err == -ENXIO) {
		r->image_problem = why;
		return 0;
	}
	if (err < 0)
		*d = why;
	return err;
}

/* An index made before our link, or by somebody else, may not know what is staged. */
static int mend_index(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r,
		      struct dg_diag *d)
{
	int err;

	if (!look_for_shadows(s, r, false) || index_is_final(s, r))
		return mend_image(s, o, r, d);
	err = dg_depmod(s->root, s->kernel->release, s->kernel->modules_dir, d);
	dg_kernel_reindexed(s->kernel);
	if (look_for_shadows(s, r, false) && err == 0)
		note_final(s);
	return err < 0 ? err : mend_image(s, o, r, d);
}

/* Whether the initramfs will have to be made anew, for all that can be told before. */
static bool holds_any(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].boot_image == DG_IMAGE_SAME || dg_standing_image_is_wrong(&s->v[i]))
			return true;
	return false;
}

static int check_room(const struct dg_survey *s, const struct dg_stage_options *o, const struct dg_stage_result *r,
		      struct dg_diag *d)
{
	struct dg_room room = { .root = s->root, .store = s->config->store, .kernel = s->kernel };
	struct dg_initramfs_space space = { 0 };
	dg_auto_free char *boot = NULL;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].step == DG_STAGE_STAGED) {
			const struct dg_candidate *c = dg_stage_choice(&r->v[i]);

			room.files++;
			room.bytes += c->from_store ? 0 : c->file->len;
		}
	if (!o->image_follows && holds_any(s) && dg_initramfs_space(s->root, s->kernel->release, &space, NULL) == 0) {
		room.boot = boot = space.dir;
		room.boot_bytes = space.need;
	}
	return dg_room_check(&room, d);
}

/* The very file that is mounted: a run was killed before it dropped the mount. */
static bool is_staged_now(const struct dg_survey *s, const struct dg_standing *st)
{
	const struct dg_manifest *m = s->generation->manifest;
	const struct dg_manifest_entry *e = m ? dg_manifest_find(m, st->driver->name) : NULL;

	return e && dg_streq(e->sha256, st->mounted.sha256);
}

/* Once it is on the disk, what covered it before would only hide it. */
static void drop_mounts(const struct dg_survey *s, const struct dg_stage_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].standing->mounted.recorded &&
		    ((r->changed && r->v[i].step == DG_STAGE_STAGED) || is_staged_now(s, r->v[i].standing)))
			(void)dg_mounted_drop(s->config->store, s->kernel, r->v[i].standing->driver->name, NULL);
}

static int change(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r,
		  struct dg_diag *d)
{
	int err;

	if (!s->kernel->modules_dir)
		return dg_diag_set(d, -ENOENT, s->kernel->release, "reinstall that kernel's package",
				   "has no /lib/modules tree to stage into");
	/* The manifest names the kernel it is proven for; without a build-id it is proven for none. */
	(void)dg_kernel_build_id(s->kernel, NULL);
	err = check_room(s, o, r, d);
	if (err == 0)
		err = commit(s, o, r, d);
	if (err == 0)
		(void)look_for_shadows(s, r, true);
	return err;
}

static int mount_one(const struct dg_survey *s, struct dg_stage_item *item, struct dg_diag *d)
{
	const struct dg_standing *st = item->standing;

	if (item->step == DG_STAGE_STAGED)
		return dg_mounted_set(s->config->store, s->kernel, dg_stage_choice(item)->file, d);
	if (st->mounted.recorded && !st->mounted.active && !st->best.file)
		return dg_mounted_again(s->config->store, s->kernel, st->driver->name, d);
	return 0;
}

/* What is mounted can be loaded at once: the guard must not take it for unproven meanwhile. */
static char *tell_guard(const struct dg_survey *s, const struct dg_stage_options *o, const struct dg_stage_result *r)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	int err = s->config->guard == DG_GUARD_OFF ? -ENODEV
						   : dg_manifest_new(s->kernel->release, s->kernel->build_id, &m);

	for (size_t i = 0; i < r->n && err == 0; i++)
		if (r->v[i].step == DG_STAGE_STAGED && dg_modname_in(o->names, r->v[i].standing->driver->name))
			err = add_new(m, dg_stage_choice(&r->v[i]), s);
	return err == 0 ? dg_guard_admit(s->root, s->kernel->release, m) : NULL;
}

static int mount_all(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r,
		     struct dg_diag *d)
{
	dg_auto_free char *before = NULL;
	int err = check_room(s, o, r, d);

	/* Without a build-id the kernel is that of its name. */
	(void)dg_kernel_build_id(s->kernel, NULL);
	if (err == 0)
		before = tell_guard(s, o, r);
	for (size_t i = 0; i < r->n && err == 0; i++)
		if (dg_modname_in(o->names, r->v[i].standing->driver->name)) {
			err = mount_one(s, &r->v[i], d);
			r->changed |= err == 0 && r->v[i].step == DG_STAGE_STAGED;
		}
	if (err < 0 && !r->changed)
		dg_guard_put_back(s->root, before);
	return err;
}

static bool is_there(const struct dg_survey *s, const struct dg_stage_item *item)
{
	const struct dg_manifest_entry *e = dg_manifest_find(s->generation->manifest, item->standing->driver->name);

	return e && !item->standing->mounted.recorded && dg_streq(e->sha256, dg_stage_choice(item)->file->sha256) &&
	       dg_kept_check(s->generation->dir, e, s->config, s->kernel, true, NULL) == 0;
}

/*
 * What is to be staged may be current already, and whole, and modprobe take
 * another file by a stale index or somebody's preference: the same generation
 * once more would not change that.
 */
static bool all_there(const struct dg_survey *s, const struct dg_stage_result *r)
{
	const struct dg_generation *g = s->generation;
	size_t n = 0;

	if (g->link != DG_LINK_GOOD || !g->manifest || dg_kernel_build_id(s->kernel, NULL) < 0 ||
	    !dg_streq(g->manifest->kernel_build_id, s->kernel->build_id))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].step == DG_STAGE_STAGED) {
			n++;
			if (!is_there(s, &r->v[i]))
				return false;
		}
	return n;
}

int dg_stage_run(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result **ret,
		 struct dg_diag *d)
{
	dg_auto(dg_stage_result_freep) struct dg_stage_result *r = calloc(1, sizeof(*r));
	int err = 0;

	if (!r || !(r->v = calloc(s->n + 1, sizeof(*r->v))))
		return -ENOMEM;
	r->before = r->generation = s->generation->number;
	if (o->mount) {
		(void)dg_plan_make(s, o, r);
		if (!o->dry_run)
			err = mount_all(s, o, r, d);
	} else if (dg_plan_make(s, o, r)) {
		if (!o->dry_run)
			err = all_there(s, r) ? mend_index(s, o, r, d) : change(s, o, r, d);
	} else if (!o->dry_run && s->generation->link == DG_LINK_GOOD) {
		err = mend_index(s, o, r, d);
	}
	/* It is staged, whether they can be unmounted or are busy; a mount that stays shows as M. */
	if (err == 0 && !o->mount && !o->dry_run)
		drop_mounts(s, r);
	/* A run on what did not change writes nothing at all, not even what it learnt. */
	if (err == 0 && !r->changed && s->kernel->tree)
		dg_exporters_keep_nothing(s->kernel->tree);
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
