// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/cachefile.h"
#include "lib/verdicts.h"

#define NAME "verdicts-" FX_RELEASE
#define MODULES "/lib/modules/" FX_RELEASE
#define KEPT "/var/cache/drvguard/" NAME

/* Whether what is kept answers for @path; else it is judged, and kept if it can be. */
static bool ask(const char *root, const char *path, enum dg_verdict want)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	struct dg_verdicts *v;
	int found;

	assert_int_equal(dg_kernel_open(root, FX_RELEASE, &k, NULL), 0);
	assert_int_equal(dg_modfile_read(path, &m, NULL), 0);
	assert_int_equal(dg_modfile_hash(m), 0);
	assert_int_equal(dg_verdicts_open(k, &v), 0);
	found = dg_verdicts_find(v, m, &j);
	assert_true(found == 0 || found == 1);
	if (found) {
		assert_string_equal(k->build_id, fx_hex(FX_KERNEL_ID));
		assert_int_equal(strncmp(dg_verdicts_vermagic(v), FX_RELEASE " ", strlen(FX_RELEASE) + 1), 0);
	} else {
		assert_int_equal(dg_loader_judge_alone(m, k, &j, NULL), 0);
		dg_verdicts_keep(v, m, j);
	}
	assert_int_equal(j->verdict, want);
	dg_verdicts_free(v);
	return found;
}

static char *offer(const char *root, const char *file, const char *release)
{
	fx_offer(root, file, "1.0", release, NULL);
	return dg_format("%s" FX_DEPOT "/%s", root, file);
}

/* A world that has not changed for a while, with a place to keep things. */
static void settle(const char *root)
{
	fx_mkdir(root, "/var/cache/drvguard");
	sleep(4);
}

static void test_verdicts_kept(void **state)
{
	dg_auto_free char *exact = NULL, *kabi = NULL;

	fx_install_world(*state);
	exact = offer(*state, "a.ko", FX_RELEASE);
	kabi = offer(*state, "b.ko", "6.1.0-1-amd64");
	assert_false(ask(*state, exact, DG_VERDICT_EXACT));
	assert_false(fx_exists(fx_at(*state, KEPT)));
	settle(*state);
	assert_false(ask(*state, exact, DG_VERDICT_EXACT));
	assert_true(ask(*state, exact, DG_VERDICT_EXACT));
	assert_false(ask(*state, kabi, DG_VERDICT_KABI));
	assert_true(ask(*state, kabi, DG_VERDICT_KABI));
}

/* Whatever it rests on: one that changed, even a moment ago, and it is asked for anew. */
static void test_verdicts_rest_on(void **state)
{
	static const struct {
		const char *name, *path;
	} cases[] = { { "the image", "/boot/vmlinux-" FX_RELEASE },
		      { "symvers, which were not there", MODULES "/build/Module.symvers" },
		      { "its configuration", "/boot/config-" FX_RELEASE },
		      { "an index", MODULES "/modules.dep.bin" },
		      { "the other index", MODULES "/modules.symbols.bin" },
		      { "what it was compared with", MODULES "/kernel/reference.ko" } };
	dg_auto_free char *path = NULL;

	fx_install_world(*state);
	path = offer(*state, "a.ko", FX_RELEASE);
	settle(*state);
	assert_false(ask(*state, path, DG_VERDICT_EXACT));
	FX_CASE(c, cases)
	{
		/* As it was, so that each case begins with an answer. */
		assert_true(ask(*state, path, DG_VERDICT_EXACT));
		if (fx_exists(fx_at(*state, c->path)))
			assert_int_equal(chmod(fx_at(*state, c->path), 0640), 0);
		else
			fx_text(*state, c->path, "");
		assert_false(ask(*state, path, DG_VERDICT_EXACT));
		sleep(4);
		assert_false(ask(*state, path, DG_VERDICT_EXACT));
	}
}

static void test_verdicts_not_kept(void **state)
{
	dg_auto_free char *path = NULL, *other = NULL;

	fx_install_world(*state);
	path = offer(*state, "a.ko", FX_RELEASE);
	other = offer(*state, "b.ko", "6.1.0-1-amd64");
	settle(*state);
	assert_false(ask(*state, path, DG_VERDICT_EXACT));
	assert_true(ask(*state, path, DG_VERDICT_EXACT));
	/* The running kernel's command line is asked each time. */
	fx_text(*state, "/proc/cmdline", "quiet module_blacklist=scap\n");
	assert_false(ask(*state, path, DG_VERDICT_REFUSED));
	assert_false(ask(*state, path, DG_VERDICT_REFUSED));
	assert_int_equal(unlink(fx_at(*state, "/proc/cmdline")), 0);
	assert_true(ask(*state, path, DG_VERDICT_EXACT));
	/* What signatures are enforced for is another kernel, so to speak. */
	fx_text(*state, "/sys/module/module/parameters/sig_enforce", "Y\n");
	assert_false(ask(*state, path, DG_VERDICT_REFUSED));
	assert_int_equal(unlink(fx_at(*state, "/sys/module/module/parameters/sig_enforce")), 0);
	/* By whom it must not be. */
	assert_int_equal(chmod(fx_at(*state, KEPT), 0666), 0);
	assert_false(ask(*state, path, DG_VERDICT_EXACT));
	assert_false(ask(*state, other, DG_VERDICT_KABI));
}

