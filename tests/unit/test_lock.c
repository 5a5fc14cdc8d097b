// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/file.h>

#include "lib/lock.h"

static void test_lock_take_and_let_go(void **state)
{
	int fd = -1, again = -1, other;

	assert_int_equal(dg_lock_take(*state, "/usr/lib/drvguard", &fd, NULL), 0);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	other = open(fx_at(*state, "/usr/lib/drvguard/lock"), O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_int_equal(dg_lock_take(*state, "/usr/lib/drvguard", &again, NULL), 0);
	close(again);
}

static void test_lock_take_errors(void **state)
{
	struct dg_diag d = { 0 };
	int fd = -7;

	fx_text(*state, "/file", "");
	assert_int_equal(dg_lock_take(*state, "/file", &fd, &d), -ENOTDIR);
	assert_true(d.what[0]);
	/* A link where the lock should be is nobody's lock. */
	fx_mkdir(*state, "/store");
	assert_int_equal(symlink("../file", fx_at(*state, "/store/lock")), 0);
	assert_int_equal(dg_lock_take(*state, "/store", &fd, &d), -ELOOP);
	assert_int_equal(fd, -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_lock_take_and_let_go),
		FX_TEST(test_lock_take_errors),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
