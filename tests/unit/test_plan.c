// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/plan.h"

/* Two drivers of one product, as a survey would have found them; nothing on disk. */
struct world {
	struct dg_product product;
	struct dg_driver drivers[2];
	struct dg_standing v[2];
	struct dg_manifest manifest;
	struct dg_generation generation;
	struct dg_kernel kernel;
	struct dg_survey survey;
	struct dg_modfile files[8];
	struct dg_judgement judgements[8];
	size_t n;
};

static struct world *world(void)
{
	static char first[] = "drv0", second[] = "drv1";
	static struct world w;

	w = (struct world){ 0 };
	w.product.group_all = true;
	for (int i = 0; i < 2; i++) {
		w.drivers[i].name = i ? second : first;
		w.drivers[i].product = &w.product;
		w.v[i].driver = &w.drivers[i];
	}
	w.kernel.release = (char *)(uintptr_t)FX_RELEASE;
	w.survey = (struct dg_survey){ .kernel = &w.kernel, .generation = &w.generation, .v = w.v, .n = 2 };
	return &w;
}

/* A file of @version, another one for each letter of @sum. */
static struct dg_candidate file(struct world *w, const char *version, char sum, enum dg_verdict verdict)
{
	struct dg_modfile *f = &w->files[w->n];
	struct dg_judgement *j = &w->judgements[w->n++];

	f->version = version;
	f->vermagic = FX_VERMAGIC;
	memset(f->sha256, sum, 64);
	j->verdict = verdict;
	return (struct dg_candidate){ .file = f, .judgement = j };
}

static void stage(struct world *w, int i, const char *version, char sum, enum dg_verdict verdict)
{
	w->v[i].staged = file(w, version, sum, verdict);
	w->v[i].staged_path = (char *)(uintptr_t) "/staged";
	w->v[i].staged_ours = true;
	w->v[i].match = verdict == DG_VERDICT_REFUSED ? DG_MISMATCH : DG_MATCH;
}

static bool plan(struct world *w, const struct dg_stage_options *o, struct dg_stage_item *items)
{
	struct dg_stage_result r = { .v = items };

	memset(items, 0, 2 * sizeof(*items));
	return dg_plan_make(&w->survey, o, &r);
}

static void test_plan_one_driver(void **state)
{
	static const struct {
		const char *name;
		const char *staged, *best, *withdrawn; /* versions; NULL: none */
		char staged_sum, best_sum;
		enum dg_verdict staged_verdict, best_verdict;
		bool force, broken, foreign;
		enum dg_stage_step step;
	} cases[] = {
		{ .name = "nothing at all", .step = DG_STAGE_NONE },
		{ .name = "a first one", .best = "1", .best_sum = 'b', .step = DG_STAGE_STAGED },
		{ .name = "right already", .staged = "1", .staged_sum = 'a', .step = DG_STAGE_KEPT },
		{ .name = "the same",
		  .staged = "1",
		  .staged_sum = 'a',
		  .best = "1",
		  .best_sum = 'a',
		  .step = DG_STAGE_KEPT },
		{ .name = "the same, forced",
		  .staged = "1",
		  .staged_sum = 'a',
		  .best = "1",
		  .best_sum = 'a',
		  .force = true,
		  .step = DG_STAGE_KEPT },
		{ .name = "the same, not by us",
		  .staged = "1",
		  .staged_sum = 'a',
		  .best = "1",
		  .best_sum = 'a',
		  .foreign = true,
		  .step = DG_STAGE_STAGED },
		{ .name = "higher",
		  .staged = "1",
		  .staged_sum = 'a',
		  .best = "2",
		  .best_sum = 'b',
		  .step = DG_STAGE_STAGED },
		{ .name = "lower",
		  .staged = "2",
		  .staged_sum = 'a',
		  .best = "1",
		  .best_sum = 'b',
		  .step = DG_STAGE_KEPT },
		{ .name = "lower, forced",
		  .staged = "2",
		  .staged_sum = 'a',
		  .best = "1",
		  .best_sum = 'b',
		  .force = true,
		  .step = DG_STAGE_STAGED },
		{ .name = "lower, but exact",
		  .staged = "2",
		  .staged_sum = 'a',
		  .staged_verdict = DG_VERDICT_KABI,
		  .best = "1",
		  .best_sum = 'b',
		  .step = DG_STAGE_OLDER },
		{ .name = "higher, but kabi",
		  .staged = "1",
		  .staged_sum = 'a',
		  .best = "2",
		  .best_sum = 'b',
		  .best_verdict = DG_VERDICT_KABI,
		  .step = DG_STAGE_KEPT },
		{ .name = "refused now",
		  .staged = "2",
		  .staged_sum = 'a',
		  .staged_verdict = DG_VERDICT_REFUSED,
		  .best = "1",
		  .best_sum = 'b',
		  .step = DG_STAGE_STAGED },
		{ .name = "broken",
		  .staged = "2",
		  .staged_sum = 'a',
		  .broken = true,
		  .best = "2",
		  .best_sum = 'b',
		  .step = DG_STAGE_STAGED },
		{ .name = "broken, nothing better",
		  .staged = "2",
		  .staged_sum = 'a',
		  .broken = true,
		  .step = DG_STAGE_NONE },
		{ .name = "withdrawn only", .withdrawn = "3", .step = DG_STAGE_WITHDRAWN },
		{ .name = "withdrawn, forced", .withdrawn = "3", .force = true, .step = DG_STAGE_STAGED },
		{ .name = "withdrawn, one staged",
		  .staged = "1",
		  .staged_sum = 'a',
		  .withdrawn = "3",
		  .step = DG_STAGE_KEPT },
		{ .name = "withdrawn, and one that is not",
		  .best = "1",
		  .best_sum = 'b',
		  .withdrawn = "3",
		  .step = DG_STAGE_STAGED },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		const struct dg_stage_options o = { .force = c->force };
		struct dg_stage_item items[2];
		struct world *w = world();

		w->survey.n = 1;
		if (c->staged)
			stage(w, 0, c->staged, c->staged_sum, c->staged_verdict);
		w->v[0].broken = c->broken;
		w->v[0].staged_ours &= !c->foreign;
		if (c->best)
			w->v[0].best = file(w, c->best, c->best_sum, c->best_verdict);
		if (c->withdrawn)
			w->v[0].withdrawn = file(w, c->withdrawn, 'w', DG_VERDICT_EXACT);
		fx_int(plan(w, &o, items), c->step == DG_STAGE_STAGED);
		fx_int(items[0].step, c->step);
		if (c->step == DG_STAGE_STAGED)
			fx_str(dg_stage_choice(&items[0])->file->version,
			       c->force && c->withdrawn ? c->withdrawn : c->best);
	}
}

