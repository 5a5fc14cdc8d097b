// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/generation.h"
#include "lib/store.h"

#define R FX_RELEASE
#define STORE "/usr/lib/drvguard"
#define LINK "/lib/modules/" R "/updates/drvguard"
#define HOME STORE "/kernels/" R

static struct dg_kernel *open_kernel(const char *root)
{
	struct dg_kernel *k;

	fx_install_kernel(root, R);
	assert_int_equal(dg_kernel_open(root, R, &k, NULL), 0);
	return k;
}

/* A manifest of one driver, its file in the store. */
static struct dg_manifest *make_manifest(const char *root, const char *filler)
{
	dg_auto_free char *store = dg_store_dir(root, STORE), *path = NULL;
	struct fx_module spec = fx_module_good("scap");
	struct dg_manifest_entry e = { 0 };
	struct dg_manifest *m;
	struct dg_modfile *f;
	struct fx_bytes b;

	spec.filler = filler;
	b = fx_module_build(&spec);
	assert_int_equal(dg_modfile_parse(b.data, b.len, &f, NULL), 0);
	assert_int_equal(dg_modfile_hash(f), 0);
	assert_int_equal(dg_store_put(store, f, &path, NULL), 0);
	assert_int_equal(dg_manifest_new(R, "", &m), 0);
	e.name = f->name;
	memcpy(e.sha256, f->sha256, sizeof(e.sha256));
	e.size = f->len;
	e.version = e.vermagic = e.source = f->name;
	assert_int_equal(dg_manifest_add(m, &e), 0);
	dg_modfile_free(f);
	return m;
}

static void test_generation_current_links(void **state)
{
	static const struct {
		const char *name, *link;
		enum dg_link_state expected;
		unsigned int number;
	} cases[] = {
		{ "none", NULL, DG_LINK_NONE, 0 },
		{ "ours", "../../../../" HOME "/3", DG_LINK_GOOD, 3 },
		{ "dangling", "../../../../" HOME "/4", DG_LINK_DANGLING, 0 },
		{ "of another kernel", "../../../../" STORE "/kernels/5.10/3", DG_LINK_FOREIGN, 0 },
		{ "all generations", "../../../../" HOME, DG_LINK_FOREIGN, 0 },
		{ "no number", "../../../../" HOME "/three", DG_LINK_FOREIGN, 0 },
		{ "inside one", "../../../../" HOME "/3/sub", DG_LINK_FOREIGN, 0 },
		{ "elsewhere", "../../../../etc", DG_LINK_FOREIGN, 0 },
	};
	dg_auto(dg_kernel_freep) struct dg_kernel *k = open_kernel(*state);

	fx_mkdir(*state, HOME "/3/sub");
	fx_mkdir(*state, HOME "/three");
	fx_mkdir(*state, STORE "/kernels/5.10/3");
	fx_mkdir(*state, "/etc");
	fx_mkdir(*state, "/lib/modules/" R "/updates");
	FX_CASE(c, cases)
	{
		struct dg_generation *g;

		unlink(fx_at(*state, LINK));
		if (c->link)
			assert_int_equal(symlink(c->link, fx_at(*state, LINK)), 0);
		fx_int(dg_generation_current(STORE, k, &g), 0);
		fx_int(g->link, c->expected);
		fx_int(g->number, c->number);
		fx_str(g->link_path, fx_at(*state, LINK));
		assert_null(g->manifest);
		/* A generation without its manifest is told. */
		fx_int(g->problem.what[0] != '\0', c->expected == DG_LINK_GOOD);
		dg_generation_free(g);
	}
}

static void test_generation_current_directory(void **state)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = open_kernel(*state);
	struct dg_generation *g;

	fx_mkdir(*state, LINK);
	assert_int_equal(dg_generation_current(STORE, k, &g), 0);
	assert_int_equal(g->link, DG_LINK_FOREIGN);
	dg_generation_free(g);
}

static void test_generation_build_and_switch(void **state)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = open_kernel(*state);
	dg_auto(dg_manifest_freep) struct dg_manifest *m = make_manifest(*state, "one"),
						      *n = make_manifest(*state, "two"), *read = NULL;
	dg_auto_free char *text = NULL, *stored = NULL;
	struct dg_generation *g;
	struct stat a, b;

	assert_int_equal(dg_generation_build(*state, STORE, m, 1, NULL), 0);
	/* Nothing is current yet. */
	assert_false(fx_exists(fx_at(*state, LINK)));
	stored = dg_format("%s" STORE "/store/%s/scap.ko", (char *)*state, m->entries[0].sha256);
	assert_int_equal(stat(stored, &a), 0);
	assert_int_equal(stat(fx_at(*state, HOME "/1/scap.ko"), &b), 0);
	assert_true(a.st_ino == b.st_ino);

	assert_int_equal(dg_generation_switch(STORE, k, 1, NULL), 0);
	assert_int_equal(dg_link_get(fx_at(*state, LINK), &text), 0);
	assert_true(text[0] != '/');
	assert_int_equal(dg_generation_current(STORE, k, &g), 0);
	assert_int_equal(g->link, DG_LINK_GOOD);
	assert_int_equal(g->number, 1);
	assert_string_equal(g->manifest->entries[0].sha256, m->entries[0].sha256);
	dg_generation_free(g);

	n->previous = 1;
	assert_int_equal(dg_generation_build(*state, STORE, n, 2, NULL), 0);
	assert_int_equal(dg_generation_switch(STORE, k, 2, NULL), 0);
	assert_int_equal(dg_generation_manifest(*state, STORE, R, 2, &read, NULL), 0);
	assert_int_equal(read->previous, 1);

	/* And back, as it was. */
	assert_int_equal(dg_generation_switch(STORE, k, 1, NULL), 0);
	assert_int_equal(dg_generation_current(STORE, k, &g), 0);
	assert_int_equal(g->number, 1);
	dg_generation_free(g);
	assert_int_equal(dg_generation_switch(STORE, k, 0, NULL), 0);
	assert_false(fx_exists(fx_at(*state, LINK)));
	assert_int_equal(dg_generation_switch(STORE, k, 0, NULL), 0);
}

