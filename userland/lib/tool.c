// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fs.h"

#define STANDARD_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * The environment without what would make a tool wait for the package manager, or
 * talk to it, and with a whole PATH, since a hook may have none. Free with
 * dg_strv_free().
 */
static char **environment(const char *root)
{
	static const char *const dropped[] = { "PATH=", "DPKG_MAINTSCRIPT_", "DEBIAN_HAS_FRONTEND=", "DEBCONF_" };
	/* What the caller has in PATH means nothing in another root. */
	const char *path = dg_streq(root, "/") ? getenv("PATH") : NULL;
	size_t all = 0, n = 0;
	char **v;

	while (environ[all])
		all++;
	v = calloc(all + 2, sizeof(*v));
	for (size_t e = 0; v && e < all; e++) {
		bool keep = true;

		for (size_t i = 0; i < DG_ARRAY_SIZE(dropped); i++)
			keep &= !dg_startswith(environ[e], dropped[i]);
		if (keep && !(v[n++] = strdup(environ[e])))
			break;
	}
	if (v)
		v[n] = dg_format("PATH=%s", path ? path : STANDARD_PATH);
	return v;
}

/* In the child, where only system calls may be used. */
static void say(const char *a, const char *b, const char *c)
{
	const char *const parts[] = { a, b, c, "\n" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(parts); i++)
		if (write(2, parts[i], strlen(parts[i])) < 0)
			return;
}

/* Locks are descriptors: a tool that stays about must not hold ours. Those without O_CLOEXEC are the caller's caller's.
 */
static void close_others(void)
{
	if (syscall(SYS_close_range, 3, ~0u, 0) < 0)
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
}

static void become(const char *root, char *const argv[], char *const envp[], pid_t parent, int out)
{
	static const int to_default[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };
	sigset_t none;
	int in, error = 0;

	/* The caller may take its signals by descriptor, or ignore some; the tool must not inherit that. */
	for (size_t i = 0; i < DG_ARRAY_SIZE(to_default); i++)
		signal(to_default[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, 1);
	dup2(out, 2);
	in = open("/dev/null", O_RDONLY);
	if (in != 0) {
		dup2(in, 0);
		if (in < 0)
			close(0);
	}
	close_others();
	/* It would go on changing what the next run already mends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (getppid() != parent)
		_exit(126);
	if (strcmp(root, "/") != 0 && chroot(root) < 0)
		say("cannot chroot to ", root, ": run as root");
	else if (chdir("/") == 0) {
		environ = (char **)(uintptr_t)envp; /* whose PATH it is looked for along */
		execvp(argv[0], argv);
		error = errno;
		say("cannot run ", argv[0], "");
	}
	_exit(error == ENOENT ? 127 : 126);
}

/* Its last words. */
static void last_line(int out, char *ret, size_t size)
{
	char text[2048];
	off_t end = lseek(out, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = end < 0 ? -1 : pread(out, text, sizeof(text) - 1, from);
	char *line;

	ret[0] = '\0';
	if (n <= 0)
		return;
	while (n > 0 && strchr("\n\r \t", text[n - 1]))
		n--;
	text[n] = '\0';
	line = strrchr(text, '\n');
	snprintf(ret, size, "%.*s", (int)size - 1, line ? line + 1 : text);
}

int dg_tool_run(const char *root, const char *const argv[], char *said, size_t size)
{
	dg_auto_close int out = memfd_create("output", MFD_CLOEXEC);
	dg_auto(dg_strv_freep) char **envp = environment(root);
	pid_t pid, self = getpid();
	int status;

	if (out < 0 || !envp)
		return out < 0 ? -errno : -ENOMEM;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(root, (char *const *)(uintptr_t)argv, envp, self, out);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	last_line(out, said, size);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
