// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/modconf.h"

static struct dg_modconf *read_root(const char *root, bool running)
{
	struct dg_modconf *c = NULL;

	assert_int_equal(dg_modconf_read(root, running, &c), 0);
	return c;
}

/* What is said of @name, inside the root; "" for nothing. */
static const char *where(const struct dg_modconf *c, enum dg_modconf_kind kind, const char *name, const char *root)
{
	const struct dg_modconf_rule *r = dg_modconf_find(c, kind, name);

	if (!r)
		return "";
	return dg_startswith(r->where, root) ? r->where + strlen(root) : r->where;
}

static void test_modconf_nothing(void **state)
{
	struct dg_modconf *c = read_root(*state, true);

	assert_int_equal(c->n, 0);
	dg_modconf_free(c);
}

static void test_modconf_lines(void **state)
{
	static const struct {
		const char *name;
		const char *text, *module;
		enum dg_modconf_kind kind;
		const char *expected;
	} cases[] = {
		{ "blacklist", "# x\nblacklist scap\n", "scap", DG_MODCONF_BLACKLIST, "/etc/modprobe.d/a.conf:2" },
		{ "another", "blacklist scapx\n", "scap", DG_MODCONF_BLACKLIST, "" },
		{ "a dash", "\n\nblacklist snd-scap", "snd_scap", DG_MODCONF_BLACKLIST, "/etc/modprobe.d/a.conf:3" },
		{ "a comment", "#blacklist scap\n", "scap", DG_MODCONF_BLACKLIST, "" },
		{ "blanks", "  blacklist\t scap  # why\n", "scap", DG_MODCONF_BLACKLIST, "/etc/modprobe.d/a.conf:1" },
		{ "two lines", "blacklist \\\nscap\n", "scap", DG_MODCONF_BLACKLIST, "/etc/modprobe.d/a.conf" },
		{ "no name", "blacklist\n", "", DG_MODCONF_BLACKLIST, "" },
		{ "install", "install scap /bin/false\n", "scap", DG_MODCONF_INSTALL,
		  "/etc/modprobe.d/a.conf:1: /bin/false" },
		{ "install, a pattern", "install sc* echo \"no\"; false\n", "scap", DG_MODCONF_INSTALL,
		  "/etc/modprobe.d/a.conf:1: echo \"no\"; false" },
		{ "install nothing", "install scap\n", "scap", DG_MODCONF_INSTALL, "" },
		{ "the first of two", "install sc* one\ninstall scap two\n", "scap", DG_MODCONF_INSTALL,
		  "/etc/modprobe.d/a.conf:1: one" },
		{ "remove", "remove scap /bin/true\nalias scap off\noptions scap a=1\nrubbish\n", "scap",
		  DG_MODCONF_INSTALL, "" },
	};

	FX_CASE(c, cases)
	{
		struct dg_modconf *m;

		fx_text(*state, "/etc/modprobe.d/a.conf", c->text);
		m = read_root(*state, false);
		fx_str(where(m, c->kind, c->module, *state), c->expected);
		dg_modconf_free(m);
	}
}

