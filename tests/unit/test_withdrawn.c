// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/record.h"
#include "lib/withdrawn.h"

#define STORE "/store"
#define PATH STORE "/kernels/" FX_RELEASE "/withdrawn"
#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SUM_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* A generation with one driver of that file; NULL: with none. */
static struct dg_manifest *with(const char *sum, const char *version)
{
	struct dg_manifest_entry e = { .name = (char *)(uintptr_t) "scap",
				       .version = (char *)(uintptr_t)version,
				       .vermagic = (char *)(uintptr_t) "",
				       .source = (char *)(uintptr_t) "" };
	struct dg_manifest *m;

	assert_int_equal(dg_manifest_new(FX_RELEASE, "", &m), 0);
	if (sum) {
		snprintf(e.sha256, sizeof(e.sha256), "%s", sum);
		assert_int_equal(dg_manifest_add(m, &e), 0);
	}
	return m;
}

static void update(const char *root, enum dg_action action, struct dg_manifest *from, struct dg_manifest *to)
{
	/* Twice is as once: a run that was killed is finished by another. */
	for (int i = 0; i < 2; i++)
		fx_int(dg_withdrawn_update(root, STORE, FX_RELEASE, action, from, to, NULL), 0);
	dg_manifest_free(from);
	dg_manifest_free(to);
}

static bool is_out(const char *root, const char *sum, const char *version)
{
	dg_auto(dg_withdrawn_free) struct dg_withdrawn w;

	fx_int(dg_withdrawn_read(root, STORE, FX_RELEASE, &w, NULL), 0);
	return dg_withdrawn_find(&w, "scap", sum, version);
}

static void test_withdrawn_what_counts(void **state)
{
	static const struct {
		const char *name;
		enum dg_action action;
		const char *from, *from_version, *to, *to_version;
		bool out;
	} cases[] = {
		{ "superseded", DG_ACTION_STAGE, SUM_A, "1.0", SUM_B, "1.1", false },
		{ "lost", DG_ACTION_STAGE, SUM_A, "1.0", NULL, NULL, false },
		{ "rolled back", DG_ACTION_ROLLBACK, SUM_A, "1.1", SUM_B, "1.0", true },
		{ "rolled forward", DG_ACTION_ROLLBACK, SUM_A, "1.0", SUM_B, "1.1", false },
		{ "rolled back to none", DG_ACTION_ROLLBACK, SUM_A, "1.0", NULL, NULL, true },
		{ "the same file", DG_ACTION_ROLLBACK, SUM_A, "1.0", SUM_A, "1.0", false },
		{ "removed", DG_ACTION_REMOVE, SUM_A, "1.0", NULL, NULL, true },
		{ "removed, the earlier back", DG_ACTION_REMOVE, SUM_A, "1.1", SUM_B, "1.0", true },
		{ "forced down", DG_ACTION_FORCE, SUM_A, "1.1", SUM_B, "1.0", true },
		{ "forced up", DG_ACTION_FORCE, SUM_A, "1.0", SUM_B, "1.1", false },
		{ "broken while forced", DG_ACTION_FORCE, SUM_A, "1.0", NULL, NULL, false },
		{ "trial failed", DG_ACTION_REVERT, SUM_A, "1.1", SUM_B, "1.0", true },
		{ "no versions", DG_ACTION_ROLLBACK, SUM_A, "", SUM_B, "", true },
	};

	FX_CASE(c, cases)
	{
		update(*state, c->action, with(c->from, c->from_version), with(c->to, c->to_version));
		fx_int(is_out(*state, SUM_A, c->from_version), c->out);
		fx_int(fx_exists(fx_at(*state, PATH)), c->out);
		(void)unlink(fx_at(*state, PATH));
	}
}

