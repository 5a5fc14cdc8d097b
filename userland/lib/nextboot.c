// SPDX-License-Identifier: GPL-2.0-or-later
#include "nextboot.h"

#include <errno.h>

#include "fs.h"
#include "kernel.h"

int dg_nextboot_read(const char *root, struct dg_nextboot **ret)
{
	dg_auto(dg_nextboot_freep) struct dg_nextboot *n = calloc(1, sizeof(*n));
	int r = n ? dg_kernel_list(root, &n->candidates) : -ENOMEM;

	if (r < 0)
		return r;
	if (n->candidates[0] && !n->candidates[1]) {
		n->release = strdup(n->candidates[0]);
		if (!n->release)
			return -ENOMEM;
		snprintf(n->evidence, sizeof(n->evidence), "no boot loader is known here: the only kernel installed");
	} else {
		snprintf(n->evidence, sizeof(n->evidence), "no boot loader is known here");
	}
	*ret = dg_take(n);
	return 0;
}

void dg_nextboot_free(struct dg_nextboot *n)
{
	if (!n)
		return;
	free(n->release);
	free(n->after);
	dg_strv_free(n->candidates);
	free(n);
}

void dg_nextboot_freep(struct dg_nextboot **n)
{
	dg_nextboot_free(*n);
}
