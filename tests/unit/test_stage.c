// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/hold.h"
#include "lib/settle.h"
#include "lib/stage.h"

struct world {
	struct dg_config *config;
	struct dg_kernel *kernel;
	struct dg_survey *survey;
};

static void look(const char *root, struct world *w)
{
	*w = (struct world){ 0 };
	fx_int(dg_config_read(root, NULL, &w->config, NULL), 0);
	fx_int(dg_kernel_open(root, FX_RELEASE, &w->kernel, NULL), 0);
	fx_int(dg_survey_take(root, w->config, w->kernel, 0, &w->survey, &(struct dg_diag){ 0 }), 0);
}

static void forget(struct world *w)
{
	dg_survey_free(w->survey);
	dg_kernel_free(w->kernel);
	dg_config_free(w->config);
}

/* One run; the driver's step, and the generation that is current afterwards. */
static enum dg_stage_step run(const char *root, const struct dg_stage_options *o, unsigned int *ret_generation,
			      bool *ret_changed)
{
	struct dg_stage_result *r;
	enum dg_stage_step step;
	struct dg_diag d = { 0 };
	struct world w;
	int err;

	look(root, &w);
	err = dg_stage_run(w.survey, o, &r, &d);
	if (err)
		print_error("%s: %s\n", d.where, d.what);
	fx_int(err, 0);
	step = r->v[0].step;
	*ret_generation = r->generation;
	*ret_changed = r->changed;
	fx_str(r->v[0].shadowed_by, "");
	dg_stage_result_free(r);
	forget(&w);
	return step;
}

/* The version of what modprobe would now load; "" for nothing. */
static void expect_staged(const char *root, const char *version)
{
	struct world w;

	look(root, &w);
	if (*version) {
		fx_int(w.survey->v[0].staged_ours, true);
		fx_int(w.survey->v[0].broken, false);
		fx_str(w.survey->v[0].staged.file->version, version);
		fx_str(w.survey->v[0].state, "S");
	} else {
		assert_null(w.survey->v[0].staged_path);
	}
	forget(&w);
}

static void test_stage_run_first_and_again(void **state)
{
	const struct dg_stage_options o = { 0 };
	unsigned int generation;
	bool changed;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_STAGED);
	assert_true(changed);
	assert_int_equal(generation, 1);
	expect_staged(*state, "1.0");
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_KEPT);
	assert_false(changed);
	assert_int_equal(generation, 1);
	/* What is staged outlives its depot. */
	assert_int_equal(dg_tree_remove(fx_at(*state, FX_DEPOT)), 0);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_KEPT);
	expect_staged(*state, "1.0");
}

static void test_stage_run_dry(void **state)
{
	const struct dg_stage_options o = { .dry_run = true };
	unsigned int generation;
	bool changed;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_STAGED);
	assert_false(changed);
	assert_int_equal(generation, 0);
	assert_false(fx_exists(fx_at(*state, "/usr/lib/drvguard")));
	assert_false(fx_exists(fx_at(*state, "/lib/modules/" FX_RELEASE "/updates")));
}

static void test_stage_run_nothing_to_be_had(void **state)
{
	const struct dg_stage_options o = { 0 };
	unsigned int generation;
	bool changed;

	fx_install_world(*state);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_NONE);
	assert_false(changed);
	assert_false(fx_exists(fx_at(*state, "/lib/modules/" FX_RELEASE "/updates/drvguard")));
}

static void test_stage_run_other_names(void **state)
{
	const char *const names[] = { "other", NULL };
	const struct dg_stage_options o = { .names = names };
	unsigned int generation;
	bool changed;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_KEPT);
	assert_false(changed);
}

/* After 1.0, exact, is staged: what another file does. */
static void test_stage_run_successor(void **state)
{
	static const struct {
		const char *name, *version, *release;
		bool force;
		enum dg_stage_step step;
		const char *after;
	} cases[] = {
		{ "newer", "1.1", FX_RELEASE, false, DG_STAGE_STAGED, "1.1" },
		{ "older", "0.9", FX_RELEASE, false, DG_STAGE_KEPT, "1.0" },
		{ "older, forced", "0.9", FX_RELEASE, true, DG_STAGE_STAGED, "0.9" },
		{ "newer, but kabi", "1.1", "6.1.0-0-test", false, DG_STAGE_KEPT, "1.0" },
	};

	FX_CASE(c, cases)
	{
		const struct dg_stage_options first = { 0 }, then = { .force = c->force };
		unsigned int generation;
		bool changed;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
		run(*state, &first, &generation, &changed);
		fx_offer(*state, "scap.ko", c->version, c->release, "successor");
		fx_int(run(*state, &then, &generation, &changed), c->step);
		fx_int(generation, c->step == DG_STAGE_STAGED ? 2 : 1);
		expect_staged(*state, c->after);
		/* The one before stays for a rollback. */
		fx_int(fx_exists(fx_at(*state, "/usr/lib/drvguard/kernels/" FX_RELEASE "/1/scap.ko")), true);
	}
}

