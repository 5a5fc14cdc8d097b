// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/verdicts: what is kept of a kernel's verdicts, as it is and behind the lines
 * that make it this kernel's.
 *
 * Bound: 256 bytes a byte and 4 MiB: a reason without texts is 20 bytes and becomes
 * some 100; a verdict's line is longer than what it becomes.
 */
#include "fuzz.h"

#include "lib/verdicts.h"

#define HEAD "drvguard-verdicts 1\nground g\n"

static void try(const uint8_t *data, size_t size, const char *head)
{
	dg_auto_free char *text = malloc(strlen(head) + size + 1);
	struct dg_kernel k = { 0 };
	struct dg_verdicts *v;

	fuzz_assert(text);
	memcpy(text, head, strlen(head));
	if (size)
		memcpy(text + strlen(head), data, size);
	text[strlen(head) + size] = '\0';
	fuzz_bound(256 * size + 4 * FUZZ_MIB);
	fuzz_assert(dg_verdicts_new(&k, &v) == 0);
	fuzz_sink += dg_verdicts_take_kept(v, text, "g");
	fuzz_string(dg_verdicts_vermagic(v));
	dg_verdicts_free(v);
	fuzz_unbound();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, "");
	try(data, size, HEAD);
	return 0;
}
