// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest.h"

#include <errno.h>

#include "fs.h"
#include "record.h"

int dg_manifest_new(const char *release, const char *kernel_build_id, struct dg_manifest **ret)
{
	struct dg_manifest *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->release = strdup(release);
	if (!m->release) {
		free(m);
		return -ENOMEM;
	}
	snprintf(m->kernel_build_id, sizeof(m->kernel_build_id), "%s", kernel_build_id);
	*ret = m;
	return 0;
}

int dg_manifest_add(struct dg_manifest *m, const struct dg_manifest_entry *e)
{
	struct dg_manifest_entry copy = *e;

	if (DG_GROW(m->entries, m->n_entries) < 0)
		return -ENOMEM;
	copy.name = strdup(e->name);
	copy.version = strdup(e->version);
	copy.vermagic = strdup(e->vermagic);
	copy.source = strdup(e->source);
	m->entries[m->n_entries++] = copy;
	return copy.name && copy.version && copy.vermagic && copy.source ? 0 : -ENOMEM;
}

const struct dg_manifest_entry *dg_manifest_find(const struct dg_manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n_entries; i++)
		if (dg_modname_equal(m->entries[i].name, name))
			return &m->entries[i];
	return NULL;
}

void dg_manifest_free(struct dg_manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_entries; i++) {
		free(m->entries[i].name);
		free(m->entries[i].version);
		free(m->entries[i].vermagic);
		free(m->entries[i].source);
	}
	free(m->entries);
	free(m->release);
	free(m);
}

void dg_manifest_freep(struct dg_manifest **m)
{
	dg_manifest_free(*m);
}

static const char *or_dash(const char *s)
{
	return *s ? s : "-";
}

static void put_entry(FILE *f, const struct dg_manifest_entry *e)
{
	fprintf(f, "driver %s sha256=%s size=%zu build-id=%s verdict=%s version=", e->name, e->sha256, e->size,
		or_dash(e->build_id), dg_verdict_name(e->verdict));
	dg_record_put(f, e->version);
	fputs(" vermagic=", f);
	dg_record_put(f, e->vermagic);
	fputs(" source=", f);
	dg_record_put(f, e->source);
	fputc('\n', f);
}

char *dg_manifest_format(const struct dg_manifest *m)
{
	dg_auto_free char *body = NULL;
	size_t len;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return NULL;
	fprintf(f, "drvguard-manifest 1\nrelease %s\nkernel-build-id %s\n", m->release, or_dash(m->kernel_build_id));
	if (m->previous)
		fprintf(f, "previous %u\n", m->previous);
	else
		fputs("previous -\n", f);
	for (size_t i = 0; i < m->n_entries; i++)
		put_entry(f, &m->entries[i]);
	return fclose(f) != 0 ? NULL : dg_record_seal(body);
}

static bool take_verdict(const char *s, enum dg_verdict *ret)
{
	for (enum dg_verdict v = DG_VERDICT_EXACT; v <= DG_VERDICT_REFUSED; v++)
		if (dg_streq(s, dg_verdict_name(v))) {
			*ret = v;
			return true;
		}
	return false;
}

static bool take_size(const char *s, size_t *ret)
{
	unsigned long long n;

	if (!dg_record_number(s, SIZE_MAX, &n))
		return false;
	*ret = (size_t)n;
	return true;
}

static bool take_value(struct dg_manifest_entry *e, size_t key, char *value)
{
	switch (key) {
	case 0:
		return dg_record_hex(value, e->sha256, 64) && strlen(e->sha256) == 64;
	case 1:
		return take_size(value, &e->size);
	case 2:
		return dg_record_hex(value, e->build_id, DG_BUILD_ID_HEX - 1);
	case 3:
		return take_verdict(value, &e->verdict);
	case 4:
		return dg_record_unescape(e->version = value);
	case 5:
		return dg_record_unescape(e->vermagic = value);
	default:
		return dg_record_unescape(e->source = value);
	}
}

/* "NAME sha256=… …": every key once and none else, whatever their order. */
static bool parse_entry(char *line, struct dg_manifest_entry *e)
{
	static const char *const keys[] = { "sha256", "size", "build-id", "verdict", "version", "vermagic", "source" };
	unsigned int seen = 0;
	char *save = NULL;

	e->name = strtok_r(line, " ", &save);
	if (!e->name || !dg_modname_valid(e->name))
		return false;
	for (char *word = strtok_r(NULL, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');
		size_t key = 0;

		if (!value)
			return false;
		*value++ = '\0';
		while (key < DG_ARRAY_SIZE(keys) && !dg_streq(word, keys[key]))
			key++;
		if (key == DG_ARRAY_SIZE(keys) || (seen & 1u << key) || !take_value(e, key, value))
			return false;
		seen |= 1u << key;
	}
	return seen == (1u << DG_ARRAY_SIZE(keys)) - 1;
}

static int parse_line(struct dg_manifest *m, size_t number, char *line)
{
	struct dg_manifest_entry e = { 0 };
	unsigned long long n;

	switch (number) {
	case 1:
		return dg_streq(line, "drvguard-manifest 1") ? 0 : -EBADMSG;
	case 2:
		if (!dg_startswith(line, "release ") || !dg_release_valid(line + 8))
			return -EBADMSG;
		m->release = strdup(line + 8);
		return m->release ? 0 : -ENOMEM;
	case 3:
		if (!dg_startswith(line, "kernel-build-id ") ||
		    !dg_record_hex(line + 16, m->kernel_build_id, DG_BUILD_ID_HEX - 1))
			return -EBADMSG;
		return 0;
	case 4:
		if (!dg_startswith(line, "previous "))
			return -EBADMSG;
		if (dg_streq(line + 9, "-"))
			return 0;
		if (!dg_record_number(line + 9, DG_GENERATION_MAX, &n) || !n)
			return -EBADMSG;
		m->previous = (unsigned int)n;
		return 0;
	default:
		if (!dg_startswith(line, "driver ") || !parse_entry(line + 7, &e) || dg_manifest_find(m, e.name))
			return -EBADMSG;
		return dg_manifest_add(m, &e);
	}
}

int dg_manifest_parse(char *data, size_t len, struct dg_manifest **ret, struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = calloc(1, sizeof(*m));
	size_t number = 0;
	char *save = NULL;

	if (!m)
		return -ENOMEM;
	if (!dg_record_unseal(data, len))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "cut short or changed: its own digest does not fit");
	for (char *line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int r = parse_line(m, ++number, line);

		if (r == -EBADMSG)
			return dg_diag_set(d, r, NULL, NULL, "line %zu is not of a manifest's form", number);
		if (r < 0)
			return r;
	}
	if (number < 4)
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "has no kernel in it");
	*ret = dg_take(m);
	return 0;
}

int dg_manifest_read(const char *path, struct dg_manifest **ret, struct dg_diag *d)
{
	struct dg_diag why = { 0 };
	dg_auto_free void *data = NULL;
	size_t len;
	int r = dg_file_read(path, 1 << 19, &data, &len);

	if (r < 0)
		return dg_diag_errno(d, r, path, "read");
	r = dg_manifest_parse(data, len, ret, &why);
	if (r < 0)
		return dg_diag_set(d, r, path, "run drvguard repair", "%s", why.what);
	return 0;
}
