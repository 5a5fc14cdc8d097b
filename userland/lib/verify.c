// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>

#include "bootimage.h"
#include "fs.h"
#include "history.h"
#include "modprobe.h"
#include "shadow.h"
#include "store.h"

struct verify {
	const char *root;
	const struct dg_config *config;
	struct dg_kernel *kernel;
	const struct dg_generation *generation;
	const char *const *names;
	struct dg_verified *to;
	bool running;
};

DG_PRINTF(6, 7)
static void find(struct verify *v, enum dg_finding_kind kind, const char *driver, const char *where, const char *cure,
		 const char *what, ...)
{
	struct dg_finding *f;
	char text[300];
	va_list ap;

	if (DG_GROW(v->to->findings, v->to->n_findings) < 0)
		return;
	f = &v->to->findings[v->to->n_findings++];
	f->kind = kind;
	snprintf(f->driver, sizeof(f->driver), "%s", driver);
	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	dg_diag_set(&f->text, 0, where, cure, "%s", text);
}

/* repair is for the running kernel. */
#define REPAIR                                                                                                         \
	(v->running ? "run drvguard repair while the depot is there"                                                   \
		    : "run drvguard stage for it while the depot is there")

/* The same module with other bytes, or another file in its place? */
static void tell_difference(struct verify *v, const struct dg_manifest_entry *e, const char *path, void *data,
			    size_t len, const char *sum)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	const char *what = NULL;

	if (dg_modfile_parse(data, len, &m, NULL) < 0)
		free(data);
	if (!m && len != e->size)
		what = "is no driver any more";
	else if (m && !dg_modname_equal(m->name, e->name))
		what = "is another driver";
	else if (m && !dg_streq(m->build_id, e->build_id))
		what = "is another build of the driver";
	if (what)
		find(v, DG_FINDING_SWAPPED, e->name, path, REPAIR,
		     "swapped: %s (SHA-256 %.12s..., staged was %.12s...)", what, sum, e->sha256);
	else
		find(v, DG_FINDING_CHANGED, e->name, path, REPAIR,
		     "changed since it was staged (SHA-256 %.12s..., was %.12s...; %zu bytes, were %zu)", sum,
		     e->sha256, len, e->size);
}

static bool is_covered(const struct verify *v, const struct dg_manifest_entry *e)
{
	dg_auto(dg_mounted_free) struct dg_mounted m = { 0 };
	dg_auto_free char *path = dg_format("%s/%s.ko", v->generation->dir, e->name);

	return dg_mounted_read(v->config->store, v->kernel, e->name, &m, NULL) == 0 && m.covers &&
	       dg_streq(m.target, path);
}

static void check_file(struct verify *v, const struct dg_manifest_entry *e)
{
	dg_auto_free char *path = dg_format("%s/%s.ko", v->generation->dir, e->name);
	char sum[DG_SHA256_HEX];
	void *data = NULL;
	size_t len = 0;
	int r;

	/* What a driver is mounted over is not to be seen, and not in use. */
	if (is_covered(v, e))
		return;
	r = path ? dg_file_read(path, DG_FILE_MAX, &data, &len) : -ENOMEM;

	if (r == 0)
		r = dg_sha256(data, len, sum);
	if (r == -ENOENT) {
		find(v, DG_FINDING_MISSING, e->name, path, REPAIR, "missing");
	} else if (r < 0) {
		find(v, DG_FINDING_UNREAD, e->name, path, "check its permissions and its disk", "cannot be read: %s",
		     strerror(-r));
	} else {
		v->to->n_checked++;
		if (!dg_streq(sum, e->sha256) || len != e->size) {
			tell_difference(v, e, path, data, len, sum);
			return;
		}
	}
	free(data);
}

static void tell_shadow(struct verify *v, const struct dg_manifest_entry *e, const char *path)
{
	char whose[300];

	dg_shadow_describe(v->kernel, e->name, path, whose, sizeof(whose));
	find(v, DG_FINDING_SHADOWED, e->name, path, "remove that file, then run drvguard repair",
	     "shadows the staged driver: modprobe would take this file%s%s", *whose ? ", " : "", whose);
}

static void check_shadow(struct verify *v, const struct dg_manifest_entry *e)
{
	dg_auto_free char *path = NULL, *ours = dg_format("%s/%s.ko", v->generation->link_path, e->name);
	int r = dg_modprobe_path(v->kernel->modules_dir, e->name, &path);

	if (r < 0)
		find(v, DG_FINDING_SHADOWED, e->name, ours,
		     v->running ? "run drvguard repair" : "run drvguard stage for it",
		     "not in the module index: modprobe finds none");
	else if (!dg_streq(path, ours))
		tell_shadow(v, e, path);
}

