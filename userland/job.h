/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame most commands share: configuration, drivers asked for, one call a kernel, one JSON document. */
#ifndef DG_JOB_H
#define DG_JOB_H

#include <json-c/json.h>

#include "context.h"
#include "lib/config.h"
#include "lib/event.h"
#include "lib/kernel.h"
#include "lib/nextboot.h"

struct dg_job {
	const struct dg_context *context;
	struct dg_config *config;
	const char *const *names;  /* drivers asked for; NULL: all */
	struct json_object *list;  /* one object a kernel, printed as "kernels" */
	struct json_object *store; /* what is about no kernel, printed as "store"; NULL: nothing */
	struct dg_nextboot *next;  /* which kernel boots next; NULL: not asked for, or not read yet */
	bool next_any;		   /* when that cannot be told, "next" stands for all it may be */
	enum dg_exit code;
	bool early; /* the root file system is all there is: history waits in /run */
};

/* Work on one kernel: adds to ->list, prints text unless ->context->json, raises ->code. */
typedef void (*dg_job_fn)(struct dg_job *job, struct dg_kernel *kernel);

/* Begin without a configuration, for commands that need none. */
void dg_job_init(struct dg_job *job, const struct dg_context *c);
/* Read the configuration. Whatever it returns, dg_job_end() frees; false: it was told why not. */
bool dg_job_begin(struct dg_job *job, const struct dg_context *c);
/* Take the arguments as drivers, each of which must be configured. */
bool dg_job_take_names(struct dg_job *job);
/*
 * For commands that write: take the lock and mend what an interrupted run left,
 * which is told. A dry run needs none. *ret_lock: close it to let go.
 */
bool dg_job_lock(struct dg_job *job, int *ret_lock);
/* Say so when no driver is configured. */
void dg_job_note_if_idle(const struct dg_job *job);
/* Call @fn for each kernel --kernel stands for. */
void dg_job_each_kernel(struct dg_job *job, dg_job_fn fn);
/* Print the JSON document if one is asked for. */
void dg_job_print(struct dg_job *job);
/* The same with the list under another key than "kernels". */
void dg_job_print_as(struct dg_job *job, const char *key);
enum dg_exit dg_job_end(struct dg_job *job);

/* Record what was done, one event a driver. That it could not be is told, and changes no exit code. */
void dg_job_record(const struct dg_job *job, const struct dg_event *events, size_t n);

/* Read ->next. False: it was told why not. */
bool dg_job_read_next(struct dg_job *job);

/* Tell a library error and raise the code: UNKNOWN, or USAGE for -EINVAL. */
void dg_job_error(struct dg_job *job, int err, const struct dg_diag *d);
void dg_job_raise(struct dg_job *job, enum dg_exit code);

#endif
