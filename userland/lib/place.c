// SPDX-License-Identifier: GPL-2.0-or-later
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fs.h"

const char *dg_place_state_name(enum dg_place_state s)
{
	static const char *const names[] = { "empty", "right", "stale", "foreign" };

	return names[s];
}

/* The place's physical path: its directory resolved, its last part as it is. */
static int physical(const char *root, const char *path, bool make, char **ret)
{
	dg_auto_free char *copy = strdup(path), *full = NULL, *real = NULL;
	const char *dir, *leaf = strrchr(path, '/');
	int r;

	if (!copy || !leaf)
		return -ENOMEM;
	dir = dirname(copy);
	r = dg_path_resolve(root, dir, &real);
	if (r == -ENOENT && make) {
		full = dg_path_join(root, dir);
		r = full ? dg_dir_make(full) : -ENOMEM;
		if (r == 0)
			r = dg_path_resolve(root, dir, &real);
	}
	if (r < 0)
		return r;
	*ret = dg_format("%s%s", dg_streq(real, "/") ? "" : real, leaf);
	return *ret ? 0 : -ENOMEM;
}

static enum dg_place_state look(const char *real, const char *staged)
{
	dg_auto_free char *text = NULL;
	struct stat st, want;

	if (lstat(real, &st) < 0)
		return DG_PLACE_EMPTY;
	if (!S_ISLNK(st.st_mode) || dg_link_get(real, &text) < 0)
		return DG_PLACE_FOREIGN;
	if (staged && stat(real, &st) == 0 && stat(staged, &want) == 0 && st.st_ino == want.st_ino &&
	    st.st_dev == want.st_dev)
		return DG_PLACE_RIGHT;
	/* Into some kernel's tree of modules, as all our own. */
	return strstr(text, "modules/") && dg_endswith(text, ".ko") ? DG_PLACE_STALE : DG_PLACE_FOREIGN;
}

int dg_place_look(const char *root, const char *path, const char *staged, enum dg_place_state *ret)
{
	dg_auto_free char *real = NULL;
	int r = physical(root, path, false, &real);

	if (r < 0 && r != -ENOENT)
		return r;
	*ret = r < 0 ? DG_PLACE_EMPTY : look(real, staged);
	return 0;
}

static int move_aside(const char *real, char **ret_saved, struct dg_diag *d)
{
	for (int n = 0; n < 100; n++) {
		dg_auto_free char *to =
			n ? dg_format("%s.drvguard-saved.%d", real, n) : dg_format("%s.drvguard-saved", real);

		if (!to)
			return -ENOMEM;
		/* Not over anything: what was saved before is somebody's too. */
		if (renameat2(AT_FDCWD, real, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
			*ret_saved = dg_take(to);
			return 0;
		}
		if (errno != EEXIST)
			return dg_diag_errno(d, -errno, real, "move the file aside");
	}
	return dg_diag_set(d, -EEXIST, real, "remove some of its .drvguard-saved copies",
			   "cannot be moved aside: a hundred saved copies already");
}

/* Through the generation's link, not to the file behind it, so that the next generation needs no new link. */
static int link_to(const char *real, const char *staged, struct dg_diag *d)
{
	dg_auto_free char *copy = strdup(real), *text = NULL;
	int r = copy ? dg_path_relative(dirname(copy), staged, &text) : -ENOMEM;

	if (r == 0)
		r = dg_link_set(real, text);
	return r < 0 ? dg_diag_errno(d, r, real, "link to the staged driver") : 0;
}

int dg_place_set(const char *root, const char *path, const char *staged, char **ret_saved, struct dg_diag *d)
{
	dg_auto_free char *real = NULL;
	enum dg_place_state state;
	int r = physical(root, path, staged != NULL, &real);

	*ret_saved = NULL;
	if (r == -ENOENT && !staged)
		return 0;
	if (r < 0)
		return dg_diag_errno(d, r, path, "look at the fixed place");
	state = look(real, staged);
	if (state == DG_PLACE_FOREIGN)
		r = move_aside(real, ret_saved, d);
	if (r < 0 || state == DG_PLACE_RIGHT)
		return r;
	if (staged)
		return link_to(real, staged, d);
	if (state == DG_PLACE_STALE && unlink(real) < 0)
		return dg_diag_errno(d, -errno, real, "remove the stale link");
	return 0;
}
