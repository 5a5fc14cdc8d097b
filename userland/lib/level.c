// SPDX-License-Identifier: GPL-2.0-or-later
#include "level.h"

#include <ctype.h>

/* Digits and dots at the start of @s, trailing dots left off. */
static int number_len(const char *s)
{
	size_t n = strspn(s, "0123456789.");

	while (n && s[n - 1] == '.')
		n--;
	return (int)n;
}

/* "6.1.0-56-cloud" -> "56"; NULL without a number behind the first dash. */
static const char *after_dash(const char *release)
{
	const char *dash = strchr(release, '-');

	return dash && isdigit((unsigned char)dash[1]) ? dash + 1 : NULL;
}

static bool parse_debian(const char *release, const char *version, struct dg_level *l)
{
	const char *package = strstr(version, "Debian "), *abi = after_dash(release);

	/* Its newer names tell it even where the version is not known. */
	if (!package && (*version || !strstr(release, "+deb")))
		return false;
	snprintf(l->vendor, sizeof(l->vendor), "debian");
	if (strstr(release, "+deb") || !abi)
		snprintf(l->tl, sizeof(l->tl), "%.*s", number_len(release), release);
	else
		snprintf(l->tl, sizeof(l->tl), "%.*s", number_len(abi), abi);
	if (package) {
		package += strlen("Debian ");
		snprintf(l->sp, sizeof(l->sp), "%.*s", (int)strcspn(package, " "), package);
	}
	return true;
}

/* version "#101-Ubuntu SMP ..." or "#101~22.04.1-Ubuntu ...": the upload ends the package version. */
static bool parse_ubuntu(const char *release, const char *version, struct dg_level *l)
{
	const char *mark = strstr(version, "-Ubuntu"), *abi = after_dash(release);

	if (!mark || version[0] != '#' || !abi)
		return false;
	snprintf(l->vendor, sizeof(l->vendor), "ubuntu");
	snprintf(l->tl, sizeof(l->tl), "%.*s", number_len(abi), abi);
	snprintf(l->sp, sizeof(l->sp), "%.*s.%.*s", (int)(abi - release) + number_len(abi), release,
		 (int)(mark - version - 1), version + 1);
	return true;
}

/* "5.14.0-427.13.1.el9_4.x86_64"; before the first z-stream there is no "_4". */
static bool parse_rhel(const char *release, struct dg_level *l)
{
	const char *el = strstr(release, ".el"), *build = after_dash(release), *p;
	int major;

	if (!el || !build || build > el || !isdigit((unsigned char)el[3]))
		return false;
	p = el + 3;
	major = (int)strspn(p, "0123456789");
	/* "el8uek" is Oracle's own line, with levels of its own. */
	if (p[major] && !strchr("._+", p[major]))
		return false;
	snprintf(l->vendor, sizeof(l->vendor), "rhel");
	if (p[major] == '_' && isdigit((unsigned char)p[major + 1]))
		snprintf(l->tl, sizeof(l->tl), "%.*s.%.*s", major, p, (int)strspn(p + major + 1, "0123456789"),
			 p + major + 1);
	else
		snprintf(l->tl, sizeof(l->tl), "%.*s", major, p);
	snprintf(l->sp, sizeof(l->sp), "%.*s", (int)(el - build), build);
	return true;
}

/* "5.14.21-150500.55.52-default": 15, 05, 00 is SLE 15, patch level 5. */
static bool parse_suse(const char *release, struct dg_level *l)
{
	const char *p = after_dash(release);

	if (!p || strspn(p, "0123456789") != 6 || p[6] != '.')
		return false;
	snprintf(l->vendor, sizeof(l->vendor), "suse");
	snprintf(l->tl, sizeof(l->tl), "%.2s.%d", p, (p[2] - '0') * 10 + (p[3] - '0'));
	snprintf(l->sp, sizeof(l->sp), "%.*s", number_len(p + 7), p + 7);
	return true;
}

static void parse_mainline(const char *release, struct dg_level *l)
{
	unsigned int version = 0, patch = 0, sub = 0;

	snprintf(l->vendor, sizeof(l->vendor), "mainline");
	if (sscanf(release, "%5u.%5u.%5u", &version, &patch, &sub) < 2)
		return;
	snprintf(l->tl, sizeof(l->tl), "%u.%u", version, patch);
	snprintf(l->sp, sizeof(l->sp), "%u", sub);
}

void dg_level_parse(const char *release, const char *version, struct dg_level *ret)
{
	*ret = (struct dg_level){ 0 };
	if (parse_debian(release, version, ret) || parse_ubuntu(release, version, ret) || parse_rhel(release, ret) ||
	    parse_suse(release, ret))
		return;
	parse_mainline(release, ret);
}

static bool part_agrees(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	if (n == 0)
		return true;
	return strncmp(a, b, n) == 0 && (!a[n] || a[n] == '.') && (!b[n] || b[n] == '.');
}

bool dg_level_agree(const struct dg_level *a, const struct dg_level *b)
{
	return dg_streq(a->vendor, b->vendor) && part_agrees(a->tl, b->tl) && part_agrees(a->sp, b->sp);
}

void dg_level_format(const struct dg_level *l, char *buf, size_t size)
{
	snprintf(buf, size, "%s TL %s SP %s", l->vendor, *l->tl ? l->tl : "-", *l->sp ? l->sp : "-");
}
