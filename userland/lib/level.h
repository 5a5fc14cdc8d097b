/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The level (vendor, TL, SP) told from a kernel's release and version strings.
 * The kernel module has better sources (its tree's macros); where both speak
 * they must agree, which dg_level_agree() says.
 */
#ifndef DG_LEVEL_H
#define DG_LEVEL_H

#include "util.h"

struct dg_level {
	char vendor[16]; /* debian, ubuntu, rhel, suse, mainline */
	char tl[48];	 /* "" where the strings do not tell */
	char sp[64];
};

/*
 * @release as `uname -r`, @version as `uname -v` or "" when unknown. Sources:
 * Debian's linux-version(1) and handbook, Ubuntu's kernel ABI numbering, Red
 * Hat's and SUSE's release naming; see docs/architecture.md.
 */
void dg_level_parse(const char *release, const char *version, struct dg_level *ret);

/* The same level, as far as both tell it: a TL "9" agrees with "9.4", an unknown part with any. */
bool dg_level_agree(const struct dg_level *a, const struct dg_level *b);

/* "debian TL 56 SP 6.1.192-2", '-' for an unknown part. */
void dg_level_format(const struct dg_level *l, char *buf, size_t size);

#endif
