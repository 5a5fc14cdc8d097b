// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/choose.h"

struct candidate {
	enum dg_verdict verdict;
	const char *version, *built_for;
};

#define E DG_VERDICT_EXACT
#define K DG_VERDICT_KABI
#define R DG_VERDICT_REFUSED

static void test_choose_compare_order(void **state)
{
	/* For 6.1.0-10; positive: the first is better. */
	static const struct {
		const char *name;
		struct candidate a, b;
		int expected;
	} cases[] = {
		{ "exact before kabi", { E, "1.0", "6.1.0-10" }, { K, "2.0", "6.1.0-9" }, 1 },
		{ "kabi before refused", { K, "1.0", "6.1.0-9" }, { R, "2.0", "6.1.0-10" }, 1 },
		{ "higher version", { K, "1.10", "6.1.0-1" }, { K, "1.9", "6.1.0-9" }, 1 },
		{ "version before none", { K, "1.0", "6.1.0-1" }, { K, "", "6.1.0-9" }, 1 },
		{ "nearest not above", { K, "1.0", "6.1.0-9" }, { K, "1.0", "6.1.0-8" }, 1 },
		{ "not above before above", { K, "1.0", "6.1.0-1" }, { K, "1.0", "6.1.0-11" }, 1 },
		{ "nearest of those above", { K, "1.0", "6.1.0-11" }, { K, "1.0", "6.1.0-12" }, 1 },
		{ "numbers, not letters", { K, "1.0", "6.1.0-9" }, { K, "1.0", "6.1.0-11" }, 1 },
		{ "equal", { K, "1.0", "6.1.0-9" }, { K, "1.0", "6.1.0-9" }, 0 },
		{ "own level is not above", { K, "1.0", "6.1.0-10" }, { K, "1.0", "6.1.0-9" }, 1 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		char va[100], vb[100];
		const struct dg_judgement ja = { .verdict = c->a.verdict }, jb = { .verdict = c->b.verdict };
		struct dg_modfile a = { .version = c->a.version, .vermagic = va };
		struct dg_modfile b = { .version = c->b.version, .vermagic = vb };
		int r;

		snprintf(va, sizeof(va), "%s%s", c->a.built_for, FX_MAGIC_REST);
		snprintf(vb, sizeof(vb), "%s%s", c->b.built_for, FX_MAGIC_REST);
		r = dg_choose_compare(&a, &ja, &b, &jb, "6.1.0-10");
		fx_int((r > 0) - (r < 0), c->expected);
		r = dg_choose_compare(&b, &jb, &a, &ja, "6.1.0-10");
		fx_int((r > 0) - (r < 0), -c->expected);
	}
}

static void test_choose_built_for_first_word(void **state)
{
	static const struct {
		const char *name, *vermagic, *expected;
	} cases[] = { { "usual", FX_VERMAGIC, FX_RELEASE }, { "one word", "6.1", "6.1" }, { "none", "", "" } };

	(void)state;
	FX_CASE(c, cases)
	{
		const struct dg_modfile m = { .vermagic = c->vermagic };
		char buf[80], small[4];

		dg_choose_built_for(&m, buf, sizeof(buf));
		fx_str(buf, c->expected);
		dg_choose_built_for(&m, small, sizeof(small));
		assert_true(strlen(small) < sizeof(small));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose_compare_order),
		cmocka_unit_test(test_choose_built_for_first_word),
	};

	return cmocka_run_group_tests_name("choose", tests, NULL, NULL);
}
