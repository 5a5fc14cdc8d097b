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

static bool take_generation(char **body, const char *key, unsigned int *ret)
{
	const char *word = dg_record_next(body, key);
	unsigned long long n;

	if (!word || !dg_record_number(word, DG_GENERATION_MAX, &n))
		return false;
	*ret = (unsigned int)n;
	return true;
}

static bool parse(char *body, struct dg_trial *ret)
{
	struct dg_trial t = { 0 };
	const char *boot;

	if (!take_generation(&body, "generation ", &t.generation) || !t.generation ||
	    !take_generation(&body, "revert ", &t.revert))
		return false;
	boot = dg_record_next(&body, "boot ");
	if (!boot || *body || !*boot || strspn(boot, "0123456789abcdef-") != strlen(boot) ||
	    strlen(boot) >= sizeof(t.boot))
		return false;
	snprintf(t.boot, sizeof(t.boot), "%s", dg_streq(boot, "-") ? "" : boot);
	*ret = t;
	return true;
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

int dg_trial_carry(const char *root, const char *store, const char *release, unsigned int from, unsigned int to,
		   struct dg_diag *d)
{
	struct dg_trial trial;

	if (!dg_trial_is_on(root, store, release, from, &trial))
		return 0;
	trial.generation = to;
	return dg_trial_write(root, store, release, &trial, d);
}

void dg_trial_undo(const char *root, const char *store, const char *release, unsigned int to, unsigned int from)
{
	struct dg_trial trial;

	if (!dg_trial_is_on(root, store, release, to, &trial))
		return;
	/* One that began with @to would go back to @from; one that was carried over goes further. */
	if (trial.revert != from && from)
		(void)dg_trial_carry(root, store, release, to, from, NULL);
	else
		(void)dg_trial_clear(root, store, release);
}
