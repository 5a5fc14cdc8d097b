// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/resource.h>

#include "lib/store.h"

static struct dg_modfile *parse(const char *name, const char *filler)
{
	struct fx_module spec = fx_module_good(name);
	struct fx_bytes b;
	struct dg_modfile *m;

	spec.filler = filler;
	b = fx_module_build(&spec);
	assert_int_equal(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	assert_int_equal(dg_modfile_hash(m), 0);
	return m;
}

static void expect_stored(const char *path, const struct dg_modfile *m)
{
	void *data;
	size_t len;

	assert_int_equal(dg_file_read(path, 1 << 20, &data, &len), 0);
	assert_int_equal(len, m->len);
	assert_memory_equal(data, m->data, len);
	free(data);
}

static void test_store_dir_root(void **state)
{
	dg_auto_free char *a = dg_store_dir("/", "/usr/lib/drvguard"), *b = dg_store_dir("/mnt", "/usr/lib/drvguard");

	(void)state;
	assert_string_equal(a, "/usr/lib/drvguard/store");
	assert_string_equal(b, "/mnt/usr/lib/drvguard/store");
}

static void test_store_put_new_and_again(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse("scap", NULL);
	dg_auto_free char *store = dg_format("%s/deep/store", (char *)*state), *path = NULL, *again = NULL;
	dg_auto_free char *want = dg_format("%s/%s/scap.ko", store, m->sha256);
	struct stat before, after;

	assert_int_equal(dg_store_put(store, m, &path, NULL), 0);
	assert_string_equal(path, want);
	expect_stored(path, m);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0644);
	/* A good copy is left alone: generations are links to it. */
	assert_int_equal(dg_store_put(store, m, &again, NULL), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

static void test_store_put_over_damage(void **state)
{
	static const struct {
		const char *name;
		int how;
	} cases[] = { { "a changed byte", 0 },
		      { "cut short", 1 },
		      { "longer", 2 },
		      { "a link in its place", 3 },
		      { "missing", 4 } };
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse("scap", NULL);

	fx_text(*state, "/victim", "safe");
	FX_CASE(c, cases)
	{
		dg_auto_free char *path = NULL, *again = NULL, *victim = NULL;
		struct stat st;
		int fd;

		assert_int_equal(dg_store_put(*state, m, &path, NULL), 0);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		if (c->how == 0)
			assert_int_equal(pwrite(fd, "\xff\xfe", 2, (off_t)m->len / 2), 2);
		if (c->how == 1)
			assert_int_equal(ftruncate(fd, (off_t)m->len - 1), 0);
		if (c->how == 2)
			assert_int_equal(ftruncate(fd, (off_t)m->len + 1), 0);
		close(fd);
		if (c->how >= 3)
			assert_int_equal(unlink(path), 0);
		if (c->how == 3)
			assert_int_equal(symlink("../victim", path), 0);
		fx_int(dg_store_put(*state, m, &again, NULL), 0);
		expect_stored(path, m);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		victim = fx_read(fx_at(*state, "/victim"));
		fx_str(victim, "safe");
	}
}

static void test_store_put_no_room(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse("scap", NULL);
	const struct rlimit small = { 1000, RLIM_INFINITY };
	struct dg_diag d = { 0 };
	struct rlimit was;
	char **names, *path = (char *)1;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = dg_store_put(*state, m, &path, &d);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(r, -EFBIG);
	assert_ptr_equal(path, (char *)1);
	assert_true(d.where[0] && d.what[0]);
	/* Nothing half-written stays. */
	assert_int_equal(dg_dir_list(*state, &names), 0);
	assert_null(names[0]);
	dg_strv_free(names);
}

static void test_store_put_file_in_the_way(void **state)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse("scap", NULL);
	struct dg_diag d = { 0 };
	char *path;

	fx_text(*state, "/store", "");
	assert_int_equal(dg_store_put(fx_at(*state, "/store"), m, &path, &d), -ENOTDIR);
	assert_true(d.what[0]);
}

static void test_store_is_whole_names(void **state)
{
	static const struct {
		const char *name;
		bool right, expected;
	} cases[] = { { "in its place", true, true }, { "in another's", false, false } };
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse("scap", NULL), *other = parse("scap", "other");

	(void)state;
	assert_false(dg_store_is_whole(m));
	FX_CASE(c, cases)
	{
		m->path = dg_format("/store/%s/scap.ko", c->right ? m->sha256 : other->sha256);
		fx_int(dg_store_is_whole(m), c->expected);
		free(dg_take(m->path));
	}
	m->path = strdup("/short.ko");
	assert_false(dg_store_is_whole(m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_dir_root),	 FX_TEST(test_store_put_new_and_again),
		FX_TEST(test_store_put_over_damage),	 FX_TEST(test_store_put_no_room),
		FX_TEST(test_store_put_file_in_the_way), cmocka_unit_test(test_store_is_whole_names),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
