// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/settle.h"
#include "lib/stage.h"
#include "lib/verify.h"

static void stage(const char *root)
{
	const struct dg_stage_options o = { 0 };
	struct dg_stage_result *r;
	struct dg_diags remarks = { 0 };
	struct dg_config *config;
	struct dg_kernel *kernel;
	struct dg_survey *survey;
	struct dg_diag d = { 0 };

	assert_int_equal(dg_config_read(root, NULL, &config, NULL), 0);
	assert_int_equal(dg_kernel_open(root, FX_RELEASE, &kernel, NULL), 0);
	assert_int_equal(dg_survey_take(root, config, kernel, 0, &survey, &d), 0);
	assert_int_equal(dg_stage_run(survey, &o, &r, &d), 0);
	dg_stage_result_free(r);
	dg_survey_free(survey);
	assert_int_equal(dg_survey_take(root, config, kernel, 0, &survey, &d), 0);
	assert_int_equal(dg_settle(survey, &remarks, &d), 0);
	dg_diags_free(&remarks);
	dg_survey_free(survey);
	dg_kernel_free(kernel);
	dg_config_free(config);
}

static struct dg_verified *verify(const char *root, const char *const *names)
{
	struct dg_config *config;
	struct dg_kernel *kernel;
	struct dg_verified *v;
	struct dg_diag d = { 0 };

	fx_int(dg_config_read(root, NULL, &config, NULL), 0);
	fx_int(dg_kernel_open(root, FX_RELEASE, &kernel, NULL), 0);
	fx_int(dg_verify_run(root, config, kernel, true, names, &v, &d), 0);
	dg_kernel_free(kernel);
	dg_config_free(config);
	return v;
}

static bool has(const struct dg_verified *v, enum dg_finding_kind kind)
{
	for (size_t i = 0; i < v->n_findings; i++)
		if (v->findings[i].kind == kind) {
			assert_true(v->findings[i].text.what[0]);
			return true;
		}
	return false;
}

static void nothing(const char *root)
{
	(void)root;
}

static void change_byte(const char *root)
{
	int fd = open(fx_at(root, FX_STAGED), O_RDWR | O_CLOEXEC);

	/* In the zeroes of struct module, so that it stays the same driver. */
	assert_int_equal(pwrite(fd, "x", 1, 700), 1);
	close(fd);
}

static void cut(const char *root)
{
	assert_int_equal(truncate(fx_at(root, FX_STAGED), 100), 0);
}

static void swap(const char *root)
{
	struct fx_module m = fx_module_good("other");

	unlink(fx_at(root, FX_STAGED));
	fx_install_module(root, FX_STAGED, &m);
}

static void swap_build(const char *root)
{
	struct fx_module m = fx_module_good("scap");

	m.build_id = "driver-build-id-0002";
	unlink(fx_at(root, FX_STAGED));
	fx_install_module(root, FX_STAGED, &m);
}

static void lose(const char *root)
{
	assert_int_equal(unlink(fx_at(root, FX_STAGED)), 0);
}

static void directory(const char *root)
{
	lose(root);
	fx_mkdir(root, FX_STAGED);
}

static void add_file(const char *root)
{
	fx_text(root, "/lib/modules/" FX_RELEASE "/updates/drvguard/extra.ko", "x");
}

static void shadow(const char *root)
{
	const struct fx_module m = fx_module_good("scap");
	char command[1024];

	/* depmod reads the configuration of the system it runs on, whatever its -b. */
	fx_text(root, "/etc/depmod.d/first.conf", "search extra updates built-in\n");
	fx_install_module(root, "/lib/modules/" FX_RELEASE "/extra/scap.ko", &m);
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin depmod -C '%s/etc/depmod.d' -b '%s' " FX_RELEASE,
		 root, root);
	assert_int_equal(system(command), 0);
}

static void unindex(const char *root)
{
	fx_text(root, "/lib/modules/" FX_RELEASE "/modules.dep", "");
	unlink(fx_at(root, "/lib/modules/" FX_RELEASE "/modules.dep.bin"));
}

