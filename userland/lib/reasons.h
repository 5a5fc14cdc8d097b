/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building judgements: for loader.c. */
#ifndef DG_REASONS_H
#define DG_REASONS_H

#include "loader.h"

/*
 * Append a reason; @want and @have are taken over, @symbol and @owner copied.
 * The first with an errno gives the judgement its own. 0 or -ENOMEM.
 */
int dg_reason_add(struct dg_judgement *j, enum dg_reason_kind kind, int err, const char *symbol, char *want, char *have,
		  const char *owner);
/* The same where all are copied. */
int dg_reason_copy(struct dg_judgement *j, enum dg_reason_kind kind, int err, const char *symbol, const char *want,
		   const char *have, const char *owner);

#endif
