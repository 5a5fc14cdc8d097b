// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/level, and the rules for names and versions in lib/util: an input is two
 * strings, with a newline or NUL between them. Nothing here allocates: the bound
 * is 4 KiB.
 */
#include "fuzz.h"

#include "lib/level.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first = 0, second;
	dg_auto_free char *release = NULL;
	dg_auto_free char *version = NULL;
	struct dg_level l, bare;
	char text[256];

	while (first < size && data[first] && data[first] != '\n')
		first++;
	second = first < size ? first + 1 : first;
	/* Strings end at their first NUL: the block is cut there as well. */
	second = size - second ? second : size;
	release = fuzz_copy(data, first, 1);
	version = fuzz_copy(data + second, strnlen((const char *)data + second, size - second), 1);

	fuzz_bound(4 * FUZZ_KIB);
	dg_level_parse(release, version, &l);
	dg_level_parse(release, "", &bare);
	fuzz_assert(l.vendor[0] && memchr(l.vendor, 0, sizeof(l.vendor)));
	fuzz_assert(memchr(l.tl, 0, sizeof(l.tl)) && memchr(l.sp, 0, sizeof(l.sp)));
	fuzz_assert(dg_level_agree(&l, &l) && dg_level_agree(&l, &bare) == dg_level_agree(&bare, &l));
	dg_level_format(&l, text, sizeof(text));
	for (const char *p = text; *p; p++)
		fuzz_assert(*p >= ' ' && *p <= '~');
	fuzz_sink += dg_release_valid(release) + dg_modname_valid(release) + dg_modname_equal(release, version);
	fuzz_assert(dg_version_compare(release, release) == 0);
	fuzz_assert(sign(dg_version_compare(release, version)) == -sign(dg_version_compare(version, release)));
	dg_printable(release);
	fuzz_unbound();
	return 0;
}
