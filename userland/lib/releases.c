// SPDX-License-Identifier: GPL-2.0-or-later
#include "releases.h"

#include <errno.h>

#include "fs.h"

/* No system has more kernels; lists of files are long. */
#define MOST 1000
/* PATH_MAX, and a newline. */
#define LINE_MOST 4097

const char *dg_release_named(char *line)
{
	static const char *const images[] = { "vmlinuz-", "vmlinux-", "Image-" };
	char *tree, *base;

	line[strcspn(line, "\r\n")] = '\0';
	tree = strstr(line, "lib/modules/");
	base = strrchr(line, '/');
	base = base ? base + 1 : line;
	if (tree && (tree == line || tree[-1] == '/')) {
		tree += strlen("lib/modules/");
		tree[strcspn(tree, "/")] = '\0';
		return dg_release_valid(tree) ? tree : NULL;
	}
	for (size_t i = 0; i < DG_ARRAY_SIZE(images); i++)
		if (dg_startswith(base, images[i])) {
			base += strlen(images[i]);
			return dg_release_valid(base) ? base : NULL;
		}
	return base == line && dg_release_valid(line) ? line : NULL;
}

static int add_once(char ***v, size_t *n, const char *release)
{
	for (size_t i = 0; i < *n; i++)
		if (dg_streq((*v)[i], release))
			return 0;
	if (*n == MOST)
		return -E2BIG;
	if (DG_GROW(*v, *n) < 0 || !((*v)[*n] = strdup(release)))
		return -ENOMEM;
	++*n;
	return 0;
}

/* One line at a time; the rest of one that no path can have is passed over. */
int dg_releases_read(FILE *from, char ***ret)
{
	char line[LINE_MOST + 1];
	char **v = NULL;
	bool whole = true;
	size_t n = 0;
	int r = 0;

	while (r == 0 && fgets(line, sizeof(line), from)) {
		bool begins = whole;
		const char *release;

		whole = strchr(line, '\n') || feof(from);
		release = begins && whole ? dg_release_named(line) : NULL;
		if (release)
			r = add_once(&v, &n, release);
	}
	if (r == 0 && ferror(from))
		r = -EIO;
	return dg_strv_end(v, n, r, ret);
}
