// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/wait.h>

#include "lib/tool.h"

static int shell(const char *script, char *said, size_t size)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return dg_tool_run("/", argv, said, size);
}

static void test_tool_ends(void **state)
{
	static const struct {
		const char *name, *script;
		int code;
		const char *said;
	} cases[] = {
		{ "well", ":", 0, "" },
		{ "its last line", "echo one; echo two >&2; echo", 0, "two" },
		{ "blanks behind it", "printf 'one \\r\\n\\n \\t'", 0, "one" },
		{ "no line end", "printf one", 0, "one" },
		{ "badly", "echo why; exit 3", 3, "why" },
		{ "of a signal", "kill -9 $$", 137, "" },
		{ "no input to wait for", "cat", 0, "" },
		{ "much to say", "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done", 0, "2999" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		char said[40];

		fx_int(shell(c->script, said, sizeof(said)), c->code);
		fx_str(said, c->said);
	}
}

static void test_tool_long_line(void **state)
{
	char said[10];

	(void)state;
	assert_int_equal(shell("printf '%05000d' 1", said, sizeof(said)), 0);
	assert_int_equal(strlen(said), 9);
}

static void test_tool_not_there(void **state)
{
	const char *const argv[] = { "no-such-tool-of-drvguard", NULL }, *const dir[] = { *state, NULL };
	char said[200];

	assert_int_equal(dg_tool_run("/", argv, said, sizeof(said)), 127);
	assert_string_equal(said, "cannot run no-such-tool-of-drvguard");
	assert_int_equal(dg_tool_run("/", dir, said, sizeof(said)), 126);
	/* Another root has its own programs, and here none. */
	if (geteuid() == 0)
		assert_int_equal(dg_tool_run(*state, (const char *const[]){ "sh", NULL }, said, sizeof(said)), 127);
	assert_int_equal(dg_tool_run("/no/such/root", argv, said, sizeof(said)), 126);
}

/* Our locks, our signals and our package manager are none of its business. */
static void test_tool_inherits_nothing(void **state)
{
	char said[200];
	int fd = dup(1), to;

	(void)state;
	to = fcntl(fd, F_DUPFD, 700);
	assert_int_equal(shell("ls /proc/self/fd | tr '\\n' ' '", said, sizeof(said)), 0);
	assert_null(strstr(said, "700"));
	close(fd);
	close(to);
	assert_int_equal(setenv("DPKG_MAINTSCRIPT_NAME", "postinst", 1), 0);
	assert_int_equal(shell("echo \"$DPKG_MAINTSCRIPT_NAME.\"", said, sizeof(said)), 0);
	assert_string_equal(said, ".");
	unsetenv("DPKG_MAINTSCRIPT_NAME");
	signal(SIGTERM, SIG_IGN);
	assert_int_equal(shell("kill -TERM $$", said, sizeof(said)), 128 + SIGTERM);
	signal(SIGTERM, SIG_DFL);
	/* A process group of its own. */
	assert_int_equal(shell("set -- $(cat /proc/self/stat); echo $5 $$", said, sizeof(said)), 0);
	assert_true(atoi(said) == atoi(strchr(said, ' ')));
}

/* Whoever kills drvguard kills what it runs: the next run begins at once. */
static void test_tool_dies_with_us(void **state)
{
	const char *mark = fx_at(*state, "/mark");
	dg_auto_free char *script = dg_format("echo >%s; sleep 1; echo >%s.after", mark, mark);
	dg_auto_free char *after = dg_format("%s.after", mark);
	pid_t pid = fork();

	if (pid == 0) {
		char said[20];

		shell(script, said, sizeof(said));
		_exit(0);
	}
	for (int i = 0; i < 1000 && !fx_exists(mark); i++)
		usleep(5000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	usleep(1500000);
	assert_false(fx_exists(after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_tool_ends),	 FX_TEST(test_tool_long_line),
		FX_TEST(test_tool_not_there),	 FX_TEST(test_tool_inherits_nothing),
		FX_TEST(test_tool_dies_with_us),
	};

	return cmocka_run_group_tests_name("tool", tests, NULL, NULL);
}
