// SPDX-License-Identifier: GPL-2.0-or-later
#include "bootimage.h"

#include <errno.h>

#include "cachefile.h"
#include "mkinitramfs.h"
#include "record.h"

#define HEADING "drvguard-initramfs 2"

static char *cache_name(const struct dg_kernel *k)
{
	return dg_format("initramfs-%s", k->release);
}

static bool take_copy(char *line, struct dg_initramfs *i)
{
	struct dg_initramfs_copy c = { 0 };
	char *save = NULL, *word[6];

	for (size_t n = 0; n < DG_ARRAY_SIZE(word); n++) {
		word[n] = strtok_r(n ? NULL : line, " ", &save);
		if (!word[n])
			return false;
	}
	if (!dg_modname_valid(word[0]) || !dg_record_hex(word[1], c.sha256, 64) ||
	    !dg_record_hex(word[2], c.build_id, DG_BUILD_ID_HEX - 1) || !dg_record_unescape(word[5]) ||
	    DG_GROW(i->v, i->n) < 0)
		return false;
	snprintf(c.name, sizeof(c.name), "%s", word[0]);
	c.chosen = dg_streq(word[3], "1");
	c.link = dg_streq(word[4], "1");
	c.err = c.sha256[0] ? 0 : -EBADMSG;
	c.path = strdup(word[5]);
	i->v[i->n++] = c;
	return c.path;
}

/* @asked, of n names, loses those that were looked for then. */
static bool take_line(char *line, struct dg_initramfs *i, const char **asked, size_t n)
{
	if (dg_startswith(line, "copy "))
		return take_copy(line + 5, i);
	if (!dg_startswith(line, "asked "))
		return false;
	for (size_t a = 0; a < n; a++)
		if (asked[a] && dg_modname_equal(asked[a], line + 6))
			asked[a] = NULL;
	return true;
}

