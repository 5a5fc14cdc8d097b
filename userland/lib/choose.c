// SPDX-License-Identifier: GPL-2.0-or-later
#include "choose.h"

void dg_choose_built_for(const struct dg_modfile *m, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(m->vermagic, " "), m->vermagic);
}

int dg_choose_compare(const struct dg_modfile *a, const struct dg_judgement *ja, const struct dg_modfile *b,
		      const struct dg_judgement *jb, const char *release)
{
	char for_a[80], for_b[80];
	bool above_a, above_b;
	int c;

	if (ja->verdict != jb->verdict)
		return ja->verdict < jb->verdict ? 1 : -1;
	/* Refused by the configuration alone is nearer than refused by the kernel. */
	if (!ja->err != !jb->err)
		return ja->err ? -1 : 1;
	c = dg_version_compare(a->version, b->version);
	if (c)
		return c;
	dg_choose_built_for(a, for_a, sizeof(for_a));
	dg_choose_built_for(b, for_b, sizeof(for_b));
	above_a = dg_version_compare(for_a, release) > 0;
	above_b = dg_version_compare(for_b, release) > 0;
	if (above_a != above_b)
		return above_a ? -1 : 1;
	/* Nearest: the highest of those not above, the lowest of those above. */
	c = dg_version_compare(for_a, for_b);
	return above_a ? -c : c;
}
