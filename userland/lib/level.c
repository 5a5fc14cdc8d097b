// SPDX-License-Identifier: GPL-2.0-or-later
#include "level.h"

#include <ctype.h>
#include <stdarg.h>

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

/* All of it or, where it does not fit or has a stray character, none: a part cut short would be another level. */
DG_PRINTF(3, 4)
static void set(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, size, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= size)
		buf[0] = '\0';
	for (const char *p = buf; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".+:~-", *p)) {
			buf[0] = '\0';
			return;
		}
}

#define SET(buf, ...) set(buf, sizeof(buf), __VA_ARGS__)

/* "6.1.192-2 (date)" behind the word "Debian "; NULL: it is no package of theirs. */
static const char *debian_package(const char *version)
{
	for (const char *at = version; (at = strstr(at, "Debian ")); at++)
		if ((at == version || at[-1] == ' ') && isdigit((unsigned char)at[7]))
			return at + 7;
	return NULL;
}

static bool parse_debian(const char *release, const char *version, struct dg_level *l)
{
	const char *package = debian_package(version), *abi = after_dash(release);

	/* Its newer names tell it even where the version is not known. */
	if (!package && (*version || !strstr(release, "+deb")))
		return false;
	SET(l->vendor, "debian");
	if (strstr(release, "+deb") || !abi)
		SET(l->tl, "%.*s", number_len(release), release);
	else
		SET(l->tl, "%.*s", number_len(abi), abi);
	if (package)
		SET(l->sp, "%.*s", (int)strcspn(package, " "), package);
	return true;
}

/* version "#101-Ubuntu SMP ..." or "#101~22.04.1-Ubuntu ...": the upload ends the package version. */
static bool parse_ubuntu(const char *release, const char *version, struct dg_level *l)
{
	const char *mark = strstr(version, "-Ubuntu"), *abi = after_dash(release);

	if (!mark || version[0] != '#' || !isdigit((unsigned char)version[1]) || !abi ||
	    strcspn(version, " ") != (size_t)(mark - version) + strlen("-Ubuntu"))
		return false;
	SET(l->vendor, "ubuntu");
	SET(l->tl, "%.*s", number_len(abi), abi);
	SET(l->sp, "%.*s.%.*s", (int)(abi - release) + number_len(abi), release, (int)(mark - version - 1),
	    version + 1);
	return true;
}

/* The ".el9" or ".el9_4" that is a word of its own; "el8uek" is Oracle's own line, with levels of its own. */
static const char *find_el(const char *s, int *ret_major, int *ret_minor)
{
	for (const char *el = s; (el = strstr(el, ".el")); el += 3) {
		int major = (int)strspn(el + 3, "0123456789"), minor = 0;
		const char *p = el + 3 + major;

		if (*p == '_')
			minor = (int)strspn(p + 1, "0123456789");
		p += minor ? minor + 1 : 0;
		if (major && (!*p || *p == '.' || *p == '+')) {
			*ret_major = major;
			*ret_minor = minor;
			return el;
		}
	}
	return NULL;
}

/* "5.14.0-427.13.1.el9_4.x86_64"; before the first z-stream there is no "_4". */
static bool parse_rhel(const char *release, struct dg_level *l)
{
	int len = number_len(release), major, minor;
	const char *build = release + len + 1, *el;

	if (!len || release[len] != '-' || !(el = find_el(build, &major, &minor)))
		return false;
	SET(l->vendor, "rhel");
	if (minor)
		SET(l->tl, "%.*s.%.*s", major, el + 3, minor, el + 4 + major);
	else
		SET(l->tl, "%.*s", major, el + 3);
	SET(l->sp, "%.*s", (int)(el - build), build);
	return true;
}

/* "5.14.21-150500.55.52-default": 15, 05, 00 is SLE 15, patch level 5. */
static bool parse_suse(const char *release, struct dg_level *l)
{
	const char *p = after_dash(release);

	if (!p || *p == '0' || strspn(p, "0123456789") != 6 || p[6] != '.' || !isdigit((unsigned char)p[7]))
		return false;
	SET(l->vendor, "suse");
	SET(l->tl, "%.2s.%d", p, (p[2] - '0') * 10 + (p[3] - '0'));
	SET(l->sp, "%.*s", number_len(p + 7), p + 7);
	return true;
}

static void parse_mainline(const char *release, struct dg_level *l)
{
	size_t major = strspn(release, "0123456789"), minor;
	const char *p = release + major;

	SET(l->vendor, "mainline");
	minor = *p == '.' ? strspn(p + 1, "0123456789") : 0;
	if (!major || !minor)
		return;
	SET(l->tl, "%.*s", (int)(major + 1 + minor), release);
	p += 1 + minor;
	if (p[0] == '.' && isdigit((unsigned char)p[1]))
		SET(l->sp, "%.*s", (int)strspn(p + 1, "0123456789"), p + 1);
	else
		SET(l->sp, "0");
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
