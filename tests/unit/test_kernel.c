// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/kernel.h"
#include "lib/kimage.h"

#define R FX_RELEASE

static void test_kernel_open_parts(void **state)
{
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_string_equal(k->release, R);
	assert_string_equal(k->modules_dir, fx_at(*state, "/lib/modules/" R));
	assert_string_equal(k->image, fx_at(*state, "/boot/vmlinux-" R));
	assert_null(k->symvers);
	assert_string_equal(k->version, "");
	assert_string_equal(k->level.vendor, "mainline");
	dg_kernel_free(k);
}

static void test_kernel_open_errors(void **state)
{
	static const struct {
		const char *name; /* the release */
		int expected;
	} cases[] = {
		{ "", -EINVAL },      { "..", -EINVAL },    { "a/b", -EINVAL },
		{ "6.1 x", -EINVAL }, { "9.9.9", -ENOENT }, { "leftover", -ENOENT },
	};

	/* A tree that holds only what a person or drvguard put there is no kernel. */
	fx_text(*state, "/lib/modules/leftover/updates/x.ko", "");
	FX_CASE(c, cases)
	{
		struct dg_kernel *k = (struct dg_kernel *)1;
		struct dg_diag d = { 0 };

		fx_int(dg_kernel_open(*state, c->name, &k, &d), c->expected);
		fx_str(d.where, c->name);
		assert_ptr_equal(k, (struct dg_kernel *)1);
	}
}

/* The version, and with it the level, from the image's banner. */
static void test_kernel_open_banner(void **state)
{
	const struct fx_vmlinux v = { .plain = fx_symbols, .build_id = FX_KERNEL_ID };
	struct fx_bytes b = fx_vmlinux_build(&v), packed = fx_pack("xz", b.data, b.len), image;
	struct dg_kernel *k;

	image = fx_bzimage(&packed, "6.1.0-56-amd64 (x@y) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-10)", true);
	fx_write(*state, "/boot/vmlinuz-6.1.0-56-amd64", image.data, image.len);
	assert_int_equal(dg_kernel_open(*state, "6.1.0-56-amd64", &k, NULL), 0);
	assert_null(k->modules_dir);
	assert_string_equal(k->version, "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-10)");
	assert_string_equal(k->level.tl, "56");
	assert_string_equal(k->level.sp, "6.1.192-2");
	assert_int_equal(dg_kernel_build_id(k, NULL), 0);
	assert_string_equal(k->build_id, fx_hex(FX_KERNEL_ID));
	assert_int_equal(dg_kernel_reference(k, NULL), -ENOENT);
	dg_kernel_free(k);
	fx_free(&b);
	fx_free(&packed);
	fx_free(&image);
}

static void test_kernel_list_order(void **state)
{
	char **v;

	fx_text(*state, "/boot/vmlinuz-6.1.0-10-test", "x");
	fx_text(*state, "/boot/vmlinuz-6.1.0-9-test", "x");
	fx_text(*state, "/boot/vmlinuz-6.1.0-9-test.old name", "x");
	fx_text(*state, "/lib/modules/6.1.0-9-test/modules.dep", "");
	fx_text(*state, "/lib/modules/6.12.1/kernel/x", "");
	fx_text(*state, "/lib/modules/leftover/updates/x.ko", "");
	assert_int_equal(dg_kernel_list(*state, &v), 0);
	assert_string_equal(v[0], "6.1.0-9-test");
	assert_string_equal(v[1], "6.1.0-10-test");
	assert_string_equal(v[2], "6.12.1");
	assert_null(v[3]);
	dg_strv_free(v);
}

static void test_kernel_list_none(void **state)
{
	char **v;

	assert_int_equal(dg_kernel_list(*state, &v), 0);
	assert_null(v[0]);
	dg_strv_free(v);
}

static void test_kernel_reference_learns(void **state)
{
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	/* Read in some order; one that is damaged does not matter. */
	fx_text(*state, "/lib/modules/" R "/kernel/a-damaged.ko", "not a module");
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_reference(k, NULL), 0);
	assert_string_equal(k->vermagic, FX_VERMAGIC);
	assert_int_equal(k->machine, EM_X86_64);
	assert_true(k->is64);
	assert_int_equal(k->module_size, 896);
	assert_int_equal(dg_kernel_reference(k, NULL), 0);
	dg_kernel_free(k);
}

