// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/intent.h"
#include "lib/manifest.h"
#include "lib/record.h"

#define STORE "/usr/lib/drvguard"
#define PATH STORE "/intent"

static void test_intent_round_trip(void **state)
{
	struct dg_intent have;

	assert_int_equal(dg_intent_read(*state, STORE, &have, NULL), -ENOENT);
	for (int a = DG_ACTION_STAGE; a <= DG_ACTION_REVERT; a++) {
		const struct dg_intent want = { .action = (enum dg_action)a,
						.release = FX_RELEASE,
						.from = a == DG_ACTION_STAGE ? 0 : DG_GENERATION_MAX,
						.to = a == DG_ACTION_REVERT ? 0 : DG_GENERATION_MAX };

		assert_int_equal(dg_intent_write(*state, STORE, &want, NULL), 0);
		assert_int_equal(dg_intent_read(*state, STORE, &have, NULL), 0);
		assert_int_equal(have.action, want.action);
		assert_string_equal(have.release, want.release);
		assert_int_equal(have.from, want.from);
		assert_int_equal(have.to, want.to);
	}
	assert_int_equal(dg_intent_clear(*state, STORE), 0);
	assert_int_equal(dg_intent_clear(*state, STORE), 0);
	assert_int_equal(dg_intent_read(*state, STORE, &have, NULL), -ENOENT);
}

/* Sealed, and still not to be believed. Nothing of it is left in the answer. */
static void test_intent_hostile(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = {
		{ "nothing", "" },
		{ "another action", "action jump\nrelease 6.1\nfrom 0\nto 1\n" },
		{ "no action", "action \nrelease 6.1\nfrom 0\nto 1\n" },
		{ "a way out", "action stage\nrelease ../../etc\nfrom 0\nto 1\n" },
		{ "up", "action stage\nrelease ..\nfrom 0\nto 1\n" },
		{ "no release", "action stage\nrelease \nfrom 0\nto 1\n" },
		{ "order", "release 6.1\naction stage\nfrom 0\nto 1\n" },
		{ "too high", "action stage\nrelease 6.1\nfrom 0\nto 1000000001\n" },
		{ "negative", "action stage\nrelease 6.1\nfrom -1\nto 1\n" },
		{ "no number", "action stage\nrelease 6.1\nfrom 0\nto\n" },
		{ "cut", "action stage\nrelease 6.1\nfrom 0\n" },
		{ "more", "action stage\nrelease 6.1\nfrom 0\nto 1\nto 2\n" },
	};

	FX_CASE(c, cases)
	{
		dg_auto_free char *body = dg_format("drvguard-intent 1\n%s", c->body);
		struct dg_diag d = { 0 };
		struct dg_intent i;

		fx_int(dg_record_write(fx_at(*state, PATH), body), 0);
		fx_int(dg_intent_read(*state, STORE, &i, &d), -EBADMSG);
		fx_str(i.release, "");
		fx_str(d.where, fx_at(*state, PATH));
		fx_int(d.cure[0] != '\0', true);
	}
}

static void test_intent_long_release(void **state)
{
	dg_auto_free char *body = dg_format("drvguard-intent 1\naction stage\nrelease %063d\nfrom 0\nto 1\n", 1);
	dg_auto_free char *longer = dg_format("drvguard-intent 1\naction stage\nrelease %0128d\nfrom 0\nto 1\n", 1);
	struct dg_intent i;

	assert_int_equal(dg_record_write(fx_at(*state, PATH), body), 0);
	assert_int_equal(dg_intent_read(*state, STORE, &i, NULL), 0);
	assert_int_equal(strlen(i.release), 63);
	assert_int_equal(dg_record_write(fx_at(*state, PATH), longer), 0);
	assert_int_equal(dg_intent_read(*state, STORE, &i, NULL), -EBADMSG);
	assert_string_equal(i.release, "");
}

static void test_intent_tidy(void **state)
{
	const struct dg_intent i = { .release = FX_RELEASE, .to = 1 };
	struct dg_intent have;

	dg_intent_tidy(*state, STORE);
	assert_int_equal(dg_intent_write(*state, STORE, &i, NULL), 0);
	fx_text(*state, STORE "/.intent.new", "half");
	dg_intent_tidy(*state, STORE);
	assert_false(fx_exists(fx_at(*state, STORE "/.intent.new")));
	assert_int_equal(dg_intent_read(*state, STORE, &have, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_intent_round_trip),
		FX_TEST(test_intent_hostile),
		FX_TEST(test_intent_long_release),
		FX_TEST(test_intent_tidy),
	};

	return cmocka_run_group_tests_name("intent", tests, NULL, NULL);
}
