// SPDX-License-Identifier: GPL-2.0-or-later
/* The guard's policy: its text, and what a survey makes of it. */
#include "guard.h"

#include <errno.h>

#include "../../kmod/uapi/drvguard.h"

static void expect_policy_after(const struct two *t, const char *old, const char *want)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL, *have = NULL;
	dg_auto_free char *text = NULL;

	assert_int_equal(dg_guardpolicy_parse(old, &have), 0);
	assert_int_equal(dg_guardpolicy_make(&t->survey, have, &p), 0);
	assert_int_equal(dg_guardpolicy_know(p, &t->survey), 0);
	text = dg_guardpolicy_format(p);
	assert_string_equal(text, want);
}

static void expect_policy(const struct two *t, const char *want)
{
	expect_policy_after(t, "\n", want);
}

static void test_guardpolicy_make(void **state)
{
	struct two t;

	two_drivers(&t, *state, ID_A, ID_B);
	expect_policy(&t, "deny scap " ID_A "\ndeny dm_writeboost " ID_B "\n");
	two_drivers(&t, *state, NULL, "");
	/* Nothing matches: nothing may run. Without a build-id nothing tells it from another. */
	expect_policy(&t, "deny scap\nwarn dm_writeboost\n");
	two_drivers(&t, *state, ID_A, ID_A);
	/* The guard takes a build-id once. */
	expect_policy(&t, "warn scap " ID_A "\nwarn dm_writeboost\n");
	t.survey.n = 0;
	expect_policy(&t, "\n");
}

static void test_guardpolicy_make_without_ourselves(void **state)
{
	static char ourselves[] = "drvguard";
	struct two t;

	two_drivers(&t, *state, ID_A, ID_B);
	t.drivers[1].name = ourselves;
	expect_policy(&t, "deny scap " ID_A "\n");
}

static void test_guardpolicy_make_knows_other_builds(void **state)
{
	struct two t;

	generation(*state, "6.1.0-1-amd64", "", 1, ID_A);
	generation(*state, "6.1.0-2-amd64", "", 1, ID_B);
	generation(*state, "6.1.0-2-amd64", "", 2, "aabb");
	two_drivers(&t, *state, ID_A, NULL);
	expect_policy(&t, "deny scap " ID_A " !aabb !" ID_B "\ndeny dm_writeboost\n");
}

/* The package of the running kernel was replaced: what is staged since is for the next boot. */
static void test_guardpolicy_make_for_the_kernel_that_runs(void **state)
{
	struct dg_generation current = { 0 };
	struct two t;

	/* 2 was rolled back: 3 comes after 1. */
	generation(*state, "6.1.0-1-amd64", "11", 1, "aa");
	generation(*state, "6.1.0-1-amd64", "11", 2, "bb");
	generation(*state, "6.1.0-1-amd64", "22", 3, "cc");
	assert_int_equal(
		dg_generation_manifest(*state, "/usr/lib/drvguard", "6.1.0-1-amd64", 3, &current.manifest, NULL), 0);
	current.manifest->previous = 1;
	two_drivers(&t, *state, "cc", NULL);
	t.survey.generation = &current;
	snprintf(t.survey.now.build_id, sizeof(t.survey.now.build_id), "11");
	snprintf(t.kernel.build_id, sizeof(t.kernel.build_id), "22");
	expect_policy(&t, "deny scap aa !cc !bb\ndeny dm_writeboost\n");
	/* Refused by the build that is installed now, and right in the one that runs. */
	t.standing[0].match = DG_MISMATCH;
	expect_policy(&t, "deny scap aa !cc !bb\ndeny dm_writeboost\n");
	t.standing[0].match = DG_MATCH;
	snprintf(t.survey.now.build_id, sizeof(t.survey.now.build_id), "22");
	expect_policy(&t, "deny scap cc !bb !aa\ndeny dm_writeboost\n");
	/* Nothing was ever proven for it. */
	snprintf(t.survey.now.build_id, sizeof(t.survey.now.build_id), "33");
	expect_policy(&t, "deny scap !cc !bb !aa\ndeny dm_writeboost\n");
	/* Not by drvguard, that is: what the guard lets in it still does. */
	expect_policy_after(&t, "deny scap dd !aa\n", "deny scap dd !aa !cc !bb\ndeny dm_writeboost\n");
	dg_manifest_free(current.manifest);
}

