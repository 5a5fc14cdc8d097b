// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read of the guard's files and written to them; what it makes of them: tests/e2e/kmod-guest. */
#include "fixture.h"

#include <errno.h>

#include "../../kmod/uapi/drvguard.h"
#include "lib/guard.h"

#define DIR DRVGUARD_SECURITYFS_DIR "/"
#define ID_A "00112233445566778899aabbccddeeff00112233"
#define ID_B "ffeeddccbbaa99887766554433221100ffeeddcc"

static void guard_at(const char *root, const char *mode, const char *policy)
{
	fx_text(root, DIR "mode", mode);
	fx_text(root, DIR "policy", policy);
	fx_text(root, DIR "violations", "3\n");
	fx_text(root, DRVGUARD_SYSFS_DIR "/features", "identity guard refuse\n");
}

static void test_guard_read(void **state)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	struct dg_diag d = { 0 };

	assert_int_equal(dg_guard_read(*state, &g, &d), -ENODEV);
	assert_non_null(strstr(d.cure, "modprobe drvguard"));
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A "\n");
	assert_int_equal(dg_guard_read(*state, &g, &d), 0);
	assert_true(g->enforcing);
	assert_true(g->sealed);
	assert_true(g->can_refuse);
	assert_int_equal(g->violations, 3);
	assert_string_equal(g->policy, "deny scap " ID_A "\n");
}

static void test_guard_loads(void **state)
{
	dg_auto_free struct dg_guard_load *v = NULL;
	struct dg_diag d = { 0 };
	size_t n = 0;

	fx_text(*state, DIR "loads",
		"7 2.100000 2.300000 scap " ID_A " OE proven - - 123 0 modprobe\n"
		"8 9.000001 - scbp - F denied no-build-id renamed 5 1000 a?b and more some day\n");
	assert_int_equal(dg_guard_loads(*state, &v, &n, &d), 0);
	assert_int_equal(n, 2);
	assert_int_equal(v[0].seq, 7);
	assert_true(v[0].live > 2.29 && v[0].live < 2.31);
	assert_string_equal(v[0].name, "scap");
	assert_string_equal(v[0].build_id, ID_A);
	assert_string_equal(v[0].verdict, "proven");
	assert_string_equal(v[0].reason, "");
	assert_false(v[0].renamed);
	assert_true(v[1].live == 0);
	assert_string_equal(v[1].build_id, "");
	assert_string_equal(v[1].reason, "no-build-id");
	assert_true(v[1].renamed);
	assert_int_equal(v[1].uid, 1000);
	assert_string_equal(v[1].program, "a?b");
}

static void test_guard_loads_in_another_form(void **state)
{
	static const char *const texts[] = { "x\n", "1 2 3\n", "one 2 3 a b c d e f g h i\n",
					     "1 2 3 a b c d e f g h\n" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++) {
		struct dg_guard_load *v = NULL;
		struct dg_diag d = { 0 };
		size_t n;

		fx_text(*state, DIR "loads", texts[i]);
		assert_int_equal(dg_guard_loads(*state, &v, &n, &d), -EBADMSG);
		assert_null(v);
	}
}

/* A survey of nothing but how two drivers stand. */
struct two {
	struct dg_config config;
	struct dg_driver drivers[2];
	struct dg_modfile files[2];
	struct dg_standing standing[2];
	struct dg_survey survey;
};

static void two_drivers(struct two *t, const char *root, const char *id_a, const char *id_b)
{
	static char store[] = "/usr/lib/drvguard", scap[] = "scap", other[] = "dm_writeboost";

	*t = (struct two){ .config = { .store = store, .guard = DG_GUARD_PERMISSIVE },
			   .drivers = { { .name = scap }, { .name = other } } };
	for (size_t i = 0; i < 2; i++) {
		const char *id = i ? id_b : id_a;

		t->standing[i].driver = &t->drivers[i];
		t->standing[i].match = id ? DG_MATCH : DG_MISMATCH;
		t->standing[i].staged.file = id ? &t->files[i] : NULL;
		snprintf(t->files[i].build_id, sizeof(t->files[i].build_id), "%s", id ? id : "");
	}
	t->survey = (struct dg_survey){ .root = root, .config = &t->config, .running = true, .v = t->standing, .n = 2 };
}

