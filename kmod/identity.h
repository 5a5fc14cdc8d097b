/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_IDENTITY_H
#define _DRVGUARD_IDENTITY_H

#include <linux/types.h>

int dg_identity_init(bool guard);
void dg_identity_exit(void);

#endif /* _DRVGUARD_IDENTITY_H */
