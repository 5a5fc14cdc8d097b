/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of fixture.h with generations in it, for what changes them. */
#ifndef DG_TEST_WORLD_H
#define DG_TEST_WORLD_H

#include "fixture.h"

#include "lib/stage.h"
#include "lib/transaction.h"

#define STORE "/usr/lib/drvguard"
#define HOME STORE "/kernels/" FX_RELEASE
#define LINK "/lib/modules/" FX_RELEASE "/updates/drvguard"

struct fx_world {
	struct dg_config *config;
	struct dg_kernel *kernel;
};

static inline void fx_world_open(const char *root, struct fx_world *w)
{
	*w = (struct fx_world){ 0 };
	fx_int(dg_config_read(root, NULL, &w->config, NULL), 0);
	fx_int(dg_kernel_open(root, FX_RELEASE, &w->kernel, NULL), 0);
}

static inline void fx_world_close(struct fx_world *w)
{
	dg_kernel_free(w->kernel);
	dg_config_free(w->config);
}

static inline void fx_survey(struct fx_world *w, const char *root, struct dg_survey **ret)
{
	fx_int(dg_survey_take(root, w->config, w->kernel, 0, ret, &(struct dg_diag){ 0 }), 0);
}

/* A driver of that name and version in the depot, of its own build-id. */
static inline void fx_offer_build(const char *root, const char *name, const char *version, const char *build_id)
{
	struct fx_module m = fx_module_good(name);
	char path[160];

	snprintf(path, sizeof(path), FX_DEPOT "/%s.ko", name);
	m.version = version;
	m.build_id = build_id;
	m.filler = build_id;
	fx_install_module(root, path, &m);
}

/* What the depot has becomes current; returns its generation. */
static inline unsigned int fx_stage(const char *root, const struct dg_stage_options *o)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	dg_auto(dg_stage_result_freep) struct dg_stage_result *r = NULL;
	struct dg_diag d = { 0 };
	struct fx_world w;
	unsigned int n;
	int err;

	fx_world_open(root, &w);
	fx_survey(&w, root, &s);
	err = dg_stage_run(s, o, &r, &d);
	if (err)
		print_error("%s: %s\n", d.where, d.what);
	fx_int(err, 0);
	n = r->generation;
	dg_stage_result_free(dg_take(r));
	dg_survey_free(dg_take(s));
	fx_world_close(&w);
	return n;
}

static inline unsigned int fx_stage_version(const char *root, const char *version)
{
	fx_offer_build(root, "scap", version, version);
	return fx_stage(root, &(struct dg_stage_options){ .force = true });
}

static inline unsigned int fx_current(const char *root)
{
	dg_auto(dg_generation_freep) struct dg_generation *g = NULL;
	struct fx_world w;
	unsigned int n;

	fx_world_open(root, &w);
	fx_int(dg_generation_current(STORE, w.kernel, &g), 0);
	n = g->number;
	fx_world_close(&w);
	return n;
}

/* What modprobe would load is of that version; "" for nothing. */
static inline void fx_staged(const char *root, const char *version)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct fx_world w;

	fx_world_open(root, &w);
	fx_survey(&w, root, &s);
	fx_str(s->v[0].staged.file ? s->v[0].staged.file->version : "", version);
	fx_int(s->v[0].broken, false);
	dg_survey_free(dg_take(s));
	fx_world_close(&w);
}

/* As the running kernel's sysfs shows a loaded module. */
static inline void fx_loaded(const char *root, const char *name, const char *build_id)
{
	struct fx_bytes note = { 0 };
	char path[160];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	fx_text(root, path, "live\n");
	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", name);
	fx_put_build_id(&note, build_id, false);
	fx_write(root, path, note.data, note.len);
	fx_free(&note);
}

#endif
