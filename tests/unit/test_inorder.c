// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <stdatomic.h>

#include "lib/inorder.h"

struct counts {
	atomic_int begun, finished, open;
};

struct result {
	size_t i, square;
	const char *text; /* in the room */
};

static atomic_int dropped;

static void begin(size_t i, void *result, struct dg_arena *room, void *data)
{
	struct counts *c = data;
	struct result *r = result;
	char *text;

	assert_int_equal(r->i, 0);
	assert_null(r->text);
	text = dg_arena_take(room, 16 + i % 1000 * 3000);
	assert_non_null(text);
	snprintf(text, 16, "%zu", i);
	*r = (struct result){ .i = i + 1, .text = text };
	c->begun++;
}

static void finish(size_t i, void *result, void *data)
{
	struct counts *c = data;
	struct result *r = result;

	assert_true(c->open);
	assert_int_equal(r->i, i + 1);
	assert_int_equal(strtoul(r->text, NULL, 10), i);
	r->square = i * i;
	c->finished++;
}

static void drop(void *result)
{
	assert_true(((struct result *)result)->i > 0);
	dropped++;
}

/* From none at all to more than are held at a time, opened at once or when all that may be are begun. */
static void test_inorder_results(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		useconds_t wait;
	} cases[] = { { "none", 0, 0 },		  { "one", 1, 0 },     { "few", 8, 0 },
		      { "some", 9, 0 },		  { "many", 5000, 0 }, { "begun first", 5000, 50000 },
		      { "few, late", 200, 50000 } };

	(void)state;
	FX_CASE(c, cases)
	{
		struct counts counts = { 0 };
		const struct dg_work work = { c->n, sizeof(struct result), begin, finish, drop, &counts };
		struct dg_inorder *o;

		fx_int(dg_inorder_new(&work, &o), 0);
		usleep(c->wait);
		assert_int_equal(counts.finished, 0);
		counts.open = true;
		dg_inorder_open(o);
		for (size_t i = 0; i < c->n; i++) {
			struct result r;

			dg_inorder_next(o, &r);
			assert_int_equal(r.square, i * i);
		}
		dg_inorder_free(o);
		fx_int(counts.begun, (int)c->n);
		fx_int(counts.finished, (int)c->n);
	}
	assert_int_equal(dropped, 0);
}

/* Whatever was begun and not taken is let go of, opened or not. */
static void test_inorder_ends_early(void **state)
{
	(void)state;
	for (int taken = -1; taken < 30; taken++) {
		struct counts counts = { 0 };
		const struct dg_work work = { 3000, sizeof(struct result), begin, finish, drop, &counts };
		struct dg_inorder *o;
		struct result r;

		dropped = 0;
		assert_int_equal(dg_inorder_new(&work, &o), 0);
		if (taken >= 0) {
			counts.open = true;
			dg_inorder_open(o);
		}
		for (int i = 0; i < taken; i++)
			dg_inorder_next(o, &r);
		dg_inorder_free(o);
		assert_int_equal(counts.begun, dropped + (taken > 0 ? taken : 0));
	}
	dg_inorder_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { FX_TEST(test_inorder_results), FX_TEST(test_inorder_ends_early) };

	return cmocka_run_group_tests_name("inorder", tests, NULL, NULL);
}
