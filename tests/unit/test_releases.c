// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/fs.h"
#include "lib/releases.h"

static void expect_named(const char *line, const char *want)
{
	char copy[300];

	snprintf(copy, sizeof(copy), "%s", line);
	if (want)
		fx_str(dg_release_named(copy), want);
	else
		assert_null(dg_release_named(copy));
}

static void test_release_named(void **state)
{
	(void)state;
	expect_named("/lib/modules/6.1.0-1-amd64/kernel/fs/fat/fat.ko.xz\n", "6.1.0-1-amd64");
	expect_named("usr/lib/modules/6.12.1-arch1-1/vmlinuz\n", "6.12.1-arch1-1");
	expect_named("/usr/lib/modules/6.4.0-150600.21-default\r\n", "6.4.0-150600.21-default");
	expect_named("boot/vmlinuz-5.14.0-427.el9.x86_64", "5.14.0-427.el9.x86_64");
	expect_named("/boot/Image-6.6.1-default", "6.6.1-default");
	expect_named("6.1.0-1-amd64\n", "6.1.0-1-amd64");
}

static void test_release_not_named(void **state)
{
	(void)state;
	expect_named("\n", NULL);
	expect_named("/usr/bin/true\n", NULL);
	expect_named("/lib/modules/\n", NULL);
	expect_named("/lib/modules/../../etc/passwd\n", NULL);
	expect_named("/lib/modules/.hidden/x\n", NULL);
	expect_named("/opt/mylib/modules/6.1.0/x\n", NULL);
	expect_named("/boot/vmlinuz-\n", NULL);
	expect_named("/boot/vmlinuz-6.1.0 with words\n", NULL);
	expect_named("6.1.0\x1b[2J\n", NULL);
}

static char **read_text(const char *text, size_t len, int want)
{
	dg_auto_fclose FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");
	char **v = NULL;

	fx_int(dg_releases_read(f, &v), want);
	return v;
}

static void test_releases_each_once(void **state)
{
	static const char text[] =
		"/lib/modules/6.1.0-2/a\n/lib/modules/6.1.0-1/a\nnothing/here\n/lib/modules/6.1.0-2/b\n"
		"/boot/vmlinuz-6.1.0-1";
	dg_auto(dg_strv_freep) char **v = read_text(text, strlen(text), 0);

	(void)state;
	fx_str(v[0], "6.1.0-2");
	fx_str(v[1], "6.1.0-1");
	assert_null(v[2]);
}

/* The rest of a line that no path can have is not a line of its own. */
static void test_releases_long_line(void **state)
{
	dg_auto_free char *text = malloc(9000);
	dg_auto(dg_strv_freep) char **v = NULL;

	(void)state;
	memset(text, 'x', 9000);
	memcpy(text + 8190, "/lib/modules/6.1.0-1/a\n6.1.0-2\n", 31);
	v = read_text(text, 8190 + 31, 0);
	fx_str(v[0], "6.1.0-2");
	assert_null(v[1]);
}

static void test_releases_too_many(void **state)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	for (int i = 0; i < 1001; i++)
		fprintf(f, "6.1.%d\n", i);
	fclose(f);
	assert_null(read_text(text, len, -E2BIG));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_named),	   cmocka_unit_test(test_release_not_named),
		cmocka_unit_test(test_releases_each_once), cmocka_unit_test(test_releases_long_line),
		cmocka_unit_test(test_releases_too_many),
	};

	return cmocka_run_group_tests_name("releases", tests, NULL, NULL);
}
