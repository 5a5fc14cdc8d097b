// SPDX-License-Identifier: GPL-2.0-or-later
#include "cachefile.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "digest.h"
#include "fs.h"

#define DIR "/var/cache/drvguard"
#define MOST ((size_t)64 << 20)
#define TAIL (4 + 64 + 1) /* "end ", the digest, a newline */
/* Seconds; coarser than the clock of any file system that a kernel is installed in. */
#define SETTLED_AFTER 2

static bool forgone;

void dg_cachefile_forgo(void)
{
	forgone = true;
}

static char *path_of(const char *root, const char *name)
{
	dg_auto_free char *inside = forgone ? NULL : dg_format(DIR "/%s", name);

	return inside ? dg_path_join(root, inside) : NULL;
}

static bool trusted(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool digest_fits(const char *data, size_t len)
{
	char sum[DG_SHA256_HEX];

	if (len < TAIL || memcmp(data + len - TAIL, "end ", 4) != 0)
		return false;
	return dg_sha256(data, len - TAIL, sum) == 0 && memcmp(sum, data + len - TAIL + 4, 64) == 0;
}

char *dg_cachefile_read(const char *root, const char *name, size_t *ret_len)
{
	dg_auto_free char *path = path_of(root, name);
	dg_auto_free void *data = NULL;
	size_t len;

	if (!path || !trusted(path) || dg_file_read(path, MOST, &data, &len) < 0 || !digest_fits(data, len))
		return NULL;
	*ret_len = len - TAIL;
	((char *)data)[*ret_len] = '\0';
	return dg_take(data);
}

bool dg_cachefile_writable(const char *root)
{
	dg_auto_free char *dir = forgone ? NULL : dg_path_join(root, DIR);

	return dir && access(dir, W_OK) == 0;
}

void dg_cachefile_write(const char *root, const char *name, const char *text, size_t len)
{
	dg_auto_free char *path = path_of(root, name), *whole = NULL;
	char sum[DG_SHA256_HEX];

	if (!path || !dg_cachefile_writable(root) || dg_sha256(text, len, sum) < 0)
		return;
	whole = dg_format("%send %s\n", text, sum);
	/* Not kept is not lost. */
	if (whole)
		(void)dg_file_replace(path, whole, strlen(whole), 0644);
}

bool dg_file_id(const char *path, char ret[DG_FILE_ID])
{
	struct stat st;
	time_t now = time(NULL);

	ret[0] = '\0';
	if (stat(path, &st) < 0)
		return false;
	snprintf(ret, DG_FILE_ID, "%llx %llu %lld %lld.%09ld %lld.%09ld", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		 (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return st.st_ctim.tv_sec < now - SETTLED_AFTER;
}