static void test_withdrawn_covers(void **state)
{
	assert_false(is_out(*state, SUM_A, "1.1"));
	update(*state, DG_ACTION_REMOVE, with(SUM_A, "1.1"), NULL);
	assert_true(is_out(*state, SUM_A, "1.1"));
	/* Another file of no higher a version. */
	assert_true(is_out(*state, SUM_B, "1.1"));
	assert_true(is_out(*state, SUM_B, "1.0"));
	assert_false(is_out(*state, SUM_B, "1.2"));
	assert_false(is_out(*state, SUM_B, ""));
	/* The lower one removed too: the higher stays out. */
	update(*state, DG_ACTION_REMOVE, with(SUM_B, "1.0"), NULL);
	assert_true(is_out(*state, SUM_A, "1.1"));
	/* By force, the lower: what lies above it stays out. */
	update(*state, DG_ACTION_FORCE, NULL, with(SUM_B, "1.0"));
	assert_true(is_out(*state, SUM_A, "1.1"));
	update(*state, DG_ACTION_FORCE, with(SUM_B, "1.0"), with(SUM_A, "1.1"));
	assert_false(is_out(*state, SUM_A, "1.1"));
	assert_false(fx_exists(fx_at(*state, PATH)));
	/* And a higher one ends it. */
	update(*state, DG_ACTION_REMOVE, with(SUM_A, "1.1"), NULL);
	update(*state, DG_ACTION_STAGE, NULL, with(SUM_C, "1.2"));
	assert_false(fx_exists(fx_at(*state, PATH)));
}

/* Where nothing has a version each file counts for itself. */
static void test_withdrawn_without_versions(void **state)
{
	update(*state, DG_ACTION_REMOVE, with(SUM_A, ""), with(SUM_B, ""));
	assert_true(is_out(*state, SUM_A, ""));
	update(*state, DG_ACTION_REMOVE, with(SUM_B, ""), NULL);
	assert_true(is_out(*state, SUM_B, ""));
	assert_true(is_out(*state, SUM_A, ""));
	assert_false(is_out(*state, SUM_C, ""));
	update(*state, DG_ACTION_FORCE, NULL, with(SUM_A, ""));
	assert_false(is_out(*state, SUM_A, ""));
	assert_true(is_out(*state, SUM_B, ""));
	/* Beside one that has a version. */
	update(*state, DG_ACTION_REMOVE, with(SUM_C, "1.0"), NULL);
	assert_true(is_out(*state, SUM_B, ""));
	assert_true(is_out(*state, SUM_C, "1.0"));
}

static void test_withdrawn_version_of_any_text(void **state)
{
	update(*state, DG_ACTION_REMOVE, with(SUM_A, "- 1.0\n\tx%"), NULL);
	assert_true(is_out(*state, SUM_A, "- 1.0\n\tx%"));
	update(*state, DG_ACTION_STAGE, NULL, with(SUM_A, "- 1.0\n\tx%"));
	update(*state, DG_ACTION_REMOVE, with(SUM_A, "-"), NULL);
	assert_true(is_out(*state, SUM_A, "-"));
}

static void test_withdrawn_hostile(void **state)
{
	static const struct {
		const char *name, *body;
	} cases[] = {
		{ "no sum", "scap - 1.0 -\n" },
		{ "half a sum", "scap abcd 1.0 -\n" },
		{ "no version", "scap " SUM_A "\n" },
		{ "no floor", "scap " SUM_A " 1.0\n" },
		{ "more", "scap " SUM_A " 1.0 - x\n" },
		{ "no name", "../x " SUM_A " 1.0 -\n" },
		{ "twice", "scap " SUM_A " 1.0 -\nscap " SUM_A " 1.1 -\n" },
		{ "bad escape", "scap " SUM_A " %zz -\n" },
		{ "a good one, then a bad one", "tun " SUM_A " 1.0 -\nscap\n" },
	};

	FX_CASE(c, cases)
	{
		dg_auto_free char *body = dg_format("drvguard-withdrawn 1\n%s", c->body);
		struct dg_diag d = { 0 };
		struct dg_withdrawn w;

		fx_int(dg_record_write(fx_at(*state, PATH), body), 0);
		fx_int(dg_withdrawn_read(*state, STORE, FX_RELEASE, &w, &d), -EBADMSG);
		fx_str(d.where, fx_at(*state, PATH));
		fx_int(w.n, 0);
		assert_null(w.v);
	}
	/* The next change makes it anew. */
	update(*state, DG_ACTION_REMOVE, with(SUM_A, "1.0"), NULL);
	assert_true(is_out(*state, SUM_A, "1.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_withdrawn_what_counts),	     FX_TEST(test_withdrawn_covers),
		FX_TEST(test_withdrawn_without_versions),    FX_TEST(test_withdrawn_hostile),
		FX_TEST(test_withdrawn_version_of_any_text),
	};

	return cmocka_run_group_tests_name("withdrawn", tests, NULL, NULL);
}
