// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <pthread.h>
#include <fts.h>
#include <sys/stat.h>

#include "cachefile.h"
#include "fs.h"
#include "kcache.h"
#include "kflat.h"
#include "kimage.h"
#include "modfile.h"
#include "modprobe.h"
#include "symvers.h"
#include "unpack.h"

/* The first of the paths (each with one %s for the release) that is there. */
static char *first_path(const char *root, const char *release, const char *const *forms, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[512], *real;

		/* The forms are ours alone; %s is the one conversion in each. */
		snprintf(path, sizeof(path), "%.*s%s%s", (int)strcspn(forms[i], "%"), forms[i], release,
			 forms[i] + strcspn(forms[i], "%") + 1);
		if (dg_path_resolve(root, path, &real) == 0)
			return real;
	}
	return NULL;
}

static const char *const image_paths[] = { "/boot/vmlinuz-%", "/lib/modules/%/vmlinuz", "/usr/lib/modules/%/vmlinuz",
					   "/boot/vmlinux-%" };
static const char *const symvers_paths[] = {
	"/lib/modules/%/build/Module.symvers",
	"/usr/src/linux-headers-%/Module.symvers",
	"/usr/src/kernels/%/Module.symvers",
	"/boot/symvers-%.gz",
	"/boot/symvers-%.xz",
	"/boot/symvers-%.zst",
	"/lib/modules/%/symvers.gz",
	"/lib/modules/%/symvers.xz",
	"/lib/modules/%/symvers.zst",
};
static const char *const config_paths[] = { "/boot/config-%", "/lib/modules/%/config", "/lib/modules/%/build/.config" };
static const char *const modules_paths[] = { "/lib/modules/%/kernel", "/lib/modules/%/modules.dep" };

/* A tree that holds only updates/ (ours, or a leftover) is no kernel. */
static int find_modules_dir(struct dg_kernel *k)
{
	dg_auto_free char *inside = first_path(k->root, k->release, modules_paths, DG_ARRAY_SIZE(modules_paths));
	dg_auto_free char *path = dg_format("/lib/modules/%s", k->release);

	if (!path)
		return -ENOMEM;
	return inside ? dg_path_resolve(k->root, path, &k->modules_dir) : 0;
}

/* "RELEASE (builder) VERSION": the version is what uname -v prints. */
static void read_version(struct dg_kernel *k)
{
	dg_auto_free char *banner = NULL;
	dg_auto_free void *data = NULL;
	char *version;
	size_t len;

	if (dg_file_read_start(k->image, DG_KIMAGE_BANNER_END, &data, &len) < 0)
		return;
	if (dg_kflat_is(data, len)) {
		free(dg_take(data));
		if (dg_file_read(k->image, DG_KIMAGE_MAX, &data, &len) < 0)
			return;
	}
	if (dg_kimage_banner(data, len, &banner) < 0)
		return;
	version = strchr(banner, '#');
	if (version)
		snprintf(k->version, sizeof(k->version), "%s", version);
	dg_printable(k->version);
}

static int open_tree(struct dg_kernel *k)
{
	return k->modules_dir ? dg_exporters_new(k->root, k->release, k->modules_dir, &k->tree) : 0;
}

int dg_kernel_open(const char *root, const char *release, struct dg_kernel **ret, struct dg_diag *d)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	int r;

	if (!dg_release_valid(release))
		return dg_diag_set(d, -EINVAL, release, "name one as `uname -r` does; see drvguard kernels",
				   "no kernel release");
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->root = strdup(root);
	k->release = strdup(release);
	if (!k->root || !k->release)
		return -ENOMEM;
	r = find_modules_dir(k);
	if (r < 0)
		return dg_diag_errno(d, r, "/lib/modules", "look into");
	k->image = first_path(root, release, image_paths, DG_ARRAY_SIZE(image_paths));
	k->symvers = first_path(root, release, symvers_paths, DG_ARRAY_SIZE(symvers_paths));
	if (!k->image && !k->modules_dir)
		return dg_diag_set(d, -ENOENT, release, "see drvguard kernels for those that are",
				   "no such kernel is installed");
	r = open_tree(k);
	if (r < 0)
		return r;
	if (k->image)
		read_version(k);
	dg_level_parse(release, k->version, &k->level);
	*ret = dg_take(k);
	return 0;
}

