// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/bls.h"
#include "lib/efivars.h"
#include "lib/nextsdboot.h"
#include "lib/uki.h"

static void test_bls_parse(void **state)
{
	static const char text[] =
		"# Boot Loader Specification type#1 entry\ntitle\t Debian  12 \r\n  version 1\nversion 2\n"
		"linux\nlinux /v1\nsort-key debian\nmachine-id abc\noptions root=x\ntitles no\n#efi /x";
	struct dg_bls_entry e = { 0 };

	(void)state;
	assert_int_equal(dg_bls_parse(text, sizeof(text) - 1, &e), 0);
	assert_string_equal(e.title, "Debian  12");
	assert_string_equal(e.version, "2");
	assert_string_equal(e.kernel, "/v1");
	assert_string_equal(e.sort_key, "debian");
	assert_string_equal(e.machine_id, "abc");
	dg_bls_entry_free(&e);
	assert_int_equal(dg_bls_parse("title x\n", 8, &e), -ENODATA);
	dg_bls_entry_free(&e);
}

static void test_bls_name(void **state)
{
	static const struct {
		const char *name, *id;
		long left, done;
	} names[] = {
		{ "a.conf", "a.conf", -1, -1 },
		{ "a+3.conf", "a.conf", 3, 0 },
		{ "a+3-1.efi", "a.efi", 3, 1 },
		{ "a+b+0-3.conf", "a+b.conf", 0, 3 },
		{ "6.1+deb12-amd64.conf", "6.1+deb12-amd64.conf", -1, -1 },
		{ "a+3-.conf", "a+3-.conf", -1, -1 },
		{ "a+3-1x.conf", "a+3-1x.conf", -1, -1 },
		{ "a+99999999999999999999.conf", "a+99999999999999999999.conf", -1, -1 },
	};

	(void)state;
	FX_CASE(c, names)
	{
		struct dg_bls_entry e = { .file = strdup(c->name) };

		assert_int_equal(dg_bls_name(&e), 0);
		fx_str(e.id, c->id);
		fx_int(e.left, c->left);
		fx_int(e.done, c->done);
		dg_bls_entry_free(&e);
	}
}

static struct dg_bls_entry entry(const char *file, const char *sort_key, const char *machine_id, const char *version)
{
	struct dg_bls_entry e = { .file = strdup(file),
				  .sort_key = sort_key ? strdup(sort_key) : NULL,
				  .machine_id = machine_id ? strdup(machine_id) : NULL,
				  .version = version ? strdup(version) : NULL };

	assert_int_equal(dg_bls_name(&e), 0);
	return e;
}

/* Each list is in the order of the loader; every pair of it is compared, both ways. */
static void check_order(const struct dg_bls_entry *v, size_t n,
			int (*compare)(const struct dg_bls_entry *a, const struct dg_bls_entry *b))
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int c = compare(&v[i], &v[k]);

			if ((c > 0) - (c < 0) != (i > k) - (i < k))
				print_error("%s and %s: %d\n", v[i].file, v[k].file, c);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
}

static void test_bls_order_systemd_boot(void **state)
{
	struct dg_bls_entry v[] = {
		entry("z.conf", "debian", "1", "10"),	      entry("z2.conf", "debian", "1", "9.1"),
		entry("z3.conf", "debian", "1", "9"),	      entry("y.conf", "debian", "1", "9~rc1"),
		entry("x.conf", "debian", "2", "99"),	      entry("w+3.conf", "fedora", NULL, "1"),
		entry("w+2.conf", "fedora", NULL, "1"),	      entry("w+2-1.conf", "fedora", NULL, "1"),
		entry("m-6.12.1-x.conf", NULL, NULL, "1"),    entry("m-6.12.0-x.conf", NULL, NULL, "1"),
		entry("m-6.12-x.conf", NULL, NULL, NULL),     entry("m-6.9.1-x.conf", NULL, NULL, "7"),
		entry("m-6.9.1~rc1-x.conf", NULL, NULL, "9"), entry("a+0-3.conf", "a", NULL, "99"),
	};

	(void)state;
	check_order(v, DG_ARRAY_SIZE(v), dg_bls_compare);
	for (size_t i = 0; i < DG_ARRAY_SIZE(v); i++)
		dg_bls_entry_free(&v[i]);
}

