// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/elf: headers, sections, symbols in every class and byte order, and the
 * same bytes as notes. Nothing here allocates: the bound is 4 KiB (for stdio).
 */
#include "fuzz.h"

#include "lib/elf.h"

static void walk(const struct dg_elf *elf)
{
	struct dg_symbols symbols;
	struct dg_section s, again;
	struct dg_symbol sym;
	char id[DG_BUILD_ID_HEX], machine[32];

	for (size_t i = 0; dg_elf_section_at(elf, i, &s); i++) {
		fuzz_string(s.name);
		/* Its ends; sections that share their bytes are many. */
		fuzz_assert(s.span.data >= elf->data && s.span.len <= elf->len);
		fuzz_assert((size_t)(s.span.data - elf->data) <= elf->len - s.span.len);
		fuzz_touch(s.span.data, s.span.len < 64 ? s.span.len : 64);
		if (i < 64)
			fuzz_assert(!i || !*s.name || dg_elf_section(elf, s.name, &again));
	}
	fuzz_assert(!dg_elf_section_at(elf, SIZE_MAX, &s));
	if (dg_elf_symbols(elf, &symbols))
		for (size_t i = 0; i < symbols.n; i++) {
			dg_elf_symbol(elf, &symbols, i, &sym);
			fuzz_string(sym.name);
		}
	dg_elf_build_id(elf, id);
	fuzz_assert(strlen(id) < sizeof(id) && strlen(id) % 2 == 0);
	fuzz_string(dg_elf_machine_name(elf->machine, elf->is64, machine, sizeof(machine)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free unsigned char *copy = fuzz_copy(data, size, 0);

	fuzz_bound(4 * FUZZ_KIB);
	for (enum dg_elf_format as = DG_ELF_AS_IT_SAYS; as <= DG_ELF_32_BIG; as++) {
		struct dg_diag d = { 0 };
		struct dg_elf elf;

		if (dg_elf_open(copy, size, as, &elf, &d) == 0)
			walk(&elf);
		else
			fuzz_assert(d.what[0]);
	}
	for (int big = 0; big < 2; big++) {
		char id[DG_BUILD_ID_HEX];

		dg_notes_build_id((struct dg_span){ copy, size }, big, id);
		fuzz_assert(strlen(id) < sizeof(id));
	}
	fuzz_unbound();
	return 0;
}
