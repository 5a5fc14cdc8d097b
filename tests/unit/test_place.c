// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/place.h"

#define PLACE "/usr/lib/drivers/scap.ko"
#define GENERATION "/usr/lib/drvguard/kernels/6.1/1/scap.ko"
#define STAGED "/usr/lib/modules/6.1/updates/drvguard/scap.ko"

/* A staged driver as it lies on disk; its path by the generation's link. */
static char *make_staged(const char *root)
{
	fx_text(root, GENERATION, "driver");
	fx_mkdir(root, "/usr/lib/modules/6.1/updates");
	assert_int_equal(
		symlink("../../../drvguard/kernels/6.1/1", fx_at(root, "/usr/lib/modules/6.1/updates/drvguard")), 0);
	return strdup(fx_at(root, STAGED));
}

static void test_place_look_states(void **state)
{
	static const struct {
		const char *name;
		const char *link, *text;
		bool match;
		enum dg_place_state expected;
	} cases[] = {
		{ "nothing", NULL, NULL, true, DG_PLACE_EMPTY },
		{ "our link", "../modules/6.1/updates/drvguard/scap.ko", NULL, true, DG_PLACE_RIGHT },
		{ "our link, nothing matches", "../modules/6.1/updates/drvguard/scap.ko", NULL, false, DG_PLACE_STALE },
		{ "our link, of another kernel", "../modules/5.10/updates/drvguard/scap.ko", NULL, true,
		  DG_PLACE_STALE },
		{ "a link elsewhere", "/etc/passwd", NULL, true, DG_PLACE_FOREIGN },
		{ "a dangling link", "nowhere", NULL, true, DG_PLACE_FOREIGN },
		{ "a file", NULL, "driver", true, DG_PLACE_FOREIGN },
		{ "a link to the very file", "../drvguard/kernels/6.1/1/scap.ko", NULL, true, DG_PLACE_RIGHT },
	};
	dg_auto_free char *staged = make_staged(*state);

	FX_CASE(c, cases)
	{
		enum dg_place_state s = (enum dg_place_state)99;

		dg_tree_remove(fx_at(*state, "/usr/lib/drivers"));
		if (c->link || c->text)
			fx_mkdir(*state, "/usr/lib/drivers");
		if (c->text)
			fx_text(*state, PLACE, c->text);
		if (c->link)
			assert_int_equal(symlink(c->link, fx_at(*state, PLACE)), 0);
		fx_int(dg_place_look(*state, PLACE, c->match ? staged : NULL, &s), 0);
		fx_int(s, c->expected);
	}
}

static void test_place_look_error(void **state)
{
	enum dg_place_state s;

	fx_text(*state, "/usr", "a file");
	assert_int_equal(dg_place_look(*state, PLACE, NULL, &s), -ENOTDIR);
}

static void test_place_set_from_each_state(void **state)
{
	static const struct {
		const char *name;
		const char *link, *text;
		bool saved;
	} cases[] = {
		{ "nothing", NULL, NULL, false },
		{ "right", "../modules/6.1/updates/drvguard/scap.ko", NULL, false },
		{ "stale", "../modules/5.10/updates/drvguard/scap.ko", NULL, false },
		{ "foreign link", "/etc/passwd", NULL, true },
		{ "foreign file", NULL, "somebody's", true },
	};
	dg_auto_free char *staged = make_staged(*state);

	FX_CASE(c, cases)
	{
		dg_auto_free char *saved = NULL, *text = NULL;
		enum dg_place_state s;

		dg_tree_remove(fx_at(*state, "/usr/lib/drivers"));
		if (c->link || c->text)
			fx_mkdir(*state, "/usr/lib/drivers");
		if (c->text)
			fx_text(*state, PLACE, c->text);
		if (c->link)
			assert_int_equal(symlink(c->link, fx_at(*state, PLACE)), 0);
		fx_int(dg_place_set(*state, PLACE, staged, &saved, NULL), 0);
		fx_int(dg_place_look(*state, PLACE, staged, &s), 0);
		fx_int(s, DG_PLACE_RIGHT);
		/* By the generation's link, so that the next generation needs no other. */
		fx_int(dg_link_get(fx_at(*state, PLACE), &text), 0);
		fx_str(text, "../modules/6.1/updates/drvguard/scap.ko");
		fx_int(saved != NULL, c->saved);
		if (c->saved)
			fx_str(saved, fx_at(*state, PLACE ".drvguard-saved"));
		if (c->text) {
			dg_auto_free char *kept = fx_read(saved);

			fx_str(kept, c->text);
		}
	}
}

