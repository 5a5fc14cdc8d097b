// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts against a kernel made by hand: what kernel/module/main.c would answer. */
#include "signing.h"

#include "lib/loader.h"

/* What is judged for: the small kernel of the fixture, but for what is said here. */
struct kernel {
	const char *release, *vermagic, *vendor; /* NULL: the fixture's; mainline */
	struct dg_policy policy;
	const struct fx_kind *kind;
	bool no_crcs; /* without CONFIG_MODVERSIONS */
};

static const struct dg_export_entry more_exports[] = {
	{ .name = "no_crc", .owner = "vmlinux" },
	{ .name = "for_gpl", .owner = "vmlinux", .crc = 0x55, .has_crc = true, .gpl_only = true },
	{ .name = "in_space", .owner = "vmlinux", .ns = "SPACE", .crc = 0x66, .has_crc = true },
	{ .name = "in_scap", .owner = "vmlinux", .ns = "module:kvm,scap", .crc = 0x67, .has_crc = true },
	{ .name = "in_sc", .owner = "vmlinux", .ns = "module:kvm-*,sc*", .crc = 0x68, .has_crc = true },
	{ .name = "of_helper", .owner = "helper", .crc = 0x77, .has_crc = true },
	{ .name = "also_of_helper", .owner = "helper", .crc = 0x88, .has_crc = true },
};

static struct dg_kernel *make_kernel(const struct kernel *spec)
{
	struct dg_kernel *k = calloc(1, sizeof(*k));
	const struct fx_kind *kind = spec->kind ? spec->kind : &fx_kinds[0];

	assert_non_null(k);
	k->root = strdup("/nonexistent");
	k->release = strdup(spec->release ? spec->release : FX_RELEASE);
	snprintf(k->vermagic, sizeof(k->vermagic), "%s", spec->vermagic ? spec->vermagic : FX_VERMAGIC);
	snprintf(k->level.vendor, sizeof(k->level.vendor), "%s", spec->vendor ? spec->vendor : "mainline");
	k->machine = kind->machine;
	k->is64 = kind->is64;
	k->big_endian = kind->big;
	k->module_size = 896;
	k->policy = spec->policy;
	assert_int_equal(dg_symtab_new(&k->exports), 0);
	for (const struct fx_symbol *s = fx_symbols; s->name; s++)
		assert_int_equal(dg_symtab_add(k->exports, &(struct dg_export_entry){ .name = s->name,
										      .owner = "vmlinux",
										      .crc = s->crc,
										      .has_crc = !spec->no_crcs }),
				 0);
	for (size_t i = 0; i < DG_ARRAY_SIZE(more_exports); i++)
		assert_int_equal(dg_symtab_add(k->exports, &more_exports[i]), 0);
	return k;
}

static struct dg_modfile *parse(const struct fx_module *spec)
{
	struct fx_bytes b = fx_module_build(spec);
	struct dg_modfile *m;

	fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
	return m;
}

static struct dg_judgement *judge_for(const struct fx_module *spec, const struct kernel *kernel)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(kernel);
	dg_auto(dg_modfile_freep) struct dg_modfile *m = parse(spec);
	struct dg_judgement *j;

	fx_int(dg_loader_judge(m, k, &j, NULL), 0);
	return j;
}

static struct dg_judgement *judge(const struct fx_module *spec, const char *vermagic)
{
	return judge_for(spec, &(struct kernel){ .vermagic = vermagic });
}

#define PLAIN_MAGIC FX_RELEASE " SMP preempt mod_unload "
#define OTHER_MAGIC "6.1.0-0-test" FX_MAGIC_REST
#define LAYOUT                                                                                                         \
	{                                                                                                              \
		.name = "module_layout", .crc = 0x11111111                                                             \
	}
#define KFREE                                                                                                          \
	{                                                                                                              \
		.name = "kfree", .crc = 0x037a0cba                                                                     \
	}

/* For a spec that is to have no vermagic, where NULL stands for a good one. */
static const char no_vermagic[] = "none";

static const struct fx_symbol stale[] = { LAYOUT, { .name = "kfree", .crc = 0xbad }, { 0 } };
static const struct fx_symbol layout[] = { { .name = "module_layout", .crc = 0xbad }, KFREE, { 0 } };
static const struct fx_symbol layout_and_more[] = {
	{ .name = "module_layout", .crc = 0xbad }, { .name = "gone" }, { .name = "kfree", .crc = 0xbad }, { 0 }
};
static const struct fx_symbol no_layout[] = { KFREE, { 0 } };
static const struct fx_symbol missing[] = { LAYOUT, { .name = "gone", .crc = 1 }, { 0 } };
static const struct fx_symbol weak[] = { LAYOUT, { .name = "gone", .crc = 1, .weak = true }, { 0 } };
static const struct fx_symbol weak_stale[] = { LAYOUT, { .name = "kfree", .crc = 0xbad, .weak = true }, { 0 } };
static const struct fx_symbol weak_gpl[] = { LAYOUT, { .name = "for_gpl", .crc = 0x55, .weak = true }, { 0 } };
static const struct fx_symbol unversioned[] = { LAYOUT, { .name = "kfree", .no_crc = true }, { 0 } };
static const struct fx_symbol exported_bare[] = { LAYOUT, { .name = "no_crc", .crc = 5 }, { 0 } };
static const struct fx_symbol stale_then_gone[] = {
	LAYOUT, { .name = "kfree", .crc = 0xbad }, { .name = "gone", .crc = 1 }, { 0 }
};
static const struct fx_symbol gone_then_stale[] = { LAYOUT,
						    { .name = "gone", .crc = 1 },
						    { .name = "kfree", .crc = 0xbad },
						    { .name = "_printk", .crc = 0x92997ed8 },
						    { 0 } };
