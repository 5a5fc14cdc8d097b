/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_VERMAGIC_H
#define _DRVGUARD_VERMAGIC_H

extern const char dg_vermagic[];

#endif /* _DRVGUARD_VERMAGIC_H */
