// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets a command go wrong at one system call that changes something.
 *
 *   inject [-o FILE] list             -- CMD...   a line for each changing call, in order
 *   inject [-o FILE] kill-before N    -- CMD...   SIGKILL to all of it, just before the Nth is carried out
 *   inject [-o FILE] kill-after N     -- CMD...   just after it returned
 *   inject [-o FILE] fail N ERRNO     -- CMD...   the Nth is not carried out, but fails (ENOSPC, EIO, ...)
 *   inject [-o FILE] fail-from N ERRNO -- CMD...  neither it nor any after it
 *   inject [-o FILE] signal N SIGNAL  -- CMD...   the command itself (no child) gets a signal (TERM, INT) there
 *
 * A line is: number, who (the program's name; "=" before it when it is CMD itself), call, result and
 * paths, parted by tabs; the result is "-" when the call never returned, "!ERRNO" when it was made to
 * fail. Lines go to FILE, or else to standard error; all but list write that of the Nth call only.
 * Children, threads and what they run are followed.
 *
 * Exit status: CMD's own; 128 + signal when a signal ended it (137: killed as asked); 100 when the Nth
 * call never came (CMD then ran to its end, undisturbed); 101 when inject itself had trouble.
 *
 * Changing calls: opening to write or create, writing to and copying into regular files, names
 * made, moved and removed, truncation, sync, modes, owners, times, attributes, mounts, reflinks. Not:
 * pipes, terminals, devices, memfds, and files that are inject's own standard output and error.
 * seccomp picks them, so that all other calls run at full speed.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the registers of other processors are not known here yet"
#endif

#define NEVER_CAME 100
#define OWN_TROUBLE 101

/* How a call's arguments are to be read: which hold a path (p), a directory of the next path (d), a
 * file descriptor (f), the text of a link (t); "." skips one. Opening ones say where the flags are. */
static const struct call {
	int nr;
	const char *name, *args;
	int flags_at;  /* argument with open's flags, or -1 */
	bool to_files; /* only when the descriptor is that of a regular file */
} calls[] = {
	{ SYS_open, "open", "p", 1, false },
	{ SYS_openat, "openat", "dp", 2, false },
	{ SYS_openat2, "openat2", "dp", -2, false },
	{ SYS_creat, "creat", "p", -1, false },
	{ SYS_write, "write", "f", -1, true },
	{ SYS_pwrite64, "pwrite64", "f", -1, true },
	{ SYS_writev, "writev", "f", -1, true },
	{ SYS_pwritev, "pwritev", "f", -1, true },
	{ SYS_pwritev2, "pwritev2", "f", -1, true },
	{ SYS_copy_file_range, "copy_file_range", "..f", -1, true },
	{ SYS_sendfile, "sendfile", "f", -1, true },
	{ SYS_splice, "splice", "..f", -1, true },
	{ SYS_rename, "rename", "pp", -1, false },
	{ SYS_renameat, "renameat", "dpdp", -1, false },
	{ SYS_renameat2, "renameat2", "dpdp", -1, false },
	{ SYS_link, "link", "pp", -1, false },
	{ SYS_linkat, "linkat", "dpdp", -1, false },
	{ SYS_symlink, "symlink", "tp", -1, false },
	{ SYS_symlinkat, "symlinkat", "tdp", -1, false },
	{ SYS_unlink, "unlink", "p", -1, false },
	{ SYS_unlinkat, "unlinkat", "dp", -1, false },
	{ SYS_mkdir, "mkdir", "p", -1, false },
	{ SYS_mkdirat, "mkdirat", "dp", -1, false },
	{ SYS_rmdir, "rmdir", "p", -1, false },
	{ SYS_mknod, "mknod", "p", -1, false },
	{ SYS_mknodat, "mknodat", "dp", -1, false },
	{ SYS_truncate, "truncate", "p", -1, false },
	{ SYS_ftruncate, "ftruncate", "f", -1, true },
	{ SYS_fallocate, "fallocate", "f", -1, true },
	{ SYS_fsync, "fsync", "f", -1, false },
	{ SYS_fdatasync, "fdatasync", "f", -1, false },
	{ SYS_syncfs, "syncfs", "f", -1, false },
	{ SYS_sync, "sync", "", -1, false },
	{ SYS_sync_file_range, "sync_file_range", "f", -1, false },
	{ SYS_chmod, "chmod", "p", -1, false },
	{ SYS_fchmod, "fchmod", "f", -1, true },
	{ SYS_fchmodat, "fchmodat", "dp", -1, false },
	{ SYS_chown, "chown", "p", -1, false },
	{ SYS_lchown, "lchown", "p", -1, false },
	{ SYS_fchown, "fchown", "f", -1, true },
	{ SYS_fchownat, "fchownat", "dp", -1, false },
	{ SYS_utime, "utime", "p", -1, false },
	{ SYS_utimes, "utimes", "p", -1, false },
	{ SYS_futimesat, "futimesat", "dp", -1, false },
	{ SYS_utimensat, "utimensat", "dp", -1, false },
	{ SYS_setxattr, "setxattr", "p", -1, false },
	{ SYS_lsetxattr, "lsetxattr", "p", -1, false },
	{ SYS_fsetxattr, "fsetxattr", "f", -1, false },
	{ SYS_removexattr, "removexattr", "p", -1, false },
	{ SYS_lremovexattr, "lremovexattr", "p", -1, false },
	{ SYS_fremovexattr, "fremovexattr", "f", -1, false },
	{ SYS_mount, "mount", "pp", -1, false },
	{ SYS_umount2, "umount2", "p", -1, false },
	{ SYS_move_mount, "move_mount", "dpdp", -1, false },
	{ SYS_mount_setattr, "mount_setattr", "dp", -1, false },
	{ SYS_pivot_root, "pivot_root", "pp", -1, false },
	{ SYS_ioctl, "ioctl", "f", -1, false },
};
#define N_CALLS (sizeof(calls) / sizeof(*calls))

static const struct {
	const char *name;
	int value;
} errnos[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO },	   { "EROFS", EROFS },	 { "EACCES", EACCES },
	       { "EPERM", EPERM },   { "EINTR", EINTR },   { "EMFILE", EMFILE }, { "ENFILE", ENFILE },
	       { "ENOMEM", ENOMEM }, { "EDQUOT", EDQUOT }, { "EEXIST", EEXIST }, { "ENOENT", ENOENT } };

