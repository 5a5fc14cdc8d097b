/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_IDENTITY_H
#define _DRVGUARD_IDENTITY_H

int dg_identity_init(void);
void dg_identity_exit(void);

#endif /* _DRVGUARD_IDENTITY_H */
