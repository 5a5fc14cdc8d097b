/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The symbols a module file exports, with CRC, licence class and namespace. */
#ifndef DG_MODEXPORTS_H
#define DG_MODEXPORTS_H

#include "modfile.h"

/* Fill @m's exports from its sections; names are borrowed from its bytes. 0 or -ENOMEM. */
int dg_modexports_collect(struct dg_modfile *m);

#endif
