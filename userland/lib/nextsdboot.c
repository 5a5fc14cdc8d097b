// SPDX-License-Identifier: GPL-2.0-or-later
#include "nextsdboot.h"

#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include "efivars.h"
#include "fs.h"
#include "nextloader.h"

#define CONFIG_MAX ((size_t)1 << 20)

/* Where the EFI partition is mounted, and the one for kernels beside it. */
static const char *const partitions[] = { "/efi", "/boot", "/boot/efi" };

char *dg_sdboot_default(const char *text, size_t len)
{
	const char *end = text + len;
	char *value = NULL;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end, *v;

		while (text < stop && strchr(" \t\r", *text))
			text++;
		v = text + strlen("default");
		if (stop - text > (long)strlen("default") && memcmp(text, "default", strlen("default")) == 0 &&
		    (*v == ' ' || *v == '\t')) {
			while (v < stop && strchr(" \t\r", *v))
				v++;
			while (stop > v && strchr(" \t\r", stop[-1]))
				stop--;
			/* The last one counts; of the special ones there is @saved alone. */
			if (v < stop && (*v != '@' || (stop - v == 6 && strncasecmp(v, "@saved", 6) == 0))) {
				free(value);
				value = strndup(v, (size_t)(stop - v));
			}
		}
		text = newline ? newline + 1 : end;
	}
	return value;
}

static bool is_there(const char *root, const char *dir, const char *name)
{
	dg_auto_free char *inside = dg_format("%s/%s", dir, name), *path = NULL;

	return inside && dg_path_resolve(root, inside, &path) == 0;
}

static bool has_loader(const char *root, const char *dir)
{
	dg_auto_free char *inside = dg_format("%s/EFI/systemd", dir), *path = NULL;
	char **names;
	bool has = false;

	if (!inside || dg_path_resolve(root, inside, &path) < 0 || dg_dir_list(path, &names) < 0)
		return false;
	for (char **n = names; *n && !has; n++)
		has = dg_startswith(*n, "systemd-boot") && dg_endswith(*n, ".efi");
	dg_strv_free(names);
	return has;
}

static char *find_esp(const char *root)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(partitions); i++)
		if (has_loader(root, partitions[i]))
			return strdup(partitions[i]);
	for (size_t i = 0; i < DG_ARRAY_SIZE(partitions); i++)
		if (is_there(root, partitions[i], "loader/loader.conf"))
			return strdup(partitions[i]);
	return NULL;
}

/* systemd-boot leaves out what has no kernel there. */
static int drop_dangling(const char *root, struct dg_bls *b)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < b->n; i++) {
		dg_auto_free char *release = NULL;
		int e = dg_sdboot_release(root, &b->v[i], &release);

		if (e == -ENOMEM)
			r = e;
		if (e == -ENOENT)
			dg_bls_entry_free(&b->v[i]);
		else
			b->v[n++] = b->v[i];
	}
	b->n = n;
	return r;
}

static int read_entries(const char *root, struct dg_bls *b)
{
	static const char *const kinds[] = { "loader/entries", "EFI/Linux" };
	struct stat seen[DG_ARRAY_SIZE(partitions) * 2], st;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < DG_ARRAY_SIZE(partitions) * 2 && r == 0; i++) {
		dg_auto_free char *inside = dg_format("%s/%s", partitions[i / 2], kinds[i % 2]), *dir = NULL;
		bool again = false;

		if (!inside)
			return -ENOMEM;
		if (dg_path_resolve(root, inside, &dir) < 0 || stat(dir, &st) < 0)
			continue;
		/* /efi may be a link to /boot/efi. */
		for (size_t k = 0; k < n; k++)
			again = again || (seen[k].st_dev == st.st_dev && seen[k].st_ino == st.st_ino);
		seen[n++] = st;
		if (!again)
			r = dg_bls_read(dir, i % 2, b);
	}
	if (r == 0)
		r = drop_dangling(root, b);
	dg_bls_sort(b, dg_bls_compare);
	return r;
}

int dg_sdboot_open(const char *root, struct dg_sdboot *ret)
{
	dg_auto_free char *inside = NULL;
	dg_auto_free void *text = NULL;
	size_t len;
	int r;

	*ret = (struct dg_sdboot){ .esp = find_esp(root) };
	if (!ret->esp)
		return -ENOENT;
	inside = dg_format("%s/loader/loader.conf", ret->esp);
	ret->config = inside ? dg_path_join(root, inside) : NULL;
	r = ret->config ? dg_file_read(ret->config, CONFIG_MAX, &text, &len) : -ENOMEM;
	if (r == 0)
		ret->deflt = dg_sdboot_default(text, len);
	if (r != -ENOMEM)
		r = read_entries(root, &ret->entries);
	if (r < 0)
		dg_sdboot_free(ret);
	return r;
}

