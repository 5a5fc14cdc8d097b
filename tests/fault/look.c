// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a root tree comes to, as text, for run to compare.
 *
 *   look ROOT RELEASE DRIVER...
 *
 * Lines:
 *   found DRIVER SHA256          the file that modprobe would load there; "none" without one
 *   left WHAT PATH               temporary: a name that no finished run leaves; orphan: a store entry that
 *                                no generation links; bad: one that is not what its name says
 *   state f SHA256 MODE [linked] PATH   every file, link and directory that drvguard and depmod make;
 *   state l TEXT PATH            generations named by their order, the current one CURRENT, since
 *   state d PATH                 what was interrupted may have used up a number
 *
 * Not in the state: the lock, /var, /run/drvguard and /run/motd.d, which only remember; the store, whose files are
 * those of generations (then "linked") or left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root, *release;
static char *lines[4096];
static size_t n_lines;
static unsigned int numbers[256], current;
static size_t n_numbers;
/* Of those seen before: a file with several names is read once. */
static struct {
	dev_t dev;
	ino_t ino;
	char sum[65];
} sums[4096];
static size_t n_sums;

static void trouble(const char *what)
{
	fprintf(stderr, "look: %s: %s\n", what, strerror(errno));
	exit(101);
}

static const char *sum_of(const char *path, const struct stat *st)
{
	static char none[] = "unreadable";
	unsigned char md[SHA256_DIGEST_LENGTH];
	void *data = NULL;
	int fd;

	for (size_t i = 0; i < n_sums; i++)
		if (sums[i].dev == st->st_dev && sums[i].ino == st->st_ino)
			return sums[i].sum;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return none;
	if (st->st_size)
		data = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED || n_sums == sizeof(sums) / sizeof(*sums))
		return none;
	SHA256(data ? data : "", (size_t)st->st_size, md);
	if (data)
		munmap(data, (size_t)st->st_size);
	sums[n_sums].dev = st->st_dev;
	sums[n_sums].ino = st->st_ino;
	for (size_t i = 0; i < sizeof(md); i++)
		sprintf(sums[n_sums].sum + 2 * i, "%02x", md[i]);
	return sums[n_sums++].sum;
}

static void add(char *line)
{
	if (n_lines == sizeof(lines) / sizeof(*lines)) {
		errno = E2BIG;
		trouble("the tree");
	}
	lines[n_lines++] = line;
}

/* --- generations ---------------------------------------------------------------------------- */

/* The number behind "kernels/RELEASE/" in @text, and where it begins. */
static unsigned int number_in(const char *text, const char **ret_at)
{
	char key[300];
	const char *p;

	snprintf(key, sizeof(key), "kernels/%s/", release);
	p = strstr(text, key);
	if (!p)
		return 0;
	*ret_at = p + strlen(key);
	return (unsigned int)strtoul(*ret_at, NULL, 10);
}

