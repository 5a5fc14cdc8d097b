// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/cleanup.h"
#include "lib/trial.h"

/* Five generations, 1.1 to 1.5, in a row; the last is current. */
static void make_five(const char *root)
{
	fx_install_world(root);
	for (unsigned int n = 1; n <= 5; n++)
		fx_int(fx_stage_version(root, (const char *[]){ "1.1", "1.2", "1.3", "1.4", "1.5" }[n - 1]), n);
}

static struct dg_cleanup *plan(const char *root, unsigned int keep)
{
	struct dg_cleanup *c = NULL;
	struct dg_diag d = { 0 };
	struct fx_world w;
	int r;

	fx_world_open(root, &w);
	r = dg_cleanup_plan(root, w.config, keep, &c, &d);
	if (r)
		print_error("%s: %s\n", d.where, d.what);
	fx_int(r, 0);
	fx_world_close(&w);
	return c;
}

/* The generations that would go, as digits. */
static void expect_doomed(const char *root, unsigned int keep, const char *want)
{
	dg_auto(dg_cleanup_freep) struct dg_cleanup *c = plan(root, keep);
	char have[40] = "";

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].kind == DG_DOOMED_GENERATION)
			snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s",
				 strrchr(c->v[i].path, '/') + 1);
	fx_str(have, want);
	dg_cleanup_free(dg_take(c));
}

static void put_manifest(const char *root, unsigned int number, unsigned int previous)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free char *text = NULL, *path = dg_format(HOME "/%u/manifest", number);

	fx_int(dg_generation_manifest(root, STORE, FX_RELEASE, number, &m, NULL), 0);
	m->previous = previous;
	text = dg_manifest_format(m);
	fx_text(root, path, text);
}

static void test_cleanup_keeps_the_way_back(void **state)
{
	struct fx_world w;

	make_five(*state);
	expect_doomed(*state, 0, "1234");
	expect_doomed(*state, 1, "123");
	expect_doomed(*state, 4, "");
	expect_doomed(*state, ~0u, "");
	/* Gone back to 2: 1 is its way back, and what lies ahead of it is not. */
	fx_world_open(*state, &w);
	fx_int(dg_generation_switch(STORE, w.kernel, 2, NULL), 0);
	expect_doomed(*state, 0, "1345");
	expect_doomed(*state, 2, "345");
	/* No link at all: nobody knows, so the highest stay. */
	fx_int(dg_generation_switch(STORE, w.kernel, 0, NULL), 0);
	expect_doomed(*state, 1, "123");
	expect_doomed(*state, ~0u, "");
	fx_world_close(&w);
}

/* Manifests that lead in a circle, or nowhere. */
static void test_cleanup_previous_of_any_kind(void **state)
{
	make_five(*state);
	put_manifest(*state, 3, 5);
	expect_doomed(*state, 4, "12");
	put_manifest(*state, 5, 5);
	expect_doomed(*state, 4, "1234");
	put_manifest(*state, 5, DG_GENERATION_MAX);
	expect_doomed(*state, 4, "1234");
	/* One that is gone already takes no place among those kept. */
	put_manifest(*state, 5, 4);
	put_manifest(*state, 3, 2);
	assert_int_equal(dg_tree_remove(fx_at(*state, HOME "/4")), 0);
	expect_doomed(*state, 4, "123");
	fx_text(*state, HOME "/5/manifest", "x");
	expect_doomed(*state, 1, "123");
}

static void test_cleanup_spares_trial_and_loaded(void **state)
{
	const struct dg_trial t = { .generation = 5, .revert = 1 }, old = { .generation = 4, .revert = 1 };

	make_five(*state);
	assert_int_equal(dg_trial_write(*state, STORE, FX_RELEASE, &t, NULL), 0);
	expect_doomed(*state, 0, "234");
	assert_int_equal(dg_trial_write(*state, STORE, FX_RELEASE, &old, NULL), 0);
	expect_doomed(*state, 0, "1234");
	fx_loaded(*state, "scap", "1.3");
	expect_doomed(*state, 0, "124");
	/* Another kernel runs: what is loaded is not of this one. */
	fx_text(*state, "/proc/sys/kernel/osrelease", "6.9.9-other\n");
	expect_doomed(*state, 0, "1234");
}

static void test_cleanup_store(void **state)
{
	dg_auto(dg_cleanup_freep) struct dg_cleanup *c = NULL;
	struct dg_diag d = { 0 };
	char **names;
	size_t n = 0;

	make_five(*state);
	c = plan(*state, 1);
	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].kind == DG_DOOMED_STORED;
	assert_int_equal(n, 3);
	assert_true(c->bytes > 0);
	assert_int_equal(dg_cleanup_run(c, &d), 0);
	/* Done twice is as once. */
	assert_int_equal(dg_cleanup_run(c, &d), 0);
	assert_int_equal(dg_dir_list(fx_at(*state, STORE "/store"), &names), 0);
	for (n = 0; names[n]; n++)
		;
	dg_strv_free(names);
	assert_int_equal(n, 2);
	fx_staged(*state, "1.5");
	dg_cleanup_free(dg_take(c));
	c = plan(*state, 1);
	assert_int_equal(c->n, 0);
}

