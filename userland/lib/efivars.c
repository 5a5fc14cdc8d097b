// SPDX-License-Identifier: GPL-2.0-or-later
#include "efivars.h"

#include <errno.h>

#include "fs.h"

#define ATTRIBUTES ((size_t)4)
#define VALUE_MAX ((size_t)4096)

char *dg_utf16_ascii(const void *data, size_t len)
{
	const unsigned char *p = data;
	char *text = malloc(len / 2 + 1);
	size_t n = 0;

	for (; text && n < len / 2; n++) {
		unsigned int c = p[n * 2] | (unsigned int)p[n * 2 + 1] << 8;

		if (!c)
			break;
		text[n] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	if (text)
		text[n] = '\0';
	return text;
}

static int read_var(const char *root, const char *vendor, const char *name, void **ret, size_t *ret_len)
{
	dg_auto_free char *inside = dg_format("/sys/firmware/efi/efivars/%s-%s", name, vendor), *path = NULL;
	int r = inside ? dg_path_resolve(root, inside, &path) : -ENOMEM;

	if (r < 0)
		return r;
	r = dg_file_read(path, ATTRIBUTES + VALUE_MAX, ret, ret_len);
	if (r == 0 && *ret_len < ATTRIBUTES) {
		free(dg_take(*ret));
		r = -ENOENT;
	}
	return r;
}

int dg_efivar_string(const char *root, const char *vendor, const char *name, char **ret)
{
	dg_auto_free void *data = NULL;
	size_t len;
	int r = read_var(root, vendor, name, &data, &len);

	if (r < 0)
		return r;
	*ret = dg_utf16_ascii((char *)data + ATTRIBUTES, len - ATTRIBUTES);
	return *ret ? 0 : -ENOMEM;
}

int dg_efivar_number(const char *root, const char *vendor, const char *name, unsigned int *ret)
{
	dg_auto_free void *data = NULL;
	unsigned char *p;
	size_t len;
	int r = read_var(root, vendor, name, &data, &len);

	if (r < 0)
		return r;
	p = (unsigned char *)data + ATTRIBUTES;
	if (len != ATTRIBUTES + 2)
		return -EBADMSG;
	*ret = p[0] | (unsigned int)p[1] << 8;
	return 0;
}
