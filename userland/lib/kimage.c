// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86 bzImage, from the kernel's Documentation/arch/x86/boot.rst:
 *
 *   0x1f1 setup_sects (1)   0x202 "HdrS", version at 0x206 (2)
 *   0x20e kernel_version (2): the banner, at this + 0x200
 *   0x248 payload_offset (4), 0x24c payload_length (4): from the end of the
 *         setup sectors; the compressed ELF vmlinux, and unless it is gzip
 *         behind it its unpacked size (4)
 *
 * Exports, from include/linux/export-internal.h: __ksymtab[_gpl] of struct
 * kernel_symbol, either three 32-bit offsets relative to their own places (value,
 * name, namespace) or two or three pointers; __kcrctab[_gpl] beside them, one CRC
 * an entry, 4 bytes (pointer-sized before 4.10).
 */
#include "kimage.h"

#include <endian.h>
#include <errno.h>

#include "unpack.h"

static uint32_t le(const unsigned char *p, size_t bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static bool is_bzimage(const unsigned char *p, size_t len)
{
	return len > 0x250 && memcmp(p + 0x202, "HdrS", 4) == 0 && le(p + 0x206, 2) >= 0x0208;
}

int dg_kimage_banner(const void *data, size_t len, char **ret)
{
	const unsigned char *p = data;
	size_t at, n;

	if (!is_bzimage(p, len))
		return -ENODATA;
	at = le(p + 0x20e, 2);
	if (!at || at + 0x200 >= len)
		return -ENODATA;
	at += 0x200;
	n = strnlen((const char *)p + at, len - at < 512 ? len - at : 512);
	*ret = strndup((const char *)p + at, n);
	return *ret ? 0 : -ENOMEM;
}

static int unpack_payload(const unsigned char *p, size_t len, void **ret, size_t *ret_len, struct dg_diag *d)
{
	size_t sects = p[0x1f1] ? p[0x1f1] : 4;
	size_t at = (sects + 1) * 512 + (size_t)le(p + 0x248, 4), n = le(p + 0x24c, 4);
	int r;

	if (at > len || n > len - at || n < 8)
		return dg_diag_set(d, -EBADMSG, NULL, NULL,
				   "truncated: its payload is bytes %zu to %zu, the file ends at %zu", at, at + n, len);
	/* The size word behind the payload is no part of it. */
	if (le(p + at, 2) != 0x8b1f)
		n -= 4;
	if (!dg_unpack_needed(p + at, n))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "its payload at byte %zu is of no known form", at);
	r = dg_unpack(p + at, n, DG_KIMAGE_MAX, ret, ret_len);
	if (r < 0)
		return dg_diag_set(d, r, NULL, NULL, "its payload at byte %zu cannot be unpacked: %s", at,
				   r == -EBADMSG ? "damaged" : strerror(-r));
	return 0;
}

struct table {
	const struct dg_elf *elf;
	struct dg_section symbols, crcs, strings;
	size_t stride, crc_size;
};

/* The name's offset in the strings section, or past its end when the entry lies. */
static size_t name_offset(const struct table *t, size_t i)
{
	const unsigned char *entry = t->symbols.span.data + i * t->stride;
	uint64_t address;

	if (t->stride == 8 || t->stride == 12)
		address = t->symbols.addr + i * t->stride + 4 + (uint64_t)(int32_t)dg_elf_u32(t->elf, entry + 4);
	else
		address = dg_elf_word(t->elf, entry + 8);
	return address - t->strings.addr;
}

static int read_table(const struct dg_elf *elf, const char *symbols, const char *crcs, struct dg_symtab *to,
		      struct dg_diag *d)
{
	struct table t = { .elf = elf };
	size_t n;

	if (!dg_elf_section(elf, symbols, &t.symbols) || !t.symbols.span.len)
		return 0;
	if (!dg_elf_section(elf, "__ksymtab_strings", &t.strings) || !t.strings.span.len ||
	    t.strings.span.data[t.strings.span.len - 1] != '\0')
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: __ksymtab_strings");
	/* Without CRCs (CONFIG_MODVERSIONS off) only the usual entry is known. */
	t.stride = 12;
	if (dg_elf_section(elf, crcs, &t.crcs) && t.crcs.span.len) {
		t.crc_size = 4;
		t.stride = t.crcs.span.len < 4 ? 0 : t.symbols.span.len / (t.crcs.span.len / 4);
		if (t.stride != 8 && t.stride != 12 && t.stride != 16 && t.stride != 24)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "%s and %s do not go together", symbols, crcs);
	}
	n = t.symbols.span.len / t.stride;
	if (t.crc_size && n > t.crcs.span.len / t.crc_size)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "%s is longer than %s", symbols, crcs);
	for (size_t i = 0; i < n; i++) {
		size_t at = name_offset(&t, i);
		struct dg_export_entry e = { .owner = "vmlinux", .has_crc = t.crc_size };
		int r;

		if (at >= t.strings.span.len)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: entry %zu of %s has no name", i, symbols);
		e.name = (const char *)t.strings.span.data + at;
		if (t.crc_size)
			e.crc = dg_elf_u32(elf, t.crcs.span.data + i * 4);
		r = dg_symtab_add(to, &e);
		if (r < 0)
			return r;
	}
	return 0;
}

int dg_kimage_read(const void *data, size_t len, struct dg_symtab *t, char build_id[DG_BUILD_ID_HEX], struct dg_diag *d)
{
	dg_auto(dg_elf_closep) struct dg_elf *elf = NULL;
	dg_auto_free void *unpacked = NULL;
	int r;

	if (is_bzimage(data, len)) {
		size_t n;

		r = unpack_payload(data, len, &unpacked, &n, d);
		if (r < 0)
			return r;
		data = unpacked;
		len = n;
	}
	r = dg_elf_open(data, len, &elf, d);
	if (r < 0)
		return dg_diag_set(d, r, NULL, NULL, "no x86 bzImage, and no ELF vmlinux (in it)");
	dg_elf_build_id(elf, build_id);
	if (!t)
		return 0;
	r = read_table(elf, "__ksymtab", "__kcrctab", t, d);
	if (r < 0)
		return r;
	return read_table(elf, "__ksymtab_gpl", "__kcrctab_gpl", t, d);
}
