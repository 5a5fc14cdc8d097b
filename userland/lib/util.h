/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things every file uses: ownership that ends with its scope, growing
 * arrays, strings from disk made safe to print.
 */
#ifndef DG_UTIL_H
#define DG_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DG_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DG_PRINTF(f, a) __attribute__((format(printf, f, a)))

static inline void dg_freep(void *p)
{
	free(*(void **)p);
}

static inline void dg_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void dg_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define dg_auto(destroy) __attribute__((cleanup(destroy)))
#define dg_auto_free dg_auto(dg_freep)
#define dg_auto_close dg_auto(dg_closep)
#define dg_auto_fclose dg_auto(dg_fclosep)

/* Hand an owned pointer on: the variable is NULL afterwards. */
#define dg_take(p)                                                                                                     \
	({                                                                                                             \
		__typeof__(p) p_ = (p);                                                                                \
		(p) = NULL;                                                                                            \
		p_;                                                                                                    \
	})

/*
 * Room for one more element after the @n there are. The capacity is not kept:
 * it is always the power of two at or above @n. Returns 0 or -ENOMEM, the
 * array untouched.
 */
int dg_grow(void *array, size_t n, size_t size);
#define DG_GROW(v, n) dg_grow(&(v), (n), sizeof(*(v)))

static inline bool dg_streq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool dg_startswith(const char *s, const char *prefix);
bool dg_endswith(const char *s, const char *suffix);

/* asprintf that returns the string, or NULL without memory. Caller frees. */
char *dg_format(const char *fmt, ...) DG_PRINTF(1, 2);

/* The same module under the kernel's rule that '-' and '_' are one (compared, or made '_' in place). */
bool dg_modname_equal(const char *a, const char *b);
void dg_modname_normalize(char *name);
/* Whether @name is among @names (ended by NULL) by that rule; a NULL list stands for all. */
bool dg_modname_in(const char *const *names, const char *name);
/* Letters, digits, '_' and '-', not first; at most 55 bytes (MODULE_NAME_LEN less NUL). */
bool dg_modname_valid(const char *name);
/* One path component that may stand under /lib/modules: printable, no '/', not hidden. */
bool dg_release_valid(const char *release);

/*
 * Order of two releases or versions, numeric per part as strverscmp(3) is not:
 * "6.1.0-9" < "6.1.0-10" < "6.12.1"; '~' sorts before the end. Like strcmp.
 */
int dg_version_compare(const char *a, const char *b);

/* Of a symbol's name, eight bytes at a time, seeded for this process; never 0. */
uint32_t dg_symbol_hash(const char *name);
uint32_t dg_symbol_hash_n(const char *name, size_t len);

/* Control and non-ASCII bytes become '?', in place: disk is hostile to terminals too. Returns @s. */
char *dg_printable(char *s);

/* Every byte but printable ASCII without ' ' and '%' as %XX, for one word of a line of text. */
void dg_put_escaped(FILE *f, const char *s);
/* The reverse, in place. false: a '%' without two hex digits behind it, or %00. */
bool dg_unescape(char *s);

#endif