static void expect_policy(const struct two *t, const char *want)
{
	dg_auto_free char *text = dg_guard_policy(&t->survey);

	assert_string_equal(text, want);
}

static void test_guard_policy(void **state)
{
	struct two t;

	two_drivers(&t, *state, ID_A, ID_B);
	expect_policy(&t, "deny scap " ID_A "\ndeny dm_writeboost " ID_B "\n");
	two_drivers(&t, *state, NULL, "");
	/* Nothing matches: nothing may run. Without a build-id nothing tells it from another. */
	expect_policy(&t, "deny scap\nwarn dm_writeboost\n");
	two_drivers(&t, *state, ID_A, ID_A);
	/* The guard takes a build-id once. */
	expect_policy(&t, "deny scap " ID_A "\nwarn dm_writeboost\n");
}

static void generation(const char *root, const char *release, unsigned int number, const char *id)
{
	dg_auto_free char *dir = dg_generation_dir(root, "/usr/lib/drvguard", release, number);
	dg_auto_free char *path = dg_format("%s/manifest", dir), *text = NULL;
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	char name[] = "scap", none[] = "", source[] = "/opt/scap.ko";
	struct dg_manifest_entry e = { .name = name,
				       .size = 1,
				       .verdict = DG_VERDICT_EXACT,
				       .version = none,
				       .vermagic = none,
				       .source = source };

	memset(e.sha256, 'a', sizeof(e.sha256) - 1);
	snprintf(e.build_id, sizeof(e.build_id), "%s", id);
	assert_int_equal(dg_dir_make(dir), 0);
	assert_int_equal(dg_manifest_new(release, "", &m), 0);
	assert_int_equal(dg_manifest_add(m, &e), 0);
	text = dg_manifest_format(m);
	assert_int_equal(dg_file_write(path, text, strlen(text), 0644), 0);
}

static void test_guard_policy_knows_other_builds(void **state)
{
	struct two t;

	generation(*state, "6.1.0-1-amd64", 1, ID_A);
	generation(*state, "6.1.0-2-amd64", 1, ID_B);
	generation(*state, "6.1.0-2-amd64", 2, "aabb");
	two_drivers(&t, *state, ID_A, NULL);
	expect_policy(&t, "deny scap " ID_A " !" ID_B " !aabb\ndeny dm_writeboost\n");
}

static void test_guard_follow(void **state)
{
	struct dg_diag d = { 0 };
	struct two t;
	char *text;

	two_drivers(&t, *state, ID_A, NULL);
	/* There is none: everything else goes on. */
	assert_int_equal(dg_guard_follow(&t.survey, &d), 0);
	guard_at(*state, "permissive\n", "");
	assert_int_equal(dg_guard_follow(&t.survey, &d), 0);
	text = fx_read(fx_at(*state, DIR "policy"));
	assert_string_equal(text, "deny scap " ID_A "\ndeny dm_writeboost\n");
	free(text);
	text = fx_read(fx_at(*state, DIR "mode"));
	assert_string_equal(text, "permissive\n");
	free(text);
	t.config.guard = DG_GUARD_OFF;
	fx_text(*state, DIR "policy", "");
	assert_int_equal(dg_guard_follow(&t.survey, &d), 0);
	text = fx_read(fx_at(*state, DIR "policy"));
	assert_string_equal(text, "");
	free(text);
	t.config.guard = DG_GUARD_ENFORCE;
	assert_int_equal(dg_guard_follow(&t.survey, &d), 0);
	text = fx_read(fx_at(*state, DIR "mode"));
	assert_true(dg_startswith(text, "enforce"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_guard_read),
		FX_TEST(test_guard_loads),
		FX_TEST(test_guard_loads_in_another_form),
		FX_TEST(test_guard_policy),
		FX_TEST(test_guard_policy_knows_other_builds),
		FX_TEST(test_guard_follow),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
