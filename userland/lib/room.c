// SPDX-License-Identifier: GPL-2.0-or-later
#include "room.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs.h"
#include "modprobe.h"

/* For directories, records, the manifest, and the index files depmod makes beside the old. */
#define SLACK_BYTES ((uint64_t)1 << 20)
#define SLACK_FILES 32

struct place {
	char *path; /* the nearest there is */
	dev_t device;
	uint64_t bytes, files;
};

static void forget(struct place *p)
{
	free(p->path);
}

/* The directory that is there already on the way to @path. */
static int nearest(const char *path, struct place *ret)
{
	struct stat st;

	ret->path = strdup(path);
	if (!ret->path)
		return -ENOMEM;
	while (stat(ret->path, &st) < 0) {
		if (errno != ENOENT || dg_streq(ret->path, "/"))
			return -errno;
		dirname(ret->path);
	}
	ret->device = st.st_dev;
	return 0;
}

static int check(const struct place *p, struct dg_diag *d)
{
	struct statvfs st;
	uint64_t have;

	if (statvfs(p->path, &st) < 0)
		return dg_diag_errno(d, -errno, p->path, "look for free space");
	if (st.f_flag & ST_RDONLY)
		return dg_diag_set(d, -EROFS, p->path, "remount it read-write for the change; nothing was changed",
				   "is on a read-only file system");
	if (access(p->path, W_OK) < 0)
		return dg_diag_set(d, -errno, p->path, "run as root; nothing was changed", "may not be written: %s",
				   strerror(errno));
	have = (uint64_t)st.f_bavail * st.f_frsize;
	if (have < p->bytes)
		return dg_diag_set(d, -ENOSPC, p->path,
				   "free some space on that file system and run again; nothing was changed",
				   "needs %llu KiB there, %llu KiB are free", (unsigned long long)(p->bytes >> 10),
				   (unsigned long long)(have >> 10));
	/* btrfs has no number of inodes, and says 0. */
	if (st.f_files && st.f_favail < p->files)
		return dg_diag_set(d, -ENOSPC, p->path,
				   "remove some files on that file system and run again; nothing was changed",
				   "needs %llu inodes there, %llu are free", (unsigned long long)p->files,
				   (unsigned long long)st.f_favail);
	return 0;
}

/* What lies on one file system has to find room there together. */
static void add_up(struct place *v, size_t n)
{
	/* The last first, so that none is added that others were added to. */
	for (size_t i = n; i-- > 0;)
		for (size_t j = 0; j < i; j++)
			if (v[i].path && v[j].path && v[i].device == v[j].device) {
				v[i].bytes += v[j].bytes;
				v[i].files += v[j].files;
			}
}

int dg_room_check(const struct dg_room *r, struct dg_diag *d)
{
	dg_auto_free char *store = dg_path_join(r->root, r->store);
	const char *const paths[] = { store, r->kernel->modules_dir, r->boot };
	struct place v[3] = {
		{ .bytes = SLACK_BYTES + r->bytes, .files = SLACK_FILES + 2 * r->files },
		{ .bytes = SLACK_BYTES + (r->kernel->modules_dir ? dg_depmod_needs(r->kernel->modules_dir) : 0),
		  .files = SLACK_FILES },
		{ .bytes = r->boot_bytes, .files = 2 },
	};
	int err = store ? 0 : -ENOMEM;

	for (size_t i = 0; i < 3 && err == 0; i++)
		if (paths[i])
			err = nearest(paths[i], &v[i]);
	if (err < 0)
		dg_diag_errno(d, err, store, "look for free space");
	add_up(v, 3);
	for (size_t i = 0; i < 3 && err == 0; i++)
		if (v[i].path)
			err = check(&v[i], d);
	for (size_t i = 0; i < 3; i++)
		forget(&v[i]);
	return err;
}
