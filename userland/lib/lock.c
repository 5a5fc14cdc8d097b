// SPDX-License-Identifier: GPL-2.0-or-later
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

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

int dg_lock_take(const char *root, const char *store, int *ret_fd, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_path_join(root, store), *path = dir ? dg_format("%s/lock", dir) : NULL;
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
		if (r == -EBUSY)
			return dg_diag_set(d, r, path, "let it finish, then run again", "another drvguard is at work");
		return dg_diag_errno(d, r, path, "take the lock");
	}
	*ret_fd = fd;
	return 0;
}
