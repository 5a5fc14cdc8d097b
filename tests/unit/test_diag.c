// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/diag.h"

static void test_diag_set_fields(void **state)
{
	struct dg_diag d;

	(void)state;
	assert_int_equal(dg_diag_set(&d, -ENOENT, "/a", "mend it", "no %s", "file"), -ENOENT);
	assert_string_equal(d.where, "/a");
	assert_string_equal(d.what, "no file");
	assert_string_equal(d.cure, "mend it");
}

static void test_diag_set_nulls(void **state)
{
	struct dg_diag d;

	(void)state;
	assert_int_equal(dg_diag_set(NULL, -EIO, "x", "y", "%d", 1), -EIO);
	assert_int_equal(dg_diag_set(&d, 0, NULL, NULL, "remark"), 0);
	assert_string_equal(d.where, "");
	assert_string_equal(d.cure, "");
}

static void test_diag_set_printable(void **state)
{
	struct dg_diag d;

	(void)state;
	dg_diag_set(&d, 0, "a\nb", "c\x1b", "%s", "d\xff");
	assert_string_equal(d.where, "a?b");
	assert_string_equal(d.cure, "c?");
	assert_string_equal(d.what, "d?");
}

static void test_diag_set_too_long(void **state)
{
	char text[1000];
	struct dg_diag d;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	dg_diag_set(&d, 0, text, text, "%s", text);
	assert_int_equal(strlen(d.where), sizeof(d.where) - 1);
	assert_int_equal(strlen(d.what), sizeof(d.what) - 1);
	assert_int_equal(strlen(d.cure), sizeof(d.cure) - 1);
}

static void test_diag_errno_cures(void **state)
{
	static const struct {
		const char *name;
		int err;
		bool cure;
	} cases[] = {
		{ "EACCES", -EACCES, true }, { "EPERM", -EPERM, true },	  { "ENOSPC", -ENOSPC, true },
		{ "EDQUOT", -EDQUOT, true }, { "EROFS", -EROFS, true },	  { "EIO", -EIO, true },
		{ "EMFILE", -EMFILE, true }, { "ENFILE", -ENFILE, true }, { "ENOMEM", -ENOMEM, true },

	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_diag d;
		char want[200];

		snprintf(want, sizeof(want), "cannot open: %s", strerror(-c->err));
		fx_int(dg_diag_errno(&d, c->err, "/f", "open"), c->err);
		fx_str(d.what, want);
		fx_int(d.cure[0] != '\0', c->cure);
	}
}

static void test_diags_add_and_free(void **state)
{
	struct dg_diags list = { 0 };
	struct dg_diag d;

	(void)state;
	for (int i = 0; i < 40; i++) {
		dg_diag_set(&d, 0, "w", "c", "%d", i);
		dg_diags_add(&list, &d);
	}
	assert_int_equal(list.n, 40);
	assert_string_equal(list.v[39].what, "39");
	dg_diags_free(&list);
	assert_null(list.v);
	assert_int_equal(list.n, 0);
	dg_diags_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diag_set_fields),	   cmocka_unit_test(test_diag_set_nulls),
		cmocka_unit_test(test_diag_set_printable), cmocka_unit_test(test_diag_set_too_long),
		cmocka_unit_test(test_diag_errno_cures),   cmocka_unit_test(test_diags_add_and_free),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