void dg_kernel_free(struct dg_kernel *k)
{
	if (!k)
		return;
	dg_exporters_free(k->tree);
	free(k->root);
	free(k->release);
	free(k->modules_dir);
	free(k->image);
	free(k->symvers);
	free(k->reference);
	dg_symtab_free(k->exports);
	dg_keys_free(k->keys);
	dg_modindex_close(k->index);
	dg_modconf_free(k->modconf);
	free(k);
}

void dg_kernel_freep(struct dg_kernel **k)
{
	dg_kernel_free(*k);
}

bool dg_kernel_is_gone(const char *root, const char *release)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto_free char *modules = NULL;
	int r = dg_kernel_open(root, release, &k, NULL);

	if (r < 0 || k->image)
		return r == -ENOENT;
	modules = dg_format("%s/kernel", k->modules_dir);
	return modules && !dg_path_is_dir(modules);
}

static int by_version(const void *a, const void *b)
{
	return dg_version_compare(*(char *const *)a, *(char *const *)b);
}

static bool listed(char *const *v, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (dg_streq(v[i], s))
			return true;
	return false;
}

static int add_release(const char *root, const char *release, char ***v, size_t *n)
{
	struct dg_kernel *k;
	bool real;

	if (!dg_release_valid(release) || listed(*v, *n, release))
		return 0;
	real = dg_kernel_open(root, release, &k, NULL) == 0;
	if (!real)
		return 0;
	dg_kernel_free(k);
	if (DG_GROW(*v, *n) < 0)
		return -ENOMEM;
	(*v)[*n] = strdup(release);
	return (*v)[(*n)++] ? 0 : -ENOMEM;
}

int dg_kernel_list(const char *root, char ***ret)
{
	static const struct {
		const char *dir, *prefix;
	} places[] = { { "/lib/modules", "" }, { "/boot", "vmlinuz-" } };
	char **v = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < DG_ARRAY_SIZE(places) && r == 0; i++) {
		dg_auto_free char *dir = NULL;
		char **names = NULL;

		if (dg_path_resolve(root, places[i].dir, &dir) < 0 || dg_dir_list(dir, &names) < 0)
			continue;
		for (char **p = names; *p && r == 0; p++)
			if (dg_startswith(*p, places[i].prefix))
				r = add_release(root, *p + strlen(places[i].prefix), &v, &n);
		dg_strv_free(names);
	}
	r = dg_strv_end(v, n, r, ret);
	if (r == 0)
		qsort(*ret, n, sizeof(**ret), by_version);
	return r;
}

/* Any one in-tree module will do: they were all built with the kernel. */
static int find_reference(struct dg_kernel *k, struct dg_modfile **ret, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_format("%s/kernel", k->modules_dir);
	char *const roots[] = { dir, NULL };
	FTS *fts = dir ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	int r = -ENOENT;
	FTSENT *e;

	if (!fts)
		return -ENOMEM;
	while (r < 0 && r != -ELIBACC && (e = fts_read(fts)))
		if (e->fts_info == FTS_F && dg_modfile_is_named(e->fts_name)) {
			if (!dg_file_id(e->fts_path, k->reference_id))
				k->reference_id[0] = '\0';
			r = dg_modfile_read(e->fts_path, ret, d);
		}
	fts_close(fts);
	if (r == 0 && !(k->reference = strdup((*ret)->path)))
		k->reference_id[0] = '\0';
	return r;
}

/* "CONFIG_NAME=y" on a line of its own. */
static bool is_set(const char *config, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = config; (p = strstr(p, line)); p += n)
		if ((p == config || p[-1] == '\n') && (p[n] == '\n' || !p[n]))
			return true;
	return false;
}

bool dg_kernel_runs(const struct dg_kernel *k)
{
	dg_auto_free char *path = dg_path_join(k->root, "/proc/sys/kernel/osrelease"), *release = NULL;

	return path && dg_file_read_line(path, &release) == 0 && dg_streq(release, k->release);
}