enum action { LIST, KILL_BEFORE, KILL_AFTER, FAIL, FAIL_FROM, SIGNAL };

static struct {
	enum action action;
	unsigned long at;
	int error, signal;
	FILE *to;
	pid_t command;
	unsigned long count;
	bool came;
	struct stat own[2];
	pid_t tracees[4096];
	size_t n_tracees;
	/* What each tracee is in the middle of: a line that waits for its result. */
	char *line[4096];
	bool kill_at_exit[4096];
} in;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(OWN_TROUBLE);
}

static size_t slot(pid_t pid)
{
	for (size_t i = 0; i < in.n_tracees; i++)
		if (in.tracees[i] == pid)
			return i;
	if (in.n_tracees == sizeof(in.tracees) / sizeof(*in.tracees)) {
		errno = EAGAIN;
		die("too many processes");
	}
	in.tracees[in.n_tracees] = pid;
	return in.n_tracees++;
}

/* --- what a call is about ----------------------------------------------------------------- */

static bool peek(pid_t pid, unsigned long long from, void *to, size_t len)
{
	struct iovec here = { to, len }, there = { (void *)(uintptr_t)from, len };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

/* Not across a page at once: the next one may not be there. */
static void peek_string(pid_t pid, unsigned long long from, char *to, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		size_t n = 4096 - (from + len) % 4096;

		if (n > size - 1 - len)
			n = size - 1 - len;
		if (!peek(pid, from + len, to + len, n))
			break;
		if (memchr(to + len, '\0', n))
			return;
		len += n;
	}
	to[len] = '\0';
}