static void test_generation_numbers(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free unsigned int *v = NULL;
	unsigned int next;
	char **releases;

	assert_int_equal(dg_generation_next(*state, STORE, R, &next), 0);
	assert_int_equal(next, 1);
	fx_mkdir(*state, HOME "/7");
	fx_mkdir(*state, HOME "/10");
	fx_mkdir(*state, HOME "/08");
	fx_mkdir(*state, HOME "/9x");
	fx_mkdir(*state, HOME "/.new");
	assert_int_equal(dg_generation_list(*state, STORE, R, &v), 0);
	assert_int_equal(v[0], 7);
	assert_int_equal(v[1], 10);
	assert_int_equal(v[2], 0);
	assert_int_equal(dg_generation_next(*state, STORE, R, &next), 0);
	assert_int_equal(next, 11);
	assert_int_equal(dg_generation_releases(*state, STORE, &releases), 0);
	assert_string_equal(releases[0], R);
	assert_null(releases[1]);
	dg_strv_free(releases);
	assert_int_equal(dg_generation_manifest(*state, STORE, R, 7, &m, NULL), -ENOENT);
}

/* What a killed run left behind: half a generation under its working name. */
static void test_generation_build_after_interruption(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = make_manifest(*state, "one");

	fx_text(*state, HOME "/.new/scap.ko", "half");
	fx_text(*state, HOME "/.new/sub/other.ko", "half");
	assert_int_equal(dg_generation_build(*state, STORE, m, 8, NULL), 0);
	assert_false(fx_exists(fx_at(*state, HOME "/.new")));
	assert_true(fx_exists(fx_at(*state, HOME "/8/scap.ko")));
	assert_false(fx_exists(fx_at(*state, HOME "/8/sub")));
	fx_mkdir(*state, HOME "/.new");
	assert_int_equal(dg_generation_drop(*state, STORE, R, 8), 0);
	assert_false(fx_exists(fx_at(*state, HOME "/8")));
	assert_false(fx_exists(fx_at(*state, HOME "/.new")));
	assert_int_equal(dg_generation_drop(*state, STORE, R, 8), 0);
}

static void test_generation_build_driver_not_stored(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = make_manifest(*state, "one");
	struct dg_diag d = { 0 };

	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	assert_int_equal(dg_generation_build(*state, STORE, m, 1, &d), -ENOENT);
	assert_true(d.where[0] && d.what[0]);
	assert_false(fx_exists(fx_at(*state, HOME "/.new")));
	assert_false(fx_exists(fx_at(*state, HOME "/1")));
}

static void test_generation_switch_over_directory(void **state)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = open_kernel(*state);
	struct dg_diag d = { 0 };

	fx_text(*state, LINK "/somebodys.ko", "");
	fx_mkdir(*state, HOME "/1");
	assert_int_equal(dg_generation_switch(STORE, k, 1, &d), -EEXIST);
	assert_true(d.cure[0]);
	assert_int_equal(dg_generation_switch(STORE, k, 0, &d), -EEXIST);
	assert_true(fx_exists(fx_at(*state, LINK "/somebodys.ko")));
}

static void test_generation_switch_to_nothing(void **state)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = open_kernel(*state);
	struct dg_diag d = { 0 };

	assert_int_equal(dg_generation_switch(STORE, k, 1, &d), -ENOENT);
	assert_false(fx_exists(fx_at(*state, LINK)));
}

/* Where /lib is a link to usr/lib, the relative text is counted from the physical place. */
static void test_generation_switch_merged_usr(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto_free char *text = NULL;
	struct dg_generation *g;

	fx_mkdir(*state, "/usr/lib");
	assert_int_equal(symlink("usr/lib", fx_at(*state, "/lib")), 0);
	k = open_kernel(*state);
	m = make_manifest(*state, "one");
	assert_int_equal(dg_generation_build(*state, STORE, m, 1, NULL), 0);
	assert_int_equal(dg_generation_switch(STORE, k, 1, NULL), 0);
	assert_int_equal(dg_link_get(fx_at(*state, LINK), &text), 0);
	assert_string_equal(text, "../../../drvguard/kernels/" R "/1");
	assert_int_equal(dg_generation_current(STORE, k, &g), 0);
	assert_int_equal(g->link, DG_LINK_GOOD);
	dg_generation_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_generation_current_links),
		FX_TEST(test_generation_current_directory),
		FX_TEST(test_generation_build_and_switch),
		FX_TEST(test_generation_numbers),
		FX_TEST(test_generation_build_after_interruption),
		FX_TEST(test_generation_build_driver_not_stored),
		FX_TEST(test_generation_switch_over_directory),
		FX_TEST(test_generation_switch_to_nothing),
		FX_TEST(test_generation_switch_merged_usr),
	};

	return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
