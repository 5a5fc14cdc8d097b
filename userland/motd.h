/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /run/motd.d/drvguard-RELEASE: what pam_motd(8) shows at login of an installed kernel that
 * lacks a driver, a line each. Made by hooks and whatever serves a kernel after; gone when it has all.
 */
#ifndef DG_MOTD_H
#define DG_MOTD_H

#include "lib/survey.h"

/* As @s says, or @problem (NULL: none) of the kernel as a whole. What cannot be written is told, no more. */
void dg_motd_post(const struct dg_survey *s, const struct dg_diag *problem);
/* Whether there is one for that kernel. */
bool dg_motd_is_up(const char *root, const char *release);
/* Those of kernels that are gone go. */
void dg_motd_tidy(const char *root);

/* What is said of a driver that the kernel of @s lacks, here and elsewhere. */
void dg_motd_lack(const struct dg_survey *s, const struct dg_standing *st, struct dg_diag *d);

#endif