/* Where the descriptor leads; a number that is none gives "". */
static void path_of_fd(pid_t pid, int fd, char *to, size_t size)
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, to, size - 1);
	to[n < 0 ? 0 : n] = '\0';
}

static void full_path(pid_t pid, int dir, unsigned long long at, char *to, size_t size)
{
	char text[PATH_MAX], base[PATH_MAX] = "";

	text[0] = '\0';
	if (at)
		peek_string(pid, at, text, sizeof(text));
	if (text[0] == '/') {
		snprintf(to, size, "%s", text);
		return;
	}
	path_of_fd(pid, dir, base, sizeof(base));
	snprintf(to, size, "%s%s%s", base, text[0] ? "/" : "", text);
}

/* Its paths, parted by tabs; the last one is what the call changes. */
static void paths_of(pid_t pid, const struct call *c, const struct __ptrace_syscall_info *info, char *all, size_t size,
		     char *last, size_t last_size)
{
	int dir = AT_FDCWD;
	size_t len = 0;

	all[0] = last[0] = '\0';
	for (size_t i = 0; c->args[i]; i++) {
		unsigned long long arg = info->seccomp.args[i];

		switch (c->args[i]) {
		case 'd':
			dir = (int)arg;
			continue;
		case 'p':
			full_path(pid, dir, arg, last, last_size);
			dir = AT_FDCWD;
			break;
		case 't':
			peek_string(pid, arg, last, last_size);
			break;
		case 'f':
			path_of_fd(pid, (int)arg, last, last_size);
			break;
		default:
			continue;
		}
		if (len < size)
			len += (size_t)snprintf(all + len, size - len, "%s%s", len ? "\t" : "", last);
	}
}

static bool is_own_output(const struct stat *st)
{
	for (int i = 0; i < 2; i++)
		if (st->st_dev == in.own[i].st_dev && st->st_ino == in.own[i].st_ino)
			return true;
	return false;
}

static bool fd_is_file(pid_t pid, int fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	if (stat(link, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) || is_own_output(&st))
		return false;
	path_of_fd(pid, fd, path, sizeof(path));
	return strncmp(path, "/memfd:", 7) != 0;
}

static bool flags_change(unsigned long long flags)
{
	return !(flags & O_PATH) && ((flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY);
}

static bool changes(pid_t pid, const struct call *c, const struct __ptrace_syscall_info *info, const char *path)
{
	int fd_at = (int)(strcspn(c->args, "f"));
	struct open_how how;
	struct stat st;

	if (c->nr == SYS_ioctl)
		return info->seccomp.args[1] == FICLONE || info->seccomp.args[1] == FICLONERANGE ||
		       info->seccomp.args[1] == FS_IOC_SETFLAGS;
	if (c->to_files)
		return fd_is_file(pid, (int)info->seccomp.args[fd_at]);
	if (c->flags_at >= 0 && !flags_change(info->seccomp.args[c->flags_at]))
		return false;
	if (c->nr == SYS_openat2 && (!peek(pid, info->seccomp.args[2], &how, sizeof(how)) || !flags_change(how.flags)))
		return false;
	if (c->flags_at != -1 || c->nr == SYS_creat)
		return stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
	return true;
}

/* --- what is done there ------------------------------------------------------------------- */

static void who_is(pid_t pid, char *to, size_t size)
{
	char path[64], status[2048];
	const char *tgid;
	ssize_t n = -1;
	int fd;

	to[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, status, sizeof(status) - 1);
		close(fd);
	}
	if (n <= 0)
		return;
	status[n] = '\0';
	tgid = strstr(status, "\nTgid:");
	snprintf(to, size, "%s%.*s", tgid && atoi(tgid + 6) == in.command ? "=" : "", (int)strcspn(status + 6, "\n"),
		 status + 6);
}

