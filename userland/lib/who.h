/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asked for what is done, for the history. */
#ifndef DG_WHO_H
#define DG_WHO_H

#include "util.h"

/*
 * What started this process: $DRVGUARD_ACTOR where that is user, boot, hook or watch,
 * as our units and hooks set it; else boot for a service of systemd without a login,
 * user for all others.
 */
const char *dg_who_actor(void);
/* Whether a unit, script or hook started it, which say so, and the kernel's command line has drvguard=off. */
bool dg_who_is_switched_off(const char *root);
/* The name that logged in, also behind su and sudo; else the user's own; "1000" for a uid without a name. */
void dg_who_user(char *buf, size_t size);

#endif
