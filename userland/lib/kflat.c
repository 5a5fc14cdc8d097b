// SPDX-License-Identifier: GPL-2.0-or-later
#include "kflat.h"

#include <ctype.h>
#include <errno.h>

/* One every kernel with modules exports; its entry is where the search begins. */
#define ANCHOR "module_layout"
#define ENTRY 12 /* bytes: value, name and namespace, each relative to its own place */
#define NAME_MOST 512
/* Tables and strings of the largest kernels are a tenth of this. */
#define STRINGS_MOST (16 << 20)
/* Places with the anchor's text, and with a note's beginning, that are looked at: a real image has a few. */
#define ANCHORS_MOST 64
#define NOTES_MOST 1024

struct flat {
	const unsigned char *data;
	size_t len;
};

bool dg_kflat_is(const void *data, size_t len)
{
	const char *magic = (const char *)data + 0x38;

	return len >= 0x40 && (memcmp(magic, "ARM\x64", 4) == 0 || memcmp(magic, "RSC\x05", 4) == 0);
}

static int32_t word(const struct flat *f, size_t at)
{
	const unsigned char *p = f->data + at;

	return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* How many of the bytes are letters, digits or one of @more, of which namespaces have some. */
static size_t strspn_within(const char *s, size_t room, const char *more)
{
	size_t n = 0;

	while (n < room && s[n] && (isalnum((unsigned char)s[n]) || strchr(more, s[n])))
		n++;
	return n;
}

/* The symbol-like string a relative field leads to, which may be the end of a longer one; NULL: none. */
static const char *string_at(const struct flat *f, size_t field, size_t *ret_at)
{
	int64_t to = (int64_t)field + word(f, field);
	const char *s;
	size_t room, n;

	if (to < (int64_t)field || (uint64_t)to >= f->len || to - (int64_t)field > STRINGS_MOST)
		return NULL;
	s = (const char *)f->data + to;
	room = f->len - (size_t)to < NAME_MOST ? f->len - (size_t)to : NAME_MOST;
	n = strspn_within(s, room, "_.:,*-");
	if (n == room || s[n] || isdigit((unsigned char)*s))
		return NULL;
	*ret_at = (size_t)to;
	return s;
}

static const char *name_at(const struct flat *f, size_t entry, size_t *ret_at)
{
	const char *s = string_at(f, entry + 4, ret_at);

	return s && *s ? s : NULL;
}

static bool is_entry(const struct flat *f, size_t entry)
{
	size_t at;

	return entry + ENTRY <= f->len && name_at(f, entry, &at);
}

/* The entry of the anchor: a field that leads to its name. Many places hold the text, one has entries around. */
static bool find_anchor(const struct flat *f, size_t *ret_entry)
{
	const unsigned char *p = f->data, *end = f->data + f->len;
	size_t tries = ANCHORS_MOST;

	while (tries-- && (p = memmem(p, (size_t)(end - p), "\0" ANCHOR, sizeof(ANCHOR) + 1))) {
		int64_t target = p + 1 - f->data;

		/* Strings lie behind the entries that lead to them. */
		for (size_t at = 4 + ENTRY; at + 8 <= f->len && (int64_t)at <= target; at += 4)
			if ((int64_t)at + word(f, at) == target && is_entry(f, at - 4 - ENTRY) && is_entry(f, at - 4) &&
			    is_entry(f, at - 4 + ENTRY)) {
				*ret_entry = at - 4;
				return true;
			}
		p++;
	}
	return false;
}

struct tables {
	size_t first, n, n_plain; /* entries; the rest is for GPL modules */
	size_t crcs;		  /* 0: there are none */
};

/* Each of the two tables is sorted by name: where the order breaks, the second begins. */
static void measure(const struct flat *f, size_t anchor, struct tables *t)
{
	size_t from = anchor, to = anchor + ENTRY, at, lowest = f->len;
	const char *last = "";

	while (from >= ENTRY && is_entry(f, from - ENTRY))
		from -= ENTRY;
	while (is_entry(f, to))
		to += ENTRY;
	t->first = from;
	t->n = (to - from) / ENTRY;
	t->n_plain = t->n;
	for (size_t i = 0; i < t->n; i++) {
		const char *name = name_at(f, from + i * ENTRY, &at);

		if (at < lowest)
			lowest = at;
		if (t->n_plain == t->n && strcmp(name, last) < 0)
			t->n_plain = i;
		last = name;
	}
	/* The strings follow the CRCs, or the entries when there are none. */
	t->crcs = lowest >= to + t->n * 4 && lowest - (to + t->n * 4) < 64 ? to : 0;
}

static int add_exports(const struct flat *f, const struct tables *t, struct dg_symtab *to)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t entry = t->first + i * ENTRY, at;
		struct dg_export_entry e = { .owner = "vmlinux", .has_crc = t->crcs, .gpl_only = i >= t->n_plain };
		int r;

		e.name = name_at(f, entry, &at);
		e.ns = word(f, entry + 8) ? string_at(f, entry + 8, &at) : NULL;
		if (t->crcs)
			e.crc = (uint32_t)word(f, t->crcs + i * 4);
		r = dg_symtab_add(to, &e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The vDSO's note looks the same; but that is an ELF file of its own, begun not far before. */
static bool in_small_elf(const struct flat *f, size_t at)
{
	size_t from = at > 16384 ? at - 16384 : 0;

	return memmem(f->data + from, at - from, "\177ELF", 4);
}

static void find_build_id(const struct flat *f, char build_id[DG_BUILD_ID_HEX])
{
	static const char note[] = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU";
	const unsigned char *p = f->data, *end = f->data + f->len;
	size_t tries = NOTES_MOST;

	build_id[0] = '\0';
	for (; tries-- && (p = memmem(p, (size_t)(end - p), note, sizeof(note))); p += 4)
		if (!in_small_elf(f, (size_t)(p - f->data)) && (size_t)(end - p) >= 36) {
			dg_notes_build_id((struct dg_span){ p, 36 }, false, build_id);
			return;
		}
}

int dg_kflat_read(const void *data, size_t len, struct dg_kimage *ret, struct dg_diag *d)
{
	const struct flat f = { .data = data, .len = len };
	struct tables t;
	size_t anchor;
	int r;

	find_build_id(&f, ret->build_id);
	if (!ret->symtab)
		return 0;
	if (!find_anchor(&f, &anchor))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "a flat image in which no table of exports is found");
	measure(&f, anchor, &t);
	r = add_exports(&f, &t, ret->symtab);
	return r < 0 ? r : dg_keys_collect((struct dg_span){ data, len }, &ret->keys);
}

int dg_kflat_banner(const void *data, size_t len, char **ret)
{
	static const char mark[] = "Linux version ";
	const char *p = data, *end = p + len;

	/* The text stands in format strings too; the banner goes on with a number. */
	while ((p = memmem(p, (size_t)(end - p), mark, strlen(mark)))) {
		p += strlen(mark);
		if (p < end && isdigit((unsigned char)*p)) {
			size_t room = (size_t)(end - p) < 512 ? (size_t)(end - p) : 512;

			*ret = strndup(p, strnlen(p, room));
			return *ret ? 0 : -ENOMEM;
		}
	}
	return -ENODATA;
}
