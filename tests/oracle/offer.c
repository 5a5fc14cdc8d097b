// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside an oracle's virtual machine: offers module files to the kernel and
 * tells what it said. oracle.ko is loaded before, so that no init function runs.
 *
 *   offer LIST [FROM]
 *
 * Files numbered below FROM are passed over: an earlier machine had them.
 * LIST has a line a file: INDEX, how, path, module name, dependencies; parted by
 * tabs, "-" for nothing. "how" is "plain"; "packed" for a file the kernel shall
 * decompress; "enforce" for no file: from here on signatures are required.
 * Dependencies are paths parted by commas, each after those it needs.
 *
 * Standard output, each line written as it comes, for the machine may not live
 * to the next one:
 *   at INDEX               a file is about to be offered
 *   got INDEX accepted     the loader took it; it has been removed again
 *   got INDEX ERRNO TEXT   refused; TEXT is the kernel's last word to the log
 *   not INDEX WHY          could not be offered
 *   hung INDEX             no answer in a minute: the machine is switched off
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

#define MAX_LOADED 256
#define HANG_SECONDS 60

/* Dependencies now in the kernel, in the order they were loaded. */
static char *loaded[MAX_LOADED];
static size_t n_loaded;

/* The file being offered, shared with the watchdog; -1 between files. */
static struct turn {
	volatile long index;
	volatile unsigned long count;
} * turn;

static int kmsg = -1;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		exit(1);
}

static const char *errno_name(int err)
{
	static char number[16];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

/* The log's last new line, without its prefix; "" for none. */
static const char *last_words(void)
{
	static char text[400];
	char record[8192];
	ssize_t n;

	text[0] = '\0';
	for (;;) {
		const char *start;

		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return text;
		record[n] = '\0';
		start = strchr(record, ';');
		if (!start)
			continue;
		start++;
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(start, "\n"), start);
	}
}

/* The kernel's name of the module in PATH: modname.ko, modname.ko.xz. */
static void name_of(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');
	char *end;

	snprintf(name, size, "%s", base ? base + 1 : path);
	end = strstr(name, ".ko");
	if (end)
		*end = '\0';
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
}

static int offer(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", flags) < 0)
		err = errno;
	close(fd);
	return err;
}

static int take_out(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? errno : 0;
}

static bool is_loaded(const char *name)
{
	for (size_t i = 0; i < n_loaded; i++)
		if (strcmp(loaded[i], name) == 0)
			return true;
	return false;
}

/* Take dependencies out, the last first, until NAME is not among them. */
static bool make_room(long index, const char *name)
{
	while (is_loaded(name)) {
		const char *top = loaded[n_loaded - 1];
		int err = take_out(top);

		if (err) {
			say("not %ld %s is loaded and stays (%s)", index, top, errno_name(err));
			return false;
		}
		free(loaded[--n_loaded]);
	}
	return true;
}

static bool load_dependencies(long index, char *paths, const char *packed)
{
	char *save = NULL;

	if (strcmp(paths, "-") == 0)
		return true;
	for (char *path = strtok_r(paths, ",", &save); path; path = strtok_r(NULL, ",", &save)) {
		size_t len = strlen(path);
		char name[64];
		int err;

		name_of(path, name, sizeof(name));
		if (is_loaded(name))
			continue;
		err = offer(path, len > 3 && strcmp(path + len - 3, packed) == 0 ? MODULE_INIT_COMPRESSED_FILE : 0);
		/* What the machine itself runs with is there. */
		if (err == EEXIST)
			continue;
		if (err || n_loaded == MAX_LOADED) {
			say("not %ld dependency %s could not be loaded (%s) %s", index, name,
			    err < 0 ? "no file" : errno_name(err ? err : E2BIG), last_words());
			return false;
		}
		loaded[n_loaded++] = strdup(name);
	}
	return true;
}

/* The name the accepted file gave itself. */
static int remove_last(void)
{
	char name[64] = "";
	int fd = open("/sys/module/oracle/parameters/last", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (read(fd, name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	close(fd);
	name[strcspn(name, "\n")] = '\0';
	return take_out(name);
}

static void one(long index, const char *how, const char *path, const char *name, char *dependencies)
{
	int err;

	if (!make_room(index, name) || !load_dependencies(index, dependencies, ".xz"))
		return;
	last_words();
	say("at %ld", index);
	turn->count++;
	turn->index = index;
	err = offer(path, strcmp(how, "packed") == 0 ? MODULE_INIT_COMPRESSED_FILE : 0);
	if (err < 0) {
		say("not %ld cannot be opened (%s)", index, errno_name(-err));
	} else if (err) {
		say("got %ld %s %s", index, errno_name(err), last_words());
	} else {
		err = remove_last();
		if (err)
			say("got %ld accepted but not removed (%s)", index, errno_name(err));
		else
			say("got %ld accepted", index);
	}
	turn->index = -1;
}

static bool enforce(void)
{
	int fd = open("/sys/module/module/parameters/sig_enforce", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

static void watch(void)
{
	unsigned long seen = 0;
	int seconds = 0;

	if (fork() != 0)
		return;
	for (;;) {
		sleep(1);
		if (getppid() == 1)
			exit(0);
		if (turn->index < 0 || turn->count != seen)
			seconds = 0;
		seen = turn->count;
		if (++seconds > HANG_SECONDS) {
			say("hung %ld", turn->index);
			reboot(RB_POWER_OFF);
		}
	}
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;
	bool enforced = true;
	long from = argc == 3 ? atol(argv[2]) : 0;
	FILE *list;

	list = argc == 2 || argc == 3 ? fopen(argv[1], "re") : NULL;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	turn = mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!list || kmsg < 0 || turn == MAP_FAILED) {
		perror("offer");
		return 1;
	}
	turn->index = -1;
	watch();
	while (getline(&line, &size, list) > 0) {
		char *field[5], *rest = line;
		size_t n = 0;

		line[strcspn(line, "\n")] = '\0';
		while (n < 5 && (field[n] = strsep(&rest, "\t")))
			n++;
		if (n == 5 && strcmp(field[1], "enforce") == 0)
			enforced = enforce();
		else if (n == 5 && atol(field[0]) < from)
			continue;
		else if (n == 5 && !enforced)
			say("not %s signatures could not be required", field[0]);
		else if (n == 5)
			one(atol(field[0]), field[1], field[2], field[3], field[4]);
	}
	free(line);
	fclose(list);
	return 0;
}
