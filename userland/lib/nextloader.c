// SPDX-License-Identifier: GPL-2.0-or-later
#include "nextloader.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "fs.h"
#include "kernel.h"
#include "kflat.h"
#include "kimage.h"

#define COMPONENTS_MAX 8

const char *const dg_next_dirs[] = { "", "/boot", "/efi", "/boot/efi", NULL };

void dg_next_evidence(struct dg_nextboot *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(n->evidence, sizeof(n->evidence), fmt, ap);
	va_end(ap);
	dg_printable(n->evidence);
}

int dg_next_candidate(struct dg_nextboot *n, const char *release)
{
	size_t count = 0, at = 0;
	char **v, *copy;

	for (; n->candidates && n->candidates[count]; count++) {
		int c = dg_version_compare(n->candidates[count], release);

		if (dg_streq(n->candidates[count], release))
			return 0;
		at += c < 0;
	}
	v = realloc(n->candidates, (count + 2) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	n->candidates = v;
	v[count] = NULL;
	copy = strdup(release);
	if (!copy)
		return -ENOMEM;
	memmove(v + at + 1, v + at, (count - at + 1) * sizeof(*v));
	v[at] = copy;
	return 0;
}

void dg_next_clear(struct dg_nextboot *n)
{
	free(n->release);
	free(n->after);
	dg_strv_free(n->candidates);
	*n = (struct dg_nextboot){ 0 };
}

/* "RELEASE (builder) #1 …" that the image itself carries. */
static int by_banner(const char *file, char **ret)
{
	dg_auto_free char *banner = NULL;
	dg_auto_free void *data = NULL;
	size_t len;
	int r = dg_file_read_start(file, DG_KIMAGE_BANNER_END, &data, &len);

	if (r == 0 && dg_kflat_is(data, len)) {
		free(dg_take(data));
		r = dg_file_read(file, DG_KIMAGE_MAX, &data, &len);
	}
	if (r == 0)
		r = dg_kimage_banner(data, len, &banner);
	if (r < 0)
		return r == -ENOMEM ? r : -ENODATA;
	*ret = strndup(banner, strcspn(banner, " "));
	return *ret ? 0 : -ENOMEM;
}

static int by_name(const char *file, char **ret)
{
	static const char *const prefixes[] = { "vmlinuz-", "vmlinux-", "kernel-", "linux-", "Image-" };
	const char *name = strrchr(file, '/') + 1;

	for (size_t i = 0; i < DG_ARRAY_SIZE(prefixes); i++)
		if (dg_startswith(name, prefixes[i]) && dg_release_valid(name + strlen(prefixes[i]))) {
			*ret = strdup(name + strlen(prefixes[i]));
			return *ret ? 0 : -ENOMEM;
		}
	return -ENODATA;
}

/* An installed kernel of the same bytes. */
static int by_content(const char *root, const char *file, char **ret)
{
	dg_auto_free void *data = NULL;
	char **v = NULL;
	size_t len;
	int r = dg_file_read(file, DG_KIMAGE_MAX, &data, &len);

	if (r == 0)
		r = dg_kernel_list(root, &v);
	if (r == 0)
		r = -ENODATA;
	for (char **p = v; p && *p && r == -ENODATA; p++) {
		dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;

		if (dg_kernel_open(root, *p, &k, NULL) < 0 || !k->image || !dg_file_has(k->image, data, len))
			continue;
		*ret = strdup(*p);
		r = *ret ? 0 : -ENOMEM;
	}
	dg_strv_free(v);
	return r == -ENOMEM ? r : *ret ? 0 : -ENODATA;
}

static int find_file(const char *root, const char *path, const char *const *dirs, char **ret)
{
	for (unsigned int i = 0; path && *path == '/' && i < COMPONENTS_MAX; path = strchr(path + 1, '/'), i++)
		for (const char *const *dir = dirs; *dir; dir++) {
			dg_auto_free char *inside = dg_format("%s%s", *dir, path), *file = NULL;
			struct stat st;
			int r = inside ? dg_path_resolve(root, inside, &file) : -ENOMEM;

			if (r == -ENOMEM)
				return r;
			if (r == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
				*ret = dg_take(file);
				return 0;
			}
		}
	return -ENOENT;
}

int dg_next_release(const char *root, const char *path, const char *const *dirs, char **ret)
{
	dg_auto_free char *whole = NULL, *file = NULL;
	const char *close = *path == '(' ? strchr(path, ')') : NULL;
	int r;

	path = close ? close + 1 : path;
	whole = dg_format("%s%s", *path == '/' ? "" : "/", path);
	r = whole ? find_file(root, whole, dirs, &file) : -ENOMEM;
	*ret = NULL;
	if (r == 0)
		r = by_banner(file, ret);
	if (r == -ENODATA)
		r = by_name(file, ret);
	if (r == -ENODATA)
		r = by_content(root, file, ret);
	if (r == 0 && !dg_release_valid(*ret)) {
		free(dg_take(*ret));
		r = -ENODATA;
	}
	return r;
}
