// SPDX-License-Identifier: GPL-2.0-or-later
#include "signing.h"

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
	static const struct fx_symbol one[] = { { .name = "only_in_symvers", .crc = 0xbad }, { 0 } };
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

/* The kernel's own exporter module: modules.symbols leads to it. */
static void test_kernel_export_of_module(void **state)
{
	static const struct fx_symbol exports[] = {
		{ .name = "from_module", .crc = 0x0badcafe },
		{ .name = "for_gpl", .crc = 0x12345678, .gpl = true, .ns = "SPACE" },
		{ 0 },
	};
	static const struct {
		const char *name;
		enum fx_export_form form;
		bool has_crc;
	} cases[] = {
		{ "6.1", FX_EXPORT_RELATIVE, true },
		{ "5.10", FX_EXPORT_ABSOLUTE_CRCS, true },
		{ "without CONFIG_MODVERSIONS", FX_EXPORT_NO_CRCS, false },
	};

	FX_CASE(c, cases)
	{
		struct fx_module m = fx_module_good("exporter");
		const struct dg_export_entry *e;
		struct dg_kernel *k;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_install_kernel(*state, R);
		m.exports = exports;
		m.export_form = c->form;
		fx_install_module(*state, "/lib/modules/" R "/kernel/exporter.ko", &m);
		fx_text(*state, "/lib/modules/" R "/modules.order", "kernel/exporter.ko\n");
		fx_depmod(*state, R);
		fx_int(dg_kernel_open(*state, R, &k, NULL), 0);
		fx_int(dg_kernel_exports(k, NULL), 0);
		e = dg_kernel_export(k, "from_module");
		assert_non_null(e);
		fx_str(e->owner, "exporter");
		fx_str(e->ns, "");
		fx_int(e->gpl_only, false);
		fx_int(e->has_crc, c->has_crc);
		fx_int(e->crc, c->has_crc ? 0x0badcafe : 0);
		e = dg_kernel_export(k, "for_gpl");
		assert_non_null(e);
		fx_str(e->ns, "SPACE");
		fx_int(e->gpl_only, true);
		fx_int(e->crc, c->has_crc ? 0x12345678 : 0);
		assert_null(dg_kernel_export(k, "from_nobody"));
		dg_kernel_free(k);
	}
}

/* Policy: from its configuration wherever that lies; none at hand is the stricter answer. */
static void test_kernel_reference_policy(void **state)
{
	static const struct {
		const char *name, *path, *config;
		bool force_load, sig_force, allow_missing_ns;
	} cases[] = {
		{ "no configuration", NULL, NULL, false, false, false },
		{ "empty", "/boot/config-" R, "", false, false, false },
		{ "all", "/boot/config-" R,
		  "CONFIG_MODULE_FORCE_LOAD=y\nCONFIG_MODULE_SIG_FORCE=y\n"
		  "CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS=y\n",
		  true, true, true },
		{ "unset", "/boot/config-" R,
		  "# CONFIG_MODULE_FORCE_LOAD is not set\nCONFIG_MODULE_SIG_FORCE=n\n"
		  "#CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS=y\n",
		  false, false, false },
		{ "like it", "/boot/config-" R,
		  "XCONFIG_MODULE_FORCE_LOAD=y\nCONFIG_MODULE_SIG_FORCE=yes\nCONFIG_MODULE_FORCE_LOAD=yy", false, false,
		  false },
		{ "behind one like it", "/boot/config-" R, "CONFIG_MODULE_FORCE_LOAD=yes\nCONFIG_MODULE_FORCE_LOAD=y",
		  true, false, false },
		{ "with its modules", "/lib/modules/" R "/config", "CONFIG_MODULE_SIG_FORCE=y\n", false, true, false },
		{ "in its build tree", "/lib/modules/" R "/build/.config", "CONFIG_MODULE_FORCE_LOAD=y\n", true, false,
		  false },
	};

	FX_CASE(c, cases)
	{
		struct dg_kernel *k;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_install_kernel(*state, R);
		if (c->path)
			fx_text(*state, c->path, c->config);
		fx_int(dg_kernel_open(*state, R, &k, NULL), 0);
		fx_int(dg_kernel_reference(k, NULL), 0);
		fx_int(k->policy.force_load, c->force_load);
		fx_int(k->policy.sig_force, c->sig_force);
		fx_int(k->policy.allow_missing_ns, c->allow_missing_ns);
		dg_kernel_free(k);
	}
}

