// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_grow_keeps_elements(void **state)
{
	int *v = NULL;

	(void)state;
	for (size_t n = 0; n < 1000; n++) {
		assert_int_equal(DG_GROW(v, n), 0);
		v[n] = (int)n;
	}
	for (size_t n = 0; n < 1000; n++)
		assert_int_equal(v[n], n);
	free(v);
}

static void test_grow_overflow(void **state)
{
	char *v = strdup("kept"), *before = v;

	(void)state;
	assert_int_equal(dg_grow(&v, (size_t)1 << 62, 16), -ENOMEM);
	assert_ptr_equal(v, before);
	assert_string_equal(v, "kept");
	free(v);
}

static void test_streq_null(void **state)
{
	(void)state;
	assert_true(dg_streq("a", "a"));
	assert_false(dg_streq("a", "b"));
	assert_false(dg_streq(NULL, "a"));
	assert_false(dg_streq("a", NULL));
	assert_false(dg_streq(NULL, NULL));
}

static void test_startswith_endswith(void **state)
{
	static const struct {
		const char *name, *s, *part;
		bool starts, ends;
	} cases[] = {
		{ "both", "aba", "a", true, true },	   { "start", "scap.ko", "scap", true, false },
		{ "end", "scap.ko", ".ko", false, true },  { "empty part", "x", "", true, true },
		{ "empty string", "", "x", false, false }, { "part is longer", "ko", ".ko", false, false },
		{ "whole", "ko", "ko", true, true },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		fx_int(dg_startswith(c->s, c->part), c->starts);
		fx_int(dg_endswith(c->s, c->part), c->ends);
	}
}

static void test_format_returns_string(void **state)
{
	char *s = dg_format("%s-%d", "a", 7);

	(void)state;
	assert_string_equal(s, "a-7");
	free(s);
}

static void test_take_leaves_null(void **state)
{
	char *a = strdup("x"), *b = dg_take(a);

	(void)state;
	assert_null(a);
	assert_string_equal(b, "x");
	free(b);
}

static void test_modname_equal_folds_dash(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool expected;
	} cases[] = {
		{ "same", "scap", "scap", true },
		{ "dash", "snd-hda-intel", "snd_hda_intel", true },
		{ "both mixed", "a-b_c", "a_b-c", true },
		{ "longer", "scap", "scapx", false },
		{ "shorter", "scapx", "scap", false },
		{ "case", "Scap", "scap", false },
		{ "empty", "", "", true },
		{ "null left", NULL, "a", false },
		{ "null right", "a", NULL, false },
	};

	(void)state;
	FX_CASE(c, cases)
	fx_int(dg_modname_equal(c->a, c->b), c->expected);
}

static void test_modname_normalize_dash(void **state)
{
	char name[] = "a-b_c-";

	(void)state;
	dg_modname_normalize(name);
	assert_string_equal(name, "a_b_c_");
}

static void test_modname_in_list(void **state)
{
	const char *const names[] = { "a-b", "c", NULL }, *const none[] = { NULL };

	(void)state;
	assert_true(dg_modname_in(names, "a_b"));
	assert_true(dg_modname_in(names, "c"));
	assert_false(dg_modname_in(names, "d"));
	assert_false(dg_modname_in(none, "c"));
	assert_true(dg_modname_in(NULL, "anything"));
}

#define LONG_55 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffff"

static void test_modname_valid_characters(void **state)
{
	static const struct {
		const char *name, *input;
		bool expected;
	} cases[] = {
		{ "usual", "scap", true },	   { "digit first", "8021q", true },
		{ "underscore", "snd_hda", true }, { "dash", "snd-hda", true },
		{ "dash first", "-snd", false },   { "empty", "", false },
		{ "slash", "a/b", false },	   { "dots", "..", false },
		{ "space", "a b", false },	   { "newline", "a\nb", false },
		{ "high byte", "a\xe9", false },   { "semicolon", "a;b", false },
		{ "55 bytes", LONG_55, true },	   { "56 bytes", LONG_55 "f", false },
	};

	(void)state;
	FX_CASE(c, cases)
	fx_int(dg_modname_valid(c->input), c->expected);
}

static void test_release_valid_characters(void **state)
{
	static const struct {
		const char *name, *input;
		bool expected;
	} cases[] = {
		{ "debian", "6.1.0-56-cloud-amd64", true },
		{ "backport", "6.12.117+deb12-cloud-amd64", true },
		{ "rhel", "5.14.0-427.13.1.el9_4.x86_64", true },
		{ "tilde", "6.1~rc1", true },
		{ "empty", "", false },
		{ "dot", ".", false },
		{ "dots", "..", false },
		{ "hidden", ".new", false },
		{ "slash", "6.1/../x", false },
		{ "space", "6.1 x", false },
		{ "percent", "6.1%s", false },
		{ "control", "6.1\x1b", false },
		{ "64 bytes", LONG_55 "123456789", true },
		{ "65 bytes", LONG_55 "1234567890", false },
	};

	(void)state;
	FX_CASE(c, cases)
	fx_int(dg_release_valid(c->input), c->expected);
}

static void test_version_compare_order(void **state)
{
	static const struct {
		const char *name, *a, *b;
		int expected;
	} cases[] = {
		{ "equal", "6.1.0-9", "6.1.0-9", 0 },
		{ "numeric", "6.1.0-9", "6.1.0-10", -1 },
		{ "parts", "6.1.0-10", "6.12.1", -1 },
		{ "tilde before end", "6.12~rc1", "6.12", -1 },
		{ "tilde before digit", "1~1", "1.1", -1 },
		{ "two tildes", "1~~", "1~", -1 },
		{ "longer", "6.1", "6.1.1", -1 },
		{ "letters before marks", "1a", "1+", -1 },
		{ "end before letter", "1", "1a", -1 },
		{ "leading zeroes", "1.007", "1.7", 0 },
		{ "zero is the end", "1.0", "1.", 0 },
		{ "huge numbers", "99999999999999999999999", "100000000000000000000000", -1 },
		{ "huge, last digit", "99999999999999999999998", "99999999999999999999999", -1 },
		{ "empty", "", "", 0 },
		{ "empty and not", "", "1", -1 },
		{ "empty and tilde", "", "~", 1 },
		{ "backport", "6.12.117-1~deb12u1", "6.12.117-1", -1 },
		{ "high bytes", "1\xff", "1\xfe", 1 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		fx_int(sign(dg_version_compare(c->a, c->b)), c->expected);
		fx_int(sign(dg_version_compare(c->b, c->a)), -c->expected);
	}
}

static void test_printable_bytes(void **state)
{
	char s[] = "a\x1b[2J\n\t~ \x7f\xc3\xa9";

	(void)state;
	assert_ptr_equal(dg_printable(s), s);
	assert_string_equal(s, "a?[2J??~ ???");
	assert_null(dg_printable(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow_keeps_elements),
		cmocka_unit_test(test_grow_overflow),
		cmocka_unit_test(test_streq_null),
		cmocka_unit_test(test_startswith_endswith),
		cmocka_unit_test(test_format_returns_string),
		cmocka_unit_test(test_take_leaves_null),
		cmocka_unit_test(test_modname_equal_folds_dash),
		cmocka_unit_test(test_modname_normalize_dash),
		cmocka_unit_test(test_modname_in_list),
		cmocka_unit_test(test_modname_valid_characters),
		cmocka_unit_test(test_release_valid_characters),
		cmocka_unit_test(test_version_compare_order),
		cmocka_unit_test(test_printable_bytes),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
