/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments as people write them. */
#ifndef DG_DATE_H
#define DG_DATE_H

#include "util.h"

/*
 * "YYYY-MM-DD", "YYYY-MM-DD HH:MM", "YYYY-MM-DD HH:MM:SS" ('T' for the space is fine) and
 * "today", "yesterday" in local time; "now"; "90s", "15m", "2h", "3d", "1w" before @now.
 * *ret_first and *ret_last are the first and last second of the day, minute or second that is.
 * false: none of these, or no such day.
 */
bool dg_date_parse(const char *s, int64_t now, int64_t *ret_first, int64_t *ret_last);

#endif
