// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/kept.h"

static struct dg_manifest *manifest(const char *root)
{
	struct dg_manifest *m = NULL;

	fx_int(dg_generation_manifest(root, STORE, FX_RELEASE, 1, &m, NULL), 0);
	return m;
}

static int check(const char *root, const struct dg_manifest_entry *e, bool force, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_generation_dir(root, STORE, FX_RELEASE, 1);
	struct fx_world w;
	int r;

	*d = (struct dg_diag){ 0 };
	fx_world_open(root, &w);
	r = dg_kept_check(dir, e, w.config, w.kernel, force, d);
	fx_world_close(&w);
	return r;
}

static void test_kept_check(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	struct dg_diag d;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", "6.1.0-0-test", NULL);
	fx_stage(*state, &(struct dg_stage_options){ 0 });
	m = manifest(*state);
	assert_int_equal(check(*state, &m->entries[0], false, &d), 0);
	fx_text(*state, "/etc/drvguard/drvguard.conf",
		"[product falco]\ndepot = " FX_DEPOT "\nrequire = exact\n[driver scap]\nproduct = falco\n");
	assert_int_equal(check(*state, &m->entries[0], false, &d), -ENOEXEC);
	assert_non_null(strstr(d.what, FX_RELEASE " would refuse it"));
	assert_int_equal(check(*state, &m->entries[0], true, &d), 0);
	/* Another file, though it would load. */
	assert_int_equal(unlink(fx_at(*state, HOME "/1/scap.ko")), 0);
	assert_true(check(*state, &m->entries[0], true, &d) < 0);
	fx_offer_build(*state, "scap", "1.0", "else");
	assert_int_equal(rename(fx_at(*state, FX_DEPOT "/scap.ko"), fx_at(*state, HOME "/1/scap.ko")), 0);
	assert_int_equal(check(*state, &m->entries[0], true, &d), -EBADMSG);
	fx_text(*state, HOME "/1/scap.ko", "");
	assert_true(check(*state, &m->entries[0], true, &d) < 0);
}

/* From whatever still has it whole. */
static void test_kept_restore(void **state)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	dg_auto_free char *stored = NULL;
	struct dg_diag d = { 0 };

	fx_install_world(*state);
	fx_stage_version(*state, "1.0");
	m = manifest(*state);
	stored = dg_format("%s" STORE "/store/%s/scap.ko", (char *)*state, m->entries[0].sha256);
	assert_int_equal(dg_kept_restore(*state, STORE, FX_RELEASE, &m->entries[0], &d), 0);
	/* The store's copy damaged, as another file: the generation's is taken. */
	assert_int_equal(unlink(stored), 0);
	fx_text("", stored, "damaged");
	assert_int_equal(dg_kept_restore(*state, STORE, FX_RELEASE, &m->entries[0], &d), 0);
	{
		struct stat st;

		assert_int_equal(stat(stored, &st), 0);
		assert_int_equal(st.st_size, m->entries[0].size);
	}
	/* Of several generations the damaged ones are passed over. */
	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	fx_mkdir(*state, HOME "/2");
	assert_int_equal(rename(fx_at(*state, HOME "/1/scap.ko"), fx_at(*state, HOME "/2/scap.ko")), 0);
	fx_text(*state, HOME "/1/scap.ko", "damaged");
	assert_int_equal(dg_kept_restore(*state, STORE, FX_RELEASE, &m->entries[0], &d), 0);
	assert_true(fx_exists(stored));
	/* Nowhere. */
	assert_int_equal(dg_tree_remove(fx_at(*state, STORE "/store")), 0);
	assert_int_equal(unlink(fx_at(*state, HOME "/2/scap.ko")), 0);
	assert_int_equal(dg_kept_restore(*state, STORE, FX_RELEASE, &m->entries[0], &d), -ENOENT);
	assert_string_equal(d.where, "scap");
	assert_false(fx_exists(stored));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_kept_check),
		FX_TEST(test_kept_restore),
	};

	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
