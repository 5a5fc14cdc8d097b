// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build-ids in the memory of a module that is coming in.
 *
 * The loader has no name for the note by then: the section headers are gone and
 * the notes are not in sysfs yet. It lies in the module's read-only data: in front
 * of it or behind, as the linker had it, and in that data a file that a driver carries
 * with it may bring a note of its own. So there can be several.
 *
 * Locking: none; a module that is coming does not change. Context: any.
 */
#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "buildid.h"
#include "policy.h"

/* GNU notes of this type are build-ids; kernels have no name for it in all versions. */
#define DG_NOTE_BUILD_ID	3

struct dg_note {
	struct elf32_note head;	/* the same in 64-bit files */
	char owner[4];
};

/**
 * dg_build_id_find() - the next build-id note in some memory
 * @from: aligned as notes are, to four bytes
 * @size: bytes there
 * @at: where to begin, a multiple of four; behind the note when one was found
 * @ret: its build-id; only set when there is one
 *
 * One that is longer than any we can tell from another is passed over.
 *
 * Return: whether there is one.
 */
bool dg_build_id_find(const void *from, size_t size, size_t *at,
		      struct dg_build_id *ret)
{
	for (; size >= sizeof(struct dg_note) &&
	       *at <= size - sizeof(struct dg_note); *at += sizeof(u32)) {
		const struct dg_note *note = from + *at;

		if (note->head.n_namesz != sizeof(note->owner) ||
		    note->head.n_type != DG_NOTE_BUILD_ID ||
		    memcmp(note->owner, "GNU", sizeof(note->owner)))
			continue;
		if (!note->head.n_descsz ||
		    note->head.n_descsz > sizeof(ret->bytes) ||
		    note->head.n_descsz > size - *at - sizeof(*note))
			continue;
		ret->len = note->head.n_descsz;
		memcpy(ret->bytes, note + 1, ret->len);
		*at += sizeof(*note);
		return true;
	}
	return false;
}
