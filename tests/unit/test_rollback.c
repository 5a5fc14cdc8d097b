// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/rollback.h"
#include "lib/trial.h"

static int roll(const char *root, unsigned int to, bool force, bool dry_run, struct dg_diag *d)
{
	struct dg_changes c;
	struct fx_world w;
	int r;

	*d = (struct dg_diag){ 0 };
	fx_world_open(root, &w);
	r = dg_rollback_run(root, w.config, w.kernel, to, force, dry_run, &c, d);
	if (r == 0) {
		fx_int(c.n, 1);
		fx_str(c.v[0].name, "scap");
	}
	dg_changes_free(&c);
	fx_world_close(&w);
	return r;
}

static void make_three(const char *root)
{
	fx_install_world(root);
	fx_stage_version(root, "1.0");
	fx_stage_version(root, "1.1");
	fx_int(fx_stage_version(root, "1.2"), 3);
}

static void test_rollback_and_on(void **state)
{
	struct dg_diag d;

	make_three(*state);
	assert_int_equal(roll(*state, 0, false, true, &d), 0);
	assert_int_equal(fx_current(*state), 3);
	assert_int_equal(roll(*state, 0, false, false, &d), 0);
	fx_staged(*state, "1.1");
	assert_int_equal(roll(*state, 0, false, false, &d), 0);
	fx_staged(*state, "1.0");
	assert_int_equal(roll(*state, 0, false, false, &d), -ENOENT);
	assert_non_null(strstr(d.what, "no earlier"));
	assert_int_equal(roll(*state, 3, false, false, &d), 0);
	fx_staged(*state, "1.2");
}

static void test_rollback_refused(void **state)
{
	struct dg_diag d;

	make_three(*state);
	assert_int_equal(roll(*state, 3, false, false, &d), -EINVAL);
	assert_int_equal(roll(*state, 7, false, false, &d), -ENOENT);
	assert_int_equal(roll(*state, DG_GENERATION_MAX, false, false, &d), -ENOENT);
	/* Not what was staged: by no force. */
	assert_int_equal(unlink(fx_at(*state, HOME "/2/scap.ko")), 0);
	fx_text(*state, HOME "/2/scap.ko", "damaged");
	assert_true(roll(*state, 2, false, false, &d) < 0);
	assert_true(roll(*state, 2, true, false, &d) < 0);
	assert_int_equal(dg_tree_remove(fx_at(*state, HOME "/2")), 0);
	assert_int_equal(roll(*state, 0, false, false, &d), -ENOENT);
	assert_int_equal(fx_current(*state), 3);
	assert_false(fx_exists(fx_at(*state, STORE "/intent")));
	/* Another kernel's generation under this one's name. */
	fx_text(*state, HOME "/2/manifest", "");
	{
		dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
		dg_auto_free char *text = NULL;

		assert_int_equal(dg_manifest_new("6.9.9-other", "", &m), 0);
		text = dg_manifest_format(m);
		fx_text(*state, HOME "/2/manifest", text);
	}
	assert_int_equal(roll(*state, 2, true, false, &d), -EBADMSG);
	assert_non_null(strstr(d.what, "6.9.9-other"));
}

/* What this kernel would not load any more is gone back to by force only. */
static void test_rollback_judged(void **state)
{
	struct dg_diag d;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", "6.1.0-0-test", "kabi");
	fx_stage(*state, &(struct dg_stage_options){ 0 });
	fx_stage_version(*state, "1.1");
	fx_text(*state, "/etc/drvguard/drvguard.conf",
		"[product falco]\ndepot = " FX_DEPOT "\nrequire = exact\n[driver scap]\nproduct = falco\n");
	assert_int_equal(roll(*state, 0, false, false, &d), -ENOEXEC);
	assert_non_null(strstr(d.cure, "--force"));
	assert_int_equal(fx_current(*state), 2);
	assert_int_equal(roll(*state, 0, true, false, &d), 0);
	assert_int_equal(fx_current(*state), 1);
}

static int end_trial(const char *root, const char *boot)
{
	struct dg_changes c;
	struct dg_diag d;
	struct fx_world w;
	int r;

	fx_world_open(root, &w);
	r = dg_rollback_trial(root, w.config, w.kernel, boot, &c, &d);
	dg_changes_free(&c);
	fx_world_close(&w);
	return r;
}

static void test_rollback_trial(void **state)
{
	struct dg_trial t = { .generation = 3, .revert = 1, .boot = "1111" };

	make_three(*state);
	assert_int_equal(end_trial(*state, "2222"), 0);
	assert_int_equal(dg_trial_write(*state, STORE, FX_RELEASE, &t, NULL), 0);
	assert_int_equal(end_trial(*state, "1111"), 0);
	assert_int_equal(end_trial(*state, ""), 0);
	assert_int_equal(fx_current(*state), 3);
	assert_int_equal(end_trial(*state, "2222"), 1);
	fx_staged(*state, "1.0");
	assert_int_equal(end_trial(*state, "2222"), 0);
	/* What it would go back to is not there: nothing staged is better than a trial that failed. */
	t = (struct dg_trial){ .generation = 1, .revert = 9, .boot = "2222" };
	assert_int_equal(dg_trial_write(*state, STORE, FX_RELEASE, &t, NULL), 0);
	assert_int_equal(end_trial(*state, "3333"), 1);
	assert_int_equal(fx_current(*state), 0);
	fx_staged(*state, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_rollback_and_on),
		FX_TEST(test_rollback_refused),
		FX_TEST(test_rollback_judged),
		FX_TEST(test_rollback_trial),
	};

	return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