static void test_kernel_reference_no_modules(void **state)
{
	struct dg_diag d = { 0 };
	struct dg_kernel *k;

	fx_text(*state, "/lib/modules/" R "/modules.dep", "");
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_reference(k, &d), -ENOENT);
	assert_true(d.what[0] && d.cure[0]);
	dg_kernel_free(k);
}

static void test_kernel_exports_from_image(void **state)
{
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	assert_string_equal(k->exports_from, k->image);
	assert_int_equal(dg_kernel_export(k, "kfree")->crc, 0x037a0cba);
	assert_null(dg_kernel_export(k, "none"));
	assert_string_equal(k->build_id, fx_hex(FX_KERNEL_ID));
	dg_kernel_free(k);
}

#define SYMVERS "0x12345678\tonly_in_symvers\tvmlinux\tEXPORT_SYMBOL\n"

static void test_kernel_exports_from_symvers(void **state)
{
	static const struct {
		const char *name, *packer;
	} cases[] = {
		{ "/lib/modules/" R "/build/Module.symvers", NULL },
		{ "/usr/src/linux-headers-" R "/Module.symvers", NULL },
		{ "/boot/symvers-" R ".gz", "gzip" },
		{ "/boot/symvers-" R ".xz", "xz" },
		{ "/lib/modules/" R "/symvers.zst", "zstd" },
	};

	FX_CASE(c, cases)
	{
		struct fx_bytes b = { 0 };
		struct dg_kernel *k;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_text(*state, "/lib/modules/" R "/modules.dep", "");
		if (c->packer)
			b = fx_pack(c->packer, SYMVERS, strlen(SYMVERS));
		else
			fx_put(&b, SYMVERS, strlen(SYMVERS));
		fx_write(*state, c->name, b.data, b.len);
		fx_free(&b);
		fx_int(dg_kernel_open(*state, R, &k, NULL), 0);
		fx_int(dg_kernel_exports(k, NULL), 0);
		fx_str(k->exports_from, fx_at(*state, c->name));
		fx_int(dg_symtab_find(k->exports, "only_in_symvers")->crc, 0x12345678);
		dg_kernel_free(k);
	}
}

/* An image of an unknown form, and symvers beside it. */
static void test_kernel_exports_image_then_symvers(void **state)
{
	struct dg_kernel *k;

	fx_text(*state, "/boot/vmlinuz-" R, "not a kernel of a known form");
	fx_text(*state, "/lib/modules/" R "/build/Module.symvers", SYMVERS);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	assert_string_equal(k->exports_from, k->symvers);
	dg_kernel_free(k);
}

/* What was read of a damaged image must not stand beside the symvers it is read from then. */
static void test_kernel_exports_damaged_image_then_symvers(void **state)
{
	static const struct fx_symbol one[] = { { "only_in_symvers", 0xbad, 0, 0 }, { 0 } };
	const struct fx_vmlinux v = { .plain = one, .gpl = one };
	struct fx_bytes b = fx_vmlinux_build(&v);
	struct dg_kernel *k;
	uint64_t shoff;

	/* __kcrctab_gpl, the fourth section, said to have two CRCs for one symbol. */
	memcpy(&shoff, b.data + 40, sizeof(shoff));
	fx_set_int(b.data + shoff + 4 * 64 + 32, 8, 8, false);
	fx_write(*state, "/boot/vmlinux-" R, b.data, b.len);
	fx_free(&b);
	fx_text(*state, "/lib/modules/" R "/build/Module.symvers", SYMVERS);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	assert_string_equal(k->exports_from, k->symvers);
	assert_int_equal(dg_symtab_find(k->exports, "only_in_symvers")->crc, 0x12345678);
	dg_kernel_free(k);
}

static void test_kernel_exports_errors(void **state)
{
	static const struct {
		const char *name, *image, *symvers;
		int expected;
	} cases[] = {
		{ "neither", NULL, NULL, -ENOENT },
		{ "bad image", "not a kernel", NULL, -EBADMSG },
		{ "bad symvers", NULL, "not a symvers file", -EBADMSG },
	};

	FX_CASE(c, cases)
	{
		struct dg_diag d = { 0 };
		struct dg_kernel *k;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_text(*state, "/lib/modules/" R "/modules.dep", "");
		if (c->image)
			fx_text(*state, "/boot/vmlinuz-" R, c->image);
		if (c->symvers)
			fx_text(*state, "/lib/modules/" R "/build/Module.symvers", c->symvers);
		fx_int(dg_kernel_open(*state, R, &k, NULL), 0);
		fx_int(dg_kernel_exports(k, &d), c->expected);
		assert_true(d.what[0] && d.cure[0]);
		assert_null(k->exports);
		dg_kernel_free(k);
	}
}

