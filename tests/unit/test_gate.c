// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include "lib/bootdefault.h"
#include "lib/gate.h"

#define NEWER "9.9.9-newer"
#define LOADER "/boot/loader/loader.conf"

/* Two kernels, systemd-boot, and a driver for the older one alone. */
static void install(const char *root, const char *gate)
{
	static const char *const releases[] = { FX_RELEASE, NEWER };
	char path[120], text[300];

	fx_install_world(root);
	fx_install_kernel(root, NEWER);
	snprintf(text, sizeof(text),
		 "[drvguard]\ngate = %s\n[product falco]\ndepot = " FX_DEPOT
		 "\nrequire = exact\n[driver scap]\nproduct = falco\n",
		 gate);
	fx_text(root, "/etc/drvguard/drvguard.conf", text);
	fx_text(root, "/boot/EFI/systemd/systemd-bootx64.efi", "x");
	fx_text(root, LOADER, "timeout 3\n");
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/boot/loader/entries/%s.conf", releases[i]);
		snprintf(text, sizeof(text), "title x\nversion %s\nlinux /vmlinux-%s\n", releases[i], releases[i]);
		fx_text(root, path, text);
	}
	fx_offer(root, "scap.ko", "1.0", FX_RELEASE, "a");
	(void)fx_stage(root, &(struct dg_stage_options){ 0 });
}

static int settle(const char *root, char **ret, struct dg_diag *d)
{
	struct fx_world w;
	int r;

	fx_world_open(root, &w);
	r = dg_gate_settle(root, w.config, ret, d);
	fx_world_close(&w);
	return r;
}

static void expect_held(const char *root, const char *want)
{
	dg_auto_free char *held = NULL, *found = NULL;
	struct dg_diag d = { 0 };
	int r = settle(root, &held, &d);

	if (r)
		print_error("%s: %s\n", d.where, d.what);
	fx_int(r, 0);
	fx_int(dg_bootdefault_held(root, &found), 0);
	if (want) {
		fx_str(held, want);
		fx_str(found, want);
	} else {
		assert_null(held);
		assert_null(found);
	}
}

static void test_gate_holds(void **state)
{
	install(*state, "yes");
	expect_held(*state, FX_RELEASE);
	expect_held(*state, FX_RELEASE);
	/* One that cannot boot does not count. */
	assert_int_equal(unlink(fx_at(*state, "/boot/vmlinux-" NEWER)), 0);
	expect_held(*state, NULL);
}

static void test_gate_not_asked_for(void **state)
{
	install(*state, "no");
	expect_held(*state, NULL);
	install(*state, "yes");
	expect_held(*state, FX_RELEASE);
	fx_text(*state, "/etc/drvguard/drvguard.conf", "[drvguard]\n");
	expect_held(*state, NULL);
}

static void test_gate_no_kernel(void **state)
{
	dg_auto_free char *held = NULL;
	struct dg_diag d = { 0 };

	install(*state, "yes");
	assert_int_equal(unlink(fx_at(*state, "/boot/vmlinux-" FX_RELEASE)), 0);
	assert_int_equal(settle(*state, &held, &d), -ENOENT);
	assert_non_null(strstr(d.what, "no installed kernel"));
	assert_null(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_gate_holds),
		FX_TEST(test_gate_not_asked_for),
		FX_TEST(test_gate_no_kernel),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
