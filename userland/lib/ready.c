// SPDX-License-Identifier: GPL-2.0-or-later
#include "ready.h"

#include <errno.h>

#include "fs.h"

static int survey(const char *root, const struct dg_config *config, struct dg_kernel *kernel, struct dg_survey **ret,
		  struct dg_diag *d)
{
	return dg_survey_take(root, config, kernel, DG_SURVEY_INSTALLED, ret, d);
}

int dg_ready_make(const char *root, const struct dg_config *config, struct dg_kernel *kernel, bool image_follows,
		  struct dg_ready **ret, struct dg_diag *d)
{
	const struct dg_stage_options options = { .image_follows = image_follows };
	dg_auto(dg_ready_freep) struct dg_ready *r = calloc(1, sizeof(*r));
	int err = r ? survey(root, config, kernel, &r->before, d) : -ENOMEM;

	if (err < 0)
		return err;
	r->stage_error = dg_stage_run(r->before, &options, &r->staged, &r->stage_problem);
	/* Observed again, never assumed from what was done. */
	err = survey(root, config, kernel, &r->after, d);
	if (err < 0)
		return err;
	*ret = dg_take(r);
	return 0;
}

int dg_ready_look(const char *root, const struct dg_config *config, struct dg_kernel *kernel, struct dg_ready **ret,
		  struct dg_diag *d)
{
	dg_auto(dg_ready_freep) struct dg_ready *r = calloc(1, sizeof(*r));
	int err = r ? survey(root, config, kernel, &r->after, d) : -ENOMEM;

	if (err == 0)
		*ret = dg_take(r);
	return err;
}

void dg_ready_free(struct dg_ready *r)
{
	if (!r)
		return;
	dg_survey_free(r->before);
	dg_stage_result_free(r->staged);
	dg_survey_free(r->after);
	free(r);
}

void dg_ready_freep(struct dg_ready **r)
{
	dg_ready_free(*r);
}

bool dg_ready_is(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].match != DG_MATCH && !dg_driver_is_ourselves(s->v[i].driver))
			return false;
	return true;
}
