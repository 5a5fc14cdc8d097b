/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /run/drvguard/waiting: one "DRIVER RELEASE DEPOT" line for each driver that
 * waits, for others to read (a login note, a monitor). Not there when none
 * does. Nothing is decided by it: drvguard looks.
 */
#ifndef DG_WAITING_H
#define DG_WAITING_H

#include "lib/survey.h"

/* Replaces the lines of @s's kernel. Returns how many wait. What cannot be written is told on stderr, no more. */
size_t dg_waiting_record(const struct dg_survey *s);

#endif
