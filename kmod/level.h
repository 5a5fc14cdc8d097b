/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_LEVEL_H
#define _DRVGUARD_LEVEL_H

/**
 * struct dg_level - the level a kernel is at
 * @vendor: debian, ubuntu, rhel, suse or mainline
 * @technology_level: empty where it cannot be told
 * @service_pack: empty where it cannot be told
 *
 * uapi/drvguard.h says what stands in them. A value that would not fit is
 * empty: half a level is a wrong level.
 */
struct dg_level {
	char vendor[16];
	char technology_level[32];
	char service_pack[80];
};

/**
 * struct dg_level_tree - what macros of the kernel tree say of the level
 * @vendor: as in &struct dg_level, or NULL where the tree has no such macros
 * @technology_level: set where @vendor is
 * @release: RHEL_RELEASE, or NULL
 */
struct dg_level_tree {
	const char *vendor;
	const char *technology_level;
	const char *release;
};

void dg_level_parse(struct dg_level *ret_level, const struct dg_level_tree *tree,
		    const char *release, const char *version);
int dg_level_selftest(void);

#endif /* _DRVGUARD_LEVEL_H */