/* All of a product's drivers, or none. */
static void test_plan_group(void **state)
{
	static const char *const only_first[] = { "drv0", NULL };
	const struct dg_stage_options o = { 0 }, force = { .force = true }, one = { .names = only_first };
	struct dg_stage_item items[2];
	struct world *w = world();

	(void)state;
	w->v[0].best = file(w, "1", 'a', DG_VERDICT_EXACT);
	assert_false(plan(w, &o, items));
	assert_int_equal(items[0].step, DG_STAGE_GROUP);
	assert_ptr_equal(items[0].lacking, &w->drivers[1]);
	assert_int_equal(items[1].step, DG_STAGE_NONE);
	/* Named alone it does not go alone either; by force it does. */
	assert_false(plan(w, &one, items));
	assert_int_equal(items[0].step, DG_STAGE_GROUP);
	assert_true(plan(w, &force, items));
	w->product.group_all = false;
	assert_true(plan(w, &o, items));
	w->product.group_all = true;
	/* The other has a match on disk, or one of its own. */
	stage(w, 1, "1", 'b', DG_VERDICT_EXACT);
	assert_true(plan(w, &o, items));
	assert_int_equal(items[0].step, DG_STAGE_STAGED);
	assert_int_equal(items[1].step, DG_STAGE_KEPT);
	w->v[1].broken = true;
	assert_false(plan(w, &o, items));
	w->v[1].best = file(w, "1", 'b', DG_VERDICT_EXACT);
	assert_true(plan(w, &o, items));
	/* What is kept for its own reasons still serves: nothing of it is lost. */
	w->v[1].broken = false;
	w->v[1].best = (struct dg_candidate){ 0 };
	w->v[1].withdrawn = file(w, "2", 'c', DG_VERDICT_EXACT);
	assert_true(plan(w, &o, items));
	assert_int_equal(items[1].step, DG_STAGE_KEPT);
}

/* Good drivers under a manifest that names another build of the kernel: it is written anew. */
static void test_plan_kernel_rebuilt(void **state)
{
	const struct dg_stage_options o = { 0 };
	struct dg_stage_item items[2];
	struct world *w = world();

	(void)state;
	stage(w, 0, "1", 'a', DG_VERDICT_EXACT);
	stage(w, 1, "1", 'b', DG_VERDICT_EXACT);
	w->generation.manifest = &w->manifest;
	assert_false(plan(w, &o, items));
	snprintf(w->manifest.kernel_build_id, sizeof(w->manifest.kernel_build_id), "%s", "aa");
	assert_false(plan(w, &o, items));
	snprintf(w->kernel.build_id, sizeof(w->kernel.build_id), "%s", "bb");
	assert_true(plan(w, &o, items));
	assert_int_equal(items[0].step, DG_STAGE_KEPT);
}

static void test_plan_mounted(void **state)
{
	static const char *const names[] = { "drv0", NULL };
	const struct dg_stage_options o = { 0 }, mount = { .mount = true }, named = { .names = names };
	struct dg_stage_item items[2];
	struct world *w = world();

	(void)state;
	w->survey.n = 1;
	stage(w, 0, "1", 'a', DG_VERDICT_EXACT);
	w->v[0].staged_ours = false;
	w->v[0].mounted.recorded = w->v[0].mounted.active = true;
	w->v[0].best = file(w, "1", 'a', DG_VERDICT_EXACT);
	/* The disk is left alone, until it is asked for by name. */
	assert_false(plan(w, &o, items));
	assert_false(plan(w, &mount, items));
	assert_true(plan(w, &named, items));
	w->v[0].best = file(w, "2", 'b', DG_VERDICT_EXACT);
	assert_false(plan(w, &o, items));
	assert_true(plan(w, &mount, items));
	/* After a reboot: what lies below it does not match. */
	w->v[0].mounted.active = false;
	w->v[0].staged.judgement->verdict = DG_VERDICT_REFUSED;
	assert_false(plan(w, &o, items));
	assert_true(plan(w, &mount, items));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_one_driver),
		cmocka_unit_test(test_plan_group),
		cmocka_unit_test(test_plan_kernel_rebuilt),
		cmocka_unit_test(test_plan_mounted),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