/* A name in a place before masks it, even as a link to nowhere; holds and other names do not count. */
static void test_modconf_files(void **state)
{
	struct dg_modconf *c;

	fx_text(*state, "/etc/modprobe.d/b.conf", "# masks\n");
	fx_text(*state, "/lib/modprobe.d/b.conf", "blacklist masked\n");
	fx_mkdir(*state, "/etc/modprobe.d");
	assert_int_equal(symlink("/dev/null", fx_at(*state, "/etc/modprobe.d/c.conf")), 0);
	fx_text(*state, "/run/modprobe.d/c.conf", "blacklist masked_by_link\n");
	fx_text(*state, "/run/modprobe.d/drvguard-held.conf", "install held false\n");
	fx_text(*state, "/etc/modprobe.d/drvguard-mine.conf", "install mine false\n");
	fx_text(*state, "/etc/modprobe.d/x.conf~", "blacklist old\n");
	fx_text(*state, "/usr/lib/modprobe.d/z.conf", "install two last\n");
	fx_text(*state, "/run/modprobe.d/y.conf", "install two first\nblacklist one\n");
	/* An absolute link stays inside the root. */
	fx_text(*state, "/opt/list", "blacklist linked\n");
	assert_int_equal(symlink("/opt/list", fx_at(*state, "/etc/modprobe.d/d.conf")), 0);
	c = read_root(*state, false);
	assert_null(dg_modconf_find(c, DG_MODCONF_BLACKLIST, "masked"));
	assert_null(dg_modconf_find(c, DG_MODCONF_BLACKLIST, "masked_by_link"));
	assert_null(dg_modconf_find(c, DG_MODCONF_INSTALL, "held"));
	assert_null(dg_modconf_find(c, DG_MODCONF_BLACKLIST, "old"));
	assert_non_null(dg_modconf_find(c, DG_MODCONF_INSTALL, "mine"));
	assert_string_equal(where(c, DG_MODCONF_INSTALL, "two", *state), "/run/modprobe.d/y.conf:1: first");
	assert_string_equal(where(c, DG_MODCONF_BLACKLIST, "one", *state), "/run/modprobe.d/y.conf:2");
	assert_string_equal(where(c, DG_MODCONF_BLACKLIST, "linked", *state), "/opt/list:1");
	dg_modconf_free(c);
}

static void test_modconf_command_line(void **state)
{
	static const struct {
		const char *name;
		const char *line;
		enum dg_modconf_kind kind;
		bool expected; /* of "scap" */
	} cases[] = {
		{ "modprobe's", "ro modprobe.blacklist=scap quiet", DG_MODCONF_BLACKLIST, true },
		{ "in a list", "modprobe.blacklist=a,scap,b", DG_MODCONF_BLACKLIST, true },
		{ "several", "modprobe.blacklist=scap modprobe.blacklist=b", DG_MODCONF_BLACKLIST, true },
		{ "another's", "xmodprobe.blacklist=scap", DG_MODCONF_BLACKLIST, false },
		{ "the kernel's", "ro module_blacklist=scap", DG_MODCONF_KERNEL_BLACKLIST, true },
		{ "is not modprobe's", "module_blacklist=scap", DG_MODCONF_BLACKLIST, false },
		{ "with a dash", "module-blacklist=a,scap", DG_MODCONF_KERNEL_BLACKLIST, true },
		{ "the last counts", "module_blacklist=scap module_blacklist=b", DG_MODCONF_KERNEL_BLACKLIST, false },
		{ "quoted", "module_blacklist=\"a,scap\" x", DG_MODCONF_KERNEL_BLACKLIST, true },
		{ "all quoted", "\"module_blacklist=a,scap\" x", DG_MODCONF_KERNEL_BLACKLIST, true },
		{ "in another's quotes", "x=\"y module_blacklist=scap\"", DG_MODCONF_KERNEL_BLACKLIST, false },
		{ "for init", "ro -- module_blacklist=scap", DG_MODCONF_KERNEL_BLACKLIST, false },
		{ "part of a name", "module_blacklist=scapx,sca", DG_MODCONF_KERNEL_BLACKLIST, false },
		{ "nothing", "module_blacklist= ", DG_MODCONF_KERNEL_BLACKLIST, false },
		{ "no value", "module_blacklist", DG_MODCONF_KERNEL_BLACKLIST, false },
	};

	FX_CASE(c, cases)
	{
		struct dg_modconf *m;

		fx_text(*state, "/proc/cmdline", c->line);
		m = read_root(*state, true);
		fx_int(dg_modconf_find(m, c->kind, "scap") != NULL, c->expected);
		dg_modconf_free(m);
		/* A kernel that does not run there has another. */
		m = read_root(*state, false);
		fx_int(m->n, 0);
		dg_modconf_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_modconf_nothing),
		FX_TEST(test_modconf_lines),
		FX_TEST(test_modconf_files),
		FX_TEST(test_modconf_command_line),
	};

	return cmocka_run_group_tests_name("modconf", tests, NULL, NULL);
}
