/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_CONTROLS_H
#define _DRVGUARD_CONTROLS_H

int dg_controls_init(void);
void dg_controls_exit(void);

#endif /* _DRVGUARD_CONTROLS_H */
