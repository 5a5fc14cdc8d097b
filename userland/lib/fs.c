// SPDX-License-Identifier: GPL-2.0-or-later
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int dg_path_resolve(const char *root, const char *path, char **ret)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	dg_auto_close int dir = -1, fd = -1;
	char proc[64], real[PATH_MAX];
	ssize_t n;

	if (!root || strcmp(root, "/") == 0) {
		*ret = realpath(path, NULL);
		return *ret ? 0 : -errno;
	}
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, real, sizeof(real) - 1);
	if (n < 0)
		return -errno;
	real[n] = '\0';
	*ret = strdup(real);
	return *ret ? 0 : -ENOMEM;
}

/* When @path[@done] begins with the name of a dangling link: the path with the link's text for it. */
static char *through_link(const char *real, const char *path, size_t done)
{
	size_t name = strcspn(path + done + 1, "/");
	dg_auto_free char *link = dg_format("%s/%.*s", real, (int)name, path + done + 1), *text = NULL;
	const char *rest = path + done + 1 + name;

	if (!link || dg_link_get(link, &text) < 0)
		return NULL;
	if (text[0] == '/')
		return dg_format("%s%s", text, rest);
	return dg_format("%.*s/%s%s", (int)done, path, text, rest);
}

char *dg_path_join(const char *root, const char *path)
{
	dg_auto_free char *wanted = strdup(path);

	if (!wanted || strcmp(root, "/") == 0)
		return dg_take(wanted);
	for (int links = 0; links < 16; links++) {
		dg_auto_free char *part = strdup(wanted), *real = NULL, *through = NULL;
		size_t done;

		/* The longest part that exists, as a process with that root would find it. */
		while (part && *part && dg_path_resolve(root, part, &real) < 0)
			*strrchr(part, '/') = '\0';
		if (!part)
			return NULL;
		done = strlen(part);
		if (wanted[done])
			through = through_link(real ? real : root, wanted, done);
		if (!through)
			return dg_format("%s%s", real ? real : root, wanted + done);
		free(wanted);
		wanted = dg_take(through);
	}
	/* A ring of links: what nothing can be, be it a file or a directory. */
	return strdup("/dev/null/a-ring-of-links");
}

int dg_path_relative(const char *dir, const char *target, char **ret)
{
	size_t same = 0, i, ups = 0;
	char *text, *p;

	for (i = 0; dir[i] && dir[i] == target[i]; i++)
		if (dir[i] == '/')
			same = i;
	if (!dir[i] && target[i] == '/')
		same = i;
	for (i = same; dir[i]; i++)
		if (dir[i] == '/' && dir[i + 1] && dir[i + 1] != '/')
			ups++;
	if (target[same] == '/')
		same++;
	text = malloc(ups * 3 + strlen(target + same) + 1);
	if (!text)
		return -ENOMEM;
	for (p = text, i = 0; i < ups; i++)
		p = stpcpy(p, "../");
	strcpy(p, target + same);
	*ret = text;
	return 0;
}

