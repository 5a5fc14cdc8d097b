// SPDX-License-Identifier: GPL-2.0-or-later
#include "bls.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "fs.h"
#include "uki.h"

#define ENTRY_MAX ((size_t)64 << 10)
#define ENTRIES_MAX ((size_t)1024)

void dg_bls_entry_free(struct dg_bls_entry *e)
{
	char *const all[] = { e->id,	     e->file,	  e->path,   e->title,	e->version,
			      e->machine_id, e->sort_key, e->kernel, e->release };

	for (size_t i = 0; i < DG_ARRAY_SIZE(all); i++)
		free(all[i]);
	*e = (struct dg_bls_entry){ 0 };
}

void dg_bls_free(struct dg_bls *b)
{
	for (size_t i = 0; i < b->n; i++)
		dg_bls_entry_free(&b->v[i]);
	free(b->v);
	*b = (struct dg_bls){ 0 };
}

/* The last of a key counts. */
static int set(char **field, const char *value, size_t len)
{
	char *copy = strndup(value, len);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int parse_line(const char *line, size_t len, struct dg_bls_entry *e)
{
	const struct {
		const char *key;
		char **field;
	} keys[] = { { "title", &e->title },	   { "version", &e->version }, { "machine-id", &e->machine_id },
		     { "sort-key", &e->sort_key }, { "linux", &e->kernel },    { "efi", &e->kernel } };
	const char *end = line + len, *value;
	size_t n;

	while (line < end && isspace((unsigned char)*line))
		line++;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	for (n = 0; line + n < end && line[n] != ' ' && line[n] != '\t'; n++)
		;
	value = line + n;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	if (value == end || *line == '#')
		return 0;
	for (size_t i = 0; i < DG_ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == n && memcmp(keys[i].key, line, n) == 0)
			return set(keys[i].field, value, (size_t)(end - value));
	return 0;
}

int dg_bls_parse(const char *text, size_t len, struct dg_bls_entry *e)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		int r = parse_line(text, n, e);

		if (r < 0)
			return r;
		text += n + (newline != NULL);
	}
	return e->kernel ? 0 : -ENODATA;
}

static const char *number(const char *p, long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*p))
		return NULL;
	errno = 0;
	*ret = strtol(p, &end, 10);
	return errno || *ret > INT32_MAX ? NULL : end;
}

int dg_bls_name(struct dg_bls_entry *e)
{
	const char *plus = strrchr(e->file, '+'), *p = plus ? plus + 1 : NULL;
	long left = -1, done = 0;

	p = p ? number(p, &left) : NULL;
	if (p && *p == '-')
		p = number(p + 1, &done);
	free(e->id);
	/* Only right before the suffix. */
	if (p && (dg_streq(p, ".conf") || dg_streq(p, ".efi"))) {
		e->left = left;
		e->done = done;
		e->id = dg_format("%.*s%s", (int)(plus - e->file), e->file, p);
	} else {
		e->left = e->done = -1;
		e->id = strdup(e->file);
	}
	return e->id ? 0 : -ENOMEM;
}

static int read_unified(struct dg_bls_entry *e)
{
	dg_auto_close int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct dg_uki u;
	int r = fd < 0 ? -errno : dg_uki_read(fd, &u);

	if (r < 0)
		return r;
	e->unified = true;
	e->release = u.release;
	e->sort_key = u.sort_key;
	e->version = u.version;
	return 0;
}

static int read_text(struct dg_bls_entry *e)
{
	dg_auto_free void *data = NULL;
	size_t len;
	int r = dg_file_read(e->path, ENTRY_MAX, &data, &len);

	return r < 0 ? r : dg_bls_parse(data, len, e);
}

static int add(const char *dir, const char *file, bool unified, struct dg_bls *b)
{
	struct dg_bls_entry e = { .file = strdup(file), .path = dg_format("%s/%s", dir, file) };
	int r = e.file && e.path ? dg_bls_name(&e) : -ENOMEM;

	if (r == 0)
		r = unified ? read_unified(&e) : read_text(&e);
	if (r == 0)
		r = DG_GROW(b->v, b->n);
	if (r == 0)
		b->v[b->n++] = e;
	else
		dg_bls_entry_free(&e);
	return r == -ENOMEM ? r : 0;
}

int dg_bls_read(const char *dir, bool unified, struct dg_bls *b)
{
	char **names;
	int r = dg_dir_list(dir, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (char **n = names; *n && r == 0 && b->n < ENTRIES_MAX; n++) {
		size_t len = strlen(*n), suffix = unified ? 4 : 5;

		if (**n != '.' && len > suffix && strcasecmp(*n + len - suffix, unified ? ".efi" : ".conf") == 0 &&
		    (unified || !dg_startswith(*n, "auto-")))
			r = add(dir, *n, unified, b);
	}
	dg_strv_free(names);
	return r;
}

/* Orders. */

static int number_compare(const char **a, const char **b)
{
	size_t na, nb;
	int c;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = strspn(*a, "0123456789");
	nb = strspn(*b, "0123456789");
	c = na != nb ? (na > nb ? 1 : -1) : strncmp(*a, *b, na);
	*a += na;
	*b += nb;
	return c;
}

static size_t letters(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]))
		n++;
	return n;
}

