// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/attempt.h"
#include "lib/record.h"

#define STORE "/store"
#define PATH STORE "/attempts/scap"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct dg_attempt attempt(const char *boot)
{
	return (struct dg_attempt){ "scap", FX_RELEASE, SUM, boot };
}

static void test_attempt_life(void **state)
{
	const struct dg_attempt one = attempt("1111"), two = attempt("2222"), unknown = attempt("");
	struct dg_attempt other = two;
	struct stat before, after;
	size_t n;

	assert_false(dg_attempt_failed(*state, STORE, &one));
	assert_int_equal(dg_attempt_begin(*state, STORE, &one, NULL), 0);
	assert_int_equal(stat(fx_at(*state, PATH), &before), 0);
	/* Once a boot is enough. */
	assert_int_equal(dg_attempt_begin(*state, STORE, &one, NULL), 0);
	assert_int_equal(stat(fx_at(*state, PATH), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_false(dg_attempt_failed(*state, STORE, &one));
	assert_false(dg_attempt_failed(*state, STORE, &unknown));
	assert_true(dg_attempt_failed(*state, STORE, &two));
	/* Another file, or another kernel, has nothing to answer for. */
	other.sha256 = OTHER;
	assert_false(dg_attempt_failed(*state, STORE, &other));
	other = two;
	other.release = FX_RELEASE "0";
	assert_false(dg_attempt_failed(*state, STORE, &other));
	/* Only this boot's is confirmed by this boot. */
	assert_int_equal(dg_attempt_clear(*state, STORE, "2222", &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(dg_attempt_clear(*state, STORE, "1111", &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_false(dg_attempt_failed(*state, STORE, &two));
	assert_int_equal(dg_attempt_clear(*state, STORE, NULL, &n, NULL), 0);
	assert_int_equal(n, 0);
}

/* Where the boot is not known nothing can be told later, so nothing is written. */
static void test_attempt_unknown_boot(void **state)
{
	const struct dg_attempt a = attempt("");

	assert_int_equal(dg_attempt_begin(*state, STORE, &a, NULL), 0);
	assert_false(fx_exists(fx_at(*state, STORE)));
}

static void test_attempt_unbelievable(void **state)
{
	const struct dg_attempt a = attempt("2222");
	size_t n;

	fx_text(*state, PATH, "drvguard-attempt 1\nrelease " FX_RELEASE "\nsha256 " SUM "\nboot 1111\n");
	assert_false(dg_attempt_failed(*state, STORE, &a));
	assert_int_equal(dg_attempt_begin(*state, STORE, &a, NULL), 0);
	assert_false(dg_attempt_failed(*state, STORE, &a));
	fx_text(*state, PATH, "x");
	/* Nobody's, and so anybody's to clear. */
	assert_int_equal(dg_attempt_clear(*state, STORE, "3333", &n, NULL), 0);
	assert_false(fx_exists(fx_at(*state, PATH)));
	assert_int_equal(dg_record_write(fx_at(*state, PATH), "drvguard-attempt 1\n"), 0);
	assert_false(dg_attempt_failed(*state, STORE, &a));
	assert_int_equal(dg_attempt_clear(*state, STORE, NULL, &n, NULL), 0);
	assert_int_equal(n, 1);
}

/* What was cut short while it was written is no load that somebody confirms. */
static void test_attempt_clear_leftover(void **state)
{
	size_t n;

	fx_text(*state, STORE "/attempts/.scap.new", "half");
	assert_int_equal(dg_attempt_clear(*state, STORE, NULL, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_false(fx_exists(fx_at(*state, STORE "/attempts/.scap.new")));
}

static void test_attempt_errors(void **state)
{
	const struct dg_attempt a = attempt("1111");
	struct dg_diag d = { 0 };
	size_t n;

	fx_text(*state, STORE, "a file");
	assert_true(dg_attempt_begin(*state, STORE, &a, &d) < 0);
	assert_string_equal(d.where, fx_at(*state, PATH));
	assert_true(dg_attempt_clear(*state, STORE, NULL, &n, &d) < 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_attempt_life),	    FX_TEST(test_attempt_unknown_boot),
		FX_TEST(test_attempt_unbelievable), FX_TEST(test_attempt_clear_leftover),
		FX_TEST(test_attempt_errors),
	};

	return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}
