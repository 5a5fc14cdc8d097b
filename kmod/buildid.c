// SPDX-License-Identifier: GPL-2.0-only
/*
 * The build-id of a module that is coming in.
 *
 * The loader has no name for the note by then: the section headers are gone and
 * the notes are not in sysfs yet. It lies in the module's read-only data, first
 * of its sections in what the linkers make, so the first is taken.
 *
 * Locking: none; a module that is coming does not change. Context: any.
 */
#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>

#include "buildid.h"
#include "compat.h"

/* GNU notes of this type are build-ids; kernels have no name for it in all versions. */
#define DG_NOTE_BUILD_ID	3
/* No further than this: 4 MiB hold the read-only data of any module there is. */
#define DG_SCAN_MAX		((size_t)4 << 20)

struct dg_note {
	struct elf32_note head;	/* the same in 64-bit files */
	char owner[4];
};

/**
 * dg_build_id_find() - the first build-id note in some memory
 * @from: aligned as notes are, to four bytes
 * @size: bytes there
 * @ret: always set; ->len 0 where there is none, or one that is too long
 */
void dg_build_id_find(const void *from, size_t size, struct dg_build_id *ret)
{
	size_t at;

	ret->len = 0;
	if (size < sizeof(struct dg_note))
		return;
	for (at = 0; at <= size - sizeof(struct dg_note); at += sizeof(u32)) {
		const struct dg_note *note = from + at;

		if (note->head.n_namesz != sizeof(note->owner) ||
		    note->head.n_type != DG_NOTE_BUILD_ID ||
		    memcmp(note->owner, "GNU", sizeof(note->owner)))
			continue;
		if (!note->head.n_descsz ||
		    note->head.n_descsz > sizeof(ret->bytes) ||
		    note->head.n_descsz > size - at - sizeof(*note))
			continue;
		ret->len = note->head.n_descsz;
		memcpy(ret->bytes, note + 1, ret->len);
		return;
	}
}

/** dg_build_id_of() - the build-id of @mod, from its memory; @ret is always set */
void dg_build_id_of(const struct module *mod, struct dg_build_id *ret)
{
	size_t size;
	const void *rodata = dg_module_rodata(mod, &size);

	dg_build_id_find(rodata, min(size, DG_SCAN_MAX), ret);
}
