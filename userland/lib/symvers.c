// SPDX-License-Identifier: GPL-2.0-or-later
#include "symvers.h"

#include <errno.h>

int dg_symvers_parse(char *data, size_t len, struct dg_symtab *t, struct dg_diag *d)
{
	size_t number = 0;

	for (char *line = data, *end = data + len; line < end;) {
		char *next = memchr(line, '\n', (size_t)(end - line));
		char *name, *owner, *class;
		struct dg_export_entry e = { 0 };
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
		class = strchr(owner, '\t');
		if (class)
			*class ++ = '\0';
		e = (struct dg_export_entry){ .name = name, .owner = owner, .ns = "", .crc = e.crc };
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