/* What is read when first asked for, by whichever of the judging threads. */
static pthread_mutex_t lazily = PTHREAD_MUTEX_INITIALIZER;

const struct dg_modconf *dg_kernel_modconf(struct dg_kernel *k)
{
	pthread_mutex_lock(&lazily);
	if (!k->modconf)
		(void)dg_modconf_read(k->root, dg_kernel_runs(k), &k->modconf);
	pthread_mutex_unlock(&lazily);
	return k->modconf;
}

int dg_kernel_needs(struct dg_kernel *k, const char *name, char ***ret)
{
	int r = -ENOENT;

	pthread_mutex_lock(&lazily);
	if (k->modules_dir && !k->index)
		(void)dg_modindex_open(k->modules_dir, &k->index);
	if (k->index)
		r = dg_modindex_needs(k->index, name, ret);
	pthread_mutex_unlock(&lazily);
	return r;
}

int dg_kernel_module_path(struct dg_kernel *k, const char *name, char **ret)
{
	int r = k->modules_dir ? 0 : -ENOENT;

	pthread_mutex_lock(&lazily);
	if (r == 0 && !k->index)
		r = dg_modindex_open(k->modules_dir, &k->index);
	if (r == 0)
		r = dg_modindex_path(k->index, name, ret);
	pthread_mutex_unlock(&lazily);
	return r;
}

const struct dg_kmod *dg_kernel_kmod(struct dg_kernel *k)
{
	pthread_mutex_lock(&lazily);
	if (!k->kmod_read)
		dg_kmod_read(k->root, &k->kmod);
	k->kmod_read = true;
	pthread_mutex_unlock(&lazily);
	return &k->kmod;
}

static void read_decompress(const char *config, struct dg_policy *p)
{
	/* Numbers of the format: xz's doc/xz-file-format.txt, 5.3.2. */
	static const struct {
		const char *line;
		unsigned int number;
	} filters[] = {
		{ "CONFIG_XZ_DEC_X86=y", 4 },	   { "CONFIG_XZ_DEC_POWERPC=y", 5 }, { "CONFIG_XZ_DEC_ARM=y", 7 },
		{ "CONFIG_XZ_DEC_ARMTHUMB=y", 8 }, { "CONFIG_XZ_DEC_SPARC=y", 9 },   { "CONFIG_XZ_DEC_ARM64=y", 10 },
		{ "CONFIG_XZ_DEC_RISCV=y", 11 },
	};

	for (size_t i = 0; i < DG_ARRAY_SIZE(filters); i++)
		p->xz_filters |= is_set(config, filters[i].line) ? 1U << filters[i].number : 0;
	if (!is_set(config, "CONFIG_MODULE_DECOMPRESS=y"))
		return;
	p->decompress = is_set(config, "CONFIG_MODULE_COMPRESS_GZIP=y")	  ? DG_PACKING_GZIP
			: is_set(config, "CONFIG_MODULE_COMPRESS_XZ=y")	  ? DG_PACKING_XZ
			: is_set(config, "CONFIG_MODULE_COMPRESS_ZSTD=y") ? DG_PACKING_ZSTD
									  : DG_PACKING_NONE;
}

/* Asked for at boot, with module.sig_enforce; or by lockdown, which shows the same. */
static bool enforces_now(const struct dg_kernel *k)
{
	dg_auto_free char *path = dg_path_join(k->root, "/sys/module/module/parameters/sig_enforce"), *value = NULL;

	return path && dg_kernel_runs(k) && dg_file_read_line(path, &value) == 0 && dg_streq(value, "Y");
}

/*
 * Without its configuration at hand the answer is the stricter one: what would
 * only taint is then said to be refused.
 */
static void read_policy(struct dg_kernel *k)
{
	dg_auto_free char *path = first_path(k->root, k->release, config_paths, DG_ARRAY_SIZE(config_paths));
	dg_auto_free void *config = NULL;
	size_t len;

	if (path && dg_file_read(path, 1 << 22, &config, &len) == 0) {
		k->policy.no_sig = is_set(config, "# CONFIG_MODULE_SIG is not set");
		k->policy.force_load = is_set(config, "CONFIG_MODULE_FORCE_LOAD=y");
		k->policy.sig_force = is_set(config, "CONFIG_MODULE_SIG_FORCE=y");
		k->policy.allow_missing_ns = is_set(config, "CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS=y");
		read_decompress(config, &k->policy);
	} else {
		k->policy.unknown = true;
	}
	k->policy.sig_force |= enforces_now(k);
}

