// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Formats, all of the kernel's scripts/mod/modpost.c and include/linux/module.h:
 *   .modinfo      "key=value" strings, NUL between them
 *   __versions    struct modversion_info: unsigned long crc; char name[64 - sizeof(long)]
 *   __version_ext_crcs, __version_ext_names     u32 each, and as many strings (6.14)
 *   .gnu.linkonce.this_module   struct module; its name is 64 - sizeof(long) bytes,
 *                 behind the state word and the list head
 * Exports are modexports.c's.
 */
#include "modfile.h"

#include <elf.h>
#include <errno.h>

#include "fs.h"
#include "modexports.h"
#include "unpack.h"

#define SIGNATURE_MARKER "~Module signature appended~\n"

/*
 * The value of @key from byte *at on, which moves behind it; NULL: no more. The
 * last string need not end in the section, as long as it does in the file.
 */
static const char *modinfo_next(const struct dg_elf *elf, struct dg_span info, const char *key, size_t *at)
{
	size_t len = strlen(key), room = (size_t)(elf->data + elf->len - info.data);

	while (*at < info.len) {
		const char *s = (const char *)info.data + *at;
		size_t n = strnlen(s, room - *at);

		if (n == room - *at)
			return NULL;
		*at += n + 1;
		if (n > len && s[len] == '=' && memcmp(s, key, len) == 0)
			return s + len + 1;
	}
	return NULL;
}

static const char *modinfo_get(const struct dg_elf *elf, struct dg_span info, const char *key, bool *ret_has)
{
	size_t at = 0;
	const char *value = modinfo_next(elf, info, key, &at);

	if (ret_has)
		*ret_has = value;
	return value ? value : "";
}

bool dg_modfile_imports_ns(const struct dg_modfile *m, const char *ns)
{
	struct dg_section info;
	const char *value;
	size_t at = 0;

	if (!dg_elf_section(&m->elf, ".modinfo", &info))
		return false;
	while ((value = modinfo_next(&m->elf, info.span, "import_ns", &at)))
		if (strcmp(value, ns) == 0)
			return true;
	return false;
}

static void set_name(struct dg_modfile *m, struct dg_span info, struct dg_span this_module)
{
	size_t word = m->is64 ? 8 : 4, at = word * 3, room = 64 - word;
	bool has;
	const char *name = modinfo_get(&m->elf, info, "name", &has);

	if (has)
		snprintf(m->name, sizeof(m->name), "%s", name);
	m->nameless = this_module.len > at && !this_module.data[at];
	if (!has && this_module.len >= at + room)
		snprintf(m->name, sizeof(m->name), "%.*s", (int)room, this_module.data + at);
	dg_modname_normalize(m->name);
	if (!dg_modname_valid(m->name))
		m->name[0] = '\0';
}

struct version {
	const char *name;
	uint64_t crc;
	uint32_t hash, len;
};

/* By open addressing, at most half full; an entry without a name is free. */
struct versions {
	struct version *v;
	size_t mask;
};

static int make_room(struct versions *versions, size_t n)
{
	size_t size = 4;

	while (size < n * 2)
		size *= 2;
	versions->v = calloc(size, sizeof(*versions->v));
	versions->mask = size - 1;
	return versions->v ? 0 : -ENOMEM;
}

static struct version *find(const struct versions *versions, const char *name, size_t len, uint32_t hash)
{
	size_t i = hash & versions->mask;
	struct version *v = &versions->v[i];

	while (v->name && (v->hash != hash || v->len != len || memcmp(v->name, name, len) != 0))
		v = &versions->v[i = (i + 1) & versions->mask];
	return v;
}

/* Of several records of one name the loader takes the first. */
static void put(struct versions *versions, const char *name, size_t len, uint64_t crc)
{
	uint32_t hash = dg_symbol_hash_n(name, len);
	struct version *v = find(versions, name, len, hash);

	if (!v->name)
		*v = (struct version){ name, crc, hash, (uint32_t)len };
}

