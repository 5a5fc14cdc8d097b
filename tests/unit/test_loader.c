// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts against a kernel made by hand: what kernel/module/main.c would answer. */
#include "fixture.h"

#include "lib/loader.h"

static struct dg_kernel *make_kernel(const char *vermagic)
{
	struct dg_kernel *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	k->root = strdup("/");
	k->release = strdup(FX_RELEASE);
	snprintf(k->vermagic, sizeof(k->vermagic), "%s", vermagic);
	k->machine = EM_X86_64;
	k->is64 = true;
	k->module_size = 896;
	assert_int_equal(dg_symtab_new(&k->exports), 0);
	for (const struct fx_symbol *s = fx_symbols; s->name; s++)
		assert_int_equal(
			dg_symtab_add(k->exports, &(struct dg_export_entry){ s->name, "vmlinux", s->crc, s->crc != 0 }),
			0);
	assert_int_equal(dg_symtab_add(k->exports, &(struct dg_export_entry){ "no_crc", "vmlinux", 0, false }), 0);
	return k;
}

static struct dg_modfile *parse(const struct fx_module *spec)
{
	struct fx_bytes b = fx_module_build(spec);
	struct dg_modfile *m;

	fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	return m;
}

static struct dg_judgement *judge(const struct fx_module *spec, const char *vermagic)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(vermagic);
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse(spec);
	struct dg_judgement *j;

	fx_int(dg_loader_judge(m, k, &j, NULL), 0);
	return j;
}

#define PLAIN_MAGIC FX_RELEASE " SMP preempt mod_unload "

static const struct fx_symbol stale[] = { { "module_layout", 0x11111111, 0, 0 }, { "kfree", 0xbad, 0, 0 }, { 0 } };
static const struct fx_symbol layout[] = { { "module_layout", 0xbad, 0, 0 }, { "kfree", 0x037a0cba, 0, 0 }, { 0 } };
static const struct fx_symbol missing[] = { { "module_layout", 0x11111111, 0, 0 }, { "gone", 1, 0, 0 }, { 0 } };
static const struct fx_symbol weak[] = { { "module_layout", 0x11111111, 0, 0 }, { "gone", 1, true, 0 }, { 0 } };
static const struct fx_symbol weak_stale[] = { { "module_layout", 0x11111111, 0, 0 },
					       { "kfree", 0xbad, true, 0 },
					       { 0 } };
static const struct fx_symbol unversioned[] = { { "module_layout", 0x11111111, 0, 0 }, { "kfree", 0, 0, true }, { 0 } };
static const struct fx_symbol exported_bare[] = { { "module_layout", 0x11111111, 0, 0 }, { "no_crc", 5, 0, 0 }, { 0 } };
static const struct fx_symbol got[] = { { "module_layout", 0x11111111, 0, 0 },
					{ "_GLOBAL_OFFSET_TABLE_", 0, 0, true },
					{ 0 } };

static void test_loader_judge_verdicts(void **state)
{
	static const struct {
		const char *name;
		struct fx_module spec; /* on top of a good one */
		const char *kernel_magic;
		enum dg_verdict verdict;
		int err;
		int reason; /* the first's kind; -1: none */
	} cases[] = {
		{ "exact", { 0 }, FX_VERMAGIC, DG_VERDICT_EXACT, 0, -1 },
		{ "kabi", { .vermagic = "6.1.0-0-test" FX_MAGIC_REST }, FX_VERMAGIC, DG_VERDICT_KABI, 0, -1 },
		{ "release of the same beginning",
		  { .vermagic = FX_RELEASE "2" FX_MAGIC_REST },
		  FX_VERMAGIC,
		  DG_VERDICT_KABI,
		  0,
		  -1 },
		{ "another machine",
		  { .kind = &fx_kinds[2] },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_MACHINE },
		{ "another class",
		  { .kind = &fx_kinds[1] },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_MACHINE },
		{ "struct module", { .size = 832 }, FX_VERMAGIC, DG_VERDICT_REFUSED, ENOEXEC, DG_REASON_MODULE_SIZE },
		{ "vermagic's rest",
		  { .vermagic = FX_RELEASE " SMP mod_unload modversions " },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "no vermagic", { .vermagic = "" }, FX_VERMAGIC, DG_VERDICT_REFUSED, ENOEXEC, DG_REASON_VERMAGIC },
		{ "a release that counts",
		  { .vermagic = "6.1.0-0-test SMP preempt mod_unload " },
		  PLAIN_MAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "no versions",
		  { .no_versions = true },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_NO_VERSIONS },
		{ "no versions, and another release",
		  { .no_versions = true, .vermagic = "6.1.0-0-test" FX_MAGIC_REST },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "no versions wanted",
		  { .no_versions = true, .vermagic = PLAIN_MAGIC },
		  PLAIN_MAGIC,
		  DG_VERDICT_EXACT,
		  0,
		  -1 },
		{ "a CRC", { .imports = stale }, FX_VERMAGIC, DG_VERDICT_REFUSED, EINVAL, DG_REASON_CRC },
		{ "module_layout", { .imports = layout }, FX_VERMAGIC, DG_VERDICT_REFUSED, ENOEXEC, DG_REASON_LAYOUT },
		{ "a symbol", { .imports = missing }, FX_VERMAGIC, DG_VERDICT_REFUSED, ENOENT, DG_REASON_MISSING },
		{ "a weak symbol", { .imports = weak }, FX_VERMAGIC, DG_VERDICT_EXACT, 0, -1 },
		{ "a weak symbol's CRC",
		  { .imports = weak_stale },
		  FX_VERMAGIC,
		  DG_VERDICT_REFUSED,
		  EINVAL,
		  DG_REASON_CRC },
		{ "a symbol without version",
		  { .imports = unversioned },
		  FX_VERMAGIC,
		  DG_VERDICT_EXACT,
		  0,
		  DG_REASON_NO_VERSION },
		{ "an export without CRC", { .imports = exported_bare }, FX_VERMAGIC, DG_VERDICT_EXACT, 0, -1 },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_module spec = c->spec;
		struct dg_judgement *j;

		spec.name = "scap";
		spec.vermagic = spec.vermagic ? spec.vermagic : FX_VERMAGIC;
		spec.imports = spec.imports ? spec.imports : fx_symbols;
		j = judge(&spec, c->kernel_magic);
		fx_int(j->verdict, c->verdict);
		fx_int(j->err, c->err);
		fx_int(j->n_reasons ? (int)j->reasons[0].kind : -1, c->reason);
		dg_judgement_free(j);
	}
}

