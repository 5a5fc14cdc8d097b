// SPDX-License-Identifier: GPL-2.0-or-later
#include "modconf.h"

#include <errno.h>
#include <fnmatch.h>

#include "fs.h"
#include "modprobe.h"

/* libkmod's places; a name found in an earlier one masks those in later ones. */
static const char *const dirs[] = { "/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
				    "/usr/lib/modprobe.d", "/lib/modprobe.d" };

struct file {
	char *name, *path;
};

struct reading {
	struct dg_modconf *to;
	const struct file *file;
	const char *text; /* of it, where a line's number is looked for; NULL: not read */
};

static int add(struct dg_modconf *c, enum dg_modconf_kind kind, char *name, char *where)
{
	if (!name || !where || DG_GROW(c->v, c->n) < 0) {
		free(name);
		free(where);
		return -ENOMEM;
	}
	c->v[c->n++] = (struct dg_modconf_rule){ .kind = kind, .name = name, .where = where };
	return 0;
}

/* The next word of a line, of at most @size - 1 bytes; "" at its end. */
static const char *word(const char *p, char *buf, size_t size)
{
	size_t n;

	p += strspn(p, " \t");
	n = strcspn(p, " \t\n");
	snprintf(buf, size, "%.*s", (int)n, p);
	return p + n;
}

/* Where libkmod read it, for people: 0 when a line is written in a way not looked for. */
static size_t line_of(const char *text, const char *verb, const char *name)
{
	size_t number = 1;

	for (const char *p = text; p; number++) {
		char a[16], b[256];

		(void)word(word(p, a, sizeof(a)), b, sizeof(b));
		if (dg_streq(a, verb) && dg_modname_equal(b, name))
			return number;
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return 0;
}

static int on_line(const char *name, const char *command, void *data)
{
	struct reading *r = data;
	size_t line = r->text ? line_of(r->text, command ? "install" : "blacklist", name) : 0;
	char number[24] = "";

	if (line)
		snprintf(number, sizeof(number), ":%zu", line);
	return add(r->to, command ? DG_MODCONF_INSTALL : DG_MODCONF_BLACKLIST, strdup(name),
		   dg_format("%s%s%s%s", r->file->path, number, command ? ": " : "",
			     command ? command + strspn(command, " \t") : ""));
}

static int read_one(struct dg_modconf *c, const struct file *f)
{
	struct reading r = { .to = c, .file = f };
	dg_auto_free void *text = NULL;
	size_t len;

	if (dg_file_read(f->path, 1 << 20, &text, &len) == 0)
		r.text = text;
	return dg_modprobe_config_each(f->path, on_line, &r);
}

static bool masked(const struct file *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (dg_streq(v[i].name, name))
			return true;
	return false;
}

/* Links are followed inside the root. A name whose file is not there masks all the same. */
static int add_file(const char *root, const char *dir, const char *name, struct file **v, size_t *n)
{
	dg_auto_free char *inside = dg_format("%s/%s", dir, name), *real = NULL;
	char *copy = strdup(name);

	if (!inside || !copy || DG_GROW(*v, *n) < 0) {
		free(copy);
		return -ENOMEM;
	}
	(void)dg_path_resolve(root, inside, &real);
	(*v)[(*n)++] = (struct file){ .name = copy, .path = dg_take(real) };
	return 0;
}

static int find_in(const char *root, const char *dir, struct file **v, size_t *n)
{
	bool holds = dg_streq(dir, "/run/modprobe.d");
	dg_auto_free char *path = dg_path_join(root, dir);
	char **names;
	int r = 0;

	if (!path || dg_dir_list(path, &names) < 0)
		return path ? 0 : -ENOMEM;
	for (char **name = names; *name && r == 0; name++)
		if (dg_endswith(*name, ".conf") && !masked(*v, *n, *name) &&
		    !(holds && dg_startswith(*name, "drvguard-")))
			r = add_file(root, dir, *name, v, n);
	dg_strv_free(names);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int read_files(const char *root, struct dg_modconf *c)
{
	struct file *v = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs) && r == 0; i++)
		r = find_in(root, dirs[i], &v, &n);
	/* The first install line counts, in libkmod's order. */
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		if (v[i].path)
			r = read_one(c, &v[i]);
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].path);
	}
	free(v);
	return r;
}

static int add_names(struct dg_modconf *c, enum dg_modconf_kind kind, char *names, const char *where)
{
	char *save = NULL;
	int r = 0;

	for (char *name = strtok_r(names, ",", &save); name && r == 0; name = strtok_r(NULL, ",", &save)) {
		/* The kernel compares its own byte for byte, libkmod in its spelling. */
		if (kind == DG_MODCONF_BLACKLIST)
			dg_modname_normalize(name);
		r = add(c, kind, strdup(name), strdup(where));
	}
	return r;
}

static void forget(struct dg_modconf *c, enum dg_modconf_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].kind != kind) {
			c->v[kept++] = c->v[i];
		} else {
			free(c->v[i].name);
			free(c->v[i].where);
		}
	c->n = kept;
}

/* Cut off the next parameter, as next_arg() of lib/cmdline.c: blanks in quotes do not end it. */
static char *next_parameter(char **at)
{
	char *start = *at + strspn(*at, " \t\n"), *to = start, *p = start;
	bool quoted = false;

	if (!*start)
		return NULL;
	for (; *p && (quoted || !strchr(" \t\n", *p)); p++)
		if (*p == '"')
			quoted = !quoted;
		else
			*to++ = *p;
	*at = *p ? p + 1 : p;
	*to = '\0';
	return start;
}

static int read_command_line(const char *root, struct dg_modconf *c)
{
	static const char modprobe[] = "modprobe.blacklist=", kernel[] = "module_blacklist=";
	dg_auto_free char *path = dg_path_join(root, "/proc/cmdline"), *line = NULL;
	bool for_init = false;
	char *at, *p;
	int r = path ? 0 : -ENOMEM;

	if (r < 0 || dg_file_read_line(path, &line) < 0)
		return r;
	for (at = line; r == 0 && (p = next_parameter(&at));) {
		char *value = strchr(p, '=');

		for_init |= dg_streq(p, "--");
		if (!value)
			continue;
		if (dg_startswith(p, modprobe))
			r = add_names(c, DG_MODCONF_BLACKLIST, value + 1, "modprobe.blacklist= of the command line");
		/* Of the kernel's own '-' is '_', and the last one counts. */
		for (char *name = p; name < value; name++)
			*name = *name == '-' ? '_' : *name;
		if (for_init || !dg_startswith(p, kernel))
			continue;
		forget(c, DG_MODCONF_KERNEL_BLACKLIST);
		r = add_names(c, DG_MODCONF_KERNEL_BLACKLIST, value + 1, "module_blacklist= of the command line");
	}
	return r;
}

int dg_modconf_read(const char *root, bool running, struct dg_modconf **ret)
{
	struct dg_modconf *c = calloc(1, sizeof(*c));
	int r = c ? read_files(root, c) : -ENOMEM;

	if (r == 0 && running)
		r = read_command_line(root, c);
	if (r < 0) {
		dg_modconf_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void dg_modconf_free(struct dg_modconf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].where);
	}
	free(c->v);
	free(c);
}

const struct dg_modconf_rule *dg_modconf_find(const struct dg_modconf *c, enum dg_modconf_kind kind, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct dg_modconf_rule *r = &c->v[i];

		if (r->kind == kind &&
		    (kind == DG_MODCONF_INSTALL ? fnmatch(r->name, name, 0) == 0 : dg_streq(r->name, name)))
			return r;
	}
	return NULL;
}
