// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/grubscript: an input is a grub.cfg, which also stands for each file it reads.
 * Copies of it are made for that, and words of 4 KiB of what it says: the bound is 64 MiB.
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/grubscript.h"

struct whole {
	const uint8_t *data;
	size_t size;
};

static int site_read(void *arg, const char *path, char **ret, size_t *ret_len)
{
	const struct whole *w = arg;

	fuzz_string(path);
	if (!dg_startswith(path, "/boot/grub/"))
		return -ENODATA;
	if (strchr(path, '0'))
		return -ENOENT;
	*ret = fuzz_copy(w->data, w->size, 1);
	*ret_len = w->size;
	return 0;
}

static int site_blscfg(void *arg, struct dg_grub *g)
{
	(void)arg;
	return dg_grub_add(g, "an entry", "0-id", "/vmlinuz-1");
}

static int visit(void *arg, const struct dg_grub_boot *b)
{
	(void)arg;
	fuzz_string(b->title);
	fuzz_string(b->id);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whole w = { data, size };
	const struct dg_grub_site site = { &w, "/boot/grub", site_read, site_blscfg };
	dg_auto_free char *text = fuzz_copy(data, size, 0);
	struct dg_grubenv env = { 0 };
	struct dg_grub_boot b;
	struct dg_grub *g = NULL;

	fuzz_bound(64 * FUZZ_MIB);
	fuzz_assert(dg_grubenv_set(&env, "saved_entry", "1>0") == 0);
	if (dg_grub_run(&site, text, size, &env, &g) == 0) {
		if (dg_grub_default(g, &b) == 0) {
			fuzz_string(b.path);
			fuzz_assert(b.kernel || b.why[0]);
			fuzz_assert(!b.kernel || (b.title && b.id));
			if (b.kernel)
				fuzz_string(b.kernel);
			dg_grub_boot_free(&b);
		}
		(void)dg_grub_each(g, visit, NULL);
		dg_grub_free(g);
	}
	dg_grubenv_free(&env);
	fuzz_unbound();
	return 0;
}
