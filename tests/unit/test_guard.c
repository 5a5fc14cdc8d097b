// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read of the guard's files and written to them; what it makes of them: tests/e2e/kmod-guest. */
#include "guard.h"

#include <errno.h>

#include "../../kmod/uapi/drvguard.h"

#define DIR DRVGUARD_SECURITYFS_DIR "/"

static void guard_at(const char *root, const char *mode, const char *policy)
{
	fx_text(root, DIR "mode", mode);
	fx_text(root, DIR "policy", policy);
	fx_text(root, DIR "violations", "3\n");
	fx_text(root, DRVGUARD_SYSFS_DIR "/abi", "1\n");
	fx_text(root, DRVGUARD_SYSFS_DIR "/features", "identity guard refuse\n");
}

static void test_guard_read(void **state)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	struct dg_diag d = { 0 };

	assert_int_equal(dg_guard_read(*state, &g, &d), -ENODEV);
	assert_non_null(strstr(d.cure, "drvguard guard load"));
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A "\n");
	assert_int_equal(dg_guard_read(*state, &g, &d), 0);
	assert_true(g->enforcing);
	assert_true(g->sealed);
	assert_true(g->can_refuse);
	assert_int_equal(g->violations, 3);
	assert_string_equal(g->policy, "deny scap " ID_A "\n");
}

static void test_guard_read_what_is_not_known(void **state)
{
	struct dg_guard *g = NULL;
	struct dg_diag d = { 0 };

	guard_at(*state, "lenient\n", "\n");
	assert_int_equal(dg_guard_read(*state, &g, &d), -EBADMSG);
	guard_at(*state, "permissive\n", "\n");
	fx_text(*state, DRVGUARD_SYSFS_DIR "/abi", "2\n");
	assert_int_equal(dg_guard_read(*state, &g, &d), -EPROTO);
	assert_non_null(strstr(d.what, "ABI 2"));
	assert_null(g);
}

static void test_guard_read_where_nothing_is_refused(void **state)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;

	guard_at(*state, "permissive\n", "\n");
	fx_text(*state, DRVGUARD_SYSFS_DIR "/features", "identity guard\n");
	assert_int_equal(dg_guard_read(*state, &g, NULL), 0);
	assert_false(g->can_refuse);
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

static void expect_file(const char *root, const char *path, const char *want)
{
	char *text = fx_read(fx_at(root, path));

	assert_string_equal(text, want);
	free(text);
}

static void test_guard_follow(void **state)
{
	struct dg_diag d = { 0 };
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	/* There is none: everything else goes on, but who relies on it is told. */
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	assert_int_equal(dg_guard_follow(&t.survey, true, &d), -ENODEV);
	t.survey.running = false;
	assert_int_equal(dg_guard_follow(&t.survey, true, &d), -ENODEV);
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	t.survey.running = true;
	t.config.guard = DG_GUARD_ENFORCE;
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), -ENODEV);
	assert_string_equal(d.where, "guard = enforce");
	t.config.guard = DG_GUARD_PERMISSIVE;
	guard_at(*state, "permissive\n", "deny another 00\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	expect_file(*state, DIR "policy", "deny scap " ID_A "\ndeny dm_writeboost\n");
	expect_file(*state, DIR "mode", "permissive\n");
	t.config.guard = DG_GUARD_OFF;
	fx_text(*state, DIR "policy", "\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	expect_file(*state, DIR "policy", "\n");
	/* One that enforces goes on refusing. */
	fx_text(*state, DIR "mode", "enforce\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	fx_text(*state, DIR "policy", "deny scap " ID_B "\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), -ESTALE);
	assert_string_equal(d.where, "guard = off");
	expect_file(*state, DIR "policy", "deny scap " ID_B "\n");
	fx_text(*state, DIR "mode", "permissive\n");
	assert_int_equal(dg_guard_follow(&t.survey, true, &d), 0);
	expect_file(*state, DIR "policy", "deny scap " ID_A "\ndeny dm_writeboost\n");
	t.config.guard = DG_GUARD_ENFORCE;
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	expect_file(*state, DIR "mode", "enforce");
}

