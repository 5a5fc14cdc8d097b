// SPDX-License-Identifier: GPL-2.0-or-later
#include "kcache.h"

#include "cachefile.h"
#include "symvers.h"

#define MAGIC "drvguard-kernel 1\n"

static char *cache_name(const char *release)
{
	return dg_format("kernel-%s", release);
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place; how many bytes the digits were. */
static size_t unhex(char *s)
{
	size_t n = 0;

	for (; digit(s[n * 2]) >= 0 && digit(s[n * 2 + 1]) >= 0; n++)
		s[n] = (char)(digit(s[n * 2]) << 4 | digit(s[n * 2 + 1]));
	return n;
}

/* The lines between head and exports; *at moves behind them. */
static bool read_lines(char *data, size_t *at, struct dg_kimage *ret)
{
	for (;;) {
		char *line = data + *at, *end = strchr(line, '\n');

		if (!end || dg_startswith(line, "0x"))
			return end;
		*end = '\0';
		*at += (size_t)(end - line) + 1;
		if (dg_startswith(line, "build-id ")) {
			line += strlen("build-id ");
			snprintf(ret->build_id, sizeof(ret->build_id), "%s", dg_streq(line, "-") ? "" : line);
		} else if (dg_startswith(line, "certificate ")) {
			line += strlen("certificate ");
			if (dg_keys_collect((struct dg_span){ (unsigned char *)line, unhex(line) }, &ret->keys) < 0)
				return false;
		} else {
			return false;
		}
	}
}

bool dg_kcache_parse(char *text, size_t len, const char *image_id, struct dg_kimage *ret)
{
	dg_auto_free char *head = dg_format(MAGIC "image %s\n", image_id);
	size_t at = head ? strlen(head) : 0;

	return head && dg_startswith(text, head) && read_lines(text, &at, ret) &&
	       dg_symvers_parse(text + at, len - at, ret->symtab, NULL) == 0;
}

bool dg_kcache_load(const char *root, const char *release, const char *image_id, struct dg_kimage *ret)
{
	dg_auto_free char *name = cache_name(release), *text = NULL;
	size_t len;

	text = name && *image_id ? dg_cachefile_read(root, name, &len) : NULL;
	return text && dg_kcache_parse(text, len, image_id, ret);
}

static void write_entry(const struct dg_export_entry *e, void *file)
{
	fprintf(file, "0x%08x\t%s\t%s\t%s\t%s\n", e->has_crc ? e->crc : 0, e->name, e->owner,
		e->gpl_only ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL", e->ns);
}

static void write_key(const unsigned char *der, size_t len, void *file)
{
	fputs("certificate ", file);
	for (size_t i = 0; i < len; i++)
		fprintf(file, "%02x", der[i]);
	fputc('\n', file);
}

void dg_kcache_save(const char *root, const char *release, const char *image_id, const struct dg_kimage *k)
{
	dg_auto_free char *name = cache_name(release), *text = NULL;
	size_t len;
	FILE *f;

	if (!name || !*image_id || !dg_cachefile_writable(root) || !(f = open_memstream(&text, &len)))
		return;
	fprintf(f, MAGIC "image %s\nbuild-id %s\n", image_id, k->build_id[0] ? k->build_id : "-");
	dg_keys_each(k->keys, write_key, f);
	dg_symtab_each(k->symtab, write_entry, f);
	if (fclose(f) == 0)
		dg_cachefile_write(root, name, text, len);
}
