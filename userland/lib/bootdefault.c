// SPDX-License-Identifier: GPL-2.0-or-later
#include "bootdefault.h"

#include <errno.h>

#include "fs.h"
#include "nextgrub.h"
#include "nextloader.h"
#include "nextsdboot.h"
#include "tool.h"

#define DROPIN "/etc/default/grub.d/zz-drvguard.cfg"
#define TEXT_MAX ((size_t)256 << 10)
#define NO_SUCH_PROGRAM 127 /* dg_tool_run() */

/* A part of a file that this file writes, told by what stands in it. */
struct held {
	char release[128], entry[512];
};

static int cannot_hold(struct dg_diag *d, const char *where, const char *why)
{
	return dg_diag_set(d, -ENOTSUP, where, "make the kernel that has its drivers the boot loader's default by hand",
			   "cannot be held: %s", why);
}

/* Whether a boot loader's file may hold it without quotes of any kind. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || strchr("'\"\\$`*?[]", *s))
			return false;
	return true;
}

/* The kernel that boots now, or after a boot that was asked for once, is @release. */
static int is_default(const char *root, const char *release, bool *ret)
{
	dg_auto(dg_nextboot_freep) struct dg_nextboot *n = NULL;
	int r = dg_nextboot_read(root, &n);

	*ret = r == 0 && dg_streq(n->once ? n->after : n->release, release);
	return r;
}

/* GRUB: which entry. */

struct search {
	const char *root, *release;
	char *id; /* its path of ids */
};

static int match(void *arg, const struct dg_grub_boot *b)
{
	struct search *s = arg;
	dg_auto_free char *release = NULL;
	int r = b->kernel ? dg_next_release(s->root, b->kernel, dg_next_dirs, &release) : -ENOENT;

	/* The entry of the newest kernel of all names no release, and stands for another one tomorrow. */
	if (r < 0 || !dg_streq(release, s->release) || !strstr(b->id, s->release) || strstr(b->id, "recovery"))
		return r == -ENOMEM ? r : 0;
	s->id = strdup(b->id);
	return s->id ? 1 : -ENOMEM;
}

static int find_entry(const struct dg_grub_place *at, const char *release, char **ret, struct dg_diag *d)
{
	dg_auto(dg_grub_freep) struct dg_grub *g = NULL;
	struct search s = { .root = at->root, .release = release };
	struct dg_grubenv env = { 0 };
	int r = dg_grub_read_env(at, &env);

	if (r == 0)
		r = dg_grub_open(at, &env, &g);
	if (r == 0)
		r = dg_grub_each(g, match, &s);
	dg_grubenv_free(&env);
	if (r < 0)
		return dg_diag_errno(d, r, at->dir, "read grub.cfg in");
	if (!s.id)
		return dg_diag_set(d, -ENOENT, at->dir, "run update-grub, or grub2-mkconfig",
				   "grub.cfg has no entry with an id for %s", release);
	*ret = s.id;
	return 0;
}

/* GRUB: the drop-in for grub-mkconfig. */

/* The entry stands in it twice, so that one that somebody changed is told from ours. */
static char *dropin_text(const struct held *h)
{
	return dg_format(
		"# drvguard holds %s by %s\n# since a newer kernel lacks drivers; it wrote this, and removes it.\n"
		"GRUB_DEFAULT='%s'\nGRUB_SAVEDEFAULT=false\n",
		h->release, h->entry, h->entry);
}

/* Whether it is there, and as drvguard wrote it. */
static bool read_dropin(const char *root, struct held *ret)
{
	dg_auto_free char *path = dg_path_join(root, DROPIN), *again = NULL;
	dg_auto_free void *text = NULL;
	size_t len;

	if (!path || dg_file_read(path, TEXT_MAX, &text, &len) < 0 ||
	    sscanf(text, "# drvguard holds %127[^ \n] by %511[^\n]", ret->release, ret->entry) != 2)
		return false;
	again = dropin_text(ret);
	return dg_streq(again, text);
}

/* As distributions name it. */
static const char *const mkconfigs[] = { "/usr/sbin/grub-mkconfig", "/usr/sbin/grub2-mkconfig" };

