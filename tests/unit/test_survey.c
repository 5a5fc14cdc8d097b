// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/survey.h"

struct world {
	struct dg_config *config;
	struct dg_kernel *kernel;
	struct dg_survey *survey;
};

static const struct dg_standing *look(const char *root, unsigned int flags, struct world *w)
{
	struct dg_diag d = { 0 };

	*w = (struct world){ 0 };
	fx_int(dg_config_read(root, NULL, &w->config, NULL), 0);
	fx_int(dg_kernel_open(root, FX_RELEASE, &w->kernel, NULL), 0);
	fx_int(dg_survey_take(root, w->config, w->kernel, flags, &w->survey, &d), 0);
	fx_int(w->survey->n, 1);
	return &w->survey->v[0];
}

static void forget(struct world *w)
{
	dg_survey_free(w->survey);
	dg_kernel_free(w->kernel);
	dg_config_free(w->config);
}

static void test_survey_take_depot_states(void **state)
{
	static const struct {
		const char *name;
		const char *released_for; /* a file in the depot; NULL: none */
		bool depot, lost;	  /* the directory is there; with lost+found alone */
		unsigned int flags;
		enum dg_match match;
		size_t candidates;
		bool best, refused;
	} cases[] = {
		{ "depot absent", NULL, false, false, 0, DG_WAITING, 0, false, false },
		{ "depot empty", NULL, true, false, 0, DG_WAITING, 0, false, false },
		{ "depot fresh", NULL, true, true, 0, DG_WAITING, 0, false, false },
		{ "a match in it", FX_RELEASE, true, false, 0, DG_MISSING, 1, true, false },
		{ "early boot", FX_RELEASE, true, false, DG_SURVEY_NO_DEPOT, DG_WAITING, 0, false, false },
	};

	FX_CASE(c, cases)
	{
		const struct dg_standing *s;
		struct world w;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		if (c->depot)
			fx_mkdir(*state, c->lost ? FX_DEPOT "/lost+found" : FX_DEPOT);
		if (c->released_for)
			fx_offer(*state, "scap.ko", "1.0", c->released_for, NULL);
		s = look(*state, c->flags, &w);
		fx_int(w.survey->running, true);
		fx_int(s->match, c->match);
		fx_int(s->n_candidates, c->candidates);
		fx_int(s->best.file != NULL, c->best);
		fx_int(s->nearest_refused.file != NULL, c->refused);
		fx_str(s->state, "-");
		assert_null(s->staged_path);
		assert_null(dg_standing_match_path(s));
		fx_int(s->place, DG_PLACE_EMPTY);
		forget(&w);
	}
}

static void test_survey_take_chooses(void **state)
{
	const struct dg_standing *s;
	struct world w;

	fx_install_world(*state);
	fx_offer(*state, "old.ko", "9.0", "6.1.0-0-test", NULL);
	fx_offer(*state, "right.ko", "1.0", FX_RELEASE, NULL);
	fx_text(*state, FX_DEPOT "/text.ko", "no driver");
	fx_mkdir(*state, FX_DEPOT "/dir.ko");
	s = look(*state, 0, &w);
	assert_int_equal(s->n_candidates, 2);
	assert_string_equal(s->best.file->path, fx_at(*state, FX_DEPOT "/right.ko"));
	assert_int_equal(s->best.judgement->verdict, DG_VERDICT_EXACT);
	assert_false(s->best.from_store);
	/* The bad ones are told, and did not stop the good. */
	assert_int_equal(w.survey->problems.n, 2);
	assert_false(w.survey->unread);
	forget(&w);
}

static void test_survey_take_refused_nearest(void **state)
{
	static const struct fx_symbol stale[] = { { .name = "module_layout", .crc = 0x11111111 },
						  { .name = "kfree", .crc = 0xbad },
						  { 0 } };
	struct fx_module m = fx_module_good("scap");
	const struct dg_standing *s;
	struct world w;

	fx_install_world(*state);
	m.imports = stale;
	fx_install_module(*state, FX_DEPOT "/scap.ko", &m);
	m.name = "somebody_elses";
	fx_install_module(*state, FX_DEPOT "/other.ko", &m);
	s = look(*state, 0, &w);
	assert_int_equal(s->match, DG_MISSING);
	assert_int_equal(s->n_candidates, 1);
	assert_null(s->best.file);
	assert_non_null(s->nearest_refused.file);
	assert_int_equal(s->nearest_refused.judgement->err, EINVAL);
	forget(&w);
}

static void test_survey_take_require_exact(void **state)
{
	const struct dg_standing *s;
	struct world w;

	fx_install_world(*state);
	fx_text(*state, "/etc/drvguard/drvguard.conf",
		"[product falco]\ndepot = " FX_DEPOT "\nrequire = exact\n[driver scap]\nproduct = falco\n");
	fx_offer(*state, "scap.ko", "1.0", "6.1.0-0-test", NULL);
	s = look(*state, 0, &w);
	assert_null(s->best.file);
	assert_non_null(s->nearest_refused.file);
	forget(&w);
}

