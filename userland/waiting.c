// SPDX-License-Identifier: GPL-2.0-or-later
#include "waiting.h"

#include <errno.h>

#include "lib/fs.h"
#include "report.h"

/* Past that it is no record of ours. */
#define RECORD_MOST ((size_t)256 << 10)

/* The kernel of a "DRIVER RELEASE DEPOT" line, if it is there; "" if not. */
static void kernel_of(const char *line, const char *root, char release[80])
{
	char driver[64];

	if (sscanf(line, "%63s %79s", driver, release) != 2 || dg_kernel_is_gone(root, release))
		release[0] = '\0';
}

static void keep_others(const struct dg_survey *s, const char *path, FILE *to)
{
	dg_auto_free void *text = NULL;
	char *save = NULL, of[80];
	size_t len;

	if (dg_file_read(path, RECORD_MOST, &text, &len) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		kernel_of(line, s->root, of);
		if (*of && !dg_streq(of, s->kernel->release))
			fprintf(to, "%s\n", line);
	}
}

static int write_record(const struct dg_survey *s, const char *path)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	keep_others(s, path, f);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].match == DG_WAITING)
			fprintf(f, "%s %s %s\n", s->v[i].driver->name, s->kernel->release,
				s->v[i].driver->product->depot);
	return fclose(f) == 0 ? dg_file_keep(path, text, len, 0644) : -ENOMEM;
}

size_t dg_waiting_record(const struct dg_survey *s)
{
	dg_auto_free char *path = dg_path_join(s->root, "/run/drvguard/waiting");
	int r = path ? write_record(s, path) : -ENOMEM;
	struct dg_diag d;
	size_t n = 0;

	if (r < 0)
		dg_report_error(r, (dg_diag_errno(&d, r, path, "record what waits"), &d));
	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].match == DG_WAITING;
	return n;
}

char **dg_waiting_releases(const char *root)
{
	dg_auto_free char *path = dg_path_join(root, "/run/drvguard/waiting");
	dg_auto_free void *text = NULL;
	dg_auto(dg_strv_freep) char **v = NULL;
	char *save = NULL, of[80];
	size_t len, n = 0;

	if (!path || dg_file_read(path, RECORD_MOST, &text, &len) < 0 || DG_GROW(v, n) < 0)
		return NULL;
	v[0] = NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		kernel_of(line, root, of);
		/* Lines of one kernel stand together. */
		if (!*of || (n && dg_streq(v[n - 1], of)))
			continue;
		v[n] = strdup(of);
		if (!v[n] || DG_GROW(v, n + 1) < 0)
			return NULL;
		v[++n] = NULL;
	}
	return dg_take(v);
}
