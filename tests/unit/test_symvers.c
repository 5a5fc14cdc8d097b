// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "lib/symvers.h"

#define GOOD                                                                                                           \
	"0x92997ed8\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n"                                                              \
	"0x037a0cba\tkfree\tvmlinux\tEXPORT_SYMBOL_GPL\tNAMESPACE\n"                                                   \
	"0x00000000\tno_crc\tdrivers/net/dummy\tEXPORT_SYMBOL\n"                                                       \
	"0xffffffff\tlast\tvmlinux\tEXPORT_SYMBOL"

static int parse(const void *data, size_t len, struct dg_symtab *t, struct dg_diag *d)
{
	char *copy = malloc(len + 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	copy[len] = '\0';
	r = dg_symvers_parse(copy, len, t, d);
	free(copy);
	return r;
}

static void test_symvers_parse_good(void **state)
{
	struct dg_diag d = { 0 };
	struct dg_symtab *t;
	const struct dg_export_entry *e;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	assert_int_equal(parse(GOOD, strlen(GOOD), t, &d), 0);
	assert_int_equal(dg_symtab_count(t), 4);
	e = dg_symtab_find(t, "_printk");
	assert_int_equal(e->crc, 0x92997ed8);
	assert_true(e->has_crc);
	assert_string_equal(e->owner, "vmlinux");
	assert_string_equal(e->ns, "");
	assert_false(e->gpl_only);
	e = dg_symtab_find(t, "kfree");
	assert_true(e->gpl_only);
	assert_string_equal(e->ns, "NAMESPACE");
	e = dg_symtab_find(t, "no_crc");
	assert_false(e->has_crc);
	assert_string_equal(e->owner, "drivers/net/dummy");
	e = dg_symtab_find(t, "last");
	assert_int_equal(e->crc, 0xffffffff);
	assert_string_equal(e->ns, "");
	assert_false(e->gpl_only);
	dg_symtab_free(t);
}

static void test_symvers_parse_bad_lines(void **state)
{
	static const struct {
		const char *name, *input;
		int expected;
		const char *line; /* in the diag */
	} cases[] = {
		{ "empty", "", 0, NULL },
		{ "no owner", "0x00000001\tkfree\n", -EBADMSG, "line 1" },
		{ "no symbol", "0x00000001\t\tvmlinux\tEXPORT_SYMBOL\n", -EBADMSG, "line 1" },
		{ "blanks for tabs", "0x00000001 kfree vmlinux EXPORT_SYMBOL\n", -EBADMSG, "line 1" },
		{ "text", "not a symvers file\n", -EBADMSG, "line 1" },
		{ "second line", "0x00000001\ta\tvmlinux\tEXPORT_SYMBOL\nxyz\n", -EBADMSG, "line 2" },
		{ "blank line", "0x00000001\ta\tvmlinux\tEXPORT_SYMBOL\n\n", -EBADMSG, "line 2" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_diag d = { 0 };
		struct dg_symtab *t;

		assert_int_equal(dg_symtab_new(&t), 0);
		fx_int(parse(c->input, strlen(c->input), t, &d), c->expected);
		if (c->line)
			assert_non_null(strstr(d.what, c->line));
		dg_symtab_free(t);
	}
}

/* Older kernels write fewer columns behind the owner. */
static void test_symvers_parse_class_and_namespace(void **state)
{
	static const struct {
		const char *name, *input;
		bool gpl_only;
		const char *ns;
	} cases[] = {
		{ "owner alone", "0x00000001\tkfree\tvmlinux\n", false, "" },
		{ "plain", "0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL\n", false, "" },
		{ "for GPL", "0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL_GPL\n", true, "" },
		{ "no namespace", "0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL_GPL\t\n", true, "" },
		{ "namespace", "0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL\tUSB_STORAGE\n", false, "USB_STORAGE" },
		{ "both", "0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL_GPL\tUSB_STORAGE", true, "USB_STORAGE" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		const struct dg_export_entry *e;
		struct dg_symtab *t;

		assert_int_equal(dg_symtab_new(&t), 0);
		fx_int(parse(c->input, strlen(c->input), t, NULL), 0);
		e = dg_symtab_find(t, "kfree");
		assert_non_null(e);
		fx_str(e->owner, "vmlinux");
		fx_int(e->gpl_only, c->gpl_only);
		fx_str(e->ns, c->ns);
		dg_symtab_free(t);
	}
}

/* A damaged CRC must not pass for "this export has none", which would let any driver match. */
static void test_symvers_parse_bad_crc(void **state)
{
	static const struct {
		const char *name, *input;
	} cases[] = {
		{ "none", "\tkfree\tvmlinux\tEXPORT_SYMBOL\n" },
		{ "blank and another field", "\tabc\tkfree\tvmlinux\n" },
		{ "too wide", "0x123456789\tkfree\tvmlinux\tEXPORT_SYMBOL\n" },
		{ "a sign", "-0x1\tkfree\tvmlinux\tEXPORT_SYMBOL\n" },
		{ "a blank before", " 0x00000001\tkfree\tvmlinux\tEXPORT_SYMBOL\n" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_symtab *t;

		assert_int_equal(dg_symtab_new(&t), 0);
		fx_int(parse(c->input, strlen(c->input), t, NULL), -EBADMSG);
		dg_symtab_free(t);
	}
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	struct dg_symtab *t = arg;
	int r = parse(data, len, t, NULL);

	assert_true(r == 0 || r == -EBADMSG);
}

static void test_symvers_parse_hostile(void **state)
{
	const struct fx_bytes b = { (unsigned char *)(uintptr_t)GOOD, strlen(GOOD) };
	struct dg_symtab *t;

	(void)state;
	assert_int_equal(dg_symtab_new(&t), 0);
	fx_hostile(&b, 4096, hostile, t);
	dg_symtab_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symvers_parse_good),
		cmocka_unit_test(test_symvers_parse_bad_lines),
		cmocka_unit_test(test_symvers_parse_class_and_namespace),
		cmocka_unit_test(test_symvers_parse_bad_crc),
		cmocka_unit_test(test_symvers_parse_hostile),
	};

	return cmocka_run_group_tests_name("symvers", tests, NULL, NULL);
}