static void relink(const char *root)
{
	assert_int_equal(dg_link_set(fx_at(root, "/lib/modules/" FX_RELEASE "/updates/drvguard"), "../../../../etc"),
			 0);
}

static void unlink_generation(const char *root)
{
	assert_int_equal(dg_link_set(fx_at(root, "/lib/modules/" FX_RELEASE "/updates/drvguard"), "nowhere"), 0);
}

static void scribble(const char *root)
{
	assert_int_equal(truncate(fx_at(root, "/lib/modules/" FX_RELEASE "/updates/drvguard/manifest"), 90), 0);
}

static void rebuild_kernel(const char *root)
{
	fx_install_image(root, FX_RELEASE, "kernel-build-id-0002");
}

static void replace_place(const char *root)
{
	assert_int_equal(unlink(fx_at(root, FX_PLACE)), 0);
	fx_text(root, FX_PLACE, "an agent's own");
}

static void test_verify_run_findings(void **state)
{
	static const struct {
		const char *name;
		void (*harm)(const char *root);
		int expected; /* -1: none */
		bool tampering;
	} cases[] = {
		{ "nothing wrong", nothing, -1, false },
		{ "a changed byte", change_byte, DG_FINDING_CHANGED, true },
		{ "cut short", cut, DG_FINDING_SWAPPED, true },
		{ "another driver", swap, DG_FINDING_SWAPPED, true },
		{ "another build", swap_build, DG_FINDING_SWAPPED, true },
		{ "missing", lose, DG_FINDING_MISSING, true },
		{ "a directory", directory, DG_FINDING_UNREAD, false },
		{ "an extra file", add_file, DG_FINDING_EXTRA, true },
		{ "a shadowing copy", shadow, DG_FINDING_SHADOWED, false },
		{ "no index", unindex, DG_FINDING_SHADOWED, false },
		{ "a foreign link", relink, DG_FINDING_LINK, false },
		{ "a dangling link", unlink_generation, DG_FINDING_LINK, false },
		{ "a cut manifest", scribble, DG_FINDING_MANIFEST, true },
		{ "another kernel", rebuild_kernel, DG_FINDING_KERNEL, false },
		{ "a foreign place", replace_place, DG_FINDING_PLACE, false },
	};

	FX_CASE(c, cases)
	{
		struct dg_verified *v;

		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
		stage(*state);
		c->harm(*state);
		v = verify(*state, NULL);
		if (c->expected < 0) {
			fx_int(v->n_findings, 0);
			fx_int(v->n_checked, 1);
		} else {
			fx_int(has(v, (enum dg_finding_kind)c->expected), true);
			fx_int(dg_finding_is_tampering((enum dg_finding_kind)c->expected), c->tampering);
		}
		dg_verified_free(v);
	}
}

static void test_verify_run_nothing_staged(void **state)
{
	struct dg_verified *v;

	fx_install_world(*state);
	v = verify(*state, NULL);
	assert_int_equal(v->n_findings, 0);
	assert_int_equal(v->n_checked, 0);
	dg_verified_free(v);
}

static void test_verify_run_other_names(void **state)
{
	const char *const names[] = { "other", NULL };
	struct dg_verified *v;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, NULL);
	stage(*state);
	change_byte(*state);
	v = verify(*state, names);
	assert_int_equal(v->n_findings, 0);
	assert_int_equal(v->n_checked, 0);
	dg_verified_free(v);
}

static void test_finding_name_distinct(void **state)
{
	(void)state;
	for (enum dg_finding_kind a = DG_FINDING_CHANGED; a <= DG_FINDING_UNREAD; a++)
		for (enum dg_finding_kind b = DG_FINDING_CHANGED; b < a; b++)
			assert_string_not_equal(dg_finding_name(a), dg_finding_name(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_verify_run_findings),
		FX_TEST(test_verify_run_nothing_staged),
		FX_TEST(test_verify_run_other_names),
		cmocka_unit_test(test_finding_name_distinct),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
