/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_INJECT_H
#define _DRVGUARD_INJECT_H

#include <linux/types.h>

/**
 * dg_inject() - whether the step that follows shall fail
 *
 * Stands before every allocation and registration. In a debug build the module's
 * parameter fail=N makes the Nth of them fail, so that every way back is walked.
 */
#ifdef CONFIG_DRVGUARD_DEBUG
bool dg_inject(void);
void dg_inject_start(void);
#else
static inline bool dg_inject(void)
{
	return false;
}

static inline void dg_inject_start(void)
{
}
#endif

#endif /* _DRVGUARD_INJECT_H */