static void check_extra(struct verify *v)
{
	const struct dg_manifest *m = v->generation->manifest;
	char **names;

	if (dg_dir_list(v->generation->dir, &names) < 0)
		return;
	for (char **n = names; *n; n++) {
		dg_auto_free char *path = dg_format("%s/%s", v->generation->dir, *n);
		dg_auto_free char *stem = strndup(*n, strcspn(*n, "."));

		if (!path || !stem || dg_streq(*n, DG_MANIFEST_NAME) ||
		    (dg_endswith(*n, ".ko") && strlen(stem) + 3 == strlen(*n) && dg_manifest_find(m, stem)))
			continue;
		find(v, DG_FINDING_EXTRA, stem, path, "remove it", "extra: not in the manifest");
	}
	dg_strv_free(names);
}

static void check_kernel(struct verify *v)
{
	const char *proven_for = v->generation->manifest->kernel_build_id;

	if (!proven_for[0] || dg_kernel_build_id(v->kernel, NULL) < 0 || dg_streq(proven_for, v->kernel->build_id))
		return;
	find(v, DG_FINDING_KERNEL, "", v->kernel->image,
	     v->running ? "run drvguard repair" : "run drvguard stage for it",
	     "the drivers were proven for build %.12s... of this kernel, installed is %.12s...", proven_for,
	     v->kernel->build_id);
}

/* What the generation does not hold has no place to be kept, and its emptiness is right. */
static void check_place(struct verify *v, const struct dg_manifest_entry *e)
{
	const struct dg_driver *d = dg_config_driver(v->config, e->name);
	dg_auto_free char *staged = dg_format("%s/%s.ko", v->generation->link_path, e->name);
	enum dg_place_state state;

	if (!v->running || !d || !d->path)
		return;
	if (dg_place_look(v->root, d->path, staged, &state) < 0)
		find(v, DG_FINDING_UNREAD, d->name, d->path, "check its directory",
		     "the fixed place cannot be looked at");
	else if (state != DG_PLACE_RIGHT)
		find(v, DG_FINDING_PLACE, d->name, d->path,
		     v->running ? "run drvguard repair" : "run drvguard stage for it",
		     "the fixed place is %s: it does not lead to the staged driver", dg_place_state_name(state));
}

static void check_image(struct verify *v)
{
	const struct dg_manifest *m = v->generation->manifest;
	dg_auto_free const char **names = calloc(m->n_entries + 1, sizeof(*names));
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	struct dg_diag why = { 0 };
	int r;

	for (size_t i = 0; names && i < m->n_entries; i++)
		names[i] = m->entries[i].name;
	r = names && m->n_entries ? dg_bootimage_read(v->kernel, names, &image, &why) : -ENOENT;
	if (r < 0 && r != -ENOENT) {
		find(v, DG_FINDING_UNREAD, "", why.where, "make it anew with the system's tool", "%s", why.what);
		return;
	}
	for (size_t i = 0; i < m->n_entries; i++) {
		const struct dg_manifest_entry *e = &m->entries[i];
		const struct dg_driver *driver = dg_config_driver(v->config, e->name);
		enum dg_initramfs_holding h =
			image ? dg_initramfs_holds(image, e->name, e->sha256, e->build_id) : DG_INITRAMFS_NONE;

		if (!dg_modname_in(v->names, e->name))
			continue;
		if (h == DG_INITRAMFS_OTHER)
			find(v, DG_FINDING_IMAGE, e->name, image->path,
			     v->running ? "run drvguard repair" : "run drvguard stage for it",
			     "holds another copy of the driver than is staged");
		else if (h == DG_INITRAMFS_NONE && image && driver && driver->boot)
			find(v, DG_FINDING_IMAGE, e->name, image->path,
			     v->running ? "run drvguard repair" : "run drvguard stage for it",
			     "lacks the driver, which is marked boot = yes");
		else if (h == DG_INITRAMFS_NONE && driver && driver->boot)
			find(v, DG_FINDING_IMAGE, e->name, v->kernel->release, "make one with the system's tool",
			     "has no initramfs, and the driver is marked boot = yes");
	}
}