/* What a sealed guard takes: kmod/policy.c's dg_policy_is_tighter(). */
static void test_guardpolicy_tighten(void **state)
{
	static const struct {
		const char *old, *want, *got;
		int waits;
	} cases[] = {
		{ "deny a 00 11\n", "deny a 00\n", "deny a 00 !11\n", 0 },
		{ "deny a 00\n", "deny a 00 11\n", "deny a 00 !11\n", 1 },
		/* A driver whose new build has to wait keeps what it had, whatever that was. */
		{ "deny a 00\n", "deny a 11\n", "deny a !11 00\n", 1 },
		{ "deny a 00\n", "warn a\n", "deny a 00\n", 1 },
		{ "warn a !00\n", "deny a 11\n", "warn a !11 !00\n", 1 },
		{ "deny a 00\n", "deny a\n", "deny a !00\n", 0 },
		/* One that is not asked for any more stays guarded. */
		{ "warn a 00 !11\ndeny b 22\n", "deny b 22\n", "deny b 22\nwarn a 00 !11\n", 1 },
		{ "deny a 00\n", "deny a 00\ndeny b 22\n", "deny a 00\ndeny b 22\n", 0 },
		/* A build stays that driver's whose it was. */
		{ "deny a !00\nwarn b\n", "deny a\nwarn b 00\n", "deny a !00\nwarn b\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(cases); i++) {
		dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL, *old = NULL;
		dg_auto_free char *text = NULL;

		assert_int_equal(dg_guardpolicy_parse(cases[i].old, &old), 0);
		assert_int_equal(dg_guardpolicy_parse(cases[i].want, &p), 0);
		assert_int_equal(dg_guardpolicy_tighten(p, old), cases[i].waits);
		text = dg_guardpolicy_format(p);
		assert_string_equal(text, cases[i].got);
	}
}

static void test_guardpolicy_refuses(void **state)
{
	static const struct {
		const char *have, *want;
		bool refuses;
	} cases[] = {
		{ "deny a 00\n", "deny a 00\n", false },    { "deny a 00\n", "deny a 11\n", true },
		{ "warn a 00\n", "deny a 11\n", false },    { "deny a !11 00\n", "deny a 11\n", true },
		{ "deny b 00\n", "deny a 11\n", false },    { "deny a 00\n", "deny a\n", false },
		{ "deny a 00 11\n", "deny a 11\n", false },
	};

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(cases); i++) {
		dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *have = NULL, *want = NULL;

		assert_int_equal(dg_guardpolicy_parse(cases[i].have, &have), 0);
		assert_int_equal(dg_guardpolicy_parse(cases[i].want, &want), 0);
		assert_int_equal(dg_guardpolicy_refuses(have, want), cases[i].refuses);
	}
}

static void test_guardpolicy_parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: not in the form we know */
	} cases[] = {
		{ "", "\n" },
		{ "\n# words\n", "\n" },
		{ "deny a\n", "deny a\n" },
		{ " warn\ta-b  00 !11 \n\ndeny c 2233", "warn a-b 00 !11\ndeny c 2233\n" },
		{ "deny a AB !aB00\n", "deny a ab !ab00\n" },
		/* A build twice is none that the guard would have taken. */
		{ "deny a 00\ndeny b 00\n", "deny a 00\ndeny b\n" },
		{ "allow a\n", NULL },
		{ "deny\n", NULL },
		{ "deny 0123456789012345678901234567890123456789012345678901234567890123\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(cases); i++) {
		dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
		dg_auto_free char *text = NULL;

		assert_int_equal(dg_guardpolicy_parse(cases[i].text, &p), cases[i].want ? 0 : -EBADMSG);
		if (!cases[i].want)
			continue;
		text = dg_guardpolicy_format(p);
		assert_string_equal(text, cases[i].want);
	}
}

static void test_guardpolicy_find(void **state)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
	const struct dg_guardpolicy_line *line;

	(void)state;
	assert_int_equal(dg_guardpolicy_parse("deny dm-writeboost 00 11 !22\n", &p), 0);
	line = dg_guardpolicy_find(p, "dm_writeboost");
	assert_non_null(line);
	assert_int_equal(dg_guardpolicy_count(line, true), 2);
	assert_int_equal(dg_guardpolicy_count(line, false), 1);
	assert_null(dg_guardpolicy_find(p, "scap"));
}

/* However many builds there are, it fits; what is proven stands in it, and of the rest this kernel's own first. */
static void test_guardpolicy_know_as_much_as_fits(void **state)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
	dg_auto_free char *text = NULL, *long_text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&long_text, &size);
	struct two t;

	for (unsigned int i = 0; i < 200; i++) {
		fprintf(f, "deny driver%u", i);
		for (unsigned int j = 0; j < 27; j++)
			fprintf(f, " %040x", 1000 + i * 40 + j);
		fputc('\n', f);
	}
	fputs("deny scap\n", f);
	assert_int_equal(fclose(f), 0);
	assert_true(size < DRVGUARD_POLICY_MAX / 8 * 7 && size > DRVGUARD_POLICY_MAX / 8 * 7 - 8000);
	assert_int_equal(dg_guardpolicy_parse(long_text, &p), 0);
	for (unsigned int i = 1; i <= 200; i++) {
		dg_auto_free char *release = dg_format("6.1.0-%u-amd64", i);
		char id[DG_BUILD_ID_HEX];

		snprintf(id, sizeof(id), "%040x", i);
		generation(*state, release, "", 1, id);
	}
	two_drivers(&t, *state, ID_A, NULL);
	snprintf(t.release, sizeof(t.release), "6.1.0-200-amd64");
	assert_int_equal(dg_guardpolicy_know(p, &t.survey), 0);
	text = dg_guardpolicy_format(p);
	assert_true(strlen(text) <= DRVGUARD_POLICY_MAX / 8 * 7 && strlen(text) > DRVGUARD_POLICY_MAX / 8 * 7 - 42);
	assert_non_null(strstr(text, "deny scap !00000000000000000000000000000000000000c8 !"));
	assert_true(dg_guardpolicy_count(dg_guardpolicy_find(p, "scap"), false) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_guardpolicy_make),
		FX_TEST(test_guardpolicy_make_without_ourselves),
		FX_TEST(test_guardpolicy_make_knows_other_builds),
		FX_TEST(test_guardpolicy_make_for_the_kernel_that_runs),
		FX_TEST(test_guardpolicy_tighten),
		FX_TEST(test_guardpolicy_refuses),
		FX_TEST(test_guardpolicy_parse),
		FX_TEST(test_guardpolicy_find),
		FX_TEST(test_guardpolicy_know_as_much_as_fits),
	};

	return cmocka_run_group_tests_name("guardpolicy", tests, NULL, NULL);
}
