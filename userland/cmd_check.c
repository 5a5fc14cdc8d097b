// SPDX-License-Identifier: GPL-2.0-or-later
/* Would it load there? Of drivers by name, or of any file. */
#include <errno.h>

#include "cmd.h"
#include "job.h"
#include "lib/inorder.h"
#include "lib/relocations.h"
#include "lib/survey.h"
#include "report.h"

struct cell {
	char *row, *kernel, *text;
};

struct check {
	struct dg_job job; /* first: the callback gets a pointer to it */
	const char **names, **files;
	struct dg_kernel *kernel;
	struct dg_table table;
	struct json_object *results;
	struct dg_diags problems; /* of the kernel being checked */
	struct cell *matrix;	  /* with --kernel all: rows by what is checked, columns by kernel */
	size_t n_cells;
};

static bool is_file(const char *arg)
{
	return strchr(arg, '/') || dg_modfile_is_named(arg);
}

static void result(struct check *k, const char *driver, const char *where, const char *file,
		   const struct dg_judgement *j, const char *cause)
{
	char why[400];

	if (k->job.context->json) {
		json_object_array_add(k->results, dg_json_judgement(driver, file, j));
		return;
	}
	if (dg_streq(k->job.context->kernel, "all") && DG_GROW(k->matrix, k->n_cells) == 0)
		k->matrix[k->n_cells++] =
			(struct cell){ .row = strdup(dg_streq(where, "file") ? file : driver),
				       .kernel = strdup(k->kernel->release),
				       .text = j && j->err ? dg_format("refused (%s)", dg_errno_name(j->err))
					       : j	   ? strdup(dg_verdict_name(j->verdict))
							   : strdup(where) };
	if (j)
		dg_judgement_brief(j, why, sizeof(why));
	dg_table_row(&k->table, driver, j ? dg_verdict_name(j->verdict) : "-", where, file, j ? why : cause);
}

/* A file's part in judging many. */
struct verdict {
	struct dg_modfile *file; /* until it is judged */
	struct dg_judgement *judgement;
	char name[64];
	int error;     /* -errno, with ->why: there is no judgement */
	int malformed; /* of dg_modfile_read_as(), with ->why */
	struct dg_diag why;
};

/* From so many files on some will need symbols of the kernel's modules. */
#define MANY 64

/* What needs nothing of the kernel's own table, which may be being read. */
static void read_file(size_t i, void *result, struct dg_arena *room, void *data)
{
	struct check *k = data;
	struct verdict *v = result;

	v->error = dg_modfile_read_as(k->files[i], dg_kernel_format(k->kernel), room, &v->file, &v->malformed, &v->why);
	if (v->file)
		(void)dg_relocations_check(v->file);
	if (i == MANY && k->kernel->tree)
		dg_exporters_expect_many(k->kernel->tree);
}

static void judge_file(size_t i, void *result, void *data)
{
	struct check *k = data;
	struct verdict *v = result;

	(void)i;
	if (v->error == 0 && (v->malformed == -EBADMSG || v->malformed == -ENODATA))
		v->error = dg_loader_judge_malformed(v->malformed, &v->why, &v->judgement);
	else if (v->error == 0)
		v->error = v->file ? dg_loader_judge(v->file, k->kernel, &v->judgement, &v->why) : v->malformed;
	if (v->file)
		snprintf(v->name, sizeof(v->name), "%s", v->file->name);
	dg_modfile_free(dg_take(v->file));
}

static void drop_file(void *result)
{
	struct verdict *v = result;

	dg_modfile_free(v->file);
	dg_judgement_free(v->judgement);
}

static void tell_file(struct check *k, const char *path, const struct verdict *v)
{
	if (v->error < 0) {
		dg_report_error(v->error, &v->why);
		dg_diags_add(&k->problems, &v->why);
		dg_job_raise(&k->job, DG_EXIT_UNKNOWN);
		return;
	}
	result(k, v->name[0] ? v->name : "-", "file", path, v->judgement, NULL);
	if (v->judgement->verdict == DG_VERDICT_REFUSED)
		dg_job_raise(&k->job, DG_EXIT_MISMATCH);
}