/* A record whose name has no end equals no symbol's. */
static int read_versions(const struct dg_modfile *m, struct dg_span s, struct versions *to)
{
	size_t word = m->is64 ? 8 : 4, n = s.len / 64;

	if (make_room(to, n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *p = (const char *)s.data + i * 64;
		size_t len = strnlen(p + word, 64 - word);

		if (len < 64 - word)
			put(to, p + word, len, dg_elf_word(&m->elf, p));
	}
	return 0;
}

static int read_ext_versions(struct dg_modfile *m, struct dg_span crcs, struct dg_span names, struct versions *to)
{
	size_t n = crcs.len / 4, at = 0, i;

	if (make_room(to, n) < 0)
		return -ENOMEM;
	for (i = 0; i < n && at < names.len; i++) {
		const char *name = (const char *)names.data + at;
		size_t len = strnlen(name, names.len - at);

		if (len == names.len - at)
			break;
		put(to, name, len, dg_elf_u32(&m->elf, crcs.data + i * 4));
		at += len + 1;
	}
	m->ext_unpaired = i != n;
	m->ext_empty = !n;
	m->has_ext_versions = !m->ext_unpaired;
	return 0;
}

static int collect_versions(struct dg_modfile *m, struct versions *plain, struct versions *ext)
{
	struct dg_section table, crcs, names;
	bool has_crcs = dg_elf_section(&m->elf, "__version_ext_crcs", &crcs);
	bool has_names = dg_elf_section(&m->elf, "__version_ext_names", &names);
	int r = 0;

	/* The loader finds a section by its name only if it is marked to be loaded. */
	if (dg_elf_section(&m->elf, "__versions", &table) && table.flags & SHF_ALLOC) {
		m->has_versions = true;
		r = read_versions(m, table.span, plain);
	}
	m->ext_unpaired = has_crcs != has_names;
	if (r == 0 && has_crcs && has_names)
		r = read_ext_versions(m, crcs.span, names.span, ext);
	return r;
}

static void set_crc(struct dg_import *i, size_t len, const struct versions *plain, const struct versions *ext)
{
	const struct version *found;

	found = plain->v ? find(plain, i->name, len, i->hash) : NULL;
	i->has_crc = found && found->name;
	i->crc = i->has_crc ? found->crc : 0;
	found = ext->v ? find(ext, i->name, len, i->hash) : NULL;
	i->has_ext_crc = found && found->name;
	i->ext_crc = i->has_ext_crc ? (uint32_t)found->crc : 0;
}

/* Whether a symbol of that section is one to be resolved, or one that no loader takes. */
static bool is_import(const struct dg_modfile *m, uint16_t section, enum dg_import_kind *ret)
{
	*ret = DG_IMPORT_BAD;
	if (section == SHN_UNDEF)
		*ret = DG_IMPORT_SYMBOL;
	else if (section == SHN_COMMON)
		*ret = DG_IMPORT_COMMON;
	else if (section < SHN_LORESERVE)
		return section >= m->elf.n_sections;
	else
		return section != SHN_ABS && section != 0xff20; /* SHN_LIVEPATCH */
	return true;
}

static int collect_imports(struct dg_modfile *m, const struct versions *plain, const struct versions *ext)
{
	enum dg_import_kind kind;
	size_t n = 0;

	for (size_t i = 1; i < m->symbols.n; i++)
		n += is_import(m, dg_elf_symbol_section(&m->elf, &m->symbols, i), &kind);
	m->imports = calloc(n + 1, sizeof(*m->imports));
	if (!m->imports)
		return -ENOMEM;
	for (size_t i = 1; i < m->symbols.n; i++) {
		struct dg_import import = { 0 };
		struct dg_symbol sym;

		if (!is_import(m, dg_elf_symbol_section(&m->elf, &m->symbols, i), &import.kind))
			continue;
		dg_elf_symbol(&m->elf, &m->symbols, i, &sym);
		if (import.kind == DG_IMPORT_COMMON && dg_startswith(sym.name, "__gnu_lto"))
			continue;
		import.name = sym.name;
		import.hash = dg_symbol_hash_n(sym.name, sym.name_len);
		import.weak = sym.bind == STB_WEAK;
		if (import.kind == DG_IMPORT_SYMBOL)
			set_crc(&import, sym.name_len, plain, ext);
		m->imports[m->n_imports++] = import;
	}
	return 0;
}

/* struct module_signature: algo, hash, id_type, signer_len, key_id_len, pad[3], be32 sig_len. */
static void find_signature(struct dg_modfile *m, const unsigned char *data, size_t len)
{
	const size_t marker = strlen(SIGNATURE_MARKER), trailer = 12;
	const unsigned char *t;
	size_t n;

	m->signed_len = len;
	if (len <= marker || memcmp(data + len - marker, SIGNATURE_MARKER, marker) != 0)
		return;
	len -= marker;
	m->signature = DG_SIGNATURE_DAMAGED;
	m->signed_len = len;
	if (len <= trailer)
		return;
	t = data + len - trailer;
	n = (size_t)t[8] << 24 | (size_t)t[9] << 16 | (size_t)t[10] << 8 | t[11];
	if (n >= len - trailer)
		return;
	if (t[2] != 2) { /* PKEY_ID_PKCS7 */
		m->signature = DG_SIGNATURE_FOREIGN;
		return;
	}
	if (t[0] || t[1] || t[3] || t[4] || t[5] || t[6] || t[7])
		return;
	m->signature = DG_SIGNATURE_PRESENT;
	m->signed_len = len - trailer - n;
	m->signature_message = (struct dg_span){ data + m->signed_len, n };
}

static int parse(struct dg_modfile *m, struct dg_diag *d)
{
	/* Where there is no .modinfo, an empty one. */
	struct dg_section info = { .span = { m->data, 0 } }, this_module = { 0 };
	struct versions plain = { 0 }, ext = { 0 };
	int r;

	m->machine = m->elf.machine;
	m->is64 = m->elf.is64;
	if (m->elf.type != ET_REL)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "an ELF file, but no kernel module (not relocatable)");
	if (!dg_elf_section(&m->elf, ".gnu.linkonce.this_module", &this_module) &&
	    !dg_elf_section(&m->elf, ".modinfo", &info))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "an ELF object, but no kernel module (no .modinfo)");
	m->modinfo_unloaded = dg_elf_section(&m->elf, ".modinfo", &info) && !(info.flags & SHF_ALLOC);
	m->this_module_size = this_module.size;
	set_name(m, info.span, this_module.span);
	m->vermagic = modinfo_get(&m->elf, info.span, "vermagic", &m->has_vermagic);
	m->version = modinfo_get(&m->elf, info.span, "version", NULL);
	m->srcversion = modinfo_get(&m->elf, info.span, "srcversion", NULL);
	m->license = modinfo_get(&m->elf, info.span, "license", &m->has_license);
	m->depends = modinfo_get(&m->elf, info.span, "depends", NULL);
	(void)modinfo_get(&m->elf, info.span, "intree", &m->in_tree);
	(void)modinfo_get(&m->elf, info.span, "livepatch", &m->livepatch);
	dg_elf_build_id(&m->elf, m->build_id);
	(void)dg_elf_symbols(&m->elf, &m->symbols);
	r = collect_versions(m, &plain, &ext);
	m->layout = (struct dg_import){ .name = "module_layout", .hash = dg_symbol_hash("module_layout") };
	set_crc(&m->layout, strlen(m->layout.name), &plain, &ext);
	if (r == 0)
		r = collect_imports(m, &plain, &ext);
	free(plain.v);
	free(ext.v);
	return r < 0 ? r : dg_modexports_collect(m);
}

