// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stages of load_module(), each ending it: signature, ELF, module_layout,
 * vermagic, exports' CRCs, symbols (all looked at, the last failure counts), and
 * exports that duplicate others. All stages are run all the same, since a person
 * wants every reason; the errno is that of the first that fails.
 */
#include "loader.h"

#include <elf.h>
#include <errno.h>

#include "around.h"
#include "reasons.h"
#include "relocations.h"

/* A CRC as "0x%08llx" has it. A level that does not fit has thousands, too many for printf. */
struct hex {
	char text[2 + 16 + 1];
	const char *s; /* in it; NULL: none */
};

static struct hex *hex(struct hex *h, uint64_t crc)
{
	char *end = h->text + sizeof(h->text) - 1, *p = end;

	for (*p = '\0'; crc || p > end - 8; crc >>= 4)
		*--p = "0123456789abcdef"[crc & 15];
	*--p = 'x';
	*--p = '0';
	h->s = p;
	return h;
}

static int judge_signature(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	int r;

	if (k->policy.no_sig)
		return 0;
	switch (m->signature) {
	case DG_SIGNATURE_DAMAGED:
		return dg_reason_add(j, DG_REASON_SIGNATURE, EBADMSG, NULL, strdup("damaged"), NULL, NULL);
	case DG_SIGNATURE_FOREIGN:
	case DG_SIGNATURE_NONE:
		if (!k->policy.sig_force)
			return 0;
		return dg_reason_add(j, DG_REASON_SIGNATURE, EKEYREJECTED, NULL,
				     strdup(m->signature == DG_SIGNATURE_NONE ? "unsigned" : "not PKCS#7"), NULL, NULL);
	case DG_SIGNATURE_PRESENT:
		break;
	}
	r = dg_signature_verify((struct dg_span){ m->data, m->signed_len }, m->signature_message, k->keys);
	/* Unsupported algorithms are no more of an error than a missing key. */
	if (r == ENOPKG)
		r = ENOKEY;
	/* A signature by a key that is not this kernel's is as good as none. */
	if (r == 0 || (r == ENOKEY && !k->policy.sig_force))
		return 0;
	return dg_reason_add(j, DG_REASON_SIGNATURE, r == ENOKEY ? EKEYREJECTED : r, NULL,
			     strdup(r == ENOKEY		? "by a key this kernel does not have"
				    : r == EKEYREJECTED ? "not of these bytes: changed since it was signed"
							: "damaged"),
			     NULL, NULL);
}

static bool machine_fits(const struct dg_modfile *m, const struct dg_kernel *k)
{
	/* x86_64 kernels look at the machine alone. */
	return m->machine == k->machine && m->is64 == k->is64;
}

static int judge_machine(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	char a[24], b[24];

	if (machine_fits(m, k))
		return 0;
	return dg_reason_add(j, DG_REASON_MACHINE, ENOEXEC, NULL,
			     strdup(dg_elf_machine_name(m->machine, m->is64, a, sizeof(a))),
			     strdup(dg_elf_machine_name(k->machine, k->is64, b, sizeof(b))), NULL);
}

static int elf_reason(struct dg_judgement *j, const char *what)
{
	return dg_reason_add(j, DG_REASON_ELF, ENOEXEC, NULL, strdup(what), NULL, NULL);
}

static size_t count_sections(const struct dg_modfile *m, const char *name, uint32_t type)
{
	struct dg_section s;
	size_t n = 0;

	for (size_t i = 1; dg_elf_section_at(&m->elf, i, &s); i++)
		n += name ? dg_streq(s.name, name) : s.type == type;
	return n;
}

