// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <fcntl.h>

#include "lib/cachefile.h"
#include "lib/facts.h"

#define DIR "/var/cache/drvguard"

static void offer(const char *root, const char *version)
{
	fx_offer(root, "scap.ko", version, FX_RELEASE, NULL);
}

/* The version that is told of @path, and whether its bytes had to be read. */
static char *ask(const char *root, const char *path)
{
	dg_auto(dg_facts_freep) struct dg_facts *f = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;

	assert_int_equal(dg_facts_open(root, &f), 0);
	if (dg_facts_read(f, path, &m, NULL) < 0)
		return NULL;
	assert_null(m->data);
	assert_string_equal(m->path, path);
	assert_int_equal(strlen(m->sha256), 64);
	return strdup(m->version);
}

static void expect(const char *root, const char *path, const char *version)
{
	dg_auto_free char *have = ask(root, path);

	fx_str(have, version);
}

/* In what is kept @from is made @to, with a digest that fits: what then answers came from there. */
static void forge(const char *root, const char *from, const char *to)
{
	size_t len;
	dg_auto_free char *text = dg_cachefile_read(root, "files", &len);
	char *at = text ? strstr(text, from) : NULL;

	assert_non_null(at);
	memcpy(at, to, strlen(to));
	dg_cachefile_write(root, "files", text, len);
}

static void test_facts_read_all(void **state)
{
	dg_auto(dg_facts_freep) struct dg_facts *f = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL, *whole = NULL;
	dg_auto_free char *path = NULL;

	fx_install_world(*state);
	offer(*state, "1.0");
	path = strdup(fx_at(*state, FX_DEPOT "/scap.ko"));
	assert_int_equal(dg_modfile_read(path, &whole, NULL), 0);
	assert_int_equal(dg_modfile_hash(whole), 0);
	assert_int_equal(dg_facts_open(*state, &f), 0);
	assert_int_equal(dg_facts_read(f, path, &m, NULL), 0);
	for (int loaded = 0; loaded < 2; loaded++) {
		assert_string_equal(m->name, whole->name);
		assert_string_equal(m->version, whole->version);
		assert_string_equal(m->srcversion, whole->srcversion);
		assert_string_equal(m->vermagic, whole->vermagic);
		assert_string_equal(m->depends, whole->depends);
		assert_string_equal(m->build_id, whole->build_id);
		assert_string_equal(m->sha256, whole->sha256);
		assert_string_equal(m->path, whole->path);
		assert_int_equal(m->len, whole->len);
		assert_true(!m->data == !loaded);
		assert_int_equal(dg_modfile_load(m, NULL), 0);
	}
	assert_int_equal(m->n_imports, whole->n_imports);
	assert_memory_equal(m->data, whole->data, whole->len);
}

/* Bytes that are not those the facts are of are never taken for them. */
static void test_facts_load_other(void **state)
{
	dg_auto(dg_facts_freep) struct dg_facts *f = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	dg_auto_free char *path = NULL;
	struct dg_diag d = { 0 };

	fx_install_world(*state);
	offer(*state, "1.0");
	path = strdup(fx_at(*state, FX_DEPOT "/scap.ko"));
	assert_int_equal(dg_facts_open(*state, &f), 0);
	assert_int_equal(dg_facts_read(f, path, &m, NULL), 0);
	offer(*state, "2.0");
	assert_int_equal(dg_modfile_load(m, &d), -ESTALE);
	assert_string_equal(d.where, path);
	assert_true(d.what[0] && d.cure[0]);
	assert_null(m->data);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(dg_modfile_load(m, NULL), -ENOENT);
	assert_int_equal(dg_facts_read(f, path, &(struct dg_modfile *){ NULL }, NULL), -ENOENT);
}

static void test_facts_kept(void **state)
{
	dg_auto_free char *path = NULL, *copy = NULL, *link_path = NULL;
	struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	fx_install_world(*state);
	offer(*state, "1.0");
	path = strdup(fx_at(*state, FX_DEPOT "/scap.ko"));
	copy = strdup(fx_at(*state, FX_DEPOT "/copy.ko"));
	link_path = strdup(fx_at(*state, FX_DEPOT "/link.ko"));
	sleep(4);
	/* Nowhere to keep it, and nothing is made. */
	expect(*state, path, "1.0");
	assert_false(fx_exists(fx_at(*state, DIR)));
	fx_mkdir(*state, DIR);
	expect(*state, path, "1.0");
	forge(*state, "\t1.0\t", "\t9.9\t");
	expect(*state, path, "9.9");
	/* By another name the same file, though a link there makes it a file that changed. */
	assert_int_equal(symlink("scap.ko", link_path), 0);
	expect(*state, link_path, "9.9");
	/* Another of the same name, size and mtime; and its mtime put back after a change in place. */
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	expect(*state, path, "1.0");
	assert_int_equal(rename(path, copy), 0);
	offer(*state, "2.0");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	expect(*state, path, "2.0");
	/* A moment ago: it may change within the same tick, and is not kept. */
	offer(*state, "3.0");
	expect(*state, path, "3.0");
	offer(*state, "4.0");
	expect(*state, path, "4.0");
}

