/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module.symvers text: "0xCRC<TAB>symbol<TAB>owner<TAB>EXPORT_SYMBOL…[<TAB>namespace]",
 * one export a line (the kernel's Documentation/kbuild/modules.rst, 6.3).
 */
#ifndef DG_SYMVERS_H
#define DG_SYMVERS_H

#include "diag.h"
#include "symtab.h"

/* Add every export. @data has a NUL behind its @len bytes. -EBADMSG with the line in @d. */
int dg_symvers_parse(char *data, size_t len, struct dg_symtab *t, struct dg_diag *d);

#endif
