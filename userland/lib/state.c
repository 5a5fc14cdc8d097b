// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

/* Another file is loaded than staged. */
static const char *loaded_other(const struct dg_standing *st)
{
	if (st->boot_image == DG_IMAGE_SAME)
		return "QN";
	return st->loaded_staged_live ? "SN" : "Q";
}

/* What is staged matches, and is loaded or nothing is. */
static const char *fine(const struct dg_standing *st)
{
	if (!st->loaded.loaded || !st->staged_live)
		return "S";
	return st->boot_image == DG_IMAGE_SAME && st->boot_image_live ? "QP" : "SP";
}

/* Nothing that matches is staged, and something is loaded. */
static const char *loaded_alone(const struct dg_standing *st)
{
	if (!st->loaded.loaded)
		return "-";
	if (st->loaded_was_staged)
		return "RQ";
	if (!st->loaded_in_depot)
		return "-";
	return st->best.file && !dg_loaded_is(&st->loaded, st->best.file) ? "N" : "P";
}

const char *dg_state_of(const struct dg_survey *s, const struct dg_standing *st)
{
	if (s->intent.release[0])
		return s->intent.action == DG_ACTION_REMOVE ? "R" : "I";
	if (st->mounted.recorded)
		return st->mounted.active ? "M" : "U";
	if (st->broken || (st->staged_ours && st->match != DG_MATCH) || dg_standing_image_is_wrong(st))
		return "B";
	if (st->match != DG_MATCH)
		return loaded_alone(st);
	if (st->on_trial)
		return "T";
	return dg_standing_needs_reboot(st) ? loaded_other(st) : fine(st);
}
