/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a system's own tool: depmod, update-initramfs and the like. */
#ifndef DG_TOOL_H
#define DG_TOOL_H

#include "util.h"

/*
 * Run @argv (argv[0] without a '/' is looked for along PATH, or the usual one
 * where there is none) and wait for it; @root other than "/" is entered by chroot(2) first.
 * Its standard input is /dev/null, it inherits no other descriptor and no signal
 * state, has a process group of its own, since Ctrl-C is for drvguard, which
 * stops at a safe point, and dies when drvguard does. The last line it printed
 * goes to @said. 0, or as a shell tells it: the exit code (127: no such
 * program), or 128 and the signal; -errno.
 */
int dg_tool_run(const char *root, const char *const argv[], char *said, size_t size);

#endif
