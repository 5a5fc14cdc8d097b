// SPDX-License-Identifier: GPL-2.0-or-later
#include "exitcode.h"

#include "lib/survey.h"

enum dg_exit dg_exit_worse(enum dg_exit a, enum dg_exit b)
{
	static const int gravity[] = {
		[DG_EXIT_OK] = 0,    [DG_EXIT_REBOOT] = 1,  [DG_EXIT_WAITING] = 2,  [DG_EXIT_MISMATCH] = 3,
		[DG_EXIT_USAGE] = 4, [DG_EXIT_UNKNOWN] = 5, [DG_EXIT_TAMPERED] = 6,
	};

	return gravity[a] >= gravity[b] ? a : b;
}

enum dg_exit dg_exit_of_standing(const struct dg_survey *s, const struct dg_standing *st)
{
	if (st->broken)
		return DG_EXIT_TAMPERED;
	switch (st->match) {
	case DG_WAITING:
		return DG_EXIT_WAITING;
	case DG_MISMATCH:
	case DG_MISSING:
		return s->unread ? DG_EXIT_UNKNOWN : DG_EXIT_MISMATCH;
	case DG_MATCH:
		break;
	}
	if (dg_standing_image_is_wrong(st))
		return DG_EXIT_MISMATCH;
	if (dg_standing_needs_reboot(st))
		return DG_EXIT_REBOOT;
	return st->suspect ? DG_EXIT_MISMATCH : DG_EXIT_OK;
}
