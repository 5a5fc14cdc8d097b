// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/manifest.h"
#include "lib/record.h"
#include "lib/trial.h"

#define STORE "/store"
#define PATH STORE "/kernels/" FX_RELEASE "/trial"
#define BOOT "11111111-2222-4333-8444-555555555555"

static void test_trial_round_trip(void **state)
{
	static const struct {
		const char *name;
		struct dg_trial trial;
	} cases[] = {
		{ "not booted yet", { 2, 1, "" } },
		{ "in a boot", { 2, 1, BOOT } },
		{ "nothing before it", { 1, 0, BOOT } },
		{ "the last number", { DG_GENERATION_MAX, DG_GENERATION_MAX - 1, BOOT } },
		{ "the last number before it", { 1, DG_GENERATION_MAX, "" } },
	};

	FX_CASE(c, cases)
	{
		struct dg_trial have;

		fx_int(dg_trial_write(*state, STORE, FX_RELEASE, &c->trial, NULL), 0);
		fx_int(dg_trial_read(*state, STORE, FX_RELEASE, &have, NULL), 0);
		fx_int(have.generation, c->trial.generation);
		fx_int(have.revert, c->trial.revert);
		fx_str(have.boot, c->trial.boot);
		/* Of the current generation, and of no other. */
		fx_int(dg_trial_is_on(*state, STORE, FX_RELEASE, c->trial.generation, &have), true);
		fx_int(dg_trial_is_on(*state, STORE, FX_RELEASE, c->trial.generation + 1, &have), false);
		fx_int(dg_trial_is_on(*state, STORE, FX_RELEASE, 0, &have), false);
	}
	assert_int_equal(dg_trial_clear(*state, STORE, FX_RELEASE), 0);
	assert_int_equal(dg_trial_clear(*state, STORE, FX_RELEASE), 0);
}

static void test_trial_hostile(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = {
		{ "nothing", "" },
		{ "of none", "generation 0\nrevert 1\nboot -\n" },
		{ "too high", "generation 1000000001\nrevert 1\nboot -\n" },
		{ "wraps", "generation 4294967297\nrevert 1\nboot -\n" },
		{ "negative", "generation 1\nrevert -1\nboot -\n" },
		{ "signed", "generation +1\nrevert 1\nboot -\n" },
		{ "zeroes before it", "generation 01\nrevert 1\nboot -\n" },
		{ "cut", "generation 2\nrevert 1\n" },
		{ "no boot", "generation 2\nrevert 1\nboot \n" },
		{ "more", "generation 2\nrevert 1\nboot -\nboot -\n" },
		{ "one line", "generation 2 revert 1 boot -\n" },
		{ "a boot no kernel has", "generation 2\nrevert 1\nboot XYZ\n" },
		{ "a boot too long", "generation 2\nrevert 1\nboot 1111111111111111111111111111111111111111\n" },
	};

	FX_CASE(c, cases)
	{
		dg_auto_free char *body = dg_format("drvguard-trial 1\n%s", c->body);
		struct dg_diag d = { 0 };
		struct dg_trial t;

		fx_int(dg_record_write(fx_at(*state, PATH), body), 0);
		fx_int(dg_trial_read(*state, STORE, FX_RELEASE, &t, &d), -EBADMSG);
		fx_int(t.generation, 0);
		fx_str(d.where, fx_at(*state, PATH));
		fx_int(dg_trial_is_on(*state, STORE, FX_RELEASE, 2, &t), false);
	}
}

static void test_trial_is_over(void **state)
{
	const struct dg_trial t = { 2, 1, BOOT }, waiting = { 2, 1, "" };

	(void)state;
	assert_false(dg_trial_is_over(&t, BOOT));
	assert_true(dg_trial_is_over(&t, "another"));
	/* Without knowing the boot nobody's work is undone. */
	assert_false(dg_trial_is_over(&t, ""));
	assert_false(dg_trial_is_over(&waiting, BOOT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_trial_round_trip),
		FX_TEST(test_trial_hostile),
		FX_TEST(test_trial_is_over),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
