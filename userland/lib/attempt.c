// SPDX-License-Identifier: GPL-2.0-or-later
#include "attempt.h"

#include <errno.h>

#include "digest.h"
#include "fs.h"
#include "record.h"

#define HEADING "drvguard-attempt 1"
#define GOOD "good"

static char *dir_of(const char *root, const char *store)
{
	dg_auto_free char *inside = dg_format("%s/attempts", store);

	return inside ? dg_path_join(root, inside) : NULL;
}

static char *path_of(const char *root, const char *store, const char *name)
{
	dg_auto_free char *dir = dir_of(root, store);

	return dir ? dg_format("%s/%s", dir, name) : NULL;
}

/* What is to be there for this release and file, up to the boot. */
static char *body_of(const struct dg_attempt *a)
{
	return dg_format("release %s\nsha256 %s\nboot ", a->release, a->sha256);
}

/* The boot that an attempt at this very file is from; NULL: there was none. */
static char *boot_of(const char *root, const char *store, const struct dg_attempt *a)
{
	dg_auto_free char *path = path_of(root, store, a->name), *body = NULL, *want = body_of(a);

	if (!path || !want || dg_record_read(path, HEADING, &body, NULL) < 0 || !dg_startswith(body, want))
		return NULL;
	body[strcspn(body + strlen(want), "\n") + strlen(want)] = '\0';
	return strdup(body + strlen(want));
}

static int write_boot(const char *root, const char *store, const struct dg_attempt *a, const char *boot,
		      struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store, a->name);
	dg_auto_free char *body = dg_format(HEADING "\nrelease %s\nsha256 %s\nboot %s\n", a->release, a->sha256, boot);
	int r = path && body ? dg_record_write(path, body) : -ENOMEM;

	return r < 0 ? dg_diag_errno(d, r, path, "record that the driver may load") : 0;
}

int dg_attempt_begin(const char *root, const char *store, const struct dg_attempt *a, struct dg_diag *d)
{
	dg_auto_free char *before = boot_of(root, store, a);

	if (!*a->boot || dg_streq(before, a->boot) || dg_streq(before, GOOD))
		return 0;
	return write_boot(root, store, a, a->boot, d);
}

void dg_attempt_drop(const char *root, const char *store, const struct dg_attempt *a)
{
	dg_auto_free char *boot = boot_of(root, store, a), *path = path_of(root, store, a->name);

	if (path && *a->boot && dg_streq(boot, a->boot))
		(void)dg_file_remove(path);
}

int dg_attempt_confirm(const char *root, const char *store, const struct dg_attempt *a, struct dg_diag *d)
{
	dg_auto_free char *before = boot_of(root, store, a);
	int r;

	if (dg_streq(before, GOOD))
		return 0;
	r = write_boot(root, store, a, GOOD, d);
	return r < 0 ? r : 1;
}

bool dg_attempt_failed(const char *root, const char *store, const struct dg_attempt *a)
{
	dg_auto_free char *boot = boot_of(root, store, a);

	return boot && *a->boot && !dg_streq(boot, a->boot) && !dg_streq(boot, GOOD);
}

/* Whether the record at @path is of @boot. One that cannot be believed is of any. */
static bool is_of(const char *path, const char *boot)
{
	dg_auto_free char *body = NULL, *last = dg_format("\nboot %s\n", boot);
	int r = dg_record_read(path, HEADING, &body, NULL);

	return r < 0 ? r != -ENOENT : last && dg_endswith(body, last);
}

static bool is_good(const char *path)
{
	dg_auto_free char *body = NULL;

	return dg_record_read(path, HEADING, &body, NULL) == 0 && dg_endswith(body, "\nboot " GOOD "\n");
}

int dg_attempt_clear(const char *root, const char *store, const char *boot, size_t *ret_n, struct dg_diag *d)
{
	dg_auto_free char *dir = dir_of(root, store);
	char **names;
	int r = dir ? dg_dir_list(dir, &names) : -ENOMEM;

	*ret_n = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : dg_diag_errno(d, r, dir, "look at the attempts");
	for (char **n = names; *n && r == 0; n++) {
		dg_auto_free char *path = dg_format("%s/%s", dir, *n);

		if (!path || (boot ? !is_of(path, boot) : is_good(path)))
			continue;
		r = dg_file_remove(path);
		if (r < 0)
			dg_diag_errno(d, r, path, "clear the attempt");
		else if (**n != '.')
			++*ret_n;
	}
	dg_strv_free(names);
	return r;
}
