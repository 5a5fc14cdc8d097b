// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libinih splits the lines; sections are followed here, in the reader that
 * feeds it, because it keeps quiet about a section that comes twice or has no
 * keys.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <sys/stat.h>

#include "fs.h"

#define DEFAULT_KEEP 2
#define DEFAULT_STORE "/usr/lib/drvguard"
/* Of one file: past that it is no configuration. */
#define MOST_PROBLEMS 20
#define FILE_MOST ((size_t)64 << 10)

enum section { NONE, GENERAL, PRODUCT, DRIVER, UNKNOWN };

struct reading {
	struct dg_config *config;
	const char *file;
	FILE *stream;
	int line;
	size_t n_problems;
	enum section section; /* what the lines now read belong to, the last of its kind */
	int error;
};

static void problem(struct reading *r, int line, const char *cure, const char *what, const char *about)
{
	struct dg_diag d;
	char where[256];

	snprintf(where, sizeof(where), "%s:%d", r->file, line);
	if (r->n_problems++ < MOST_PROBLEMS) {
		if (*about)
			dg_diag_set(&d, 0, where, cure, "%s '%s'", what, about);
		else
			dg_diag_set(&d, 0, where, cure, "%s", what);
		dg_diags_add(&r->config->problems, &d);
	}
	if (r->section == PRODUCT)
		r->config->products[r->config->n_products - 1].bad = true;
	if (r->section == DRIVER)
		r->config->drivers[r->config->n_drivers - 1].bad = true;
}

static void add_product(struct reading *r, const char *name)
{
	struct dg_config *c = r->config;

	if (DG_GROW(c->products, c->n_products) < 0) {
		r->error = -ENOMEM;
		return;
	}
	c->products[c->n_products++] = (struct dg_product){ .name = strdup(name),
							    .group_all = true,
							    .origin = dg_format("%s:%d", r->file, r->line) };
	r->section = PRODUCT;
	for (size_t i = 0; i + 1 < c->n_products; i++)
		if (dg_streq(c->products[i].name, name)) {
			c->products[i].bad = true;
			problem(r, r->line, "keep one of the two; neither is used now", "second [product] section",
				name);
		}
}

static void add_driver(struct reading *r, char *name)
{
	struct dg_config *c = r->config;

	if (DG_GROW(c->drivers, c->n_drivers) < 0) {
		r->error = -ENOMEM;
		return;
	}
	dg_modname_normalize(name);
	c->drivers[c->n_drivers++] =
		(struct dg_driver){ .name = strdup(name), .origin = dg_format("%s:%d", r->file, r->line) };
	r->section = DRIVER;
	if (!dg_modname_valid(name))
		problem(r, r->line, "name it as lsmod does", "no module can have the name", name);
	for (size_t i = 0; i + 1 < c->n_drivers; i++)
		if (dg_streq(c->drivers[i].name, name)) {
			c->drivers[i].bad = true;
			problem(r, r->line, "keep one of the two sections; neither is used now",
				"driver named twice:", name);
		}
}

static void begin_section(struct reading *r, char *text)
{
	char *end = strchr(text, ']'), *name;

	r->section = UNKNOWN;
	if (!end) {
		problem(r, r->line, "end it with ']'", "unfinished section", text);
		return;
	}
	*end = '\0';
	name = strchr(text, ' ');
	if (name) {
		*name++ = '\0';
		name += strspn(name, " \t");
	}
	if (dg_streq(text, "drvguard") && !name)
		r->section = GENERAL;
	else if (dg_streq(text, "product") && name && *name)
		add_product(r, name);
	else if (dg_streq(text, "driver") && name && *name)
		add_driver(r, name);
	else
		problem(r, r->line, "the sections are [drvguard], [product NAME] and [driver NAME]", "unknown section",
			text);
}

