// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cases of kmod/level-selftest.c that are about strings alone: the two
 * parsers were written apart, and have to agree.
 */
#include "fixture.h"

#include "lib/level.h"

#define V_MAINLINE "#1 SMP PREEMPT_DYNAMIC Mon Jan  1 00:00:00 UTC 2024"
#define V_DEBIAN "#1 SMP PREEMPT_DYNAMIC Debian "
#define DIGITS_64 "9999999999999999999999999999999999999999999999999999999999999999"

struct level_case {
	const char *name, *version; /* the name is the release */
	const char *vendor, *tl, *sp;
};

static void check(const struct level_case *c)
{
	struct dg_level l;

	memset(&l, 0xa5, sizeof(l));
	dg_level_parse(c->name, c->version, &l);
	fx_str(l.vendor, c->vendor);
	fx_str(l.tl, c->tl);
	fx_str(l.sp, c->sp);
}

static void test_level_parse_vendors(void **state)
{
	static const struct level_case cases[] = {
		{ "6.1.0-56-cloud-amd64", V_DEBIAN "6.1.192-2 (2026-11-10)", "debian", "56", "6.1.192-2" },
		{ "6.12.117+deb12-cloud-amd64", V_DEBIAN "6.12.117-1~deb12u1 (2026-11-10)", "debian", "6.12.117",
		  "6.12.117-1~deb12u1" },
		{ "6.1.0-0.deb11.5-amd64", V_DEBIAN "6.1.12-1~bpo11+1", "debian", "0", "6.1.12-1~bpo11+1" },
		{ "6.12-amd64", V_DEBIAN "6.12.5-1~exp1", "debian", "6.12", "6.12.5-1~exp1" },
		{ "5.14.0-427.13.1.el9_4.x86_64", V_MAINLINE, "rhel", "9.4", "427.13.1" },
		{ "5.14.0-362.18.1.el9_3.0.1.x86_64", V_MAINLINE, "rhel", "9.3", "362.18.1" },
		{ "5.14.0-427.el9.x86_64", V_MAINLINE, "rhel", "9", "427" },
		{ "5.14.0-427.el9", V_MAINLINE, "rhel", "9", "427" },
		{ "4.18.0-553.rt7.342.el8_10.x86_64", V_MAINLINE, "rhel", "8.10", "553.rt7.342" },
		{ "5.15.0-100.96.32.el8uek.x86_64", V_MAINLINE, "mainline", "5.15", "0" },
		{ "5.15.0-1.el8uek.x86_64", V_MAINLINE, "mainline", "5.15", "0" },
		{ "5.14.21-150500.55.52-default", V_MAINLINE, "suse", "15.5", "55.52" },
		{ "6.12.0-160000.5-default", V_MAINLINE, "suse", "16.0", "5" },
		{ "6.1.0-060100-generic", V_MAINLINE, "mainline", "6.1", "0" },
		{ "5.15.0-91-generic", "#101-Ubuntu SMP Tue Nov 14 2023", "ubuntu", "91", "5.15.0-91.101" },
		{ "5.15.0-91-generic", "#101~22.04.1-Ubuntu SMP Tue Nov 14 2023", "ubuntu", "91",
		  "5.15.0-91.101~22.04.1" },
		{ "6.12.3", V_MAINLINE, "mainline", "6.12", "3" },
		{ "6.12.3-foo", V_MAINLINE, "mainline", "6.12", "3" },
		{ "6.12.0-rc1", V_MAINLINE, "mainline", "6.12", "0" },
		{ "6.12-rc1", V_MAINLINE, "mainline", "6.12", "0" },
		{ "6.12", V_MAINLINE, "mainline", "6.12", "0" },
		{ "6.8.9-300.fc40.x86_64", V_MAINLINE, "mainline", "6.8", "9" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

/* Not known to the kernel module, which always has a version. */
static void test_level_parse_version_unknown(void **state)
{
	static const struct level_case cases[] = {
		{ "6.12.117+deb12-cloud-amd64", "", "debian", "6.12.117", "" },
		{ "5.14.0-427.13.1.el9_4.x86_64", "", "rhel", "9.4", "427.13.1" },
		{ "5.14.21-150500.55.52-default", "", "suse", "15.5", "55.52" },
		{ "6.12.3", "", "mainline", "6.12", "3" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

/* Empty, cut short, or of the wrong characters: a part that cannot be told is empty, never cut or garbled. */
static void test_level_parse_hostile(void **state)
{
	static const struct level_case cases[] = {
		{ "", "", "mainline", "", "" },
		{ "-", "#", "mainline", "", "" },
		{ ".", "#-Ubuntu", "mainline", "", "" },
		{ "6", "", "mainline", "", "" },
		{ "6..12", "#101 -Ubuntu", "mainline", "", "" },
		{ "6.12.x", "#101-Ubuntux", "mainline", "6.12", "0" },
		{ "6.+12", "", "mainline", "", "" },
		{ "6. 12", "", "mainline", "", "" },
		{ ".el", "", "mainline", "", "" },
		{ "-.el9", "", "mainline", "", "" },
		{ "5.14.0-427.el_4.x86_64", "", "mainline", "5.14", "0" },
		{ "5.14.21-150500.", "", "mainline", "5.14", "21" },
		{ "5.14.21-150500.-default", "", "mainline", "5.14", "21" },
		{ DIGITS_64, DIGITS_64, "mainline", "", "" },
		{ DIGITS_64 "." DIGITS_64 "." DIGITS_64 DIGITS_64, "", "mainline", "", "" },
		{ "6\xff.12", "\xff\xfe", "mainline", "", "" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

static void test_level_parse_debian_word(void **state)
{
	static const struct level_case cases[] = {
		{ "6", "Debian ", "mainline", "", "" },
		{ "6.", "Debian -2", "mainline", "", "" },
		{ "6.12.", "NotDebian 6.1-2", "mainline", "6.12", "0" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

static void test_level_parse_rhel_without_release(void **state)
{
	static const struct level_case cases[] = {
		{ "1-.el9", "", "rhel", "9", "" },
		{ "5.14.0-%s%n.el9_4.x86_64", "", "rhel", "9.4", "" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

static void test_level_parse_too_long(void **state)
{
	static const struct level_case cases[] = {
		{ "5.14.0-1.el" DIGITS_64, "", "rhel", "", "1" },
		{ "-" DIGITS_64, "#1-Ubuntu", "ubuntu", "", "" },
		{ "5.15.0-91-generic", "#1" DIGITS_64 DIGITS_64 "-Ubuntu", "ubuntu", "91", "" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

static void test_level_parse_stray_characters(void **state)
{
	static const struct level_case cases[] = {
		{ "6.1.0-56/../..", "Debian 6.1.192-2\n(x)", "debian", "56", "" },
		{ "6.1.0-56-amd64", "Debian 6.1;reboot", "debian", "56", "" },
	};

	(void)state;
	FX_CASE(c, cases)
	check(c);
}

static void test_level_agree_parts(void **state)
{
	static const struct {
		const char *name;
		struct dg_level a, b;
		bool expected;
	} cases[] = {
		{ "same", { "rhel", "9.4", "427" }, { "rhel", "9.4", "427" }, true },
		{ "less said", { "rhel", "9", "427" }, { "rhel", "9.4", "427" }, true },
		{ "less of a number is another", { "rhel", "9", "427" }, { "rhel", "94", "427" }, false },
		{ "unknown part", { "rhel", "9.4", "" }, { "rhel", "9.4", "427" }, true },
		{ "vendor", { "rhel", "9.4", "1" }, { "suse", "9.4", "1" }, false },
		{ "tl", { "debian", "55", "6.1.1-1" }, { "debian", "56", "6.1.1-1" }, false },
		{ "sp", { "debian", "56", "6.1.1-1" }, { "debian", "56", "6.1.1-2" }, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		fx_int(dg_level_agree(&c->a, &c->b), c->expected);
		fx_int(dg_level_agree(&c->b, &c->a), c->expected);
	}
}

static void test_level_format_unknown_parts(void **state)
{
	const struct dg_level full = { "debian", "56", "6.1.192-2" }, bare = { "mainline", "", "" };
	char buf[80];

	(void)state;
	dg_level_format(&full, buf, sizeof(buf));
	assert_string_equal(buf, "debian TL 56 SP 6.1.192-2");
	dg_level_format(&bare, buf, sizeof(buf));
	assert_string_equal(buf, "mainline TL - SP -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level_parse_vendors),
		cmocka_unit_test(test_level_parse_version_unknown),
		cmocka_unit_test(test_level_parse_hostile),
		cmocka_unit_test(test_level_parse_debian_word),
		cmocka_unit_test(test_level_parse_rhel_without_release),
		cmocka_unit_test(test_level_parse_too_long),
		cmocka_unit_test(test_level_parse_stray_characters),
		cmocka_unit_test(test_level_agree_parts),
		cmocka_unit_test(test_level_format_unknown_parts),
	};

	return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
