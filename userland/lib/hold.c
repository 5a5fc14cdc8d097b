// SPDX-License-Identifier: GPL-2.0-or-later
#include "hold.h"

#include <errno.h>

#include "fs.h"

#define DIR "/run/modprobe.d"

static char *hold_path(const char *root, const char *driver)
{
	dg_auto_free char *inside = dg_format(DIR "/drvguard-%s.conf", driver);

	return inside ? dg_path_join(root, inside) : NULL;
}

int dg_hold_set(const char *root, const char *driver, struct dg_diag *d)
{
	dg_auto_free char *path = hold_path(root, driver), *dir = dg_path_join(root, DIR);
	dg_auto_free char *text = dg_format("# drvguard: nothing staged for %s matches the running kernel\n"
					    "install %s echo 'drvguard: %s is held back in this kernel: see "
					    "drvguard status' >&2; false\n",
					    driver, driver, driver);
	int r;

	if (!path || !dir || !text)
		return -ENOMEM;
	if (dg_file_has(path, text, strlen(text)))
		return 0;
	r = dg_dir_make(dir);
	if (r == 0)
		r = dg_file_write(path, text, strlen(text), 0644);
	return r < 0 ? dg_diag_errno(d, r, path, "keep the driver from loading") : 0;
}

int dg_hold_lift(const char *root, const char *driver, struct dg_diag *d)
{
	dg_auto_free char *path = hold_path(root, driver);

	if (!path)
		return -ENOMEM;
	/* Not unlinked for good measure: a run that changes nothing does not even try. */
	if ((access(path, F_OK) == 0 || errno != ENOENT) && unlink(path) < 0 && errno != ENOENT)
		return dg_diag_errno(d, -errno, path, "lift the hold");
	return 0;
}

int dg_hold_list(const char *root, char ***ret)
{
	dg_auto_free char *dir = dg_path_join(root, DIR);
	const size_t before = strlen("drvguard-"), after = strlen(".conf");
	char **names, **to;
	int r = dir ? dg_dir_list(dir, &names) : -ENOMEM;

	if (r < 0)
		return r;
	to = names;
	for (char **n = names; *n; n++) {
		size_t len = strlen(*n);

		if (dg_startswith(*n, "drvguard-") && dg_endswith(*n, ".conf") && len > before + after) {
			(*n)[len - after] = '\0';
			memmove(*n, *n + before, len - before - after + 1);
			*to++ = *n;
		} else {
			free(*n);
		}
	}
	*to = NULL;
	*ret = names;
	return 0;
}

bool dg_hold_is_set(const char *root, const char *driver)
{
	dg_auto_free char *path = hold_path(root, driver);

	return path && access(path, F_OK) == 0;
}
