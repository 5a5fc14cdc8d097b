// SPDX-License-Identifier: GPL-2.0-or-later
/* What answers; what does not is in tests/e2e/opt.sh, where a server can be made to fall silent. */
#include "fixture.h"

#include <sys/wait.h>

#include "lib/probe.h"

static void test_probe_directory(void **state)
{
	struct dg_probe a, b, c;

	fx_mkdir(*state, "/opt/a");
	fx_mkdir(*state, "/opt/b");
	assert_int_equal(symlink("/opt/a", fx_at(*state, "/opt/link")), 0);
	assert_int_equal(dg_probe(*state, "/opt/a", &a), 0);
	assert_int_equal(dg_probe(*state, "/opt/b", &b), 0);
	assert_int_equal(dg_probe(*state, "/opt/link", &c), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_memory_equal(&a, &c, sizeof(a));
	/* Filled, it is another. */
	fx_text(*state, "/opt/a/x", "x");
	assert_int_equal(dg_probe(*state, "/opt/a", &c), 0);
	assert_memory_not_equal(&a, &c, sizeof(a));
}

static void test_probe_errors(void **state)
{
	const struct dg_probe none = { 0 };
	struct dg_probe p;

	fx_text(*state, "/opt/file", "x");
	assert_int_equal(dg_probe(*state, "/opt/none", &p), -ENOENT);
	assert_memory_equal(&p, &none, sizeof(p));
	assert_int_equal(dg_probe(*state, "/opt/file", &p), -ENOTDIR);
	assert_true(dg_probe_is_silence(-ETIMEDOUT));
	assert_true(dg_probe_is_silence(-ENOTCONN));
	assert_false(dg_probe_is_silence(-ENOENT));
	assert_false(dg_probe_is_silence(-EACCES));
	assert_false(dg_probe_is_silence(0));
}

/* It is over when it returns, and leaves neither a child nor a descriptor. */
static void test_probe_leaves_nothing(void **state)
{
	struct dg_probe p;
	int before = dup(0), after;

	assert_int_equal(close(before), 0);
	assert_int_equal(dg_probe(*state, "/", &p), 0);
	after = dup(0);
	assert_int_equal(close(after), 0);
	assert_int_equal(before, after);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_probe_directory),
		FX_TEST(test_probe_errors),
		FX_TEST(test_probe_leaves_nothing),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
