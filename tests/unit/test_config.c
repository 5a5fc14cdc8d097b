// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/config.h"

#define PRODUCT "[product falco]\ndepot = /opt/falco\n"
#define DRIVER "[driver scap]\nproduct = falco\n"

static struct dg_config *read_text(const char *dir, const char *text)
{
	struct dg_config *c;

	fx_text(dir, "/test.conf", text);
	fx_int(dg_config_read("/", fx_at(dir, "/test.conf"), &c, NULL), 0);
	return c;
}

static void test_config_read_good(void **state)
{
	struct dg_config *c = read_text(*state, "; a comment\n"
						"# another\n"
						"\n"
						"[drvguard]\n"
						"store = /var/lib/drvguard/\n"
						"[product falco]\n"
						"depot = /opt/falco/drivers\n"
						"require = exact\n"
						"[product other]\n"
						"depot=/opt/other\n"
						"[driver snd-scap]\n"
						"product = falco\n"
						"load = never\n"
						"boot = yes\n"
						"path = /usr/lib/drivers/scap.ko   ; a fixed place\n"
						"[driver second]\n"
						"product = other\n");
	const struct dg_driver *d;

	assert_int_equal(c->problems.n, 0);
	assert_string_equal(c->store, "/var/lib/drvguard");
	assert_int_equal(c->n_drivers, 2);
	d = dg_config_driver(c, "snd_scap");
	assert_non_null(d);
	assert_ptr_equal(d, dg_config_driver(c, "snd-scap"));
	assert_string_equal(d->name, "snd_scap");
	assert_string_equal(d->path, "/usr/lib/drivers/scap.ko");
	assert_int_equal(d->load, DG_LOAD_NEVER);
	assert_true(d->boot);
	assert_string_equal(d->product->name, "falco");
	assert_string_equal(d->product->depot, "/opt/falco/drivers");
	assert_int_equal(d->product->require, DG_REQUIRE_EXACT);
	d = dg_config_driver(c, "second");
	assert_int_equal(d->load, DG_LOAD_AUTO);
	assert_false(d->boot);
	assert_int_equal(d->product->require, DG_REQUIRE_KABI);
	assert_null(d->path);
	assert_null(dg_config_driver(c, "third"));
	dg_config_free(c);
}

static void test_config_read_crlf_and_no_last_newline(void **state)
{
	struct dg_config *c =
		read_text(*state, "[product falco]\r\ndepot = /opt/falco\r\n[driver scap]\r\nproduct = falco");

	assert_int_equal(c->problems.n, 0);
	assert_int_equal(c->n_drivers, 1);
	assert_string_equal(c->drivers[0].product->depot, "/opt/falco");
	dg_config_free(c);
}

static void test_config_read_indented_keys(void **state)
{
	struct dg_config *c = read_text(*state, "[product falco]\n  depot = /opt/falco\n  require = exact\n"
						"[driver scap]\n\tproduct = falco\n\tload = never\n");

	assert_int_equal(c->problems.n, 0);
	assert_int_equal(c->n_drivers, 1);
	assert_int_equal(c->drivers[0].load, DG_LOAD_NEVER);
	dg_config_free(c);
}

static void test_config_read_nothing(void **state)
{
	struct dg_config *c = read_text(*state, "");

	assert_int_equal(c->n_drivers, 0);
	assert_int_equal(c->problems.n, 0);
	assert_string_equal(c->store, "/usr/lib/drvguard");
	dg_config_free(c);
}