static const struct fx_symbol gone_then_common[] = {
	LAYOUT, { .name = "gone", .crc = 1 }, { .name = "shared", .section = SHN_COMMON }, { 0 }
};
static const struct fx_symbol common[] = { LAYOUT, { .name = "shared", .section = SHN_COMMON }, { 0 } };
static const struct fx_symbol no_section[] = { LAYOUT, { .name = "nowhere", .section = 200 }, { 0 } };
static const struct fx_symbol got[] = { LAYOUT, { .name = "_GLOBAL_OFFSET_TABLE_", .no_crc = true }, { 0 } };
static const struct fx_symbol gpl[] = { LAYOUT, { .name = "for_gpl", .crc = 0x55 }, { 0 } };
static const struct fx_symbol space[] = { LAYOUT, { .name = "in_space", .crc = 0x66 }, { 0 } };
static const struct fx_symbol space_stale[] = { LAYOUT, { .name = "in_space", .crc = 0xbad }, { 0 } };
static const struct fx_symbol for_scap[] = { LAYOUT, { .name = "in_scap", .crc = 0x67 }, { 0 } };
static const struct fx_symbol for_sc[] = { LAYOUT, { .name = "in_sc", .crc = 0x68 }, { 0 } };
static const struct fx_symbol helped[] = { LAYOUT, { .name = "also_of_helper", .crc = 0x88 }, { 0 } };
static const struct fx_symbol right_first[] = { LAYOUT, KFREE, { .name = "kfree", .crc = 0xbad }, { 0 } };
static const struct fx_symbol wrong_first[] = { LAYOUT, { .name = "kfree", .crc = 0xbad }, KFREE, { 0 } };
static const struct fx_symbol just_kfree[] = { LAYOUT, KFREE, { 0 } };
static const struct fx_symbol nothing[] = { { 0 } };
static const struct fx_symbol export_kfree[] = { { .name = "kfree", .crc = 1 }, { 0 } };
static const struct fx_symbol export_of_helper[] = { { .name = "of_helper", .crc = 1 }, { 0 } };
static const struct fx_symbol export_own[] = { { .name = "own", .crc = 1 }, { 0 } };

struct verdict_case {
	const char *name;
	struct fx_module spec; /* on top of a good one */
	struct kernel kernel;
	enum dg_verdict verdict;
	int err;
	int reason; /* the first's kind; -1: none */
};

#define EXACT DG_VERDICT_EXACT, 0
#define KABI DG_VERDICT_KABI, 0
#define REFUSED DG_VERDICT_REFUSED
#define DEBIAN                                                                                                         \
	{                                                                                                              \
		.vendor = "debian"                                                                                     \
	}
#define FORCE_LOAD                                                                                                     \
	{                                                                                                              \
		.policy = {.force_load = true }                                                                        \
	}

static void expect_verdicts(const struct verdict_case *cases, size_t n)
{
	for (const struct verdict_case *c = cases; c < cases + n && fx_case(c->name); c++) {
		struct fx_module spec = c->spec;
		struct dg_judgement *j;

		spec.name = "scap";
		spec.vermagic = spec.vermagic == no_vermagic ? NULL : spec.vermagic ? spec.vermagic : FX_VERMAGIC;
		spec.imports = spec.imports ? spec.imports : fx_symbols;
		j = judge_for(&spec, &c->kernel);
		fx_int(j->verdict, c->verdict);
		fx_int(j->err, c->err);
		fx_int(j->n_reasons ? (int)j->reasons[0].kind : -1, c->reason);
		/* One that is taken has no reason that the kernel refuses for; one that is not has one. */
		for (size_t i = 0; !c->err && i < j->n_reasons; i++)
			fx_int(j->reasons[i].err, 0);
		if (c->err)
			fx_int(j->reasons[0].err != 0, true);
		dg_judgement_free(j);
	}
}