/* Asked for at boot: counts for the kernel that runs in the root, no other. */
static void test_kernel_reference_enforces_now(void **state)
{
	static const struct {
		const char *name, *running, *enforce;
		bool expected;
	} cases[] = {
		{ "running, enforced", R "\n", "Y\n", true },
		{ "running, not enforced", R "\n", "N\n", false },
		{ "another runs", "6.1.0-2-test\n", "Y\n", false },
		{ "unknown", R "\n", NULL, false },
		{ "nothing runs", NULL, "Y\n", false },
	};

	FX_CASE(c, cases)
	{
		struct dg_kernel *k;

		assert_int_equal(dg_tree_remove(*state), 0);
		fx_mkdir("", *state);
		fx_install_kernel(*state, R);
		if (c->running)
			fx_text(*state, "/proc/sys/kernel/osrelease", c->running);
		if (c->enforce)
			fx_text(*state, "/sys/module/module/parameters/sig_enforce", c->enforce);
		fx_int(dg_kernel_open(*state, R, &k, NULL), 0);
		fx_int(dg_kernel_reference(k, NULL), 0);
		fx_int(k->policy.sig_force, c->expected);
		dg_kernel_free(k);
	}
}

static void test_kernel_at_least_releases(void **state)
{
	static const struct {
		const char *name; /* the release */
		unsigned int major, minor;
		bool expected;
	} cases[] = {
		{ "6.14.0-1", 6, 14, true },   { "6.13.9", 6, 14, false },
		{ "6.2.0", 6, 14, false },     { "6.15-rc1", 6, 14, true },
		{ "5.15.0", 6, 4, false },     { "10.0", 6, 14, true },
		{ "6.4-test", 6, 4, true },    { "6.12.117+deb12-amd64", 6, 9, true },
		{ "unnumbered", 6, 4, false }, { "6", 6, 0, false },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		const struct dg_kernel k = { .release = (char *)(uintptr_t)c->name };

		fx_int(dg_kernel_at_least(&k, c->major, c->minor), c->expected);
	}
}

static void install_with_key(const char *root, const struct fx_symbol *exports)
{
	struct fx_signer signer = fx_signer_new(EVP_RSA_gen(2048), 1);
	struct fx_bytes init = { 0 }, b;
	const struct fx_vmlinux v = { .plain = exports, .init_data = &init };

	fx_put_cert(&init, &signer);
	b = fx_vmlinux_build(&v);
	fx_write(root, "/boot/vmlinux-" R, b.data, b.len);
	fx_free(&b);
	fx_free(&init);
	fx_signer_free(&signer);
}

static void test_kernel_exports_keys(void **state)
{
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	install_with_key(*state, fx_symbols);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	/* The build-id alone brings no keys, and does not keep them from coming later. */
	assert_int_equal(dg_kernel_build_id(k, NULL), -ENODATA);
	assert_int_equal(dg_keys_count(k->keys), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), 0);
	assert_int_equal(dg_keys_count(k->keys), 1);
	dg_kernel_free(k);
}

/* Failing, and asked again: what the first reading left is neither lost nor doubled. */
static void test_kernel_exports_keys_asked_again(void **state)
{
	struct dg_kernel *k;

	fx_install_kernel(*state, R);
	install_with_key(*state, NULL);
	assert_int_equal(dg_kernel_open(*state, R, &k, NULL), 0);
	assert_int_equal(dg_kernel_exports(k, NULL), -ENODATA);
	assert_int_equal(dg_kernel_exports(k, NULL), -ENODATA);
	assert_true(dg_keys_count(k->keys) <= 1);
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
		FX_TEST(test_kernel_reference_policy),
		FX_TEST(test_kernel_reference_enforces_now),
		FX_TEST(test_kernel_at_least_releases),
		FX_TEST(test_kernel_exports_keys),
		FX_TEST(test_kernel_exports_keys_asked_again),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