/* O_NONBLOCK: a FIFO in a depot must not hold us up. */
static int open_regular(const char *path, int *ret_fd, size_t *ret_size)
{
	dg_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return -ENXIO;
	*ret_size = (size_t)st.st_size;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Where bytes go: into a room, or a block of their own. */
static char *more_room(struct dg_arena *room, char *old, size_t len, size_t size)
{
	char *p;

	if (!room)
		return realloc(old, size);
	p = dg_arena_take(room, size);
	return p && old ? memcpy(p, old, len) : p;
}

/* Reads to the end or to @max; a size of 0, as in /proc and /sys, is a wrong one. *ret is the caller's even so. */
static int read_up_to(int fd, size_t size, size_t max, struct dg_arena *in, char **ret, size_t *ret_len)
{
	/* One byte more than there should be: to see the end without room for another. */
	size_t len = 0, room = size && size < max ? size + 1 : 4096;

	if (room > max)
		room = max;
	*ret = more_room(in, NULL, 0, room + 1);
	while (*ret && len < max) {
		ssize_t n = read(fd, *ret + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		/* All of it, and room was left: that was the end. */
		if (size && len >= size && len < room)
			break;
		if (len == room && len < max) {
			char *p = more_room(in, *ret, len, (room = room * 2 < max ? room * 2 : max) + 1);

			if (!p)
				return -ENOMEM;
			*ret = p;
		}
	}
	if (!*ret)
		return -ENOMEM;
	(*ret)[len] = '\0';
	*ret_len = len;
	return 0;
}

static int read_whole(const char *path, size_t max, struct dg_arena *in, char **ret, size_t *ret_len)
{
	dg_auto_close int fd = -1;
	size_t size;
	int r = open_regular(path, &fd, &size);

	if (r == 0 && size > max)
		r = -EFBIG;
	if (r == 0)
		r = read_up_to(fd, size, max + 1, in, ret, ret_len);
	return r == 0 && *ret_len > max ? -EFBIG : r;
}

int dg_file_read(const char *path, size_t max, void **ret, size_t *ret_len)
{
	dg_auto_free char *buf = NULL;
	size_t len;
	int r = read_whole(path, max, NULL, &buf, &len);

	if (r < 0)
		return r;
	*ret = dg_take(buf);
	*ret_len = len;
	return 0;
}

int dg_file_read_into(const char *path, size_t max, struct dg_arena *in, void **ret, size_t *ret_len)
{
	char *buf = NULL;
	int r = read_whole(path, max, in, &buf, ret_len);

	if (r == 0)
		*ret = buf;
	return r;
}

int dg_file_read_start(const char *path, size_t max, void **ret, size_t *ret_len)
{
	dg_auto_close int fd = -1;
	dg_auto_free char *buf = NULL;
	size_t size;
	int r = open_regular(path, &fd, &size);

	if (r == 0)
		r = read_up_to(fd, size, max, NULL, &buf, ret_len);
	if (r == 0)
		*ret = dg_take(buf);
	return r;
}

int dg_file_read_line(const char *path, char **ret)
{
	void *data;
	size_t len;
	int r = dg_file_read(path, 1 << 16, &data, &len);

	if (r < 0)
		return r;
	((char *)data)[strcspn(data, "\n")] = '\0';
	*ret = data;
	return 0;
}

bool dg_file_has(const char *path, const void *data, size_t len)
{
	dg_auto_free void *have = NULL;
	size_t n;

	return dg_file_read(path, len, &have, &n) == 0 && n == len && memcmp(have, data, len) == 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* "dir/.name.new" beside @path: one fixed name, so that a leftover is overwritten, not gathered. */
static char *beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;

	return dg_format("%.*s.%s.new", dir, path, path + dir);
}

static int parent_sync(const char *path)
{
	dg_auto_free char *copy = strdup(path);

	return copy ? dg_dir_sync(dirname(copy)) : -ENOMEM;
}

enum sync { SYNC_NOT, SYNC_SOON, SYNC_NOW };

/* Write what is to become @path beside it. */
static int write_beside(const char *tmp, const void *data, size_t len, mode_t mode, enum sync sync)
{
	int fd, r;

	if (unlink(tmp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && sync == SYNC_NOW && fsync(fd) < 0)
		r = -errno;
	/* Where that may not be begun, the sync that follows does it all. */
	if (r == 0 && sync == SYNC_SOON && sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0 && errno != ENOSYS &&
	    errno != EPERM)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlink(tmp);
	return r;
}

static int rename_beside(const char *tmp, const char *path)
{
	int r = rename(tmp, path) < 0 ? -errno : 0;

	if (r < 0)
		unlink(tmp);
	return r;
}

static int replace(const char *path, const void *data, size_t len, mode_t mode, enum sync sync)
{
	dg_auto_free char *tmp = beside(path);
	int r = tmp ? write_beside(tmp, data, len, mode, sync) : -ENOMEM;

	if (r == 0)
		r = rename_beside(tmp, path);
	return r == 0 && sync == SYNC_NOW ? parent_sync(path) : r;
}

int dg_file_begin(const char *path, const void *data, size_t len, mode_t mode)
{
	dg_auto_free char *tmp = beside(path);

	return tmp ? write_beside(tmp, data, len, mode, SYNC_SOON) : -ENOMEM;
}

int dg_file_end(const char *path)
{
	dg_auto_free char *tmp = beside(path);
	dg_auto_close int fd = tmp ? open(tmp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd < 0)
		return tmp ? -errno : -ENOMEM;
	return fsync(fd) < 0 ? -errno : rename_beside(tmp, path);
}

void dg_file_abandon(const char *path)
{
	dg_auto_free char *tmp = beside(path);

	if (tmp)
		(void)unlink(tmp);
}

int dg_file_write(const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(path, data, len, mode, SYNC_NOW);
}

int dg_file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(path, data, len, mode, SYNC_NOT);
}

int dg_file_keep(const char *path, const void *data, size_t len, mode_t mode)
{
	dg_auto_free char *dir = strdup(path);
	int r;

	if (!dir)
		return -ENOMEM;
	if (!len)
		return dg_file_remove(path);
	if (dg_file_has(path, data, len))
		return 0;
	*strrchr(dir, '/') = '\0';
	r = dg_dir_make(dir);
	return r < 0 ? r : dg_file_write(path, data, len, mode);
}

int dg_file_remove(const char *path)
{
	struct stat st;

	/* Where nothing is, nothing is even tried: on a read-only file system that would fail. */
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return 0;
	if (unlink(path) < 0)
		return errno == ENOENT ? 0 : -errno;
	return parent_sync(path);
}

bool dg_path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int dg_dir_make(const char *path)
{
	dg_auto_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (dg_path_is_dir(path))
		return 0;
	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) == 0) {
			int r = parent_sync(copy);

			if (r < 0)
				return r;
		} else if (errno != EEXIST) {
			return -errno;
		}
		if (!c)
			break;
		*p = c;
	}
	return dg_path_is_dir(path) ? 0 : -ENOTDIR;
}

