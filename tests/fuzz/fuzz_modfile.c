// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/modfile and lib/modexports: a module file as it says it is, and as every
 * kind of kernel would read it.
 *
 * Bound: 32 bytes a byte of the file, and 64 KiB. (An import is 40 bytes for a
 * symbol of 16, an export 32 for an entry of 8, a version 16 for a CRC of 4; arrays
 * grow by doubling, and the old one is there while it is copied.)
 */
#include "fuzz.h"

#include <errno.h>

#include "lib/modfile.h"

static void walk_import(const struct dg_import *i)
{
	fuzz_string(i->name);
	fuzz_assert(i->kind <= DG_IMPORT_BAD);
	fuzz_sink += i->crc + i->ext_crc + i->has_crc + i->has_ext_crc + i->weak;
}

static void walk(struct dg_modfile *m, const char *sum)
{
	fuzz_string(m->name);
	fuzz_string(m->vermagic);
	fuzz_string(m->version);
	fuzz_string(m->srcversion);
	fuzz_string(m->license);
	fuzz_string(m->depends);
	fuzz_assert(!m->name[0] || dg_modname_valid(m->name));
	fuzz_assert(strlen(m->build_id) < sizeof(m->build_id));
	walk_import(&m->layout);
	for (size_t i = 0; i < m->n_imports; i++)
		walk_import(&m->imports[i]);
	for (size_t i = 0; i < m->n_exports; i++) {
		fuzz_string(m->exports[i].name);
		fuzz_string(m->exports[i].ns);
		fuzz_sink += m->exports[i].crc;
	}
	fuzz_assert(m->signed_len <= m->len);
	fuzz_touch(m->data, m->signed_len);
	fuzz_touch(m->signature_message.data, m->signature_message.len);
	fuzz_sink += dg_modfile_imports_ns(m, "") + dg_modfile_imports_ns(m, "CRYPTO_INTERNAL");
	fuzz_assert(dg_modfile_hash(m) == 0 && strcmp(m->sha256, sum) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char sum[DG_SHA256_HEX];

	/* Here also because libcrypto, when first used, takes memory that it keeps. */
	fuzz_assert(dg_sha256(data, size, sum) == 0);
	for (enum dg_elf_format as = DG_ELF_AS_IT_SAYS; as <= DG_ELF_32_BIG; as++) {
		unsigned char *copy = fuzz_copy(data, size, 0);
		struct dg_modfile *m = NULL;
		struct dg_diag d = { 0 };
		int r;

		fuzz_bound(size * 32 + 64 * FUZZ_KIB);
		r = as == DG_ELF_AS_IT_SAYS ? dg_modfile_parse(copy, size, &m, &d)
					    : dg_modfile_parse_as(copy, size, as, &m, &d);
		if (r == 0) {
			walk(m, sum);
			dg_modfile_free(m);
		} else {
			fuzz_assert(r == (size ? -EBADMSG : -ENODATA) && d.what[0]);
			free(copy);
		}
		fuzz_unbound();
	}
	return 0;
}