enum dg_elf_format dg_kernel_format(const struct dg_kernel *k)
{
	if (k->is64)
		return k->big_endian ? DG_ELF_64_BIG : DG_ELF_64_LITTLE;
	return k->big_endian ? DG_ELF_32_BIG : DG_ELF_32_LITTLE;
}

bool dg_kernel_at_least(const struct dg_kernel *k, unsigned int major, unsigned int minor)
{
	unsigned int a = 0, b = 0;

	return sscanf(k->release, "%5u.%5u", &a, &b) == 2 && (a > major || (a == major && b >= minor));
}

int dg_kernel_reference(struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_diag why = { 0 };
	int r;

	if (k->vermagic[0])
		return 0;
	if (!k->modules_dir)
		return dg_diag_set(d, -ENOENT, k->release, "reinstall that kernel's package",
				   "has an image but no modules under /lib/modules");
	r = find_reference(k, &m, &why);
	/* Of the library it is not the modules' fault. */
	if (r == -ELIBACC) {
		if (d)
			*d = why;
		return r;
	}
	if (r < 0)
		return dg_diag_set(d, r, k->modules_dir, "reinstall that kernel's package",
				   "no in-tree module to compare with can be read");
	snprintf(k->vermagic, sizeof(k->vermagic), "%s", m->vermagic);
	k->machine = m->machine;
	k->is64 = m->is64;
	k->big_endian = m->elf.big_endian;
	k->module_size = m->this_module_size;
	read_policy(k);
	return 0;
}

static void take_image(struct dg_kernel *k, struct dg_kimage *image)
{
	memcpy(k->build_id, image->build_id, sizeof(k->build_id));
	if (image->symtab) {
		dg_keys_free(k->keys);
		k->keys = image->keys;
	}
}

static int read_image(struct dg_kernel *k, struct dg_symtab *t, struct dg_diag *d)
{
	struct dg_kimage image = { .symtab = t };
	struct dg_diag why = { 0 };
	char id[DG_FILE_ID];
	int r;

	(void)dg_file_id(k->image, id);
	if (t && dg_kcache_load(k->root, k->release, id, &image)) {
		take_image(k, &image);
		return 0;
	}
	r = dg_kimage_read_file(k->image, &image, &why);
	if (r < 0) {
		dg_keys_free(image.keys);
		return dg_diag_set(d, r, k->image, why.cure[0] ? why.cure : "reinstall that kernel's package", "%s",
				   why.what[0] ? why.what : strerror(-r));
	}
	if (t)
		dg_kcache_save(k->root, k->release, id, &image);
	take_image(k, &image);
	return 0;
}

static int read_symvers(struct dg_kernel *k, struct dg_symtab *t, struct dg_diag *d)
{
	struct dg_diag why = { 0 };
	dg_auto_free void *data = NULL, *plain = NULL;
	size_t len;
	int r = dg_file_read(k->symvers, DG_FILE_MAX, &data, &len);

	if (r < 0)
		return dg_diag_errno(d, r, k->symvers, "read");
	if (dg_unpack_needed(data, len)) {
		size_t n;

		r = dg_unpack(data, len, DG_FILE_MAX, &plain, &n);
		if (r < 0)
			return dg_unpack_error(d, r, k->symvers, "reinstall that kernel's headers", "");
		len = n;
	}
	r = dg_symvers_parse(plain ? plain : data, len, t, &why);
	if (r < 0)
		return dg_diag_set(d, r, k->symvers, "reinstall that kernel's headers", "%s", why.what);
	return 0;
}

/* false: it cannot be relied on. */
static bool add_id(FILE *f, const char *path)
{
	char id[DG_FILE_ID] = "-";

	if (path && !dg_file_id(path, id) && *id)
		return false;
	fprintf(f, "%s\n", id);
	return true;
}

