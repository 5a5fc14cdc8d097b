// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a shell in the guest cannot do to the kernel module.
 *
 *   hammer force FILE.ko          loads it past vermagic and symbol versions
 *   hammer as-user COMMAND...     in a user namespace of its own, as root there
 *   hammer held FILE COMMAND...   holds its name, not the file, while that runs; then it opens no more
 *   hammer await SECONDS          until the violations' count is raised, by poll(2)
 *   hammer write FILE SIZE        one writev(2) of that many bytes of a policy's comments, in two parts
 *   hammer fuzz SECONDS SEED      hostile policies, as fast as they go
 *   hammer swap SECONDS A B       the policies of the files A and B in turn, checking what is read back
 *   hammer read SECONDS           the ledger, checking that its numbers rise
 *   hammer churn N FILE.ko NAME   loads and unloads it N times
 *   hammer time N FILE.ko NAME    the same; the median of loading, in nanoseconds
 *
 * Exit status: 0 as it should be, 1 not so (and why), 2 usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../kmod/uapi/drvguard.h"

#define DIR DRVGUARD_SECURITYFS_DIR "/"
#define IGNORE_MODVERSIONS 1 /* linux/module.h */
#define IGNORE_VERMAGIC 2

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int load(const char *file, int flags)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = (int)syscall(SYS_finit_module, fd, "", flags);
	close(fd);
	return r;
}

static int as_user(char **argv)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return failed("unshare");
	execvp(argv[0], argv);
	return failed(argv[0]);
}

