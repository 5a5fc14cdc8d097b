// SPDX-License-Identifier: GPL-2.0-or-later
#include "loader.h"

#include <elf.h>
#include <errno.h>

static int add(struct dg_judgement *j, enum dg_reason_kind kind, int err, const char *symbol, char *want, char *have)
{
	struct dg_reason *r;

	if (DG_GROW(j->reasons, j->n_reasons) < 0) {
		free(want);
		free(have);
		return -ENOMEM;
	}
	r = &j->reasons[j->n_reasons++];
	*r = (struct dg_reason){ .kind = kind, .err = err, .want = dg_printable(want), .have = dg_printable(have) };
	r->symbol = symbol ? dg_printable(strdup(symbol)) : NULL;
	if (err && !j->err)
		j->err = err;
	return symbol && !r->symbol ? -ENOMEM : 0;
}

static char *text(const char *s)
{
	return strdup(s);
}

static char *hex(uint32_t crc)
{
	return dg_format("0x%08x", crc);
}

static int judge_machine(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	char a[24], b[24];

	if (m->machine == k->machine && m->is64 == k->is64)
		return 0;
	return add(j, DG_REASON_MACHINE, ENOEXEC, NULL, text(dg_elf_machine_name(m->machine, m->is64, a, sizeof(a))),
		   text(dg_elf_machine_name(k->machine, k->is64, b, sizeof(b))));
}

static int judge_size(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	if (m->this_module_size == k->module_size)
		return 0;
	return add(j, DG_REASON_MODULE_SIZE, ENOEXEC, NULL, dg_format("%zu", m->this_module_size),
		   dg_format("%zu", k->module_size));
}

/* same_magic(): a kernel with modversions skips the release when the file has CRCs. */
static bool same_magic(const char *a, const char *b, bool has_crcs)
{
	if (has_crcs) {
		a += strcspn(a, " ");
		b += strcspn(b, " ");
	}
	return strcmp(a, b) == 0;
}

static bool kernel_has_crcs(const struct dg_kernel *k)
{
	return strstr(k->vermagic, "modversions") != NULL;
}

static int judge_vermagic(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	if (same_magic(m->vermagic, k->vermagic, m->has_versions && kernel_has_crcs(k)))
		return 0;
	return add(j, DG_REASON_VERMAGIC, ENOEXEC, NULL, text(m->vermagic), text(k->vermagic));
}

/* check_version(): what each import's CRC comes to, or 0 when it is fine. */
static int judge_import(const struct dg_modfile *m, const struct dg_import *i, const struct dg_export_entry *e,
			struct dg_judgement *j)
{
	bool layout = dg_streq(i->name, "module_layout");

	/* ignore_undef_symbol(): what old assemblers leave on x86, and no relocation uses. */
	if (!e && (m->machine == EM_X86_64 || m->machine == EM_386) && dg_streq(i->name, "_GLOBAL_OFFSET_TABLE_"))
		return 0;
	if (!e)
		return i->weak ? 0 : add(j, DG_REASON_MISSING, ENOENT, i->name, NULL, NULL);
	/* An export without a CRC taints, no more. */
	if (!e->has_crc || !m->has_versions)
		return 0;
	if (!i->has_crc)
		return add(j, DG_REASON_NO_VERSION, 0, i->name, NULL, hex(e->crc));
	if (i->crc == e->crc)
		return 0;
	return add(j, layout ? DG_REASON_LAYOUT : DG_REASON_CRC, layout ? ENOEXEC : EINVAL, i->name, hex(i->crc),
		   hex(e->crc));
}

static int judge_symbols(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	for (size_t i = 0; i < m->n_imports; i++) {
		const struct dg_import *import = &m->imports[i];
		int r = judge_import(m, import, dg_kernel_export(k, import->name), j);

		if (r < 0)
			return r;
	}
	return 0;
}

static int judge_all(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	int r = judge_machine(m, k, j);

	if (r < 0 || j->err)
		return r;
	r = judge_size(m, k, j);
	if (r == 0)
		r = judge_vermagic(m, k, j);
	/* The kernel wants them all or none: without, it takes a module only by force. */
	if (r == 0 && kernel_has_crcs(k) && !m->has_versions)
		r = add(j, DG_REASON_NO_VERSIONS, ENOEXEC, NULL, NULL, NULL);
	return r < 0 ? r : judge_symbols(m, k, j);
}

/* The first word of both vermagics: the release a driver was built for. */
static bool same_release(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return n == strcspn(b, " ") && strncmp(a, b, n) == 0;
}

