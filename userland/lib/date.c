// SPDX-License-Identifier: GPL-2.0-or-later
#include "date.h"

#include <ctype.h>
#include <time.h>

/* The seconds of a unit; 0: no unit. */
static int64_t unit_seconds(char c)
{
	switch (c) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 24 * 3600;
	case 'w':
		return 7 * 24 * 3600;
	default:
		return 0;
	}
}

static bool parse_offset(const char *s, int64_t now, int64_t *ret)
{
	size_t digits = strspn(s, "0123456789");
	int64_t unit = digits ? unit_seconds(s[digits]) : 0;

	/* Nine digits of weeks do not overflow. */
	if (!unit || s[digits + 1] || digits > 9)
		return false;
	*ret = now - strtoll(s, NULL, 10) * unit;
	return true;
}

/* The day @days after that of @now. */
static void day_of(int64_t now, int days, struct tm *ret)
{
	time_t t = (time_t)now;

	localtime_r(&t, ret);
	ret->tm_hour = ret->tm_min = ret->tm_sec = 0;
	ret->tm_mday += days;
}

/* Exactly the form "dddd-dd-dd": sscanf(3) would take signs and spaces. */
static bool has_form(const char *s, const char *form)
{
	for (; *form; s++, form++)
		if (*form == 'd' ? !isdigit((unsigned char)*s) : *form == ' ' ? *s != ' ' && *s != 'T' : *s != *form)
			return false;
	return !*s;
}

/* *ret_step: the field whose next value begins what comes after it. */
static bool parse_calendar(const char *s, struct tm *ret, int **ret_step)
{
	char separator;

	*ret = (struct tm){ 0 };
	if (has_form(s, "dddd-dd-dd"))
		*ret_step = &ret->tm_mday;
	else if (has_form(s, "dddd-dd-dd dd:dd"))
		*ret_step = &ret->tm_min;
	else if (has_form(s, "dddd-dd-dd dd:dd:dd"))
		*ret_step = &ret->tm_sec;
	else
		return false;
	(void)sscanf(s, "%4d-%2d-%2d%c%2d:%2d:%2d", &ret->tm_year, &ret->tm_mon, &ret->tm_mday, &separator,
		     &ret->tm_hour, &ret->tm_min, &ret->tm_sec);
	ret->tm_year -= 1900;
	ret->tm_mon -= 1;
	return ret->tm_hour < 24 && ret->tm_min < 60 && ret->tm_sec < 60;
}

/* mktime(3) would make the 31st of February a day in March. */
static bool is_a_day(const struct tm *tm)
{
	struct tm copy = *tm;

	copy.tm_hour = 12;
	copy.tm_isdst = -1;
	(void)mktime(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon && copy.tm_year == tm->tm_year;
}

static int64_t seconds(const struct tm *tm)
{
	struct tm copy = *tm;

	copy.tm_isdst = -1;
	return (int64_t)mktime(&copy);
}

bool dg_date_parse(const char *s, int64_t now, int64_t *ret_first, int64_t *ret_last)
{
	struct tm tm;
	int *step = &tm.tm_mday;

	if (dg_streq(s, "now") || parse_offset(s, now, &now)) {
		*ret_first = *ret_last = now;
		return true;
	}
	if (dg_streq(s, "today"))
		day_of(now, 0, &tm);
	else if (dg_streq(s, "yesterday"))
		day_of(now, -1, &tm);
	else if (!parse_calendar(s, &tm, &step) || !is_a_day(&tm))
		return false;
	*ret_first = seconds(&tm);
	++*step;
	*ret_last = seconds(&tm) - 1;
	return true;
}
