// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/mounts.h"

static void test_mount_awaited_other_root(void **state)
{
	char *mount = NULL;

	fx_text(*state, "/etc/fstab", "/dev/sdb1 /opt ext4 defaults 0 0\n");
	assert_false(dg_mount_awaited(*state, "/opt/falco", &mount));
	assert_null(mount);
}

static void test_mounts_wait_stopped(void **state)
{
	struct dg_mounts *m;
	int stop[2];

	(void)state;
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(dg_mounts_new(&m), 0);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(dg_mounts_wait(m, stop[0], -1), DG_MOUNTS_STOP);
	dg_mounts_free(m);
	close(stop[0]);
	close(stop[1]);
}

/* A directory that is not there yet: the nearest above it is watched, and its making is seen. */
static void test_mounts_wait_directory_made(void **state)
{
	struct dg_mounts *m;
	int stop[2];

	assert_int_equal(pipe(stop), 0);
	assert_int_equal(dg_mounts_new(&m), 0);
	assert_int_equal(dg_mounts_watch(m, fx_at(*state, "/opt/falco/drivers")), 0);
	fx_mkdir(*state, "/opt");
	alarm(20);
	assert_int_equal(dg_mounts_wait(m, stop[0], -1), DG_MOUNTS_FILLED);

	/* A new round sees the file that comes. */
	dg_mounts_forget(m);
	assert_int_equal(dg_mounts_watch(m, fx_at(*state, "/opt/falco/drivers")), 0);
	fx_text(*state, "/opt/scap.ko", "x");
	assert_int_equal(dg_mounts_wait(m, stop[0], -1), DG_MOUNTS_FILLED);
	alarm(0);
	dg_mounts_free(m);
	close(stop[0]);
	close(stop[1]);
}

static void test_mounts_free_null(void **state)
{
	struct dg_mounts *m = NULL;

	(void)state;
	dg_mounts_free(NULL);
	dg_mounts_freep(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_mount_awaited_other_root),
		cmocka_unit_test(test_mounts_wait_stopped),
		FX_TEST(test_mounts_wait_directory_made),
		cmocka_unit_test(test_mounts_free_null),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