void dg_sdboot_free(struct dg_sdboot *s)
{
	free(s->esp);
	free(s->config);
	free(s->deflt);
	dg_bls_free(&s->entries);
	*s = (struct dg_sdboot){ 0 };
}

int dg_sdboot_release(const char *root, const struct dg_bls_entry *e, char **ret)
{
	if (!e->unified)
		return dg_next_release(root, e->kernel, dg_next_dirs, ret);
	*ret = e->release && dg_release_valid(e->release) ? strdup(e->release) : NULL;
	return *ret ? 0 : -ENODATA;
}

static const struct dg_bls_entry *find(const struct dg_sdboot *s, const char *pattern)
{
	for (size_t i = 0; pattern && i < s->entries.n; i++) {
		const struct dg_bls_entry *e = &s->entries.v[i];

		if (fnmatch(pattern, e->id, FNM_CASEFOLD) == 0 || fnmatch(pattern, e->file, FNM_CASEFOLD) == 0)
			return e;
	}
	return NULL;
}

struct choice {
	const struct dg_bls_entry *entry; /* NULL: none, or one that boots no kernel */
	char by[200];			  /* what chose it */
};

struct variables {
	char *once, *deflt, *last;
};

/* systemd-boot's own steps, in its order. */
static struct choice choose(const struct dg_sdboot *s, const struct variables *v)
{
	const struct {
		const char *name, *pattern;
	} steps[] = { { "LoaderEntryOneShot", v->once },
		      { "LoaderEntryDefault", v->deflt },
		      { "loader.conf: default", s->deflt } };
	struct choice c = { 0 };

	for (size_t i = 0; i < DG_ARRAY_SIZE(steps); i++) {
		const char *pattern = steps[i].pattern;
		bool saved = i && pattern && strcasecmp(pattern, "@saved") == 0;

		c.entry = find(s, saved ? v->last : pattern);
		snprintf(c.by, sizeof(c.by), "%s%s%s %s", i == 2 ? s->esp : "", i == 2 ? "/loader/" : "EFI variable ",
			 steps[i].name, pattern ? pattern : "");
		/* Those it makes itself: another system, the firmware's menu. */
		if (c.entry || (pattern && strncasecmp(pattern, "auto-", 5) == 0))
			return c;
	}
	c.entry = s->entries.n ? &s->entries.v[0] : NULL;
	snprintf(c.by, sizeof(c.by), "%s/loader: the first of its menu", s->esp);
	return c;
}

int dg_next_sdboot(const char *root, struct dg_nextboot *n)
{
	struct variables v = { 0 };
	struct dg_sdboot s;
	struct choice c;
	int r = dg_sdboot_open(root, &s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	(void)dg_efivar_string(root, DG_EFI_LOADER, "LoaderEntryOneShot", &v.once);
	(void)dg_efivar_string(root, DG_EFI_LOADER, "LoaderEntryDefault", &v.deflt);
	(void)dg_efivar_string(root, DG_EFI_LOADER, "LoaderEntryLastBooted", &v.last);
	n->loader = "systemd-boot";
	c = choose(&s, &v);
	if (c.entry) {
		dg_next_evidence(n, "%s leads to %s", c.by, c.entry->file);
		r = dg_sdboot_release(root, c.entry, &n->release);
		if (r < 0)
			dg_next_evidence(n, "%s leads to %s, whose kernel does not tell its release", c.by,
					 c.entry->file);
	} else {
		dg_next_evidence(n, s.entries.n ? "%s, which is no kernel's entry" : "%s, and it has no entry", c.by);
	}
	if (v.once && r != -ENOMEM) {
		free(dg_take(v.once));
		c = choose(&s, &v);
		if (c.entry)
			(void)dg_sdboot_release(root, c.entry, &n->after);
		n->once = !n->release || !dg_streq(n->release, n->after);
		if (!n->once)
			free(dg_take(n->after));
	}
	free(v.once);
	free(v.deflt);
	free(v.last);
	dg_sdboot_free(&s);
	return r == -ENOMEM ? r : 1;
}
