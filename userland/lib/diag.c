// SPDX-License-Identifier: GPL-2.0-or-later
#include "diag.h"

#include <errno.h>
#include <stdarg.h>

int dg_diag_set(struct dg_diag *d, int err, const char *where, const char *cure, const char *what, ...)
{
	va_list ap;

	if (!d)
		return err;
	snprintf(d->where, sizeof(d->where), "%s", where ? where : "");
	snprintf(d->cure, sizeof(d->cure), "%s", cure ? cure : "");
	va_start(ap, what);
	vsnprintf(d->what, sizeof(d->what), what, ap);
	va_end(ap);
	dg_printable(d->where);
	dg_printable(d->what);
	dg_printable(d->cure);
	return err;
}

static const char *errno_cure(int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return "run as root, or check the permissions";
	case ENOSPC:
	case EDQUOT:
		return "free some space on that file system and run again; nothing was changed";
	case EROFS:
		return "the file system is read-only: remount it, or set [drvguard] store to a writable place";
	case EIO:
		return "the disk failed to read or write: check it (dmesg)";
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return "the system is short of resources: try again";
	case EISDIR:
	case ENOTDIR:
	case ENXIO:
	case ELOOP:
		return "put a regular file there, or name another";
	case EFBIG:
		return "it is larger than drvguard reads: replace it";
	default:
		return "check that path and its file system";
	}
}

int dg_diag_errno(struct dg_diag *d, int err, const char *where, const char *verb)
{
	return dg_diag_set(d, err, where, errno_cure(err), "cannot %s: %s", verb, strerror(-err));
}

void dg_diags_add(struct dg_diags *list, const struct dg_diag *d)
{
	if (DG_GROW(list->v, list->n) == 0)
		list->v[list->n++] = *d;
}

void dg_diags_free(struct dg_diags *list)
{
	free(list->v);
	*list = (struct dg_diags){ 0 };
}
