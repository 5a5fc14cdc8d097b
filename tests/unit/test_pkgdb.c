// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/pkgdb.h"

static const struct dg_package *named(const struct dg_package *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (dg_streq(v[i].name, name))
			return &v[i];
	return NULL;
}

static void test_pkgdb_kernels_states(void **state)
{
	const struct dg_package *p;
	struct dg_package *v;
	size_t n;

	fx_text(*state, "/var/lib/dpkg/status",
		"Package: bash\nStatus: install ok installed\nVersion: 5.2\n\n"
		"Package: linux-image-6.1.0-56-amd64\nStatus: install ok installed\nVersion: 6.1.192-2\n"
		"Description: a kernel\n It is\n .\n Version: of no account\n\n"
		"Package: linux-image-6.12.117+deb12-cloud-amd64\nVersion: 6.12.117-1~deb12u1\n"
		"Status: install ok half-configured\n\n"
		"Package: linux-image-6.1.0-55-amd64\nStatus: deinstall ok config-files\nVersion: 6.1.190-1\n\n"
		"Package: linux-image-6.1.0-54-amd64\nStatus: purge ok not-installed\n\n"
		"Package: linux-image-6.1.0-53-amd64-dbg\nStatus: install ok installed\nVersion: 1\n\n"
		"Package: linux-image-amd64\nStatus: install ok installed\nVersion: 6.1.192-2\n\n"
		"Package: linux-image-6.12-amd64\nStatus: install ok installed\nVersion: 6.12\n\n"
		"Package: linux-image-6.1.0-52-amd64-unsigned\nStatus: install ok unpacked\nVersion: 6.1.188-1");
	assert_int_equal(dg_pkgdb_kernels(*state, &v, &n), 0);
	assert_int_equal(n, 3);
	p = named(v, n, "linux-image-6.1.0-56-amd64");
	assert_non_null(p);
	assert_string_equal(p->version, "6.1.192-2");
	assert_string_equal(p->status, "installed");
	assert_string_equal(p->release, "6.1.0-56-amd64");
	p = named(v, n, "linux-image-6.12.117+deb12-cloud-amd64");
	assert_string_equal(p->status, "half-configured");
	assert_string_equal(p->release, "6.12.117+deb12-cloud-amd64");
	p = named(v, n, "linux-image-6.1.0-52-amd64-unsigned");
	assert_string_equal(p->release, "6.1.0-52-amd64");
	free(v);
}

static void test_pkgdb_kernels_none(void **state)
{
	struct dg_package *v = (struct dg_package *)1;
	size_t n = 7;

	assert_int_equal(dg_pkgdb_kernels(*state, &v, &n), -ENOENT);
	assert_ptr_equal(v, (struct dg_package *)1);
	assert_int_equal(n, 7);
	fx_text(*state, "/var/lib/dpkg/status", "");
	assert_int_equal(dg_pkgdb_kernels(*state, &v, &n), 0);
	assert_int_equal(n, 0);
	free(v);
}

static void test_pkgdb_kernels_unreadable(void **state)
{
	struct dg_package *v;
	size_t n;

	fx_mkdir(*state, "/var/lib/dpkg/status");
	assert_int_equal(dg_pkgdb_kernels(*state, &v, &n), -EISDIR);
}

/* Package names are not all of Debian's making. */
static void test_pkgdb_kernels_odd_names(void **state)
{
	static const struct {
		const char *name;
		size_t expected;
	} cases[] = {
		{ "linux-image-6.1.0", 1 },    { "linux-image-6.1", 0 },
		{ "linux-image-6", 0 },	       { "linux-image-", 0 },
		{ "linux-image-20240101", 0 }, { "linux-image-20240101-custom", 0 },
		{ "linux-image-12345.6", 0 },  { "linux-image-6.1.0-unsigned", 1 },
	};

	FX_CASE(c, cases)
	{
		dg_auto_free char *text = dg_format("Package: %s\nStatus: install ok installed\nVersion: 1\n", c->name);
		struct dg_package *v = NULL;
		size_t n = 0;

		fx_text(*state, "/var/lib/dpkg/status", text);
		fx_int(dg_pkgdb_kernels(*state, &v, &n), 0);
		fx_int(n, c->expected);
		free(v);
	}
}

static void test_pkgdb_kernels_long_fields(void **state)
{
	struct dg_package *v = NULL;
	char text[4096];
	size_t n;

	snprintf(text, sizeof(text), "Package: linux-image-6.1.0-%0500d\nStatus: install ok %0500d\nVersion: %0500d\n",
		 1, 1, 1);
	fx_text(*state, "/var/lib/dpkg/status", text);
	assert_int_equal(dg_pkgdb_kernels(*state, &v, &n), 0);
	free(v);
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	struct dg_package *v = NULL;
	size_t n;

	fx_write(arg, "/var/lib/dpkg/status", data, len);
	assert_int_equal(dg_pkgdb_kernels(arg, &v, &n), 0);
	free(v);
}

static void test_pkgdb_kernels_hostile(void **state)
{
	static const char text[] =
		"Package: linux-image-6.1.0-56-amd64\nStatus: install ok installed\nVersion: 6.1.192-2\n\n"
		"Package: linux-image-6.1.0-1-unsigned\nStatus: x\nVersion:\n";
	const struct fx_bytes b = { (unsigned char *)(uintptr_t)text, strlen(text) };

	fx_hostile(&b, 2000, hostile, *state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_pkgdb_kernels_states),	 FX_TEST(test_pkgdb_kernels_none),
		FX_TEST(test_pkgdb_kernels_unreadable),	 FX_TEST(test_pkgdb_kernels_odd_names),
		FX_TEST(test_pkgdb_kernels_long_fields), FX_TEST(test_pkgdb_kernels_hostile),
	};

	return cmocka_run_group_tests_name("pkgdb", tests, NULL, NULL);
}