static void tell(const char *line, const char *result)
{
	const char *tab = line;

	for (int i = 0; i < 3; i++)
		tab = strchr(tab, '\t') + 1;
	fprintf(in.to, "%.*s%s\t%s\n", (int)(tab - line), line, result, tab);
	fflush(in.to);
}

static void kill_all(void)
{
	for (size_t i = 0; i < in.n_tracees; i++)
		kill(in.tracees[i], SIGKILL);
}

static void let_fail(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0)
		return;
	/* No system call has this number; what it returns is then what stands here. */
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-in.error;
	(void)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
}

/* At a call seccomp has picked; whether its return is to be seen too. */
static bool at_call(pid_t pid)
{
	struct __ptrace_syscall_info info;
	char all[2 * PATH_MAX + 2], last[PATH_MAX], who[64], made_to[24];
	const struct call *c;
	size_t i = slot(pid);
	bool hit;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_SECCOMP ||
	    info.seccomp.ret_data >= N_CALLS)
		return false;
	c = &calls[info.seccomp.ret_data];
	paths_of(pid, c, &info, all, sizeof(all), last, sizeof(last));
	if (!changes(pid, c, &info, last))
		return false;
	in.count++;
	hit = in.count == in.at || (in.action == FAIL_FROM && in.count > in.at);
	if (in.action != LIST && !hit)
		return false;
	in.came = true;
	who_is(pid, who, sizeof(who));
	free(in.line[i]);
	if (asprintf(&in.line[i], "%lu\t%s\t%s\t%s", in.count, who, c->name, all) < 0)
		die("memory");
	switch (in.action) {
	case KILL_BEFORE:
		tell(in.line[i], "-");
		kill_all();
		return false;
	case FAIL:
	case FAIL_FROM:
		let_fail(pid);
		snprintf(made_to, sizeof(made_to), "!%d", in.error);
		if (in.count == in.at)
			tell(in.line[i], made_to);
		return false;
	case SIGNAL:
		tell(in.line[i], "-");
		kill(in.command, in.signal);
		return false;
	case KILL_AFTER:
		in.kill_at_exit[i] = true;
		return true;
	case LIST:
		break;
	}
	return true;
}

static void at_return(pid_t pid)
{
	struct __ptrace_syscall_info info;
	size_t i = slot(pid);
	char result[32] = "-";

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT)
		snprintf(result, sizeof(result), "%lld", (long long)info.exit.rval);
	if (in.line[i])
		tell(in.line[i], result);
	free(in.line[i]);
	in.line[i] = NULL;
	if (in.kill_at_exit[i])
		kill_all();
}

/* --- running it --------------------------------------------------------------------------- */

static int install_filter(void)
{
	struct sock_filter f[3 * N_CALLS + 16];
	struct sock_fprog prog = { .filter = f };
	unsigned short n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < N_CALLS; i++) {
		const unsigned int trace = SECCOMP_RET_TRACE | (unsigned int)i;
		const bool open = calls[i].flags_at >= 0;

		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)calls[i].nr, 0,
						      open ? 4 : 1);
		if (open) {
			f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							      (unsigned int)(offsetof(struct seccomp_data, args) +
									     8 * (unsigned int)calls[i].flags_at));
			f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
							      O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1, 0);
			f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		}
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, trace);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void start(char **argv)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	int go[2];
	char c;

	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe");
	in.command = fork();
	if (in.command < 0)
		die("fork");
	if (in.command == 0) {
		close(go[1]);
		/* Shells start what runs in the background with this one ignored. */
		signal(SIGINT, SIG_DFL);
		/* Not before there is somebody to ask: a picked call would fail. */
		if (read(go[0], &c, 1) != 1 || install_filter() < 0)
			die("seccomp");
		execvp(argv[0], argv);
		die(argv[0]);
	}
	close(go[0]);
	if (ptrace(PTRACE_SEIZE, in.command, 0, options) < 0)
		die("ptrace");
	(void)slot(in.command);
	if (write(go[1], "", 1) != 1)
		die("pipe");
	close(go[1]);
}