int dg_modfile_parse_as(void *data, size_t len, enum dg_elf_format as, struct dg_modfile **ret, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	if (!len)
		return dg_diag_set(d, -ENODATA, NULL, NULL, "an empty file");
	m->data = data;
	m->len = len;
	find_signature(m, data, len);
	r = dg_elf_open(data, m->signed_len, as, &m->elf, d);
	if (r == 0)
		r = parse(m, d);
	if (r < 0)
		return r;
	m->owned = data;
	*ret = dg_take(m);
	return 0;
}

int dg_modfile_parse(void *data, size_t len, struct dg_modfile **ret, struct dg_diag *d)
{
	return dg_modfile_parse_as(data, len, DG_ELF_AS_IT_SAYS, ret, d);
}

int dg_modfile_hash(struct dg_modfile *m)
{
	return m->sha256[0] ? 0 : dg_sha256(m->data, m->len, m->sha256);
}

/* Into @in, or without it into a block of the caller's; packed bytes are always unpacked to such a block, *ret_owned.
 */
static int read_plain(const char *path, struct dg_arena *in, void **ret, void **ret_owned, size_t *ret_len,
		      struct dg_diag *d)
{
	dg_auto_free void *packed = NULL;
	int r = in ? dg_file_read_into(path, DG_FILE_MAX, in, ret, ret_len)
		   : dg_file_read(path, DG_FILE_MAX, ret, ret_len);

	*ret_owned = NULL;
	if (r == -EISDIR)
		return dg_diag_set(d, r, path, "remove it, or rename it", "a directory named like a driver");
	if (r == -ELOOP)
		return dg_diag_set(d, r, path, "remove the link", "a link that leads round to itself");
	if (r == -ENOENT)
		return dg_diag_set(d, r, path, "name one that is there, or mend the link", "no such file");
	if (r == -ENXIO)
		return dg_diag_set(d, r, path, "remove it", "no regular file");
	if (r < 0)
		return dg_diag_errno(d, r, path, "read");
	*ret_owned = in ? NULL : *ret;
	if (!dg_unpack_needed(*ret, *ret_len))
		return 0;
	packed = *ret_owned;
	r = dg_unpack(*ret, *ret_len, DG_FILE_MAX, ret_owned, ret_len);
	*ret = *ret_owned;
	if (r < 0)
		return dg_unpack_error(d, r, path, "replace it from the vendor's package", "");
	return 0;
}

