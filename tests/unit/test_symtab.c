// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/symtab.h"

static void test_symtab_find_added(void **state)
{
	struct dg_symtab *t;
	char name[] = "kfree", owner[] = "vmlinux", ns[] = "SPACE";
	const struct dg_export_entry *e;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	assert_int_equal(dg_symtab_count(t), 0);
	assert_null(dg_symtab_find(t, "kfree"));
	assert_int_equal(
		dg_symtab_add(
			t,
			&(struct dg_export_entry){
				.name = name, .owner = owner, .ns = ns, .crc = 7, .has_crc = true, .gpl_only = true }),
		0);
	/* It owns its strings. */
	memset(name, 'x', strlen(name));
	memset(owner, 'x', strlen(owner));
	memset(ns, 'x', strlen(ns));
	e = dg_symtab_find(t, "kfree");
	assert_non_null(e);
	assert_string_equal(e->name, "kfree");
	assert_string_equal(e->owner, "vmlinux");
	assert_string_equal(e->ns, "SPACE");
	assert_int_equal(e->crc, 7);
	assert_true(e->has_crc);
	assert_true(e->gpl_only);
	assert_null(dg_symtab_find(t, "kfre"));
	assert_null(dg_symtab_find(t, ""));
	dg_symtab_free(t);
}

static void test_symtab_add_first_stays(void **state)
{
	struct dg_symtab *t;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	assert_int_equal(
		dg_symtab_add(t, &(struct dg_export_entry){ .name = "a", .owner = "first", .crc = 1, .has_crc = true }),
		0);
	assert_int_equal(
		dg_symtab_add(t,
			      &(struct dg_export_entry){ .name = "a", .owner = "second", .crc = 2, .has_crc = true }),
		0);
	assert_int_equal(dg_symtab_count(t), 1);
	assert_int_equal(dg_symtab_find(t, "a")->crc, 1);
	assert_string_equal(dg_symtab_find(t, "a")->owner, "first");
	dg_symtab_free(t);
}

/* Past the first size, so that it widens; owners that alternate. */
static void test_symtab_add_many(void **state)
{
	const uint32_t many = 60000;
	struct dg_symtab *t;
	char name[32];

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	for (uint32_t i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "symbol_%u", i);
		assert_int_equal(dg_symtab_add(t, &(struct dg_export_entry){ .name = name,
									     .owner = i & 1 ? "odd" : "even",
									     .ns = i % 5 ? NULL : "FIVE",
									     .crc = i,
									     .has_crc = (i % 3) != 0,
									     .gpl_only = (i % 7) == 0 }),
				 0);
	}
	assert_int_equal(dg_symtab_count(t), many);
	for (uint32_t i = 0; i < many; i++) {
		const struct dg_export_entry *e;

		snprintf(name, sizeof(name), "symbol_%u", i);
		e = dg_symtab_find(t, name);
		assert_non_null(e);
		assert_string_equal(e->name, name);
		assert_int_equal(e->crc, i);
		assert_string_equal(e->owner, i & 1 ? "odd" : "even");
		assert_int_equal(e->has_crc, (i % 3) != 0);
		assert_int_equal(e->gpl_only, (i % 7) == 0);
		assert_string_equal(e->ns, i % 5 ? "" : "FIVE");
	}
	assert_null(dg_symtab_find(t, "symbol_60000"));
	dg_symtab_free(t);
}

static void test_symtab_add_longer_than_block(void **state)
{
	struct dg_symtab *t;
	char *name = malloc(200001);

	(void)state;
	assert_non_null(name);
	memset(name, 'n', 200000);
	name[200000] = '\0';
	assert_int_equal(dg_symtab_new(&t), 0);
	assert_int_equal(
		dg_symtab_add(t, &(struct dg_export_entry){ .name = "short", .owner = "o", .crc = 1, .has_crc = true }),
		0);
	assert_int_equal(
		dg_symtab_add(t, &(struct dg_export_entry){ .name = name, .owner = "o", .crc = 2, .has_crc = true }),
		0);
	assert_int_equal(
		dg_symtab_add(t, &(struct dg_export_entry){ .name = "after", .owner = "p", .crc = 3, .has_crc = true }),
		0);
	assert_int_equal(dg_symtab_find(t, name)->crc, 2);
	assert_string_equal(dg_symtab_find(t, "after")->owner, "p");
	assert_string_equal(dg_symtab_find(t, "short")->name, "short");
	free(name);
	dg_symtab_free(t);
}

static void test_symtab_free_null(void **state)
{
	struct dg_symtab *t = NULL;

	(void)state;
	dg_symtab_free(NULL);
	dg_symtab_freep(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symtab_find_added), cmocka_unit_test(test_symtab_add_first_stays),
		cmocka_unit_test(test_symtab_add_many),	  cmocka_unit_test(test_symtab_add_longer_than_block),
		cmocka_unit_test(test_symtab_free_null),
	};

	return cmocka_run_group_tests_name("symtab", tests, NULL, NULL);
}
