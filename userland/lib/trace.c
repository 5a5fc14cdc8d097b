// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <errno.h>
#include <sys/stat.h>

#include "attempt.h"
#include "bootimage.h"
#include "fs.h"

/* When this boot began, in seconds since the epoch; 0: cannot be told, and nothing is of this boot then. */
static time_t boot_time(const char *root)
{
	dg_auto_free char *path = dg_path_join(root, "/proc/stat");
	dg_auto_fclose FILE *f = path ? fopen(path, "re") : NULL;
	dg_auto_free char *line = NULL;
	size_t size = 0;
	long long t;

	while (f && getline(&line, &size, f) >= 0)
		if (sscanf(line, "btime %lld", &t) == 1)
			return (time_t)t;
	return 0;
}

/* ctime, which nobody sets by hand. */
static bool is_since(const char *path, time_t boot)
{
	struct stat st;

	return boot && path && lstat(path, &st) == 0 && st.st_ctim.tv_sec > boot;
}

static void look_at_intent(struct dg_survey *s)
{
	struct dg_intent i;

	if (dg_intent_read(s->root, s->config->store, &i, NULL) == 0 && dg_streq(i.release, s->kernel->release))
		s->intent = i;
}

/* Which drivers a failed trial would take back. */
static void look_at_trial(struct dg_survey *s)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *before = NULL;
	const char *release = s->kernel->release, *store = s->config->store;

	if (!dg_trial_is_on(s->root, store, release, s->generation->number, &s->trial)) {
		s->trial = (struct dg_trial){ 0 };
		return;
	}
	if (s->trial.revert)
		(void)dg_generation_manifest(s->root, store, release, s->trial.revert, &before, NULL);
	for (size_t i = 0; i < s->n; i++) {
		struct dg_standing *st = &s->v[i];
		const struct dg_manifest_entry *e = before ? dg_manifest_find(before, st->driver->name) : NULL;

		st->on_trial =
			st->staged_ours && !(e && st->staged.file && dg_streq(e->sha256, st->staged.file->sha256));
	}
}

static bool is_loaded(const struct dg_standing *st, const struct dg_manifest_entry *e)
{
	return st->loaded.loaded && e && st->loaded.build_id[0] && dg_streq(st->loaded.build_id, e->build_id);
}

/* Is what is loaded from a generation that was current before? */
static void look_at_generation(struct dg_survey *s, unsigned int number, time_t boot)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free char *dir = dg_generation_dir(s->root, s->config->store, s->kernel->release, number);
	dg_auto_free char *path = dir ? dg_format("%s/" DG_MANIFEST_NAME, dir) : NULL;

	if (!path || dg_manifest_read(path, &m, NULL) < 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (is_loaded(&s->v[i], dg_manifest_find(m, s->v[i].driver->name))) {
			s->v[i].loaded_was_staged = true;
			s->v[i].loaded_staged_live |= is_since(path, boot);
		}
}

static bool any_other_loaded(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].loaded.loaded && !s->v[i].loaded_is_staged)
			return true;
	return false;
}

static int look_at_generations(struct dg_survey *s, time_t boot)
{
	dg_auto_free unsigned int *v = NULL;
	int r;

	if (!any_other_loaded(s))
		return 0;
	r = dg_generation_list(s->root, s->config->store, s->kernel->release, &v);
	for (unsigned int *n = v; r == 0 && *n; n++)
		if (*n != s->generation->number)
			look_at_generation(s, *n, boot);
	return r == -ENOMEM ? r : 0;
}

/* What is mounted over a file of the current generation is not damage to that file. */
static void allow_for_mount(struct dg_standing *st)
{
	if (st->mounted.active && st->staged_ours && st->staged.file &&
	    dg_streq(st->staged.file->sha256, st->mounted.sha256))
		st->broken = st->staged_ours = false;
}

static void look_at_driver(struct dg_survey *s, struct dg_standing *st, time_t boot)
{
	struct dg_diag why;
	int r = dg_mounted_read(s->config->store, s->kernel, st->driver->name, &st->mounted, &why);

	if (r < 0 && r != -ENOENT && r != -ENOMEM)
		dg_diags_add(&s->problems, &why);
	allow_for_mount(st);
	st->staged_live = st->staged_ours && is_since(s->generation->link_path, boot);
	if (s->running && st->staged.file && dg_standing_match_path(st)) {
		const struct dg_attempt a = { st->driver->name, s->kernel->release, st->staged.file->sha256,
					      s->boot_id };

		st->suspect = !(st->loaded.loaded && st->loaded_is_staged) &&
			      dg_attempt_failed(s->root, s->config->store, &a);
	}
}

static enum dg_boot_image holding(const struct dg_initramfs *image, const struct dg_standing *st)
{
	const struct dg_modfile *f = st->staged_ours ? st->staged.file : NULL;

	/* What modprobe takes is none of ours, and so no hook of ours puts it there. */
	if (st->driver->boot && !f)
		return DG_IMAGE_LACKING;
	switch (dg_initramfs_holds(image, st->driver->name, f ? f->sha256 : NULL, f ? f->build_id : NULL)) {
	case DG_INITRAMFS_NONE:
		return st->driver->boot ? DG_IMAGE_LACKING : DG_IMAGE_NONE;
	case DG_INITRAMFS_SAME:
	case DG_INITRAMFS_STRIPPED:
		return DG_IMAGE_SAME;
	case DG_INITRAMFS_OTHER:
		break;
	}
	/* Nothing of ours to compare it with: it came with whatever is staged there. */
	return f ? DG_IMAGE_OTHER : DG_IMAGE_NONE;
}

static int look_at_image(struct dg_survey *s, time_t boot)
{
	dg_auto_free const char **names = calloc(s->n + 1, sizeof(*names));
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	struct dg_diag why = { 0 };
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		names[i] = s->v[i].driver->name;
	r = s->n ? dg_bootimage_read(s->kernel, names, &image, &why) : -ENOENT;
	if (r < 0 && r != -ENOENT && r != -ENOMEM)
		dg_diags_add(&s->problems, &why);
	for (size_t i = 0; i < s->n; i++) {
		s->v[i].boot_image = image		    ? holding(image, &s->v[i])
				     : r != -ENOENT	    ? DG_IMAGE_UNREAD
				     : s->v[i].driver->boot ? DG_IMAGE_LACKING
							    : DG_IMAGE_NONE;
		s->v[i].boot_image_live = image && is_since(image->path, boot);
	}
	return r == -ENOMEM ? r : 0;
}

int dg_trace_look(struct dg_survey *s, unsigned int flags)
{
	time_t boot = s->running ? boot_time(s->root) : 0;

	look_at_intent(s);
	look_at_trial(s);
	for (size_t i = 0; i < s->n; i++)
		look_at_driver(s, &s->v[i], boot);
	/* Early in boot the initramfs has done its work already. */
	if (!(flags & DG_SURVEY_NO_DEPOT) && look_at_image(s, boot) < 0)
		return -ENOMEM;
	return look_at_generations(s, boot);
}