static void test_stage_run_better_verdict_lower_version(void **state)
{
	const struct dg_stage_options o = { 0 }, force = { .force = true };
	unsigned int generation;
	bool changed;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "2.0", "6.1.0-0-test", NULL);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_STAGED);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	assert_int_equal(run(*state, &o, &generation, &changed), DG_STAGE_OLDER);
	expect_staged(*state, "2.0");
	assert_int_equal(run(*state, &force, &generation, &changed), DG_STAGE_STAGED);
	expect_staged(*state, "1.0");
}

/* A damaged file is replaced: from the depot, or from the store when the depot is away. */
static void test_stage_run_over_damage(void **state)
{
	static const struct {
		const char *name;
		bool depot, remove;
	} cases[] = { { "from the depot", true, false },
		      { "missing, from the depot", true, true },
		      { "missing, from the store", false, true } };

	FX_CASE(c, cases)
	{
		const struct dg_stage_options o = { 0 };
		unsigned int generation;
		bool changed;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
		run(*state, &o, &generation, &changed);
		/* By another file, since the store's is the same inode. */
		assert_int_equal(unlink(fx_at(*state, FX_STAGED)), 0);
		if (!c->remove)
			fx_text(*state, FX_STAGED, "damaged");
		if (!c->depot)
			assert_int_equal(dg_tree_remove(fx_at(*state, FX_DEPOT)), 0);
		fx_int(run(*state, &o, &generation, &changed), DG_STAGE_STAGED);
		expect_staged(*state, "1.0");
	}
}

static void test_stage_run_directory_in_the_way(void **state)
{
	const struct dg_stage_options o = { 0 };
	struct dg_stage_result *r = (struct dg_stage_result *)1;
	struct dg_diag d = { 0 };
	struct world w;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	fx_text(*state, "/lib/modules/" FX_RELEASE "/updates/drvguard/x", "");
	look(*state, &w);
	assert_int_equal(dg_stage_run(w.survey, &o, &r, &d), -EEXIST);
	assert_ptr_equal(r, (struct dg_stage_result *)1);
	/* Nothing by halves: the generation that was built is gone. */
	assert_false(fx_exists(fx_at(*state, "/usr/lib/drvguard/kernels/" FX_RELEASE "/1")));
	forget(&w);
}

static void test_stage_run_no_modules_tree(void **state)
{
	const struct dg_stage_options o = { 0 };
	struct dg_stage_result *r;
	struct dg_diag d = { 0 };
	struct world w;

	/* An image alone: it cannot even be judged for. */
	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	look(*state, &w);
	free(w.kernel->modules_dir);
	w.kernel->modules_dir = NULL;
	assert_int_equal(dg_stage_run(w.survey, &o, &r, &d), -ENOENT);
	assert_string_equal(d.where, FX_RELEASE);
	forget(&w);
}

static void test_settle_holds_and_places(void **state)
{
	const struct dg_stage_options o = { 0 };
	struct dg_diags remarks = { 0 };
	unsigned int generation;
	struct dg_diag d = { 0 };
	struct world w;
	bool changed;

	fx_install_world(*state);
	fx_text(*state, FX_PLACE, "somebody's");
	look(*state, &w);
	assert_int_equal(dg_settle(w.survey, &remarks, &d), 0);
	assert_true(dg_hold_is_set(*state, "scap"));
	assert_false(fx_exists(fx_at(*state, FX_PLACE)));
	assert_true(fx_exists(fx_at(*state, FX_PLACE ".drvguard-saved")));
	assert_int_equal(remarks.n, 1);
	forget(&w);

	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	run(*state, &o, &generation, &changed);
	look(*state, &w);
	assert_int_equal(dg_settle(w.survey, &remarks, &d), 0);
	assert_false(dg_hold_is_set(*state, "scap"));
	assert_int_equal(remarks.n, 1);
	forget(&w);
	look(*state, &w);
	assert_int_equal(w.survey->v[0].place, DG_PLACE_RIGHT);
	forget(&w);
	dg_diags_free(&remarks);
}

static void test_settle_error_told(void **state)
{
	struct dg_diags remarks = { 0 };
	struct dg_diag d = { 0 };
	struct world w;

	fx_install_world(*state);
	fx_text(*state, "/run", "a file");
	look(*state, &w);
	assert_int_equal(dg_settle(w.survey, &remarks, &d), -ENOTDIR);
	assert_true(d.what[0]);
	forget(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_stage_run_first_and_again),   FX_TEST(test_stage_run_dry),
		FX_TEST(test_stage_run_nothing_to_be_had), FX_TEST(test_stage_run_other_names),
		FX_TEST(test_stage_run_successor),	   FX_TEST(test_stage_run_better_verdict_lower_version),
		FX_TEST(test_stage_run_over_damage),	   FX_TEST(test_stage_run_directory_in_the_way),
		FX_TEST(test_stage_run_no_modules_tree),   FX_TEST(test_settle_holds_and_places),
		FX_TEST(test_settle_error_told),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
