// SPDX-License-Identifier: GPL-2.0-or-later
#include "pkgdb.h"

#include <ctype.h>
#include <errno.h>

#include "fs.h"

/* The value when @line is the field, else NULL. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 && line[n] == ':' ? line + n + 1 + strspn(line + n + 1, " ") : NULL;
}

/* "linux-image-6.1.0-56-amd64[-unsigned]" holds that release; a meta-package's number is no release. */
static bool kernel_release(const char *package, char *ret, size_t size)
{
	const char *rest = package + strlen("linux-image-");
	char *unsign;
	int end = 0;

	if (!dg_startswith(package, "linux-image-") || !isdigit((unsigned char)*rest) || dg_endswith(package, "-dbg"))
		return false;
	snprintf(ret, size, "%s", rest);
	unsign = strstr(ret, "-unsigned");
	if (unsign)
		*unsign = '\0';
	/* 6.1.0-56-amd64 and 6.12.117+deb12-amd64 name a third part; linux-image-6.12-amd64 does not. */
	return sscanf(ret, "%*u.%*u.%*u%n", &end) == 0 && end > 0;
}

static void end_of_paragraph(struct dg_package *p, struct dg_package **v, size_t *n)
{
	if (kernel_release(p->name, p->release, sizeof(p->release)) && *p->status &&
	    !dg_streq(p->status, "config-files") && !dg_streq(p->status, "not-installed") && DG_GROW(*v, *n) == 0)
		(*v)[(*n)++] = *p;
	*p = (struct dg_package){ 0 };
}

int dg_pkgdb_kernels(const char *root, struct dg_package **ret, size_t *ret_n)
{
	dg_auto_free char *path = dg_path_join(root, "/var/lib/dpkg/status");
	dg_auto_free void *data = NULL;
	struct dg_package *v = NULL, p = { 0 };
	char *save = NULL;
	size_t len, n = 0;
	int r;

	if (!path)
		return -ENOMEM;
	r = dg_file_read(path, (size_t)256 << 20, &data, &len);
	if (r < 0)
		return r;
	for (char *line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *value;

		/* strtok passes over the blank lines, but every paragraph begins with Package. */
		if ((value = field(line, "Package"))) {
			end_of_paragraph(&p, &v, &n);
			snprintf(p.name, sizeof(p.name), "%s", value);
		} else if ((value = field(line, "Version"))) {
			snprintf(p.version, sizeof(p.version), "%s", value);
		} else if ((value = field(line, "Status"))) {
			const char *last = strrchr(value, ' ');

			snprintf(p.status, sizeof(p.status), "%s", last ? last + 1 : value);
		}
	}
	end_of_paragraph(&p, &v, &n);
	*ret = v;
	*ret_n = n;
	return 0;
}