static void test_guard_follow_permissive_by_hand(void **state)
{
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	t.config.guard = DG_GUARD_ENFORCE;
	guard_at(*state, "enforce\n", "\n");
	assert_int_equal(dg_guard_set_mode(*state, "permissive", NULL), 0);
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	expect_file(*state, DIR "mode", "permissive");
	/* To seal is not to enforce. */
	assert_int_equal(dg_guard_set_mode(*state, "seal", NULL), 0);
	fx_text(*state, DIR "mode", "permissive sealed\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	expect_file(*state, DIR "mode", "permissive sealed\n");
	assert_int_equal(dg_guard_set_mode(*state, "enforce", NULL), 0);
	fx_text(*state, DIR "mode", "permissive\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	expect_file(*state, DIR "mode", "enforce");
}

static void test_guard_follow_nothing_configured(void **state)
{
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	t.survey.n = 0;
	t.config.guard = DG_GUARD_ENFORCE;
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	guard_at(*state, "enforce\n", "deny scap " ID_A "\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	expect_file(*state, DIR "policy", "\n");
}

static void test_guard_follow_what_is_misspelt(void **state)
{
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	guard_at(*state, "enforce\n", "warn other aabb !ccdd\ndeny scap 00\n");
	t.config.problems.n = 1;
	assert_int_equal(dg_guard_follow(&t.survey, false, NULL), 0);
	expect_file(*state, DIR "policy", "deny scap " ID_A "\ndeny dm_writeboost\nwarn other aabb !ccdd\n");
}

static void test_guard_follow_sealed(void **state)
{
	struct dg_diag d = { 0 };
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	/* What is tighter is written; that another driver is gone from the configuration has to wait. */
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A " " ID_B " !aabb\ndeny gone 00\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), -ESTALE);
	expect_file(*state, DIR "policy", "deny scap " ID_A " !" ID_B " !aabb\ndeny dm_writeboost\ndeny gone 00\n");
	/* A build that is new has to wait too, and nothing else has to for it; what it supersedes is let in till then.
	 */
	guard_at(*state, "enforce sealed\n", "deny scap " ID_B "\ndeny dm_writeboost aabb\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), -ESTALE);
	assert_non_null(strstr(d.what, "sealed"));
	expect_file(*state, DIR "policy", "deny scap !" ID_A " " ID_B "\ndeny dm_writeboost !aabb\n");
	/* Back to it: nothing has to wait. */
	two_drivers(&t, *state, ID_B, NULL);
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	/* One that cannot be told from another is refused still where the seal says so, and the rest is done. */
	two_drivers(&t, *state, "", ID_B);
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A "\ndeny dm_writeboost " ID_B " aabb\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), -ESTALE);
	expect_file(*state, DIR "policy", "deny scap " ID_A "\ndeny dm_writeboost " ID_B " !aabb\n");
	two_drivers(&t, *state, ID_A, NULL);
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A " " ID_B "\ndeny dm_writeboost\n");
	assert_int_equal(dg_guard_follow(&t.survey, false, &d), 0);
	expect_file(*state, DIR "policy", "deny scap " ID_A " !" ID_B "\ndeny dm_writeboost\n");
}

static void test_guard_in_step(void **state)
{
	static const struct {
		const char *policy;
		bool want;
	} cases[] = {
		{ "deny scap " ID_A "\ndeny dm_writeboost\n", true },
		/* Other kernels come and go: what is only known makes no difference. */
		{ "deny dm-writeboost !aabb\ndeny scap !00 " ID_A "\n", true },
		{ "deny scap " ID_B "\ndeny dm_writeboost\n", false },
		{ "deny scap " ID_A " " ID_B "\ndeny dm_writeboost\n", false },
		{ "warn scap " ID_A "\ndeny dm_writeboost\n", false },
		{ "deny scap " ID_A "\n", false },
		{ "deny scap " ID_A "\ndeny dm_writeboost\ndeny other\n", false },
		{ "\n", false },
	};
	struct two t;

	two_drivers(&t, *state, ID_A, NULL);
	for (size_t i = 0; i < DG_ARRAY_SIZE(cases); i++) {
		dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *have = NULL;
		bool got = !cases[i].want;

		assert_int_equal(dg_guardpolicy_parse(cases[i].policy, &have), 0);
		assert_int_equal(dg_guard_in_step(&t.survey, have, &got), 0);
		assert_int_equal(got, cases[i].want);
	}
}

static void test_guard_admit(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free char *before = NULL;

	generation(*state, "6.1.0-1-amd64", "", 1, ID_B);
	assert_int_equal(dg_generation_manifest(*state, "/usr/lib/drvguard", "6.1.0-1-amd64", 1, &m, NULL), 0);
	fx_text(*state, "/proc/sys/kernel/osrelease", "6.1.0-2-amd64\n");
	fx_text(*state, "/proc/sys/kernel/version", "#1\n");
	guard_at(*state, "enforce\n", "deny scap " ID_A " !" ID_B "\n");
	/* For another kernel. */
	free(dg_guard_admit(*state, "6.1.0-1-amd64", m));
	expect_file(*state, DIR "policy", "deny scap " ID_A " !" ID_B "\n");
	fx_text(*state, "/proc/sys/kernel/osrelease", "6.1.0-1-amd64\n");
	before = dg_guard_admit(*state, "6.1.0-1-amd64", m);
	expect_file(*state, DIR "policy", "deny scap " ID_A " " ID_B "\n");
	dg_guard_put_back(*state, before);
	expect_file(*state, DIR "policy", "deny scap " ID_A " !" ID_B "\n");
	m->entries[0].verdict = DG_VERDICT_REFUSED;
	assert_null(dg_guard_admit(*state, "6.1.0-1-amd64", m));
	expect_file(*state, DIR "policy", "deny scap " ID_A " !" ID_B "\n");
	m->entries[0].verdict = DG_VERDICT_EXACT;
	/* Nothing tells it from another: it is not refused. */
	m->entries[0].build_id[0] = '\0';
	free(dg_guard_admit(*state, "6.1.0-1-amd64", m));
	expect_file(*state, DIR "policy", "warn scap " ID_A " !" ID_B "\n");
	snprintf(m->entries[0].build_id, sizeof(m->entries[0].build_id), ID_B);
	/* Not guarded: nobody to let in. */
	fx_text(*state, DIR "policy", "deny other\n");
	free(dg_guard_admit(*state, "6.1.0-1-amd64", m));
	expect_file(*state, DIR "policy", "deny other\n");
	guard_at(*state, "enforce sealed\n", "deny scap " ID_A "\n");
	free(dg_guard_admit(*state, "6.1.0-1-amd64", m));
	expect_file(*state, DIR "policy", "deny scap " ID_A "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_guard_read),
		FX_TEST(test_guard_read_what_is_not_known),
		FX_TEST(test_guard_read_where_nothing_is_refused),
		FX_TEST(test_guard_loads),
		FX_TEST(test_guard_loads_in_another_form),
		FX_TEST(test_guard_follow),
		FX_TEST(test_guard_follow_permissive_by_hand),
		FX_TEST(test_guard_follow_nothing_configured),
		FX_TEST(test_guard_follow_what_is_misspelt),
		FX_TEST(test_guard_follow_sealed),
		FX_TEST(test_guard_in_step),
		FX_TEST(test_guard_admit),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