/* By the name alone, as name-version-release of RPM. */
static void test_bls_order_grub(void **state)
{
	struct dg_bls_entry v[] = {
		entry("4ef8-6.10.0-1.fc40.x86_64.conf", "z", NULL, "1"),
		entry("4ef8-6.9.12-200.fc40.x86_64.conf", NULL, NULL, "9"),
		entry("4ef8-6.9.12-100.fc40.x86_64.conf", NULL, NULL, "99"),
		entry("4ef8-6.9.12~rc1-900.fc40.x86_64.conf", NULL, NULL, NULL),
		entry("4ef8-0-rescue.conf", NULL, NULL, NULL),
	};

	(void)state;
	check_order(v, DG_ARRAY_SIZE(v), dg_bls_compare_grub);
	for (size_t i = 0; i < DG_ARRAY_SIZE(v); i++)
		dg_bls_entry_free(&v[i]);
}

static void test_bls_directory(void **state)
{
	struct dg_bls b = { 0 };

	fx_text(*state, "/e/a.conf", "linux /a\n");
	fx_text(*state, "/e/b.CONF", "linux /b\n");
	fx_text(*state, "/e/c.txt", "linux /c\n");
	fx_text(*state, "/e/.d.conf", "linux /d\n");
	fx_text(*state, "/e/auto-x.conf", "linux /x\n");
	fx_text(*state, "/e/none.conf", "title x\n");
	fx_mkdir(*state, "/e/dir.conf");
	assert_int_equal(dg_bls_read(fx_at(*state, "/e"), false, &b), 0);
	dg_bls_sort(&b, dg_bls_compare);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.v[0].kernel, "/b");
	assert_string_equal(b.v[1].kernel, "/a");
	dg_bls_free(&b);
	assert_int_equal(dg_bls_read(fx_at(*state, "/nowhere"), false, &b), 0);
	assert_int_equal(b.n, 0);
}

static void test_bls_loader_conf(void **state)
{
	static const struct {
		const char *name, *want;
	} texts[] = {
		{ "default a.conf\n", "a.conf" },
		{ "timeout 3\n default\ta*  \r\n", "a*" },
		{ "default a\ndefault b", "b" },
		{ "default @saved", "@saved" },
		{ "default a\ndefault @other", "a" },
		{ "#default a\ndefaults b\ndefault\ndefault  \n", NULL },
		{ "", NULL },
	};

	(void)state;
	FX_CASE(c, texts)
	{
		char *have = dg_sdboot_default(c->name, strlen(c->name));

		if (c->want)
			fx_str(have, c->want);
		else
			assert_null(have);
		free(have);
	}
}

static void put_section(struct fx_bytes *b, const char *name, size_t at, size_t size, size_t raw)
{
	char field[8] = "";

	memcpy(field, name, strlen(name));
	fx_put(b, field, sizeof(field));
	fx_put_int(b, size, 4, false);
	fx_put_int(b, 0x1000, 4, false);
	fx_put_int(b, raw, 4, false);
	fx_put_int(b, at, 4, false);
	fx_put_zero(b, 16);
}

/* A PE file with an optional header of 16 bytes and these three sections; those without text are left out. */
static struct fx_bytes make_pe(const char *uname, const char *osrel, const char *kernel)
{
	const char *const names[] = { ".uname", ".osrel", ".linux" }, *const texts[] = { uname, osrel, kernel };
	struct fx_bytes b = { 0 };
	size_t n = 0, at;

	for (size_t i = 0; i < 3; i++)
		n += texts[i] != NULL;
	fx_put(&b, "MZ", 2);
	fx_put_zero(&b, 0x3a);
	fx_put_int(&b, 0x40, 4, false);
	fx_put(&b, "PE\0\0", 4);
	fx_put_int(&b, 0x8664, 2, false);
	fx_put_int(&b, n, 2, false);
	fx_put_zero(&b, 12);
	fx_put_int(&b, 16, 2, false);
	fx_put_zero(&b, 2 + 16);
	at = b.len + n * 40;
	for (size_t i = 0; i < 3; i++)
		if (texts[i]) {
			put_section(&b, names[i], at, strlen(texts[i]), strlen(texts[i]) + 3);
			at += strlen(texts[i]) + 3;
		}
	for (size_t i = 0; i < 3; i++)
		if (texts[i]) {
			fx_put(&b, texts[i], strlen(texts[i]));
			fx_put_zero(&b, 3);
		}
	return b;
}

