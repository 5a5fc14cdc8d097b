// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/releases: what a package manager writes to a hook's standard input. The bound is twice the input and 64 KiB. */
#include "fuzz.h"

#include "lib/fs.h"
#include "lib/releases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *text = fuzz_copy(data, size, 1);
	FILE *f = size ? fmemopen(text, size, "r") : NULL;
	char **v = NULL;

	if (!f)
		return 0;
	fuzz_bound(2 * size + 64 * FUZZ_KIB);
	if (dg_releases_read(f, &v) == 0)
		for (char **a = v; *a; a++) {
			fuzz_assert(dg_release_valid(*a));
			for (char **b = v; b < a; b++)
				fuzz_assert(!dg_streq(*a, *b));
		}
	dg_strv_free(v);
	fuzz_unbound();
	fclose(f);
	return 0;
}