static bool parse(char *text, const char *id, const char *const *names, struct dg_initramfs *i)
{
	dg_auto_free char *want = dg_format(HEADING "\nimage %s\n", id);
	dg_auto_free const char **asked = NULL;
	char *save = NULL;
	size_t n = 0;

	while (names[n])
		n++;
	asked = calloc(n + 1, sizeof(*asked));
	if (!want || !asked || !dg_startswith(text, want))
		return false;
	memcpy(asked, names, n * sizeof(*asked));
	for (char *line = strtok_r(text + strlen(want), "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!take_line(line, i, asked, n))
			return false;
	for (size_t a = 0; a < n; a++)
		if (asked[a])
			return false;
	return true;
}

static struct dg_initramfs *load(const struct dg_kernel *k, const char *path, const char *id, const char *const *names)
{
	dg_auto_free char *name = cache_name(k), *text = NULL;
	dg_auto(dg_initramfs_freep) struct dg_initramfs *i = calloc(1, sizeof(*i));
	size_t len;

	text = name && i ? dg_cachefile_read(k->root, name, &len) : NULL;
	if (!text || !(i->path = strdup(path)) || !parse(text, id, names, i))
		return NULL;
	return dg_take(i);
}

static void keep(const struct dg_kernel *k, const char *id, const char *const *names, const struct dg_initramfs *i)
{
	dg_auto_free char *name = cache_name(k), *text = NULL;
	size_t len;
	FILE *f = name && dg_cachefile_writable(k->root) ? open_memstream(&text, &len) : NULL;

	if (!f)
		return;
	fprintf(f, HEADING "\nimage %s\n", id);
	for (; *names; names++)
		fprintf(f, "asked %s\n", *names);
	for (size_t n = 0; n < i->n; n++) {
		const struct dg_initramfs_copy *c = &i->v[n];

		fprintf(f, "copy %s %s %s %d %d ", c->name, c->err ? "-" : c->sha256, *c->build_id ? c->build_id : "-",
			c->chosen, c->link);
		dg_record_put(f, c->path);
		fputc('\n', f);
	}
	if (fclose(f) == 0)
		dg_cachefile_write(k->root, name, text, len);
}

int dg_bootimage_read(const struct dg_kernel *k, const char *const *names, struct dg_initramfs **ret, struct dg_diag *d)
{
	dg_auto_free char *path = NULL;
	char id[DG_FILE_ID], after[DG_FILE_ID];
	bool settled;
	int r = dg_initramfs_find(k->root, k->release, &path, d);

	if (r < 0)
		return r;
	settled = dg_file_id(path, id);
	*ret = load(k, path, id, names);
	if (*ret)
		return 0;
	r = dg_initramfs_read(path, names, ret, d);
	/* One that was replaced while it was read is not kept under its new name. */
	if (r == 0 && settled && dg_file_id(path, after) && dg_streq(id, after))
		keep(k, id, names, *ret);
	return r;
}

/* The names of both, ended by NULL; caller frees the array. */
static const char **names_of(const struct dg_manifest *from, const struct dg_manifest *to)
{
	const char **v = calloc((from ? from->n_entries : 0) + (to ? to->n_entries : 0) + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && to && i < to->n_entries; i++)
		v[n++] = to->entries[i].name;
	for (size_t i = 0; v && from && i < from->n_entries; i++)
		if (!to || !dg_manifest_find(to, from->entries[i].name))
			v[n++] = from->entries[i].name;
	return v;
}

static bool is_required(const struct dg_config *config, const char *name)
{
	const struct dg_driver *driver = dg_config_driver(config, name);

	return driver && driver->boot;
}

static bool any_required(const struct dg_config *config, const struct dg_manifest *to)
{
	for (size_t i = 0; to && i < to->n_entries; i++)
		if (is_required(config, to->entries[i].name))
			return true;
	return false;
}

static bool is_stale(const struct dg_initramfs *image, const struct dg_config *config, const struct dg_manifest *from,
		     const struct dg_manifest *to)
{
	for (size_t i = 0; to && i < to->n_entries; i++) {
		const struct dg_manifest_entry *e = &to->entries[i];
		enum dg_initramfs_holding h = dg_initramfs_holds(image, e->name, e->sha256, e->build_id);

		if (h == DG_INITRAMFS_OTHER || (h == DG_INITRAMFS_NONE && is_required(config, e->name)))
			return true;
	}
	/* What was taken out is to be loaded no more; another copy than ours is not our business. */
	for (size_t i = 0; from && i < from->n_entries; i++) {
		const struct dg_manifest_entry *e = &from->entries[i];
		enum dg_initramfs_holding h = dg_initramfs_holds(image, e->name, e->sha256, e->build_id);

		if (!(to && dg_manifest_find(to, e->name)) && (h == DG_INITRAMFS_SAME || h == DG_INITRAMFS_STRIPPED))
			return true;
	}
	return false;
}

static int refresh(const struct dg_kernel *k, const struct dg_config *config, const struct dg_manifest *to,
		   struct dg_diag *d)
{
	size_t n = to ? to->n_entries : 0;
	dg_auto_free struct dg_initramfs_want *want = calloc(n + 1, sizeof(*want));

	if (!want)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		want[i] = (struct dg_initramfs_want){ .name = to->entries[i].name,
						      .sha256 = to->entries[i].sha256,
						      .build_id = to->entries[i].build_id,
						      .required = is_required(config, to->entries[i].name) };
	return dg_initramfs_refresh(k->root, k->release, want, n, d);
}

int dg_bootimage_refresh(const struct dg_kernel *k, const struct dg_config *config, const struct dg_manifest *from,
			 const struct dg_manifest *to, struct dg_diag *d)
{
	dg_auto_free const char **names = names_of(from, to);
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	int r = names ? 0 : -ENOMEM;

	if (r == 0 && *names)
		r = dg_bootimage_read(k, names, &image, d);
	if (r == -ENOENT && any_required(config, to))
		return -ENXIO;
	/* One that cannot be read is not made better by leaving it: but nor is it known to hold a driver. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return image && is_stale(image, config, from, to) ? refresh(k, config, to, d) : 0;
}
