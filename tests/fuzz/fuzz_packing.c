// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/packing: an input is an archive's first bytes, and a program that may be
 * kmod. Nothing here allocates: the bound is 4 KiB.
 */
#include "fuzz.h"

#include "lib/packing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free unsigned char *start = fuzz_copy(data, size, 0), *program = fuzz_copy(data, size, 1);
	const char *few, *all;
	struct dg_kmod k;

	fuzz_bound(4 * FUZZ_KIB);
	fuzz_sink += dg_packing_name(dg_packing_of(start, size))[0];
	few = dg_packing_xz_objection(start, size, 0);
	all = dg_packing_xz_objection(start, size, ~0U);
	/* What a decoder without filters takes, one with them does. */
	fuzz_assert(few || !all);
	dg_kmod_parse(program, size, &k);
	fuzz_assert(k.version || (!k.reads[DG_PACKING_GZIP] && !k.reads[DG_PACKING_XZ] && !k.reads[DG_PACKING_ZSTD]));
	fuzz_assert(!k.reads[DG_PACKING_NONE]);
	fuzz_unbound();
	return 0;
}
