/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernels a package manager's list of paths is about: what RPM file triggers
 * and pacman's hooks write to their program's standard input.
 */
#ifndef DG_RELEASES_H
#define DG_RELEASES_H

#include "util.h"

/*
 * The kernel release that a line names: "…/lib/modules/REL/…", "…/vmlinuz-REL", or
 * REL itself where it has no '/'. Points into @line, which is changed. NULL: it names none.
 */
const char *dg_release_named(char *line);

/* Of all lines of @from to its end, each once, in order of their first; free with dg_strv_free(). */
int dg_releases_read(FILE *from, char ***ret);

#endif