/* fgets for libinih, which also tells us where sections begin. */
static char *next_line(char *buf, int size, void *data)
{
	struct reading *r = data;
	bool overlong;
	const char *p;

	if (r->n_problems >= MOST_PROBLEMS || !fgets(buf, size, r->stream))
		return NULL;
	r->line++;
	/* Taken whole, or libinih would read its rest as lines of their own. */
	overlong = !strchr(buf, '\n') && !feof(r->stream);
	for (int c = 0; overlong && c != '\n' && c != EOF;)
		c = fgetc(r->stream);
	/* To libinih an indented line goes on with the value before it; here it is a line like any other. */
	p = buf;
	if (r->line == 1 && dg_startswith(p, "\xef\xbb\xbf"))
		p += 3; /* a byte order mark, from some editors */
	p += strspn(p, " \t\r\n");
	memmove(buf, p, strlen(p) + 1);
	p = buf;
	if (overlong && *p != ';' && *p != '#')
		problem(r, r->line, "shorten it to 190 characters", "line too long", "");
	if (overlong)
		*buf = ';'; /* what there is of it says nothing */
	else if (*p && !strchr(";#[", *p) && !strpbrk(p, "=:"))
		problem(r, r->line, "write it as key = value", "line not understood", "");
	if (*p == '[') {
		dg_auto_free char *copy = strdup(p + 1);

		if (copy)
			begin_section(r, copy);
	}
	return buf;
}

static bool set_once(char **field, const char *value)
{
	if (*field)
		return false;
	*field = strdup(value);
	return true;
}

static bool set_word(int *field, const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (dg_streq(value, words[i])) {
			*field = i;
			return true;
		}
	return false;
}

static const char *set_path(char **field, const char *value)
{
	size_t len = strlen(value);

	if (value[0] != '/' || strstr(value, "/../") || dg_endswith(value, "/.."))
		return "give an absolute path without '..'";
	if (!set_once(field, value))
		return "give it once";
	while (len > 1 && (*field)[len - 1] == '/')
		(*field)[--len] = '\0';
	return NULL;
}

/* NULL: taken. Else the cure, "" for a key there is not. */
static const char *set_general(struct dg_config *c, const char *key, const char *value)
{
	static const char *const guards[] = { "off", "permissive", "enforce", NULL };
	static const char *const gates[] = { "no", "yes", NULL };
	int gate = c->gate, guard = c->guard;
	char *end;
	unsigned long n;

	if (dg_streq(key, "store"))
		return set_path(&c->store, value);
	if (dg_streq(key, "gate")) {
		if (!set_word(&gate, value, gates))
			return "it is yes or no";
		c->gate = gate;
		return NULL;
	}
	if (dg_streq(key, "guard")) {
		if (!set_word(&guard, value, guards))
			return "it is off, permissive or enforce";
		c->guard = (enum dg_guard_use)guard;
		return NULL;
	}
	if (!dg_streq(key, "keep"))
		return "";
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || n > 1000)
		return "it is a number from 0 to 1000";
	c->keep = (unsigned int)n;
	return NULL;
}

static const char *set_product(struct dg_product *p, const char *key, const char *value)
{
	static const char *const requires[] = { "kabi", "exact", NULL }, *const groups[] = { "each", "all", NULL };
	int n = p->require, all = p->group_all;

	if (dg_streq(key, "depot"))
		return set_path(&p->depot, value);
	if (dg_streq(key, "group")) {
		if (!set_word(&all, value, groups))
			return "it is all or each";
		p->group_all = all;
		return NULL;
	}
	if (!dg_streq(key, "require"))
		return "";
	if (!set_word(&n, value, requires))
		return "it is kabi or exact";
	p->require = (enum dg_require)n;
	return NULL;
}

static const char *set_driver(struct dg_driver *d, const char *key, const char *value)
{
	static const char *const loads[] = { "auto", "never", NULL }, *const answers[] = { "no", "yes", NULL };
	int n = d->load, boot = d->boot;

	if (dg_streq(key, "product"))
		return set_once(&d->product_name, value) ? NULL : "give it once";
	if (dg_streq(key, "path")) {
		const char *cure = set_path(&d->path, value);

		return cure || dg_endswith(value, ".ko") ? cure : "name the driver's file, which ends in .ko";
	}
	if (dg_streq(key, "boot")) {
		if (!set_word(&boot, value, answers))
			return "it is yes or no";
		d->boot = boot;
		return NULL;
	}
	if (!dg_streq(key, "load"))
		return "";
	if (!set_word(&n, value, loads))
		return "it is auto or never";
	d->load = (enum dg_load)n;
	return NULL;
}