static void check_generation(struct verify *v)
{
	const struct dg_generation *g = v->generation;

	switch (g->link) {
	case DG_LINK_NONE:
		return;
	case DG_LINK_DANGLING:
		find(v, DG_FINDING_LINK, "", g->link_path,
		     v->running ? "run drvguard repair" : "run drvguard stage for it", "leads to no generation");
		return;
	case DG_LINK_FOREIGN:
		find(v, DG_FINDING_LINK, "", g->link_path,
		     v->running ? "run drvguard repair" : "run drvguard stage for it",
		     "is not drvguard's link to a generation");
		return;
	case DG_LINK_GOOD:
		break;
	}
	if (!g->manifest) {
		find(v, DG_FINDING_MANIFEST, "", g->problem.where, REPAIR, "%s", g->problem.what);
		return;
	}
	for (size_t i = 0; i < g->manifest->n_entries; i++) {
		if (!dg_modname_in(v->names, g->manifest->entries[i].name))
			continue;
		check_file(v, &g->manifest->entries[i]);
		check_shadow(v, &g->manifest->entries[i]);
		check_place(v, &g->manifest->entries[i]);
	}
	check_extra(v);
	check_kernel(v);
	check_image(v);
}

/* One whole look; @ret_number is the generation it was taken of. */
static int look(struct verify *v, const char *store, unsigned int *ret_number, struct dg_diag *d)
{
	dg_auto(dg_generation_freep) struct dg_generation *g = NULL;
	int r = dg_generation_current(store, v->kernel, &g);

	if (r < 0)
		return dg_diag_errno(d, r, v->kernel->release, "look at what is staged");
	v->to = calloc(1, sizeof(*v->to));
	if (!v->to)
		return -ENOMEM;
	v->generation = g;
	check_generation(v);
	*ret_number = g->number;
	return 0;
}

static bool is_current(const char *store, const struct dg_kernel *k, unsigned int number)
{
	dg_auto(dg_generation_freep) struct dg_generation *g = NULL;

	return dg_generation_current(store, k, &g) < 0 || g->number == number;
}

int dg_verify_run(const char *root, const struct dg_config *config, struct dg_kernel *k, bool running,
		  const char *const *names, struct dg_verified **ret, struct dg_diag *d)
{
	struct verify v = { .root = root, .config = config, .kernel = k, .names = names, .running = running };

	/* A writer that switches meanwhile would be taken for damage. */
	for (int tries = 0;; tries++) {
		unsigned int number = 0;
		int r = look(&v, config->store, &number, d);

		if (r < 0)
			return r;
		if (!v.to->n_findings || tries == 10 || is_current(config->store, k, number))
			break;
		dg_verified_free(v.to);
	}
	*ret = v.to;
	return 0;
}

/* The current generation of @release, whose own verify tells of it; NULL: none. */
static struct dg_generation *current_of(const struct verify *v, const char *release)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	struct dg_generation *g = NULL;

	if (dg_kernel_open(v->root, release, &k, NULL) == 0)
		(void)dg_generation_current(v->config->store, k, &g);
	return g;
}

/* Whether @st is a link in some kernel's current generation. */
static bool is_in_current(const struct verify *v, const struct stat *st, const char *name)
{
	dg_auto(dg_strv_freep) char **releases = NULL;

	if (dg_generation_releases(v->root, v->config->store, &releases) < 0)
		return false;
	for (char **n = releases; *n; n++) {
		dg_auto(dg_generation_freep) struct dg_generation *g = current_of(v, *n);
		dg_auto_free char *path = g && g->dir ? dg_format("%s/%s", g->dir, name) : NULL;
		struct stat one;

		if (path && stat(path, &one) == 0 && one.st_ino == st->st_ino && one.st_dev == st->st_dev)
			return true;
	}
	return false;
}

static int check_stored(const char *path, const struct stat *st, void *data)
{
	struct verify *v = data;
	dg_auto_free char *copy = strdup(path);
	dg_auto_free void *bytes = NULL;
	char sum[DG_SHA256_HEX];
	size_t len;
	int r = copy ? dg_file_read(path, DG_FILE_MAX, &bytes, &len) : -ENOMEM;

	if (r == 0)
		r = dg_sha256(bytes, len, sum);
	if (r == -ENOMEM)
		return r;
	v->to->n_checked++;
	if (r == 0 && dg_streq(basename(dirname(copy)), sum))
		return 0;
	if (is_in_current(v, st, strrchr(path, '/') + 1))
		return 0;
	if (r < 0)
		find(v, DG_FINDING_UNREAD, "", path, "check its permissions and its disk", "cannot be read: %s",
		     strerror(-r));
	else
		find(v, DG_FINDING_STORED, "", path,
		     "run drvguard repair; what is kept for rollback only goes with drvguard cleanup --keep 0",
		     "in the store, is not the file its directory is named for");
	return 0;
}