/* A driver that needs another one, which lies outside the kernel's own tree, or a symbol of nobody's. */
static void test_verdicts_of_others(void **state)
{
	const struct fx_symbol exports[] = { { .name = "of_other", .crc = 7 }, { 0 } };
	struct fx_module m = fx_module_good("other");
	struct fx_symbol imports[3] = { { .name = "of_other", .crc = 7 }, { 0 } };
	static const char *const places[] = { "/kernel/other.ko", "/updates/other.ko" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(places); i++) {
		dg_auto_free char *at = dg_format(MODULES "%s", places[i]), *path = NULL;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_install_world(*state);
		m = fx_module_good("other");
		m.exports = exports;
		fx_install_module(*state, at, &m);
		fx_depmod(*state, FX_RELEASE);
		m = fx_module_good("scap");
		m.imports = imports;
		fx_install_module(*state, FX_DEPOT "/scap.ko", &m);
		path = dg_format("%s" FX_DEPOT "/scap.ko", (char *)*state);
		settle(*state);
		assert_false(ask(*state, path, DG_VERDICT_EXACT));
		assert_int_equal(ask(*state, path, DG_VERDICT_EXACT), i == 0);
		/* The exporter changes without the index noticing. */
		assert_int_equal(chmod(fx_at(*state, at), 0640), 0);
		assert_false(ask(*state, path, DG_VERDICT_EXACT));
	}
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "drvguard-verdicts 1\nground g\n"

static void test_verdicts_take_kept(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
	} cases[] = {
		{ "nothing", "", false },
		{ "a head", HEAD, true },
		{ "all kinds of lines",
		  HEAD "build-id ab\nvermagic v%20w\nverdict " SUM "\texact\nreason signature\t-\t=a%20b\t=\t=o\n",
		  true },
		{ "other ground", "drvguard-verdicts 1\nground h\n", false },
		{ "no ground", "drvguard-verdicts 1\n", false },
		{ "another form", "drvguard-verdicts 2\nground g\n", false },
		{ "an unknown line", HEAD "else 1\n", false },
		{ "a word alone", HEAD "verdict\n", false },
		{ "refused", HEAD "verdict " SUM "\trefused\n", false },
		{ "a short digest", HEAD "verdict ab\texact\n", false },
		{ "a reason of nothing", HEAD "reason signature\t-\t-\t-\t-\n", false },
		{ "an unknown reason", HEAD "verdict " SUM "\texact\nreason x\t-\t-\t-\t-\n", false },
		{ "a reason cut short", HEAD "verdict " SUM "\texact\nreason signature\t-\t-\t-\n", false },
		{ "a reason too long", HEAD "verdict " SUM "\texact\nreason signature\t-\t-\t-\t-\t-\n", false },
		{ "a bare text", HEAD "verdict " SUM "\texact\nreason signature\ta\t-\t-\t-\n", false },
		{ "a bad escape", HEAD "verdict " SUM "\texact\nreason signature\t=%0\t-\t-\t-\n", false },
		{ "rests on what is not there", HEAD "rests 1 2 3 4.0 5.0\t/nonexistent\n", false },
		{ "rests on nothing", HEAD "rests \t/nonexistent\n", false },
		{ "a long build-id", HEAD "build-id " SUM "0\n", false },
	};

	fx_install_world(*state);
	FX_CASE(c, cases)
	{
		dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
		dg_auto_free char *text = strdup(c->text);
		struct dg_verdicts *v;

		assert_int_equal(dg_kernel_open(*state, FX_RELEASE, &k, NULL), 0);
		assert_int_equal(dg_verdicts_new(k, &v), 0);
		fx_int(dg_verdicts_take_kept(v, text, "g"), c->ok);
		dg_verdicts_free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_verdicts_kept),	  FX_TEST(test_verdicts_rest_on),   FX_TEST(test_verdicts_not_kept),
		FX_TEST(test_verdicts_of_others), FX_TEST(test_verdicts_take_kept),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
