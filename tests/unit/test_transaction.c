// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/interrupt.h"
#include "lib/trial.h"
#include "lib/withdrawn.h"

static void intend(const char *root, enum dg_action action, const char *release, unsigned int from, unsigned int to)
{
	struct dg_intent i = { .action = action, .from = from, .to = to };

	snprintf(i.release, sizeof(i.release), "%s", release);
	fx_int(dg_intent_write(root, STORE, &i, NULL), 0);
}

static void switch_to(const char *root, unsigned int number)
{
	struct fx_world w;

	fx_world_open(root, &w);
	fx_int(dg_generation_switch(STORE, w.kernel, number, NULL), 0);
	fx_world_close(&w);
}

static int recover(const char *root)
{
	struct dg_intent i;
	struct dg_diag d = { 0 };
	int r = dg_transaction_recover(root, STORE, &i, &d);

	if (r < 0)
		print_error("%s: %s\n", d.where, d.what);
	else
		fx_int(fx_exists(fx_at(root, STORE "/intent")), false);
	return r;
}

/* Two generations; the second is current. */
static void make_two(const char *root)
{
	fx_install_world(root);
	fx_int(fx_stage_version(root, "1.0"), 1);
	fx_int(fx_stage_version(root, "1.1"), 2);
}

static void test_recover_nothing(void **state)
{
	fx_install_world(*state);
	assert_int_equal(recover(*state), DG_RECOVERY_NONE);
	make_two(*state);
	assert_int_equal(recover(*state), DG_RECOVERY_NONE);
	assert_int_equal(fx_current(*state), 2);
}

/* Dead before the rename, or after it. */
static void test_recover_either_side(void **state)
{
	static const struct {
		const char *name;
		enum dg_action action;
		unsigned int from, to, current;
		int how;
		unsigned int after;
		bool second_stays, out; /* 1.1 is withdrawn */
	} cases[] = {
		{ "stage, before", DG_ACTION_STAGE, 1, 2, 1, DG_RECOVERY_UNDONE, 1, false, false },
		{ "stage, after", DG_ACTION_STAGE, 1, 2, 2, DG_RECOVERY_FINISHED, 2, true, false },
		{ "rollback, before", DG_ACTION_ROLLBACK, 2, 1, 2, DG_RECOVERY_UNDONE, 2, true, false },
		{ "rollback, after", DG_ACTION_ROLLBACK, 2, 1, 1, DG_RECOVERY_FINISHED, 1, true, true },
		{ "revert to nothing, before", DG_ACTION_REVERT, 2, 0, 2, DG_RECOVERY_UNDONE, 2, true, false },
		{ "revert to nothing, after", DG_ACTION_REVERT, 2, 0, 0, DG_RECOVERY_FINISHED, 0, true, true },
		{ "the link is gone", DG_ACTION_STAGE, 1, 2, 0, DG_RECOVERY_UNDONE, 0, false, false },
	};

	FX_CASE(c, cases)
	{
		dg_auto(dg_withdrawn_free) struct dg_withdrawn w;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		make_two(*state);
		intend(*state, c->action, FX_RELEASE, c->from, c->to);
		switch_to(*state, c->current);
		fx_int(recover(*state), c->how);
		fx_int(fx_current(*state), c->after);
		fx_int(fx_exists(fx_at(*state, HOME "/2")), c->second_stays);
		fx_staged(*state, c->after == 2 ? "1.1" : c->after ? "1.0" : "");
		fx_int(dg_withdrawn_read(*state, STORE, FX_RELEASE, &w, NULL), 0);
		fx_int(w.n != 0, c->out);
		fx_int(recover(*state), DG_RECOVERY_NONE);
	}
}