/* The file that counts: what is staged if it is good, else the best to be had, else what stands in the way. */
static void check_driver(struct check *k, const struct dg_survey *s, const struct dg_standing *st)
{
	const struct dg_candidate *refused = &st->nearest_refused;
	char cause[400];

	if (dg_standing_match_path(st)) {
		result(k, st->driver->name, "staged", st->staged_path, st->staged.judgement, NULL);
		return;
	}
	if (st->best.file) {
		result(k, st->driver->name, st->best.from_store ? "store" : "depot", st->best.file->path,
		       st->best.judgement, NULL);
		return;
	}
	if (st->staged.judgement) {
		result(k, st->driver->name, "staged", st->staged_path, st->staged.judgement, NULL);
	} else if (refused->file && st->match != DG_WAITING) {
		result(k, st->driver->name, refused->from_store ? "store" : "depot", refused->file->path,
		       refused->judgement, NULL);
	} else {
		dg_standing_cause(st, cause, sizeof(cause));
		result(k, st->driver->name, dg_match_name(st->match), NULL, NULL, cause);
	}
	dg_job_raise(&k->job, dg_exit_of_standing(s, st));
}

static void check_drivers(struct check *k)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diag d = { 0 };
	int r = dg_survey_take(k->job.context->root, k->job.config, k->kernel, 0, &s, &d);

	if (r < 0) {
		dg_job_error(&k->job, r, &d);
		return;
	}
	if (!k->job.context->quiet)
		dg_report_problems(&s->problems);
	for (size_t i = 0; i < s->problems.n; i++)
		dg_diags_add(&k->problems, &s->problems.v[i]);
	for (size_t i = 0; i < s->n; i++)
		if (dg_modname_in(*k->names ? k->names : NULL, s->v[i].driver->name))
			check_driver(k, s, &s->v[i]);
}

/* Files are read while the kernel's own table is. */
static int begin_files(struct check *k, size_t n, struct dg_inorder **ret, struct dg_diag *d)
{
	const struct dg_work work = { .n = n,
				      .result_size = sizeof(struct verdict),
				      .begin = read_file,
				      .finish = judge_file,
				      .drop = drop_file,
				      .data = k };
	struct dg_inorder *files = NULL;
	/* Which class and order to read them in is the kernel's to say. */
	int r = dg_kernel_reference(k->kernel, d);

	if (r == 0)
		r = dg_inorder_new(&work, &files);
	if (r == 0)
		r = dg_kernel_exports(k->kernel, d);
	if (r < 0) {
		dg_inorder_free(files);
		return r;
	}
	dg_inorder_open(files);
	*ret = files;
	return 0;
}

static void check_files(struct check *k)
{
	struct dg_inorder *files;
	struct dg_diag d = { 0 };
	size_t n = 0;
	int r;

	while (k->files[n])
		n++;
	if (!n)
		return;
	r = begin_files(k, n, &files, &d);
	if (r < 0) {
		dg_job_error(&k->job, r, &d);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct verdict v;

		dg_inorder_next(files, &v);
		tell_file(k, k->files[i], &v);
		drop_file(&v);
	}
	dg_inorder_free(files);
}

/* The arguments, parted: files judged as they are, names looked up. false after a message. */
static bool part(struct check *k)
{
	size_t n = 0, f = 0;
	struct dg_diag d;

	for (char **a = k->job.context->args; *a; a++) {
		if (is_file(*a)) {
			k->files[f++] = *a;
		} else if (dg_config_driver(k->job.config, *a)) {
			k->names[n++] = *a;
		} else {
			dg_diag_set(&d, -EINVAL, *a, "name a configured driver, or a file by its path",
				    "neither a configured driver nor a file");
			dg_job_error(&k->job, -EINVAL, &d);
			return false;
		}
	}
	return true;
}

static void check_kernel(struct dg_job *job, struct dg_kernel *kernel)
{
	struct check *k = (struct check *)job;
	struct json_object *o = json_object_new_object();
	bool show;

	k->kernel = kernel;
	k->results = json_object_new_array();
	dg_table_begin(&k->table, 5);
	dg_table_row(&k->table, "DRIVER", "VERDICT", "FROM", "FILE", "WHY");
	check_files(k);
	if (*k->names || !*k->files)
		check_drivers(k);
	json_object_object_add(o, "kernel", dg_json_kernel(kernel));
	json_object_object_add(o, "results", k->results);
	json_object_object_add(o, "problems", dg_json_problems(&k->problems));
	dg_diags_free(&k->problems);
	json_object_array_add(job->list, o);
	/* For all of them the matrix says it; -v tells why. */
	show = !job->context->json && (!dg_streq(job->context->kernel, "all") || job->context->verbose);
	if (show)
		printf("kernel %s\n", kernel->release);
	dg_table_end(&k->table, show);
}