char *dg_kernel_state_id(const struct dg_kernel *k)
{
	dg_auto_free char *config = first_path(k->root, k->release, config_paths, DG_ARRAY_SIZE(config_paths));
	dg_auto_free char *dep = dg_format("%s/modules.dep.bin", k->modules_dir ? k->modules_dir : "");
	dg_auto_free char *symbols = dg_format("%s/modules.symbols.bin", k->modules_dir ? k->modules_dir : "");
	const char *const paths[] = { k->image, k->symvers, config, dep, symbols };
	dg_auto_free char *text = NULL;
	bool settled = dep && symbols;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < DG_ARRAY_SIZE(paths) && settled; i++)
		settled = add_id(f, paths[i]);
	fprintf(f, "%s\n", enforces_now(k) ? "enforced" : "-");
	return fclose(f) == 0 && settled ? dg_take(text) : NULL;
}

int dg_kernel_exports(struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto(dg_symtab_freep) struct dg_symtab *t = NULL;
	struct dg_diag image_why = { 0 };
	int r;

	if (k->exports)
		return 0;
	r = dg_symtab_new(&t);
	if (r < 0)
		return r;
	if (k->image && (r = read_image(k, t, &image_why)) == 0 && dg_symtab_count(t)) {
		k->exports_from = k->image;
	} else if (k->symvers) {
		/* What a damaged image left must not stand before what symvers says. */
		dg_symtab_free(dg_take(t));
		r = dg_symtab_new(&t);
		if (r == 0)
			r = read_symvers(k, t, d);
		if (r < 0)
			return r;
		k->exports_from = k->symvers;
	} else if (k->image) {
		if (d)
			*d = image_why;
		if (r == 0)
			r = dg_diag_set(d, -ENODATA, k->image, "install that kernel's headers",
					"exports no symbols that can be read");
		return r;
	} else {
		return dg_diag_set(d, -ENOENT, k->release, "reinstall that kernel's package, or its headers",
				   "has neither an image nor a symvers file to check symbols against");
	}
	k->exports = dg_take(t);
	return 0;
}

int dg_kernel_build_id(struct dg_kernel *k, struct dg_diag *d)
{
	int r = 0;

	if (!k->build_id[0] && k->image)
		r = read_image(k, NULL, d);
	if (r < 0)
		return r;
	return k->build_id[0] ? 0 : -ENODATA;
}

void dg_kernel_reindexed(struct dg_kernel *k)
{
	dg_modindex_close(dg_take(k->index));
	dg_exporters_free(dg_take(k->tree));
	/* Without memory for it what its modules export is missing, and told so. */
	(void)open_tree(k);
}

void dg_kernel_add_exports(struct dg_kernel *k, const struct dg_modfile *m)
{
	for (size_t i = 0; i < m->n_exports; i++) {
		const struct dg_export_entry e = { .name = m->exports[i].name,
						   .owner = m->name,
						   .ns = m->exports[i].ns,
						   .crc = m->exports[i].crc,
						   .gpl_only = m->exports[i].gpl_only,
						   .has_crc = m->exports[i].has_crc };

		/* Who was found first stays. */
		if (dg_kernel_export_read(k, e.name, dg_symbol_hash(e.name), 0))
			continue;
		k->extended = true;
		if (dg_symtab_add(k->exports, &e) < 0)
			return;
	}
}

const struct dg_export_entry *dg_kernel_export(struct dg_kernel *k, const char *name)
{
	return dg_kernel_export_hashed(k, name, dg_symbol_hash(name));
}

const struct dg_export_entry *dg_kernel_export_hashed(struct dg_kernel *k, const char *name, uint32_t hash)
{
	const struct dg_export_entry *e = dg_symtab_find_hashed(k->exports, name, hash);

	return e || !k->tree ? e : dg_exporters_find(k->tree, name, hash);
}

const struct dg_export_entry *dg_kernel_export_read(struct dg_kernel *k, const char *name, uint32_t hash, size_t n)
{
	const struct dg_export_entry *e = dg_symtab_find_hashed(k->exports, name, hash);

	if (e && n == 0)
		return e;
	return k->tree ? dg_exporters_find_read(k->tree, name, hash, n - !!e) : NULL;
}
