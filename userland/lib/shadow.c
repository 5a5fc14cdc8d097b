// SPDX-License-Identifier: GPL-2.0-or-later
#include "shadow.h"

#include "fs.h"
#include "modprobe.h"

#define BLANKS " \t\n"

/* "override NAME RELEASE|* DIRECTORY", depmod.d(5). */
static bool is_override(char *line, const struct dg_kernel *k, const char *name, const char *below)
{
	char *save = NULL, *word = strtok_r(line, BLANKS, &save), *module = word ? strtok_r(NULL, BLANKS, &save) : NULL,
	     *release = module ? strtok_r(NULL, BLANKS, &save) : NULL,
	     *dir = release ? strtok_r(NULL, BLANKS, &save) : NULL;

	return dir && dg_streq(word, "override") && dg_modname_equal(module, name) &&
	       (dg_streq(release, "*") || dg_streq(release, k->release)) && dg_startswith(below, dir) &&
	       below[strlen(dir)] == '/';
}

/* The number of the line that does it; 0: none. */
static unsigned int override_in(const char *path, const struct dg_kernel *k, const char *name, const char *below)
{
	dg_auto_fclose FILE *f = fopen(path, "re");
	dg_auto_free char *line = NULL;
	unsigned int number = 0;
	size_t room = 0;

	while (f && getline(&line, &room, f) >= 0) {
		number++;
		if (is_override(line, k, name, below))
			return number;
	}
	return 0;
}

static bool find_override(const char *dir, const struct dg_kernel *k, const char *name, const char *below, char *buf,
			  size_t size)
{
	char **names;

	if (dg_dir_list(dir, &names) < 0)
		return false;
	for (char **n = names; *n && !*buf; n++) {
		dg_auto_free char *path = dg_endswith(*n, ".conf") ? dg_format("%s/%s", dir, *n) : NULL;
		unsigned int line = path ? override_in(path, k, name, below) : 0;

		if (line)
			snprintf(buf, size, "by the override in line %u of %s", line, path);
	}
	dg_strv_free(names);
	return *buf;
}

static bool is_link(const char *path)
{
	dg_auto_free char *text = NULL;

	return dg_link_get(path, &text) == 0;
}

void dg_shadow_describe(const struct dg_kernel *k, const char *name, const char *path, char *buf, size_t size)
{
	const char *below = k->modules_dir && dg_startswith(path, k->modules_dir) ? path + strlen(k->modules_dir) : "";

	*buf = '\0';
	below += *below == '/';
	for (const char *const *d = dg_depmod_dirs; *d && !*buf; d++) {
		dg_auto_free char *dir = NULL;

		if (dg_path_resolve(k->root, *d, &dir) == 0)
			(void)find_override(dir, k, name, below, buf, size);
	}
	if (*buf)
		return;
	if (dg_startswith(below, "updates/dkms/"))
		snprintf(buf, size, "of DKMS, whose dkms remove takes it away");
	else if (dg_startswith(below, "weak-updates/"))
		snprintf(buf, size, "%s of weak-modules", is_link(path) ? "a link" : "a file");
}