/* O_PATH is no use of the file, so that its module can go; the name is still there to open the file by. */
static int held(const char *file, char **argv)
{
	int fd = open(file, O_PATH | O_CLOEXEC), status = 1;
	char name[32];
	pid_t pid;

	if (fd < 0)
		return failed(file);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return failed(argv[0]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (open(name, O_RDONLY | O_CLOEXEC) < 0 && errno == EIO)
		return 0;
	return failed("not the error of a file that is gone");
}

static int await(int seconds)
{
	int fd = open(DIR DRVGUARD_CONTROL_VIOLATIONS, O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };
	char count[16];

	if (fd < 0 || read(fd, count, sizeof(count)) <= 0)
		return failed("violations");
	puts("waiting");
	fflush(stdout);
	if (poll(&p, 1, seconds * 1000) == 1)
		return 0;
	fprintf(stderr, "no violation in %d s\n", seconds);
	return 1;
}

static int write_some(const char *file, size_t size)
{
	char *text = malloc(size);
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	struct iovec part[2] = { { text, size / 2 }, { text + size / 2, size - size / 2 } };

	if (!text || fd < 0)
		return failed(file);
	memset(text, '#', size - 1);
	text[size / 2 - 1] = text[size - 1] = '\n';
	if (writev(fd, part, 2) != (ssize_t)size)
		return failed(file);
	return 0;
}

/* One write of what most looks like a policy and is none, or nearly. */
static size_t hostile(char *text, size_t max)
{
	static const char *const words[] = { "deny", "warn", "scap",	 "dm-writeboost",
					     "00",   "!00",  "0011aabb", "\n",
					     "\n",   " ",    "\t",	 "#",
					     "!",    "%s",   "\0",	 "\xff" };
	size_t n = (size_t)rand() % (rand() % 50 ? 200 : max), len = 0;

	while (len < n) {
		if (rand() % 8 == 0) {
			text[len++] = (char)rand();
		} else if (rand() % 4 == 0) {
			len += (size_t)snprintf(text + len, max - len, "deny m%d %08x !%08x\n", rand() % 1000, rand(),
						rand());
		} else {
			const char *word = words[(size_t)rand() % (sizeof(words) / sizeof(words[0]))];

			len += (size_t)snprintf(text + len, max - len, "%s ", word);
		}
		if (len + 64 > max)
			break;
	}
	return len;
}

static int fuzz(int seconds, unsigned int seed)
{
	static char text[DRVGUARD_POLICY_MAX + 4096], back[sizeof(text)];
	double end = now() + seconds;
	unsigned long tried = 0, taken = 0;

	for (srand(seed); now() < end; tried++) {
		int fd = open(DIR DRVGUARD_CONTROL_POLICY, O_RDWR | O_CLOEXEC);
		size_t len = hostile(text, sizeof(text));
		ssize_t n;

		if (fd < 0)
			return failed("policy");
		n = write(fd, text, len);
		taken += n >= 0;
		if (n < 0 && errno != EINVAL && errno != EEXIST && errno != EFBIG && errno != ENOMEM)
			return failed("policy: an error that is not documented");
		if (n >= 0 && (size_t)n != len)
			return failed("policy: taken in part");
		if (lseek(fd, 0, SEEK_SET) < 0 || read(fd, back, sizeof(back)) < 0)
			return failed("policy, read");
		close(fd);
	}
	printf("%lu policies, %lu taken\n", tried, taken);
	return tried > 0 && taken > 0 ? 0 : 1;
}

static size_t slurp(const char *file, char *text, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n, len = 0;

	while (fd >= 0 && (n = read(fd, text + len, size - (size_t)len)) > 0)
		len += n;
	close(fd);
	return (size_t)len;
}

static int swap(int seconds, const char *a, const char *b)
{
	static char text[2][65536], back[65536];
	size_t len[2] = { slurp(a, text[0], sizeof(text[0])), slurp(b, text[1], sizeof(text[1])) };
	double end = now() + seconds;
	unsigned long n = 0;

	for (; now() < end; n++) {
		int fd = open(DIR DRVGUARD_CONTROL_POLICY, O_WRONLY | O_CLOEXEC);
		size_t got;

		if (fd < 0 || write(fd, text[n % 2], len[n % 2]) != (ssize_t)len[n % 2])
			return failed("policy");
		close(fd);
		got = slurp(DIR DRVGUARD_CONTROL_POLICY, back, sizeof(back));
		if (got != len[n % 2] || memcmp(back, text[n % 2], got) != 0)
			return failed("policy: read is not what was written");
	}
	printf("%lu policies\n", n);
	return n == 0;
}

static int read_ledger(int seconds)
{
	double end = now() + seconds;
	unsigned long long last, seq;
	unsigned long lines = 0;
	char line[512];

	while (now() < end) {
		FILE *f = fopen(DIR DRVGUARD_CONTROL_LOADS, "re");

		if (!f)
			return failed("loads");
		for (last = 0; fgets(line, sizeof(line), f); lines++) {
			if (sscanf(line, "%llu %*f", &seq) != 1 || seq <= last || !strchr(line, '\n')) {
				fprintf(stderr, "after %llu: %s", last, line);
				return 1;
			}
			last = seq;
		}
		fclose(f);
	}
	printf("%lu lines\n", lines);
	return lines == 0;
}

static int churn(int n, const char *file, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (load(file, 0) < 0)
			return failed(file);
		if (syscall(SYS_delete_module, name, O_NONBLOCK) < 0)
			return failed(name);
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int time_loads(int n, const char *file, const char *name)
{
	double *took = calloc((size_t)n + 1, sizeof(*took));

	for (int i = 0; took && i < n; i++) {
		double began = now();

		if (load(file, 0) < 0)
			return failed(file);
		took[i] = now() - began;
		if (syscall(SYS_delete_module, name, O_NONBLOCK) < 0)
			return failed(name);
	}
	if (!took || n < 1)
		return 1;
	qsort(took, (size_t)n, sizeof(*took), by_value);
	printf("%.0f\n", took[n / 2] * 1e9);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "force") == 0 && argc == 3)
		return load(argv[2], IGNORE_MODVERSIONS | IGNORE_VERMAGIC) < 0 ? failed(argv[2]) : 0;
	if (strcmp(what, "as-user") == 0 && argc > 2)
		return as_user(argv + 2);
	if (strcmp(what, "held") == 0 && argc > 3)
		return held(argv[2], argv + 3);
	if (strcmp(what, "await") == 0 && argc == 3)
		return await(atoi(argv[2]));
	if (strcmp(what, "write") == 0 && argc == 4)
		return write_some(argv[2], (size_t)atol(argv[3]));
	if (strcmp(what, "fuzz") == 0 && argc == 4)
		return fuzz(atoi(argv[2]), (unsigned int)atoi(argv[3]));
	if (strcmp(what, "swap") == 0 && argc == 5)
		return swap(atoi(argv[2]), argv[3], argv[4]);
	if (strcmp(what, "read") == 0 && argc == 3)
		return read_ledger(atoi(argv[2]));
	if (strcmp(what, "churn") == 0 && argc == 5)
		return churn(atoi(argv[2]), argv[3], argv[4]);
	if (strcmp(what, "time") == 0 && argc == 5)
		return time_loads(atoi(argv[2]), argv[3], argv[4]);
	fprintf(stderr, "hammer: see the top of hammer.c\n");
	return 2;
}
