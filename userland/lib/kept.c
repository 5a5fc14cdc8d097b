// SPDX-License-Identifier: GPL-2.0-or-later
#include "kept.h"

#include <errno.h>

#include "generation.h"
#include "loader.h"
#include "store.h"

static int judge(const struct dg_modfile *m, const struct dg_config *config, struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = NULL;
	const struct dg_driver *driver = dg_config_driver(config, m->name);
	char cause[256];
	int r = dg_loader_judge(m, k, &j, d);

	if (r == 0 && driver && driver->product->require == DG_REQUIRE_EXACT)
		r = dg_judgement_require_exact(j);
	if (r < 0 || j->verdict != DG_VERDICT_REFUSED)
		return r;
	dg_judgement_cause(j, cause, sizeof(cause));
	return dg_diag_set(d, -ENOEXEC, m->path, "use --force if it must be", "%s would refuse it: %s", k->release,
			   cause);
}

/* The file, if it is what was staged. */
static int read_whole(const char *dir, const struct dg_manifest_entry *e, struct dg_modfile **ret, struct dg_diag *d)
{
	dg_auto_free char *path = dg_format("%s/%s.ko", dir, e->name);
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	int r = path ? dg_modfile_read(path, &m, d) : -ENOMEM;

	if (r == 0)
		r = dg_modfile_hash(m);
	if (r < 0)
		return r;
	if (!dg_streq(m->sha256, e->sha256))
		return dg_diag_set(d, -EBADMSG, path, "stage it anew while its depot is there",
				   "is not the file that was staged");
	*ret = dg_take(m);
	return 0;
}

int dg_kept_check(const char *dir, const struct dg_manifest_entry *e, const struct dg_config *config,
		  struct dg_kernel *k, bool force, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	int r = read_whole(dir, e, &m, d);

	return r < 0 || force ? r : judge(m, config, k, d);
}

static bool is_stored(const char *store_dir, const struct dg_manifest_entry *e)
{
	dg_auto_free char *dir = dg_format("%s/%s", store_dir, e->sha256);
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;

	return dir && read_whole(dir, e, &m, NULL) == 0;
}

int dg_kept_restore(const char *root, const char *store, const char *release, const struct dg_manifest_entry *e,
		    struct dg_diag *d)
{
	dg_auto_free char *store_dir = dg_store_dir(root, store);
	dg_auto_free unsigned int *v = NULL;
	int r = store_dir ? dg_generation_list(root, store, release, &v) : -ENOMEM;

	if (r < 0)
		return dg_diag_errno(d, r, store, "look at the generations");
	if (is_stored(store_dir, e))
		return 0;
	for (unsigned int *n = v; *n; n++) {
		dg_auto_free char *dir = dg_generation_dir(root, store, release, *n), *stored = NULL;
		dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;

		if (dir && read_whole(dir, e, &m, NULL) == 0)
			return dg_store_put(store_dir, m, &stored, d);
	}
	return dg_diag_set(d, -ENOENT, e->name, "stage it anew while its depot is there",
			   "a driver that is to be kept is not whole, neither in the store nor in a generation");
}
