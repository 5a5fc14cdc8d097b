// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/cachefile.h"
#include "lib/exporters.h"

#define R FX_RELEASE
#define MODULES "/lib/modules/" R
#define CACHE "modules-" R

static void install(const char *root, const char *path, const char *name, const char *symbol, uint32_t crc)
{
	const struct fx_symbol exports[] = { { .name = symbol, .crc = crc }, { 0 } };
	struct fx_module m = fx_module_good(name);

	m.exports = exports;
	fx_install_module(root, path, &m);
}

static void make_tree(const char *root)
{
	assert_int_equal(dg_tree_remove(root), 0);
	fx_mkdir("", root);
	fx_install_kernel(root, R);
	fx_mkdir(root, "/var/cache/drvguard");
	install(root, MODULES "/kernel/a.ko", "a", "of_a", 1);
	install(root, MODULES "/updates/b.ko", "b", "of_b", 2);
	fx_depmod(root, R);
}

/* The CRC that @symbol has now, by @x or by one made for it; 0: nobody exports it. */
static uint32_t ask(const char *root, struct dg_exporters *x, const char *symbol)
{
	const struct dg_export_entry *e;
	struct dg_exporters *own = NULL;
	uint32_t crc;

	if (!x)
		assert_int_equal(dg_exporters_new(root, R, fx_at(root, MODULES), &own), 0);
	e = dg_exporters_find(x ? x : own, symbol, dg_symbol_hash(symbol));
	crc = e ? e->crc : 0;
	dg_exporters_free(own);
	return crc;
}

static void test_exporters_find_each(void **state)
{
	const struct dg_export_entry *e;
	struct dg_exporters *x;

	make_tree(*state);
	assert_int_equal(dg_exporters_new(*state, R, fx_at(*state, MODULES), &x), 0);
	assert_null(dg_exporters_find_read(x, "of_a", dg_symbol_hash("of_a"), 0));
	e = dg_exporters_find(x, "of_a", dg_symbol_hash("of_a"));
	assert_non_null(e);
	assert_string_equal(e->owner, "a");
	assert_int_equal(e->crc, 1);
	assert_string_equal(e->exporter->path, fx_at(*state, MODULES "/kernel/a.ko"));
	assert_false(e->exporter->outside);
	assert_ptr_equal(dg_exporters_find_read(x, "of_a", dg_symbol_hash("of_a"), 0), e);
	assert_null(dg_exporters_find_read(x, "of_a", dg_symbol_hash("of_a"), 1));
	assert_null(dg_exporters_find_read(x, "of_b", dg_symbol_hash("of_b"), 0));
	e = dg_exporters_find(x, "of_b", dg_symbol_hash("of_b"));
	assert_true(e && e->exporter->outside);
	assert_null(dg_exporters_find(x, "of_nobody", dg_symbol_hash("of_nobody")));
	dg_exporters_free(x);
}

/* Both are exported by two; which module answers is the index's to say, not that of who was asked for first. */
static void test_exporters_find_any_order(void **state)
{
	static const char *const orders[][3] = { { "both", "of_c", "of_d" },
						 { "of_c", "of_d", "both" },
						 { "of_d", "of_c", "both" } };
	const struct fx_symbol c[] = { { .name = "of_c", .crc = 3 }, { .name = "both", .crc = 33 }, { 0 } };
	const struct fx_symbol d[] = { { .name = "of_d", .crc = 4 }, { .name = "both", .crc = 44 }, { 0 } };
	struct fx_module m = fx_module_good("c");
	uint32_t first = 0;

	make_tree(*state);
	m.exports = c;
	fx_install_module(*state, MODULES "/kernel/c.ko", &m);
	m = fx_module_good("d");
	m.exports = d;
	fx_install_module(*state, MODULES "/kernel/d.ko", &m);
	fx_depmod(*state, R);
	for (size_t i = 0; i < DG_ARRAY_SIZE(orders); i++) {
		struct dg_exporters *x;
		uint32_t crc;

		assert_int_equal(dg_exporters_new(*state, R, fx_at(*state, MODULES), &x), 0);
		for (size_t k = 0; k < 3; k++)
			assert_true(ask(*state, x, orders[i][k]));
		crc = ask(*state, x, "both");
		assert_true(crc == 33 || crc == 44);
		assert_true(i == 0 || crc == first);
		first = crc;
		assert_non_null(dg_exporters_find_read(x, "both", dg_symbol_hash("both"), 1));
		dg_exporters_free(x);
	}
}

/* In what is kept @from is made @to, with a digest that fits: what then answers came from there. */
static void forge(const char *root, const char *from, const char *to)
{
	size_t len;
	dg_auto_free char *text = dg_cachefile_read(root, CACHE, &len);
	char *at = text ? strstr(text, from) : NULL;

	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	dg_cachefile_write(root, CACHE, text, len);
}

/* Kept, once nothing has changed for a while; and whatever is not as it was is read again. */
static void test_exporters_kept(void **state)
{
	make_tree(*state);
	assert_int_equal(ask(*state, NULL, "of_a"), 1);
	/* It may change again within the same tick. */
	assert_int_not_equal(access(fx_at(*state, "/var/cache/drvguard/" CACHE), F_OK), 0);
	sleep(4);
	assert_int_equal(ask(*state, NULL, "of_a"), 1);
	forge(*state, "0x00000001\tof_a", "0x00000009\tof_a");
	assert_int_equal(ask(*state, NULL, "of_a"), 9);
	/* Another that is asked for is added. */
	assert_int_equal(ask(*state, NULL, "of_b"), 2);
	forge(*state, "0x00000002\tof_b", "0x00000008\tof_b");
	assert_int_equal(ask(*state, NULL, "of_b"), 8);
	assert_int_equal(ask(*state, NULL, "of_a"), 9);

	/* Rebuilt in place, removed, added. */
	install(*state, MODULES "/kernel/a.ko", "a", "of_a", 5);
	assert_int_equal(ask(*state, NULL, "of_a"), 5);
	assert_int_equal(ask(*state, NULL, "of_b"), 8);
	install(*state, MODULES "/kernel/a.ko", "a", "of_c", 6);
	assert_int_equal(ask(*state, NULL, "of_a"), 0);
	assert_int_equal(ask(*state, NULL, "of_c"), 6);
	assert_int_equal(unlink(fx_at(*state, MODULES "/updates/b.ko")), 0);
	assert_int_equal(ask(*state, NULL, "of_b"), 0);
	install(*state, MODULES "/extra/d.ko", "d", "of_b", 7);
	assert_int_equal(ask(*state, NULL, "of_b"), 7);
	fx_depmod(*state, R);
	assert_int_equal(ask(*state, NULL, "of_b"), 7);
	assert_int_equal(ask(*state, NULL, "of_c"), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_exporters_find_each),
		FX_TEST(test_exporters_find_any_order),
		FX_TEST(test_exporters_kept),
	};

	return cmocka_run_group_tests_name("exporters", tests, NULL, NULL);
}
