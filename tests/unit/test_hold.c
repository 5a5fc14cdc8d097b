// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/hold.h"

static void test_hold_set_and_lift(void **state)
{
	char *text;

	assert_false(dg_hold_is_set(*state, "scap"));
	assert_int_equal(dg_hold_set(*state, "scap", NULL), 0);
	assert_int_equal(dg_hold_set(*state, "scap", NULL), 0);
	assert_true(dg_hold_is_set(*state, "scap"));
	assert_false(dg_hold_is_set(*state, "other"));
	/* modprobe.d(5) reads *.conf; the command must fail, and say why. */
	text = fx_read(fx_at(*state, "/run/modprobe.d/drvguard-scap.conf"));
	assert_non_null(strstr(text, "\ninstall scap "));
	assert_true(dg_endswith(text, "; false\n") || dg_endswith(text, "; exit 1\n"));
	assert_non_null(strstr(text, "drvguard status"));
	free(text);
	assert_int_equal(dg_hold_lift(*state, "scap", NULL), 0);
	assert_false(dg_hold_is_set(*state, "scap"));
	assert_int_equal(dg_hold_lift(*state, "scap", NULL), 0);
}

static void test_hold_set_keeps_others(void **state)
{
	fx_text(*state, "/run/modprobe.d/admin.conf", "blacklist x\n");
	assert_int_equal(dg_hold_set(*state, "a", NULL), 0);
	assert_int_equal(dg_hold_set(*state, "b", NULL), 0);
	assert_int_equal(dg_hold_lift(*state, "a", NULL), 0);
	assert_true(dg_hold_is_set(*state, "b"));
	assert_true(fx_exists(fx_at(*state, "/run/modprobe.d/admin.conf")));
}

static void test_hold_errors(void **state)
{
	struct dg_diag d = { 0 };

	fx_text(*state, "/run", "a file");
	assert_int_equal(dg_hold_set(*state, "scap", &d), -ENOTDIR);
	assert_non_null(strstr(d.where, "drvguard-scap.conf"));
	assert_int_equal(dg_hold_lift(*state, "scap", &d), -ENOTDIR);
	assert_false(dg_hold_is_set(*state, "scap"));
}

/* modprobe itself takes it so: asked what it would do, it names our command. */
static void test_hold_set_understood_by_modprobe(void **state)
{
	char command[700], line[256] = "";
	FILE *p;

	assert_int_equal(dg_hold_set(*state, "scap", NULL), 0);
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin modprobe -C '%s/run/modprobe.d' -c 2>/dev/null",
		 (char *)*state);
	p = popen(command, "re");
	assert_non_null(p);
	while (fgets(line, sizeof(line), p))
		if (dg_startswith(line, "install scap "))
			break;
	pclose(p);
	assert_true(dg_startswith(line, "install scap "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_hold_set_and_lift),
		FX_TEST(test_hold_set_keeps_others),
		FX_TEST(test_hold_errors),
		FX_TEST(test_hold_set_understood_by_modprobe),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
