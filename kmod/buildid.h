/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_BUILDID_H
#define _DRVGUARD_BUILDID_H

#include <linux/types.h>

struct dg_build_id;

bool dg_build_id_find(const void *from, size_t size, size_t *at,
		      struct dg_build_id *ret);

#endif /* _DRVGUARD_BUILDID_H */
