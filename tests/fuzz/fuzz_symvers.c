// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/symvers, and lib/symtab under it. The bytes have the NUL behind them that
 * is asked for, and nothing more.
 *
 * Bound: 1.5 MiB and 24 bytes a byte: blocks of 64 KiB, and for a line of at least
 * 8 an entry of 48 bytes with its name, and slots of 16, most of them free.
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/symvers.h"

/* Every name that the text can have given the table. */
static void look_up(const struct dg_symtab *t, char *copy, size_t size)
{
	size_t found = 0;

	for (char *p = copy; p < copy + size; p += strlen(p) + 1) {
		const struct dg_export_entry *e = dg_symtab_find(t, p);

		if (!e)
			continue;
		fuzz_assert(strcmp(e->name, p) == 0);
		fuzz_string(e->owner);
		fuzz_string(e->ns);
		found++;
	}
	fuzz_assert(!dg_symtab_count(t) || found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *copy = fuzz_copy(data, size, 1);
	dg_auto_free char *words = fuzz_copy(data, size, 1);
	struct dg_diag d = { 0 };
	struct dg_symtab *t;
	int r;

	for (size_t i = 0; i < size; i++)
		if (words[i] == '\t' || words[i] == '\n')
			words[i] = '\0';
	fuzz_bound(size * 24 + 3 * FUZZ_MIB / 2);
	fuzz_assert(dg_symtab_new(&t) == 0);
	r = dg_symvers_parse(copy, size, t, &d);
	fuzz_assert(r == 0 || (r == -EBADMSG && d.what[0]));
	look_up(t, words, size);
	dg_symtab_free(t);
	fuzz_unbound();
	return 0;
}
