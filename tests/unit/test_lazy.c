// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <errno.h>

#include "lib/lazy.h"

/* Of the C library, which is there. */
static struct {
	size_t (*length)(const char *);
	int (*compare)(const char *, const char *);
} strings;

static void test_lazy_load(void **state)
{
	static const char *const names[] = { "strlen", "strcmp" };
	static const struct dg_lazy libc = { "libc.so.6", names, (void **)&strings, 2 };

	(void)state;
	fx_int(dg_lazy_load(&libc), 0);
	fx_int(strings.length("four"), 4);
	fx_int(strings.compare("a", "a"), 0);
	fx_int(dg_lazy_load(&libc), 0);
}

static void test_lazy_missing(void **state)
{
	static const char *const names[] = { "strlen", "no_such_function" };
	static void *functions[2];
	static const struct dg_lazy library = { "libno-such-library.so.1", names, functions, 2 };
	static const struct dg_lazy function = { "libc.so.6", names, functions, 2 };

	(void)state;
	fx_int(dg_lazy_load(&library), -ELIBACC);
	fx_int(dg_lazy_load(&function), -ELIBACC);
	assert_null(functions[0]);
	/* Not taken for loaded the second time. */
	fx_int(dg_lazy_load(&function), -ELIBACC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_load),
		cmocka_unit_test(test_lazy_missing),
	};

	return cmocka_run_group_tests_name("lazy", tests, NULL, NULL);
}