static bool mkconfig_reads_dropins(const char *root)
{
	bool reads = false;

	for (size_t i = 0; i < DG_ARRAY_SIZE(mkconfigs) && !reads; i++) {
		dg_auto_free char *path = NULL;
		dg_auto_free void *text = NULL;
		size_t len;

		reads = dg_path_resolve(root, mkconfigs[i], &path) == 0 &&
			dg_file_read(path, TEXT_MAX, &text, &len) == 0 && strstr(text, "/default/grub.d");
	}
	return reads;
}

static int update_grub(const struct dg_grub_place *at, struct dg_diag *d)
{
	dg_auto_free char *config = dg_format("%s/grub.cfg", at->dir);
	char said[200] = "";
	int r = config ? NO_SUCH_PROGRAM : -ENOMEM;

	for (size_t i = 0; i < DG_ARRAY_SIZE(mkconfigs) && r == NO_SUCH_PROGRAM; i++) {
		const char *const argv[] = { strrchr(mkconfigs[i], '/') + 1, "-o", config, NULL };

		r = dg_tool_run(at->root, argv, said, sizeof(said));
	}
	if (r == 0)
		return 0;
	return dg_diag_set(d, r < 0 ? r : -EIO, config, "run update-grub, or grub2-mkconfig",
			   "grub-mkconfig ended with %d: %s", r, said);
}

static int write_dropin(const char *path, const struct held *h)
{
	dg_auto_free char *text = dropin_text(h), *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	int r = text && dir ? dg_dir_make(dir) : -ENOMEM;

	return r < 0 || dg_file_has(path, text, strlen(text)) ? r : dg_file_write(path, text, strlen(text), 0644);
}

static int hold_dropin(const struct dg_grub_place *at, const struct held *h, struct dg_diag *d)
{
	dg_auto_free char *path = dg_path_join(at->root, DROPIN);
	dg_auto_free void *before = NULL;
	struct held old;
	size_t len;
	bool is = false;
	int r = path ? dg_file_read(path, TEXT_MAX, &before, &len) : -ENOMEM;

	if (r < 0 && r != -ENOENT)
		return dg_diag_errno(d, r, DROPIN, "read");
	if (r == 0 && !read_dropin(at->root, &old))
		return cannot_hold(d, DROPIN, "somebody changed it");
	r = write_dropin(path, h);
	if (r < 0)
		return dg_diag_errno(d, r, DROPIN, "write");
	r = is_default(at->root, h->release, &is);
	if (r == 0 && !is) {
		r = update_grub(at, d);
		if (r == 0)
			r = is_default(at->root, h->release, &is);
		if (r == 0 && !is)
			r = cannot_hold(d, at->dir, "grub.cfg boots another kernel also with GRUB_DEFAULT set");
	}
	/* As it was before. */
	if (r < 0 && before)
		(void)dg_file_write(path, before, len, 0644);
	else if (r < 0)
		(void)dg_file_remove(path);
	return r;
}

static int release_dropin(const char *root, struct dg_diag *d)
{
	dg_auto_free char *path = dg_path_join(root, DROPIN), *dir = dg_grub_dir(root);
	dg_auto(dg_grub_freep) struct dg_grub *g = NULL;
	const struct dg_grub_place at = { root, dir };
	struct dg_grub_boot b = { 0 };
	struct dg_grubenv env = { 0 };
	struct held h;
	int r;

	if (!read_dropin(root, &h))
		return 0;
	r = path ? dg_file_remove(path) : -ENOMEM;
	if (r < 0)
		return dg_diag_errno(d, r, DROPIN, "remove");
	/* grub.cfg made without it needs no other. */
	if (dir && dg_grub_open(&at, &env, &g) == 0 && dg_grub_default(g, &b) == 0 && dg_streq(b.path, h.entry))
		r = update_grub(&at, d);
	dg_grub_boot_free(&b);
	dg_grubenv_free(&env);
	return r;
}

/* GRUB: the saved entry. */

