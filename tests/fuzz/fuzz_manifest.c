// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/manifest: the bytes as they are, and with the closing digest that would
 * make them whole. What was read is written and read again, to the same.
 *
 * Bound: 96 bytes a byte and 64 KiB: an entry is 200 bytes for a line of at least
 * 120, its texts are copied, and it is held once read and once read again.
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/manifest.h"

static struct dg_manifest *parse(const char *data, size_t size)
{
	dg_auto_free char *copy = fuzz_copy((const uint8_t *)data, size, 0);
	struct dg_manifest *m = NULL;
	struct dg_diag d = { 0 };
	int r = dg_manifest_parse(copy, size, &m, &d);

	fuzz_assert(r == 0 || (r == -EBADMSG && d.what[0] && !m));
	return m;
}

static void expect_same(const struct dg_manifest *m, const struct dg_manifest *n)
{
	fuzz_assert(n && m->n_entries == n->n_entries && strcmp(m->release, n->release) == 0);
	fuzz_assert(strcmp(m->kernel_build_id, n->kernel_build_id) == 0);
	for (size_t i = 0; i < m->n_entries; i++) {
		const struct dg_manifest_entry *a = &m->entries[i], *b = dg_manifest_find(n, a->name);

		fuzz_assert(b && a->size == b->size && a->verdict == b->verdict);
		fuzz_assert(strcmp(a->sha256, b->sha256) == 0 && strcmp(a->build_id, b->build_id) == 0);
		fuzz_assert(strcmp(a->version, b->version) == 0 && strcmp(a->vermagic, b->vermagic) == 0 &&
			    strcmp(a->source, b->source) == 0);
	}
}

static void try(const char *data, size_t size)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = parse(data, size);
	dg_auto(dg_manifest_freep) struct dg_manifest *again = NULL;
	dg_auto_free char *text = NULL;

	if (!m)
		return;
	text = dg_manifest_format(m);
	fuzz_assert(text);
	again = parse(text, strlen(text));
	expect_same(m, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dg_auto_free char *whole = malloc(size + 80);
	char sum[DG_SHA256_HEX];
	int n;

	fuzz_assert(whole && dg_sha256(data, size, sum) == 0);
	fuzz_bound(size * 96 + 64 * FUZZ_KIB);
	try((const char *)data, size);
	if (size)
		memcpy(whole, data, size);
	n = snprintf(whole + size, 80, "end %s\n", sum);
	try(whole, size + (size_t)n);
	fuzz_unbound();
	return 0;
}
