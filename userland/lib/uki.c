// SPDX-License-Identifier: GPL-2.0-or-later
#include "uki.h"

#include <ctype.h>
#include <errno.h>

#include "kimage.h"

#define SECTIONS_MAX 96U /* what Windows' loader takes, which is the format's own bound */
#define TEXT_MAX ((size_t)64 << 10)

struct part {
	uint64_t at;
	size_t len;
};

struct parts {
	struct part uname, osrel, linux_;
};

static int read_at(int fd, uint64_t at, void *to, size_t len)
{
	for (size_t n = 0; n < len;) {
		ssize_t r = pread(fd, (char *)to + n, len - n, (off_t)(at + n));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EBADMSG;
		n += (size_t)r;
	}
	return 0;
}

static uint32_t get(const unsigned char *p, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* PE: "MZ", the header's place at 0x3c, "PE\0\0", 20 bytes, an optional header, then 40 bytes a section. */
static int find_parts(int fd, struct parts *ret)
{
	unsigned char mz[0x40], pe[24], s[40];
	uint64_t at;
	int r = read_at(fd, 0, mz, sizeof(mz));

	if (r < 0)
		return r;
	if (memcmp(mz, "MZ", 2) != 0)
		return -EBADMSG;
	at = get(mz + 0x3c, 4);
	r = read_at(fd, at, pe, sizeof(pe));
	if (r < 0)
		return r;
	if (memcmp(pe, "PE\0\0", 4) != 0 || get(pe + 6, 2) > SECTIONS_MAX)
		return -EBADMSG;
	at += sizeof(pe) + get(pe + 20, 2);
	for (unsigned int i = 0; i < get(pe + 6, 2); i++, at += sizeof(s)) {
		struct part *p;
		uint32_t size, raw;

		r = read_at(fd, at, s, sizeof(s));
		if (r < 0)
			return r;
		p = strncmp((char *)s, ".uname", 8) == 0   ? &ret->uname
		    : strncmp((char *)s, ".osrel", 8) == 0 ? &ret->osrel
		    : strncmp((char *)s, ".linux", 8) == 0 ? &ret->linux_
							   : NULL;
		/* The first of a name counts: what follows are other profiles. */
		if (!p || p->at)
			continue;
		size = get(s + 8, 4);
		raw = get(s + 16, 4);
		*p = (struct part){ get(s + 20, 4), size && size < raw ? size : raw };
	}
	return 0;
}

/* A section's text; NULL: none, or too long. */
static int read_text(int fd, const struct part *p, char **ret)
{
	char *text;
	int r;

	*ret = NULL;
	if (!p->at || p->len > TEXT_MAX)
		return 0;
	text = calloc(1, p->len + 1);
	r = text ? read_at(fd, p->at, text, p->len) : -ENOMEM;
	if (r < 0)
		free(text);
	else
		*ret = text;
	return r;
}

/* KEY=value of os-release(5), quoted or not; NULL: not there. */
static char *osrel_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *v = line + n + 1;
		char quote;
		size_t len;

		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		quote = *v == '"' || *v == '\'' ? *v++ : '\n';
		len = strcspn(v, quote == '"' ? "\"\n" : quote == '\'' ? "'\n" : "\r\n");
		return len ? strndup(v, len) : NULL;
	}
	return NULL;
}

static char *first_value(const char *text, const char *const *keys)
{
	char *value = NULL;

	for (; text && *keys && !value; keys++)
		value = osrel_value(text, *keys);
	return value;
}

static int read_banner(int fd, const struct part *p, char **ret)
{
	size_t len = p->len < DG_KIMAGE_BANNER_END ? p->len : DG_KIMAGE_BANNER_END;
	dg_auto_free char *data = malloc(len + 1), *banner = NULL;
	int r = data ? read_at(fd, p->at, data, len) : -ENOMEM;

	if (r == 0 && dg_kimage_banner(data, len, &banner) == 0)
		*ret = strndup(banner, strcspn(banner, " "));
	return r;
}

int dg_uki_read(int fd, struct dg_uki *ret)
{
	static const char *const sort_keys[] = { "IMAGE_ID", "ID", NULL };
	static const char *const versions[] = { "IMAGE_VERSION", "VERSION_ID", "BUILD_ID", NULL };
	dg_auto_free char *osrel = NULL;
	struct parts parts = { 0 };
	int r = find_parts(fd, &parts);

	*ret = (struct dg_uki){ 0 };
	if (r == 0 && !parts.linux_.at)
		r = -ENODATA;
	if (r == 0)
		r = read_text(fd, &parts.uname, &ret->release);
	if (r == 0)
		r = read_text(fd, &parts.osrel, &osrel);
	if (r == 0 && ret->release)
		ret->release[strcspn(ret->release, "\r\n ")] = '\0';
	if (r == 0 && !ret->release)
		r = read_banner(fd, &parts.linux_, &ret->release);
	if (r == 0) {
		ret->sort_key = first_value(osrel, sort_keys);
		ret->version = first_value(osrel, versions);
	}
	if (r < 0)
		dg_uki_free(ret);
	return r;
}

void dg_uki_free(struct dg_uki *u)
{
	free(u->release);
	free(u->sort_key);
	free(u->version);
	*u = (struct dg_uki){ 0 };
}
