// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fs.h"

#define LIMIT_MS 3000

struct answer {
	int err;
	struct dg_probe probe;
};

static int look(const char *root, const char *path, struct dg_probe *ret)
{
	dg_auto_free char *dir = NULL;
	struct statx st = { 0 };
	int fd, r = dg_path_resolve(root, path, &dir);
	DIR *d;

	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret = (struct dg_probe){ .mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
				  .device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
				  .inode = st.stx_ino,
				  .changed = st.stx_ctime.tv_sec,
				  .changed_ns = st.stx_ctime.tv_nsec };
	/* A name that is cached can be opened long after the server went. */
	d = fdopendir(fd);
	errno = 0;
	return d && (readdir(d) || !errno) ? 0 : -errno;
}

/* What the child has must not outlive us in it, the writers' lock above all. */
static void close_others(unsigned int keep)
{
	if (keep > 3)
		(void)syscall(SYS_close_range, 3, keep - 1, 0);
	(void)syscall(SYS_close_range, keep + 1, ~0U, 0);
}

static void child(const char *root, const char *path, pid_t parent, int out)
{
	struct answer a = { 0 };

	close_others((unsigned int)out);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent) {
		a.err = look(root, path, &a.probe);
		(void)!write(out, &a, sizeof(a));
	}
	_exit(0);
}

/* It may be past killing, too: then it is left to whoever comes after us. */
static void end(pid_t pid, bool answered)
{
	if (!answered)
		kill(pid, SIGKILL);
	for (int i = 0; waitpid(pid, NULL, answered ? 0 : WNOHANG) == 0 && i < 20; i++)
		usleep(10000);
}

int dg_probe(const char *root, const char *path, struct dg_probe *ret)
{
	struct answer a = { .err = -ETIMEDOUT };
	struct pollfd p = { .events = POLLIN };
	dg_auto_close int in = -1, out = -1;
	pid_t pid, self = getpid();
	int fds[2], n;

	*ret = (struct dg_probe){ 0 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	p.fd = in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(root, path, self, out);
	close(out);
	out = -1;
	do
		n = poll(&p, 1, LIMIT_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0 && read(in, &a, sizeof(a)) != sizeof(a))
		a = (struct answer){ .err = -EIO };
	end(pid, n > 0);
	*ret = a.probe;
	return a.err;
}

bool dg_probe_is_silence(int err)
{
	static const int silent[] = { ETIMEDOUT,    EHOSTDOWN,	 ENODEV,   ENXIO,	 ENOMEDIUM,
				      EHOSTUNREACH, ENETUNREACH, ENETDOWN, ECONNREFUSED, ECONNRESET,
				      ECONNABORTED, ENOTCONN,	 ESTALE,   ECANCELED,	 EREMOTEIO };

	for (size_t i = 0; i < DG_ARRAY_SIZE(silent); i++)
		if (err == -silent[i])
			return true;
	return false;
}
