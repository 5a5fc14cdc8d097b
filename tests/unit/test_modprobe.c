// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/modprobe.h"

#define R FX_RELEASE
#define MODULES "/lib/modules/" R

static void test_modprobe_path_by_index(void **state)
{
	const struct fx_module m = fx_module_good("snd_scap");
	char *path = (char *)1;

	fx_install_kernel(*state, R);
	assert_int_equal(dg_modprobe_path(fx_at(*state, MODULES), "reference", &path), 0);
	assert_string_equal(path, fx_at(*state, MODULES "/kernel/reference.ko"));
	free(path);
	path = (char *)1;
	assert_int_equal(dg_modprobe_path(fx_at(*state, MODULES), "snd_scap", &path), -ENOENT);
	assert_ptr_equal(path, (char *)1);

	/* depmod takes updates/ before kernel/, and '-' for '_'. */
	fx_install_module(*state, MODULES "/kernel/snd-scap.ko", &m);
	fx_install_module(*state, MODULES "/updates/snd-scap.ko", &m);
	assert_int_equal(dg_depmod(*state, R, fx_at(*state, MODULES), NULL), 0);
	assert_int_equal(dg_modprobe_path(fx_at(*state, MODULES), "snd_scap", &path), 0);
	assert_string_equal(path, fx_at(*state, MODULES "/updates/snd-scap.ko"));
	free(path);
}

static void test_modprobe_path_no_index(void **state)
{
	char *path = (char *)1;

	fx_mkdir(*state, MODULES);
	assert_int_equal(dg_modprobe_path(fx_at(*state, MODULES), "scap", &path), -ENOENT);
	assert_ptr_equal(path, (char *)1);
}

static int count_symbol(const char *symbol, const char *module, void *data)
{
	if (dg_streq(symbol, "from_module") && dg_streq(module, "exporter"))
		(*(int *)data)++;
	return 0;
}

static int refuse_symbol(const char *symbol, const char *module, void *data)
{
	(void)symbol, (void)module, (void)data;
	return -EIO;
}

/* Opened once, and asked more than once. */
static void test_modindex_each(void **state)
{
	static const struct fx_symbol exports[] = { { .name = "from_module", .crc = 1 }, { 0 } };
	struct fx_module m = fx_module_good("exporter");
	struct dg_modindex *index = NULL;
	char *path = (char *)1;
	int n = 0;

	fx_install_kernel(*state, R);
	m.exports = exports;
	fx_install_module(*state, MODULES "/kernel/exporter.ko", &m);
	fx_text(*state, MODULES "/modules.order", "kernel/exporter.ko\n");
	fx_depmod(*state, R);
	assert_int_equal(dg_modindex_open(fx_at(*state, MODULES), &index), 0);
	assert_int_equal(dg_modindex_path(index, "nobody", &path), -ENOENT);
	assert_ptr_equal(path, (char *)1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dg_modindex_symbols(index, count_symbol, &n), 0);
		assert_int_equal(n, i + 1);
		assert_int_equal(dg_modindex_path(index, "exporter", &path), 0);
		assert_string_equal(path, fx_at(*state, MODULES "/kernel/exporter.ko"));
		free(path);
	}
	assert_int_equal(dg_modindex_symbols(index, refuse_symbol, NULL), -EIO);
	dg_modindex_close(index);
}

static void test_modprobe_load_unknown(void **state)
{
	fx_install_kernel(*state, R);
	assert_int_equal(dg_modprobe_load(fx_at(*state, MODULES), "drvguard_no_such_module"), -ENOENT);
}

static void test_depmod_fails(void **state)
{
	struct dg_diag d = { 0 };

	/* No directory of that release. */
	assert_int_equal(dg_depmod(*state, R, fx_at(*state, MODULES), &d), -ENOENT);
	assert_string_equal(d.where, fx_at(*state, MODULES));
	assert_true(d.cure[0]);
}

static void test_depmod_not_there(void **state)
{
	dg_auto_free char *path = strdup(getenv("PATH"));
	struct dg_diag d = { 0 };
	int r;

	fx_mkdir(*state, MODULES);
	assert_int_equal(setenv("PATH", *state, 1), 0);
	r = dg_depmod(*state, R, fx_at(*state, MODULES), &d);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(r, -ENOENT);
	assert_non_null(strstr(d.cure, "kmod"));
}

/* A child that does nothing, under @name; of NULL: it is dead, and nobody waited for it. */
static pid_t child(const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (!name)
			_exit(0);
		prctl(PR_SET_NAME, name);
		pause();
	}
	usleep(100000);
	return pid;
}

/* What a depmod left, unless it is still at it. */
static void test_depmod_tidy(void **state)
{
	static const struct {
		const char *name, *comm, *before, *behind;
		bool stays;
	} cases[] = {
		{ "a depmod at work", "depmod", "/modules.dep.bin.", ".123.456", true },
		{ "the same by its other name", "kmod", "/modules.dep.", ".123.456", true },
		{ "dead, not waited for", NULL, "/modules.dep.bin.", ".123.456", false },
		{ "another of its number", "sleeper", "/modules.dep.bin.", ".123.456", false },
		{ "no such name", NULL, "/modules.dep.", ".123", true },
		{ "nor this", NULL, "/modules.dep.bin", "..1", true },
	};

	FX_CASE(c, cases)
	{
		pid_t pid = child(c->comm);
		char path[100];

		snprintf(path, sizeof(path), "%s%d%s", c->before, (int)pid, c->behind);
		fx_text(*state, path, "half");
		fx_text(*state, "/modules.dep", "whole");
		dg_depmod_tidy(*state);
		if (c->comm)
			kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		fx_int(fx_exists(fx_at(*state, path)), c->stays);
		fx_int(fx_exists(fx_at(*state, "/modules.dep")), true);
		(void)unlink(fx_at(*state, path));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_modprobe_path_by_index),
		FX_TEST(test_modprobe_path_no_index),
		FX_TEST(test_modindex_each),
		FX_TEST(test_modprobe_load_unknown),
		FX_TEST(test_depmod_fails),
		FX_TEST(test_depmod_not_there),
		FX_TEST(test_depmod_tidy),
	};

	return cmocka_run_group_tests_name("modprobe", tests, NULL, NULL);
}