/* An image of a kernel without any export to be found. */
static void test_kernel_exports_nothing_exported(void **state)
{
	const struct fx_vmlinux v = { .build_id = FX_KERNEL_ID };
	struct fx_bytes b = fx_vmlinux_build(&v);
	struct dg_diag d = { 0 };
	struct dg_kernel *k;

	fx_write(*state, "/boot/vmlinux-" R, b.data, b.len);
	fx_free(&b);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, &d), -ENODATA);
	assert_true(d.what[0]);
	dg_kernel_free(k);
}

/* diag.h: "NULL: nothing is kept". */
static void test_kernel_exports_no_diag(void **state)
{
	struct dg_kernel *k;

	fx_text(*state, "/boot/vmlinuz-" R, "not a kernel");
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), -EBADMSG);
	dg_kernel_free(k);
}

static void test_kernel_build_id_none(void **state)
{
	struct dg_kernel *k;

	fx_install_image(*state, R, NULL);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_build_id(k, NULL), -ENODATA);
	dg_kernel_free(k);

	fx_text(*state, "/lib/modules/6.12/modules.dep", "");
	assert_int_equal(dg_kernel_open(*state, "6.12", &k, NULL), 0);
	assert_int_equal(dg_kernel_build_id(k, NULL), -ENODATA);
	dg_kernel_free(k);

	fx_text(*state, "/boot/vmlinuz-6.13", "not a kernel");
	assert_int_equal(dg_kernel_open(*state, "6.13", &k, NULL), 0);
	assert_int_equal(dg_kernel_build_id(k, NULL), -EBADMSG);
	dg_kernel_free(k);
}

/*
 * The kernel's own exporter module: modules.symbols leads to it. depmod makes a
 * symbol's alias from __crc_ and __ksymtab_ symbols alike.
 */
static void test_kernel_export_of_module(void **state)
{
	static const struct fx_symbol exports[] = { { "from_module", 0x0badcafe, 0, 0 }, { 0 } };
	struct fx_module m = fx_module_good("exporter");
	const struct dg_export_entry *e;
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	m.exports = exports;
	m.absolute_crcs = true;
	fx_install_module(*state, "/lib/modules/" R "/kernel/exporter.ko", &m);
	fx_text(*state, "/lib/modules/" R "/modules.order", "kernel/exporter.ko\n");
	fx_depmod(*state, R);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	e = dg_kernel_export(k, "from_module");
	assert_non_null(e);
	assert_string_equal(e->owner, "exporter");
	assert_int_equal(e->crc, 0x0badcafe);
	assert_null(dg_kernel_export(k, "from_nobody"));
	dg_kernel_free(k);
}

/* A kernel without CONFIG_MODVERSIONS: its modules' exports have no __crc_ symbols. */
static void test_kernel_export_of_module_without_crcs(void **state)
{
	static const struct fx_symbol exports[] = { { "from_module", 0, 0, 0 }, { 0 } };
	struct fx_module m = fx_module_good("exporter");
	const struct dg_export_entry *e;
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	m.exports = exports;
	m.bare_exports = true;
	m.no_versions = true;
	fx_install_module(*state, "/lib/modules/" R "/kernel/exporter.ko", &m);
	fx_depmod(*state, R);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	e = dg_kernel_export(k, "from_module");
	assert_non_null(e);
	assert_string_equal(e->owner, "exporter");
	assert_false(e->has_crc);
	dg_kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_kernel_open_parts),
		FX_TEST(test_kernel_open_errors),
		FX_TEST(test_kernel_open_banner),
		FX_TEST(test_kernel_list_order),
		FX_TEST(test_kernel_list_none),
		FX_TEST(test_kernel_reference_learns),
		FX_TEST(test_kernel_reference_no_modules),
		FX_TEST(test_kernel_exports_from_image),
		FX_TEST(test_kernel_exports_from_symvers),
		FX_TEST(test_kernel_exports_image_then_symvers),
		FX_TEST(test_kernel_exports_damaged_image_then_symvers),
		FX_TEST(test_kernel_exports_errors),
		FX_TEST(test_kernel_exports_nothing_exported),
		FX_TEST(test_kernel_exports_no_diag),
		FX_TEST(test_kernel_build_id_none),
		FX_TEST(test_kernel_export_of_module),
		FX_TEST(test_kernel_export_of_module_without_crcs),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
