// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/signature: an input is two lengths of two bytes each, little-endian, then
 * the bytes that hold certificates, the message, and the rest is the content.
 *
 * Bound: 64 bytes a byte and 1 MiB: what libcrypto makes of the certificates.
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/signature.h"

static struct dg_span cut(const uint8_t **data, size_t *size, size_t len)
{
	struct dg_span s;

	if (len > *size)
		len = *size;
	s = (struct dg_span){ fuzz_copy(*data, len, 0), len };
	*data += len;
	*size -= len;
	return s;
}

static void drop(struct dg_span s)
{
	free((void *)(uintptr_t)s.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dg_span certificates, message, content;
	struct dg_keys *keys = NULL;
	size_t n, first, second;
	int r;

	if (size < 4)
		return 0;
	first = data[0] | (size_t)data[1] << 8;
	second = data[2] | (size_t)data[3] << 8;
	data += 4;
	size -= 4;
	certificates = cut(&data, &size, first);
	message = cut(&data, &size, second);
	content = cut(&data, &size, size);
	fuzz_bound((certificates.len + message.len) * 64 + FUZZ_MIB);
	fuzz_assert(dg_keys_collect(certificates, &keys) == 0);
	n = dg_keys_count(keys);
	r = dg_signature_verify(content, message, NULL);
	fuzz_assert(r == EBADMSG || r == ENOKEY || r == EKEYREJECTED || r == ENOPKG);
	r = dg_signature_verify(content, message, keys);
	fuzz_assert(r == 0 || r == EBADMSG || r == ENOKEY || r == EKEYREJECTED || r == ENOPKG);
	fuzz_assert(r || n);
	/* A second image's certificates are added to the first one's. */
	fuzz_assert(dg_keys_collect(certificates, &keys) == 0 && dg_keys_count(keys) == 2 * n);
	dg_keys_free(keys);
	fuzz_unbound();
	drop(certificates);
	drop(message);
	drop(content);
	return 0;
}