static void test_loader_judge_verdicts(void **state)
{
	static const struct verdict_case cases[] = {
		{ "exact", { 0 }, { 0 }, EXACT, -1 },
		{ "kabi", { .vermagic = OTHER_MAGIC }, { 0 }, KABI, -1 },
		{ "release of the same beginning", { .vermagic = FX_RELEASE "2" FX_MAGIC_REST }, { 0 }, KABI, -1 },
		{ "another machine", { .kind = &fx_kinds[2] }, { 0 }, REFUSED, ENOEXEC, DG_REASON_MACHINE },
		{ "another class", { .kind = &fx_kinds[1] }, { 0 }, REFUSED, ENOEXEC, DG_REASON_MACHINE },
		{ "vermagic's rest",
		  { .vermagic = FX_RELEASE " SMP mod_unload modversions " },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "empty vermagic", { .vermagic = "" }, { 0 }, REFUSED, ENOEXEC, DG_REASON_VERMAGIC },
		{ "no vermagic", { .vermagic = no_vermagic }, { 0 }, REFUSED, ENOEXEC, DG_REASON_VERMAGIC },
		{ "no vermagic, by force", { .vermagic = no_vermagic }, FORCE_LOAD, KABI, DG_REASON_VERMAGIC },
		{ "empty vermagic, by force", { .vermagic = "" }, FORCE_LOAD, REFUSED, ENOEXEC, DG_REASON_VERMAGIC },
		{ "a release that counts",
		  { .vermagic = "6.1.0-0-test SMP preempt mod_unload " },
		  { .vermagic = PLAIN_MAGIC },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "struct module, before 6.4", { .size = 832 }, { .release = "6.3.9" }, EXACT, DG_REASON_MODULE_SIZE },
		{ "struct module, 6.4",
		  { .size = 832 },
		  { .release = "6.4.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_MODULE_SIZE },
		{ "a larger struct module, 6.4",
		  { .size = 960 },
		  { .release = "6.4.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_MODULE_SIZE },
		{ "no struct module", { .no_this_module = true }, { 0 }, REFUSED, ENOEXEC, DG_REASON_ELF },
		{ "struct module without a name", { .no_struct_name = true }, { 0 }, REFUSED, EINVAL, DG_REASON_ELF },
		{ "no symbol table", { .no_symbols = true }, { 0 }, REFUSED, ENOEXEC, DG_REASON_ELF },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

static void test_loader_judge_versions(void **state)
{
	static const struct verdict_case cases[] = {
		{ "a CRC", { .imports = stale }, { 0 }, REFUSED, EINVAL, DG_REASON_CRC },
		{ "module_layout", { .imports = layout }, { 0 }, REFUSED, ENOEXEC, DG_REASON_LAYOUT },
		{ "module_layout before symbols",
		  { .imports = layout_and_more },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_LAYOUT },
		{ "no record of module_layout", { .imports = no_layout }, { 0 }, EXACT, DG_REASON_NO_VERSION },
		{ "no record of module_layout, Debian",
		  { .imports = no_layout },
		  DEBIAN,
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_NO_VERSION },
		{ "no record", { .imports = unversioned }, { 0 }, EXACT, DG_REASON_NO_VERSION },
		{ "no record, Debian", { .imports = unversioned }, DEBIAN, REFUSED, EINVAL, DG_REASON_NO_VERSION },
		{ "an export without CRC", { .imports = exported_bare }, DEBIAN, EXACT, -1 },
		{ "first record right", { .imports = just_kfree, .versions = right_first }, { 0 }, EXACT, -1 },
		{ "first record wrong",
		  { .imports = just_kfree, .versions = wrong_first },
		  { 0 },
		  REFUSED,
		  EINVAL,
		  DG_REASON_CRC },
		{ "records without an end", { .bad_versions = true }, DEBIAN, REFUSED, ENOEXEC, DG_REASON_NO_VERSION },
		{ "no versions", { .no_versions = true }, { 0 }, REFUSED, ENOEXEC, DG_REASON_NO_VERSIONS },
		{ "no versions, and another release",
		  { .no_versions = true, .vermagic = OTHER_MAGIC },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_NO_VERSIONS },
		{ "no versions wanted",
		  { .no_versions = true, .vermagic = PLAIN_MAGIC },
		  { .vermagic = PLAIN_MAGIC, .no_crcs = true },
		  EXACT,
		  -1 },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

/* try_to_force_load(): taken where CONFIG_MODULE_FORCE_LOAD is built in, if the whole vermagic is equal. */
static void test_loader_judge_no_versions_by_force(void **state)
{
	static const struct {
		const char *name, *vermagic;
		enum dg_verdict verdict;
		int err;
	} cases[] = {
		{ "the same vermagic", FX_VERMAGIC, DG_VERDICT_EXACT, 0 },
		{ "another release", OTHER_MAGIC, DG_VERDICT_REFUSED, ENOEXEC },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		struct fx_module spec = fx_module_good("scap");
		struct dg_judgement *j;

		spec.no_versions = true;
		spec.vermagic = c->vermagic;
		j = judge_for(&spec, &(struct kernel)FORCE_LOAD);
		fx_int(j->verdict, c->verdict);
		fx_int(j->err, c->err);
		dg_judgement_free(j);
	}
}

/* It taints, which a person is told. */
static void test_loader_judge_no_versions_by_force_told(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.no_versions = true;
	j = judge_for(&spec, &(struct kernel)FORCE_LOAD);
	assert_int_equal(j->err, 0);
	assert_true(j->n_reasons > 0);
	assert_int_equal(j->reasons[0].kind, DG_REASON_NO_VERSIONS);
	assert_int_equal(j->reasons[0].err, 0);
	dg_judgement_free(j);
}

static void test_loader_judge_symbols(void **state)
{
	static const struct verdict_case cases[] = {
		{ "a symbol", { .imports = missing }, { 0 }, REFUSED, ENOENT, DG_REASON_MISSING },
		{ "a weak symbol", { .imports = weak }, { 0 }, EXACT, -1 },
		{ "a weak symbol, Debian", { .imports = weak }, DEBIAN, EXACT, -1 },
		{ "a weak symbol's CRC", { .imports = weak_stale }, { 0 }, REFUSED, EINVAL, DG_REASON_CRC },
		{ "a common symbol", { .imports = common }, { 0 }, REFUSED, ENOEXEC, DG_REASON_ELF },
		{ "a symbol of no section", { .imports = no_section }, { 0 }, REFUSED, ENOEXEC, DG_REASON_ELF },
		{ "last fails otherwise", { .imports = stale_then_gone }, { 0 }, REFUSED, ENOENT, DG_REASON_CRC },
		{ "last but one fails otherwise",
		  { .imports = gone_then_stale },
		  { 0 },
		  REFUSED,
		  EINVAL,
		  DG_REASON_MISSING },
		{ "last is common", { .imports = gone_then_common }, { 0 }, REFUSED, ENOEXEC, DG_REASON_MISSING },
		{ "an earlier stage counts first",
		  { .imports = stale_then_gone, .vermagic = "x" },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

static void test_loader_judge_licence(void **state)
{
	static const struct verdict_case cases[] = {
		{ "GPL", { .imports = gpl }, { 0 }, EXACT, -1 },
		{ "GPL v2", { .imports = gpl, .license = "GPL v2" }, { 0 }, EXACT, -1 },
		{ "additional rights", { .imports = gpl, .license = "GPL and additional rights" }, { 0 }, EXACT, -1 },
		{ "Dual BSD/GPL", { .imports = gpl, .license = "Dual BSD/GPL" }, { 0 }, EXACT, -1 },
		{ "Dual MIT/GPL", { .imports = gpl, .license = "Dual MIT/GPL" }, { 0 }, EXACT, -1 },
		{ "Dual MPL/GPL", { .imports = gpl, .license = "Dual MPL/GPL" }, { 0 }, EXACT, -1 },
		{ "Proprietary", { .imports = gpl, .license = "Proprietary" }, { 0 }, REFUSED, ENOENT, DG_REASON_GPL },
		{ "like GPL", { .imports = gpl, .license = "GPL v3" }, { 0 }, REFUSED, ENOENT, DG_REASON_GPL },
		{ "in small", { .imports = gpl, .license = "gpl" }, { 0 }, REFUSED, ENOENT, DG_REASON_GPL },
		{ "none", { .imports = gpl, .license = "" }, { 0 }, REFUSED, ENOENT, DG_REASON_GPL },
		{ "Proprietary, weak", { .imports = weak_gpl, .license = "Proprietary" }, { 0 }, EXACT, -1 },
		{ "Proprietary, no such symbol", { .license = "Proprietary" }, { 0 }, EXACT, -1 },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

static void test_loader_judge_namespace(void **state)
{
	static const struct verdict_case cases[] = {
		{ "not imported", { .imports = space }, { 0 }, REFUSED, EINVAL, DG_REASON_NAMESPACE },
		{ "another imported",
		  { .imports = space, .import_ns = "SPACES" },
		  { 0 },
		  REFUSED,
		  EINVAL,
		  DG_REASON_NAMESPACE },
		{ "imported", { .imports = space, .import_ns = "SPACE" }, { 0 }, EXACT, -1 },
		{ "allowed",
		  { .imports = space },
		  { .policy = { .allow_missing_ns = true } },
		  DG_VERDICT_EXACT,
		  0,
		  DG_REASON_NAMESPACE },
		{ "version first", { .imports = space_stale }, { 0 }, REFUSED, EINVAL, DG_REASON_CRC },
		/* "module:" is for those it names, from 6.16 on. */
		{ "for it by name", { .imports = for_scap }, { .release = "6.16.0" }, EXACT, -1 },
		{ "for it by beginning", { .imports = for_sc }, { .release = "6.16.0" }, EXACT, -1 },
		{ "for it by name, before",
		  { .imports = for_scap },
		  { .release = "6.15.0" },
		  REFUSED,
		  EINVAL,
		  DG_REASON_NAMESPACE },
		{ "no symbol of it", { .import_ns = "SPACE" }, { 0 }, EXACT, -1 },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

static void test_loader_judge_exports(void **state)
{
	static const struct verdict_case cases[] = {
		{ "own", { .exports = export_own }, { 0 }, EXACT, -1 },
		{ "the kernel's", { .exports = export_kfree }, { 0 }, REFUSED, ENOEXEC, DG_REASON_DUPLICATE },
		{ "another module's, which need not be there", { .exports = export_of_helper }, { 0 }, EXACT, -1 },
		{ "another module's, which must be there",
		  { .imports = helped, .exports = export_of_helper },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_DUPLICATE },
		{ "after symbols",
		  { .imports = missing, .exports = export_kfree },
		  { 0 },
		  REFUSED,
		  ENOENT,
		  DG_REASON_MISSING },
		{ "without CRCs",
		  { .exports = export_own, .export_form = FX_EXPORT_NO_CRCS },
		  { 0 },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_EXPORT_CRC },
		{ "without CRCs, by force",
		  { .exports = export_own, .export_form = FX_EXPORT_NO_CRCS },
		  FORCE_LOAD,
		  DG_VERDICT_EXACT,
		  0,
		  DG_REASON_EXPORT_CRC },
		{ "without CRCs, none wanted",
		  { .exports = export_own, .export_form = FX_EXPORT_NO_CRCS, .vermagic = PLAIN_MAGIC },
		  { .vermagic = PLAIN_MAGIC },
		  EXACT,
		  -1 },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

/* Known from 6.14 on, where they alone count; to those before they are sections like any other. */
static void test_loader_judge_extended(void **state)
{
	static const struct verdict_case cases[] = {
		{ "right", { .ext = fx_symbols }, { .release = "6.14.0" }, EXACT, -1 },
		{ "wrong, before", { .imports = just_kfree, .ext = stale }, { .release = "6.13.0" }, EXACT, -1 },
		{ "wrong",
		  { .imports = just_kfree, .ext = stale },
		  { .release = "6.14.0" },
		  REFUSED,
		  EINVAL,
		  DG_REASON_CRC },
		{ "module_layout wrong",
		  { .imports = just_kfree, .ext = layout },
		  { .release = "6.14.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_LAYOUT },
		{ "the others wrong",
		  { .imports = just_kfree, .ext = just_kfree, .versions = stale },
		  { .release = "6.14.0" },
		  EXACT,
		  -1 },
		{ "the others wrong, before",
		  { .imports = just_kfree, .ext = just_kfree, .versions = stale },
		  { .release = "6.13.0" },
		  REFUSED,
		  EINVAL,
		  DG_REASON_CRC },
		{ "alone", { .ext = fx_symbols, .no_versions = true }, { .release = "6.14.0" }, EXACT, -1 },
		{ "alone, and another release",
		  { .ext = fx_symbols, .no_versions = true, .vermagic = OTHER_MAGIC },
		  { .release = "6.14.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_VERMAGIC },
		{ "alone, before",
		  { .ext = fx_symbols, .no_versions = true },
		  { .release = "6.13.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_NO_VERSIONS },
		{ "a symbol without record",
		  { .ext = just_kfree },
		  { .release = "6.14.0" },
		  DG_VERDICT_EXACT,
		  0,
		  DG_REASON_NO_VERSION },
		{ "empty", { .ext = nothing }, { .release = "6.14.0" }, EXACT, DG_REASON_EXTENDED },
		{ "no names, before",
		  { .ext = fx_symbols, .ext_form = FX_EXT_NO_NAMES },
		  { .release = "6.13.0" },
		  EXACT,
		  DG_REASON_EXTENDED },
		{ "no names",
		  { .ext = fx_symbols, .ext_form = FX_EXT_NO_NAMES },
		  { .release = "6.14.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_EXTENDED },
		{ "no CRCs",
		  { .ext = fx_symbols, .ext_form = FX_EXT_NO_CRCS },
		  { .release = "6.14.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_EXTENDED },
		{ "fewer names",
		  { .ext = fx_symbols, .ext_form = FX_EXT_FEWER_NAMES },
		  { .release = "6.14.0" },
		  REFUSED,
		  ENOEXEC,
		  DG_REASON_EXTENDED },
	};

	(void)state;
	expect_verdicts(cases, DG_ARRAY_SIZE(cases));
}

/* What is told as the file's CRC is the one that was compared. */
static void test_loader_judge_extended_told(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.imports = just_kfree;
	spec.no_versions = true;
	spec.ext = stale;
	j = judge_for(&spec, &(struct kernel){ .release = "6.14.0" });
	assert_int_equal(j->n_reasons, 1);
	assert_int_equal(j->reasons[0].kind, DG_REASON_CRC);
	assert_non_null(j->reasons[0].want);
	assert_string_equal(j->reasons[0].want, "0x00000bad");
	dg_judgement_free(j);
	spec.ext = layout;
	j = judge_for(&spec, &(struct kernel){ .release = "6.14.0" });
	assert_int_equal(j->reasons[0].kind, DG_REASON_LAYOUT);
	assert_non_null(j->reasons[0].want);
	assert_string_equal(j->reasons[0].want, "0x00000bad");
	dg_judgement_free(j);
}

/* What 6.9 and later look at in the headers, and earlier ones do not. */
static void test_loader_judge_strict_sections(void **state)
{
	static const struct {
		const char *name, *section, *like; /* @section gets the name of @like, or no name */
		uint32_t type;			   /* or this type */
	} cases[] = {
		{ "names of sections", ".shstrtab", NULL, SHT_PROGBITS },
		{ "names of symbols", ".strtab", NULL, SHT_PROGBITS },
		{ "two symbol tables", "__versions", NULL, SHT_SYMTAB },
		{ "two .modinfo", ".note.gnu.build-id", ".modinfo", 0 },
		{ "two struct modules", ".note.gnu.build-id", ".gnu.linkonce.this_module", 0 },
	};
	static const struct {
		const char *release;
		bool refused;
	} kernels[] = { { "6.8.0", false }, { "6.9.0", true } };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(kernels); i++)
		FX_CASE(c, cases)
		{
			dg_auto(dg_kernel_freep) struct dg_kernel *k =
				make_kernel(&(struct kernel){ .release = kernels[i].release });
			struct fx_module spec = fx_module_good("scap");
			struct fx_bytes b = fx_module_build(&spec);
			struct dg_judgement *j;
			struct dg_modfile *m;

			if (c->type)
				fx_shdr(&b, c->section)->sh_type = c->type;
			else
				fx_shdr(&b, c->section)->sh_name = c->like ? fx_shdr(&b, c->like)->sh_name : 1 << 20;
			fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
			/* A second table that comes first is what an older kernel reads the symbols from. */
			if (kernels[i].refused || c->type != SHT_SYMTAB) {
				fx_int(dg_loader_judge(m, k, &j, NULL), 0);
				fx_int(j->err, kernels[i].refused ? ENOEXEC : 0);
				fx_int(j->n_reasons ? (int)j->reasons[0].kind : -1,
				       kernels[i].refused ? (int)DG_REASON_ELF : -1);
				dg_judgement_free(j);
			}
			dg_modfile_free(m);
		}
}

/* Whom the file is signed by, and what was done to it then. */
static void test_loader_judge_signature(void **state)
{
	enum signing { UNSIGNED, OURS, OTHERS, CHANGED, DAMAGED, FOREIGN, MD5 };
	static const struct {
		const char *name;
		enum signing signing;
		bool enforced;
		int err;
	} cases[] = {
		{ "unsigned", UNSIGNED, false, 0 },
		{ "unsigned, enforced", UNSIGNED, true, EKEYREJECTED },
		{ "ours", OURS, false, 0 },
		{ "ours, enforced", OURS, true, 0 },
		{ "other's", OTHERS, false, 0 },
		{ "other's, enforced", OTHERS, true, EKEYREJECTED },
		{ "changed", CHANGED, false, EKEYREJECTED },
		{ "changed, enforced", CHANGED, true, EKEYREJECTED },
		{ "damaged", DAMAGED, false, EBADMSG },
		{ "damaged, enforced", DAMAGED, true, EBADMSG },
		{ "not PKCS#7", FOREIGN, false, 0 },
		{ "not PKCS#7, enforced", FOREIGN, true, EKEYREJECTED },
		/* "module with unsupported crypto" is taken like an unsigned one. */
		{ "digest unknown, enforced", MD5, true, EKEYREJECTED },
		{ "digest unknown", MD5, false, 0 },
	};
	struct fx_signer ours = fx_signer_new(EVP_RSA_gen(2048), 1), others = fx_signer_new(EVP_RSA_gen(2048), 2);

	(void)state;
	FX_CASE(c, cases)
	{
		const struct fx_module spec = fx_module_good("scap");
		const struct fx_signing how = { .digest = c->signing == MD5 ? EVP_md5() : EVP_sha256() };
		struct fx_bytes b = fx_module_build(&spec);
		struct fx_bytes message = fx_sign(c->signing == OTHERS ? &others : &ours, 1, b.data, b.len, &how);
		dg_auto(dg_kernel_freep) struct dg_kernel *k =
			make_kernel(&(struct kernel){ .policy = { .sig_force = c->enforced } });
		struct dg_judgement *j;
		struct dg_modfile *m;

		k->keys = fx_keys(&ours, 1);
		if (c->signing == CHANGED) /* in struct module, which nothing else looks at */
			b.data[fx_shdr(&b, ".gnu.linkonce.this_module")->sh_offset + 400] ^= 1;
		if (c->signing == DAMAGED)
			message.data[0] = 0;
		if (c->signing != UNSIGNED)
			fx_append_signature(&b, &message);
		if (c->signing == FOREIGN)
			b.data[b.len - strlen(FX_SIGNATURE_MARKER) - 12 + 2] = 1;
		fx_free(&message);
		fx_int(dg_modfile_parse(b.data, b.len, &m, NULL), 0);
		fx_int(dg_loader_judge(m, k, &j, NULL), 0);
		fx_int(j->err, c->err);
		fx_int(j->verdict, c->err ? DG_VERDICT_REFUSED : DG_VERDICT_EXACT);
		fx_int(j->n_reasons ? (int)j->reasons[0].kind : -1, c->err ? (int)DG_REASON_SIGNATURE : -1);
		dg_judgement_free(j);
		dg_modfile_free(m);
	}
	fx_signer_free(&ours);
	fx_signer_free(&others);
}

static void expect_bytes(const void *data, size_t len, struct dg_kernel *k, int err)
{
	void *copy = malloc(len ? len : 1);
	struct dg_modfile *m = NULL;
	struct dg_judgement *j;

	assert_non_null(copy);
	memcpy(copy, data, len);
	fx_int(dg_loader_judge_bytes(NULL, copy, len, k, &m, &j, NULL), 0);
	fx_int(j->err, err);
	fx_int(j->verdict, err ? DG_VERDICT_REFUSED : DG_VERDICT_EXACT);
	if (err)
		fx_int(j->reasons[0].err, err);
	else
		fx_int(m != NULL, true);
	dg_judgement_free(j);
	dg_modfile_free(m);
}

static void test_loader_judge_bytes_truncated(void **state)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ 0 });
	const struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec);

	(void)state;
	fx_case("truncated");
	for (size_t len = 0; len < b.len; len++)
		expect_bytes(b.data, len, k, len ? ENOEXEC : EINVAL);
	expect_bytes(b.data, b.len, k, 0);
	fx_free(&b);
}

static void test_loader_judge_bytes_damaged(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned char value;
		int err;
	} cases[] = {
		{ "magic", 1, 'e', ENOEXEC },
		{ "an executable", 16, ET_EXEC, ENOEXEC },
		{ "machine", 18, 99, ENOEXEC },
		{ "size of a section header", 58, 1, ENOEXEC },
		{ "number of sections", 61, 9, ENOEXEC },
		{ "names of sections", 62, 0, ENOEXEC },
		/* No kernel looks at these. */
		{ "class", EI_CLASS, ELFCLASS32, 0 },
		{ "byte order", EI_DATA, ELFDATA2MSB, 0 },
		{ "version", EI_VERSION, 9, 0 },
		{ "entry", 24, 1, 0 },
	};
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ 0 });
	const struct fx_module spec = fx_module_good("scap");
	struct fx_bytes b = fx_module_build(&spec);

	(void)state;
	FX_CASE(c, cases)
	{
		unsigned char was = b.data[c->at];

		b.data[c->at] = c->value;
		expect_bytes(b.data, b.len, k, c->err);
		b.data[c->at] = was;
	}
	expect_bytes("#!/bin/sh\nexit 0\n", 17, k, ENOEXEC);
	fx_free(&b);
}

static void judge_hostile(const unsigned char *data, size_t len, void *arg)
{
	void *copy = malloc(len ? len : 1);
	struct dg_modfile *m;
	struct dg_judgement *j;
	char cause[200];

	assert_non_null(copy);
	memcpy(copy, data, len);
	assert_int_equal(dg_loader_judge_bytes(NULL, copy, len, arg, &m, &j, NULL), 0);
	assert_true((j->err != 0) == (j->verdict == DG_VERDICT_REFUSED));
	dg_judgement_cause(j, cause, sizeof(cause));
	dg_judgement_free(j);
	dg_modfile_free(m);
}

static void test_loader_judge_bytes_hostile(void **state)
{
	static const char *const releases[] = { "6.1.0", "6.14.0" };

	(void)state;
	for (size_t i = 0; i < DG_ARRAY_SIZE(releases); i++) {
		dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ .release = releases[i] });
		struct fx_module spec = fx_module_good("scap");
		struct fx_bytes b;

		spec.size = 128;
		spec.exports = export_own;
		spec.ext = fx_symbols;
		spec.import_ns = "SPACE";
		b = fx_module_build(&spec);
		fx_hostile(&b, 40000, judge_hostile, k);
		fx_free(&b);
	}
}

/* A kernel of each class and byte order reads its own modules. */
static void test_loader_judge_bytes_every_kind(void **state)
{
	(void)state;
	FX_CASE(kind, fx_kinds)
	{
		dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ .kind = kind });
		struct fx_module spec = fx_module_good("scap");
		struct fx_bytes b;

		spec.kind = kind;
		b = fx_module_build(&spec);
		expect_bytes(b.data, b.len, k, 0);
		fx_free(&b);
	}
}

/* A failure leaves the caller its bytes. */
static void test_loader_judge_bytes_unreadable_kernel(void **state)
{
	const struct fx_module spec = fx_module_good("scap");
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ .vermagic = "" });
	struct fx_bytes b = fx_module_build(&spec);
	struct dg_judgement *j = (struct dg_judgement *)1;
	struct dg_modfile *m = (struct dg_modfile *)1;
	struct dg_diag d = { 0 };

	(void)state;
	assert_int_equal(dg_loader_judge_bytes(NULL, b.data, b.len, k, &m, &j, &d), -ENOENT);
	assert_string_equal(d.where, FX_RELEASE);
	assert_ptr_equal(j, (struct dg_judgement *)1);
	assert_ptr_equal(m, (struct dg_modfile *)1);
	fx_free(&b);
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

/* Every failing symbol is told, with both CRCs; the errno is that of the last. */
static void test_loader_judge_reasons_of_all(void **state)
{
	static const struct fx_symbol all[] = {
		{ .name = "module_layout", .crc = 0x11111111 },
		{ .name = "kfree", .crc = 0x00000bad },
		{ .name = "gone", .crc = 1 },
		{ .name = "_printk", .crc = 0xdeadbeef },
		{ 0 },
	};
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;
	char cause[300];

	(void)state;
	spec.imports = all;
	j = judge(&spec, FX_VERMAGIC);
	/* The last's, _printk's. */
	assert_int_equal(j->err, EINVAL);
	assert_int_equal(j->n_reasons, 3);
	assert_string_equal(j->reasons[0].symbol, "kfree");
	assert_string_equal(j->reasons[0].want, "0x00000bad");
	assert_string_equal(j->reasons[0].have, "0x037a0cba");
	assert_string_equal(j->reasons[1].symbol, "gone");
	assert_string_equal(j->reasons[0].owner, "vmlinux");
	assert_null(j->reasons[1].have);
	assert_null(j->reasons[1].owner);
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
	static const struct fx_symbol odd[] = { { .name = "module_layout", .crc = 0x11111111 },
						{ .name = "\033[2J\n", .crc = 1 },
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
	dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ .vermagic = "" });
	struct dg_judgement *j = (struct dg_judgement *)1;
	struct dg_diag d = { 0 };

	(void)state;
	/* No vermagic, and no modules to learn it from. */
	assert_int_equal(dg_loader_judge(m, k, &j, &d), -ENOENT);
	assert_string_equal(d.where, FX_RELEASE);
	assert_ptr_equal(j, (struct dg_judgement *)1);
}

/* The kernel's own blacklist comes behind the ELF, before module_layout; modprobe's changes no verdict. */
static void test_loader_judge_blacklist(void **state)
{
	static const struct {
		const char *name;
		enum dg_modconf_kind kind;
		const char *rule, *depends;
		const struct fx_symbol *imports;
		int err;
		enum dg_reason_kind last;
		const char *owner;
	} cases[] = {
		{ "the kernel's", DG_MODCONF_KERNEL_BLACKLIST, "scap", NULL, NULL, EPERM, DG_REASON_BLACKLIST, NULL },
		{ "before module_layout", DG_MODCONF_KERNEL_BLACKLIST, "scap", NULL, layout, EPERM, DG_REASON_LAYOUT,
		  NULL },
		{ "of another", DG_MODCONF_KERNEL_BLACKLIST, "scapx", NULL, layout, ENOEXEC, DG_REASON_LAYOUT, NULL },
		{ "of what it needs", DG_MODCONF_KERNEL_BLACKLIST, "helper", "a,helper", NULL, ENOENT,
		  DG_REASON_BLACKLIST, "helper" },
		{ "modprobe's", DG_MODCONF_BLACKLIST, "scap", NULL, NULL, 0, DG_REASON_BLACKLIST, NULL },
		{ "modprobe's, of what it needs", DG_MODCONF_BLACKLIST, "helper", "helper", layout, ENOEXEC,
		  DG_REASON_LAYOUT, NULL },
		{ "a command", DG_MODCONF_INSTALL, "sc?p", NULL, NULL, 0, DG_REASON_INSTALL, NULL },
		{ "a command, for what it needs", DG_MODCONF_INSTALL, "help*", "helper", NULL, 0, DG_REASON_INSTALL,
		  "helper" },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		dg_auto(dg_kernel_freep) struct dg_kernel *k = make_kernel(&(struct kernel){ 0 });
		struct fx_module spec = fx_module_good("scap");
		dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
		dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
		const struct dg_reason *last;

		k->modconf = calloc(1, sizeof(*k->modconf));
		assert_int_equal(DG_GROW(k->modconf->v, 0), 0);
		k->modconf->v[k->modconf->n++] = (struct dg_modconf_rule){ .kind = c->kind,
									   .name = strdup(c->rule),
									   .where = strdup("a.conf:1") };
		spec.depends = c->depends;
		if (c->imports)
			spec.imports = c->imports;
		m = parse(&spec);
		fx_int(dg_loader_judge(m, k, &j, NULL), 0);
		fx_int(j->err, c->err);
		fx_int(j->verdict, c->err ? DG_VERDICT_REFUSED : DG_VERDICT_EXACT);
		last = &j->reasons[j->n_reasons - 1];
		fx_int(last->kind, c->last);
		if (c->owner)
			fx_str(last->owner, c->owner);
		if (c->last != DG_REASON_LAYOUT)
			fx_str(last->have, "a.conf:1");
	}
}

static void test_judgement_cause_small_buffer(void **state)
{
	struct fx_module spec = fx_module_good("scap");
	struct dg_judgement *j;

	(void)state;
	spec.size = 100; /* a remark alone, on this kernel */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loader_judge_verdicts),
		cmocka_unit_test(test_loader_judge_versions),
		cmocka_unit_test(test_loader_judge_no_versions_by_force),
		cmocka_unit_test(test_loader_judge_no_versions_by_force_told),
		cmocka_unit_test(test_loader_judge_symbols),
		cmocka_unit_test(test_loader_judge_licence),
		cmocka_unit_test(test_loader_judge_namespace),
		cmocka_unit_test(test_loader_judge_exports),
		cmocka_unit_test(test_loader_judge_extended),
		cmocka_unit_test(test_loader_judge_extended_told),
		cmocka_unit_test(test_loader_judge_strict_sections),
		cmocka_unit_test(test_loader_judge_signature),
		cmocka_unit_test(test_loader_judge_bytes_truncated),
		cmocka_unit_test(test_loader_judge_bytes_damaged),
		cmocka_unit_test(test_loader_judge_bytes_hostile),
		cmocka_unit_test(test_loader_judge_bytes_every_kind),
		cmocka_unit_test(test_loader_judge_bytes_unreadable_kernel),
		cmocka_unit_test(test_loader_judge_global_offset_table),
		cmocka_unit_test(test_loader_judge_reasons_of_all),
		cmocka_unit_test(test_loader_judge_hostile_name),
		cmocka_unit_test(test_loader_judge_unreadable_kernel),
		cmocka_unit_test(test_loader_judge_blacklist),
		cmocka_unit_test(test_judgement_cause_small_buffer),
	};

	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
