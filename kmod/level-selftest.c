// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level rules against real and hostile strings, at every load of a debug
 * build (DEBUG=1): in the kernel itself, with its own string functions.
 *
 * Locking: none. Context: module init.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": selftest: " fmt

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "level.h"

#define DG_POISON	0xa5

struct dg_level_case {
	struct dg_level_tree tree;
	const char *release, *version;
	struct dg_level want;
};

#define NO_TREE		{ NULL, NULL, NULL }
#define RHEL_94(_rel)	{ "rhel", "9.4", _rel }
#define SUSE_155	{ "suse", "15.5", NULL }
#define UBUNTU_91	{ "ubuntu", "91", NULL }

#define V_MAINLINE	"#1 SMP PREEMPT_DYNAMIC Mon Jan  1 00:00:00 UTC 2024"
#define V_DEBIAN	"#1 SMP PREEMPT_DYNAMIC Debian "

#define DIGITS_64	"9999999999999999999999999999999999999999999999999999999999999999"

static const struct dg_level_case dg_level_cases[] __initconst = {
	/* RHEL and its rebuilds */
	{ RHEL_94("427.13.1.el9_4"), "5.14.0-427.13.1.el9_4.x86_64", V_MAINLINE,
	  { "rhel", "9.4", "427.13.1" } },
	{ RHEL_94("427.13.1"), "5.14.0-427.13.1.el9_4.x86_64", V_MAINLINE,
	  { "rhel", "9.4", "427.13.1" } },
	{ RHEL_94(NULL), "5.14.0-427.13.1.el9_4.x86_64", V_MAINLINE,
	  { "rhel", "9.4", "427.13.1" } },
	{ RHEL_94(NULL), "5.14.0-custom", V_MAINLINE, { "rhel", "9.4", "" } },
	{ NO_TREE, "5.14.0-427.13.1.el9_4.x86_64", V_MAINLINE,
	  { "rhel", "9.4", "427.13.1" } },
	{ NO_TREE, "5.14.0-362.18.1.el9_3.0.1.x86_64", V_MAINLINE,
	  { "rhel", "9.3", "362.18.1" } },
	{ NO_TREE, "5.14.0-427.el9.x86_64", V_MAINLINE, { "rhel", "9", "427" } },
	{ NO_TREE, "5.14.0-427.el9", V_MAINLINE, { "rhel", "9", "427" } },
	{ NO_TREE, "4.18.0-553.rt7.342.el8_10.x86_64", V_MAINLINE,
	  { "rhel", "8.10", "553.rt7.342" } },
	{ NO_TREE, "5.15.0-100.96.32.el8uek.x86_64", V_MAINLINE,
	  { "mainline", "5.15", "0" } },

	/* SUSE */
	{ SUSE_155, "5.14.21-150500.55.52-default", V_MAINLINE,
	  { "suse", "15.5", "55.52" } },
	{ NO_TREE, "5.14.21-150500.55.52-default", V_MAINLINE,
	  { "suse", "15.5", "55.52" } },
	{ NO_TREE, "6.12.0-160000.5-default", V_MAINLINE, { "suse", "16.0", "5" } },
	{ { "suse", "12.5", NULL }, "4.12.14-122.20-default", V_MAINLINE,
	  { "suse", "12.5", "122.20" } },
	{ NO_TREE, "6.1.0-060100-generic", V_MAINLINE, { "mainline", "6.1", "0" } },

	/* Ubuntu */
	{ UBUNTU_91, "5.15.0-91-generic", "#101-Ubuntu SMP Tue Nov 14 2023",
	  { "ubuntu", "91", "5.15.0-91.101" } },
	{ NO_TREE, "5.15.0-91-generic", "#101-Ubuntu SMP Tue Nov 14 2023",
	  { "ubuntu", "91", "5.15.0-91.101" } },
	{ NO_TREE, "5.15.0-91-generic", "#101~22.04.1-Ubuntu SMP Tue Nov 14 2023",
	  { "ubuntu", "91", "5.15.0-91.101~22.04.1" } },
	{ UBUNTU_91, "5.15.0-91-generic", "#1 SMP mine", { "ubuntu", "91", "" } },

	/* Debian */
	{ NO_TREE, "6.1.0-56-cloud-amd64", V_DEBIAN "6.1.192-2 (2026-11-10)",
	  { "debian", "56", "6.1.192-2" } },
	{ NO_TREE, "6.12.117+deb12-cloud-amd64",
	  V_DEBIAN "6.12.117-1~deb12u1 (2026-11-10)",
	  { "debian", "6.12.117", "6.12.117-1~deb12u1" } },
	{ NO_TREE, "6.1.0-0.deb11.5-amd64", V_DEBIAN "6.1.12-1~bpo11+1",
	  { "debian", "0", "6.1.12-1~bpo11+1" } },
	{ NO_TREE, "6.12-amd64", V_DEBIAN "6.12.5-1~exp1",
	  { "debian", "6.12", "6.12.5-1~exp1" } },

	/* mainline */
	{ NO_TREE, "6.12.3-foo", V_MAINLINE, { "mainline", "6.12", "3" } },
	{ NO_TREE, "6.12.0-rc1", V_MAINLINE, { "mainline", "6.12", "0" } },
	{ NO_TREE, "6.12-rc1", V_MAINLINE, { "mainline", "6.12", "0" } },
	{ NO_TREE, "6.12", V_MAINLINE, { "mainline", "6.12", "0" } },
	{ NO_TREE, "6.8.9-300.fc40.x86_64", V_MAINLINE, { "mainline", "6.8", "9" } },

	/* hostile: empty, cut short, too long, of the wrong characters */
	{ NO_TREE, "", "", { "mainline", "", "" } },
	{ NO_TREE, "-", "#", { "mainline", "", "" } },
	{ NO_TREE, ".", "#-Ubuntu", { "mainline", "", "" } },
	{ NO_TREE, "6", "Debian ", { "mainline", "", "" } },
	{ NO_TREE, "6.", "Debian -2", { "mainline", "", "" } },
	{ NO_TREE, "6..12", "#101 -Ubuntu", { "mainline", "", "" } },
	{ NO_TREE, "6.12.", "NotDebian 6.1-2", { "mainline", "6.12", "0" } },
	{ NO_TREE, "6.12.x", "#101-Ubuntux", { "mainline", "6.12", "0" } },
	{ NO_TREE, ".el", "", { "mainline", "", "" } },
	{ NO_TREE, "-.el9", "", { "mainline", "", "" } },
	{ NO_TREE, "1-.el9", "", { "rhel", "9", "" } },
	{ NO_TREE, "5.14.0-427.el_4.x86_64", "", { "mainline", "5.14", "0" } },
	{ NO_TREE, "5.14.0-%s%n.el9_4.x86_64", "", { "rhel", "9.4", "" } },
	{ NO_TREE, "5.14.0-1.el" DIGITS_64, "", { "rhel", "", "1" } },
	{ NO_TREE, "5.14.21-150500.", "", { "mainline", "5.14", "21" } },
	{ NO_TREE, "5.14.21-150500.-default", "", { "mainline", "5.14", "21" } },
	{ SUSE_155, "", "", { "suse", "15.5", "" } },
	{ UBUNTU_91, "", "", { "ubuntu", "91", "" } },
	{ NO_TREE, "-" DIGITS_64, "#1-Ubuntu", { "ubuntu", "", "" } },
	{ NO_TREE, "5.15.0-91-generic", "#1" DIGITS_64 "-Ubuntu",
	  { "ubuntu", "91", "5.15.0-91.1" DIGITS_64 } },
	{ NO_TREE, "5.15.0-91-generic", "#1" DIGITS_64 DIGITS_64 "-Ubuntu",
	  { "ubuntu", "91", "" } },
	{ NO_TREE, "6.1.0-56/../..", "Debian 6.1.192-2\n(x)", { "debian", "56", "" } },
	{ NO_TREE, "6.1.0-56-amd64", "Debian 6.1;reboot", { "debian", "56", "" } },
	{ NO_TREE, DIGITS_64, DIGITS_64, { "mainline", "", "" } },
	{ NO_TREE, DIGITS_64 "." DIGITS_64 "." DIGITS_64 DIGITS_64, "",
	  { "mainline", "", "" } },
	{ NO_TREE, "6\xff.12", "\xff\xfe", { "mainline", "", "" } },
};

