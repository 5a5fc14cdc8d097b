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

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs.h"
#include "kflat.h"
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

/* The packed kernel in a file of @whole bytes, of which @p has the first. */
struct payload {
	size_t at, len, unpacked; /* unpacked 0: not said */
};

static int check_bounds(const struct payload *x, size_t whole, struct dg_diag *d)
{
	if (x->at <= whole && x->len <= whole - x->at && x->len >= 8)
		return 0;
	return dg_diag_set(d, -EBADMSG, NULL, NULL, "truncated: its payload is bytes %zu to %zu, the file ends at %zu",
			   x->at, x->at + x->len, whole);
}

static bool find_bzimage_payload(const unsigned char *p, size_t len, struct payload *ret)
{
	size_t sects;

	if (!is_bzimage(p, len))
		return false;
	sects = p[0x1f1] ? p[0x1f1] : 4;
	*ret = (struct payload){ .at = (sects + 1) * 512 + (size_t)le(p + 0x248, 4), .len = le(p + 0x24c, 4) };
	return true;
}

/* EFI zboot (drivers/firmware/efi/libstub/zboot-header.S): "MZ", "zimg" at 4, offset at 8, size at 12. */
static bool find_zboot_payload(const unsigned char *p, size_t len, struct payload *ret)
{
	if (len < 64 || memcmp(p, "MZ", 2) != 0 || memcmp(p + 4, "zimg", 4) != 0)
		return false;
	*ret = (struct payload){ .at = le(p + 8, 4), .len = le(p + 12, 4) };
	return true;
}

static int tell_damage(int err, const struct payload *x, struct dg_diag *d)
{
	char what[60];

	if (err == -EPROTONOSUPPORT)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "its payload at byte %zu is of no known form", x->at);
	if (err == -EOPNOTSUPP)
		return dg_diag_set(d, err, NULL, "build drvguard with liblzo2, or install that kernel's headers",
				   "its payload at byte %zu is LZO: this build cannot read it", x->at);
	snprintf(what, sizeof(what), "its payload at byte %zu ", x->at);
	return dg_unpack_error(d, err, NULL, NULL, what);
}

/* KSYM_NAME_LEN of kernels since 6.1; before it was 128. */
#define NAME_MOST 512

struct table {
	const struct dg_elf *elf;
	struct dg_section symbols, crcs, strings;
	size_t stride;
	bool has_crcs, gpl_only;
};

/* What field @n of entry @i leads to in the strings section; NULL for nothing, or when the entry lies. */
static const char *field_string(const struct table *t, size_t i, size_t n)
{
	size_t field = t->stride == 8 || t->stride == 12 ? 4 : t->elf->is64 ? 8 : 4;
	bool relative = t->stride == 8 || t->stride == 12;
	const unsigned char *p = t->symbols.span.data + i * t->stride + n * field;
	uint64_t address;
	const char *s;

	if ((n + 1) * field > t->stride)
		return NULL;
	if (!relative)
		address = dg_elf_word(t->elf, p);
	else if (!dg_elf_u32(t->elf, p))
		return NULL;
	else
		address = t->symbols.addr + i * t->stride + n * field + (uint64_t)(int32_t)dg_elf_u32(t->elf, p);
	address -= t->strings.addr;
	if (address >= t->strings.span.len)
		return NULL;
	s = (const char *)t->strings.span.data + address;
	/* Each is copied, and a liar's could share their bytes. */
	return strnlen(s, NAME_MOST) < NAME_MOST ? s : NULL;
}

static int read_table(const struct dg_elf *elf, const char *symbols, const char *crcs, struct dg_symtab *to,
		      struct dg_diag *d)
{
	struct table t = { .elf = elf, .stride = 12, .gpl_only = dg_endswith(symbols, "_gpl") };
	size_t n;