static int on_value(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	struct dg_config *c = r->config;
	const char *cure = NULL;

	(void)section;
	switch (r->section) {
	case GENERAL:
		cure = set_general(c, key, value);
		break;
	case PRODUCT:
		cure = set_product(&c->products[c->n_products - 1], key, value);
		break;
	case DRIVER:
		cure = set_driver(&c->drivers[c->n_drivers - 1], key, value);
		break;
	case NONE:
		problem(r, r->line, "put it under [drvguard], [product NAME] or [driver NAME]",
			"outside any section:", key);
		break;
	case UNKNOWN:
		break;
	}
	if (cure && *cure)
		problem(r, r->line, cure, "bad value of", key);
	else if (cure)
		problem(r, r->line, "correct or remove it; drvguard.conf(5) lists the keys", "unknown key", key);
	return 1;
}

static int read_file(struct dg_config *c, const char *path, const char *shown)
{
	struct reading r = { .config = c, .file = shown };
	dg_auto_fclose FILE *stream = NULL;
	dg_auto_free void *data = NULL;
	size_t len;
	int bad = dg_file_read(path, FILE_MOST, &data, &len);

	if (bad < 0)
		return bad;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char *)data)[i] < ' ' && !memchr("\t\n\r", ((char *)data)[i], 3))
			return -EBADMSG;
	if (!len)
		return 0;
	stream = r.stream = fmemopen(data, len, "r");
	if (!stream)
		return -errno;
	bad = ini_parse_stream(next_line, &r, on_value, &r);
	if (bad < 0)
		return -ENOMEM;
	/* A line that it did not take was told when it was read, with the section it stands in. */
	return r.error;
}

/* A link to /dev/null in /etc masks a vendor's file, as elsewhere. */
static bool is_null(const char *path)
{
	dg_auto_free char *text = NULL;

	return dg_link_get(path, &text) == 0 && dg_streq(text, "/dev/null");
}

/* What is there and cannot be used is a problem told; the rest is served. */
static int tell_unread(struct dg_config *c, const char *shown, int r)
{
	struct dg_diag d;

	if (r == -ENOMEM)
		return r;
	if (r == -EBADMSG)
		dg_diag_set(&d, r, shown, "restore it from the package", "is not text");
	else
		dg_diag_errno(&d, r, shown, "read");
	dg_diags_add(&c->problems, &d);
	return 0;
}

static int read_optional(struct dg_config *c, const char *path, const char *shown, bool listed)
{
	int r = read_file(c, path, shown);

	return r == 0 || (r == -ENOENT && !listed) ? 0 : tell_unread(c, shown, r);
}

/* Not there at all, nor anything else in its place. */
static bool is_nowhere(const char *path, int r)
{
	struct stat st;

	return r == -ENOENT || (r == -ENOTDIR && lstat(path, &st) < 0);
}

static char *shown_as(const char *root, const char *inside)
{
	return dg_format("%s%s", dg_streq(root, "/") ? "" : root, inside);
}

/* One listed file: read where the root has it, told of by the name it has there. */
static int read_dropin(struct dg_config *c, const char *root, const char *dir, const char *name)
{
	dg_auto_free char *inside = dg_format("%s/%s", dir, name);
	dg_auto_free char *real = inside ? dg_path_join(root, inside) : NULL;
	dg_auto_free char *shown = inside ? shown_as(root, inside) : NULL;

	if (!real || !shown)
		return -ENOMEM;
	return is_null(shown) ? 0 : read_optional(c, real, shown, true);
}

