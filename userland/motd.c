// SPDX-License-Identifier: GPL-2.0-or-later
#include "motd.h"

#include <errno.h>

#include "lib/fs.h"
#include "report.h"

#define DIR "/run/motd.d"
#define NAME "drvguard-"

static char *path_of(const char *root, const char *release)
{
	dg_auto_free char *inside = dg_format(DIR "/" NAME "%s", release);

	return inside ? dg_path_join(root, inside) : NULL;
}

void dg_motd_lack(const struct dg_survey *s, const struct dg_standing *st, struct dg_diag *d)
{
	dg_auto_free char *where = dg_format("kernel %s", s->kernel->release);
	char cause[400], cure[200];

	dg_standing_cause(st, cause, sizeof(cause));
	dg_standing_advice(s, st, cure, sizeof(cure));
	dg_diag_set(d, 0, where, *cure ? cure : "see drvguard status", "no driver %s that matches: %s",
		    st->driver->name, cause);
}

static void put(FILE *f, const struct dg_diag *d)
{
	fprintf(f, "drvguard: %s: %s; %s\n", d->where, d->what, d->cure);
}

static int write_note(const struct dg_survey *s, const struct dg_diag *problem, const char *path)
{
	dg_auto_free char *text = NULL;
	struct dg_diag d;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].match != DG_MATCH) {
			dg_motd_lack(s, &s->v[i], &d);
			put(f, &d);
		}
	if (problem)
		put(f, problem);
	return fclose(f) == 0 ? dg_file_keep(path, text, len, 0644) : -ENOMEM;
}

void dg_motd_post(const struct dg_survey *s, const struct dg_diag *problem)
{
	dg_auto_free char *path = path_of(s->root, s->kernel->release);
	int r = path ? write_note(s, problem, path) : -ENOMEM;
	struct dg_diag d;

	if (r < 0)
		dg_report_error(r, (dg_diag_errno(&d, r, path, "leave a note for the next login"), &d));
}

bool dg_motd_is_up(const char *root, const char *release)
{
	dg_auto_free char *path = path_of(root, release);

	return path && access(path, F_OK) == 0;
}

void dg_motd_tidy(const char *root)
{
	dg_auto_free char *dir = dg_path_join(root, DIR);
	dg_auto(dg_strv_freep) char **names = NULL;

	if (!dir || dg_dir_list(dir, &names) < 0)
		return;
	for (char **n = names; *n; n++) {
		dg_auto_free char *path = dg_format("%s/%s", dir, *n);

		if (path && dg_startswith(*n, NAME) && dg_kernel_is_gone(root, *n + strlen(NAME)))
			(void)dg_file_remove(path);
	}
}