	if (!dg_elf_section(elf, symbols, &t.symbols) || !t.symbols.span.len)
		return 0;
	if (!dg_elf_section(elf, "__ksymtab_strings", &t.strings) || !t.strings.span.len ||
	    t.strings.span.data[t.strings.span.len - 1] != '\0')
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: __ksymtab_strings");
	/* Without CRCs (CONFIG_MODVERSIONS off) only the usual entry is known. */
	if (dg_elf_section(elf, crcs, &t.crcs) && t.crcs.span.len) {
		t.has_crcs = true;
		t.stride = t.crcs.span.len < 4 ? 0 : t.symbols.span.len / (t.crcs.span.len / 4);
		if (t.stride != 8 && t.stride != 12 && t.stride != 16 && t.stride != 24)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "%s and %s do not go together", symbols, crcs);
	}
	n = t.symbols.span.len / t.stride;
	if (t.has_crcs && n > t.crcs.span.len / 4)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "%s is longer than %s", symbols, crcs);
	for (size_t i = 0; i < n; i++) {
		struct dg_export_entry e = { .owner = "vmlinux", .has_crc = t.has_crcs, .gpl_only = t.gpl_only };
		int r;

		e.name = field_string(&t, i, 1);
		e.ns = field_string(&t, i, 2);
		if (!e.name)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "damaged: entry %zu of %s has no name", i, symbols);
		if (t.has_crcs)
			e.crc = dg_elf_u32(elf, t.crcs.span.data + i * 4);
		r = dg_symtab_add(to, &e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_elf(const struct dg_elf *elf, struct dg_kimage *ret, struct dg_diag *d)
{
	struct dg_section init;
	int r;

	dg_elf_build_id(elf, ret->build_id);
	if (!ret->symtab)
		return 0;
	r = read_table(elf, "__ksymtab", "__kcrctab", ret->symtab, d);
	if (r == 0)
		r = read_table(elf, "__ksymtab_gpl", "__kcrctab_gpl", ret->symtab, d);
	if (r == 0 && dg_elf_section(elf, ".init.data", &init))
		r = dg_keys_collect(init.span, &ret->keys);
	return r;
}

/* What has no wrapping, or has lost it. */
static int read_bare(const void *data, size_t len, struct dg_kimage *ret, struct dg_diag *d)
{
	struct dg_elf elf;
	int r;

	if (dg_kflat_is(data, len))
		return dg_kflat_read(data, len, ret, d);
	r = dg_elf_open(data, len, DG_ELF_AS_IT_SAYS, &elf, NULL);
	if (r < 0)
		return dg_diag_set(d, r, NULL, NULL, "no bzImage, zboot, flat Image or ELF vmlinux (in it)");
	return read_elf(&elf, ret, d);
}

/* The size word behind a bzImage's payload is no part of it, but in gzip, which ends in one itself. */
static void leave_size_off(struct payload *x, const unsigned char *start, const unsigned char *end)
{
	x->unpacked = le(end - 4, 4);
	if (le(start, 2) != 0x8b1f)
		x->len -= 4;
}

int dg_kimage_read(const void *data, size_t len, struct dg_kimage *ret, struct dg_diag *d)
{
	dg_auto_free void *unpacked = NULL;
	const unsigned char *p = data;
	struct payload x = { .len = len };
	size_t n;
	int r;

	if (find_bzimage_payload(p, len, &x)) {
		r = check_bounds(&x, len, d);
		if (r < 0)
			return r;
		leave_size_off(&x, p + x.at, p + x.at + x.len);
	} else if (find_zboot_payload(p, len, &x)) {
		r = check_bounds(&x, len, d);
		if (r < 0)
			return r;
	} else if (!dg_unpack_needed(data, len)) {
		return read_bare(data, len, ret, d);
	}
	r = dg_unpack_sized(p + x.at, x.len, x.unpacked, DG_KIMAGE_MAX, &unpacked, &n);
	return r < 0 ? tell_damage(r, &x, d) : read_bare(unpacked, n, ret, d);
}

/* A bzImage's payload straight from the file; anything else whole. */
int dg_kimage_read_file(const char *path, struct dg_kimage *ret, struct dg_diag *d)
{
	dg_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	dg_auto_free void *data = NULL;
	unsigned char head[1024], ends[8];
	struct payload x;
	struct stat st;
	size_t n = 0;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && pread(fd, head, sizeof(head), 0) == sizeof(head) &&
	    find_bzimage_payload(head, sizeof(head), &x)) {
		r = check_bounds(&x, (size_t)st.st_size, d);
		if (r < 0)
			return r;
		if (pread(fd, ends, 4, (off_t)x.at) != 4 || pread(fd, ends + 4, 4, (off_t)(x.at + x.len - 4)) != 4)
			return -EIO;
		leave_size_off(&x, ends, ends + 8);
		r = dg_unpack_file(fd, (off_t)x.at, x.len, x.unpacked, DG_KIMAGE_MAX, &data, &n);
		return r < 0 ? tell_damage(r, &x, d) : read_bare(data, n, ret, d);
	}
	r = dg_file_read(path, DG_KIMAGE_MAX, &data, &n);
	return r < 0 ? r : dg_kimage_read(data, n, ret, d);
}
