// SPDX-License-Identifier: GPL-2.0-or-later
#include "depot.h"

#include <errno.h>
#include <fts.h>
#include <sys/stat.h>

#include "fs.h"
#include "modfile.h"
#include "mounts.h"
#include "probe.h"

static void tell_waiting(const char *root, const char *depot, const char *what, struct dg_diag *why)
{
	dg_auto_free char *mount = NULL;
	char cure[160];

	if (dg_mount_awaited(root, depot, &mount)) {
		snprintf(cure, sizeof(cure), "mount %s", mount);
		dg_diag_set(why, 0, depot, cure, "%s: %s is not mounted yet", what, mount);
	} else {
		dg_diag_set(why, 0, depot, "mount its file system, install the product there, or correct depot =", "%s",
			    what);
	}
}

static void tell_silent(const char *root, const char *depot, int err, struct dg_diag *why)
{
	dg_auto_free char *type = NULL, *mount = NULL;

	if (dg_mount_find(root, depot, &type, &mount))
		dg_diag_set(why, 0, depot, "see to its server or device; drvguard watch looks again",
			    "the depot cannot be reached: %s, of type %s: %s", mount, type, strerror(-err));
	else
		dg_diag_set(why, 0, depot, "see to its server or device; drvguard watch looks again",
			    "the depot cannot be reached: %s", strerror(-err));
}

int dg_depot_find(const char *root, const char *depot, enum dg_depot_state *ret, char **ret_dir, struct dg_diag *why)
{
	dg_auto_free char *dir = NULL;
	struct dg_probe probe;
	char **names;
	int r = dg_probe(root, depot, &probe);

	if (dg_probe_is_silence(r) || (r == -ENOENT && dg_mount_is_automount(root, depot))) {
		tell_silent(root, depot, r, why);
		*ret = DG_DEPOT_SILENT;
		return 0;
	}
	r = dg_path_resolve(root, depot, &dir);
	if (r == -ENOENT) {
		tell_waiting(root, depot, "the depot is not there", why);
		*ret = DG_DEPOT_ABSENT;
		return 0;
	}
	if (r == 0)
		r = dg_dir_list(dir, &names);
	if (r == -ENOTDIR)
		return dg_diag_set(why, r, depot, "name a directory in depot =", "the depot is not a directory");
	if (r < 0)
		return dg_diag_errno(why, r, depot, "read the depot");
	*ret = DG_DEPOT_PRESENT;
	/* A fresh file system has only this one. */
	if (!names[0] || (dg_streq(names[0], "lost+found") && !names[1])) {
		tell_waiting(root, depot, "the depot is empty", why);
		*ret = DG_DEPOT_EMPTY;
	}
	dg_strv_free(names);
	if (*ret == DG_DEPOT_PRESENT)
		*ret_dir = dg_take(dir);
	return 0;
}

/* A link in a depot: to a file in the same root it is as good as one. */
static int visit_link(const char *root, const char *path, dg_depot_fn fn, void *data)
{
	dg_auto_free char *real = NULL;
	size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
	struct dg_diag bad;
	struct stat st;
	int r = dg_path_resolve(root, path + skip, &real);

	if (r == 0 && stat(real, &st) == 0 && S_ISREG(st.st_mode))
		return fn(real, 0, NULL, data);
	if (r == -ELOOP)
		dg_diag_set(&bad, r, path, "remove the link", "a link that leads round to itself");
	else if (r == -ENOENT)
		dg_diag_set(&bad, r, path, "remove the link, or restore what it leads to",
			    "a link that leads to no file");
	else if (r < 0)
		dg_diag_errno(&bad, r, path, "follow the link");
	else
		dg_diag_set(&bad, -EISDIR, path, "remove it, or rename it", "leads to no regular file");
	return fn(path, r < 0 ? r : -EISDIR, &bad, data);
}

static int visit(const char *root, const FTSENT *e, dg_depot_fn fn, void *data)
{
	struct dg_diag bad;
	bool named = dg_modfile_is_named(e->fts_name);

	switch (e->fts_info) {
	case FTS_DEFAULT:
		if (!named)
			return 0;
		/* Not opened: with some devices that alone does something. */
		dg_diag_set(&bad, -ENXIO, e->fts_path, "remove it", "no regular file");
		return fn(e->fts_path, -ENXIO, &bad, data);
	case FTS_F:
		return named ? fn(e->fts_path, 0, NULL, data) : 0;
	case FTS_SL:
	case FTS_SLNONE:
		return named ? visit_link(root, e->fts_path, fn, data) : 0;
	case FTS_D:
		if (!named)
			return 0;
		dg_diag_set(&bad, -EISDIR, e->fts_path, "remove it, or rename it", "a directory named like a driver");
		return fn(e->fts_path, -EISDIR, &bad, data);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		dg_diag_errno(&bad, -e->fts_errno, e->fts_path, "read");
		return fn(e->fts_path, -e->fts_errno, &bad, data);
	default:
		return 0;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return dg_version_compare((*a)->fts_name, (*b)->fts_name);
}

int dg_depot_walk(const char *root, const char *dir, dg_depot_fn fn, void *data, struct dg_diag *d)
{
	dg_auto_free char *copy = strdup(dir);
	char *const roots[] = { copy, NULL };
	FTS *fts = copy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
	FTSENT *e;
	int r = 0;

	if (!fts)
		return dg_diag_errno(d, copy ? -errno : -ENOMEM, dir, "read");
	while (r >= 0 && (e = fts_read(fts)))
		r = visit(root, e, fn, data);
	fts_close(fts);
	return r < 0 ? r : 0;
}