/* What 6.9 and later check in elf_validity_cache_copy(), and earlier ones did not. */
static int judge_sections_strictly(const struct dg_modfile *m, struct dg_judgement *j)
{
	struct dg_section names, s;

	if (dg_elf_section_at(&m->elf, m->elf.names_index, &names) && names.type != SHT_STRTAB)
		return elf_reason(j, "damaged: the names of its sections are no string table");
	for (size_t i = 1; dg_elf_section_at(&m->elf, i, &s); i++)
		if (s.type != SHT_NULL && s.name_offset >= names.span.len)
			return elf_reason(j, "damaged: a section without a name");
	if (count_sections(m, ".modinfo", 0) > 1)
		return elf_reason(j, "damaged: more than one .modinfo");
	if (count_sections(m, ".gnu.linkonce.this_module", 0) > 1)
		return elf_reason(j, "damaged: more than one .gnu.linkonce.this_module");
	if (count_sections(m, NULL, SHT_SYMTAB) != 1)
		return elf_reason(j, "needs one symbol table (stripped?)");
	if (dg_elf_section_at(&m->elf, m->symbols.link, &s) && s.type != SHT_STRTAB)
		return elf_reason(j, "damaged: the names of its symbols are no string table");
	return 0;
}

/* What 6.1 and those around it check besides what dg_elf_open() did. */
static int judge_section_headers(const struct dg_modfile *m, struct dg_judgement *j)
{
	struct dg_section names = { 0 }, s;

	(void)dg_elf_section_at(&m->elf, m->elf.names_index, &names);
	for (size_t i = 0; dg_elf_section_at(&m->elf, i, &s); i++) {
		if (i && s.type == SHT_SYMTAB && (!s.link || s.link >= m->elf.n_sections))
			return elf_reason(j, "damaged: symbols without names");
		if (i && s.flags & SHF_ALLOC && s.type != SHT_NULL && s.type != SHT_NOBITS &&
		    s.name_offset >= names.size)
			return elf_reason(j, "damaged: a section without a name");
	}
	return 0;
}

/* module_enforce_rwx_sections() */
static int judge_rights(const struct dg_modfile *m, struct dg_judgement *j)
{
	for (size_t i = 0; i < m->elf.n_sections; i++)
		if ((dg_elf_section_flags(&m->elf, i) & (SHF_WRITE | SHF_EXECINSTR)) == (SHF_WRITE | SHF_EXECINSTR))
			return elf_reason(j, "has a section that is both writable and executable");
	return 0;
}

static int judge_sections(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	bool strict = dg_kernel_at_least(k, 6, 9);
	struct dg_section s;
	int r = judge_section_headers(m, j);

	if (r < 0 || j->err)
		return r;
	if (!m->symbols.index)
		return elf_reason(j, "has no symbol table (stripped?)");
	if (!dg_elf_section(&m->elf, ".gnu.linkonce.this_module", &s) || !(s.flags & SHF_ALLOC))
		return elf_reason(j, "has no .gnu.linkonce.this_module");
	/* An older kernel does not refuse this, but crashes on it. */
	if (!s.span.len || s.type == SHT_NOBITS)
		return elf_reason(j, "damaged: .gnu.linkonce.this_module has no content");
	if (strict)
		r = judge_sections_strictly(m, j);
	if (r < 0 || j->err)
		return r;
	/* Older kernels read past the end of a short one, or leave out what is more. */
	if (m->this_module_size != k->module_size)
		r = dg_reason_add(j, DG_REASON_MODULE_SIZE, dg_kernel_at_least(k, 6, 4) ? ENOEXEC : 0, NULL,
				  dg_format("%zu", m->this_module_size), dg_format("%zu", k->module_size), NULL);
	return r;
}

/*
 * check_version(): 0 when it is fine, else the reason's kind. A missing record
 * fails on Debian's kernels (so their 6.1 and 6.12 sources, and the oracle) and is
 * only warned of by others.
 */
static bool version_fits(const struct dg_modfile *m, const struct dg_kernel *k, const struct dg_import *i,
			 const struct dg_export_entry *e, enum dg_reason_kind *ret_kind, bool *ret_fatal)
{
	if (!e->has_crc)
		return true;
	/* Where the extended tables are known, they alone count. */
	if (m->has_ext_versions && dg_kernel_at_least(k, 6, 14)) {
		*ret_kind = i->has_ext_crc ? DG_REASON_CRC : DG_REASON_NO_VERSION;
		*ret_fatal = i->has_ext_crc;
		return i->has_ext_crc && i->ext_crc == e->crc;
	}
	if (!m->has_versions) {
		/* No versions at all: taken by force where that is built in, and told once. */
		*ret_kind = DG_REASON_NO_VERSIONS;
		*ret_fatal = !k->policy.force_load;
		return false;
	}
	*ret_kind = i->has_crc ? DG_REASON_CRC : DG_REASON_NO_VERSION;
	*ret_fatal = i->has_crc || dg_streq(k->level.vendor, "debian");
	return i->has_crc && i->crc == e->crc;
}

