// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/manifest.h"

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "drvguard-manifest 1\nrelease 6.1.0-56-amd64\nkernel-build-id deadbeef\nprevious 3\n"
#define DRIVER_REST                                                                                                    \
	" sha256=" SUM_A                                                                                               \
	" size=1234 build-id=abcd verdict=kabi version=1.0 vermagic=6.1.0-56-amd64%20SMP%20 source=/opt/x.ko"
#define DRIVER "driver scap" DRIVER_REST "\n"

/* With the line that closes it, whatever it says. Caller frees. */
static char *closed(const char *body)
{
	char sum[DG_SHA256_HEX];

	assert_int_equal(dg_sha256(body, strlen(body), sum), 0);
	return dg_format("%send %s\n", body, sum);
}

/* The parser writes to what it is given; guarded, so that it stays inside. */
static int parse(const void *data, size_t len, struct dg_manifest **ret, struct dg_diag *d)
{
	struct fx_guarded g = fx_guarded_new(len);
	int r;

	fx_guarded_fill(&g, data, len);
	r = dg_manifest_parse((char *)g.data, g.len, ret, d);
	fx_guarded_free(&g);
	return r;
}

static int parse_body(const char *body, struct dg_manifest **ret, struct dg_diag *d)
{
	dg_auto_free char *text = closed(body);

	return parse(text, strlen(text), ret, d);
}

static void test_manifest_parse_good(void **state)
{
	struct dg_manifest *m;
	const struct dg_manifest_entry *e;

	(void)state;
	assert_int_equal(parse_body(HEAD DRIVER, &m, NULL), 0);
	assert_string_equal(m->release, "6.1.0-56-amd64");
	assert_string_equal(m->kernel_build_id, "deadbeef");
	assert_int_equal(m->previous, 3);
	assert_int_equal(m->n_entries, 1);
	e = dg_manifest_find(m, "scap");
	assert_non_null(e);
	assert_string_equal(e->sha256, SUM_A);
	assert_int_equal(e->size, 1234);
	assert_string_equal(e->build_id, "abcd");
	assert_int_equal(e->verdict, DG_VERDICT_KABI);
	assert_string_equal(e->version, "1.0");
	assert_string_equal(e->vermagic, "6.1.0-56-amd64 SMP ");
	assert_string_equal(e->source, "/opt/x.ko");
	assert_null(dg_manifest_find(m, "other"));
	dg_manifest_free(m);
}

static void test_manifest_parse_no_drivers(void **state)
{
	struct dg_manifest *m;

	(void)state;
	assert_int_equal(parse_body("drvguard-manifest 1\nrelease 6.1\nkernel-build-id -\nprevious -\n", &m, NULL), 0);
	assert_string_equal(m->kernel_build_id, "");
	assert_int_equal(m->n_entries, 0);
	dg_manifest_free(m);
}

#define WITHOUT_SIZE "driver scap sha256=" SUM_A " build-id=- verdict=exact version= vermagic=x source=y\n"
#define WITHOUT_VERDICT "driver scap sha256=" SUM_A " size=1 build-id=- version= vermagic=x source=y\n"
#define WITHOUT_BUILD_ID "driver scap sha256=" SUM_A " size=1 verdict=exact version= vermagic=x source=y\n"
#define WITHOUT_SOURCE "driver scap sha256=" SUM_A " size=1 build-id=- verdict=exact version= vermagic=x\n"
#define WITH_SIZE(s) "driver scap sha256=" SUM_A " size=" s " build-id=- verdict=exact version= vermagic=x source=y\n"

static void expect_bad(const char *name, const char *body)
{
	struct dg_manifest *m = (struct dg_manifest *)1;
	struct dg_diag d = { 0 };

	fx_case(name);
	fx_int(parse_body(body, &m, &d), -EBADMSG);
	assert_ptr_equal(m, (struct dg_manifest *)1);
	assert_true(d.what[0]);
}