#define HELD "drvguard_held"
#define WAS "drvguard_was"

static bool read_saved(const struct dg_grubenv *env, struct held *ret)
{
	const char *value = dg_grubenv_get(env, HELD);

	return value && sscanf(value, "%127[^ ] %511[^\n]", ret->release, ret->entry) == 2;
}

static int set_saved(struct dg_grubenv *env, const struct held *h)
{
	dg_auto_free char *value = dg_format("%s %s", h->release, h->entry);
	const char *saved = dg_grubenv_get(env, "saved_entry");
	struct held old;
	int r = value ? 0 : -ENOMEM;

	if (r == 0 && !(read_saved(env, &old) && dg_streq(saved, old.entry)))
		r = dg_grubenv_set(env, WAS, saved);
	if (r == 0)
		r = dg_grubenv_set(env, HELD, value);
	return r < 0 ? r : dg_grubenv_set(env, "saved_entry", h->entry);
}

static char *grubenv_path(const struct dg_grub_place *at)
{
	dg_auto_free char *inside = dg_format("%s/grubenv", at->dir);
	char *path = dg_grub_path(at, "grubenv");

	return path || !inside ? path : dg_path_join(at->root, inside);
}

/* Whether the saved entry decides: grub.cfg run as if it were the one wanted. */
static int follows_saved(const struct dg_grub_place *at, const struct dg_grubenv *env, const char *entry, bool *ret)
{
	dg_auto(dg_grub_freep) struct dg_grub *g = NULL;
	struct dg_grub_boot b = { 0 };
	struct dg_grubenv copy = { 0 };
	int r = dg_grubenv_copy(env, &copy);

	if (r == 0)
		r = dg_grubenv_set(&copy, "next_entry", NULL);
	if (r == 0)
		r = dg_grub_open(at, &copy, &g);
	if (r == 0)
		r = dg_grub_default(g, &b);
	*ret = r == 0 && dg_streq(b.path, entry);
	dg_grub_boot_free(&b);
	dg_grubenv_free(&copy);
	return r;
}

static int hold_saved(const struct dg_grub_place *at, const struct held *h, struct dg_diag *d)
{
	dg_auto_free char *path = grubenv_path(at);
	struct dg_grubenv env = { 0 };
	bool follows = false, is = false;
	int r = path ? dg_grub_read_env(at, &env) : -ENOMEM;

	if (r == 0)
		r = set_saved(&env, h);
	if (r == 0)
		r = follows_saved(at, &env, h->entry, &follows);
	if (r < 0)
		r = dg_diag_errno(d, r, at->dir, "read");
	else if (!follows)
		r = cannot_hold(d, at->dir,
				"grub.cfg does not boot the saved entry, and grub-mkconfig reads no grub.d");
	else if ((r = dg_grubenv_write(path, &env)) < 0)
		r = dg_diag_errno(d, r, path, "write");
	dg_grubenv_free(&env);
	if (r == 0)
		r = is_default(at->root, h->release, &is);
	if (r == 0 && !is) {
		(void)dg_bootdefault_release(at->root, NULL);
		r = cannot_hold(d, at->dir, "another kernel boots also with the saved entry set");
	}
	return r;
}

static int release_saved(const char *root, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_grub_dir(root), *path = NULL;
	const struct dg_grub_place at = { root, dir };
	struct dg_grubenv env = { 0 };
	struct held h;
	int r = dir ? dg_grub_read_env(&at, &env) : 0;

	if (r == 0 && read_saved(&env, &h)) {
		if (dg_streq(dg_grubenv_get(&env, "saved_entry"), h.entry)) {
			dg_auto_free char *was = NULL;
			const char *value = dg_grubenv_get(&env, WAS);

			was = value ? strdup(value) : NULL;
			r = value && !was ? -ENOMEM : dg_grubenv_set(&env, "saved_entry", was);
		}
		(void)dg_grubenv_set(&env, WAS, NULL);
		(void)dg_grubenv_set(&env, HELD, NULL);
		path = grubenv_path(&at);
		if (r == 0)
			r = path ? dg_grubenv_write(path, &env) : -ENOMEM;
		if (r < 0)
			r = dg_diag_errno(d, r, path ? path : dir, "write");
	}
	dg_grubenv_free(&env);
	return r;
}

