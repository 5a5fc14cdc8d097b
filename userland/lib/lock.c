// SPDX-License-Identifier: GPL-2.0-or-later
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs.h"

/* A run takes seconds; a boot unit and a person may meet. */
#define PATIENCE_SECONDS 60

static int wait_for(int fd)
{
	for (int i = 0; i < PATIENCE_SECONDS * 10; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		usleep(100000);
	}
	return -EBUSY;
}

/* Who holds it, for a person: "process 123 (drvguard)". By /proc/locks, where it can be told. */
static void holder(const char *path, char *buf, size_t size)
{
	dg_auto_fclose FILE *f = fopen("/proc/locks", "re");
	struct stat st;
	char line[200];

	snprintf(buf, size, "another drvguard");
	if (!f || stat(path, &st) < 0)
		return;
	while (fgets(line, sizeof(line), f)) {
		unsigned int major, minor;
		unsigned long long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s WRITE %d %x:%x:%llu", &pid, &major, &minor, &inode) == 4 && pid > 0 &&
		    inode == st.st_ino && makedev(major, minor) == st.st_dev) {
			snprintf(buf, size, "another drvguard, process %d,", pid);
			return;
		}
	}
}

int dg_lock_take(const char *root, const char *store, int *ret_fd, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_path_join(root, store), *path = dir ? dg_format("%s/lock", dir) : NULL;
	char who[80];
	int fd, r;

	if (!path)
		return -ENOMEM;
	r = dg_dir_make(dir);
	if (r < 0)
		return dg_diag_errno(d, r, dir, "make the store");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return dg_diag_errno(d, -errno, path, "open the lock");
	r = wait_for(fd);
	if (r < 0) {
		close(fd);
		if (r == -EBUSY) {
			holder(path, who, sizeof(who));
			return dg_diag_set(d, r, path, "let it finish, then run again", "%s is at work", who);
		}
		return dg_diag_errno(d, r, path, "take the lock");
	}
	*ret_fd = fd;
	return 0;
}
