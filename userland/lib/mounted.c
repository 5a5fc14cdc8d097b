// SPDX-License-Identifier: GPL-2.0-or-later
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fs.h"
#include "modprobe.h"
#include "record.h"
#include "store.h"

#define HEADING "drvguard-mount 1"

/* STORE/mounts/RELEASE/NAME and @suffix. */
static char *path_of(const char *store, const struct dg_kernel *k, const char *name, const char *suffix)
{
	dg_auto_free char *inside = dg_format("%s/mounts/%s", store, k->release);
	dg_auto_free char *dir = inside ? dg_path_join(k->root, inside) : NULL;

	return dir ? dg_format("%s/%s%s", dir, name, suffix) : NULL;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A path out of the root is not one that was recorded. */
static bool climbs(const char *path)
{
	return strstr(path, "/../") || dg_endswith(path, "/..");
}

static bool parse(char *body, const char *root, struct dg_mounted *ret)
{
	const char *sum = dg_record_next(&body, "sha256 ");
	char *target = sum ? dg_record_next(&body, "target ") : NULL;

	if (!target || *body || !dg_record_hex(sum, ret->sha256, 64) || strlen(ret->sha256) != 64 ||
	    !dg_record_unescape(target) || *target != '/' || climbs(target))
		return false;
	ret->target = dg_path_join(root, target);
	return ret->target;
}

/* Another file may be what modprobe takes by now: then the mount is there for nothing. */
static bool is_taken(const struct dg_kernel *k, const char *name, const char *file)
{
	dg_auto_free char *path = NULL;

	return k->modules_dir && dg_modprobe_path(k->modules_dir, name, &path) == 0 && same_file(path, file);
}

int dg_mounted_read(const char *store, const struct dg_kernel *k, const char *name, struct dg_mounted *ret,
		    struct dg_diag *d)
{
	dg_auto_free char *path = path_of(store, k, name, ""), *file = path_of(store, k, name, ".ko"), *body = NULL;
	int r = path && file ? dg_record_read(path, HEADING, &body, d) : -ENOMEM;

	*ret = (struct dg_mounted){ 0 };
	if (r < 0)
		return r;
	if (!parse(body, k->root, ret)) {
		dg_mounted_free(ret);
		return dg_diag_set(d, -EBADMSG, path, "remove it", "is not of a mount's form");
	}
	ret->recorded = true;
	ret->active = same_file(file, ret->target) && is_taken(k, name, file);
	ret->covers = same_file(file, ret->target);
	return 0;
}

void dg_mounted_free(struct dg_mounted *m)
{
	free(m->target);
	*m = (struct dg_mounted){ 0 };
}

static int cover(const char *file, const char *target, struct dg_diag *d)
{
	if (same_file(file, target))
		return 0;
	if (mount(file, target, NULL, MS_BIND, NULL) < 0)
		return dg_diag_errno(d, -errno, target, "mount the driver over it");
	return 0;
}

/* The file modprobe takes now, which is to be covered. */
static size_t root_len(const char *root)
{
	return dg_streq(root, "/") ? 0 : strlen(root);
}

static int find_target(const struct dg_kernel *k, const char *name, char **ret, struct dg_diag *d)
{
	dg_auto_free char *path = NULL;
	int r = k->modules_dir ? dg_modprobe_path(k->modules_dir, name, &path) : -ENOENT;

	/* Physical: through our own link it would be another file once that is switched. A link stays in the root. */
	if (r == 0)
		r = dg_path_resolve(k->root, dg_startswith(path, k->root) ? path + root_len(k->root) : path, ret);
	if (r < 0)
		return dg_diag_set(d, r, name, "stage it without --mount",
				   "%s has no file of it that could be mounted over", k->release);
	/* Told by its name to be packed, a plain file would not be read. */
	if (!dg_endswith(*ret, ".ko"))
		return dg_diag_set(d, -EOPNOTSUPP, *ret, "stage it without --mount",
				   "is compressed: a plain driver mounted over it would not be read");
	return 0;
}

static int save(const char *path, const char *root, const char *sha256, const char *target)
{
	size_t len, skip = dg_streq(root, "/") ? 0 : strlen(root);
	dg_auto_free char *body = NULL;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return -ENOMEM;
	fprintf(f, HEADING "\nsha256 %s\ntarget ", sha256);
	dg_record_put(f, target + (strncmp(target, root, skip) == 0 ? skip : 0));
	fputc('\n', f);
	return fclose(f) != 0 ? -ENOMEM : dg_record_write(path, body);
}

int dg_mounted_set(const char *store, const struct dg_kernel *k, const struct dg_modfile *m, struct dg_diag *d)
{
	dg_auto_free char *path = path_of(store, k, m->name, ""), *file = path_of(store, k, m->name, ".ko");
	dg_auto_free char *store_dir = dg_store_dir(k->root, store), *stored = NULL, *target = NULL;
	int r;

	if (!path || !file || !store_dir)
		return -ENOMEM;
	/* What was mounted before would be taken for the file to cover. */
	r = dg_mounted_drop(store, k, m->name, d);
	if (r == 0)
		r = find_target(k, m->name, &target, d);
	if (r == 0)
		r = dg_store_put(store_dir, m, &stored, d);
	if (r < 0)
		return r;
	/* The record first: a link without one is dropped with the next. */
	r = save(path, k->root, m->sha256, target);
	if (r == 0 && unlink(file) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && link(stored, file) < 0)
		r = -errno;
	if (r < 0)
		return dg_diag_errno(d, r, file, "record the mount");
	return cover(file, target, d);
}

int dg_mounted_again(const char *store, const struct dg_kernel *k, const char *name, struct dg_diag *d)
{
	dg_auto(dg_mounted_free) struct dg_mounted m;
	dg_auto_free char *file = path_of(store, k, name, ".ko");
	int r = dg_mounted_read(store, k, name, &m, d);

	return r < 0 || m.active ? r : cover(file, m.target, d);
}

static int uncover(const char *target, struct dg_diag *d)
{
	/* The very file may stand there unmounted, by a link into the store. */
	if (umount2(target, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
		return dg_diag_errno(d, -errno, target, "unmount the driver from it");
	return 0;
}

/* The record cannot be believed: what modprobe takes is covered, or nothing is. */
static int uncover_found(const struct dg_kernel *k, const char *name, const char *file, struct dg_diag *d)
{
	dg_auto_free char *path = NULL;

	if (!k->modules_dir || dg_modprobe_path(k->modules_dir, name, &path) < 0 || !same_file(file, path))
		return 0;
	return uncover(path, d);
}

int dg_mounted_drop(const char *store, const struct dg_kernel *k, const char *name, struct dg_diag *d)
{
	dg_auto(dg_mounted_free) struct dg_mounted m;
	dg_auto_free char *path = path_of(store, k, name, ""), *file = path_of(store, k, name, ".ko");
	int r = dg_mounted_read(store, k, name, &m, NULL);

	if (!path || !file)
		return -ENOMEM;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		r = uncover_found(k, name, file, d);
	else if (m.covers)
		r = uncover(m.target, d);
	if (r < 0)
		return r;
	r = dg_file_remove(file);
	if (r == 0)
		r = dg_file_remove(path);
	return r < 0 ? dg_diag_errno(d, r, path, "forget the mount") : 0;
}

bool dg_mounted_below(const char *store, const struct dg_kernel *k, const char *dir)
{
	dg_auto_free char *inside = dg_format("%s/mounts/%s", store, k->release);
	dg_auto_free char *home = inside ? dg_path_join(k->root, inside) : NULL;
	dg_auto(dg_strv_freep) char **names = NULL;
	size_t len = strlen(dir);

	if (!home || dg_dir_list(home, &names) < 0)
		return false;
	for (char **n = names; *n; n++) {
		dg_auto(dg_mounted_free) struct dg_mounted m = { 0 };

		if (!dg_endswith(*n, ".ko") && dg_mounted_read(store, k, *n, &m, NULL) == 0 && m.covers &&
		    strncmp(m.target, dir, len) == 0 && m.target[len] == '/')
			return true;
	}
	return false;
}
