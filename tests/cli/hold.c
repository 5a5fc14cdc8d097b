// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot default of a root tree, as lib/bootdefault.h has it:
 *
 *   hold ROOT hold RELEASE | release | held
 *
 * held prints the release. Exit: 0, or 1 after the cause and its errno on stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/bootdefault.h"

int main(int argc, char **argv)
{
	struct dg_diag d = { 0 };
	char *held = NULL;
	int r = -EINVAL;

	if (argc == 4 && strcmp(argv[2], "hold") == 0)
		r = dg_bootdefault_hold(argv[1], argv[3], &d);
	else if (argc == 3 && strcmp(argv[2], "release") == 0)
		r = dg_bootdefault_release(argv[1], &d);
	else if (argc == 3 && strcmp(argv[2], "held") == 0)
		r = dg_bootdefault_held(argv[1], &held);
	if (held)
		puts(held);
	if (r < 0)
		fprintf(stderr, "%s: %s: %s; %s\n", strerrorname_np(-r), d.where, d.what, d.cure);
	free(held);
	return r < 0;
}