/* A file that an administrator put there by hand is staged too, and judged. */
static void test_survey_take_staged_by_hand(void **state)
{
	static const struct fx_symbol stale[] = { { .name = "kfree", .crc = 0xbad }, { 0 } };
	static const struct {
		const char *name;
		const struct fx_symbol *imports;
		enum dg_match match;
		const char *state;
	} cases[] = {
		{ "fits", fx_symbols, DG_MATCH, "S" },
		{ "does not fit", stale, DG_MISMATCH, "-" },
	};

	FX_CASE(c, cases)
	{
		struct fx_module m = fx_module_good("scap");
		const struct dg_standing *s;
		struct world w;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_text(*state, FX_DEPOT "/README", "no drivers here");
		m.imports = c->imports;
		fx_install_module(*state, "/lib/modules/" FX_RELEASE "/updates/scap.ko", &m);
		fx_depmod(*state, FX_RELEASE);
		s = look(*state, 0, &w);
		fx_int(s->match, c->match);
		fx_str(s->state, c->state);
		fx_int(s->staged_ours, false);
		fx_int(s->broken, false);
		fx_str(s->staged_path, fx_at(*state, "/lib/modules/" FX_RELEASE "/updates/scap.ko"));
		fx_int(dg_standing_match_path(s) != NULL, c->match == DG_MATCH);
		forget(&w);
	}
}

static void test_survey_take_loaded(void **state)
{
	static const struct {
		const char *name, *build_id, *srcversion, *version;
		bool same;
	} cases[] = {
		{ "by build-id", "driver-build-id-0001", "x", "x", true },
		{ "another build-id", "driver-build-id-0002", "0123456789ABCDEF0123456", "1.0", false },
		{ "by source", NULL, "0123456789ABCDEF0123456", "x", true },
		{ "another source", NULL, "BAD", "1.0", false },
		{ "by version", NULL, NULL, "1.0", true },
		{ "another version", NULL, NULL, "2.0", false },
	};

	FX_CASE(c, cases)
	{
		const struct fx_module m = fx_module_good("scap");
		const struct dg_standing *s;
		struct fx_bytes note = { 0 };
		struct world w;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_install_module(*state, "/lib/modules/" FX_RELEASE "/updates/scap.ko", &m);
		fx_depmod(*state, FX_RELEASE);
		fx_text(*state, "/sys/module/scap/initstate", "live\n");
		fx_text(*state, "/sys/module/scap/version", c->version);
		if (c->srcversion)
			fx_text(*state, "/sys/module/scap/srcversion", c->srcversion);
		if (c->build_id) {
			fx_put_build_id(&note, c->build_id, false);
			fx_write(*state, "/sys/module/scap/notes/.note.gnu.build-id", note.data, note.len);
			fx_free(&note);
		}
		s = look(*state, 0, &w);
		fx_int(s->loaded.loaded, true);
		fx_int(s->loaded_is_staged, c->same);
		fx_int(dg_standing_needs_reboot(s), !c->same);
		fx_str(s->state, c->same ? "S" : "Q");
		forget(&w);
	}
}

static void test_survey_take_other_kernel_running(void **state)
{
	const struct dg_standing *s;
	struct world w;

	fx_install_world(*state);
	fx_text(*state, "/proc/sys/kernel/osrelease", "5.10.0-1\n");
	fx_text(*state, "/sys/module/scap/initstate", "live\n");
	s = look(*state, 0, &w);
	assert_false(w.survey->running);
	assert_false(s->loaded.loaded);
	forget(&w);
}

static void test_survey_take_unreadable_kernel(void **state)
{
	struct dg_survey *s = (struct dg_survey *)1;
	struct dg_config *config;
	struct dg_kernel *kernel;
	struct dg_diag d = { 0 };

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	fx_text(*state, "/boot/vmlinux-" FX_RELEASE, "damaged");
	assert_int_equal(dg_config_read(*state, NULL, &config, NULL), 0);
	assert_int_equal(dg_kernel_open(*state, FX_RELEASE, &kernel, NULL), 0);
	assert_int_equal(dg_survey_take(*state, config, kernel, 0, &s, &d), -EBADMSG);
	assert_ptr_equal(s, (struct dg_survey *)1);
	assert_string_equal(d.where, fx_at(*state, "/boot/vmlinux-" FX_RELEASE));
	dg_kernel_free(kernel);
	dg_config_free(config);
}

static void test_match_name_each(void **state)
{
	(void)state;
	assert_string_equal(dg_match_name(DG_MATCH), "match");
	assert_string_equal(dg_match_name(DG_MISMATCH), "mismatch");
	assert_string_equal(dg_match_name(DG_MISSING), "missing");
	assert_string_equal(dg_match_name(DG_WAITING), "waiting");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_survey_take_depot_states),		FX_TEST(test_survey_take_chooses),
		FX_TEST(test_survey_take_refused_nearest),	FX_TEST(test_survey_take_require_exact),
		FX_TEST(test_survey_take_staged_by_hand),	FX_TEST(test_survey_take_loaded),
		FX_TEST(test_survey_take_other_kernel_running), FX_TEST(test_survey_take_unreadable_kernel),
		cmocka_unit_test(test_match_name_each),
	};

	return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