static void test_cleanup_kernel_gone(void **state)
{
	struct dg_diag d = { 0 };
	struct dg_cleanup *c;

	make_five(*state);
	fx_text(*state, STORE "/kernels/6.9.9-gone/1/manifest", "x");
	fx_text(*state, STORE "/mounts/6.9.9-gone/scap", "x");
	fx_text(*state, STORE "/kernels/.new/1/scap.ko", "x");
	fx_text(*state, HOME "/.new/scap.ko", "x");
	/* The tree of the kernel that runs may be missing for a while. */
	fx_text(*state, "/proc/sys/kernel/osrelease", "6.9.9-gone\n");
	c = plan(*state, 9);
	for (size_t i = 0; i < c->n; i++)
		assert_null(strstr(c->v[i].path, "6.9.9-gone"));
	dg_cleanup_free(c);
	fx_text(*state, "/proc/sys/kernel/osrelease", FX_RELEASE "\n");
	c = plan(*state, 9);
	assert_int_equal(c->n, 4);
	assert_int_equal(dg_cleanup_run(c, &d), 0);
	dg_cleanup_free(c);
	assert_false(fx_exists(fx_at(*state, STORE "/kernels/6.9.9-gone")));
	assert_false(fx_exists(fx_at(*state, STORE "/mounts/6.9.9-gone")));
	assert_false(fx_exists(fx_at(*state, STORE "/kernels/.new")));
	assert_false(fx_exists(fx_at(*state, HOME "/.new")));
	/* Without /lib/modules none can be told to be gone. */
	assert_int_equal(dg_tree_remove(fx_at(*state, "/lib/modules")), 0);
	assert_int_equal(unlink(fx_at(*state, "/boot/vmlinux-" FX_RELEASE)), 0);
	{
		struct dg_config config = { .store = (char *)(uintptr_t)STORE };

		assert_int_equal(dg_cleanup_plan(*state, &config, 0, &c, &d), 0);
		assert_int_equal(c->n, 0);
		dg_cleanup_free(c);
	}
}

static size_t plan_gone(const char *root, const char *release, bool run)
{
	dg_auto(dg_cleanup_freep) struct dg_cleanup *c = NULL;
	struct dg_config config = { .store = (char *)(uintptr_t)STORE };
	struct dg_diag d = { 0 };

	fx_int(dg_cleanup_plan_gone(root, &config, release, &c, &d), 0);
	if (run)
		fx_int(dg_cleanup_run(c, &d), 0);
	return c->n;
}

/* A package manager removed the kernel: its files are gone, depmod's are not its own. */
static void test_cleanup_of_one(void **state)
{
	make_five(*state);
	fx_text(*state, STORE "/kernels/6.9.9-gone/1/manifest", "x");
	fx_text(*state, STORE "/store/none/other.ko", "linked to by nothing, and not this kernel's");
	assert_int_equal(plan_gone(*state, FX_RELEASE, false), 0);
	assert_int_equal(dg_tree_remove(fx_at(*state, "/lib/modules/" FX_RELEASE "/kernel")), 0);
	assert_int_equal(plan_gone(*state, FX_RELEASE, false), 0);
	assert_int_equal(unlink(fx_at(*state, "/boot/vmlinux-" FX_RELEASE)), 0);
	assert_true(fx_exists(fx_at(*state, "/lib/modules/" FX_RELEASE "/modules.dep")));
	/* The one that runs is not gone. */
	assert_int_equal(plan_gone(*state, FX_RELEASE, false), 0);
	fx_text(*state, "/proc/sys/kernel/osrelease", "6.9.8-other\n");
	/* The link, the kernel, and five drivers. */
	assert_int_equal(plan_gone(*state, FX_RELEASE, true), 7);
	assert_false(fx_exists(fx_at(*state, HOME)));
	assert_false(fx_exists(fx_at(*state, "/lib/modules/" FX_RELEASE "/updates")));
	assert_true(fx_exists(fx_at(*state, STORE "/kernels/6.9.9-gone/1/manifest")));
	assert_true(fx_exists(fx_at(*state, STORE "/store/none/other.ko")));
	assert_int_equal(plan_gone(*state, FX_RELEASE, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_cleanup_keeps_the_way_back),
		FX_TEST(test_cleanup_previous_of_any_kind),
		FX_TEST(test_cleanup_spares_trial_and_loaded),
		FX_TEST(test_cleanup_store),
		FX_TEST(test_cleanup_kernel_gone),
		FX_TEST(test_cleanup_of_one),
	};

	return cmocka_run_group_tests_name("cleanup", tests, NULL, NULL);
}
