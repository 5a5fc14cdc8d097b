// SPDX-License-Identifier: GPL-2.0-or-later
#include "symvers.h"

#include <errno.h>

int dg_symvers_parse(char *data, size_t len, struct dg_symtab *t, struct dg_diag *d)
{
	size_t number = 0;

	for (char *line = data, *end = data + len; line < end;) {
		char *next = memchr(line, '\n', (size_t)(end - line));
		char *name, *owner, *rest;
		struct dg_export_entry e;
		size_t digits;
		int r;

		number++;
		if (!next)
			next = end;
		*next = '\0';
		digits = dg_startswith(line, "0x") ? strspn(line + 2, "0123456789abcdefABCDEF") : 0;
		name = line + 2 + digits;
		if (!digits || digits > 8 || *name != '\t')
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "line %zu is not of Module.symvers' form", number);
		e.crc = (uint32_t)strtoul(line, NULL, 16);
		owner = strchr(++name, '\t');
		if (!owner || owner == name)
			return dg_diag_set(d, -EBADMSG, NULL, NULL, "line %zu is cut short", number);
		*owner++ = '\0';
		rest = strchr(owner, '\t');
		if (rest)
			*rest = '\0';
		e.name = name;
		e.owner = owner;
		/* A kernel without CONFIG_MODVERSIONS writes zeroes. */
		e.has_crc = e.crc != 0;
		r = dg_symtab_add(t, &e);
		if (r < 0)
			return r;
		line = next + 1;
	}
	return 0;
}
