// SPDX-License-Identifier: GPL-2.0-or-later
/* Reasons kept, named and told, with no file and no kernel. */
#include "fixture.h"

#include "lib/reasons.h"

static struct dg_judgement *empty(void)
{
	struct dg_judgement *j = calloc(1, sizeof(*j));

	assert_non_null(j);
	return j;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void test_reason_add_keeps(void **state)
{
	struct dg_judgement *j = empty();
	char symbol[] = "kfree", owner[] = "vmlinux";

	(void)state;
	assert_int_equal(dg_reason_add(j, DG_REASON_CRC, EINVAL, symbol, strdup("0x1"), strdup("0x2"), owner), 0);
	memset(symbol, 'x', strlen(symbol));
	memset(owner, 'x', strlen(owner));
	assert_int_equal(dg_reason_add(j, DG_REASON_SIGNATURE, 0, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(j->n_reasons, 2);
	assert_int_equal(j->reasons[0].kind, DG_REASON_CRC);
	assert_int_equal(j->reasons[0].err, EINVAL);
	assert_string_equal(j->reasons[0].symbol, "kfree");
	assert_string_equal(j->reasons[0].owner, "vmlinux");
	assert_string_equal(j->reasons[0].want, "0x1");
	assert_string_equal(j->reasons[0].have, "0x2");
	assert_null(j->reasons[1].symbol);
	assert_null(j->reasons[1].owner);
	assert_null(j->reasons[1].want);
	assert_null(j->reasons[1].have);
	dg_judgement_free(j);
}

/* The first with an errno gives the judgement its own. */
static void test_reason_add_errno(void **state)
{
	struct dg_judgement *j = empty();

	(void)state;
	assert_int_equal(dg_reason_add(j, DG_REASON_NO_VERSION, 0, "a", NULL, NULL, NULL), 0);
	assert_int_equal(j->err, 0);
	assert_int_equal(dg_reason_add(j, DG_REASON_VERMAGIC, ENOEXEC, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(j->err, ENOEXEC);
	assert_int_equal(dg_reason_add(j, DG_REASON_MISSING, ENOENT, "b", NULL, NULL, NULL), 0);
	assert_int_equal(j->err, ENOEXEC);
	dg_judgement_free(j);
}

/* All of it comes from files, and goes to a terminal. */
static void test_reason_add_printable(void **state)
{
	struct dg_judgement *j = empty();

	(void)state;
	assert_int_equal(dg_reason_add(j, DG_REASON_CRC, EINVAL, "s\033", strdup("w\n"), strdup("h\x80"), "o\x7f"), 0);
	assert_string_equal(j->reasons[0].symbol, "s?");
	assert_string_equal(j->reasons[0].want, "w?");
	assert_string_equal(j->reasons[0].have, "h?");
	assert_string_equal(j->reasons[0].owner, "o?");
	dg_judgement_free(j);
}

static void test_judgement_free_null(void **state)
{
	struct dg_judgement *j = NULL;

	(void)state;
	dg_judgement_free(NULL);
	dg_judgement_freep(&j);
}

static void test_judgement_require_exact_of_each(void **state)
{
	static const struct {
		const char *name;
		enum dg_verdict verdict, expected;
		size_t reasons;
	} cases[] = {
		{ "exact", DG_VERDICT_EXACT, DG_VERDICT_EXACT, 0 },
		{ "kabi", DG_VERDICT_KABI, DG_VERDICT_REFUSED, 1 },
		{ "refused", DG_VERDICT_REFUSED, DG_VERDICT_REFUSED, 0 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_judgement *j = calloc(1, sizeof(*j));
		char cause[200];

		assert_non_null(j);
		j->verdict = c->verdict;
		fx_int(dg_judgement_require_exact(j), 0);
		fx_int(j->verdict, c->expected);
		fx_int(j->n_reasons, c->reasons);
		/* The kernel itself would take it. */
		fx_int(j->err, 0);
		dg_judgement_cause(j, cause, sizeof(cause));
		fx_int(strstr(cause, "requires exact") != NULL, c->reasons == 1);
		dg_judgement_free(j);
	}
}

static void test_names_are_distinct(void **state)
{
	(void)state;
	assert_string_equal(dg_verdict_name(DG_VERDICT_EXACT), "exact");
	assert_string_equal(dg_verdict_name(DG_VERDICT_KABI), "kabi");
	assert_string_equal(dg_verdict_name(DG_VERDICT_REFUSED), "refused");
	for (enum dg_reason_kind a = DG_REASON_SIGNATURE; a < DG_N_REASONS; a++)
		for (enum dg_reason_kind b = DG_REASON_SIGNATURE; b < a; b++)
			assert_string_not_equal(dg_reason_name(a), dg_reason_name(b));
}

/* Each kind alone, as a refusal. */
static void test_judgement_cause_each(void **state)
{
	static const struct {
		enum dg_reason_kind kind;
		const char *symbol, *want, *have, *name; /* the cause */
	} cases[] = {
		{ DG_REASON_SIGNATURE, NULL, "damaged", NULL, "its signature: damaged" },
		{ DG_REASON_ELF, NULL, "has no symbol table", NULL, "has no symbol table" },
		{ DG_REASON_ELF, "shared", "a common symbol", NULL, "a common symbol: shared" },
		{ DG_REASON_MACHINE, NULL, "s390x", "x86_64", "built for s390x, the kernel is x86_64" },
		{ DG_REASON_MODULE_SIZE, NULL, "1", "2", "struct module is 1 bytes in it, 2 in the kernel" },
		{ DG_REASON_LAYOUT, "module_layout", "0x1", "0x2",
		  "module_layout has CRC 0x1 in it, 0x2 in the kernel" },
		{ DG_REASON_VERMAGIC, NULL, "a", "b", "vermagic 'a', the kernel's is 'b'" },
		{ DG_REASON_VERMAGIC, NULL, NULL, "b", "has no vermagic" },
		{ DG_REASON_NO_VERSIONS, NULL, NULL, "0x2", "has no symbol versions" },
		{ DG_REASON_EXPORT_CRC, "own", NULL, NULL, "exports own without a version" },
		{ DG_REASON_MISSING, "gone", NULL, NULL, "1 symbol not exported, first gone" },
		{ DG_REASON_GPL, "for_gpl", NULL, NULL, "1 symbol for GPL modules only, first for_gpl" },
		{ DG_REASON_CRC, "kfree", "0x1", "0x2",
		  "1 symbol of another version, first kfree (0x1, the kernel has 0x2)" },
		{ DG_REASON_NO_VERSION, "kfree", NULL, "0x2", "1 symbol without a version, first kfree" },
		{ DG_REASON_NAMESPACE, "in_space", NULL, "SPACE",
		  "1 symbol of a namespace it does not import, first in_space (SPACE)" },
		{ DG_REASON_DEPENDENCY, "kfree", NULL, "a path",
		  "needs vmlinux, which would be refused itself: a path" },
		{ DG_REASON_DUPLICATE, "kfree", NULL, NULL, "exports 1 symbol the kernel has already, first kfree" },
		{ DG_REASON_EXTENDED, NULL, "unpaired", NULL, "its extended version tables are unpaired" },
		{ DG_REASON_COMPRESSION, NULL, "gzip", "kmod 30", "packed as gzip, which kmod 30 cannot unpack" },
	};
	/* Those told otherwise have tests of their own. */
	bool seen[DG_N_REASONS] = {
		[DG_REASON_REQUIRE] = true, [DG_REASON_BLACKLIST] = true, [DG_REASON_INSTALL] = true
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_judgement *j = empty();
		char cause[300], warned[300];

		seen[c->kind] = true;
		fx_int(dg_reason_add(j, c->kind, EINVAL, c->symbol, copy(c->want), copy(c->have),
				     c->kind == DG_REASON_DEPENDENCY ? "vmlinux" : NULL),
		       0);
		dg_judgement_cause(j, cause, sizeof(cause));
		fx_str(cause, c->name);
		/* The same where the kernel takes it. */
		j->err = j->reasons[0].err = 0;
		dg_judgement_cause(j, cause, sizeof(cause));
		snprintf(warned, sizeof(warned), "%s (which the kernel takes)", c->name);
		fx_str(cause, warned);
		dg_judgement_free(j);
	}
	for (size_t i = 0; i < DG_ARRAY_SIZE(seen); i++)
		assert_true(seen[i]);
}

/* modprobe's side is told of a refusal too, and is nothing that the kernel takes. */
static void test_judgement_cause_modprobe(void **state)
{
	static const struct {
		enum dg_reason_kind kind;
		const char *owner;
		int err;
		const char *name; /* and how it is told */
	} cases[] = {
		{ DG_REASON_BLACKLIST, NULL, 0, "blacklisted, udev and systemd-modules-load pass it over: a:1" },
		{ DG_REASON_BLACKLIST, NULL, EPERM, "blacklisted, the kernel itself refuses it: a:1" },
		{ DG_REASON_BLACKLIST, "llc", ENOENT, "needs llc, which the kernel refuses: a:1" },
		{ DG_REASON_INSTALL, NULL, 0, "modprobe runs a command instead of loading it: a:1" },
		{ DG_REASON_INSTALL, "llc", 0, "modprobe runs a command instead of loading llc: a:1" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct dg_judgement *j = empty();
		char cause[300], both[300];

		fx_int(dg_reason_add(j, c->kind, c->err, NULL, NULL, copy("a:1"), c->owner), 0);
		fx_int(dg_reason_is_modprobes(&j->reasons[0]), !c->err);
		dg_judgement_cause(j, cause, sizeof(cause));
		fx_str(cause, c->name);
		dg_judgement_modprobe_cause(j, cause, sizeof(cause));
		fx_str(cause, c->err ? "" : c->name);
		fx_int(dg_reason_add(j, DG_REASON_VERMAGIC, ENOEXEC, NULL, NULL, NULL, NULL), 0);
		dg_judgement_cause(j, cause, sizeof(cause));
		snprintf(both, sizeof(both), "has no vermagic; %s", c->name);
		fx_str(cause, both);
		dg_judgement_free(j);
	}
}

/* Of a refusal only what it is refused for is told; the same kind is counted; the loader's order. */
static void test_judgement_cause_of_many(void **state)
{
	struct dg_judgement *j = empty();
	char cause[300];

	(void)state;
	dg_judgement_cause(j, cause, sizeof(cause));
	assert_string_equal(cause, "");
	assert_int_equal(dg_reason_add(j, DG_REASON_MISSING, ENOENT, "a", NULL, NULL, NULL), 0);
	assert_int_equal(dg_reason_add(j, DG_REASON_NO_VERSION, 0, "b", NULL, NULL, NULL), 0);
	assert_int_equal(dg_reason_add(j, DG_REASON_MISSING, ENOENT, "c", NULL, NULL, NULL), 0);
	assert_int_equal(dg_reason_add(j, DG_REASON_VERMAGIC, ENOEXEC, NULL, NULL, NULL, NULL), 0);
	dg_judgement_cause(j, cause, sizeof(cause));
	assert_string_equal(cause, "has no vermagic; 2 symbols not exported, first a");
	dg_judgement_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_add_keeps),
		cmocka_unit_test(test_reason_add_errno),
		cmocka_unit_test(test_reason_add_printable),
		cmocka_unit_test(test_judgement_free_null),
		cmocka_unit_test(test_judgement_require_exact_of_each),
		cmocka_unit_test(test_names_are_distinct),
		cmocka_unit_test(test_judgement_cause_each),
		cmocka_unit_test(test_judgement_cause_modprobe),
		cmocka_unit_test(test_judgement_cause_of_many),
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
