// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level of a kernel, from macros of its tree where it has them, else from
 * its release and version strings.
 *
 * Knows how each vendor writes a release; hides it. userland/ has the same
 * rules in its own code, so that each checks the other.
 *
 * Locking: none, pure functions of their arguments. Context: module init.
 */
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "level.h"

#define DG_DIGITS	"0123456789"
#define DG_LEVEL_CHARS	DG_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"	\
			"abcdefghijklmnopqrstuvwxyz.+:~-"

/* Set all of it or, where it does not fit or has a stray character, none. */
static __printf(3, 4) void __init dg_set(char *buf, size_t size,
					 const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);

	if (len < 0 || len >= size || strspn(buf, DG_LEVEL_CHARS) != len)
		buf[0] = '\0';
}

#define DG_SET(_buf, ...) dg_set(_buf, sizeof(_buf), __VA_ARGS__)

/* How much of @s is "6.12.117": digits and dots, ended by a digit. */
static int __init dg_dotted(const char *s)
{
	int len = strspn(s, DG_DIGITS ".");

	while (len && s[len - 1] == '.')
		len--;
	return len;
}

/* What follows the version in a release: "56-amd64" of "6.1.0-56-amd64". */
static const char *__init dg_after_version(const char *release)
{
	int len = dg_dotted(release);

	return len && release[len] == '-' ? release + len + 1 : "";
}

/*
 * The ".el9" or ".el9_4" that stands as a word of its own in a release of
 * RHEL or its rebuilds; not ".el8uek", which is another kernel.
 */
static const char *__init dg_find_el(const char *release, int *ret_major_len,
				     int *ret_minor_len)
{
	const char *el = release;

	while ((el = strstr(el, ".el"))) {
		const char *p = el + 3;
		int major = strspn(p, DG_DIGITS), minor = 0;

		p += major;
		if (*p == '_') {
			minor = strspn(p + 1, DG_DIGITS);
			p += minor ? minor + 1 : 0;
		}
		if (major && (*p == '.' || *p == '+' || !*p)) {
			*ret_major_len = major;
			*ret_minor_len = minor;
			return el;
		}
		el += 3;
	}
	return NULL;
}

static bool __init dg_level_rhel(struct dg_level *level,
				 const struct dg_level_tree *tree,
				 const char *release, const char *version)
{
	const char *sp = dg_after_version(release);
	int major = 0, minor = 0;
	const char *el = dg_find_el(sp, &major, &minor);

	if (tree) {
		DG_SET(level->technology_level, "%s", tree->technology_level);
		if (tree->release) {
			sp = tree->release;
			el = strstr(sp, ".el") ?: sp + strlen(sp);
		}
	} else if (!el) {
		return false;
	} else if (minor) {
		DG_SET(level->technology_level, "%.*s.%.*s", major, el + 3,
		       minor, el + 3 + major + 1);
	} else {
		DG_SET(level->technology_level, "%.*s", major, el + 3);
	}

	if (el)
		DG_SET(level->service_pack, "%.*s", (int)(el - sp), sp);
	return true;
}

static bool __init dg_level_suse(struct dg_level *level,
				 const struct dg_level_tree *tree,
				 const char *release, const char *version)
{
	const char *sp = dg_after_version(release);
	/* "150500.": product 15, patch level 05, which Leap and SLE share. */
	bool product = strspn(sp, DG_DIGITS) == 6 && sp[6] == '.';

	if (tree)
		DG_SET(level->technology_level, "%s", tree->technology_level);
	else if (product && sp[0] != '0' && isdigit(sp[7]))
		DG_SET(level->technology_level, "%.2s.%d", sp,
		       (sp[2] - '0') * 10 + (sp[3] - '0'));
	else
		return false;

	if (product)
		sp += 7;
	DG_SET(level->service_pack, "%.*s", dg_dotted(sp), sp);
	return true;
}

/* "101~22.04.1" of "#101~22.04.1-Ubuntu SMP ...", and how long it is. */
static const char *__init dg_ubuntu_upload(const char *version, int *ret_len)
{
	const char *mark = strstr(version, "-Ubuntu");
	const char *upload = version + 1;

	if (version[0] != '#' || !isdigit(version[1]) || !mark)
		return NULL;
	if (strcspn(upload, " ") != mark - upload + strlen("-Ubuntu"))
		return NULL;
	*ret_len = mark - upload;
	return upload;
}