static int read_bytes(const void *data, size_t len, struct dg_uki *u)
{
	int fd = memfd_create("uki", 0), r;

	assert_int_equal(write(fd, data, len), len);
	r = dg_uki_read(fd, u);
	close(fd);
	return r;
}

static int read_hostile(const void *data, size_t len)
{
	struct dg_uki u;
	int r = read_bytes(data, len, &u);

	if (r == 0)
		dg_uki_free(&u);
	return r;
}

static void test_uki(void **state)
{
	struct fx_bytes b = make_pe("6.1.0-1-amd64\n", "ID=no\nIMAGE_ID='os'\nXID=1\nVERSION_ID=\"12\"\n", "kernel");
	struct dg_uki u;

	(void)state;
	assert_int_equal(read_bytes(b.data, b.len, &u), 0);
	assert_string_equal(u.release, "6.1.0-1-amd64");
	assert_string_equal(u.sort_key, "os");
	assert_string_equal(u.version, "12");
	dg_uki_free(&u);
	/* Cut anywhere, and with any byte another, it is read or refused. */
	for (size_t len = 0; len < b.len - 12; len++)
		assert_int_not_equal(read_hostile(b.data, len), 0);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0xff;
		(void)read_hostile(b.data, b.len);
		b.data[i] ^= 0xff;
	}
	fx_free(&b);
	b = make_pe("6.1", "ID=x\n", NULL);
	assert_int_equal(read_bytes(b.data, b.len, &u), -ENODATA);
	fx_free(&b);
	b = make_pe(NULL, NULL, "no kernel either");
	assert_int_equal(read_bytes(b.data, b.len, &u), 0);
	assert_null(u.release);
	assert_null(u.sort_key);
	dg_uki_free(&u);
	fx_free(&b);
}

static void test_efivars(void **state)
{
	static const char at[] = "/sys/firmware/efi/efivars/LoaderInfo-" DG_EFI_LOADER;
	static const char number[] = "/sys/firmware/efi/efivars/BootNext-" DG_EFI_GLOBAL;
	char *text = NULL;
	unsigned int n = 0;

	assert_int_equal(dg_efivar_string(*state, DG_EFI_LOADER, "LoaderInfo", &text), -ENOENT);
	fx_write(*state, at, "\7\0\0\0s\0d\0\n\0\x20\xac\0\0x\0", 16);
	assert_int_equal(dg_efivar_string(*state, DG_EFI_LOADER, "LoaderInfo", &text), 0);
	assert_string_equal(text, "sd??");
	free(text);
	fx_write(*state, at, "\7\0\0\0s\0d", 7);
	assert_int_equal(dg_efivar_string(*state, DG_EFI_LOADER, "LoaderInfo", &text), 0);
	assert_string_equal(text, "s");
	free(text);
	fx_write(*state, at, "\7\0", 2);
	assert_int_equal(dg_efivar_string(*state, DG_EFI_LOADER, "LoaderInfo", &text), -ENOENT);
	fx_write(*state, number, "\7\0\0\0\x34\x12", 6);
	assert_int_equal(dg_efivar_number(*state, DG_EFI_GLOBAL, "BootNext", &n), 0);
	assert_int_equal(n, 0x1234);
	fx_write(*state, number, "\7\0\0\0\x34", 5);
	assert_int_equal(dg_efivar_number(*state, DG_EFI_GLOBAL, "BootNext", &n), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bls_parse),
		cmocka_unit_test(test_bls_name),
		cmocka_unit_test(test_bls_order_systemd_boot),
		cmocka_unit_test(test_bls_order_grub),
		FX_TEST(test_bls_directory),
		cmocka_unit_test(test_bls_loader_conf),
		cmocka_unit_test(test_uki),
		FX_TEST(test_efivars),
	};

	return cmocka_run_group_tests_name("bls", tests, NULL, NULL);
}