/* Files of another device, or written by who is not trusted, tell nothing. */
static void test_facts_not_believed(void **state)
{
	static const struct {
		const char *name, *from, *to;
		mode_t mode;
	} cases[] = { { "as it is", "\t", "\t", 0644 },
		      { "another form", "drvguard-files 1", "drvguard-files 2", 0644 },
		      { "for all to write", "\t", "\t", 0666 } };
	dg_auto_free char *path = NULL, *kept = NULL, *text = NULL;
	size_t len;

	fx_install_world(*state);
	offer(*state, "1.0");
	fx_mkdir(*state, DIR);
	path = strdup(fx_at(*state, FX_DEPOT "/scap.ko"));
	kept = strdup(fx_at(*state, DIR "/files"));
	sleep(4);
	expect(*state, path, "1.0");
	forge(*state, "\t1.0\t", "\t9.9\t");
	text = dg_cachefile_read(*state, "files", &len);
	assert_non_null(text);
	FX_CASE(c, cases)
	{
		dg_cachefile_write(*state, "files", text, len);
		forge(*state, c->from, c->to);
		assert_int_equal(chmod(kept, c->mode), 0);
		expect(*state, path, c == cases ? "9.9" : "1.0");
		assert_int_equal(unlink(kept), 0);
	}
	/* The device comes first. */
	text[strlen("drvguard-files 1\n")] ^= 1;
	dg_cachefile_write(*state, "files", text, len);
	expect(*state, path, "1.0");
}

#define ID "1 2 3 4.000000000 5.000000000"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "drvguard-files 1\n"

static void test_facts_take_kept(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
	} cases[] = {
		{ "nothing", "", false },
		{ "a head", HEAD, true },
		{ "a line", HEAD ID "\t" SUM "\t3\t-\tscap\t1\t-\tv%20w\t-\t/a.ko\n", true },
		{ "no name", HEAD ID "\t" SUM "\t3\tab\t-\t-\t-\t-\t-\t/a.ko\n", true },
		{ "twice the same",
		  HEAD ID "\t" SUM "\t3\t-\ta\t1\t-\tv\t-\t/a\n" ID "\t" SUM "\t3\t-\ta\t1\t-\tv\t-\t/a\n", true },
		{ "another head", "drvguard-files 2\n", false },
		{ "a column short", HEAD ID "\t" SUM "\t3\t-\tscap\t1\t-\tv\t-\n", false },
		{ "a column more", HEAD ID "\t" SUM "\t3\t-\tscap\t1\t-\tv\t-\t/a\t\n", false },
		{ "no identity", HEAD "\t" SUM "\t3\t-\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "a short digest", HEAD ID "\t12\t3\t-\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "no digest", HEAD ID "\t-\t3\t-\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "a negative size", HEAD ID "\t" SUM "\t-3\t-\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "a huge size", HEAD ID "\t" SUM "\t18446744073709551615\t-\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "a long build-id", HEAD ID "\t" SUM "\t3\t" SUM "0\tscap\t1\t-\tv\t-\t/a\n", false },
		{ "an impossible name", HEAD ID "\t" SUM "\t3\t-\t../x\t1\t-\tv\t-\t/a\n", false },
		{ "a bad escape", HEAD ID "\t" SUM "\t3\t-\tscap\t%0\t-\tv\t-\t/a\n", false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		dg_auto(dg_facts_freep) struct dg_facts *f = NULL;
		dg_auto_free char *text = strdup(c->text);

		assert_int_equal(dg_facts_open("/nonexistent", &f), 0);
		fx_int(dg_facts_take_kept(f, text), c->ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_facts_read_all),	  FX_TEST(test_facts_load_other), FX_TEST(test_facts_kept),
		FX_TEST(test_facts_not_believed), FX_TEST(test_facts_take_kept),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
