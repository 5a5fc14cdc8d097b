// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/utsname.h>

#include "lib/running.h"

#define V_DEBIAN "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-10)"

static void make_running(const char *root)
{
	struct fx_bytes notes = { 0 };

	fx_text(root, "/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
	fx_text(root, "/proc/sys/kernel/version", V_DEBIAN "\n");
	fx_text(root, "/proc/sys/kernel/arch", "x86_64\n");
	fx_put_build_id(&notes, FX_KERNEL_ID, false);
	fx_write(root, "/sys/kernel/notes", notes.data, notes.len);
	fx_free(&notes);
}

static void test_running_read_root(void **state)
{
	struct dg_running r;

	make_running(*state);
	assert_int_equal(dg_running_read(*state, &r), 0);
	assert_string_equal(r.release, "6.1.0-56-amd64");
	assert_string_equal(r.version, V_DEBIAN);
	assert_string_equal(r.machine, "x86_64");
	assert_string_equal(r.level.tl, "56");
	assert_string_equal(r.build_id, fx_hex(FX_KERNEL_ID));
	assert_int_equal(r.kmod_abi, 0);
}

static void test_running_read_nothing_runs(void **state)
{
	struct dg_running r = { .kmod_abi = 77 };

	assert_int_equal(dg_running_read(*state, &r), -ENODATA);
	assert_int_equal(r.kmod_abi, 77);
}

static void test_running_read_this_machine(void **state)
{
	struct dg_running r;
	struct utsname u;

	(void)state;
	assert_int_equal(uname(&u), 0);
	assert_int_equal(dg_running_read("/", &r), 0);
	assert_string_equal(r.release, u.release);
	assert_string_equal(r.machine, u.machine);
}

static void test_running_read_kmod(void **state)
{
	struct dg_running r;

	make_running(*state);
	fx_text(*state, "/sys/kernel/drvguard/abi", "1\n");
	fx_text(*state, "/sys/kernel/drvguard/release", "6.1.0-56-amd64\n");
	fx_text(*state, "/sys/kernel/drvguard/version", V_DEBIAN "\n");
	fx_text(*state, "/sys/kernel/drvguard/machine", "x86_64\n");
	fx_text(*state, "/sys/kernel/drvguard/vermagic", "6.1.0-56-amd64 SMP preempt mod_unload modversions \n");
	fx_text(*state, "/sys/kernel/drvguard/module_size", "896\n");
	fx_text(*state, "/sys/kernel/drvguard/vendor", "debian\n");
	fx_text(*state, "/sys/kernel/drvguard/technology_level", "56\n");
	fx_text(*state, "/sys/kernel/drvguard/service_pack", "\n");
	assert_int_equal(dg_running_read(*state, &r), 0);
	assert_int_equal(r.kmod_abi, 1);
	assert_string_equal(r.kmod_vermagic, "6.1.0-56-amd64 SMP preempt mod_unload modversions ");
	assert_int_equal(r.kmod_module_size, 896);
	assert_string_equal(r.kmod_level.vendor, "debian");
	assert_string_equal(r.kmod_level.tl, "56");
	assert_string_equal(r.kmod_level.sp, "");
	assert_true(dg_level_agree(&r.level, &r.kmod_level));
}

static void test_running_read_hostile_values(void **state)
{
	char text[5000];
	struct dg_running r;

	memset(text, '\x1b', sizeof(text));
	fx_write(*state, "/proc/sys/kernel/osrelease", text, sizeof(text));
	fx_write(*state, "/proc/sys/kernel/version", text, sizeof(text));
	fx_write(*state, "/sys/kernel/notes", text, sizeof(text));
	fx_text(*state, "/sys/kernel/drvguard/abi", "-1\n");
	assert_int_equal(dg_running_read(*state, &r), 0);
	assert_int_equal(strlen(r.release), sizeof(r.release) - 1);
	assert_null(strchr(r.release, '\x1b'));
	assert_string_equal(r.build_id, "");
}

static void test_loaded_read_states(void **state)
{
	struct fx_bytes note = { 0 };
	struct dg_loaded l;

	dg_loaded_read(*state, "scap", &l);
	assert_false(l.loaded);

	/* Built-in: parameters, but no initstate. */
	fx_text(*state, "/sys/module/builtin/parameters/x", "1\n");
	dg_loaded_read(*state, "builtin", &l);
	assert_false(l.loaded);

	fx_text(*state, "/sys/module/scap/initstate", "live\n");
	dg_loaded_read(*state, "scap", &l);
	assert_true(l.loaded);
	assert_string_equal(l.build_id, "");
	assert_string_equal(l.version, "");

	fx_text(*state, "/sys/module/scap/version", "7.2.0\n");
	fx_text(*state, "/sys/module/scap/srcversion", "ABCDEF\n");
	fx_text(*state, "/sys/module/scap/taint", "OE\n");
	fx_put_build_id(&note, FX_BUILD_ID, false);
	fx_write(*state, "/sys/module/scap/notes/.note.gnu.build-id", note.data, note.len);
	fx_free(&note);
	dg_loaded_read(*state, "scap", &l);
	assert_true(l.loaded);
	assert_string_equal(l.version, "7.2.0");
	assert_string_equal(l.srcversion, "ABCDEF");
	assert_string_equal(l.taint, "OE");
	assert_string_equal(l.build_id, fx_hex(FX_BUILD_ID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_running_read_root),
		FX_TEST(test_running_read_nothing_runs),
		cmocka_unit_test(test_running_read_this_machine),
		FX_TEST(test_running_read_kmod),
		FX_TEST(test_running_read_hostile_values),
		FX_TEST(test_loaded_read_states),
	};

	return cmocka_run_group_tests_name("running", tests, NULL, NULL);
}