static const char *find_cell(const struct check *k, const char *row, const char *kernel)
{
	for (size_t i = 0; i < k->n_cells; i++)
		if (dg_streq(k->matrix[i].row, row) && dg_streq(k->matrix[i].kernel, kernel))
			return k->matrix[i].text;
	return NULL;
}

/* A row of cells for each different @key of the matrix, kept in their order. */
static size_t distinct(const struct check *k, bool kernels, const char **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n_cells; i++) {
		const char *s = kernels ? k->matrix[i].kernel : k->matrix[i].row;
		bool seen = false;

		for (size_t x = 0; x < n && !seen; x++)
			seen = dg_streq(ret[x], s);
		if (!seen)
			ret[n++] = s;
	}
	return n;
}

/* Drivers by kernels: a line a driver; with many kernels a line a kernel, or it would be too wide to read. */
static void print_matrix(const struct check *k)
{
	dg_auto_free const char **rows = calloc(k->n_cells + 1, sizeof(*rows));
	dg_auto_free const char **kernels = calloc(k->n_cells + 1, sizeof(*kernels));
	size_t n_rows, n_kernels, down, across;
	struct dg_table t;
	bool turned;

	if (!rows || !kernels)
		return;
	n_rows = distinct(k, false, rows);
	n_kernels = distinct(k, true, kernels);
	turned = n_kernels > 4 && n_kernels > n_rows;
	down = turned ? n_kernels : n_rows;
	across = turned ? n_rows : n_kernels;
	dg_table_begin(&t, across + 1);
	dg_table_cell(&t, turned ? "KERNEL" : "DRIVER");
	for (size_t i = 0; i < across; i++)
		dg_table_cell(&t, turned ? rows[i] : kernels[i]);
	for (size_t d = 0; d < down; d++) {
		dg_table_cell(&t, turned ? kernels[d] : rows[d]);
		for (size_t i = 0; i < across; i++)
			dg_table_cell(&t, find_cell(k, rows[turned ? i : d], kernels[turned ? d : i]));
	}
	dg_table_end(&t, true);
}

static void free_matrix(struct check *k)
{
	for (size_t i = 0; i < k->n_cells; i++) {
		free(k->matrix[i].row);
		free(k->matrix[i].kernel);
		free(k->matrix[i].text);
	}
	free(k->matrix);
}

/* One kernel asked for is {schema, kernel, results}; "all" is {schema, kernels: [{kernel, results}]}. */
static void print(struct dg_job *job)
{
	struct json_object *o, *one = json_object_array_get_idx(job->list, 0);

	if (dg_streq(job->context->kernel, "all") || !job->context->json) {
		dg_job_print(job);
		return;
	}
	o = dg_json_begin();
	if (one) {
		json_object_object_add(o, "kernel", json_object_get(json_object_object_get(one, "kernel")));
		json_object_object_add(o, "results", json_object_get(json_object_object_get(one, "results")));
		json_object_object_add(o, "problems", json_object_get(json_object_object_get(one, "problems")));
	}
	dg_json_end(o);
}

enum dg_exit cmd_check(const struct dg_context *c)
{
	struct check k = { 0 };
	size_t n = 1;

	for (char **a = c->args; *a; a++)
		n++;
	k.names = calloc(n, sizeof(*k.names));
	k.files = calloc(n, sizeof(*k.files));
	if (dg_job_begin(&k.job, c) && k.names && k.files && part(&k)) {
		if (!*k.files)
			dg_job_note_if_idle(&k.job);
		dg_job_each_kernel(&k.job, check_kernel);
		print(&k.job);
		if (!c->json && k.n_cells)
			print_matrix(&k);
	}
	free_matrix(&k);
	free(k.names);
	free(k.files);
	return dg_job_end(&k.job);
}
