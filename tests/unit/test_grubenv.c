// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/grubenv.h"

#define HEAD "# GRUB Environment Block\n"

static void test_grubenv_parse(void **state)
{
	static const char block[] =
		HEAD "# WARNING: a comment=x\nsaved_entry=a>b\nopts=root=UUID=1 ro \\\\ x\\\ny\n=none\n"
		     "no equals\nempty=\nsaved_entry=later\n####";
	struct dg_grubenv e = { 0 };

	(void)state;
	assert_int_equal(dg_grubenv_parse(block, sizeof(block) - 1, &e), 0);
	assert_string_equal(dg_grubenv_get(&e, "saved_entry"), "later");
	assert_string_equal(dg_grubenv_get(&e, "opts"), "root=UUID=1 ro \\ x\ny");
	assert_string_equal(dg_grubenv_get(&e, "empty"), "");
	assert_null(dg_grubenv_get(&e, "no equals"));
	assert_int_equal(e.n, 4);
	dg_grubenv_free(&e);
}

static void test_grubenv_damaged(void **state)
{
	static const char *const texts[] = { "", "# GRUB Environment Block", "saved_entry=1\n", HEAD "a=1",
					     HEAD "a=\\\n" };
	struct dg_grubenv e = { 0 };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++) {
		assert_int_equal(dg_grubenv_parse(texts[i], strlen(texts[i]), &e), -EBADMSG);
		dg_grubenv_free(&e);
	}
	assert_int_equal(dg_grubenv_parse(HEAD "a=1\n\0b=2\n", strlen(HEAD) + 9, &e), -EBADMSG);
	dg_grubenv_free(&e);
}

/* What is written is read the same, in a block of the size it had, comments kept. */
static void test_grubenv_write(void **state)
{
	const char *path = fx_at(*state, "/grubenv");
	struct dg_grubenv e = { 0 }, again = { 0 };
	char *text, *large;

	assert_int_equal(dg_grubenv_set(&e, "a", "back\\slash\nline"), 0);
	assert_int_equal(dg_grubenv_set(&e, "b", "1"), 0);
	assert_int_equal(dg_grubenv_set(&e, "b", "2"), 0);
	assert_int_equal(dg_grubenv_set(&e, "c", "gone"), 0);
	assert_int_equal(dg_grubenv_set(&e, "c", NULL), 0);
	assert_int_equal(dg_grubenv_set(&e, "never", NULL), 0);
	assert_int_equal(dg_grubenv_write(path, &e), 0);
	text = fx_read(path);
	assert_int_equal(strlen(text), 1024);
	assert_true(dg_startswith(text, HEAD "a=back\\\\slash\\\nline\nb=2\n##"));
	assert_true(dg_endswith(text, "###"));
	free(text);
	assert_int_equal(dg_grubenv_read(path, &again), 0);
	assert_int_equal(again.n, 2);
	assert_string_equal(dg_grubenv_get(&again, "a"), "back\\slash\nline");
	/* Another size stays; what does not fit is not written. */
	fx_text(*state, "/grubenv", HEAD "# kept\nx=1\n#################");
	dg_grubenv_free(&again);
	assert_int_equal(dg_grubenv_read(fx_at(*state, "/grubenv"), &again), 0);
	assert_int_equal(dg_grubenv_set(&again, "x", "22"), 0);
	assert_int_equal(dg_grubenv_write(fx_at(*state, "/grubenv"), &again), 0);
	text = fx_read(fx_at(*state, "/grubenv"));
	assert_string_equal(text, HEAD "# kept\nx=22\n################");
	large = calloc(1, 2000);
	memset(large, 'l', 1999);
	assert_int_equal(dg_grubenv_set(&again, "x", large), 0);
	assert_int_equal(dg_grubenv_write(fx_at(*state, "/grubenv"), &again), -ENOSPC);
	free(large);
	large = fx_read(fx_at(*state, "/grubenv"));
	assert_string_equal(large, text);
	free(large);
	free(text);
	dg_grubenv_free(&again);
	dg_grubenv_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_grubenv_parse),
		FX_TEST(test_grubenv_damaged),
		FX_TEST(test_grubenv_write),
	};

	return cmocka_run_group_tests_name("grubenv", tests, NULL, NULL);
}
