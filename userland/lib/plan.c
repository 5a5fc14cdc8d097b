// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

/* Force takes the better of what may be staged by itself and what may not. */
static bool takes_withdrawn(const struct dg_survey *s, const struct dg_standing *st, const struct dg_stage_options *o)
{
	const struct dg_candidate *w = &st->withdrawn, *best = &st->best;

	return o->force && w->file && dg_modname_in(o->names, st->driver->name) &&
	       (!best->file ||
		dg_choose_compare(w->file, w->judgement, best->file, best->judgement, s->kernel->release) > 0);
}

const struct dg_candidate *dg_stage_choice(const struct dg_stage_item *item)
{
	const struct dg_standing *st = item->standing;

	if (item->step == DG_STAGE_WITHDRAWN || item->reinstated)
		return &st->withdrawn;
	return item->step == DG_STAGE_KEPT || item->step == DG_STAGE_NONE ? &st->staged : &st->best;
}

/* Only what is ours, whole and good may stay; then a candidate must be better, and not older. */
static enum dg_stage_step plan_one(const struct dg_survey *s, const struct dg_standing *st,
				   const struct dg_stage_options *o)
{
	const struct dg_candidate *have = &st->staged, *best = takes_withdrawn(s, st, o) ? &st->withdrawn : &st->best;
	bool usable = dg_standing_match_path(st) != NULL;

	if (!dg_modname_in(o->names, st->driver->name))
		return DG_STAGE_KEPT;
	/* Whoever mounts a driver wants the disk left alone, until the driver is asked for by name. */
	if (st->mounted.recorded && !o->names && !o->mount)
		return DG_STAGE_KEPT;
	if (o->mount && st->mounted.active && usable)
		return best->file && !dg_streq(best->file->sha256, have->file->sha256) ? DG_STAGE_STAGED
										       : DG_STAGE_KEPT;
	if (!best->file && st->withdrawn.file && !usable)
		return DG_STAGE_WITHDRAWN;
	if (!best->file)
		return usable ? DG_STAGE_KEPT : DG_STAGE_NONE;
	if (!usable || (st->mounted.recorded && !o->mount))
		return DG_STAGE_STAGED;
	if (dg_streq(have->file->sha256, best->file->sha256))
		return st->staged_ours || o->mount ? DG_STAGE_KEPT : DG_STAGE_STAGED;
	if (o->force)
		return DG_STAGE_STAGED;
	/* Before the comparison: a better verdict does not make an older driver newer. */
	if (dg_version_compare(best->file->version, have->file->version) < 0)
		return best->judgement->verdict < have->judgement->verdict ? DG_STAGE_OLDER : DG_STAGE_KEPT;
	return dg_choose_compare(best->file, best->judgement, have->file, have->judgement, s->kernel->release) > 0
		       ? DG_STAGE_STAGED
		       : DG_STAGE_KEPT;
}

/* Good still, but proven for another build of this kernel: the manifest has to say for which. */
static bool proven_for_another(const struct dg_survey *s)
{
	const struct dg_manifest *m = s->generation->manifest;

	return m && m->kernel_build_id[0] && s->kernel->build_id[0] &&
	       !dg_streq(m->kernel_build_id, s->kernel->build_id);
}

/* Whether the driver would have a match after all steps were taken. */
static bool served(const struct dg_stage_item *item)
{
	return item->step == DG_STAGE_STAGED || dg_standing_match_path(item->standing);
}

/* The first driver of @p that would have none; NULL: all are served. */
static const struct dg_driver *lacking(const struct dg_stage_result *r, const struct dg_product *p)
{
	for (size_t i = 0; i < r->n; i++)
		/* What was taken out on purpose is not waited for, nor is what all go on without. */
		if (r->v[i].standing->driver->product == p && r->v[i].step != DG_STAGE_WITHDRAWN &&
		    !dg_driver_is_ourselves(r->v[i].standing->driver) && !served(&r->v[i]))
			return r->v[i].standing->driver;
	return NULL;
}

/* A vendor's drivers talk to each other: all of a product's, or none of them. */
static void keep_groups_whole(struct dg_stage_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct dg_driver *driver = r->v[i].standing->driver;
		const struct dg_product *p = driver->product;

		/* Nor is a driver that was staged before left broken for the others' sake. */
		if (p->group_all && !dg_driver_is_ourselves(driver) && r->v[i].step == DG_STAGE_STAGED &&
		    !r->v[i].standing->staged_ours)
			r->v[i].lacking = lacking(r, p);
	}
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].lacking)
			r->v[i].step = DG_STAGE_GROUP;
}

bool dg_plan_make(const struct dg_survey *s, const struct dg_stage_options *o, struct dg_stage_result *r)
{
	bool change = proven_for_another(s);

	for (size_t i = 0; i < s->n; i++) {
		r->v[i].standing = &s->v[i];
		r->v[i].step = plan_one(s, &s->v[i], o);
		r->v[i].reinstated = r->v[i].step == DG_STAGE_STAGED && takes_withdrawn(s, &s->v[i], o);
	}
	r->n = s->n;
	if (!o->force)
		keep_groups_whole(r);
	for (size_t i = 0; i < r->n; i++)
		change |= r->v[i].step == DG_STAGE_STAGED;
	return change;
}