static int read_dropins(struct dg_config *c, const char *root)
{
	static const char *const dirs[] = { "/usr/lib/drvguard/drivers.d", "/etc/drvguard/drivers.d" };
	dg_auto_free char *admin = dg_path_join(root, dirs[1]);
	int r = admin ? 0 : -ENOMEM;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		dg_auto_free char *dir = dg_path_join(root, dirs[i]), *shown = shown_as(root, dirs[i]);
		char **names;
		int listed = dir && shown ? dg_dir_list(dir, &names) : -ENOMEM;

		if (listed < 0) {
			r = is_nowhere(shown, listed) ? 0 : tell_unread(c, shown, listed);
			continue;
		}
		for (char **n = names; *n && r == 0; n++) {
			dg_auto_free char *mask = dg_format("%s/%s", admin, *n);

			/* A file in /etc masks the one of its name in /usr/lib. */
			if (mask && dg_endswith(*n, ".conf") &&
			    (i == 1 || faccessat(AT_FDCWD, mask, F_OK, AT_SYMLINK_NOFOLLOW) < 0))
				r = read_dropin(c, root, dirs[i], *n);
		}
		dg_strv_free(names);
	}
	return r;
}

static void drop_problem(struct dg_config *c, const struct dg_driver *d, const char *cure, const char *what,
			 const char *about)
{
	struct dg_diag diag;

	dg_diag_set(&diag, 0, d->origin, cure, "driver %s: %s%s", d->name, what, about);
	dg_diags_add(&c->problems, &diag);
}

static void free_driver(struct dg_driver *d)
{
	free(d->name);
	free(d->product_name);
	free(d->path);
	free(d->origin);
}

static const struct dg_product *find_product(const struct dg_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_products; i++)
		if (dg_streq(c->products[i].name, name))
			return &c->products[i];
	return NULL;
}

/* Products resolved; drivers that cannot be served dropped. */
static void resolve(struct dg_config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_drivers; i++) {
		struct dg_driver *d = &c->drivers[i];

		d->product = find_product(c, d->product_name);
		for (size_t x = 0; x < kept && d->path && !d->bad; x++)
			if (dg_streq(c->drivers[x].path, d->path)) {
				drop_problem(c, d, "give each its own", "has the path of driver ", c->drivers[x].name);
				d->bad = true;
			}
		if (!d->bad) {
			d->bad = true;
			if (!d->product_name)
				drop_problem(c, d, "add product = NAME", "has no product", "");
			else if (!d->product)
				drop_problem(c, d, "add a [product] section of that name", "no product ",
					     d->product_name);
			else if (!d->product->depot && !d->product->bad)
				drop_problem(c, d, "add depot = PATH to its product", "no depot in product ",
					     d->product_name);
			else
				d->bad = d->product->bad;
		}
		if (d->bad)
			free_driver(d);
		else
			c->drivers[kept++] = *d;
	}
	c->n_drivers = kept;
}

int dg_config_read(const char *root, const char *file, struct dg_config **ret, struct dg_diag *d)
{
	dg_auto(dg_config_freep) struct dg_config *c = calloc(1, sizeof(*c));
	dg_auto_free char *main_file = dg_path_join(root, "/etc/drvguard/drvguard.conf");
	int r;

	if (!c || !main_file)
		return -ENOMEM;
	c->keep = DEFAULT_KEEP;
	c->guard = DG_GUARD_PERMISSIVE;
	if (file) {
		r = read_file(c, file, file);
		if (r == -EBADMSG)
			return dg_diag_set(d, r, file, "name a drvguard.conf(5)", "is not text");
		if (r < 0)
			return dg_diag_errno(d, r, file, "read");
	} else {
		r = read_optional(c, main_file, main_file, false);
		if (r == 0)
			r = read_dropins(c, root);
	}
	if (r == 0 && !c->store && !(c->store = strdup(DEFAULT_STORE)))
		r = -ENOMEM;
	if (r < 0)
		return r;
	resolve(c);
	*ret = dg_take(c);
	return 0;
}

void dg_config_free(struct dg_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_products; i++) {
		free(c->products[i].name);
		free(c->products[i].depot);
		free(c->products[i].origin);
	}
	for (size_t i = 0; i < c->n_drivers; i++)
		free_driver(&c->drivers[i]);
	free(c->products);
	free(c->drivers);
	free(c->store);
	dg_diags_free(&c->problems);
	free(c);
}

void dg_config_freep(struct dg_config **c)
{
	dg_config_free(*c);
}

const struct dg_driver *dg_config_driver(const struct dg_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_drivers; i++)
		if (dg_modname_equal(c->drivers[i].name, name))
			return &c->drivers[i];
	return NULL;
}
