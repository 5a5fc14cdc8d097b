// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>

#include "digest.h"
#include "fs.h"

/* None comes near it; a file that does is not ours. */
#define RECORD_MAX ((size_t)512 << 10)
#define END_LEN (4 + 64 + 1)

char *dg_record_seal(const char *body)
{
	char sum[DG_SHA256_HEX];

	return dg_sha256(body, strlen(body), sum) < 0 ? NULL : dg_format("%send %s\n", body, sum);
}

bool dg_record_unseal(char *data, size_t len)
{
	char sum[DG_SHA256_HEX];
	size_t body;

	if (len < END_LEN || data[len - 1] != '\n' || memchr(data, '\0', len))
		return false;
	body = len - END_LEN;
	if (memcmp(data + body, "end ", 4) != 0 || dg_sha256(data, body, sum) < 0 ||
	    memcmp(sum, data + body + 4, 64) != 0)
		return false;
	data[body] = '\0';
	return true;
}

int dg_record_write(const char *path, const char *body)
{
	dg_auto_free char *text = dg_record_seal(body), *copy = strdup(path);
	int r = text && copy ? dg_dir_make(dirname(copy)) : -ENOMEM;

	return r < 0 ? r : dg_file_write(path, text, strlen(text), 0644);
}

int dg_record_read(const char *path, const char *heading, char **ret, struct dg_diag *d)
{
	dg_auto_free void *data = NULL;
	char *text, *end;
	size_t len;
	int r = dg_file_read(path, RECORD_MAX, &data, &len);

	if (r == -ENOENT || r == -ENOMEM)
		return r;
	if (r < 0)
		return dg_diag_errno(d, r, path, "read");
	text = data;
	if (!dg_record_unseal(text, len))
		return dg_diag_set(d, -EBADMSG, path, "remove it",
				   "is cut short or changed: its own digest does not fit");
	end = strchrnul(text, '\n');
	if (!*end || (size_t)(end - text) != strlen(heading) || !dg_startswith(text, heading))
		return dg_diag_set(d, -EBADMSG, path, "a newer drvguard may have written it", "is no \"%s\"", heading);
	*ret = strdup(end + 1);
	return *ret ? 0 : -ENOMEM;
}

char *dg_record_next(char **body, const char *key)
{
	char *line = *body, *end = strchr(line, '\n');

	if (!end || !dg_startswith(line, key))
		return NULL;
	*end = '\0';
	*body = end + 1;
	return line + strlen(key);
}

void dg_record_put(FILE *f, const char *text)
{
	/* A lone dash stands for nothing, so one that is meant is written out. */
	if (!*text || dg_streq(text, "-")) {
		fputs(*text ? "%2D" : "-", f);
		return;
	}
	dg_put_escaped(f, text);
}

bool dg_record_unescape(char *word)
{
	if (dg_streq(word, "-")) {
		*word = '\0';
		return true;
	}
	return dg_unescape(word);
}

bool dg_record_number(const char *s, unsigned long long max, unsigned long long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*s) || (*s == '0' && s[1]))
		return false;
	errno = 0;
	*ret = strtoull(s, &end, 10);
	return !*end && !errno && *ret <= max;
}

bool dg_record_hex(const char *s, char *to, size_t digits_max)
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
