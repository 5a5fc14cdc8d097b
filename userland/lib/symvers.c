// SPDX-License-Identifier: GPL-2.0-or-later
#include "symvers.h"

#include <ctype.h>
#include <errno.h>

/* "0x" and one to eight digits, and a tab; where it ends, NULL: not of that form. */
static char *read_crc(char *s, uint32_t *ret)
{
	char *start = s + 2;
	uint32_t crc = 0;

	if (s[0] != '0' || s[1] != 'x')
		return NULL;
	for (s = start; isxdigit((unsigned char)*s); s++)
		crc = crc << 4 | (uint32_t)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);
	*ret = crc;
	return s > start && s - start <= 8 && *s == '\t' ? s : NULL;
}

int dg_symvers_parse(char *data, size_t len, struct dg_symtab *t, struct dg_diag *d)
{
	size_t number = 0;

	for (char *line = data, *end = data + len; line < end;) {
		char *next = memchr(line, '\n', (size_t)(end - line));
		char *name, *owner, *class;
		struct dg_export_entry e;
		uint32_t crc;
		int r;

		number++;
		if (!next)
			next = end;
		*next = '\0';
		name = read_crc(line, &crc);
		if (!name)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "line %zu is not of Module.symvers' form", number);
		owner = strchr(++name, '\t');
		if (!owner || owner == name)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "line %zu is cut short", number);
		*owner++ = '\0';
		class = strchr(owner, '\t');
		if (class)
			*class ++ = '\0';
		e = (struct dg_export_entry){ .name = name, .owner = owner, .ns = "", .crc = crc };
		if (class) {
			char *ns = strchr(class, '\t');

			if (ns)
				*ns++ = '\0';
			e.ns = ns ? ns : "";
			e.gpl_only = dg_endswith(class, "_GPL");
		}
		/* A kernel without CONFIG_MODVERSIONS writes zeroes. */
		e.has_crc = e.crc != 0;
		r = dg_symtab_add(t, &e);
		if (r < 0)
			return r;
		line = next + 1;
	}
	return 0;
}