static int as_numbers(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static int as_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void learn_number(const char *text)
{
	const char *at;
	unsigned int n = number_in(text, &at);

	for (size_t i = 0; i < n_numbers; i++)
		if (numbers[i] == n)
			return;
	if (n && n_numbers < sizeof(numbers) / sizeof(*numbers))
		numbers[n_numbers++] = n;
}

static char *renamed(char *text)
{
	const char *at;
	unsigned int n = number_in(text, &at), rank = 0;
	char *to;

	if (!n)
		return text;
	for (size_t i = 0; i < n_numbers; i++)
		rank += numbers[i] < n && numbers[i] != current;
	if (n == current) {
		if (asprintf(&to, "%.*sCURRENT%s", (int)(at - text), text, at + strspn(at, "0123456789")) < 0)
			trouble("memory");
	} else if (asprintf(&to, "%.*sOTHER%u%s", (int)(at - text), text, rank, at + strspn(at, "0123456789")) < 0) {
		trouble("memory");
	}
	return to;
}

/* --- the walk ------------------------------------------------------------------------------- */

static bool is_temporary(const char *name)
{
	/* Ours, and depmod's: modules.dep.PID.USEC.SEC */
	return fnmatch(".*.new", name, 0) == 0 || strcmp(name, ".new") == 0 || fnmatch("*.tmp*", name, 0) == 0 ||
	       fnmatch("modules.*.[0-9]*.[0-9]*", name, 0) == 0;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *de;
	bool any = false;

	while (dir && !any && (de = readdir(dir)))
		any = !is_dot(de->d_name);
	if (dir)
		closedir(dir);
	return dir && !any;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *inside = path + strlen(root) + 1, *name = path + ftw->base;
	char text[PATH_MAX], *line = NULL;
	bool state = strcmp(inside, "var") != 0 && strncmp(inside, "var/", 4) != 0 &&
		     strncmp(inside, "run/drvguard", 12) != 0 && strncmp(inside, "run/motd.d", 10) != 0 &&
		     strcmp(inside, "usr/lib/drvguard/lock") != 0;
	bool in_store = strncmp(inside, "usr/lib/drvguard/store/", 23) == 0;
	ssize_t n;

	if (type == FTW_NS || type == FTW_DNR)
		trouble(path);
	if (is_temporary(name) && strncmp(inside, "run/drvguard/history/", 21) != 0) {
		if (asprintf(&line, "left temporary %s", inside) < 0)
			trouble("memory");
		add(line);
	}
	if (in_store && ((S_ISREG(st->st_mode) && st->st_nlink == 1) || (S_ISDIR(st->st_mode) && is_empty(path)))) {
		if (asprintf(&line, "left orphan %s", inside) < 0)
			trouble("memory");
		add(line);
	}
	if (in_store && S_ISREG(st->st_mode) && !is_temporary(name) && !strstr(inside, sum_of(path, st))) {
		if (asprintf(&line, "left bad %s", inside) < 0)
			trouble("memory");
		add(line);
	}
	/* What the store has is seen by the generations that link it, and by what is left. */
	if (!state || in_store)
		return 0;
	learn_number(inside);
	if (S_ISREG(st->st_mode)) {
		n = asprintf(&line, "state f %s %o %s%s", sum_of(path, st), st->st_mode & 07777,
			     st->st_nlink > 1 ? "linked " : "", inside);
	} else if (S_ISLNK(st->st_mode)) {
		n = readlink(path, text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = '\0';
		n = asprintf(&line, "state l %s %s", text, inside);
	} else if (strncmp(inside, "run/", 4) == 0) {
		/* Made for what came and went again: gone at the next boot. */
		return 0;
	} else {
		n = asprintf(&line, "state d %s", inside);
	}
	if (n < 0)
		trouble("memory");
	add(line);
	return 0;
}

static void walk(const char *inside)
{
	char path[4 * PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, inside);
	if (lstat(path, &st) == 0 && nftw(path, visit, 16, FTW_PHYS) != 0)
		trouble(path);
}

/* All of /lib/modules/RELEASE but the kernel's own modules. */
static void walk_modules(void)
{
	char path[PATH_MAX], inside[2 * PATH_MAX];
	const struct dirent *de;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/lib/modules/%s", root, release);
	dir = opendir(path);
	if (!dir)
		trouble(path);
	while ((de = readdir(dir))) {
		if (is_dot(de->d_name) || strcmp(de->d_name, "kernel") == 0)
			continue;
		snprintf(inside, sizeof(inside), "lib/modules/%s/%s", release, de->d_name);
		walk(inside);
	}
	closedir(dir);
}

/* --- what modprobe would take --------------------------------------------------------------- */

static void find_driver(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *list = NULL, *i;
	const char *sum = "none";

	if (kmod_module_new_from_lookup(ctx, name, &list) < 0)
		list = NULL;
	kmod_list_foreach(i, list)
	{
		struct kmod_module *m = kmod_module_get_module(i);
		const char *path = kmod_module_get_path(m);
		struct stat st;

		if (path && stat(path, &st) == 0)
			sum = sum_of(path, &st);
		kmod_module_unref(m);
	}
	printf("found %s %s\n", name, sum);
	kmod_module_unref_list(list);
}

int main(int argc, char **argv)
{
	static const char *const none[] = { NULL };
	char modules[PATH_MAX], text[PATH_MAX], link[PATH_MAX + 32];
	struct kmod_ctx *ctx;
	const char *at;
	ssize_t n;

	if (argc < 4) {
		fputs("usage: look ROOT RELEASE DRIVER...\n", stderr);
		return 101;
	}
	root = argv[1];
	release = argv[2];
	snprintf(modules, sizeof(modules), "%s/lib/modules/%s", root, release);
	ctx = kmod_new(modules, none);
	if (!ctx)
		trouble(modules);
	for (int i = 3; i < argc; i++)
		find_driver(ctx, argv[i]);
	kmod_unref(ctx);

	snprintf(link, sizeof(link), "%s/updates/drvguard", modules);
	n = readlink(link, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	current = number_in(text, &at);
	walk("usr/lib/drvguard");
	walk("usr/lib/drivers");
	walk("run");
	walk("etc");
	walk("var");
	walk_modules();
	qsort(numbers, n_numbers, sizeof(*numbers), as_numbers);
	for (size_t i = 0; i < n_lines; i++)
		lines[i] = renamed(lines[i]);
	qsort(lines, n_lines, sizeof(*lines), as_lines);
	for (size_t i = 0; i < n_lines; i++)
		puts(lines[i]);
	return fflush(stdout) == 0 ? 0 : 101;
}