/* A kept generation's file, when it is no link into the store any more, which is checked by itself. */
static void check_kept_file(struct verify *v, const char *dir, const char *store_dir, const struct dg_manifest_entry *e)
{
	dg_auto_free char *path = dg_format("%s/%s.ko", dir, e->name), *stored = NULL;
	dg_auto_free void *bytes = NULL;
	char sum[DG_SHA256_HEX];
	struct stat a, b;
	size_t len;

	stored = dg_format("%s/%s/%s.ko", store_dir, e->sha256, e->name);
	if (!path || !stored || (stat(path, &a) == 0 && stat(stored, &b) == 0 && a.st_ino == b.st_ino))
		return;
	if (dg_file_read(path, DG_FILE_MAX, &bytes, &len) < 0 || dg_sha256(bytes, len, sum) < 0 ||
	    !dg_streq(sum, e->sha256))
		find(v, DG_FINDING_STORED, e->name, path,
		     "run drvguard repair, or let drvguard cleanup --keep 0 remove it",
		     "kept for rollback, is not the file that was staged");
}

static void check_kept(struct verify *v, const char *release, const char *store_dir, unsigned int number)
{
	dg_auto_free char *dir = dg_generation_dir(v->root, v->config->store, release, number);
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	struct dg_diag why = { 0 };

	if (!dir)
		return;
	if (dg_generation_manifest(v->root, v->config->store, release, number, &m, &why) < 0) {
		find(v, DG_FINDING_STORED, "", why.where[0] ? why.where : dir,
		     "let drvguard cleanup --keep 0 remove it", "kept for rollback, has no sound manifest");
		return;
	}
	for (size_t i = 0; i < m->n_entries; i++)
		check_kept_file(v, dir, store_dir, &m->entries[i]);
}

static int check_all_kept(struct verify *v)
{
	dg_auto_free char *store_dir = dg_store_dir(v->root, v->config->store);
	dg_auto(dg_strv_freep) char **releases = NULL;
	int r = store_dir ? dg_generation_releases(v->root, v->config->store, &releases) : -ENOMEM;

	for (char **n = releases; r == 0 && n && *n; n++) {
		dg_auto(dg_generation_freep) struct dg_generation *g = NULL;
		dg_auto_free unsigned int *kept = NULL;

		if (!dg_release_valid(*n))
			continue;
		g = current_of(v, *n);
		r = dg_generation_list(v->root, v->config->store, *n, &kept);
		for (unsigned int *number = kept; r == 0 && *number; number++)
			if (!g || *number != g->number)
				check_kept(v, *n, store_dir, *number);
	}
	return r;
}

int dg_verify_store(const char *root, const struct dg_config *config, struct dg_verified **ret, struct dg_diag *d)
{
	struct verify v = { .root = root, .config = config, .to = calloc(1, sizeof(*v.to)) };
	struct dg_diag why;
	int r = v.to ? dg_store_each(root, config->store, check_stored, &v) : -ENOMEM;

	if (r == 0)
		r = check_all_kept(&v);
	if (r < 0) {
		dg_verified_free(v.to);
		return dg_diag_errno(d, r, config->store, "look through the store");
	}
	if (dg_history_check(root, &why) < 0)
		find(&v, DG_FINDING_HISTORY, "", why.where, "run drvguard repair", "%s", why.what);
	*ret = v.to;
	return 0;
}

void dg_verified_free(struct dg_verified *v)
{
	if (!v)
		return;
	free(v->findings);
	free(v);
}

void dg_verified_freep(struct dg_verified **v)
{
	dg_verified_free(*v);
}

const char *dg_finding_name(enum dg_finding_kind k)
{
	static const char *const names[] = { "changed",	  "swapped",  "missing", "extra", "shadowed",
					     "link",	  "manifest", "kernel",	 "place", "unread",
					     "initramfs", "stored",   "history" };

	return names[k];
}

bool dg_finding_is_tampering(enum dg_finding_kind k)
{
	return k == DG_FINDING_CHANGED || k == DG_FINDING_SWAPPED || k == DG_FINDING_MISSING || k == DG_FINDING_EXTRA ||
	       k == DG_FINDING_MANIFEST || k == DG_FINDING_STORED;
}
