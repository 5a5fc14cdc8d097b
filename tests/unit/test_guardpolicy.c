// SPDX-License-Identifier: GPL-2.0-or-later
/* The guard's policy: its text, and what a survey makes of it. */
#include "guard.h"

#include <errno.h>

#include "../../kmod/uapi/drvguard.h"

static void expect_policy(const struct two *t, const char *want)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
	dg_auto_free char *text = NULL;

	assert_int_equal(dg_guardpolicy_make(&t->survey, &p), 0);
	text = dg_guardpolicy_format(p);
	assert_string_equal(text, want);
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
	expect_policy(&t, "deny scap " ID_A "\nwarn dm_writeboost\n");
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
	dg_manifest_free(current.manifest);
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

/* However many builds there are, it fits, and what is proven stands in it. */
static void test_guardpolicy_format_as_much_as_fits(void **state)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL, *again = NULL;
	dg_auto_free char *text = NULL, *long_text = NULL;
	size_t len = 0, size = 0;
	FILE *f = open_memstream(&long_text, &size);

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		fprintf(f, "deny driver%u %040x", i, i);
		for (unsigned int j = 0; j < 40; j++)
			fprintf(f, " !%040x", 1000 + i * 40 + j);
		fputc('\n', f);
	}
	assert_int_equal(fclose(f), 0);
	assert_int_equal(dg_guardpolicy_parse(long_text, &p), 0);
	text = dg_guardpolicy_format(p);
	len = strlen(text);
	assert_true(len <= DRVGUARD_POLICY_MAX && len > DRVGUARD_POLICY_MAX - 100);
	assert_int_equal(dg_guardpolicy_parse(text, &again), 0);
	assert_true(dg_guardpolicy_same(p, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_guardpolicy_make),
		FX_TEST(test_guardpolicy_make_without_ourselves),
		FX_TEST(test_guardpolicy_make_knows_other_builds),
		FX_TEST(test_guardpolicy_make_for_the_kernel_that_runs),
		FX_TEST(test_guardpolicy_parse),
		FX_TEST(test_guardpolicy_find),
		FX_TEST(test_guardpolicy_format_as_much_as_fits),
	};

	return cmocka_run_group_tests_name("guardpolicy", tests, NULL, NULL);
}