int dg_modfile_read_plain(const char *path, void **ret, size_t *ret_len, struct dg_diag *d)
{
	void *data, *owned;
	int r = read_plain(path, NULL, &data, &owned, ret_len, d);

	if (r == 0)
		*ret = owned;
	return r;
}

int dg_modfile_read_as(const char *path, enum dg_elf_format as, struct dg_arena *in, struct dg_modfile **ret,
		       int *ret_malformed, struct dg_diag *d)
{
	void *data, *owned;
	size_t len;
	int r = read_plain(path, in, &data, &owned, &len, d);

	if (r < 0)
		return r;
	*ret_malformed = dg_modfile_parse_as(data, len, as, ret, d);
	if (*ret_malformed < 0) {
		free(owned);
		return 0;
	}
	(*ret)->owned = owned;
	(*ret)->path = strdup(path);
	if ((*ret)->path)
		return 0;
	dg_modfile_free(dg_take(*ret));
	return -ENOMEM;
}

int dg_modfile_read(const char *path, struct dg_modfile **ret, struct dg_diag *d)
{
	struct dg_diag why = { 0 };
	struct dg_modfile *m;
	int malformed = 0, r = dg_modfile_read_as(path, DG_ELF_AS_IT_SAYS, NULL, &m, &malformed, &why);

	if (r < 0 && d && why.what[0])
		*d = why;
	if (r < 0)
		return r;
	if (malformed < 0 && !why.what[0])
		return dg_diag_errno(d, malformed, path, "read");
	if (malformed < 0)
		return dg_diag_set(d, malformed, path, "replace it from the vendor's package", "%s", why.what);
	*ret = m;
	return 0;
}

static const char *append(char **at, const char *s)
{
	char *copy = *at;

	*at = stpcpy(copy, s) + 1;
	return copy;
}

int dg_modfile_of_facts(const char *path, const struct dg_modfacts *facts, struct dg_modfile **ret)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = calloc(1, sizeof(*m));
	char *at;

	if (!m || !(m->path = strdup(path)) ||
	    !(m->texts = malloc(strlen(facts->version) + strlen(facts->srcversion) + strlen(facts->vermagic) +
				strlen(facts->depends) + 4)))
		return -ENOMEM;
	at = m->texts;
	snprintf(m->name, sizeof(m->name), "%s", facts->name);
	m->version = append(&at, facts->version);
	m->srcversion = append(&at, facts->srcversion);
	m->vermagic = append(&at, facts->vermagic);
	m->depends = append(&at, facts->depends);
	m->license = "";
	memcpy(m->build_id, facts->build_id, sizeof(m->build_id));
	memcpy(m->sha256, facts->sha256, sizeof(m->sha256));
	m->len = facts->len;
	*ret = dg_take(m);
	return 0;
}

int dg_modfile_load(struct dg_modfile *m, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *whole = NULL;
	struct dg_modfile facts;
	int r;

	if (m->data)
		return 0;
	r = dg_modfile_read(m->path, &whole, d);
	if (r == 0)
		r = dg_modfile_hash(whole);
	if (r < 0)
		return r;
	if (!dg_streq(whole->sha256, m->sha256))
		return dg_diag_set(d, -ESTALE, m->path, "try again", "changed while it was looked at");
	facts = *m;
	*m = *whole;
	/* Who holds its path or one of the old texts may keep it as long as @m. */
	m->path = dg_take(facts.path);
	m->texts = dg_take(facts.texts);
	facts.path = whole->path;
	*whole = facts;
	return 0;
}

void dg_modfile_free(struct dg_modfile *m)
{
	if (!m)
		return;
	free(m->path);
	free(m->imports);
	free(m->exports);
	free(m->owned);
	free(m->texts);
	free(m);
}

void dg_modfile_freep(struct dg_modfile **m)
{
	dg_modfile_free(*m);
}

bool dg_modfile_is_named(const char *name)
{
	return dg_endswith(name, ".ko") || dg_endswith(name, ".ko.gz") || dg_endswith(name, ".ko.xz") ||
	       dg_endswith(name, ".ko.zst");
}
