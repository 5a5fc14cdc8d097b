// SPDX-License-Identifier: GPL-2.0-or-later
/* A verdict's reasons: kept, named, told. */
#include "reasons.h"

#include <errno.h>

/* Bytes that @s takes with its end; none for NULL. */
static size_t size_of(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

/* Strings of many reasons: one that does not fit is given a block of its own. */
struct dg_reason_text {
	struct dg_reason_text *next;
	size_t size, used;
	char bytes[];
};

static char *room_for(struct dg_judgement *j, size_t size)
{
	struct dg_reason_text *t = j->texts;

	if (!t || t->size - t->used < size) {
		size_t room = size > 4000 ? size : t ? 4000 : 200;

		t = malloc(sizeof(*t) + room);
		if (!t)
			return NULL;
		*t = (struct dg_reason_text){ .next = j->texts, .size = room };
		j->texts = t;
	}
	t->used += size;
	return t->bytes + t->used - size;
}

/* Append it at *at, which moves behind it. */
static char *append(char **at, const char *s, size_t size)
{
	char *copy = *at;

	if (!s)
		return NULL;
	memcpy(copy, s, size);
	*at += size;
	return dg_printable(copy);
}

int dg_reason_copy(struct dg_judgement *j, enum dg_reason_kind kind, int err, const char *symbol, const char *want,
		   const char *have, const char *owner)
{
	const size_t sizes[] = { size_of(symbol), size_of(want), size_of(have), size_of(owner) };
	char *at = room_for(j, sizes[0] + sizes[1] + sizes[2] + sizes[3]);
	struct dg_reason *r;

	if (!at || DG_GROW(j->reasons, j->n_reasons) < 0)
		return -ENOMEM;
	r = &j->reasons[j->n_reasons++];
	*r = (struct dg_reason){ .kind = kind, .err = err };
	r->symbol = append(&at, symbol, sizes[0]);
	r->want = append(&at, want, sizes[1]);
	r->have = append(&at, have, sizes[2]);
	r->owner = append(&at, owner, sizes[3]);
	if (err && !j->err)
		j->err = err;
	return 0;
}

int dg_reason_add(struct dg_judgement *j, enum dg_reason_kind kind, int err, const char *symbol, char *want, char *have,
		  const char *owner)
{
	int r = dg_reason_copy(j, kind, err, symbol, want, have, owner);

	free(want);
	free(have);
	return r;
}

int dg_judgement_require_exact(struct dg_judgement *j)
{
	if (j->verdict != DG_VERDICT_KABI)
		return 0;
	j->verdict = DG_VERDICT_REFUSED;
	return dg_reason_add(j, DG_REASON_REQUIRE, 0, NULL, strdup("exact"), strdup("kabi"), NULL);
}

void dg_judgement_free(struct dg_judgement *j)
{
	if (!j)
		return;
	while (j->texts) {
		struct dg_reason_text *next = j->texts->next;

		free(j->texts);
		j->texts = next;
	}
	free(j->reasons);
	free(j);
}

void dg_judgement_freep(struct dg_judgement **j)
{
	dg_judgement_free(*j);
}

const char *dg_verdict_name(enum dg_verdict v)
{
	static const char *const names[] = { "exact", "kabi", "refused" };

	return names[v];
}

const char *dg_reason_name(enum dg_reason_kind k)
{
	static const char *const names[] = {
		[DG_REASON_SIGNATURE] = "signature",
		[DG_REASON_ELF] = "elf",
		[DG_REASON_MACHINE] = "machine",
		[DG_REASON_MODULE_SIZE] = "module_size",
		[DG_REASON_LAYOUT] = "module_layout",
		[DG_REASON_VERMAGIC] = "vermagic",
		[DG_REASON_NO_VERSIONS] = "no_versions",
		[DG_REASON_EXPORT_CRC] = "export_crc",
		[DG_REASON_MISSING] = "missing",
		[DG_REASON_GPL] = "gpl_only",
		[DG_REASON_CRC] = "crc",
		[DG_REASON_NO_VERSION] = "no_version",
		[DG_REASON_NAMESPACE] = "namespace",
		[DG_REASON_DEPENDENCY] = "dependency",
		[DG_REASON_DUPLICATE] = "duplicate",
		[DG_REASON_EXTENDED] = "extended_versions",
		[DG_REASON_BLACKLIST] = "blacklist",
		[DG_REASON_INSTALL] = "install",
		[DG_REASON_COMPRESSION] = "compression",
		[DG_REASON_REQUIRE] = "require",
	};

	return names[k];
}

bool dg_reason_is_modprobes(const struct dg_reason *r)
{
	return !r->err && (r->kind == DG_REASON_BLACKLIST || r->kind == DG_REASON_INSTALL);
}

struct kind {
	const struct dg_reason *first;
	size_t n;
};

static void count_kinds(const struct dg_judgement *j, struct kind kinds[DG_N_REASONS])
{
	for (size_t i = 0; i < j->n_reasons; i++) {
		struct kind *k = &kinds[j->reasons[i].kind];

		if (!k->n++)
			k->first = &j->reasons[i];
	}
}

static void cause_one(const struct dg_reason *r, size_t n, char *buf, size_t size)
{
	const char *s = n == 1 ? "" : "s";

	switch (r->kind) {
	case DG_REASON_SIGNATURE:
		snprintf(buf, size, "its signature: %s", r->want);
		break;
	case DG_REASON_ELF:
		snprintf(buf, size, "%s%s%s", r->want, r->symbol ? ": " : "", r->symbol ? r->symbol : "");
		break;
	case DG_REASON_MACHINE:
		snprintf(buf, size, "built for %s, the kernel is %s", r->want, r->have);
		break;
	case DG_REASON_MODULE_SIZE:
		snprintf(buf, size, "struct module is %s bytes in it, %s in the kernel", r->want, r->have);
		break;
	case DG_REASON_VERMAGIC:
		if (r->want)
			snprintf(buf, size, "vermagic '%s', the kernel's is '%s'", r->want, r->have);
		else
			snprintf(buf, size, "has no vermagic");
		break;
	case DG_REASON_NO_VERSIONS:
		snprintf(buf, size, "has no symbol versions");
		break;
	case DG_REASON_EXPORT_CRC:
		snprintf(buf, size, "exports %s without a version", r->symbol);
		break;
	case DG_REASON_REQUIRE:
		snprintf(buf, size, "built for another level (kabi), the configuration requires exact");
		break;
	case DG_REASON_NO_VERSION:
		snprintf(buf, size, "%zu symbol%s without a version, first %s", n, s, r->symbol);
		break;
	case DG_REASON_LAYOUT:
		snprintf(buf, size, "module_layout has CRC %s in it, %s in the kernel", r->want, r->have);
		break;
	case DG_REASON_MISSING:
		snprintf(buf, size, "%zu symbol%s not exported, first %s", n, s, r->symbol);
		break;
	case DG_REASON_GPL:
		snprintf(buf, size, "%zu symbol%s for GPL modules only, first %s", n, s, r->symbol);
		break;
	case DG_REASON_CRC:
		snprintf(buf, size, "%zu symbol%s of another version, first %s (%s, the kernel has %s)", n, s,
			 r->symbol, r->want, r->have);
		break;
	case DG_REASON_NAMESPACE:
		snprintf(buf, size, "%zu symbol%s of a namespace it does not import, first %s (%s)", n, s, r->symbol,
			 r->have);
		break;
	case DG_REASON_DEPENDENCY:
		snprintf(buf, size, "needs %s, which would be refused itself: %s", r->owner, r->have);
		break;
	case DG_REASON_DUPLICATE:
		snprintf(buf, size, "exports %zu symbol%s the kernel has already, first %s", n, s, r->symbol);
		break;
	case DG_REASON_EXTENDED:
		snprintf(buf, size, "its extended version tables are %s", r->want);
		break;
	case DG_REASON_BLACKLIST:
		if (r->owner)
			snprintf(buf, size, "needs %s, which the kernel refuses: %s", r->owner, r->have);
		else
			snprintf(buf, size, "blacklisted, %s: %s",
				 r->err ? "the kernel itself refuses it" : "udev and systemd-modules-load pass it over",
				 r->have);
		break;
	case DG_REASON_INSTALL:
		snprintf(buf, size, "modprobe runs a command instead of loading %s: %s", r->owner ? r->owner : "it",
			 r->have);
		break;
	case DG_REASON_COMPRESSION:
		snprintf(buf, size, "packed as %s, which %s cannot unpack", r->want, r->have);
		break;
	case DG_N_REASONS:
		break;
	}
}

/* false: told already, with another kind. */
static bool brief_one(const struct kind kinds[DG_N_REASONS], const struct dg_reason *r, char *buf, size_t size)
{
	size_t n = kinds[r->kind].n;

	if (r->kind == DG_REASON_MODULE_SIZE && kinds[DG_REASON_LAYOUT].n)
		return false;
	if (r->kind == DG_REASON_LAYOUT)
		snprintf(buf, size, "struct module differs (module_layout)");
	else if (r->kind == DG_REASON_CRC)
		snprintf(buf, size, "%zu symbol%s of another version, first %s", n, n == 1 ? "" : "s", r->symbol);
	else
		cause_one(r, n, buf, size);
	return true;
}

enum telling { IN_FULL, BRIEFLY, MODPROBES_ALONE };

static void tell(const struct dg_judgement *j, enum telling how, char *buf, size_t size)
{
	struct kind kinds[DG_N_REASONS] = { 0 };
	size_t used = 0;

	count_kinds(j, kinds);
	buf[0] = '\0';
	for (enum dg_reason_kind k = DG_REASON_SIGNATURE; k < DG_N_REASONS; k++) {
		const struct dg_reason *first = kinds[k].first;
		char one[400];

		if (!first || (how == MODPROBES_ALONE && !dg_reason_is_modprobes(first)) ||
		    (j->err && !first->err && !dg_reason_is_modprobes(first)))
			continue;
		if (how != BRIEFLY)
			cause_one(first, kinds[k].n, one, sizeof(one));
		else if (!brief_one(kinds, first, one, sizeof(one)))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s", used ? "; " : "", one,
					 first->err || k == DG_REASON_REQUIRE || dg_reason_is_modprobes(first)
						 ? ""
						 : " (which the kernel takes)");
		if (used >= size)
			return;
	}
}

void dg_judgement_cause(const struct dg_judgement *j, char *buf, size_t size)
{
	tell(j, IN_FULL, buf, size);
}

void dg_judgement_brief(const struct dg_judgement *j, char *buf, size_t size)
{
	tell(j, BRIEFLY, buf, size);
}

void dg_judgement_modprobe_cause(const struct dg_judgement *j, char *buf, size_t size)
{
	tell(j, MODPROBES_ALONE, buf, size);
}
