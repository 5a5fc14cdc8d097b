/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /run/drvguard/waiting: one "DRIVER RELEASE DEPOT" line for each driver that
 * waits, for others to read (a login note, a monitor). Not there when none
 * does. drvguard takes from it only which kernels beside the running one to look at.
 */
#ifndef DG_WAITING_H
#define DG_WAITING_H

#include "lib/survey.h"

/* Replaces the lines of @s's kernel. Returns how many wait. What cannot be written is told on stderr, no more. */
size_t dg_waiting_record(const struct dg_survey *s);
/* The installed kernels that have lines there, each once; free with dg_strv_free(). NULL: none. */
char **dg_waiting_releases(const char *root);

#endif