/* The CRCs that were compared. */
static int add_crc_reason(struct dg_judgement *j, enum dg_reason_kind kind, int err, const struct dg_modfile *m,
			  const struct dg_kernel *k, const struct dg_import *i, const struct dg_export_entry *e)
{
	bool ext = m->has_ext_versions && dg_kernel_at_least(k, 6, 14);
	struct hex want = { 0 }, have = { 0 };

	if (ext ? i->has_ext_crc : i->has_crc)
		hex(&want, ext ? i->ext_crc : i->crc);
	return dg_reason_copy(j, kind, err, i->name, want.s, hex(&have, e->crc)->s, e->owner);
}

static int judge_layout(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	const struct dg_export_entry *e = dg_kernel_export_hashed(k, m->layout.name, m->layout.hash);
	enum dg_reason_kind kind;
	bool fatal;

	if (!e || version_fits(m, k, &m->layout, e, &kind, &fatal))
		return 0;
	return add_crc_reason(j, kind == DG_REASON_CRC ? DG_REASON_LAYOUT : kind, fatal ? ENOEXEC : 0, m, k, &m->layout,
			      e);
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

static bool sees_modinfo(const struct dg_modfile *m, const struct dg_kernel *k)
{
	return !m->modinfo_unloaded || dg_kernel_at_least(k, 6, 9);
}

static int judge_vermagic(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	if (!m->has_vermagic || !sees_modinfo(m, k))
		return dg_reason_add(j, DG_REASON_VERMAGIC, k->policy.force_load ? 0 : ENOEXEC, NULL, NULL,
				     strdup(k->vermagic), NULL);
	if (same_magic(m->vermagic, k->vermagic, m->has_versions && kernel_has_crcs(k)))
		return 0;
	return dg_reason_add(j, DG_REASON_VERMAGIC, ENOEXEC, NULL, strdup(m->vermagic), strdup(k->vermagic), NULL);
}

static int judge_export_crcs(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	for (size_t i = 0; i < m->n_exports && kernel_has_crcs(k); i++)
		if (!m->exports[i].has_crc)
			return dg_reason_add(j, DG_REASON_EXPORT_CRC, k->policy.force_load ? 0 : ENOEXEC,
					     m->exports[i].name, NULL, NULL, NULL);
	return 0;
}

/* include/linux/license.h, license_is_gpl_compatible() */
static bool is_gpl(const struct dg_modfile *m)
{
	static const char *const licences[] = { "GPL",		"GPL v2",	"GPL and additional rights",
						"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(licences); i++)
		if (m->has_license && dg_streq(m->license, licences[i]))
			return true;
	return false;
}

/* ignore_undef_symbol() */
static bool is_ignored(const struct dg_modfile *m, const char *name)
{
	return (m->machine == EM_386 || m->machine == EM_X86_64) && dg_streq(name, "_GLOBAL_OFFSET_TABLE_");
}

struct symbols {
	const struct dg_modfile *m;
	struct dg_kernel *k;
	struct dg_judgement *j;
	bool gpl, told_no_versions;
	int err; /* of the last that failed */
};

static int refuse(struct symbols *s, enum dg_reason_kind kind, int err, const struct dg_import *i, char *want,
		  char *have, const char *owner)
{
	if (err)
		s->err = err;
	return dg_reason_add(s->j, kind, err, i->name, want, have, owner);
}

/* A version that does not fit: told once when there are none at all, in every case counted. */
static int judge_version(struct symbols *s, const struct dg_import *i, const struct dg_export_entry *e, bool *ret_fits)
{
	enum dg_reason_kind kind;
	bool fatal;

	*ret_fits = version_fits(s->m, s->k, i, e, &kind, &fatal);
	if (*ret_fits)
		return 0;
	*ret_fits = !fatal;
	if (kind == DG_REASON_NO_VERSIONS && s->told_no_versions) {
		s->err = fatal ? EINVAL : s->err;
		return 0;
	}
	s->told_no_versions |= kind == DG_REASON_NO_VERSIONS;
	s->err = fatal ? EINVAL : s->err;
	return add_crc_reason(s->j, kind, fatal ? EINVAL : 0, s->m, s->k, i, e);
}

/* verify_module_namespace(), 6.16: "module:kvm,kvm-*" is for modules of these names. */
static bool is_for_module(const struct symbols *s, const char *ns)
{
	if (!dg_startswith(ns, "module:") || !dg_kernel_at_least(s->k, 6, 16))
		return false;
	for (ns += strlen("module:"); *ns; ns += *ns == ',') {
		size_t n = strcspn(ns, ",");
		bool glob = n && ns[n - 1] == '*';
		dg_auto_free char *want = strndup(ns, n - glob), *have = strndup(s->m->name, glob ? n - 1 : 63);

		if (dg_modname_equal(want, have))
			return true;
		ns += n;
	}
	return false;
}

/* Judge a module of updates/, extra/ and the like that others need; what fails to be read is bad. */
static int look_at_exporter(struct dg_kernel *k, struct dg_exporter *x)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_diag d;
	int r;

	/* In a ring nobody is refused for the ring itself. */
	x->verdict = DG_EXPORTER_JUDGING;
	r = dg_modfile_read(x->path, &m, &d);
	if (r == 0)
		r = dg_loader_judge(m, k, &j, &d);
	if (r == -ENOMEM)
		return r;
	x->verdict = j && j->verdict != DG_VERDICT_REFUSED ? DG_EXPORTER_GOOD : DG_EXPORTER_BAD;
	return 0;
}

static int is_bad(struct dg_kernel *k, struct dg_exporter *x, bool *ret)
{
	int r = 0;

	dg_exporters_lock_verdicts(k->tree);
	if (x->verdict == DG_EXPORTER_UNKNOWN)
		r = look_at_exporter(k, x);
	*ret = x->verdict == DG_EXPORTER_BAD;
	dg_exporters_unlock_verdicts(k->tree);
	return r;
}

/* Told once for each: without it loaded, its symbols are not there. */
static int judge_exporter(struct symbols *s, const struct dg_import *i, const struct dg_export_entry *e)
{
	bool bad = false;
	int r = e->exporter && e->exporter->outside ? is_bad(s->k, e->exporter, &bad) : 0;

	if (r < 0 || !bad)
		return r;
	s->err = ENOENT;
	for (size_t x = 0; x < s->j->n_reasons; x++)
		if (s->j->reasons[x].kind == DG_REASON_DEPENDENCY && dg_streq(s->j->reasons[x].owner, e->owner))
			return 0;
	return refuse(s, DG_REASON_DEPENDENCY, ENOENT, i, NULL, strdup(e->exporter->path), e->owner);
}

static int judge_import(struct symbols *s, const struct dg_import *i)
{
	const struct dg_export_entry *e;
	bool fits = true;
	int r;

	if (i->kind != DG_IMPORT_SYMBOL) {
		s->err = ENOEXEC;
		return dg_reason_add(s->j, DG_REASON_ELF, ENOEXEC, i->name,
				     strdup(i->kind == DG_IMPORT_COMMON ? "a common symbol" : "a symbol of no section"),
				     NULL, NULL);
	}
	e = dg_kernel_export_hashed(s->k, i->name, i->hash);
	if (!e || (e->gpl_only && !s->gpl)) {
		if (i->weak || is_ignored(s->m, i->name))
			return 0;
		return refuse(s, e ? DG_REASON_GPL : DG_REASON_MISSING, ENOENT, i, NULL, NULL, e ? e->owner : NULL);
	}
	r = judge_exporter(s, i, e);
	if (r == 0)
		r = judge_version(s, i, e, &fits);
	if (r < 0 || !fits || !*e->ns || is_for_module(s, e->ns) || dg_modfile_imports_ns(s->m, e->ns))
		return r;
	return refuse(s, DG_REASON_NAMESPACE, s->k->policy.allow_missing_ns ? 0 : EINVAL, i, NULL, strdup(e->ns),
		      e->owner);
}

/* Symbols that are told of before they are looked for. */
#define AHEAD 4

static int judge_symbols(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	struct symbols s = { .m = m, .k = k, .j = j, .gpl = sees_modinfo(m, k) && is_gpl(m) };
	bool first_stage = !j->err;

	for (size_t i = 0; i < m->n_imports; i++) {
		int r;

		/* The table is larger than what a processor has at hand. */
		if (i + AHEAD < m->n_imports)
			dg_symtab_expect(k->exports, m->imports[i + AHEAD].hash);
		r = judge_import(&s, &m->imports[i]);

		if (r < 0)
			return r;
	}
	/* The loader goes through them all, and returns what the last failure set. */
	if (first_stage)
		j->err = s.err;
	return 0;
}

static int judge_relocations(const struct dg_modfile *m, struct dg_judgement *j)
{
	const char *damage = dg_relocations_damage(m);

	return damage ? elf_reason(j, damage) : 0;
}

/* Who is loaded whenever a module is: the kernel itself, and the modules whose symbols it uses. */
struct needed {
	const char **v;
	size_t n;
};

static bool is_needed(const struct needed *needed, const char *owner)
{
	for (size_t i = 0; i < needed->n; i++)
		if (dg_streq(needed->v[i], owner))
			return true;
	return false;
}

static int collect_needed(const struct dg_modfile *m, struct dg_kernel *k, struct needed *ret)
{
	const char *owner = "vmlinux", *last = NULL;

	for (size_t i = 0; i <= m->n_imports; i++) {
		if (owner != last && !is_needed(ret, owner)) {
			if (DG_GROW(ret->v, ret->n) < 0)
				return -ENOMEM;
			ret->v[ret->n++] = owner;
		}
		last = owner;
		if (i < m->n_imports) {
			const struct dg_export_entry *e =
				dg_kernel_export_read(k, m->imports[i].name, m->imports[i].hash, 0);

			owner = e ? e->owner : last;
		}
	}
	return 0;
}

/* Another module that exports it may or may not be loaded then, and is not held against it. */
static int judge_duplicates(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	struct needed needed = { 0 };
	int r = m->n_exports ? collect_needed(m, k, &needed) : 0;

	for (size_t i = 0; i < m->n_exports && r == 0; i++) {
		uint32_t hash = dg_symbol_hash(m->exports[i].name);
		const struct dg_export_entry *e;
		size_t n = 0;

		/* Who is needed was read above. */
		while ((e = dg_kernel_export_read(k, m->exports[i].name, hash, n++)) && !is_needed(&needed, e->owner))
			;
		if (e)
			r = dg_reason_add(j, DG_REASON_DUPLICATE, ENOEXEC, e->name, NULL, NULL, e->owner);
	}
	free(needed.v);
	return r;
}

static int judge_extended(const struct dg_modfile *m, const struct dg_kernel *k, struct dg_judgement *j)
{
	bool knows = dg_kernel_at_least(k, 6, 14);

	if (m->ext_unpaired)
		return dg_reason_add(j, DG_REASON_EXTENDED, knows ? ENOEXEC : 0, NULL, strdup("unpaired"), NULL, NULL);
	if (m->has_ext_versions && m->ext_empty)
		return dg_reason_add(j, DG_REASON_EXTENDED, 0, NULL, strdup("empty"), NULL, NULL);
	return 0;
}

/* blacklisted(): module_blacklist= of the kernel's command line. */
static int judge_blacklist(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	const struct dg_modconf *c = dg_kernel_modconf(k);
	const struct dg_modconf_rule *rule = c ? dg_modconf_find(c, DG_MODCONF_KERNEL_BLACKLIST, m->name) : NULL;

	if (!rule)
		return c ? 0 : -ENOMEM;
	return dg_reason_add(j, DG_REASON_BLACKLIST, EPERM, NULL, NULL, strdup(rule->where), NULL);
}

static int judge_all(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	int r = judge_signature(m, k, j);

	if (r == 0)
		r = judge_machine(m, k, j);
	/* Another machine's sections, symbols and records say nothing here. */
	if (r < 0 || !machine_fits(m, k))
		return r;
	r = judge_sections(m, k, j);
	if (r == 0)
		r = judge_blacklist(m, k, j);
	if (r == 0)
		r = judge_extended(m, k, j);
	if (r == 0)
		r = judge_layout(m, k, j);
	if (r == 0)
		r = judge_vermagic(m, k, j);
	if (r == 0)
		r = judge_rights(m, j);
	if (r == 0)
		r = judge_export_crcs(m, k, j);
	if (r == 0)
		r = judge_symbols(m, k, j);
	if (r == 0)
		r = judge_relocations(m, j);
	if (r == 0)
		r = judge_duplicates(m, k, j);
	if (r == 0 && m->nameless)
		r = dg_reason_add(j, DG_REASON_ELF, EINVAL, NULL, strdup("its struct module has no name"), NULL, NULL);
	return r;
}

bool dg_loader_same_release(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return n == strcspn(b, " ") && strncmp(a, b, n) == 0;
}

static int learn(struct dg_kernel *k, struct dg_diag *d)
{
	int r = dg_kernel_reference(k, d);

	return r < 0 ? r : dg_kernel_exports(k, d);
}

int dg_loader_judge_alone(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret, struct dg_diag *d)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	int r = learn(k, d);

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
		j->verdict = dg_loader_same_release(m->vermagic, k->vermagic) ? DG_VERDICT_EXACT : DG_VERDICT_KABI;
	*ret = dg_take(j);
	return 0;
}