static void gone(pid_t pid)
{
	size_t i = slot(pid);

	if (in.line[i]) {
		if (in.action == LIST || in.kill_at_exit[i])
			tell(in.line[i], "-");
		free(in.line[i]);
	}
	in.n_tracees--;
	in.tracees[i] = in.tracees[in.n_tracees];
	in.line[i] = in.line[in.n_tracees];
	in.kill_at_exit[i] = in.kill_at_exit[in.n_tracees];
	in.line[in.n_tracees] = NULL;
	in.kill_at_exit[in.n_tracees] = false;
}

static int follow(void)
{
	int result = OWN_TROUBLE, status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		int how = PTRACE_CONT, event, signo;

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return result;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == in.command)
				result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			gone(pid);
			continue;
		}
		event = status >> 16;
		signo = WSTOPSIG(status);
		(void)slot(pid);
		if (event == PTRACE_EVENT_SECCOMP) {
			signo = 0;
			if (at_call(pid))
				how = PTRACE_SYSCALL;
		} else if (signo == (SIGTRAP | 0x80)) {
			signo = 0;
			at_return(pid);
		} else if (event == PTRACE_EVENT_STOP) {
			if (signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU)
				how = PTRACE_LISTEN;
			signo = 0;
		} else if (event) {
			signo = 0;
		}
		(void)ptrace(how, pid, 0, (long)signo);
	}
}

static int error_of(const char *name)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		if (strcmp(errnos[i].name, name) == 0)
			return errnos[i].value;
	return 0;
}

static int usage(void)
{
	fputs("usage: inject [-o FILE] list|kill-before N|kill-after N|fail N ERRNO|fail-from N ERRNO|signal N TERM|INT -- CMD...\n",
	      stderr);
	return OWN_TROUBLE;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum action action;
		int args;
	} actions[] = { { "list", LIST, 0 }, { "kill-before", KILL_BEFORE, 1 }, { "kill-after", KILL_AFTER, 1 },
			{ "fail", FAIL, 2 }, { "fail-from", FAIL_FROM, 2 },	{ "signal", SIGNAL, 2 } };
	int i = 1, args = -1, result;

	in.to = stderr;
	if (argc > 3 && strcmp(argv[1], "-o") == 0) {
		in.to = fopen(argv[2], "we");
		if (!in.to)
			die(argv[2]);
		i = 3;
	}
	for (size_t a = 0; i < argc && a < sizeof(actions) / sizeof(*actions); a++)
		if (strcmp(argv[i], actions[a].name) == 0) {
			in.action = actions[a].action;
			args = actions[a].args;
		}
	if (args < 0 || argc <= i + args + 2 || strcmp(argv[i + args + 1], "--") != 0)
		return usage();
	if (args > 0) {
		in.at = strtoul(argv[i + 1], NULL, 10);
		if (!in.at)
			return usage();
	}
	if (in.action == SIGNAL)
		in.signal = strcmp(argv[i + 2], "TERM") == 0 ? SIGTERM : strcmp(argv[i + 2], "INT") == 0 ? SIGINT : 0;
	else if (args == 2)
		in.error = error_of(argv[i + 2]);
	if (args == 2 && !in.signal && !in.error)
		return usage();
	(void)fstat(STDOUT_FILENO, &in.own[0]);
	(void)fstat(STDERR_FILENO, &in.own[1]);
	start(argv + i + args + 2);
	/* What is aimed at the whole foreground group is for the command. */
	signal(SIGINT, SIG_IGN);
	result = follow();
	if (in.action != LIST && !in.came)
		return NEVER_CAME;
	return result;
}