static int hold_grub(const char *root, const char *release, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_grub_dir(root), *id = NULL;
	const struct dg_grub_place at = { root, dir };
	struct held h;
	int r = dir ? find_entry(&at, release, &id, d) : -ENOENT;

	if (r < 0)
		return r;
	if (!is_plain(id) || strlen(id) >= sizeof(h.entry) || strlen(release) >= sizeof(h.release))
		return cannot_hold(d, dir, "the entry's id has quotes in it");
	snprintf(h.release, sizeof(h.release), "%s", release);
	snprintf(h.entry, sizeof(h.entry), "%s", id);
	return mkconfig_reads_dropins(root) ? hold_dropin(&at, &h, d) : hold_saved(&at, &h, d);
}

/* systemd-boot. */

#define BEGIN "# drvguard holds "
#define NO_NEWLINE "# the line above had no end\n"

static char *config_block(const struct held *h, bool newline)
{
	return dg_format("%s" BEGIN "%s by %s\n%sdefault %s\n# drvguard ends\n", newline ? "" : "\n", h->release,
			 h->entry, newline ? "" : NO_NEWLINE, h->entry);
}

/* Whether drvguard's lines, as it wrote them, are those at @at, where BEGIN stands. */
static bool is_block(const char *text, const char *at, struct held *ret, size_t *ret_at, size_t *ret_len)
{
	dg_auto_free char *block = NULL;
	const char *p = strchrnul(at, '\n');
	bool newline = !dg_startswith(p + (*p != '\0'), NO_NEWLINE);

	if ((at > text && at[-1] != '\n') || (at == text && !newline) ||
	    sscanf(at, BEGIN "%127[^ \n] by %511[^\n]", ret->release, ret->entry) != 2)
		return false;
	at -= !newline;
	block = config_block(ret, newline);
	if (!block || !dg_startswith(at, block))
		return false;
	*ret_at = (size_t)(at - text);
	*ret_len = strlen(block);
	return true;
}

/* The same wherever they are in a loader.conf. */
static bool find_block(const char *text, struct held *ret, size_t *ret_at, size_t *ret_len)
{
	for (const char *at = strstr(text, BEGIN); at; at = strstr(at + 1, BEGIN))
		if (is_block(text, at, ret, ret_at, ret_len))
			return true;
	return false;
}

/* @path's text without our lines; "" when it is not there. Caller frees. */
static int read_config(const char *path, char **ret, struct held *ret_held, bool *ret_is_held)
{
	void *data = NULL;
	size_t len, at;
	char *text;
	int r = dg_file_read(path, TEXT_MAX, &data, &len);

	if (r == -ENOENT)
		data = calloc(1, 1);
	else if (r < 0)
		return r;
	text = data;
	if (!text)
		return -ENOMEM;
	*ret_is_held = find_block(text, ret_held, &at, &len);
	if (*ret_is_held)
		memmove(text + at, text + at + len, strlen(text + at + len) + 1);
	*ret = text;
	return 0;
}

/* The id, for every count of boots it may have. */
static bool entry_pattern(const struct dg_bls_entry *e, char *buf, size_t size)
{
	const char *dot = strrchr(e->id, '.');

	if (!dot || !is_plain(e->id))
		return false;
	if (e->left < 0)
		return snprintf(buf, size, "%s", e->id) < (int)size;
	return snprintf(buf, size, "%.*s[.+]*%s", (int)(dot - e->id), e->id, dot + 1) < (int)size;
}