static void test_place_set_nothing_matches(void **state)
{
	dg_auto_free char *staged = make_staged(*state);
	char *saved = (char *)1;

	/* Not made, when it is not there. */
	assert_int_equal(dg_place_set(*state, PLACE, NULL, &saved, NULL), 0);
	assert_null(saved);
	assert_false(fx_exists(fx_at(*state, "/usr/lib/drivers")));
	assert_int_equal(dg_place_set(*state, PLACE, staged, &saved, NULL), 0);
	assert_int_equal(dg_place_set(*state, PLACE, NULL, &saved, NULL), 0);
	assert_false(fx_exists(fx_at(*state, PLACE)));
	/* What is staged stays. */
	assert_true(fx_exists(fx_at(*state, GENERATION)));
	fx_text(*state, PLACE, "somebody's");
	assert_int_equal(dg_place_set(*state, PLACE, NULL, &saved, NULL), 0);
	assert_non_null(saved);
	assert_false(fx_exists(fx_at(*state, PLACE)));
	free(saved);
}

static void test_place_set_saved_before(void **state)
{
	dg_auto_free char *staged = make_staged(*state), *saved = NULL, *first = NULL;

	fx_text(*state, PLACE, "second");
	fx_text(*state, PLACE ".drvguard-saved", "first");
	assert_int_equal(dg_place_set(*state, PLACE, staged, &saved, NULL), 0);
	assert_string_equal(saved, fx_at(*state, PLACE ".drvguard-saved.1"));
	first = fx_read(fx_at(*state, PLACE ".drvguard-saved"));
	assert_string_equal(first, "first");
}

static void test_place_set_hundred_saved(void **state)
{
	dg_auto_free char *staged = make_staged(*state), *text = NULL;
	struct dg_diag d = { 0 };
	char *saved;

	fx_text(*state, PLACE, "mine");
	fx_text(*state, PLACE ".drvguard-saved", "");
	for (int i = 1; i < 100; i++) {
		char path[128];

		snprintf(path, sizeof(path), PLACE ".drvguard-saved.%d", i);
		fx_text(*state, path, "");
	}
	assert_int_equal(dg_place_set(*state, PLACE, staged, &saved, &d), -EEXIST);
	assert_null(saved);
	assert_true(d.cure[0]);
	text = fx_read(fx_at(*state, PLACE));
	assert_string_equal(text, "mine");
}

static void test_place_set_error(void **state)
{
	dg_auto_free char *staged = make_staged(*state);
	struct dg_diag d = { 0 };
	char *saved = (char *)1;

	fx_text(*state, "/usr/lib/drivers", "a file");
	assert_int_equal(dg_place_set(*state, PLACE, staged, &saved, &d), -ENOTDIR);
	assert_null(saved);
	assert_true(dg_endswith(d.where, PLACE));
}

static void test_place_state_names(void **state)
{
	(void)state;
	assert_string_equal(dg_place_state_name(DG_PLACE_EMPTY), "empty");
	assert_string_equal(dg_place_state_name(DG_PLACE_RIGHT), "right");
	assert_string_equal(dg_place_state_name(DG_PLACE_STALE), "stale");
	assert_string_equal(dg_place_state_name(DG_PLACE_FOREIGN), "foreign");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_place_look_states),	 FX_TEST(test_place_look_error),
		FX_TEST(test_place_set_from_each_state), FX_TEST(test_place_set_nothing_matches),
		FX_TEST(test_place_set_saved_before),	 FX_TEST(test_place_set_hundred_saved),
		FX_TEST(test_place_set_error),		 cmocka_unit_test(test_place_state_names),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
