// SPDX-License-Identifier: GPL-2.0-or-later
#include "settle.h"

#include <errno.h>

#include "fs.h"
#include "guard.h"
#include "hold.h"

static int settle_one(const struct dg_survey *s, const struct dg_standing *st, struct dg_diags *remarks,
		      struct dg_diag *d)
{
	const char *match = dg_standing_load_path(st);
	dg_auto_free char *saved = NULL;
	int r = match ? dg_hold_lift(s->root, st->driver->name, d) : dg_hold_set(s->root, st->driver->name, d);

	if (r < 0 || !st->driver->path)
		return r;
	r = dg_place_set(s->root, st->driver->path, match, &saved, d);
	if (saved) {
		struct dg_diag note;

		dg_diag_set(&note, 0, st->driver->path, "", "held a file that was not drvguard's; it is now %s", saved);
		dg_diags_add(remarks, &note);
	}
	return r;
}

/* A driver that was taken out of the configuration is held no more, unless it is only misspelt now. */
static void lift_forgotten_holds(const struct dg_survey *s)
{
	char **names;

	if (s->config->problems.n || dg_hold_list(s->root, &names) < 0)
		return;
	for (char **n = names; *n; n++)
		if (!dg_config_driver(s->config, *n))
			(void)dg_hold_lift(s->root, *n, NULL);
	dg_strv_free(names);
}

int dg_settle(const struct dg_survey *s, struct dg_diags *remarks, struct dg_diag *d)
{
	struct dg_diag of_guard = { 0 };
	int first = 0, guard = 0;

	if (s->running) {
		/* Before anything may load by it. Without it holds and places keep a stale driver out. */
		guard = dg_guard_follow(s, false, &of_guard);
		lift_forgotten_holds(s);
	}
	for (size_t i = 0; s->running && i < s->n; i++) {
		struct dg_diag one;
		int r;

		/* What is judged for the next boot says nothing of this one: as it was found when it began, it stays.
		 */
		if (s->v[i].staged.file && !dg_standing_is_for_running(s, &s->v[i]))
			continue;
		r = settle_one(s, &s->v[i], remarks, &one);

		if (r < 0 && !first) {
			first = r;
			*d = one;
		}
	}
	if (guard < 0 && !first && guard != -ENODEV && guard != -ESTALE && guard != -ECANCELED) {
		first = guard;
		*d = of_guard;
	} else if (guard < 0) {
		dg_diags_add(remarks, &of_guard);
	}
	return first;
}
