// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/kcache: what is kept of a kernel image, as it is, and behind the head that
 * would make it this image's.
 *
 * Bound: 64 bytes a byte and 4 MiB: symvers' (fuzz_symvers.c), and a certificate
 * read from as many digits as twice its bytes.
 */
#include "fuzz.h"

#include "lib/kcache.h"

#define ID "1 2 3 4.000000000 5.000000000"
#define HEAD "drvguard-kernel 1\nimage " ID "\n"

static void try(const uint8_t *data, size_t size, const char *head)
{
	dg_auto_free char *text = malloc(strlen(head) + size + 1);
	struct dg_kimage k = { 0 };
	size_t len = strlen(head) + size;

	fuzz_assert(text);
	memcpy(text, head, strlen(head));
	if (size)
		memcpy(text + strlen(head), data, size);
	text[len] = '\0';
	fuzz_bound(64 * size + 4 * FUZZ_MIB);
	fuzz_assert(dg_symtab_new(&k.symtab) == 0);
	fuzz_sink += dg_kcache_parse(text, len, ID, &k);
	fuzz_assert(strlen(k.build_id) < sizeof(k.build_id));
	fuzz_sink += dg_symtab_count(k.symtab) + dg_keys_count(k.keys);
	dg_symtab_free(k.symtab);
	dg_keys_free(k.keys);
	fuzz_unbound();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, "");
	try(data, size, HEAD);
	return 0;
}
