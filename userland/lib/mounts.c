// SPDX-License-Identifier: GPL-2.0-or-later
#include "mounts.h"

#include <errno.h>
#include <libgen.h>
#include <libmount/libmount.h>
#include <poll.h>
#include <sys/inotify.h>

struct dg_mounts {
	struct libmnt_monitor *monitor;
	int monitor_fd, inotify_fd;
};

/* One `mount` or one `cp -r` makes a burst of events; look once it is quiet. */
#define QUIET_MS 200
/* But not later than this: a depot may be written to for ever. */
#define QUIET_ROUNDS 10

int dg_mounts_new(struct dg_mounts **ret)
{
	dg_auto(dg_mounts_freep) struct dg_mounts *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->inotify_fd < 0)
		return -errno;
	m->monitor = mnt_new_monitor();
	if (!m->monitor)
		return -ENOMEM;
	if (mnt_monitor_enable_kernel(m->monitor, 1) < 0)
		return -EIO;
	m->monitor_fd = mnt_monitor_get_fd(m->monitor);
	if (m->monitor_fd < 0)
		return m->monitor_fd;
	*ret = dg_take(m);
	return 0;
}

void dg_mounts_free(struct dg_mounts *m)
{
	if (!m)
		return;
	if (m->monitor)
		mnt_unref_monitor(m->monitor);
	if (m->inotify_fd >= 0)
		close(m->inotify_fd);
	free(m);
}

void dg_mounts_freep(struct dg_mounts **m)
{
	dg_mounts_free(*m);
}

int dg_mounts_watch(struct dg_mounts *m, const char *path)
{
	dg_auto_free char *copy = strdup(path);
	char *p = copy;

	if (!copy)
		return -ENOMEM;
	while (inotify_add_watch(m->inotify_fd, p,
				 IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_ONLYDIR) < 0) {
		if (errno == ENOSPC || errno == ENOMEM)
			return -errno;
		if (strcmp(p, "/") == 0 || strcmp(p, ".") == 0)
			return -errno;
		p = dirname(p);
	}
	return 0;
}

void dg_mounts_forget(struct dg_mounts *m)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	/* Without a new one the old watches stay, which costs a needless look at most. */
	if (fd < 0)
		return;
	close(m->inotify_fd);
	m->inotify_fd = fd;
}

static void drain(struct dg_mounts *m)
{
	char buf[4096];

	while (mnt_monitor_next_change(m->monitor, NULL, NULL) == 0)
		;
	while (read(m->inotify_fd, buf, sizeof(buf)) > 0)
		;
}

int dg_mounts_wait(struct dg_mounts *m, int stop_fd, int seconds)
{
	struct pollfd fds[] = { { .fd = stop_fd, .events = POLLIN },
				{ .fd = m->monitor_fd, .events = POLLIN },
				{ .fd = m->inotify_fd, .events = POLLIN } };
	int timeout = seconds < 0 ? -1 : seconds * 1000;
	enum dg_mounts_event event = DG_MOUNTS_LATER;

	for (int round = 0; round < QUIET_ROUNDS;) {
		int n = poll(fds, DG_ARRAY_SIZE(fds), timeout);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return event;
		if (fds[0].revents)
			return DG_MOUNTS_STOP;
		if (fds[2].revents)
			event = DG_MOUNTS_FILLED;
		else if (event == DG_MOUNTS_LATER)
			event = DG_MOUNTS_CHANGED;
		drain(m);
		timeout = QUIET_MS;
		round++;
	}
	return event;
}

/* Whether the file system mounted on @target holds @path, by its name. */
static bool covers(const char *target, const char *path)
{
	size_t n = strlen(target);

	return n == 1 || (strncmp(path, target, n) == 0 && (!path[n] || path[n] == '/'));
}

bool dg_mount_find(const char *root, const char *path, char **ret_type, char **ret_target)
{
	struct libmnt_table *mounted = strcmp(root, "/") == 0 ? mnt_new_table_from_file("/proc/self/mountinfo") : NULL;
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs, *best = NULL;

	/* Of several at one place the last is on top. */
	while (mounted && iter && mnt_table_next_fs(mounted, iter, &fs) == 0)
		if (mnt_fs_get_target(fs) && covers(mnt_fs_get_target(fs), path) &&
		    (!best || strlen(mnt_fs_get_target(fs)) >= strlen(mnt_fs_get_target(best))))
			best = fs;
	if (best) {
		*ret_type = strdup(mnt_fs_get_fstype(best) ? mnt_fs_get_fstype(best) : "unknown");
		*ret_target = strdup(mnt_fs_get_target(best));
	}
	mnt_free_iter(iter);
	mnt_unref_table(mounted);
	return best && *ret_type && *ret_target;
}

bool dg_mount_is_automount(const char *root, const char *path)
{
	dg_auto_free char *type = NULL, *target = NULL;

	return dg_mount_find(root, path, &type, &target) && dg_streq(type, "autofs");
}

/* fstab entries of a live system only: another root's mounts are not ours to judge. */
bool dg_mount_awaited(const char *root, const char *path, char **ret)
{
	struct libmnt_table *fstab = NULL, *mounted = NULL;
	struct libmnt_iter *iter = NULL;
	struct libmnt_fs *fs;
	bool found = false;

	if (strcmp(root, "/") != 0)
		return false;
	fstab = mnt_new_table_from_file("/etc/fstab");
	mounted = mnt_new_table_from_file("/proc/self/mountinfo");
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	while (fstab && mounted && iter && mnt_table_next_fs(fstab, iter, &fs) == 0) {
		const char *target = mnt_fs_get_target(fs);

		if (!target || strlen(target) < 2 || !covers(target, path))
			continue;
		if (mnt_table_find_target(mounted, target, MNT_ITER_BACKWARD))
			continue;
		free(*ret);
		*ret = strdup(target);
		found = *ret;
		break;
	}
	mnt_free_iter(iter);
	mnt_unref_table(fstab);
	mnt_unref_table(mounted);
	return found;
}
