// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/resource.h>

static void test_path_join_roots(void **state)
{
	dg_auto_free char *own = dg_path_join("/", "/etc/none"), *other = dg_path_join(*state, "/etc/none");

	assert_string_equal(own, "/etc/none");
	assert_string_equal(other, fx_at(*state, "/etc/none"));
}

static void test_path_resolve_links(void **state)
{
	static const struct {
		const char *name, *path;
		int err;
		const char *expected; /* behind the root */
	} cases[] = {
		{ "plain", "/usr/lib/x", 0, "/usr/lib/x" },
		{ "relative link", "/lib/x", 0, "/usr/lib/x" },
		{ "absolute link stays in the root", "/absolute/x", 0, "/usr/lib/x" },
		{ "dots stay in the root", "/../../../usr/lib/x", 0, "/usr/lib/x" },
		{ "link out of the root", "/out", 0, "/usr" },
		{ "absent", "/usr/none", -ENOENT, NULL },
		{ "dangling", "/dangling", -ENOENT, NULL },
		{ "loop", "/loop", -ELOOP, NULL },
		{ "file in the way", "/usr/lib/x/y", -ENOTDIR, NULL },
	};

	fx_text(*state, "/usr/lib/x", "x");
	assert_int_equal(symlink("usr/lib", fx_at(*state, "/lib")), 0);
	assert_int_equal(symlink("/usr/lib", fx_at(*state, "/absolute")), 0);
	assert_int_equal(symlink("../../../../../../usr", fx_at(*state, "/out")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/dangling")), 0);
	assert_int_equal(symlink("loop", fx_at(*state, "/loop")), 0);
	FX_CASE(c, cases)
	{
		char *real = (char *)1;

		fx_int(dg_path_resolve(*state, c->path, &real), c->err);
		if (c->err) {
			assert_ptr_equal(real, (char *)1);
			continue;
		}
		fx_str(real, fx_at(*state, c->expected));
		free(real);
	}
}

static void test_path_resolve_real_root(void **state)
{
	char *real;

	fx_text(*state, "/x", "x");
	assert_int_equal(symlink("x", fx_at(*state, "/link")), 0);
	assert_int_equal(dg_path_resolve("/", fx_at(*state, "/link"), &real), 0);
	assert_string_equal(real, fx_at(*state, "/x"));
	free(real);
	assert_int_equal(dg_path_resolve("/", fx_at(*state, "/none"), &real), -ENOENT);
	assert_int_equal(dg_path_resolve(fx_at(*state, "/none"), "/", &real), -ENOENT);
}

static void test_path_relative_pairs(void **state)
{
	static const struct {
		const char *name, *dir, *target, *expected;
	} cases[] = {
		{ "below", "/a/b", "/a/b/c", "c" },
		{ "deep below", "/a", "/a/b/c/d", "b/c/d" },
		{ "beside", "/a/b", "/a/c", "../c" },
		{ "same beginning", "/a/bc", "/a/b", "../b" },
		{ "same beginning, longer", "/a/b", "/a/bc", "../bc" },
		{ "nothing shared", "/a/b", "/c/d", "../../c/d" },
		{ "from the root", "/", "/a/b", "a/b" },
		{ "generation", "/usr/lib/modules/6.1/updates", "/usr/lib/drvguard/kernels/6.1/1",
		  "../../../drvguard/kernels/6.1/1" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		char *text;

		fx_int(dg_path_relative(c->dir, c->target, &text), 0);
		fx_str(text, c->expected);
		free(text);
	}
}

static void test_file_read_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t len, max;
		int expected;
	} cases[] = {
		{ "empty", 0, 10, 0 },	     { "empty, nothing allowed", 0, 0, 0 },
		{ "just fits", 10, 10, 0 },  { "one too many", 11, 10, -EFBIG },
		{ "a page", 4096, 4096, 0 }, { "large", 100000, 1 << 20, 0 },
	};

	FX_CASE(c, cases)
	{
		struct fx_bytes b = { 0 };
		void *data = (void *)1;
		size_t len;

		fx_put_zero(&b, c->len);
		memset(b.data, 'a', c->len);
		fx_write(*state, "/f", b.data, b.len);
		fx_int(dg_file_read(fx_at(*state, "/f"), c->max, &data, &len), c->expected);
		if (c->expected == 0) {
			fx_int(len, c->len);
			assert_memory_equal(data, b.data, len);
			assert_int_equal(((char *)data)[len], '\0');
			free(data);
		} else {
			assert_ptr_equal(data, (void *)1);
		}
		fx_free(&b);
	}
}

static void test_file_read_errors(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = {
		{ "/absent", -ENOENT }, { "/dir", -EISDIR },	  { "/fifo", -ENXIO },
		{ "/loop", -ELOOP },	{ "/dangling", -ENOENT },
	};

	fx_mkdir(*state, "/dir");
	assert_int_equal(mkfifo(fx_at(*state, "/fifo"), 0644), 0);
	assert_int_equal(symlink("loop", fx_at(*state, "/loop")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/dangling")), 0);
	FX_CASE(c, cases)
	{
		void *data = (void *)1;
		char *line = (char *)1;
		size_t len;

		fx_int(dg_file_read(fx_at(*state, c->name), 100, &data, &len), c->expected);
		fx_int(dg_file_read_start(fx_at(*state, c->name), 100, &data, &len), c->expected);
		fx_int(dg_file_read_line(fx_at(*state, c->name), &line), c->expected);
		assert_ptr_equal(data, (void *)1);
		assert_ptr_equal(line, (char *)1);
	}
	assert_int_equal(dg_file_read("/dev/null", 100, &(void *){ NULL }, &(size_t){ 0 }), -ENXIO);
}

/* Files of /proc say that they are empty, and are not. */
static void test_file_read_proc(void **state)
{
	void *data;
	size_t len;

	(void)state;
	assert_int_equal(dg_file_read("/proc/self/status", 1 << 20, &data, &len), 0);
	assert_true(len > 100);
	assert_non_null(strstr(data, "Name:"));
	free(data);
	assert_int_equal(dg_file_read("/proc/self/status", 5, &data, &len), -EFBIG);
}

static void test_file_read_start_of_longer(void **state)
{
	void *data;
	size_t len;

	fx_text(*state, "/f", "0123456789");
	assert_int_equal(dg_file_read_start(fx_at(*state, "/f"), 4, &data, &len), 0);
	assert_int_equal(len, 4);
	assert_string_equal(data, "0123");
	free(data);
	assert_int_equal(dg_file_read_start(fx_at(*state, "/f"), 400, &data, &len), 0);
	assert_int_equal(len, 10);
	free(data);
}

static void test_file_read_line_forms(void **state)
{
	static const struct {
		const char *name, *text, *expected;
	} cases[] = {
		{ "usual", "6.1\n", "6.1" }, { "no newline", "6.1", "6.1" }, { "two lines", "a\nb\n", "a" },
		{ "empty", "", "" },	     { "blank", "\n", "" },	     { "blanks kept", "SMP \n", "SMP " }
	};

	FX_CASE(c, cases)
	{
		char *line;

		fx_text(*state, "/f", c->text);
		fx_int(dg_file_read_line(fx_at(*state, "/f"), &line), 0);
		fx_str(line, c->expected);
		free(line);
	}
}

static void test_file_write_whole(void **state)
{
	const char *path = strdup(fx_at(*state, "/f"));
	struct stat st;
	char *text;
	mode_t mask = umask(077);

	assert_int_equal(dg_file_write(path, "new", 3, 0644), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(dg_file_write(path, "newer", 5, 0600), 0);
	text = fx_read(path);
	assert_string_equal(text, "newer");
	assert_false(fx_exists(fx_at(*state, "/.f.new")));
	free(text);
	free((void *)(uintptr_t)path);
}

/* A leftover of an interrupted run, even one that leads elsewhere, is not written through. */
static void test_file_write_over_leftover(void **state)
{
	char *text;

	fx_text(*state, "/victim", "safe");
	assert_int_equal(symlink("victim", fx_at(*state, "/.f.new")), 0);
	assert_int_equal(dg_file_write(fx_at(*state, "/f"), "x", 1, 0644), 0);
	text = fx_read(fx_at(*state, "/victim"));
	assert_string_equal(text, "safe");
	free(text);
}

static void test_file_write_replaces_link(void **state)
{
	struct stat st;
	char *text;

	fx_text(*state, "/victim", "safe");
	assert_int_equal(symlink("victim", fx_at(*state, "/f")), 0);
	assert_int_equal(dg_file_write(fx_at(*state, "/f"), "x", 1, 0644), 0);
	assert_int_equal(lstat(fx_at(*state, "/f"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	text = fx_read(fx_at(*state, "/victim"));
	assert_string_equal(text, "safe");
	free(text);
}

static void test_file_write_errors(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = { { "/none/f", -ENOENT }, { "/file/f", -ENOTDIR }, { "/dir", -EISDIR } };

	fx_text(*state, "/file", "");
	fx_mkdir(*state, "/dir");
	FX_CASE(c, cases)
	fx_int(dg_file_write(fx_at(*state, c->name), "x", 1, 0644), c->expected);
	assert_false(fx_exists(fx_at(*state, "/.dir.new")));
}

/* As on a full disk: half a file is written, then no more. */
static void test_file_write_cut_short(void **state)
{
	const struct rlimit small = { 4096, RLIM_INFINITY };
	char *text, data[8192] = { 0 };
	struct rlimit was;
	int r;

	fx_text(*state, "/f", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = dg_file_write(fx_at(*state, "/f"), data, sizeof(data), 0644);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(r, -EFBIG);
	text = fx_read(fx_at(*state, "/f"));
	assert_string_equal(text, "old");
	assert_false(fx_exists(fx_at(*state, "/.f.new")));
	free(text);
}

static void test_dir_make_cases(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = {
		{ "/a/b/c", 0 },       { "/a/b/c", 0 },		{ "/a/b/d/", 0 },	   { "/link/e", 0 },
		{ "/file", -ENOTDIR }, { "/file/x", -ENOTDIR }, { "/dangling", -ENOTDIR },
	};

	fx_text(*state, "/file", "");
	assert_int_equal(symlink("a", fx_at(*state, "/link")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/dangling")), 0);
	FX_CASE(c, cases)
	{
		fx_int(dg_dir_make(fx_at(*state, c->name)), c->expected);
		fx_int(dg_path_is_dir(fx_at(*state, c->name)), c->expected == 0);
	}
	assert_true(dg_path_is_dir(fx_at(*state, "/a/e")));
	assert_int_equal(dg_dir_make("/"), 0);
	assert_false(dg_path_is_dir(fx_at(*state, "/none")));
}

static void test_dir_sync_errors(void **state)
{
	fx_text(*state, "/file", "");
	assert_int_equal(dg_dir_sync(*state), 0);
	assert_int_equal(dg_dir_sync(fx_at(*state, "/none")), -ENOENT);
	assert_int_equal(dg_dir_sync(fx_at(*state, "/file")), -ENOTDIR);
}

static void test_link_set_over(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} cases[] = { { "/new", 0 }, { "/file", 0 }, { "/link", 0 }, { "/dir", -EISDIR }, { "/none/x", -ENOENT } };

	fx_text(*state, "/file", "");
	fx_mkdir(*state, "/dir");
	assert_int_equal(symlink("old", fx_at(*state, "/link")), 0);
	FX_CASE(c, cases)
	{
		char *text;

		fx_int(dg_link_set(fx_at(*state, c->name), "there"), c->expected);
		if (c->expected)
			continue;
		fx_int(dg_link_get(fx_at(*state, c->name), &text), 0);
		fx_str(text, "there");
		free(text);
	}
	assert_false(fx_exists(fx_at(*state, "/.dir.new")));
}

static void test_link_get_errors(void **state)
{
	char *text = (char *)1;

	fx_text(*state, "/file", "");
	assert_int_equal(dg_link_get(fx_at(*state, "/file"), &text), -EINVAL);
	assert_int_equal(dg_link_get(fx_at(*state, "/none"), &text), -ENOENT);
	assert_ptr_equal(text, (char *)1);
}

static void test_tree_remove_leaves_links_targets(void **state)
{
	fx_text(*state, "/keep/f", "");
	fx_text(*state, "/tree/a/b/f", "");
	assert_int_equal(symlink("../keep", fx_at(*state, "/tree/link")), 0);
	assert_int_equal(symlink("nowhere", fx_at(*state, "/tree/dangling")), 0);
	assert_int_equal(dg_tree_remove(fx_at(*state, "/tree")), 0);
	assert_false(fx_exists(fx_at(*state, "/tree")));
	assert_true(fx_exists(fx_at(*state, "/keep/f")));
	assert_int_equal(dg_tree_remove(fx_at(*state, "/tree")), 0);
}

static void test_dir_list_sorted(void **state)
{
	static const char *const expected[] = { ".hidden", "6.1.0-9", "6.1.0-10", "6.12" };
	char **v;
	size_t n = 0;

	fx_text(*state, "/6.12", "");
	fx_text(*state, "/6.1.0-10", "");
	fx_text(*state, "/6.1.0-9", "");
	fx_text(*state, "/.hidden", "");
	assert_int_equal(dg_dir_list(*state, &v), 0);
	while (v[n])
		n++;
	assert_int_equal(n, 4);
	/* Where the hidden one stands is not promised. */
	for (size_t i = 0, j = 1; i < n; i++)
		if (v[i][0] != '.')
			assert_string_equal(v[i], expected[j++]);
	dg_strv_free(v);
}

static void test_dir_list_errors(void **state)
{
	char **v;

	fx_mkdir(*state, "/empty");
	fx_text(*state, "/file", "");
	assert_int_equal(dg_dir_list(fx_at(*state, "/empty"), &v), 0);
	assert_null(v[0]);
	dg_strv_free(v);
	assert_int_equal(dg_dir_list(fx_at(*state, "/none"), &v), -ENOENT);
	assert_int_equal(dg_dir_list(fx_at(*state, "/file"), &v), -ENOTDIR);
	dg_strv_free(NULL);
}

static void test_file_keep(void **state)
{
	const char *path = fx_at(*state, "/run/a/b/file");
	struct stat before, after;
	char *text;

	assert_int_equal(dg_file_keep(path, "", 0, 0644), 0);
	assert_false(fx_exists(path));
	assert_int_equal(dg_file_keep(path, "one", 3, 0644), 0);
	text = fx_read(path);
	assert_string_equal(text, "one");
	free(text);
	/* The same again is not written: the file is the one that was there. */
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(dg_file_keep(path, "one", 3, 0644), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
	assert_int_equal(dg_file_keep(path, "two", 3, 0644), 0);
	text = fx_read(path);
	assert_string_equal(text, "two");
	free(text);
	assert_int_equal(dg_file_keep(path, "", 0, 0644), 0);
	assert_false(fx_exists(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_file_keep),
		FX_TEST(test_path_join_roots),
		FX_TEST(test_path_resolve_links),
		FX_TEST(test_path_resolve_real_root),
		cmocka_unit_test(test_path_relative_pairs),
		FX_TEST(test_file_read_sizes),
		FX_TEST(test_file_read_errors),
		cmocka_unit_test(test_file_read_proc),
		FX_TEST(test_file_read_start_of_longer),
		FX_TEST(test_file_read_line_forms),
		FX_TEST(test_file_write_whole),
		FX_TEST(test_file_write_over_leftover),
		FX_TEST(test_file_write_replaces_link),
		FX_TEST(test_file_write_errors),
		FX_TEST(test_file_write_cut_short),
		FX_TEST(test_dir_make_cases),
		FX_TEST(test_dir_sync_errors),
		FX_TEST(test_link_set_over),
		FX_TEST(test_link_get_errors),
		FX_TEST(test_tree_remove_leaves_links_targets),
		FX_TEST(test_dir_list_sorted),
		FX_TEST(test_dir_list_errors),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
