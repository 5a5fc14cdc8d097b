// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/bls and the `default` of a loader.conf: an input is a file's name, a
 * newline, and its text. Of two such inputs made of its halves the order is
 * asked both ways. Copies of its parts are all that is made: the bound is 1 MiB.
 */
#include "fuzz.h"

#include "lib/bls.h"
#include "lib/nextsdboot.h"

static bool make(const uint8_t *data, size_t size, struct dg_bls_entry *e)
{
	const uint8_t *newline = memchr(data, '\n', size);
	size_t name = newline ? (size_t)(newline - data) : size;
	dg_auto_free char *text = fuzz_copy(data + name, size - name, 0);

	e->file = dg_format("%.*s.conf", (int)(name > 200 ? 200 : name), (const char *)data);
	fuzz_assert(e->file && dg_bls_name(e) == 0);
	fuzz_string(e->id);
	return dg_bls_parse(text, size - name, e) == 0;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *text = fuzz_copy(data, size, 0), *value = NULL;
	struct dg_bls_entry a = { 0 }, b = { 0 };

	fuzz_bound(FUZZ_MIB + 8 * size);
	value = dg_sdboot_default(text, size);
	fuzz_assert(!value || *value);
	if (make(data, size / 2, &a))
		fuzz_string(a.kernel);
	(void)make(data + size / 2, size - size / 2, &b);
	fuzz_assert(dg_bls_compare(&a, &a) == 0 && dg_bls_compare_grub(&a, &a) == 0);
	fuzz_assert(sign(dg_bls_compare(&a, &b)) == -sign(dg_bls_compare(&b, &a)));
	fuzz_assert(sign(dg_bls_compare_grub(&a, &b)) == -sign(dg_bls_compare_grub(&b, &a)));
	dg_bls_entry_free(&a);
	dg_bls_entry_free(&b);
	free(dg_take(value));
	fuzz_unbound();
	return 0;
}
