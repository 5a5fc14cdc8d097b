// SPDX-License-Identifier: GPL-2.0-or-later
#include "preflight.h"

#include <errno.h>

#include "fs.h"
#include "modprobe.h"

static bool known(const struct dg_preflight *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (dg_modname_equal(p->v[i].name, name))
			return true;
	return false;
}

static struct dg_preflight_item *add(struct dg_preflight *p, const char *name, const char *why)
{
	if (DG_GROW(p->v, p->n) < 0)
		return NULL;
	p->v[p->n] = (struct dg_preflight_item){ .why = why };
	snprintf(p->v[p->n].name, sizeof(p->v[p->n].name), "%s", name);
	dg_modname_normalize(p->v[p->n].name);
	return &p->v[p->n++];
}

/* A guarded driver's answer is its standing's. */
static int add_guarded(struct dg_preflight *p)
{
	struct dg_survey *s = p->survey;

	for (size_t i = 0; i < s->n; i++) {
		struct dg_standing *st = &s->v[i];
		struct dg_preflight_item *item = add(p, st->driver->name, "guarded");

		if (!item)
			return -ENOMEM;
		item->answer = st->match == DG_MATCH ? DG_GO : s->unread ? DG_CANNOT_TELL : DG_NO_GO;
		/* What the initramfs holds is loaded before anything of the root file system. */
		if (dg_standing_image_is_wrong(st))
			item->answer = DG_NO_GO;
		else if (item->answer == DG_GO && st->driver->boot && st->boot_image == DG_IMAGE_UNREAD)
			item->answer = DG_CANNOT_TELL;
		item->file = st->staged_path ? strdup(st->staged_path) : NULL;
	}
	return 0;
}

/* Built into the kernel: "kernel/drivers/…/NAME.ko" in modules.builtin. */
static bool is_builtin(const struct dg_kernel *k, const char *name)
{
	dg_auto_free char *path = dg_format("%s/modules.builtin", k->modules_dir);
	dg_auto_free void *text = NULL;
	char *save = NULL;
	size_t len;

	if (!path || dg_file_read(path, 1 << 22, &text, &len) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *base = strrchr(line, '/');

		base = base ? base + 1 : line;
		base[strcspn(base, ".")] = '\0';
		if (dg_modname_equal(base, name))
			return true;
	}
	return false;
}

/* What the target's own tree has for a module, and what its loader says of that. */
static int judge_other(struct dg_kernel *k, struct dg_preflight_item *item, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_diag why = { 0 };
	int r;

	if (!k->modules_dir || is_builtin(k, item->name))
		return 0;
	if (dg_modprobe_path(k->modules_dir, item->name, &item->file) < 0) {
		item->answer = DG_NO_GO;
		snprintf(item->cause, sizeof(item->cause), "that kernel has no file for it");
		return 0;
	}
	r = dg_modfile_read(item->file, &m, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		item->answer = r == -EBADMSG ? DG_NO_GO : DG_CANNOT_TELL;
		snprintf(item->cause, sizeof(item->cause), "its file is %s", why.what);
		return 0;
	}
	r = dg_loader_judge(m, k, &item->judgement, d);
	if (r < 0)
		return r;
	if (item->judgement->verdict == DG_VERDICT_REFUSED) {
		item->answer = DG_NO_GO;
		dg_judgement_brief(item->judgement, item->cause, sizeof(item->cause));
	} else {
		dg_judgement_modprobe_cause(item->judgement, item->cause, sizeof(item->cause));
	}
	return 0;
}

static int consider(struct dg_preflight *p, struct dg_kernel *k, const char *name, const char *why, struct dg_diag *d)
{
	struct dg_preflight_item *item;

	if (!dg_modname_valid(name) || known(p, name))
		return 0;
	item = add(p, name, why);
	return item ? judge_other(k, item, d) : -ENOMEM;
}

/* Loaded now, and not from the kernel's own tree: taint 'O'. */
static int add_loaded(struct dg_preflight *p, struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_path_join(k->root, "/sys/module");
	char **names;
	int r = 0;

	if (!dir || dg_dir_list(dir, &names) < 0)
		return 0;
	for (char **n = names; *n && r == 0; n++) {
		struct dg_loaded l;

		if (!dg_modname_valid(*n))
			continue;
		dg_loaded_read(k->root, *n, &l);
		if (l.loaded && strchr(l.taint, 'O'))
			r = consider(p, k, *n, "loaded", d);
	}
	dg_strv_free(names);
	return r;
}

static int add_lines(struct dg_preflight *p, struct dg_kernel *k, char *text, struct dg_diag *d)
{
	char *save = NULL;
	int r = 0;

	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r#;")] = '\0';
		if (*line)
			r = consider(p, k, line, "modules-load.d", d);
	}
	return r;
}

static int add_file(struct dg_preflight *p, struct dg_kernel *k, const char *inside, struct dg_diag *d)
{
	dg_auto_free char *path = dg_path_join(k->root, inside);
	dg_auto_free void *text = NULL;
	size_t len;

	if (!path || dg_file_read(path, 1 << 20, &text, &len) < 0)
		return 0;
	return add_lines(p, k, text, d);
}

/* modules-load.d(5), and /etc/modules before it. */
static int add_configured(struct dg_preflight *p, struct dg_kernel *k, struct dg_diag *d)
{
	static const char *const dirs[] = { "/etc/modules-load.d", "/run/modules-load.d", "/usr/lib/modules-load.d" };
	int r = add_file(p, k, "/etc/modules", d);

	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs) && r == 0; i++) {
		dg_auto_free char *dir = dg_path_join(k->root, dirs[i]);
		char **names;

		if (!dir || dg_dir_list(dir, &names) < 0)
			continue;
		for (char **n = names; *n && r == 0; n++) {
			dg_auto_free char *inside = dg_format("%s/%s", dirs[i], *n);

			if (inside && dg_endswith(*n, ".conf"))
				r = add_file(p, k, inside, d);
		}
		dg_strv_free(names);
	}
	return r;
}

static void look_for_lacks(struct dg_preflight *p, const struct dg_kernel *k)
{
	dg_auto_free char *index = k->modules_dir ? dg_format("%s/modules.dep", k->modules_dir) : NULL;

	if (!k->image)
		snprintf(p->lacks, sizeof(p->lacks), "it has no image in /boot");
	else if (!k->modules_dir)
		snprintf(p->lacks, sizeof(p->lacks), "it has no modules");
	else if (!index || access(index, F_OK) < 0)
		snprintf(p->lacks, sizeof(p->lacks), "it has no modules.dep: run depmod %s", k->release);
}

int dg_preflight_run(const char *root, const struct dg_config *config, struct dg_kernel *k, struct dg_preflight **ret,
		     struct dg_diag *d)
{
	dg_auto(dg_preflight_freep) struct dg_preflight *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	look_for_lacks(p, k);
	r = dg_survey_take(root, config, k, 0, &p->survey, d);
	if (r == 0)
		r = add_guarded(p);
	if (r == 0)
		r = add_loaded(p, k, d);
	if (r == 0)
		r = add_configured(p, k, d);
	if (r == 0)
		*ret = dg_take(p);
	return r;
}

void dg_preflight_free(struct dg_preflight *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].file);
		dg_judgement_free(p->v[i].judgement);
	}
	free(p->v);
	dg_survey_free(p->survey);
	free(p);
}

void dg_preflight_freep(struct dg_preflight **p)
{
	dg_preflight_free(*p);
}
