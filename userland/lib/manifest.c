// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest.h"

#include <ctype.h>
#include <errno.h>

#include "fs.h"

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

static void put_escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c > 0x7e || c == '%')
			fprintf(f, "%%%02X", c);
		else
			fputc(c, f);
	}
}

static const char *or_dash(const char *s)
{
	return *s ? s : "-";
}

static void put_entry(FILE *f, const struct dg_manifest_entry *e)
{
	fprintf(f, "driver %s sha256=%s size=%zu build-id=%s verdict=%s version=", e->name, e->sha256, e->size,
		or_dash(e->build_id), dg_verdict_name(e->verdict));
	put_escaped(f, e->version);
	fputs(" vermagic=", f);
	put_escaped(f, e->vermagic);
	fputs(" source=", f);
	put_escaped(f, e->source);
	fputc('\n', f);
}

char *dg_manifest_format(const struct dg_manifest *m)
{
	dg_auto_free char *body = NULL;
	char sum[DG_SHA256_HEX];
	size_t len;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return NULL;
	fprintf(f, "drvguard-manifest 1\nrelease %s\nkernel-build-id %s\n", m->release, or_dash(m->kernel_build_id));
	for (size_t i = 0; i < m->n_entries; i++)
		put_entry(f, &m->entries[i]);
	if (fclose(f) != 0 || dg_sha256(body, len, sum) < 0)
		return NULL;
	return dg_format("%send %s\n", body, sum);
}

static bool unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned int c;

		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]) || sscanf(s + 1, "%2x", &c) != 1 ||
		    !c)
			return false;
		*to++ = (char)c;
		s += 2;
	}
	*to = '\0';
	return true;
}

static bool take_hex(const char *s, char *to, size_t digits_max)
{
	size_t n = strspn(s, "0123456789abcdef");

	if (dg_streq(s, "-"))
		n = 0;
	else if (s[n] || !n || n > digits_max)
		return false;
	memcpy(to, s, n);
	to[n] = '\0';
	return true;
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
	char *end;

	errno = 0;
	*ret = strtoull(s, &end, 10);
	return isdigit((unsigned char)*s) && !*end && !errno;
}

static bool take_value(struct dg_manifest_entry *e, size_t key, char *value)
{
	switch (key) {
	case 0:
		return take_hex(value, e->sha256, 64) && strlen(e->sha256) == 64;
	case 1:
		return take_size(value, &e->size);
	case 2:
		return take_hex(value, e->build_id, DG_BUILD_ID_HEX - 1);
	case 3:
		return take_verdict(value, &e->verdict);
	case 4:
		return unescape(e->version = value);
	case 5:
		return unescape(e->vermagic = value);
	default:
		return unescape(e->source = value);
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
		    !take_hex(line + 16, m->kernel_build_id, DG_BUILD_ID_HEX - 1))
			return -EBADMSG;
		return 0;
	default:
		if (!dg_startswith(line, "driver ") || !parse_entry(line + 7, &e) || dg_manifest_find(m, e.name))
			return -EBADMSG;
		return dg_manifest_add(m, &e);
	}
}

/* The last line, whose digest covers all before it. */
static bool check_end(const char *data, size_t len, size_t *ret_body)
{
	const size_t tail = 4 + 64 + 1;
	char sum[DG_SHA256_HEX];

	if (len < tail || memcmp(data + len - tail, "end ", 4) != 0 || data[len - 1] != '\n' || memchr(data, '\0', len))
		return false;
	*ret_body = len - tail;
	return dg_sha256(data, *ret_body, sum) == 0 && memcmp(sum, data + *ret_body + 4, 64) == 0;
}

int dg_manifest_parse(char *data, size_t len, struct dg_manifest **ret, struct dg_diag *d)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *m = calloc(1, sizeof(*m));
	size_t number = 0, body;
	char *save = NULL;

	if (!m)
		return -ENOMEM;
	if (!check_end(data, len, &body))
		return dg_diag_set(d, -EBADMSG, NULL, NULL, "cut short or changed: its own digest does not fit");
	data[body] = '\0';
	for (char *line = strtok_r(data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int r = parse_line(m, ++number, line);

		if (r == -EBADMSG)
			return dg_diag_set(d, r, NULL, NULL, "line %zu is not of a manifest's form", number);
		if (r < 0)
			return r;
	}
	if (number < 3)
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
