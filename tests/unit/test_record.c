// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/record.h"

#define HEADING "drvguard-test 1"

static void test_record_round_trip(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = { { "a line", HEADING "\none\n" },
		      { "nothing but its heading", HEADING "\n" },
		      { "a line that looks like the last", HEADING "\nend 0000\n" } };

	FX_CASE(c, cases)
	{
		dg_auto_free char *body = NULL;
		struct dg_diag d = { 0 };

		fx_int(dg_record_write(fx_at(*state, "/a/b/record"), c->body), 0);
		fx_int(dg_record_read(fx_at(*state, "/a/b/record"), HEADING, &body, &d), 0);
		fx_str(body, c->body + strlen(HEADING) + 1);
	}
}

static void test_record_refused(void **state)
{
	const char *path = fx_at(*state, "/record");
	struct dg_diag d = { 0 };
	char *body = NULL;

	assert_int_equal(dg_record_read(path, HEADING, &body, &d), -ENOENT);
	assert_string_equal(d.what, "");
	/* Another form, and one whose name only begins so. */
	assert_int_equal(dg_record_write(path, "drvguard-test 2\n"), 0);
	assert_int_equal(dg_record_read(path, HEADING, &body, &d), -EBADMSG);
	assert_non_null(strstr(d.cure, "newer"));
	assert_int_equal(dg_record_write(path, HEADING "1\n"), 0);
	assert_int_equal(dg_record_read(path, HEADING, &body, &d), -EBADMSG);
	/* No line at all. */
	assert_int_equal(dg_record_write(path, ""), 0);
	assert_int_equal(dg_record_read(path, HEADING, &body, &d), -EBADMSG);
	fx_text(*state, "/record", "");
	assert_int_equal(dg_record_read(path, HEADING, &body, &d), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	fx_mkdir(*state, "/record");
	assert_true(dg_record_read(path, HEADING, &body, &d) < 0);
	assert_string_equal(d.where, path);
	assert_null(body);
}

/* Nothing that was cut short or changed is believed; nothing past the end is read. */
static void try(const unsigned char *data, size_t len, void *whole)
{
	char *copy = malloc(len + 1);

	memcpy(copy, data, len);
	copy[len] = '\0';
	if (dg_record_unseal(copy, len))
		assert_string_equal(copy, whole);
	free(copy);
}

static void test_record_unseal_hostile(void **state)
{
	static const char *const body = HEADING "\naction stage\n";
	dg_auto_free char *text = dg_record_seal(body);
	struct fx_bytes b = { (unsigned char *)text, strlen(text) };
	char with_nul[] = "a\0b";

	(void)state;
	fx_hostile(&b, 100000, try, (void *)(uintptr_t)body);
	assert_false(dg_record_unseal(with_nul, 3));
	assert_false(dg_record_unseal((char[]){ 0 }, 0));
}

static void test_record_number(void **state)
{
	static const struct {
		const char *name;
		unsigned long long max;
		bool good;
		unsigned long long value;
	} cases[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "18446744073709551615", ~0ull, true, ~0ull },
		{ "18446744073709551616", ~0ull, false, 0 },
		{ "01", 10, false, 0 },
		{ "00", 10, false, 0 },
		{ "", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ "-1", ~0ull, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "0x1", 10, false, 0 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		unsigned long long value = 0;

		fx_int(dg_record_number(c->name, c->max, &value), c->good);
		if (c->good)
			fx_int(value, c->value);
	}
}

static void test_record_words(void **state)
{
	static const struct {
		const char *name, *word;
	} cases[] = { { "", "-" },    { "-", "%2D" },	   { "a b\n%", NULL }, { "\001\377\t", NULL },
		      { "--", "--" }, { "1.2-3", "1.2-3" } };
	char hex[5];

	(void)state;
	FX_CASE(c, cases)
	{
		char *word = NULL;
		size_t len;
		FILE *f = open_memstream(&word, &len);

		dg_record_put(f, c->name);
		fclose(f);
		assert_null(strpbrk(word, " \n\t"));
		if (c->word)
			fx_str(word, c->word);
		fx_int(dg_record_unescape(word), true);
		fx_str(word, c->name);
		free(word);
	}
	assert_false(dg_record_unescape((char[]){ "%" }));
	assert_false(dg_record_unescape((char[]){ "%4" }));
	assert_false(dg_record_unescape((char[]){ "%zz" }));
	assert_false(dg_record_unescape((char[]){ "%00" }));
	assert_true(dg_record_hex("-", hex, 4) && !*hex);
	assert_true(dg_record_hex("0af9", hex, 4));
	assert_string_equal(hex, "0af9");
	assert_false(dg_record_hex("0af90", hex, 4));
	assert_false(dg_record_hex("", hex, 4));
	assert_false(dg_record_hex("0AF9", hex, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_record_round_trip), FX_TEST(test_record_refused),	      FX_TEST(test_record_number),
		FX_TEST(test_record_words),	 FX_TEST(test_record_unseal_hostile),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
