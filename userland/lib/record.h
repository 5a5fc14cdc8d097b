/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small texts drvguard keeps on disk: lines, the first of which names the
 * form, the last of which is "end SHA256-OF-ALL-ABOVE". What is cut short or
 * changed is not believed.
 */
#ifndef DG_RECORD_H
#define DG_RECORD_H

#include "diag.h"

/* @body with its last line; caller frees. NULL without memory. */
char *dg_record_seal(const char *body);
/* Check the last line and cut it off, in place. False: cut short, changed, or with NULs in it. */
bool dg_record_unseal(char *data, size_t len);

/* Write @body sealed, whole or not at all, making the directory. 0 or -errno. */
int dg_record_write(const char *path, const char *body);
/*
 * Read what dg_record_write() wrote: *ret is what follows the first line, which
 * has to be @heading. Caller frees. -ENOENT without @d when there is none;
 * -EBADMSG when it cannot be believed.
 */
int dg_record_read(const char *path, const char *heading, char **ret, struct dg_diag *d);

/*
 * Cut the next line off *body and return what follows @key in it; NULL when it
 * does not begin with that, or is no whole line.
 */
char *dg_record_next(char **body, const char *key);

/* Free text as one word: escaped by dg_put_escaped(), "" as "-". */
void dg_record_put(FILE *f, const char *text);
/* Undo that in place. False: no such word. */
bool dg_record_unescape(char *word);

/* A number as written by "%u", up to @max. */
bool dg_record_number(const char *s, unsigned long long max, unsigned long long *ret);
/* Lower-case hex of at most @digits_max digits into @to, "-" as "". */
bool dg_record_hex(const char *s, char *to, size_t digits_max);

#endif
