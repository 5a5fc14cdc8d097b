// SPDX-License-Identifier: GPL-2.0-or-later
#include "nextgrub.h"

#include <errno.h>

#include "bls.h"
#include "fs.h"
#include "nextloader.h"

#define CONFIG_MAX ((size_t)1 << 20)

/*
 * A file as GRUB names it: on the device that grub-mkconfig has it search for, of
 * / or /boot, perhaps in a subvolume; what is said to be on another may be anywhere.
 */
static int site_read(void *arg, const char *path, char **ret, size_t *ret_len)
{
	const struct dg_grub_place *at = arg;
	const char *close = *path == '(' ? strchr(path, ')') : NULL;
	const char *whole = close ? close + 1 : path, *below = *whole == '/' ? strchr(whole + 1, '/') : NULL;
	const struct {
		const char *dir, *path;
	} places[] = { { "", whole }, { "/boot", whole }, { "", below } };

	for (size_t i = 0; i < DG_ARRAY_SIZE(places) && places[i].path; i++) {
		dg_auto_free char *inside = dg_format("%s%s", places[i].dir, places[i].path), *file = NULL;
		void *data;
		int r = inside ? dg_path_resolve(at->root, inside, &file) : -ENOMEM;

		if (r == 0)
			r = dg_file_read(file, CONFIG_MAX, &data, ret_len);
		if (r == 0)
			*ret = data;
		if (r != -ENOENT && r != -ENOTDIR)
			return r == 0 || r == -ENOMEM ? r : -ENODATA;
	}
	return close ? -ENODATA : -ENOENT;
}

static int site_blscfg(void *arg, struct dg_grub *g)
{
	const struct dg_grub_place *at = arg;
	dg_auto_free char *dir = NULL;
	struct dg_bls b = { 0 };
	int r = dg_path_resolve(at->root, DG_GRUB_ENTRIES, &dir);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = dg_bls_read(dir, false, &b);
	dg_bls_sort(&b, dg_bls_compare_grub);
	for (size_t i = 0; i < b.n && r == 0; i++) {
		const struct dg_bls_entry *e = &b.v[i];
		dg_auto_free char *id = strndup(e->file, strlen(e->file) - strlen(".conf"));

		r = id ? dg_grub_add(g, e->title ? e->title : id, id, e->kernel) : -ENOMEM;
	}
	dg_bls_free(&b);
	return r;
}

char *dg_grub_path(const struct dg_grub_place *at, const char *name)
{
	dg_auto_free char *inside = dg_format("%s/%s", at->dir, name);
	char *path;

	return inside && dg_path_resolve(at->root, inside, &path) == 0 ? path : NULL;
}

int dg_grub_read_env(const struct dg_grub_place *at, struct dg_grubenv *env)
{
	dg_auto_free char *path = dg_grub_path(at, "grubenv");
	int r = path ? dg_grubenv_read(path, env) : 0;

	/* GRUB goes on without one that is damaged. */
	return r == -ENOENT || r == -EBADMSG ? 0 : r;
}

int dg_grub_open(const struct dg_grub_place *at, struct dg_grubenv *env, struct dg_grub **ret)
{
	const struct dg_grub_site site = {
		.arg = (void *)at, .prefix = at->dir, .read = site_read, .blscfg = site_blscfg
	};
	dg_auto_free char *path = dg_grub_path(at, "grub.cfg");
	dg_auto_free void *text = NULL;
	size_t len;
	int r = path ? dg_file_read(path, CONFIG_MAX, &text, &len) : -ENOENT;

	return r < 0 ? r : dg_grub_run(&site, text, len, env, ret);
}

static bool has_config(const char *root, const char *dir)
{
	dg_auto_free char *path = dg_grub_path(&(struct dg_grub_place){ root, dir }, "grub.cfg");

	return path != NULL;
}