int dg_loader_judge_around(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	int r = dg_around_judge(m, k, j);

	if (r == 0 && j->err)
		j->verdict = DG_VERDICT_REFUSED;
	return r;
}

int dg_loader_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement **ret, struct dg_diag *d)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	int r = dg_loader_judge_alone(m, k, &j, d);

	if (r == 0)
		r = dg_loader_judge_around(m, k, j);
	if (r == 0)
		*ret = dg_take(j);
	return r;
}

int dg_loader_judge_malformed(int err, const struct dg_diag *why, struct dg_judgement **ret)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = calloc(1, sizeof(*j));
	int r = -ENOMEM;

	/* An empty file does not get as far as the loader. */
	if (j)
		r = dg_reason_add(j, DG_REASON_ELF, err == -ENODATA ? EINVAL : ENOEXEC, NULL, strdup(why->what), NULL,
				  NULL);

	if (r < 0)
		return r;
	j->verdict = DG_VERDICT_REFUSED;
	*ret = dg_take(j);
	return 0;
}

int dg_loader_judge_bytes(const char *path, void *data, size_t len, struct dg_kernel *k, struct dg_modfile **ret_file,
			  struct dg_judgement **ret, struct dg_diag *d)
{
	struct dg_modfile *m = NULL;
	struct dg_diag why = { 0 };
	int r = learn(k, d);

	if (r < 0)
		return r;
	/* As that kernel reads it, which has only one class and byte order. */
	r = dg_modfile_parse_as(data, len, dg_kernel_format(k), &m, &why);
	if (r == -EBADMSG || r == -ENODATA) {
		r = dg_loader_judge_malformed(r, &why, ret);
		if (r == 0) {
			free(data);
			*ret_file = NULL;
		}
		return r;
	}
	if (r == 0 && path && !(m->path = strdup(path)))
		r = -ENOMEM;
	if (r == 0)
		r = dg_loader_judge(m, k, ret, d);
	if (r < 0) {
		/* The caller keeps its bytes when we fail. */
		if (m)
			m->owned = NULL;
		dg_modfile_free(m);
		return r;
	}
	*ret_file = m;
	return 0;
}