int dg_dir_sync(const char *path)
{
	dg_auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int dg_link_set(const char *path, const char *text)
{
	dg_auto_free char *tmp = beside(path);

	if (!tmp)
		return -ENOMEM;
	if (unlink(tmp) < 0 && errno != ENOENT)
		return -errno;
	if (symlink(text, tmp) < 0)
		return -errno;
	if (rename(tmp, path) < 0) {
		int r = -errno;

		unlink(tmp);
		return r;
	}
	return parent_sync(path);
}

int dg_link_get(const char *path, char **ret)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int dg_tree_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int by_version(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int r = dg_version_compare(x, y);

	return r ? r : strcmp(x, y);
}

int dg_dir_list(const char *path, char ***ret)
{
	DIR *dir = opendir(path);
	char **v = NULL;
	size_t n = 0;
	int r = 0;

	if (!dir)
		return -errno;
	for (;;) {
		const struct dirent *de;

		errno = 0;
		de = readdir(dir);
		if (!de) {
			r = -errno;
			break;
		}
		if (dg_streq(de->d_name, ".") || dg_streq(de->d_name, ".."))
			continue;
		r = DG_GROW(v, n);
		if (r < 0)
			break;
		v[n] = strdup(de->d_name);
		if (!v[n]) {
			r = -ENOMEM;
			break;
		}
		n++;
	}
	closedir(dir);
	r = dg_strv_end(v, n, r, ret);
	if (r == 0)
		qsort(*ret, n, sizeof(**ret), by_version);
	return r;
}

int dg_strv_end(char **v, size_t n, int err, char ***ret)
{
	if (err == 0)
		err = DG_GROW(v, n);
	if (err < 0) {
		while (n)
			free(v[--n]);
		free(v);
		return err;
	}
	v[n] = NULL;
	*ret = v;
	return 0;
}

char **dg_strv_copy(char *const *v)
{
	char **copy;
	size_t n = 0;

	while (v[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(v[i]);
		if (!copy[i]) {
			dg_strv_free(copy);
			return NULL;
		}
	}
	return copy;
}

void dg_strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

void dg_strv_freep(char ***v)
{
	dg_strv_free(*v);
}