/* That kernel is gone, or was never there. */
static void test_recover_kernel_gone(void **state)
{
	make_two(*state);
	intend(*state, DG_ACTION_STAGE, "6.9.9-gone", 0, 1);
	fx_mkdir(*state, STORE "/kernels/6.9.9-gone/1");
	assert_int_equal(recover(*state), DG_RECOVERY_UNDONE);
	assert_false(fx_exists(fx_at(*state, STORE "/kernels/6.9.9-gone/1")));
	assert_int_equal(fx_current(*state), 2);
	/* Going back makes nothing, and so leaves nothing to drop. */
	intend(*state, DG_ACTION_ROLLBACK, "6.9.9-gone", 2, 1);
	fx_mkdir(*state, STORE "/kernels/6.9.9-gone/1");
	assert_int_equal(recover(*state), DG_RECOVERY_UNDONE);
	assert_true(fx_exists(fx_at(*state, STORE "/kernels/6.9.9-gone/1")));
}

/* Meanwhile somebody else's link stands there: it is not ours to move. */
static void test_recover_foreign_link(void **state)
{
	dg_auto_free char *text = NULL;

	make_two(*state);
	intend(*state, DG_ACTION_STAGE, FX_RELEASE, 1, 2);
	assert_int_equal(unlink(fx_at(*state, LINK)), 0);
	assert_int_equal(symlink("../kernel", fx_at(*state, LINK)), 0);
	assert_int_equal(recover(*state), DG_RECOVERY_UNDONE);
	assert_int_equal(dg_link_get(fx_at(*state, LINK), &text), 0);
	assert_string_equal(text, "../kernel");
	assert_false(fx_exists(fx_at(*state, HOME "/2")));
}

static void test_recover_unbelievable(void **state)
{
	make_two(*state);
	fx_text(*state, STORE "/intent", "drvguard-intent 1\naction stage\nrelease " FX_RELEASE "\nfrom 1\nto 2\n");
	assert_int_equal(recover(*state), DG_RECOVERY_UNDONE);
	assert_int_equal(fx_current(*state), 2);
	fx_staged(*state, "1.1");
}

/* Before its number is given to another, a trial of what is undone ends. */
static void test_recover_undone_trial(void **state)
{
	const struct dg_trial t = { .generation = 2, .revert = 1 };
	struct dg_trial have;

	make_two(*state);
	assert_int_equal(dg_trial_write(*state, STORE, FX_RELEASE, &t, NULL), 0);
	intend(*state, DG_ACTION_STAGE, FX_RELEASE, 1, 2);
	switch_to(*state, 1);
	assert_int_equal(recover(*state), DG_RECOVERY_UNDONE);
	assert_int_equal(dg_trial_read(*state, STORE, FX_RELEASE, &have, NULL), -ENOENT);
}

static void test_transaction_interrupted(void **state)
{
	struct dg_diag d = { 0 };
	struct dg_transaction t;
	struct fx_world w;

	make_two(*state);
	fx_world_open(*state, &w);
	fx_int(dg_transaction_begin(&t, *state, w.config, w.kernel, DG_ACTION_ROLLBACK, 2, 1, &d), 0);
	dg_interrupt_defer();
	raise(SIGTERM);
	fx_int(dg_transaction_commit(&t, &d), -ECANCELED);
	fx_int(fx_current(*state), 2);
	fx_int(fx_exists(fx_at(*state, STORE "/intent")), false);
	fx_int(dg_transaction_begin(&t, *state, w.config, w.kernel, DG_ACTION_ROLLBACK, 2, 1, &d), -ECANCELED);
	fx_int(fx_exists(fx_at(*state, STORE "/intent")), false);
	fx_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_recover_nothing),
		FX_TEST(test_recover_either_side),
		FX_TEST(test_recover_kernel_gone),
		FX_TEST(test_recover_foreign_link),
		FX_TEST(test_recover_unbelievable),
		FX_TEST(test_recover_undone_trial),
		/* Last: a signal that was noted stays noted. */
		FX_TEST(test_transaction_interrupted),
	};

	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
