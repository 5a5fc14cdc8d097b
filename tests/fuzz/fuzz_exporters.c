// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/exporters: what is kept of the modules of a tree, which is not there. Each
 * of its words is asked for, so that every module's lines are looked at: those of
 * one without an identity are taken for what its file would say.
 *
 * Bound: 256 bytes a byte and 4 MiB: a line of four bytes can name a symbol and a
 * module, which is some 400 bytes, with slots for each. libkmod's own are small.
 */
#include "fuzz.h"

#include "lib/exporters.h"

#define NOWHERE "/nonexistent/drvguard"

static void ask(struct dg_exporters *x, char *words, size_t size)
{
	for (char *p = words; p < words + size; p += strlen(p) + 1) {
		uint32_t hash = dg_symbol_hash(p);
		const struct dg_export_entry *e = dg_exporters_find(x, p, hash);

		if (!e)
			continue;
		fuzz_assert(strcmp(e->name, p) == 0 && e->exporter);
		fuzz_string(e->owner);
		fuzz_string(e->ns);
		fuzz_assert(dg_exporters_find_read(x, p, hash, 0));
		fuzz_assert(!dg_exporters_find_read(x, p, hash, 2));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *text = fuzz_copy(data, size, 1), *words = fuzz_copy(data, size, 1);
	struct dg_exporters *x;

	for (size_t i = 0; i < size; i++)
		if (words[i] == '\t' || words[i] == '\n')
			words[i] = '\0';
	fuzz_bound(256 * size + 4 * FUZZ_MIB);
	fuzz_assert(dg_exporters_new(NOWHERE, "fuzz", NOWHERE, &x) == 0);
	fuzz_sink += dg_exporters_take_kept(x, text);
	ask(x, words, size);
	dg_exporters_free(x);
	fuzz_unbound();
	return 0;
}