int dg_loader_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret, struct dg_diag *d)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	int r = dg_kernel_reference(k, d);

	if (r == 0)
		r = dg_kernel_exports(k, d);
	if (r < 0)
		return r;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	r = judge_all(m, k, j);
	if (r < 0)
		return r;
	if (j->err)
		j->verdict = DG_VERDICT_REFUSED;
	else
		j->verdict = same_release(m->vermagic, k->vermagic) ? DG_VERDICT_EXACT : DG_VERDICT_KABI;
	*ret = dg_take(j);
	return 0;
}

int dg_judgement_require_exact(struct dg_judgement *j)
{
	if (j->verdict != DG_VERDICT_KABI)
		return 0;
	j->verdict = DG_VERDICT_REFUSED;
	return add(j, DG_REASON_REQUIRE, 0, NULL, text("exact"), text("kabi"));
}

void dg_judgement_free(struct dg_judgement *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n_reasons; i++) {
		free(j->reasons[i].symbol);
		free(j->reasons[i].want);
		free(j->reasons[i].have);
	}
	free(j->reasons);
	free(j);
}

void dg_judgement_freep(struct dg_judgement **j)
{
	dg_judgement_free(*j);
}

const char *dg_verdict_name(enum dg_verdict v)
{
	static const char *const names[] = { "exact", "kabi", "refused" };

	return names[v];
}

const char *dg_reason_name(enum dg_reason_kind k)
{
	static const char *const names[] = {
		[DG_REASON_MACHINE] = "machine",
		[DG_REASON_MODULE_SIZE] = "module_size",
		[DG_REASON_VERMAGIC] = "vermagic",
		[DG_REASON_NO_VERSIONS] = "no_versions",
		[DG_REASON_LAYOUT] = "module_layout",
		[DG_REASON_MISSING] = "missing",
		[DG_REASON_CRC] = "crc",
		[DG_REASON_NO_VERSION] = "no_version",
		[DG_REASON_REQUIRE] = "require",
	};

	return names[k];
}

static const struct dg_reason *first_of(const struct dg_judgement *j, enum dg_reason_kind kind, size_t *n)
{
	const struct dg_reason *first = NULL;

	*n = 0;
	for (size_t i = 0; i < j->n_reasons; i++)
		if (j->reasons[i].kind == kind && (*n)++ == 0)
			first = &j->reasons[i];
	return first;
}

static void cause_one(const struct dg_reason *r, size_t n, char *buf, size_t size)
{
	switch (r->kind) {
	case DG_REASON_MACHINE:
		snprintf(buf, size, "built for %s, the kernel is %s", r->want, r->have);
		break;
	case DG_REASON_MODULE_SIZE:
		snprintf(buf, size, "struct module is %s bytes in it, %s in the kernel", r->want, r->have);
		break;
	case DG_REASON_VERMAGIC:
		snprintf(buf, size, "vermagic '%s', the kernel's is '%s'", r->want, r->have);
		break;
	case DG_REASON_NO_VERSIONS:
		snprintf(buf, size, "has no symbol versions, the kernel wants them");
		break;
	case DG_REASON_REQUIRE:
		snprintf(buf, size, "built for another level (kabi), the configuration requires exact");
		break;
	case DG_REASON_NO_VERSION:
		snprintf(buf, size, "%zu symbol%s without a version (the kernel only warns), first %s", n,
			 n == 1 ? "" : "s", r->symbol);
		break;
	case DG_REASON_LAYOUT:
		snprintf(buf, size, "module_layout has CRC %s in it, %s in the kernel", r->want, r->have);
		break;
	case DG_REASON_MISSING:
		snprintf(buf, size, "%zu symbol%s not exported, first %s", n, n == 1 ? "" : "s", r->symbol);
		break;
	default:
		snprintf(buf, size, "%zu symbol%s of another version, first %s (%s, the kernel has %s)", n,
			 n == 1 ? "" : "s", r->symbol, r->want, r->have);
	}
}

void dg_judgement_cause(const struct dg_judgement *j, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (enum dg_reason_kind k = DG_REASON_MACHINE; k <= DG_REASON_REQUIRE; k++) {
		size_t n;
		const struct dg_reason *first = first_of(j, k, &n);
		char one[256];

		if (!first || (j->err && !first->err))
			continue;
		cause_one(first, n, one, sizeof(one));
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "; " : "", one);
		if (used >= size)
			return;
	}
}
