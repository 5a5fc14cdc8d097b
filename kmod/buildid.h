/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_BUILDID_H
#define _DRVGUARD_BUILDID_H

#include "policy.h"

struct module;

void dg_build_id_find(const void *from, size_t size, struct dg_build_id *ret);
void dg_build_id_of(const struct module *mod, struct dg_build_id *ret);

#endif /* _DRVGUARD_BUILDID_H */