static int __init dg_level_selftest_one(const struct dg_level_case *c)
{
	struct {
		u8 before[16];
		struct dg_level level;
		u8 after[16];
	} got;

	memset(&got, DG_POISON, sizeof(got));
	dg_level_parse(&got.level, &c->tree, c->release, c->version);

	if (memchr_inv(got.before, DG_POISON, sizeof(got.before)) ||
	    memchr_inv(got.after, DG_POISON, sizeof(got.after))) {
		pr_err("\"%s\" \"%s\": written past the level\n",
		       c->release, c->version);
		return -EINVAL;
	}
	if (strcmp(got.level.vendor, c->want.vendor) ||
	    strcmp(got.level.technology_level, c->want.technology_level) ||
	    strcmp(got.level.service_pack, c->want.service_pack)) {
		pr_err("\"%s\" \"%s\": \"%s\" \"%s\" \"%s\", not \"%s\" \"%s\" \"%s\"\n",
		       c->release, c->version, got.level.vendor,
		       got.level.technology_level, got.level.service_pack,
		       c->want.vendor, c->want.technology_level,
		       c->want.service_pack);
		return -EINVAL;
	}
	return 0;
}

/**
 * dg_level_selftest() - try the level rules
 *
 * Return: 0, or -EINVAL when a case fails; each is named in the log.
 */
int __init dg_level_selftest(void)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dg_level_cases); i++)
		if (dg_level_selftest_one(&dg_level_cases[i]))
			ret = -EINVAL;

	if (!ret)
		pr_info("level: %zu cases pass\n", ARRAY_SIZE(dg_level_cases));
	return ret;
}
