// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <time.h>

#include "lib/date.h"

/* 2026-11-22 12:00:00 UTC */
#define NOW 1795348800
#define MIDNIGHT (NOW - 12 * 3600)
#define DAY (24 * 3600)

static void zone(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void test_date_parse(void **state)
{
	static const struct {
		const char *name;
		int64_t first, last;
	} cases[] = {
		{ "now", NOW, NOW },
		{ "0s", NOW, NOW },
		{ "90s", NOW - 90, NOW - 90 },
		{ "15m", NOW - 900, NOW - 900 },
		{ "2h", NOW - 7200, NOW - 7200 },
		{ "3d", NOW - 3 * DAY, NOW - 3 * DAY },
		{ "1w", NOW - 7 * DAY, NOW - 7 * DAY },
		{ "today", MIDNIGHT, MIDNIGHT + DAY - 1 },
		{ "yesterday", MIDNIGHT - DAY, MIDNIGHT - 1 },
		{ "2026-11-22", MIDNIGHT, MIDNIGHT + DAY - 1 },
		{ "2026-11-22 12:00", NOW, NOW + 59 },
		{ "2026-11-22T12:00", NOW, NOW + 59 },
		{ "2026-11-22 12:00:00", NOW, NOW },
		{ "2026-11-22T12:00:01", NOW + 1, NOW + 1 },
		{ "1970-01-01", 0, DAY - 1 },
		{ "2024-02-29", 1709164800, 1709164800 + DAY - 1 },
	};

	(void)state;
	zone("UTC");
	FX_CASE(c, cases)
	{
		int64_t first = -1, last = -1;

		fx_int(dg_date_parse(c->name, NOW, &first, &last), true);
		fx_int(first, c->first);
		fx_int(last, c->last);
	}
}

static void test_date_parse_wrong(void **state)
{
	static const struct {
		const char *name;
	} cases[] = {
		{ "" },
		{ " " },
		{ "soon" },
		{ "h" },
		{ "2" },
		{ "2x" },
		{ "2hh" },
		{ "-2h" },
		{ "1234567890w" },
		{ "2026-02-29" },
		{ "2026-13-01" },
		{ "2026-00-01" },
		{ "2026-01-00" },
		{ "2026-1-1" },
		{ "2026-01-01 " },
		{ "2026-01-01 1:00" },
		{ "2026-01-01 24:00" },
		{ "2026-01-01 12:60" },
		{ "2026-01-01 12:00:60" },
		{ "2026-01-01 12:00:00Z" },
		{ "+026-01-01" },
		{ "today 12:00" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		int64_t first = -1, last = -1;

		fx_int(dg_date_parse(c->name, NOW, &first, &last), false);
		fx_int(first, -1);
	}
}

/* A day may have 23 hours or 25. */
static void test_date_parse_summer_time(void **state)
{
	int64_t first, last;

	(void)state;
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_true(dg_date_parse("2026-03-29", NOW, &first, &last));
	assert_int_equal(last - first + 1, 23 * 3600);
	assert_true(dg_date_parse("2026-10-25", NOW, &first, &last));
	assert_int_equal(last - first + 1, 25 * 3600);
	assert_true(dg_date_parse("2026-11-22 13:00", NOW, &first, &last));
	assert_int_equal(first, NOW);
	zone("UTC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date_parse),
		cmocka_unit_test(test_date_parse_wrong),
		cmocka_unit_test(test_date_parse_summer_time),
	};

	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
