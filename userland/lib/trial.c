// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial.h"

#include <errno.h>

#include "fs.h"
#include "manifest.h"
#include "record.h"

#define HEADING "drvguard-trial 1"

static char *path_of(const char *root, const char *store, const char *release)
{
	dg_auto_free char *inside = dg_format("%s/kernels/%s/trial", store, release);

	return inside ? dg_path_join(root, inside) : NULL;
}

static bool parse(const char *body, struct dg_trial *ret)
{
	char boot[DG_BOOT_ID_LEN];
	int end = 0;

	if (sscanf(body, "generation %9u\nrevert %9u\nboot %39[-0-9a-f]\n%n", &ret->generation, &ret->revert, boot,
		   &end) != 3 ||
	    !end || body[end])
		return false;
	snprintf(ret->boot, sizeof(ret->boot), "%s", dg_streq(boot, "-") ? "" : boot);
	return ret->generation && ret->generation <= DG_GENERATION_MAX && ret->revert <= DG_GENERATION_MAX;
}

int dg_trial_read(const char *root, const char *store, const char *release, struct dg_trial *ret, struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store, release), *body = NULL;
	int r = path ? dg_record_read(path, HEADING, &body, d) : -ENOMEM;

	*ret = (struct dg_trial){ 0 };
	if (r < 0)
		return r;
	return parse(body, ret) ? 0 : dg_diag_set(d, -EBADMSG, path, "remove it", "is not of a trial's form");
}

int dg_trial_write(const char *root, const char *store, const char *release, const struct dg_trial *t,
		   struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store, release);
	dg_auto_free char *body = dg_format(HEADING "\ngeneration %u\nrevert %u\nboot %s\n", t->generation, t->revert,
					    t->boot[0] ? t->boot : "-");
	int r = path && body ? dg_record_write(path, body) : -ENOMEM;

	return r < 0 ? dg_diag_errno(d, r, path, "record the trial") : 0;
}

int dg_trial_clear(const char *root, const char *store, const char *release)
{
	dg_auto_free char *path = path_of(root, store, release);

	return !path ? -ENOMEM : dg_file_remove(path);
}

bool dg_trial_is_on(const char *root, const char *store, const char *release, unsigned int current,
		    struct dg_trial *ret)
{
	return current && dg_trial_read(root, store, release, ret, NULL) == 0 && ret->generation == current;
}

bool dg_trial_is_over(const struct dg_trial *t, const char *boot_id)
{
	return t->boot[0] && *boot_id && !dg_streq(t->boot, boot_id);
}
