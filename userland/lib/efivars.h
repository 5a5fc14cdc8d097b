/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EFI variables, as efivarfs shows them: four bytes of attributes, then the value. */
#ifndef DG_EFIVARS_H
#define DG_EFIVARS_H

#include "util.h"

/* Of systemd's Boot Loader Interface, and of the firmware itself. */
#define DG_EFI_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define DG_EFI_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* A variable that is a UTF-16 string; what is not ASCII becomes '?'. Caller frees. -ENOENT: not set. */
int dg_efivar_string(const char *root, const char *vendor, const char *name, char **ret);
/* One that is a 16-bit number. */
int dg_efivar_number(const char *root, const char *vendor, const char *name, unsigned int *ret);

/* @data of UTF-16LE, to its end or first NUL. Caller frees; NULL without memory. */
char *dg_utf16_ascii(const void *data, size_t len);

#endif
