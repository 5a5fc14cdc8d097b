// SPDX-License-Identifier: GPL-2.0-or-later
#include "kcache.h"

#include <errno.h>
#include <sys/stat.h>

#include "digest.h"
#include "fs.h"
#include "symvers.h"

#define DIR "/var/cache/drvguard"
#define MAGIC "drvguard-kernel 1\n"
#define CACHE_MAX ((size_t)64 << 20)

static char *cache_path(const char *root, const char *release)
{
	dg_auto_free char *inside = dg_format(DIR "/kernel-%s", release);

	return inside ? dg_path_join(root, inside) : NULL;
}

/* The first lines of a file that is valid for @image. */
static char *head_of(const char *image)
{
	struct stat st;

	if (stat(image, &st) < 0)
		return NULL;
	return dg_format(MAGIC "image %llx %llu %lld %lld.%09ld %lld.%09ld\n", (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			 st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/* Verdicts rest on it: only from whom this run would trust anyway. */
static bool trusted(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool digest_fits(const char *data, size_t len, size_t *ret_body)
{
	const size_t tail = 4 + 64 + 1;
	char sum[DG_SHA256_HEX];

	if (len < tail || memcmp(data + len - tail, "end ", 4) != 0)
		return false;
	*ret_body = len - tail;
	return dg_sha256(data, *ret_body, sum) == 0 && memcmp(sum, data + *ret_body + 4, 64) == 0;
}

static size_t unhex(char *s)
{
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(s + n * 2, "%2x", &byte) == 1; n++)
		s[n] = (char)byte;
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

bool dg_kcache_load(const char *root, const char *release, const char *image, struct dg_kimage *ret)
{
	dg_auto_free char *path = cache_path(root, release), *head = head_of(image);
	dg_auto_free void *data = NULL;
	size_t len, body, at;

	if (!path || !head || !trusted(path) || dg_file_read(path, CACHE_MAX, &data, &len) < 0)
		return false;
	at = strlen(head);
	if (!digest_fits(data, len, &body) || at > body || memcmp(data, head, at) != 0)
		return false;
	((char *)data)[body] = '\0';
	return read_lines(data, &at, ret) && dg_symvers_parse((char *)data + at, body - at, ret->symtab, NULL) == 0;
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

void dg_kcache_save(const char *root, const char *release, const char *image, const struct dg_kimage *k)
{
	dg_auto_free char *path = cache_path(root, release), *dir = dg_path_join(root, DIR), *head = head_of(image);
	dg_auto_free char *body = NULL, *text = NULL;
	char sum[DG_SHA256_HEX];
	size_t len;
	FILE *f;

	if (!path || !dir || !head || access(dir, W_OK) < 0)
		return;
	f = open_memstream(&body, &len);
	if (!f)
		return;
	fprintf(f, "%sbuild-id %s\n", head, k->build_id[0] ? k->build_id : "-");
	dg_keys_each(k->keys, write_key, f);
	dg_symtab_each(k->symtab, write_entry, f);
	if (fclose(f) != 0 || dg_sha256(body, len, sum) < 0)
		return;
	text = dg_format("%send %s\n", body, sum);
	/* Not kept is not lost: the next run reads the image. */
	if (text)
		(void)dg_file_write(path, text, strlen(text), 0644);
}