static int hold_sdboot(const char *root, const char *release, struct dg_diag *d)
{
	dg_auto_free char *text = NULL, *block = NULL, *whole = NULL, *path = NULL;
	struct held h = { .entry = "" }, old;
	struct dg_sdboot s;
	bool held = false, is = false, newline;
	int r = dg_sdboot_open(root, &s);

	if (r < 0)
		return dg_diag_errno(d, r, "systemd-boot", "read its files");
	for (size_t i = 0; i < s.entries.n && !h.entry[0] && r == 0; i++) {
		dg_auto_free char *of = NULL;

		(void)dg_sdboot_release(root, &s.entries.v[i], &of);
		if (dg_streq(of, release) && !entry_pattern(&s.entries.v[i], h.entry, sizeof(h.entry)))
			r = cannot_hold(d, s.entries.v[i].path, "its name has quotes in it");
	}
	path = strdup(s.config);
	dg_sdboot_free(&s);
	if (r < 0)
		return r;
	if (!path)
		return -ENOMEM;
	if (!h.entry[0] || strlen(release) >= sizeof(h.release))
		return dg_diag_set(d, -ENOENT, path, "run kernel-install", "systemd-boot has no entry for %s", release);
	snprintf(h.release, sizeof(h.release), "%s", release);
	r = read_config(path, &text, &old, &held);
	if (r < 0)
		return dg_diag_errno(d, r, path, "read");
	newline = !*text || dg_endswith(text, "\n");
	block = config_block(&h, newline);
	whole = block ? dg_format("%s%s", text, block) : NULL;
	r = whole ? 0 : -ENOMEM;
	if (r == 0 && !dg_file_has(path, whole, strlen(whole)))
		r = dg_file_write(path, whole, strlen(whole), 0644);
	if (r < 0)
		return dg_diag_errno(d, r, path, "write");
	r = is_default(root, release, &is);
	if (r == 0 && !is) {
		(void)dg_bootdefault_release(root, NULL);
		r = dg_diag_set(d, -ENOTSUP, path, "give it up: bootctl set-default ''",
				"cannot be held: the EFI variable LoaderEntryDefault goes before it");
	}
	return r;
}

static int release_sdboot(const char *root, struct dg_diag *d)
{
	dg_auto_free char *text = NULL, *path = NULL;
	struct dg_sdboot s;
	struct held old;
	bool held = false;
	int r = dg_sdboot_open(root, &s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	path = dg_take(s.config);
	dg_sdboot_free(&s);
	r = read_config(path, &text, &old, &held);
	if (r == 0 && held)
		r = *text ? dg_file_write(path, text, strlen(text), 0644) : dg_file_remove(path);
	return r < 0 ? dg_diag_errno(d, r, path, "write") : 0;
}

/* Whichever it is. */

int dg_bootdefault_hold(const char *root, const char *release, struct dg_diag *d)
{
	dg_auto(dg_nextboot_freep) struct dg_nextboot *n = NULL;
	int r = dg_release_valid(release) ? dg_nextboot_read(root, &n) : -EINVAL;

	if (r < 0)
		return dg_diag_errno(d, r, release, "hold");
	if (dg_streq(n->loader, "GRUB"))
		return hold_grub(root, release, d);
	if (dg_streq(n->loader, "systemd-boot"))
		return hold_sdboot(root, release, d);
	return cannot_hold(d, n->loader ? n->loader : "the boot default", n->evidence);
}

int dg_bootdefault_release(const char *root, struct dg_diag *d)
{
	int r = release_dropin(root, d);

	if (r == 0)
		r = release_saved(root, d);
	return r < 0 ? r : release_sdboot(root, d);
}

int dg_bootdefault_held(const char *root, char **ret)
{
	dg_auto_free char *dir = dg_grub_dir(root), *text = NULL;
	const struct dg_grub_place at = { root, dir };
	struct dg_grubenv env = { 0 };
	struct dg_sdboot s;
	struct held h;
	bool held = read_dropin(root, &h);

	if (!held && dir && dg_grub_read_env(&at, &env) == 0)
		held = read_saved(&env, &h) && dg_streq(dg_grubenv_get(&env, "saved_entry"), h.entry);
	dg_grubenv_free(&env);
	if (!held && dg_sdboot_open(root, &s) == 0) {
		(void)read_config(s.config, &text, &h, &held);
		dg_sdboot_free(&s);
	}
	*ret = held ? strdup(h.release) : NULL;
	return held && !*ret ? -ENOMEM : 0;
}
