// SPDX-License-Identifier: GPL-2.0-or-later
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/auxv.h>

int dg_grow(void *array, size_t n, size_t size)
{
	void **v = array;
	size_t want;
	void *p;

	if (n & (n - 1))
		return 0;
	if (__builtin_mul_overflow(n ? n * 2 : 1, size, &want))
		return -ENOMEM;
	p = realloc(*v, want);
	if (!p)
		return -ENOMEM;
	*v = p;
	return 0;
}

bool dg_startswith(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool dg_endswith(const char *s, const char *suffix)
{
	size_t a = strlen(s), b = strlen(suffix);

	return a >= b && memcmp(s + a - b, suffix, b) == 0;
}

char *dg_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

static int fold(char c)
{
	return c == '-' ? '_' : (unsigned char)c;
}

bool dg_modname_equal(const char *a, const char *b)
{
	if (!a || !b)
		return false;
	for (; fold(*a) == fold(*b); a++, b++)
		if (!*a)
			return true;
	return false;
}

void dg_modname_normalize(char *name)
{
	for (; *name; name++)
		*name = (char)fold(*name);
}

bool dg_modname_in(const char *const *names, const char *name)
{
	for (const char *const *n = names; n && *n; n++)
		if (dg_modname_equal(*n, name))
			return true;
	return !names;
}

static bool chars_valid(const char *s, const char *more)
{
	for (; *s; s++)
		if (!isascii(*s) || (!isalnum((unsigned char)*s) && !strchr(more, *s)))
			return false;
	return true;
}

bool dg_modname_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 56 && name[0] != '-' && chars_valid(name, "_-");
}

bool dg_release_valid(const char *release)
{
	size_t len = strlen(release);

	/* 64 is __NEW_UTS_LEN; what a kernel cannot be called is no release. */
	return len > 0 && len <= 64 && release[0] != '.' && chars_valid(release, "_-.+~:@");
}

/* dpkg's order of one character: '~' before the end, letters before the rest. */
static int rank(unsigned char c)
{
	if (c == '~')
		return -1;
	if (isdigit(c) || c == '\0')
		return 0;
	if (isalpha(c))
		return c;
	return c + 256;
}

int dg_version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int first = 0;

		while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
			int ra = rank((unsigned char)*a), rb = rank((unsigned char)*b);

			if (ra != rb)
				return ra < rb ? -1 : 1;
			a++;
			b++;
		}
		while (*a == '0')
			a++;
		while (*b == '0')
			b++;
		for (; isdigit((unsigned char)*a) && isdigit((unsigned char)*b); a++, b++)
			if (!first)
				first = *a - *b;
		if (isdigit((unsigned char)*a))
			return 1;
		if (isdigit((unsigned char)*b))
			return -1;
		if (first)
			return first < 0 ? -1 : 1;
	}
	return 0;
}

/* Another start in every process: names from a hostile file cannot be made to collide. */
static uint64_t hash_start = 0xcbf29ce484222325u;

__attribute__((constructor)) static void seed_hash(void)
{
	unsigned long random = getauxval(AT_RANDOM);
	uint64_t seed;

	if (!random)
		return;
	memcpy(&seed, (const void *)random, sizeof(seed));
	hash_start ^= seed;
}

uint32_t dg_symbol_hash_n(const char *name, size_t len)
{
	const uint64_t prime = 0x9e3779b97f4a7c15u;
	uint64_t h = hash_start ^ len, word;

	for (; len >= 8; name += 8, len -= 8) {
		memcpy(&word, name, 8);
		h = (h ^ word) * prime;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, name, len);
	h = (h ^ word) * prime;
	h ^= h >> 32;
	h *= prime;
	return (uint32_t)(h >> 32) | 1;
}

uint32_t dg_symbol_hash(const char *name)
{
	return dg_symbol_hash_n(name, strlen(name));
}

/* Whether each of eight bytes is 0x20 to 0x7e; now and then false where they are. */
static bool eight_printable(const char *p)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return !((v | (v - 0x20 * ones) | (v + ones)) & 0x80 * ones);
}

char *dg_printable(char *s)
{
	char *p = s, *end = s ? s + strlen(s) : NULL;

	while (p != end) {
		if (end - p >= 8 && eight_printable(p)) {
			p += 8;
			continue;
		}
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
		p++;
	}
	return s;
}

void dg_put_escaped(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c > 0x7e || c == '%')
			fprintf(f, "%%%02X", c);
		else
			fputc(c, f);
	}
}

bool dg_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned int c;

		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]) || sscanf(s + 1, "%2x", &c) != 1 ||
		    !c)
			return false;
		*to++ = (char)c;
		s += 2;
	}
	*to = '\0';
	return true;
}
