// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/mount.h>
#include <sys/statvfs.h>

#include "lib/modprobe.h"
#include "lib/room.h"

#define STORE "/usr/lib/drvguard"

static uint64_t available(const char *path)
{
	struct statvfs st;

	assert_int_equal(statvfs(path, &st), 0);
	return (uint64_t)st.f_bavail * st.f_frsize;
}

/* A file system of @options at DIR/mnt; false where none can be mounted. */
static bool mounted(const char *dir, const char *options, unsigned long flags)
{
	fx_mkdir(dir, "/mnt");
	return mount("none", fx_at(dir, "/mnt"), "tmpfs", flags, options) == 0;
}

/* Before anything is asserted, or it would be left. */
static void unmount(const char *dir)
{
	assert_int_equal(umount(fx_at(dir, "/mnt")), 0);
}

static int check(const char *root, const char *modules_dir, struct dg_room room, struct dg_diag *d)
{
	const struct dg_kernel k = { .root = (char *)(uintptr_t)root, .modules_dir = (char *)(uintptr_t)modules_dir };

	room.root = root;
	room.store = room.store ? room.store : STORE;
	room.kernel = &k;
	*d = (struct dg_diag){ 0 };
	return dg_room_check(&room, d);
}

static void test_room_fine(void **state)
{
	struct dg_diag d;

	fx_mkdir(*state, "/lib/modules/x");
	/* The store is not there yet: where it would be made counts. */
	assert_int_equal(check(*state, fx_at(*state, "/lib/modules/x"), (struct dg_room){ .bytes = 1, .files = 1 }, &d),
			 0);
	assert_false(fx_exists(fx_at(*state, "/usr")));
}

static void test_room_too_much(void **state)
{
	struct dg_diag d;

	fx_mkdir(*state, "/lib/modules/x");
	assert_int_equal(check(*state, fx_at(*state, "/lib/modules/x"), (struct dg_room){ .bytes = 1ull << 60 }, &d),
			 -ENOSPC);
	assert_string_equal(d.where, *state);
	assert_non_null(strstr(d.what, "KiB are free"));
	assert_non_null(strstr(d.cure, "nothing was changed"));
}

/* What lies on one file system is added up, once. */
static void test_room_of_one_file_system(void **state)
{
	struct dg_room room = { .store = "/mnt/store" };
	dg_auto_free char *modules = NULL, *boot = NULL;
	int full, over, elsewhere;
	struct dg_diag d;

	if (!mounted(*state, "size=8m", 0))
		skip();
	fx_mkdir(*state, "/mnt/modules");
	fx_mkdir(*state, "/mnt/boot");
	modules = strdup(fx_at(*state, "/mnt/modules"));
	boot = strdup(fx_at(*state, "/mnt/boot"));
	/* Two MiB are slack: with four for the store, depmod's, and the rest for /boot, it is full. */
	room.boot = boot;
	room.bytes = 4 << 20;
	room.boot_bytes = available(boot) - (6 << 20) - dg_depmod_needs(modules);
	full = check(*state, modules, room, &d);
	room.boot_bytes++;
	over = check(*state, modules, room, &d);
	/* On another one it has room. */
	room.boot = *state;
	elsewhere = check(*state, modules, room, &d);
	unmount(*state);
	assert_int_equal(full, 0);
	assert_int_equal(over, -ENOSPC);
	assert_int_equal(elsewhere, 0);
}

static void test_room_read_only(void **state)
{
	struct dg_room room = { .store = "/mnt/store" };
	struct dg_diag d;
	int r;

	fx_mkdir(*state, "/lib/modules/x");
	if (!mounted(*state, "size=8m", MS_RDONLY))
		skip();
	r = check(*state, fx_at(*state, "/lib/modules/x"), room, &d);
	unmount(*state);
	assert_int_equal(r, -EROFS);
	assert_string_equal(d.where, fx_at(*state, "/mnt"));
	assert_non_null(strstr(d.cure, "remount"));
}

static void test_room_inodes(void **state)
{
	struct dg_room room = { .store = "/mnt/store" };
	struct dg_diag d;
	int r, more;

	fx_mkdir(*state, "/lib/modules/x");
	if (!mounted(*state, "size=8m,nr_inodes=40", 0))
		skip();
	r = check(*state, fx_at(*state, "/lib/modules/x"), room, &d);
	room.files = 4;
	more = check(*state, fx_at(*state, "/lib/modules/x"), room, &d);
	unmount(*state);
	assert_int_equal(r, 0);
	assert_int_equal(more, -ENOSPC);
	assert_non_null(strstr(d.what, "inodes"));
}

/* A kernel of which only the image is there. */
static void test_room_no_modules_tree(void **state)
{
	struct dg_diag d;

	assert_int_equal(check(*state, NULL, (struct dg_room){ 0 }, &d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_room_fine),      FX_TEST(test_room_too_much),
		FX_TEST(test_room_read_only), FX_TEST(test_room_of_one_file_system),
		FX_TEST(test_room_inodes),    FX_TEST(test_room_no_modules_tree),
	};

	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