/* A wrong section is left out and told, with its line; "good" stands by it untouched. */
static void test_config_read_bad_sections(void **state)
{
	static const struct {
		const char *name, *section;
		const char *where, *what; /* parts of the first problem */
	} cases[] = {
		{ "unknown key", DRIVER "colour = red\n", ":3", "unknown key 'colour'" },
		{ "bad load", DRIVER "load = perhaps\n", ":3", "'load'" },
		{ "bad boot", DRIVER "boot = 1\n", ":3", "'boot'" },
		{ "relative place", DRIVER "path = lib/x.ko\n", ":3", "'path'" },
		{ "place with dots", DRIVER "path = /usr/../etc/x.ko\n", ":3", "'path'" },
		{ "place that ends in dots", DRIVER "path = /usr/..\n", ":3", "'path'" },
		{ "place twice", DRIVER "path = /a.ko\npath = /b.ko\n", ":4", "'path'" },
		{ "product twice", DRIVER "product = falco\n", ":3", "'product'" },
		{ "no product", "[driver scap]\nload = auto\n", ":1", "no product" },
		{ "product not there", "[driver scap]\nproduct = nowhere\n", ":1", "no product" },
		{ "a name no module has", "[driver ../scap]\nproduct = falco\n", ":1", "no module" },
		{ "no name", "[driver]\nproduct = falco\n", ":1", "unknown section" },
		{ "unknown section", "[drivers scap]\nproduct = falco\n", ":1", "unknown section" },
		{ "driver twice", DRIVER DRIVER, ":3", "twice" },
		{ "driver twice, other spelling", "[driver a-b]\nproduct = falco\n[driver a_b]\nproduct = falco\n",
		  ":3", "twice" },
		{ "product without a depot", "[product bare]\n[driver scap]\nproduct = bare\n", ":2", "no depot" },
		{ "product with a bad depot", "[product bare]\ndepot = opt\n[driver scap]\nproduct = bare\n", ":2",
		  "'depot'" },
		{ "bad require", "[product bare]\ndepot = /o\nrequire = most\n[driver scap]\nproduct = bare\n", ":3",
		  "'require'" },
		{ "section twice",
		  "[product two]\ndepot = /a\n[product two]\ndepot = /b\n[driver scap]\nproduct = two\n", ":3",
		  "second" },
	};

	FX_CASE(c, cases)
	{
		dg_auto_free char *text = dg_format("%s" PRODUCT "[driver good]\nproduct = falco\n", c->section);
		struct dg_config *config = read_text(*state, text);

		fx_int(config->problems.n > 0, true);
		if (!strstr(config->problems.v[0].where, c->where) || !strstr(config->problems.v[0].what, c->what))
			print_error("case '%s': %s: %s\n", c->name, config->problems.v[0].where,
				    config->problems.v[0].what);
		assert_non_null(strstr(config->problems.v[0].where, c->where));
		assert_non_null(strstr(config->problems.v[0].what, c->what));
		assert_true(config->problems.v[0].cure[0]);
		assert_null(dg_config_driver(config, "scap"));
		assert_null(dg_config_driver(config, "a_b"));
		fx_int(dg_config_driver(config, "good") != NULL, true);
		dg_config_free(config);
	}
}

static void test_config_read_key_outside_section(void **state)
{
	struct dg_config *c = read_text(*state, "depot = /opt\n" PRODUCT DRIVER);

	assert_int_equal(c->problems.n, 1);
	assert_non_null(strstr(c->problems.v[0].what, "outside"));
	assert_int_equal(c->n_drivers, 1);
	dg_config_free(c);
}

/* The section with the line that is no setting goes, not the one that comes last in the file. */
static void test_config_read_line_without_value(void **state)
{
	struct dg_config *c = read_text(*state, PRODUCT "[driver first]\nproduct = falco\nload never\n"
							"[driver second]\nproduct = falco\n");

	assert_true(c->problems.n > 0);
	assert_non_null(strstr(c->problems.v[0].where, ":5"));
	assert_null(dg_config_driver(c, "first"));
	assert_non_null(dg_config_driver(c, "second"));
	dg_config_free(c);
}

static void test_config_read_unfinished_section(void **state)
{
	struct dg_config *c =
		read_text(*state, PRODUCT "[driver first\nproduct = falco\n[driver second]\nproduct = falco\n");

	assert_true(c->problems.n > 0);
	assert_non_null(strstr(c->problems.v[0].where, ":3"));
	assert_null(dg_config_driver(c, "first"));
	assert_non_null(dg_config_driver(c, "second"));
	dg_config_free(c);
}

/* Each bad line is told, not the first alone: the second section would be used as if nothing were wrong with it. */
static void test_config_read_two_lines_without_value(void **state)
{
	struct dg_config *c = read_text(*state, PRODUCT "[driver first]\nproduct = falco\nload never\n"
							"[driver second]\nproduct = falco\nload never\n"
							"[driver third]\nproduct = falco\n");

	assert_null(dg_config_driver(c, "first"));
	assert_null(dg_config_driver(c, "second"));
	assert_non_null(dg_config_driver(c, "third"));
	dg_config_free(c);
}

static void test_config_read_overlong_line(void **state)
{
	char text[2048];
	struct dg_config *c;

	snprintf(text, sizeof(text),
		 PRODUCT "[driver first]\nproduct = falco\npath = /%0800d\n[driver second]\nproduct = falco\n", 0);
	c = read_text(*state, text);
	assert_true(c->problems.n > 0);
	assert_non_null(strstr(c->problems.v[0].where, ":5"));
	assert_null(dg_config_driver(c, "first"));
	assert_non_null(dg_config_driver(c, "second"));
	dg_config_free(c);
}

static void test_config_read_overlong_comment(void **state)
{
	char text[2048];
	struct dg_config *c;

	snprintf(text, sizeof(text), PRODUCT "[driver first]\nproduct = falco\n# %0800d\n", 0);
	c = read_text(*state, text);
	assert_int_equal(c->problems.n, 0);
	assert_non_null(dg_config_driver(c, "first"));
	dg_config_free(c);
}

static void test_config_read_bad_store(void **state)
{
	struct dg_config *c = read_text(*state, "[drvguard]\nstore = here\n" PRODUCT DRIVER);

	assert_int_equal(c->problems.n, 1);
	assert_string_equal(c->store, "/usr/lib/drvguard");
	assert_int_equal(c->n_drivers, 1);
	dg_config_free(c);
}

