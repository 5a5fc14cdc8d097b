// SPDX-License-Identifier: GPL-2.0-or-later
#include "gate.h"

#include <errno.h>

#include "bootdefault.h"
#include "fs.h"
#include "ready.h"

/* 1: it can boot, and has all its drivers; 0: it lacks some; -ENOENT: it is not all there, and does not count. */
static int is_ready(const char *root, const struct dg_config *config, const char *release)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	int r = dg_kernel_open(root, release, &k, NULL);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || !k->image || !k->modules_dir)
		return -ENOENT;
	r = dg_survey_take(root, config, k, DG_SURVEY_INSTALLED, &s, NULL);
	if (r == -ENOMEM)
		return r;
	return r == 0 && dg_ready_is(s);
}

/* The newest that has all its drivers in *ret, NULL for none; *ret_newest: whether it is the newest of all. */
static int find(const char *root, const struct dg_config *config, char **ret, bool *ret_newest)
{
	dg_auto(dg_strv_freep) char **v = NULL;
	size_t n = 0;
	int r = dg_kernel_list(root, &v);

	*ret_newest = true;
	while (r == 0 && v[n])
		n++;
	while (r == 0 && n--) {
		int ready = is_ready(root, config, v[n]);

		if (ready == 1)
			return (*ret = strdup(v[n])) ? 0 : -ENOMEM;
		if (ready == 0)
			*ret_newest = false;
		else if (ready != -ENOENT)
			r = ready;
	}
	return r;
}

int dg_gate_settle(const char *root, const struct dg_config *config, char **ret, struct dg_diag *d)
{
	dg_auto_free char *release = NULL;
	bool newest = true;
	int r = config->gate ? find(root, config, &release, &newest) : 0;

	*ret = NULL;
	if (r < 0)
		return dg_diag_errno(d, r, "gate", "find a kernel that has all its drivers");
	if (newest)
		return dg_bootdefault_release(root, d);
	if (!release)
		return dg_diag_set(d, -ENOENT, "gate",
				   "get drivers for one from the vendor; gate = no in drvguard.conf(5) lets it be",
				   "no installed kernel has all its drivers");
	r = dg_bootdefault_hold(root, release, d);
	if (r == 0)
		*ret = dg_take(release);
	return r;
}