char *dg_grub_dir(const char *root)
{
	static const char *const dirs[] = { "/boot/grub", "/boot/grub2" };
	static const char vendors[] = "/boot/efi/EFI";
	dg_auto_free char *efi = NULL;
	char **names, *found = NULL;

	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs); i++)
		if (has_config(root, dirs[i]))
			return strdup(dirs[i]);
	/* Where the file on the EFI partition is the whole one, as in RHEL 8. */
	if (dg_path_resolve(root, vendors, &efi) < 0 || dg_dir_list(efi, &names) < 0)
		return NULL;
	for (char **p = names; *p && !found; p++) {
		found = dg_format("%s/%s", vendors, *p);
		if (found && !has_config(root, found))
			free(dg_take(found));
	}
	dg_strv_free(names);
	return found;
}

/* Which file says so: the variable of the block that $default was made of, or grub.cfg itself. */
static void tell(struct dg_nextboot *n, const char *dir, const struct dg_grubenv *env, const struct dg_grub_boot *b)
{
	static const char *const names[] = { "next_entry", "prev_saved_entry", "saved_entry" };
	const char *name = NULL;

	for (size_t i = 0; i < DG_ARRAY_SIZE(names) && !name && *b->path; i++)
		if (dg_streq(dg_grubenv_get(env, names[i]), b->path))
			name = names[i];
	if (!b->title)
		dg_next_evidence(n, "%s/grub.cfg: %s", dir, b->why);
	else if (name)
		dg_next_evidence(n, "%s/grubenv: %s=%s leads to '%s'", dir, name, b->path, b->title);
	else
		dg_next_evidence(n, "%s/grub.cfg: default=\"%s\" leads to '%s'", dir, b->path, b->title);
}

static void tell_more(struct dg_nextboot *n, const char *what, const char *of)
{
	size_t len = strlen(n->evidence);

	snprintf(n->evidence + len, sizeof(n->evidence) - len, ", %s%s", what, of);
	dg_printable(n->evidence);
}

/* One boot: the release in *ret, NULL if it cannot be told; @env is then what that boot leaves. */
static int one_boot(const struct dg_grub_place *at, struct dg_grubenv *env, struct dg_nextboot *n, char **ret)
{
	dg_auto(dg_grub_freep) struct dg_grub *g = NULL;
	struct dg_grub_boot b = { 0 };
	struct dg_grubenv before = { 0 };
	int r = dg_grubenv_copy(env, &before);

	*ret = NULL;
	if (r == 0)
		r = dg_grub_open(at, env, &g);
	if (r == 0)
		r = dg_grub_default(g, &b);
	if (r < 0) {
		dg_next_evidence(n, "%s/grub.cfg: %s", at->dir,
				 r == -E2BIG	 ? "does not end, or is longer than any"
				 : r == -EBADMSG ? "is no script of GRUB's"
						 : "cannot be read");
	} else {
		tell(n, at->dir, &before, &b);
		if (b.title && !b.kernel)
			tell_more(n, b.why, "");
		else if (b.kernel)
			r = dg_next_release(at->root, b.kernel, dg_next_dirs, ret);
		if (b.kernel && r < 0)
			tell_more(n, r == -ENOENT ? "but there is no " : "but no release is told by ", b.kernel);
	}
	dg_grub_boot_free(&b);
	dg_grubenv_free(&before);
	return r == -ENOMEM ? r : 0;
}

int dg_next_grub(const char *root, const char *dir, struct dg_nextboot *n)
{
	const struct dg_grub_place at = { root, dir };
	struct dg_nextboot later = { 0 };
	struct dg_grubenv env = { 0 };
	int r = dg_grub_read_env(&at, &env);

	n->loader = "GRUB";
	if (r < 0 && r != -ENOMEM) {
		dg_next_evidence(n, "%s/grubenv: cannot be read", dir);
		return 1;
	}
	if (r == 0)
		r = one_boot(&at, &env, n, &n->release);
	/* The boot after it begins with what this one saves. */
	if (r == 0)
		r = one_boot(&at, &env, &later, &n->after);
	n->once = n->release && !dg_streq(n->release, n->after);
	if (!n->once)
		free(dg_take(n->after));
	dg_grubenv_free(&env);
	return r < 0 ? r : 1;
}