static void test_config_read_named_file_errors(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = { { "/absent", -ENOENT }, { "/dir", -EISDIR }, { "/huge", -EFBIG }, { "/binary", -EBADMSG } };

	fx_mkdir(*state, "/dir");
	fx_text(*state, "/huge", "");
	assert_int_equal(truncate(fx_at(*state, "/huge"), (1 << 20) + 1), 0);
	fx_write(*state, "/binary", "[driver scap]\0\n", 15);
	FX_CASE(c, cases)
	{
		struct dg_config *config = (struct dg_config *)1;
		struct dg_diag d = { 0 };

		fx_int(dg_config_read("/", fx_at(*state, c->name), &config, &d), c->expected);
		fx_str(d.where, fx_at(*state, c->name));
		assert_ptr_equal(config, (struct dg_config *)1);
	}
}

static void test_config_read_dropins(void **state)
{
	struct dg_config *c;

	fx_text(*state, "/etc/drvguard/drvguard.conf", "[drvguard]\nstore = /srv/store\n");
	fx_text(*state, "/usr/lib/drvguard/drivers.d/falco.conf", PRODUCT DRIVER);
	fx_text(*state, "/usr/lib/drvguard/drivers.d/masked.conf", "[driver vendors]\nproduct = falco\n");
	fx_text(*state, "/etc/drvguard/drivers.d/masked.conf", "[driver admins]\nproduct = falco\n");
	fx_text(*state, "/etc/drvguard/drivers.d/notes.txt", "[driver notes]\nproduct = falco\n");
	assert_int_equal(dg_config_read(*state, NULL, &c, NULL), 0);
	assert_int_equal(c->problems.n, 0);
	assert_string_equal(c->store, "/srv/store");
	assert_non_null(dg_config_driver(c, "scap"));
	assert_non_null(dg_config_driver(c, "admins"));
	assert_null(dg_config_driver(c, "vendors"));
	assert_null(dg_config_driver(c, "notes"));
	dg_config_free(c);
}

static void test_config_read_no_files(void **state)
{
	struct dg_config *c;

	assert_int_equal(dg_config_read(*state, NULL, &c, NULL), 0);
	assert_int_equal(c->n_drivers, 0);
	assert_int_equal(c->problems.n, 0);
	dg_config_free(c);
}

static void test_config_read_bad_dropins(void **state)
{
	struct dg_config *c;

	fx_text(*state, "/etc/drvguard/drivers.d/a.conf", PRODUCT DRIVER);
	fx_write(*state, "/etc/drvguard/drivers.d/b.conf", "\0\1\2", 3);
	fx_mkdir(*state, "/etc/drvguard/drivers.d/c.conf");
	assert_int_equal(dg_config_read(*state, NULL, &c, NULL), 0);
	assert_int_equal(c->problems.n, 2);
	assert_non_null(strstr(c->problems.v[0].where, "b.conf"));
	assert_non_null(strstr(c->problems.v[1].where, "c.conf"));
	assert_non_null(dg_config_driver(c, "scap"));
	dg_config_free(c);
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	struct dg_config *c;
	int r;

	fx_write(arg, "/hostile.conf", data, len);
	r = dg_config_read("/", fx_at(arg, "/hostile.conf"), &c, NULL);
	assert_true(r == 0 || r == -EBADMSG);
	if (r < 0)
		return;
	for (size_t i = 0; i < c->n_drivers; i++) {
		assert_true(dg_modname_valid(c->drivers[i].name));
		assert_non_null(c->drivers[i].product);
		assert_non_null(c->drivers[i].product->depot);
		assert_false(c->drivers[i].product->bad);
	}
	dg_config_free(c);
}

static void test_config_read_hostile(void **state)
{
	static const char text[] = "[drvguard]\nstore = /srv\n" PRODUCT "require = exact\n" DRIVER
				   "path = /usr/lib/x.ko ; why\nload = never\n[driver b]\nproduct = falco\n";
	const struct fx_bytes b = { (unsigned char *)(uintptr_t)text, strlen(text) };

	fx_hostile(&b, 4000, hostile, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_config_read_good),
		FX_TEST(test_config_read_crlf_and_no_last_newline),
		FX_TEST(test_config_read_indented_keys),
		FX_TEST(test_config_read_nothing),
		FX_TEST(test_config_read_bad_sections),
		FX_TEST(test_config_read_key_outside_section),
		FX_TEST(test_config_read_line_without_value),
		FX_TEST(test_config_read_unfinished_section),
		FX_TEST(test_config_read_two_lines_without_value),
		FX_TEST(test_config_read_overlong_line),
		FX_TEST(test_config_read_overlong_comment),
		FX_TEST(test_config_read_bad_store),
		FX_TEST(test_config_read_named_file_errors),
		FX_TEST(test_config_read_dropins),
		FX_TEST(test_config_read_no_files),
		FX_TEST(test_config_read_bad_dropins),
		FX_TEST(test_config_read_hostile),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
