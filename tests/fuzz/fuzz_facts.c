// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/facts: what is kept of driver files, as it is and behind the first line.
 *
 * Bound: 64 bytes a byte and 4 MiB: the shortest line, of some 90 bytes, becomes
 * an entry and a file's facts, a KiB or two.
 */
#include "fuzz.h"

#include "lib/facts.h"

#define HEAD "drvguard-files 1\n"

static void try(const uint8_t *data, size_t size, const char *head)
{
	dg_auto_free char *text = malloc(strlen(head) + size + 1);
	struct dg_facts *f;

	fuzz_assert(text);
	memcpy(text, head, strlen(head));
	if (size)
		memcpy(text + strlen(head), data, size);
	text[strlen(head) + size] = '\0';
	fuzz_bound(64 * size + 4 * FUZZ_MIB);
	fuzz_assert(dg_facts_open("/nonexistent/drvguard", &f) == 0);
	fuzz_sink += dg_facts_take_kept(f, text);
	dg_facts_free(f);
	fuzz_unbound();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, "");
	try(data, size, HEAD);
	return 0;
}
