// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/ready.h"

/* In @w, which it needs as long as it lives. */
static struct dg_ready *make(const char *root, struct fx_world *w)
{
	struct dg_diag d = { 0 };
	struct dg_ready *r = NULL;

	fx_world_open(root, w);
	fx_int(dg_ready_make(root, w->config, w->kernel, false, &r, &d), 0);
	fx_int(r->after->running, false);
	return r;
}

static void unmake(struct dg_ready *r, struct fx_world *w)
{
	dg_ready_free(r);
	fx_world_close(w);
}

/* It runs, and is made ready for its next boot: nothing is done to what runs. */
static void test_ready_of_the_running(void **state)
{
	struct fx_world w;
	struct dg_ready *r;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, "a");
	r = make(*state, &w);
	assert_int_equal(r->stage_error, 0);
	assert_true(r->staged->changed);
	assert_false(dg_ready_is(r->before));
	assert_true(dg_ready_is(r->after));
	assert_false(fx_exists(fx_at(*state, "/run/modprobe.d")));
	assert_false(fx_exists(fx_at(*state, FX_PLACE)));
	unmake(r, &w);
	r = make(*state, &w);
	assert_false(r->staged->changed);
	assert_true(dg_ready_is(r->before));
	unmake(r, &w);
}

/* Proven for the build that runs; the one that is installed now refuses it. */
static void test_ready_rebuilt(void **state)
{
	struct dg_ready *r;
	struct fx_world w;
	struct fx_module m = fx_module_good("reference");

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, "a");
	r = make(*state, &w);
	assert_true(dg_ready_is(r->after));
	dg_ready_free(dg_take(r));
	m.vermagic = FX_RELEASE " SMP of another build ";
	fx_install_module(*state, "/lib/modules/" FX_RELEASE "/kernel/reference.ko", &m);
	fx_install_image(*state, FX_RELEASE, "ffffffffffffffffffffffffffffffffffffffff");
	r = make(*state, &w);
	assert_int_equal(r->after->v[0].match, DG_MISMATCH);
	assert_false(dg_ready_is(r->after));
	unmake(r, &w);
}

/* Nobody waits for drvguard.ko: its product's drivers are staged, and the kernel is ready. */
static void test_ready_without_ourselves(void **state)
{
	struct fx_world w;
	struct dg_ready *r;

	fx_install_world(*state);
	fx_text(*state, "/etc/drvguard/drivers.d/guard.conf", "[driver drvguard]\nproduct = falco\n");
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, "a");
	r = make(*state, &w);
	assert_int_equal(r->after->n, 2);
	assert_true(r->staged->changed);
	assert_true(dg_ready_is(r->after));
	unmake(r, &w);
	/* Any other is waited for. */
	fx_text(*state, "/etc/drvguard/drivers.d/guard.conf", "[driver other]\nproduct = falco\n");
	r = make(*state, &w);
	assert_false(dg_ready_is(r->after));
	unmake(r, &w);
}

static void test_ready_look(void **state)
{
	dg_auto(dg_ready_freep) struct dg_ready *r = NULL;
	struct dg_diag d = { 0 };
	struct fx_world w;

	fx_install_world(*state);
	fx_offer(*state, "scap.ko", "1.0", FX_RELEASE, "a");
	fx_world_open(*state, &w);
	assert_int_equal(dg_ready_look(*state, w.config, w.kernel, &r, &d), 0);
	assert_null(r->staged);
	assert_false(dg_ready_is(r->after));
	assert_false(fx_exists(fx_at(*state, "/lib/modules/" FX_RELEASE "/updates")));
	dg_ready_free(dg_take(r));
	fx_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_ready_of_the_running),
		FX_TEST(test_ready_rebuilt),
		FX_TEST(test_ready_without_ourselves),
		FX_TEST(test_ready_look),
	};

	return cmocka_run_group_tests_name("ready", tests, NULL, NULL);
}
