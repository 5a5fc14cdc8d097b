// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/remove.h"

static int take_out(const char *root, const char *const *names, bool dry_run, struct dg_diag *d)
{
	struct dg_changes c;
	struct fx_world w;
	int r;

	*d = (struct dg_diag){ 0 };
	fx_world_open(root, &w);
	r = dg_remove_run(root, w.config, w.kernel, names, dry_run, &c, d);
	dg_changes_free(&c);
	fx_world_close(&w);
	return r;
}

static const char *const scap[] = { "scap", NULL };

static void test_remove_brings_the_earlier_back(void **state)
{
	struct dg_diag d;

	fx_install_world(*state);
	assert_int_equal(take_out(*state, scap, false, &d), -ENOENT);
	assert_string_equal(d.where, "scap");
	fx_stage_version(*state, "1.0");
	fx_stage_version(*state, "1.1");
	fx_stage_version(*state, "1.2");
	assert_int_equal(take_out(*state, scap, true, &d), 0);
	assert_int_equal(fx_current(*state), 3);
	assert_int_equal(take_out(*state, scap, false, &d), 0);
	fx_staged(*state, "1.1");
	/* As far back as is kept whole. */
	assert_int_equal(unlink(fx_at(*state, HOME "/1/scap.ko")), 0);
	assert_int_equal(take_out(*state, scap, false, &d), 0);
	fx_staged(*state, "");
	assert_int_equal(take_out(*state, scap, false, &d), -ENOENT);
	/* And nothing of it comes by itself. */
	fx_stage(*state, &(struct dg_stage_options){ 0 });
	fx_staged(*state, "");
}

/* Two builds without a version: the one does not bring the other back for ever. */
static void test_remove_without_versions(void **state)
{
	struct dg_diag d;

	fx_install_world(*state);
	fx_offer_build(*state, "scap", "", "one");
	fx_stage(*state, &(struct dg_stage_options){ .force = true });
	fx_offer_build(*state, "scap", "", "two");
	fx_stage(*state, &(struct dg_stage_options){ .force = true });
	assert_int_equal(fx_current(*state), 2);
	assert_int_equal(take_out(*state, scap, false, &d), 0);
	fx_staged(*state, "");
	/* The other build is staged, which has no version to be told by. */
	assert_true(fx_exists(fx_at(*state, HOME "/3/scap.ko")));
	assert_int_equal(take_out(*state, scap, false, &d), 0);
	assert_false(fx_exists(fx_at(*state, HOME "/4/scap.ko")));
	fx_stage(*state, &(struct dg_stage_options){ 0 });
	assert_int_equal(fx_current(*state), 4);
}

/* The others go on, though the store has lost them. */
static void test_remove_keeps_the_others(void **state)
{
	static const char *const conf = "[product falco]\ndepot = " FX_DEPOT
					"\n[driver scap]\nproduct = falco\n[driver other]\nproduct = falco\n";
	struct dg_diag d;

	fx_install_world(*state);
	fx_text(*state, "/etc/drvguard/drvguard.conf", conf);
	fx_offer_build(*state, "other", "3", "three");
	fx_stage_version(*state, "1.0");
	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	assert_int_equal(take_out(*state, (const char *[]){ "scap", "nosuch", NULL }, false, &d), -ENOENT);
	assert_int_equal(fx_current(*state), 1);
	assert_int_equal(take_out(*state, scap, false, &d), 0);
	assert_int_equal(fx_current(*state), 2);
	assert_true(fx_exists(fx_at(*state, HOME "/2/other.ko")));
	assert_false(fx_exists(fx_at(*state, HOME "/2/scap.ko")));
	fx_staged(*state, "");
	/* One that is whole nowhere stops it, and nothing is changed. */
	assert_int_equal(unlink(fx_at(*state, HOME "/2/other.ko")), 0);
	assert_int_equal(unlink(fx_at(*state, HOME "/1/other.ko")), 0);
	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	fx_offer_build(*state, "other", "4", "four");
	assert_int_equal(fx_stage(*state, &(struct dg_stage_options){ .force = true }), 3);
	assert_int_equal(unlink(fx_at(*state, HOME "/3/other.ko")), 0);
	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	assert_int_equal(take_out(*state, scap, false, &d), -ENOENT);
	assert_int_equal(fx_current(*state), 3);
	assert_false(fx_exists(fx_at(*state, STORE "/intent")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_remove_brings_the_earlier_back),
		FX_TEST(test_remove_without_versions),
		FX_TEST(test_remove_keeps_the_others),
	};

	return cmocka_run_group_tests_name("remove", tests, NULL, NULL);
}
