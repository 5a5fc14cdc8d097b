/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How things are printed: lines of cause and cure on stderr, aligned tables and JSON on stdout. */
#ifndef DG_REPORT_H
#define DG_REPORT_H

#include <json-c/json.h>

#include "context.h"
#include "lib/nextboot.h"
#include "lib/survey.h"

#define DG_JSON_SCHEMA 1

/* "drvguard: WHERE: WHAT; CURE" */
void dg_report_error(int err, const struct dg_diag *d);
void dg_report_problems(const struct dg_diags *list);
void dg_report_note(const char *what, const char *cure);

/* A table is rows of equally many cells; widths come from the content. */
struct dg_table {
	char **cells;
	size_t n, columns;
};

void dg_table_begin(struct dg_table *t, size_t columns);
/* The next cell of a row; NULL stands for "-". */
void dg_table_cell(struct dg_table *t, const char *s);
/* As many cells as there are columns. */
void dg_table_row(struct dg_table *t, ...);
/* Print if @print, and free. The first row is the heading; a table of nothing else is not printed. */
void dg_table_end(struct dg_table *t, bool print);

/* Made printable, for text from disk in a printf. A static buffer of eight turns. */
const char *dg_show(const char *s);

/* A green, yellow or red word on a terminal, the bare word elsewhere. A static buffer of eight turns. */
const char *dg_paint(enum dg_match m, const char *word);

/* {"schema":1}, and its printing and freeing. */
struct json_object *dg_json_begin(void);
void dg_json_end(struct json_object *o);
/* NULL becomes null. */
void dg_json_string(struct json_object *o, const char *key, const char *value);
struct json_object *dg_json_kernel(const struct dg_kernel *k);
/* {"release","loader","evidence","candidates","once","after"} */
struct json_object *dg_json_nextboot(const struct dg_nextboot *n);
struct json_object *dg_json_judgement(const char *driver, const char *file, const struct dg_judgement *j);
struct json_object *dg_json_standing(const struct dg_standing *st);
/* One {"where","what","cure"} each. */
struct json_object *dg_json_problems(const struct dg_diags *list);

/*
 * One kernel's change of generation, into @list and, unless @c wants JSON, in
 * words: @gone is what became of a driver that has no other version there now.
 */

void dg_report_changes(struct json_object *list, const struct dg_kernel *k, const struct dg_changes *changes,
		       const char *gone, const struct dg_context *c);

/* "ENOEXEC"; NULL for 0. */
const char *dg_errno_name(int err);

/* What a person should do about it next, "" when nothing. */
void dg_standing_advice(const struct dg_survey *s, const struct dg_standing *st, char *buf, size_t size);
/* One line of why it does not match, or of what keeps a match from being loaded. */
void dg_standing_cause(const struct dg_standing *st, char *buf, size_t size);

#endif
