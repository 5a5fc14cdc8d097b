// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include <sched.h>
#include <sys/mount.h>

#include "lib/mounted.h"
#include "lib/record.h"

#define PATH STORE "/mounts/" FX_RELEASE "/scap"
#define TARGET "/lib/modules/" FX_RELEASE "/extra/scap.ko"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int look(const char *root, struct dg_mounted *m, struct dg_diag *d)
{
	struct fx_world w;
	int r;

	fx_world_open(root, &w);
	r = dg_mounted_read(STORE, w.kernel, "scap", m, d);
	fx_world_close(&w);
	return r;
}

static void test_mounted_hostile(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = {
		{ "nothing", "" },
		{ "no target", "sha256 " SUM "\n" },
		{ "half a sum", "sha256 abcd\ntarget /x\n" },
		{ "relative", "sha256 " SUM "\ntarget x\n" },
		{ "out of the root", "sha256 " SUM "\ntarget /lib/../../etc/passwd\n" },
		{ "out of it, escaped", "sha256 " SUM "\ntarget /lib/%2E%2E/%2E%2E/etc/passwd\n" },
		{ "out of it at the end", "sha256 " SUM "\ntarget /..\n" },
		{ "bad escape", "sha256 " SUM "\ntarget /x%zz\n" },
		{ "more", "sha256 " SUM "\ntarget /x\ntarget /y\n" },
		{ "order", "target /x\nsha256 " SUM "\n" },
	};

	fx_install_world(*state);
	FX_CASE(c, cases)
	{
		dg_auto_free char *body = dg_format("drvguard-mount 1\n%s", c->body);
		struct dg_diag d = { 0 };
		struct dg_mounted m;

		fx_int(dg_record_write(fx_at(*state, PATH), body), 0);
		fx_int(look(*state, &m, &d), -EBADMSG);
		fx_str(d.where, fx_at(*state, PATH));
		fx_int(m.recorded, false);
		assert_null(m.target);
	}
	/* One whose file is gone is staged that way, and not mounted. */
	{
		struct dg_mounted m;

		assert_int_equal(dg_record_write(fx_at(*state, PATH), "drvguard-mount 1\nsha256 " SUM "\ntarget /x\n"),
				 0);
		assert_int_equal(look(*state, &m, NULL), 0);
		assert_true(m.recorded && !m.active);
		assert_string_equal(m.target, fx_at(*state, "/x"));
		dg_mounted_free(&m);
	}
}

static bool may_mount(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* An older scap in extra/, covered by the depot's, and uncovered again. */
static void test_mounted_life(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *file = NULL;
	struct fx_module old = fx_module_good("scap");
	struct stat before, now;
	struct dg_diag d = { 0 };
	struct dg_mounted m;
	struct fx_world w;

	if (!may_mount())
		skip();
	fx_install_world(*state);
	fx_install_module(*state, TARGET, &old);
	fx_depmod(*state, FX_RELEASE);
	fx_offer_build(*state, "scap", "1.1", "new");
	assert_int_equal(dg_modfile_read(fx_at(*state, FX_DEPOT "/scap.ko"), &file, &d), 0);
	assert_int_equal(dg_modfile_hash(file), 0);
	assert_int_equal(stat(fx_at(*state, TARGET), &before), 0);
	fx_world_open(*state, &w);
	/* Twice is as once. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dg_mounted_set(STORE, w.kernel, file, &d), 0);
		assert_int_equal(dg_mounted_read(STORE, w.kernel, "scap", &m, &d), 0);
		assert_true(m.active);
		assert_string_equal(m.target, fx_at(*state, TARGET));
		assert_string_equal(m.sha256, file->sha256);
		dg_mounted_free(&m);
		fx_staged(*state, "1.1");
	}
	assert_int_equal(umount(fx_at(*state, TARGET)), 0);
	fx_staged(*state, "1.0");
	assert_int_equal(dg_mounted_read(STORE, w.kernel, "scap", &m, &d), 0);
	assert_true(m.recorded && !m.active);
	dg_mounted_free(&m);
	for (int i = 0; i < 2; i++)
		assert_int_equal(dg_mounted_again(STORE, w.kernel, "scap", &d), 0);
	fx_staged(*state, "1.1");
	for (int i = 0; i < 2; i++)
		assert_int_equal(dg_mounted_drop(STORE, w.kernel, "scap", &d), 0);
	assert_int_equal(stat(fx_at(*state, TARGET), &now), 0);
	assert_int_equal(now.st_ino, before.st_ino);
	assert_int_equal(dg_mounted_read(STORE, w.kernel, "scap", &m, &d), -ENOENT);
	fx_world_close(&w);
}

/* A record that cannot be believed does not leave the file covered for ever. */
static void test_mounted_drop_unbelievable(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *file = NULL;
	struct fx_module old = fx_module_good("scap");
	struct dg_diag d = { 0 };
	struct fx_world w;

	if (!may_mount())
		skip();
	fx_install_world(*state);
	fx_install_module(*state, TARGET, &old);
	fx_depmod(*state, FX_RELEASE);
	fx_offer_build(*state, "scap", "1.1", "new");
	assert_int_equal(dg_modfile_read(fx_at(*state, FX_DEPOT "/scap.ko"), &file, &d), 0);
	assert_int_equal(dg_modfile_hash(file), 0);
	fx_world_open(*state, &w);
	assert_int_equal(dg_mounted_set(STORE, w.kernel, file, &d), 0);
	fx_text(*state, PATH, "x");
	assert_int_equal(dg_mounted_drop(STORE, w.kernel, "scap", &d), 0);
	assert_false(fx_exists(fx_at(*state, PATH)));
	fx_staged(*state, "1.0");
	fx_world_close(&w);
}

static void test_mounted_nothing_to_cover(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *file = NULL;
	struct dg_diag d = { 0 };
	struct fx_world w;

	fx_install_world(*state);
	fx_offer_build(*state, "scap", "1.1", "new");
	assert_int_equal(dg_modfile_read(fx_at(*state, FX_DEPOT "/scap.ko"), &file, &d), 0);
	assert_int_equal(dg_modfile_hash(file), 0);
	fx_world_open(*state, &w);
	assert_int_equal(dg_mounted_set(STORE, w.kernel, file, &d), -ENOENT);
	assert_non_null(strstr(d.cure, "without --mount"));
	assert_false(fx_exists(fx_at(*state, PATH)));
	fx_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_mounted_hostile),
		FX_TEST(test_mounted_life),
		FX_TEST(test_mounted_drop_unbelievable),
		FX_TEST(test_mounted_nothing_to_cover),
	};

	return cmocka_run_group_tests_name("mounted", tests, NULL, NULL);
}