/* Signed by its digest, and still not one of ours. */
static void test_manifest_parse_bad_form(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = {
		{ "nothing", "" },
		{ "another version", "drvguard-manifest 2\nrelease 6.1\nkernel-build-id -\nprevious -\n" },
		{ "no kernel", "drvguard-manifest 1\n" },
		{ "no build-id", "drvguard-manifest 1\nrelease 6.1\n" },
		{ "empty build-id", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id \n" },
		{ "build-id no hex", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id xyz\n" },
		{ "build-id too long", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id " SUM_A "a\n" },
		{ "no previous", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id -\n" },
		{ "previous no number", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id -\nprevious x\n" },
		{ "previous nought", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id -\nprevious 0\n" },
		{ "previous too high", "drvguard-manifest 1\nrelease 6.1\nkernel-build-id -\nprevious 1000000001\n" },
		{ "order", "drvguard-manifest 1\nkernel-build-id -\nrelease 6.1\nprevious -\n" },
		{ "a path for a release", "drvguard-manifest 1\nrelease ../..\nkernel-build-id -\nprevious -\n" },
		{ "another word", HEAD "file x\n" },
		{ "driver without a name", HEAD "driver \n" },
		{ "a path for a driver", HEAD "driver ../x" DRIVER_REST "\n" },
		{ "driver twice", HEAD DRIVER DRIVER },
		{ "driver twice, other spelling", HEAD "driver a-b" DRIVER_REST "\ndriver a_b" DRIVER_REST "\n" },
		{ "unknown key", HEAD "driver scap" DRIVER_REST " more=1\n" },
		{ "word without a value", HEAD "driver scap" DRIVER_REST " more\n" },
		{ "short digest",
		  HEAD "driver scap sha256=abc size=1 build-id=- verdict=exact version= vermagic= source=\n" },
		{ "no digest",
		  HEAD "driver scap sha256=- size=1 build-id=- verdict=exact version= vermagic= source=\n" },
		{ "no source", HEAD WITHOUT_SOURCE },
		{ "verdict unknown",
		  HEAD "driver scap sha256=" SUM_A " size=1 build-id=- verdict=fine version= vermagic= source=\n" },
		{ "escape cut",
		  HEAD "driver scap sha256=" SUM_A " size=1 build-id=- verdict=exact version=%2 vermagic= source=\n" },
		{ "escape no hex",
		  HEAD "driver scap sha256=" SUM_A " size=1 build-id=- verdict=exact version=%zz vermagic= source=\n" },
		{ "escaped zero",
		  HEAD "driver scap sha256=" SUM_A " size=1 build-id=- verdict=exact version=%00 vermagic= source=\n" },
		{ "size empty", HEAD WITH_SIZE("") },
		{ "size a word", HEAD WITH_SIZE("big") },
	};

	(void)state;
	FX_CASE(c, cases)
	expect_bad(c->name, c->body);
}

/* "Every key once and none else": what is left out must not become a 0, which is the verdict exact. */
static void test_manifest_parse_missing_key(void **state)
{
	(void)state;
	expect_bad("no size", HEAD WITHOUT_SIZE);
	expect_bad("no verdict", HEAD WITHOUT_VERDICT);
	expect_bad("no build-id", HEAD WITHOUT_BUILD_ID);
}

static void test_manifest_parse_key_twice(void **state)
{
	(void)state;
	expect_bad("digest twice", HEAD "driver scap" DRIVER_REST " sha256=" SUM_B "\n");
	expect_bad("verdict twice", HEAD "driver scap" DRIVER_REST " verdict=exact\n");
	expect_bad("source twice", HEAD "driver scap" DRIVER_REST " source=/tmp/y.ko\n");
}

static void test_manifest_parse_size_forms(void **state)
{
	(void)state;
	expect_bad("negative", HEAD WITH_SIZE("-1"));
	expect_bad("rest", HEAD WITH_SIZE("12abc"));
	expect_bad("too large", HEAD WITH_SIZE("99999999999999999999999999"));
}

static void test_manifest_parse_damaged(void **state)
{
	dg_auto_free char *text = closed(HEAD DRIVER);
	struct dg_manifest *m;
	const size_t len = strlen(text);

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(parse(text, n, &m, NULL), -EBADMSG);
	for (size_t i = 0; i < len; i++) {
		text[i] ^= 0x01;
		assert_int_equal(parse(text, len, &m, NULL), -EBADMSG);
		text[i] ^= 0x81;
		assert_int_equal(parse(text, len, &m, NULL), -EBADMSG);
		text[i] ^= 0x80;
	}
	assert_int_equal(parse(text, len, &m, NULL), 0);
	dg_manifest_free(m);
}

/* The digest keeps damage out, but not malice: behind it, the lines stand for themselves. */
static void hostile(const unsigned char *data, size_t len, void *arg)
{
	struct fx_bytes b = { 0 };
	char sum[DG_SHA256_HEX];
	struct dg_manifest *m;
	int r;

	(void)arg;
	fx_put(&b, data, len);
	assert_int_equal(dg_sha256(data, len, sum), 0);
	fx_put(&b, "end ", 4);
	fx_put(&b, sum, 64);
	fx_put(&b, "\n", 1);
	r = parse(b.data, b.len, &m, NULL);
	assert_true(r == 0 || r == -EBADMSG);
	if (r == 0) {
		dg_auto_free char *text = dg_manifest_format(m);

		assert_true(dg_release_valid(m->release));
		for (size_t i = 0; i < m->n_entries; i++) {
			assert_true(dg_modname_valid(m->entries[i].name));
			assert_int_equal(strlen(m->entries[i].sha256), 64);
		}
		assert_non_null(text);
		dg_manifest_free(m);
	}
	fx_free(&b);
}

static void test_manifest_parse_hostile(void **state)
{
	static const char body[] = HEAD DRIVER "driver other sha256=" SUM_B
					       " size=1 build-id=- verdict=exact version= vermagic=x source=y\n";
	const struct fx_bytes b = { (unsigned char *)(uintptr_t)body, strlen(body) };

	(void)state;
	fx_hostile(&b, 8000, hostile, NULL);
}

static void test_manifest_format_round_trip(void **state)
{
	char every[256], name[] = "scap", magic[] = " 100%", empty[] = "";
	struct dg_manifest_entry e = { .name = name, .sha256 = SUM_B, .size = SIZE_MAX, .verdict = DG_VERDICT_EXACT };
	const struct dg_manifest_entry *f;
	struct dg_manifest *m, *n;
	char *text;

	(void)state;
	for (int i = 0; i < 255; i++)
		every[i] = (char)(i + 1);
	every[255] = '\0';
	e.source = every;
	e.vermagic = magic;
	e.version = empty;
	assert_int_equal(dg_manifest_new("6.1.0-56-amd64", "", &m), 0);
	assert_int_equal(dg_manifest_add(m, &e), 0);
	text = dg_manifest_format(m);
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	assert_int_equal(parse(text, strlen(text), &n, NULL), 0);
	assert_string_equal(n->release, "6.1.0-56-amd64");
	assert_string_equal(n->kernel_build_id, "");
	f = dg_manifest_find(n, "scap");
	assert_string_equal(f->source, every);
	assert_string_equal(f->vermagic, magic);
	assert_string_equal(f->version, "");
	assert_string_equal(f->build_id, "");
	assert_true(f->size == SIZE_MAX);
	assert_int_equal(f->verdict, DG_VERDICT_EXACT);
	free(text);
	dg_manifest_free(m);
	dg_manifest_free(n);
}

static void test_manifest_add_copies(void **state)
{
	char name[] = "scap", text[] = "text";
	struct dg_manifest_entry e = { .name = name, .version = text, .vermagic = text, .source = text };
	struct dg_manifest *m;

	(void)state;
	assert_int_equal(dg_manifest_new("6.1", "abcd", &m), 0);
	assert_int_equal(dg_manifest_add(m, &e), 0);
	memset(name, 'x', 4);
	memset(text, 'x', 4);
	assert_string_equal(m->entries[0].name, "scap");
	assert_string_equal(m->entries[0].source, "text");
	dg_manifest_free(m);
}

static void test_manifest_read_errors(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = { { "/absent", -ENOENT }, { "/dir", -EISDIR }, { "/text", -EBADMSG }, { "/huge", -EFBIG } };

	fx_mkdir(*state, "/dir");
	fx_text(*state, "/text", "drvguard-manifest 1\n");
	fx_text(*state, "/huge", "");
	assert_int_equal(truncate(fx_at(*state, "/huge"), (1 << 22) + 1), 0);
	FX_CASE(c, cases)
	{
		struct dg_manifest *m = (struct dg_manifest *)1;
		struct dg_diag d = { 0 };

		fx_int(dg_manifest_read(fx_at(*state, c->name), &m, &d), c->expected);
		fx_str(d.where, fx_at(*state, c->name));
		assert_ptr_equal(m, (struct dg_manifest *)1);
	}
}

static void test_manifest_read_good(void **state)
{
	dg_auto_free char *text = closed(HEAD DRIVER);
	struct dg_manifest *m;

	fx_text(*state, "/manifest", text);
	assert_int_equal(dg_manifest_read(fx_at(*state, "/manifest"), &m, NULL), 0);
	assert_int_equal(m->n_entries, 1);
	dg_manifest_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest_parse_good),
		cmocka_unit_test(test_manifest_parse_no_drivers),
		cmocka_unit_test(test_manifest_parse_bad_form),
		cmocka_unit_test(test_manifest_parse_missing_key),
		cmocka_unit_test(test_manifest_parse_key_twice),
		cmocka_unit_test(test_manifest_parse_size_forms),
		cmocka_unit_test(test_manifest_parse_damaged),
		cmocka_unit_test(test_manifest_parse_hostile),
		cmocka_unit_test(test_manifest_format_round_trip),
		cmocka_unit_test(test_manifest_add_copies),
		FX_TEST(test_manifest_read_errors),
		FX_TEST(test_manifest_read_good),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