/* ignore_undef_symbol(): a relic of older assemblers on x86, which the loader (5.12) passes over. */
static void test_loader_judge_global_offset_table(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.imports = got;
	j = judge(&spec, FX_VERMAGIC);
	assert_int_equal(j->verdict, DG_VERDICT_EXACT);
	dg_judgement_free(j);
}

/* Every failing symbol is told, with both CRCs; the errno is that of the first. */
static void test_loader_judge_reasons_of_all(void **state)
{
	static const struct fx_symbol all[] = {
		{ "module_layout", 0x11111111, 0, 0 },
		{ "kfree", 0x00000bad, 0, 0 },
		{ "gone", 1, 0, 0 },
		{ "_printk", 0xdeadbeef, 0, 0 },
		{ 0 },
	};
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;
	char cause[300];

	(void)state;
	spec.imports = all;
	j = judge(&spec, FX_VERMAGIC);
	assert_int_equal(j->err, EINVAL);
	assert_int_equal(j->n_reasons, 3);
	assert_string_equal(j->reasons[0].symbol, "kfree");
	assert_string_equal(j->reasons[0].want, "0x00000bad");
	assert_string_equal(j->reasons[0].have, "0x037a0cba");
	assert_string_equal(j->reasons[1].symbol, "gone");
	assert_null(j->reasons[1].have);
	assert_int_equal(j->reasons[1].err, ENOENT);
	dg_judgement_cause(j, cause, sizeof(cause));
	assert_non_null(strstr(cause, "1 symbol not exported, first gone"));
	assert_non_null(
		strstr(cause, "2 symbols of another version, first kfree (0x00000bad, the kernel has 0x037a0cba)"));
	dg_judgement_free(j);
}

/* A name from the file goes to a terminal. */
static void test_loader_judge_hostile_name(void **state)
{
	static const struct fx_symbol odd[] = { { "module_layout", 0x11111111, 0, 0 },
						{ "\033[2J\n", 1, 0, 0 },
						{ 0 } };
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.imports = odd;
	spec.vermagic = "6.1\033" FX_MAGIC_REST "x";
	j = judge(&spec, FX_VERMAGIC);
	assert_int_equal(j->n_reasons, 2);
	assert_null(strchr(j->reasons[0].want, '\033'));
	assert_string_equal(j->reasons[1].symbol, "?[2J?");
	dg_judgement_free(j);
}

static void test_loader_judge_unreadable_kernel(void **state)
{
	const struct fx_module spec = fx_module_good("scap");
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse(&spec);
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel("");
	struct dg_judgement *j = (struct dg_judgement *)1;
	struct dg_diag d = { 0 };

	(void)state;
	/* No vermagic, and no modules to learn it from. */
	assert_int_equal(dg_loader_judge(m, k, &j, &d), -ENOENT);
	assert_string_equal(d.where, FX_RELEASE);
	assert_ptr_equal(j, (struct dg_judgement *)1);
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

static void test_judgement_cause_small_buffer(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.size = 100;
	spec.imports = missing;
	spec.vermagic = "another kernel altogether";
	j = judge(&spec, FX_VERMAGIC);
	assert_int_equal(j->n_reasons, 3);
	for (size_t size = 1; size < 200; size++) {
		struct fx_guarded g = fx_guarded_new(200);
		char fill[200] = { 0 };

		fx_guarded_fill(&g, fill, size);
		dg_judgement_cause(j, (char *)g.data, size);
		assert_true(strnlen((char *)g.data, size) < size);
		fx_guarded_free(&g);
	}
	dg_judgement_free(j);
}

static void test_names_are_distinct(void **state)
{
	(void)state;
	assert_string_equal(dg_verdict_name(DG_VERDICT_EXACT), "exact");
	assert_string_equal(dg_verdict_name(DG_VERDICT_KABI), "kabi");
	assert_string_equal(dg_verdict_name(DG_VERDICT_REFUSED), "refused");
	for (enum dg_reason_kind a = DG_REASON_MACHINE; a <= DG_REASON_REQUIRE; a++)
		for (enum dg_reason_kind b = DG_REASON_MACHINE; b < a; b++)
			assert_string_not_equal(dg_reason_name(a), dg_reason_name(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loader_judge_verdicts),
		cmocka_unit_test(test_loader_judge_global_offset_table),
		cmocka_unit_test(test_loader_judge_reasons_of_all),
		cmocka_unit_test(test_loader_judge_hostile_name),
		cmocka_unit_test(test_loader_judge_unreadable_kernel),
		cmocka_unit_test(test_judgement_require_exact_of_each),
		cmocka_unit_test(test_judgement_cause_small_buffer),
		cmocka_unit_test(test_names_are_distinct),
	};

	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