static bool __init dg_level_ubuntu(struct dg_level *level,
				   const struct dg_level_tree *tree,
				   const char *release, const char *version)
{
	int upload_len = 0;
	const char *upload = dg_ubuntu_upload(version, &upload_len);
	const char *abi = dg_after_version(release);
	int abi_len = strspn(abi, DG_DIGITS);

	if (!tree && !upload)
		return false;

	if (tree)
		DG_SET(level->technology_level, "%s", tree->technology_level);
	else
		DG_SET(level->technology_level, "%.*s", abi_len, abi);

	if (upload && abi_len)
		DG_SET(level->service_pack, "%.*s-%.*s.%.*s",
		       dg_dotted(release), release, abi_len, abi,
		       upload_len, upload);
	return true;
}

/* The version's package: "6.1.192-2" of "#1 SMP Debian 6.1.192-2 (date)". */
static const char *__init dg_debian_package(const char *version)
{
	static const char word[] __initconst = "Debian ";
	const char *at = version;

	while ((at = strstr(at, word))) {
		const char *package = at + sizeof(word) - 1;

		if ((at == version || at[-1] == ' ') && isdigit(*package))
			return package;
		at = package;
	}
	return NULL;
}

static bool __init dg_level_debian(struct dg_level *level,
				   const struct dg_level_tree *tree,
				   const char *release, const char *version)
{
	const char *package = dg_debian_package(version);
	const char *abi = dg_after_version(release);

	if (!package)
		return false;

	/* "6.1.0-56-amd64" to bookworm's own 6.1; since, "6.12.117+deb12-amd64". */
	if (isdigit(*abi))
		DG_SET(level->technology_level, "%.*s", dg_dotted(abi), abi);
	else
		DG_SET(level->technology_level, "%.*s", dg_dotted(release),
		       release);

	DG_SET(level->service_pack, "%.*s", (int)strcspn(package, " "),
	       package);
	return true;
}

static bool __init dg_level_mainline(struct dg_level *level,
				     const struct dg_level_tree *tree,
				     const char *release, const char *version)
{
	int major = strspn(release, DG_DIGITS), minor;
	const char *p = release + major;

	if (!major || *p != '.')
		return true;
	minor = strspn(p + 1, DG_DIGITS);
	if (!minor)
		return true;
	DG_SET(level->technology_level, "%.*s", major + 1 + minor, release);

	p += 1 + minor;
	if (p[0] == '.' && isdigit(p[1]))
		DG_SET(level->service_pack, "%.*s", (int)strspn(p + 1, DG_DIGITS),
		       p + 1);
	else
		DG_SET(level->service_pack, "0");
	return true;
}

/*
 * A rule says whether the kernel is its vendor's and, where it is, sets what it
 * can tell of the level. @tree is given where the tree's macros name the vendor.
 */
struct dg_level_rule {
	const char *vendor;
	bool (*parse)(struct dg_level *level, const struct dg_level_tree *tree,
		      const char *release, const char *version);
};

static const struct dg_level_rule dg_level_rules[] __initconst = {
	{ "rhel", dg_level_rhel },
	{ "suse", dg_level_suse },
	{ "ubuntu", dg_level_ubuntu },
	{ "debian", dg_level_debian },
	{ "mainline", dg_level_mainline },	/* takes whatever is left */
};

/**
 * dg_level_parse() - tell the level of a kernel
 * @ret_level: what was found; always set in full
 * @tree: what macros of the kernel's tree say; they come before the strings
 * @release: the release, as `uname -r` has it
 * @version: the version, as `uname -v` has it
 *
 * The strings may hold anything; a part of the level that they do not tell is
 * empty.
 */
void __init dg_level_parse(struct dg_level *ret_level,
			   const struct dg_level_tree *tree,
			   const char *release, const char *version)
{
	size_t i;

	memset(ret_level, 0, sizeof(*ret_level));
	for (i = 0; i < ARRAY_SIZE(dg_level_rules); i++) {
		const char *vendor = dg_level_rules[i].vendor;

		if (tree->vendor && strcmp(tree->vendor, vendor))
			continue;
		if (!dg_level_rules[i].parse(ret_level, tree->vendor ? tree : NULL,
					     release, version))
			continue;
		DG_SET(ret_level->vendor, "%s", vendor);
		return;
	}
}
