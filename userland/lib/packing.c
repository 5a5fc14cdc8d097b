// SPDX-License-Identifier: GPL-2.0-or-later
#include "packing.h"

#include "fs.h"

const char *dg_packing_name(enum dg_packing p)
{
	static const char *const names[] = { "not packed", "gzip", "xz", "zstd" };

	return names[p];
}

enum dg_packing dg_packing_of(const void *start, size_t len)
{
	static const struct {
		enum dg_packing packing;
		size_t len;
		const char *bytes;
	} magics[] = {
		{ DG_PACKING_GZIP, 2, "\x1f\x8b" },
		{ DG_PACKING_XZ, 6, "\xfd\x37zXZ\0" },
		{ DG_PACKING_ZSTD, 4, "\x28\xb5\x2f\xfd" },
	};

	for (size_t i = 0; i < DG_ARRAY_SIZE(magics); i++)
		if (len >= magics[i].len && memcmp(start, magics[i].bytes, magics[i].len) == 0)
			return magics[i].packing;
	return DG_PACKING_NONE;
}

/* A variable-length integer: seven bits a byte, the last without the eighth. */
static size_t skip_number(const unsigned char *p, size_t at, size_t len)
{
	while (at < len && p[at] & 0x80)
		at++;
	return at + 1;
}

#define XZ_CHECK_CRC32 1
#define XZ_LZMA2 0x21

/*
 * lib/xz/xz_dec_stream.c: none or CRC32 for a check; LZMA2 alone or behind one branch filter without
 * properties. The first block stands for all, which one run of xz makes alike.
 */
const char *dg_packing_xz_objection(const void *start, size_t len, unsigned int filters)
{
	const unsigned char *p = start;
	size_t at = 14;

	/* Stream header of 12, then the block's: size, flags, lengths if flagged, filters. Cut short is damage. */
	if (len < 8)
		return NULL;
	if (p[6] || p[7] > XZ_CHECK_CRC32)
		return "with a check other than CRC32";
	if (len < at || !p[12])
		return NULL;
	if (p[13] & 0x3e)
		return "with too many filters";
	if (p[13] & 0x40)
		at = skip_number(p, at, len);
	if (p[13] & 0x80)
		at = skip_number(p, at, len);
	if (at + 5 > len)
		return NULL;
	if (p[13] & 1) {
		if (p[at] >= 32 || !(filters >> p[at] & 1) || p[at + 1])
			return "with a filter it does not have";
		at += 2;
	}
	return p[at] == XZ_LZMA2 ? NULL : "with a filter it does not have";
}

/* Whether "+NAME" stands in the words of features from @p on. */
static bool has_feature(const char *p, const char *end, const char *name)
{
	size_t n = strlen(name);

	for (; p < end && *p; p++)
		if (*p == '+' && (size_t)(end - p) > n && memcmp(p + 1, name, n) == 0 && (p[n + 1] == ' ' || !p[n + 1]))
			return true;
	return false;
}

/* The program ends in a NUL that is not its own, as dg_file_read() gives it. */
void dg_kmod_parse(const void *program, size_t len, struct dg_kmod *ret)
{
	static const char version[] = "kmod version ";
	const char *start = program, *end = start + len;
	const char *v = memmem(start, len, version, sizeof(version) - 1), *f;

	*ret = (struct dg_kmod){ 0 };
	/* "+ZSTD +XZ -ZLIB …", of older ones "+XZ -ZLIB …": one string in all. */
	f = memmem(start, len, "XZ +ZLIB", 8);
	f = f ? f : memmem(start, len, "XZ -ZLIB", 8);
	if (!v || !f)
		return;
	while (f > start && f[-1])
		f--;
	ret->version = (unsigned int)strtoul(v + sizeof(version) - 1, NULL, 10);
	if (!ret->version)
		return;
	ret->reads[DG_PACKING_GZIP] = has_feature(f, end, "ZLIB");
	ret->reads[DG_PACKING_XZ] = has_feature(f, end, "XZ");
	ret->reads[DG_PACKING_ZSTD] = has_feature(f, end, "ZSTD");
}

void dg_kmod_read(const char *root, struct dg_kmod *ret)
{
	static const char *const places[] = { "/sbin/modprobe", "/usr/sbin/modprobe", "/usr/bin/kmod", "/bin/kmod" };

	*ret = (struct dg_kmod){ 0 };
	for (size_t i = 0; i < DG_ARRAY_SIZE(places); i++) {
		dg_auto_free char *path = NULL;
		dg_auto_free void *program = NULL;
		size_t len;

		if (dg_path_resolve(root, places[i], &path) < 0)
			continue;
		/* Whatever else stands there is what modprobe is, and says nothing of itself. */
		if (dg_file_read(path, 1 << 23, &program, &len) == 0)
			dg_kmod_parse(program, len, ret);
		return;
	}
}