/* Both go behind their letters; the longer of two that begin alike is the greater. */
static int letters_compare(const char **a, const char **b)
{
	size_t na = letters(*a), nb = letters(*b);
	int c = strncmp(*a, *b, na < nb ? na : nb);

	if (!c && na != nb)
		c = na > nb ? 1 : -1;
	*a += na;
	*b += nb;
	return c;
}

/* The specification's comparison of versions; bytes it does not know are passed over. */
static int version_compare(const char *a, const char *b)
{
	static const char order[] = "~-^.";

	if (!a || !b)
		return !!a - !!b;
	for (;;) {
		int c;

		while (*a && !isalnum((unsigned char)*a) && !strchr(order, *a))
			a++;
		while (*b && !isalnum((unsigned char)*b) && !strchr(order, *b))
			b++;
		if (*a == '~' || *b == '~') {
			if (*a != *b)
				return *a == '~' ? -1 : 1;
			a++, b++;
			continue;
		}
		if (!*a || !*b)
			return !!*a - !!*b;
		/* Of these the first is the lowest, and all lower than what else there is. */
		for (const char *o = order + 1; *o; o++)
			if (*a == *o || *b == *o) {
				if (*a != *b)
					return *a == *o ? -1 : 1;
				break;
			}
		if (strchr(order, *a)) {
			a++, b++;
			continue;
		}
		if (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
			if (!isdigit((unsigned char)*a) || !isdigit((unsigned char)*b))
				return isdigit((unsigned char)*a) ? 1 : -1;
			c = number_compare(&a, &b);
		} else {
			c = letters_compare(&a, &b);
		}
		if (c)
			return c > 0 ? 1 : -1;
	}
}

static int text_compare(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

int dg_bls_compare(const struct dg_bls_entry *a, const struct dg_bls_entry *b)
{
	int c = (a->left == 0) - (b->left == 0);

	if (!c)
		c = !a->sort_key - !b->sort_key;
	if (!c && a->sort_key) {
		c = strcmp(a->sort_key, b->sort_key);
		if (!c)
			c = text_compare(a->machine_id, b->machine_id);
		if (!c)
			c = -version_compare(a->version, b->version);
	}
	if (!c)
		c = -version_compare(a->id, b->id);
	if (c || a->left < 0 || b->left < 0)
		return c;
	return a->left != b->left ? (a->left > b->left ? -1 : 1) : (a->done > b->done) - (a->done < b->done);
}

/* RPM's comparison of versions. */
static int rpm_compare(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return 0;
	while (*a || *b) {
		int c;

		while (*a && !isalnum((unsigned char)*a) && *a != '~' && *a != '+')
			a++;
		while (*b && !isalnum((unsigned char)*b) && *b != '~' && *b != '+')
			b++;
		if (*a == '~' || *b == '~') {
			if (*a != *b)
				return *a == '~' ? -1 : 1;
			a++, b++;
			continue;
		}
		if (*a == '+' || *b == '+') {
			if (!*a || !*b)
				return *a ? 1 : -1;
			if (*a != *b)
				return *a == '+' ? -1 : 1;
			a++, b++;
			continue;
		}
		if (!*a || !*b)
			break;
		if (isdigit((unsigned char)*a) != isdigit((unsigned char)*b))
			return isdigit((unsigned char)*a) ? 1 : -1;
		if (isdigit((unsigned char)*a)) {
			c = number_compare(&a, &b);
		} else {
			c = letters_compare(&a, &b);
		}
		if (c)
			return c > 0 ? 1 : -1;
	}
	return !!*a - !!*b;
}

/* NAME-VERSION-RELEASE in place; with fewer parts the last are "". */
static void split(char *s, const char *part[3])
{
	char *release = strrchr(s, '-'), *version;

	part[0] = s;
	part[1] = part[2] = "";
	if (!release)
		return;
	*release = '\0';
	version = strrchr(s, '-');
	if (version) {
		*version = '\0';
		part[1] = version + 1;
		part[2] = release + 1;
	} else {
		part[1] = release + 1;
	}
}

int dg_bls_compare_grub(const struct dg_bls_entry *a, const struct dg_bls_entry *b)
{
	char na[256], nb[256];
	const char *pa[3], *pb[3];
	int c = 0;

	snprintf(na, sizeof(na), "%.*s", (int)(strlen(a->file) - 5), a->file);
	snprintf(nb, sizeof(nb), "%.*s", (int)(strlen(b->file) - 5), b->file);
	split(na, pa);
	split(nb, pb);
	for (size_t i = 0; i < 3 && !c; i++)
		c = -rpm_compare(pa[i], pb[i]);
	return c;
}

void dg_bls_sort(struct dg_bls *b, int (*compare)(const struct dg_bls_entry *a, const struct dg_bls_entry *b2))
{
	for (size_t i = 1; i < b->n; i++)
		for (size_t k = i; k && compare(&b->v[k - 1], &b->v[k]) > 0; k--) {
			struct dg_bls_entry e = b->v[k];

			b->v[k] = b->v[k - 1];
			b->v[k - 1] = e;
		}
}
