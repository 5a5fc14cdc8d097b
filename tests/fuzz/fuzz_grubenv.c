// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/grubenv: an input is a block. What is read of it is written as one that reads the same: the bound is 4 MiB. */
#include "fuzz.h"

#include "lib/grubenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *block = fuzz_copy(data, size, 0), *again = NULL;
	struct dg_grubenv e = { 0 }, same = { 0 };

	fuzz_bound(4 * FUZZ_MIB + 64 * size);
	if (dg_grubenv_parse(block, size, &e) == 0 && dg_grubenv_format(&e, 2 * size + 1024, &again) == 0) {
		fuzz_assert(dg_grubenv_parse(again, 2 * size + 1024, &same) == 0);
		fuzz_assert(same.n == e.n);
		for (size_t i = 0; i < e.n; i++) {
			fuzz_assert(dg_streq(same.v[i].name, e.v[i].name));
			fuzz_assert(dg_streq(same.v[i].value, e.v[i].value));
		}
	}
	dg_grubenv_free(&same);
	dg_grubenv_free(&e);
	fuzz_unbound();
	return 0;
}
