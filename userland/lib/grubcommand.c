// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's commands, as far as what they do can be told from files; of the others what they leave unknown. */
#include "grubrun.h"

/* test, that is [ … ]. */

struct test {
	struct dg_grub *g;
	char **v;
	size_t i, n;
	size_t depth;
};

static enum truth either(struct test *t);

static enum truth compare(const char *a, const char *op, const char *b)
{
	static const char *const numeric[] = { "-eq", "-ne", "-lt", "-le", "-gt", "-ge" };
	int c = known(a) && known(b) ? strcmp(a, b) : 0;
	size_t i;

	if (!known(a) || !known(b))
		return UNSURE;
	if (dg_streq(op, "=") || dg_streq(op, "=="))
		return truth_of(c == 0);
	if (dg_streq(op, "!="))
		return truth_of(c != 0);
	for (i = 0; i < DG_ARRAY_SIZE(numeric) && !dg_streq(op, numeric[i]); i++)
		;
	if (i == DG_ARRAY_SIZE(numeric))
		return UNSURE;
	{
		long x = strtol(a, NULL, 0), y = strtol(b, NULL, 0);
		const bool is[] = { x == y, x != y, x<y, x <= y, x> y, x >= y };

		return truth_of(is[i]);
	}
}

static bool is_binary(const char *s)
{
	static const char *const ops[] = { "=",	  "==",	 "!=",	"<",   "<=",  ">",   ">=",   "-eq", "-ne",
					   "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-pgt", "-plt" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(ops); i++)
		if (strcmp(s, ops[i]) == 0)
			return true;
	return false;
}

static enum truth of_file(struct dg_grub *g, char op, const char *path)
{
	dg_auto_free char *text = NULL;
	size_t len;
	int r;

	if (op == 'd' || !known(path))
		return UNSURE;
	r = g->site.read(g->site.arg, path, &text, &len);
	if (r == -ENOMEM)
		dg_grub_fail(g, r);
	if (r < 0)
		return r == -ENOENT ? NO : UNSURE;
	return truth_of(op != 's' || len > 0);
}

static enum truth primary(struct test *t);

static enum truth operand(struct test *t)
{
	const char *a = t->v[t->i];

	if (t->i + 2 < t->n && is_binary(t->v[t->i + 1])) {
		t->i += 3;
		return compare(a, t->v[t->i - 2], t->v[t->i - 1]);
	}
	t->i++;
	if (strcmp(a, "!") == 0)
		return negate(primary(t));
	if (strcmp(a, "(") == 0) {
		enum truth r = either(t);

		t->i += t->i < t->n;
		return r;
	}
	if (a[0] == '-' && a[1] && !a[2] && strchr("nzdefs", a[1]) && t->i < t->n) {
		const char *b = t->v[t->i++];

		if (a[1] == 'n' || a[1] == 'z')
			return known(b) ? truth_of(!*b == (a[1] == 'z')) : UNSURE;
		return of_file(t->g, a[1], b);
	}
	return known(a) ? truth_of(*a) : UNSURE;
}

static enum truth primary(struct test *t)
{
	enum truth r;

	if (t->i >= t->n)
		return NO;
	if (t->depth >= DEPTH_MAX) {
		dg_grub_fail(t->g, -E2BIG);
		return UNSURE;
	}
	t->depth++;
	r = operand(t);
	t->depth--;
	return r;
}

static enum truth both(struct test *t)
{
	enum truth r = primary(t);

	while (t->i < t->n && strcmp(t->v[t->i], "-a") == 0) {
		enum truth b;

		t->i++;
		b = primary(t);
		r = r == NO || b == NO ? NO : r == UNSURE || b == UNSURE ? UNSURE : YES;
	}
	return r;
}

static enum truth either(struct test *t)
{
	enum truth r = both(t);

	while (t->i < t->n && strcmp(t->v[t->i], "-o") == 0) {
		enum truth b;

		t->i++;
		b = both(t);
		r = r == YES || b == YES ? YES : r == UNSURE || b == UNSURE ? UNSURE : NO;
	}
	return r;
}

/* Menus. */

void dg_grub_menu_free(struct dg_grub_menu *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].title);
		free(m->v[i].id);
		free(m->v[i].kernel);
	}
	free(m->v);
	*m = (struct dg_grub_menu){ 0 };
}

static struct dg_grub_entry *new_entry(struct dg_grub *g, enum mode mode)
{
	struct dg_grub_menu *m = g->menu;

	if (m->n >= ENTRIES_MAX || DG_GROW(m->v, m->n) < 0) {
		dg_grub_fail(g, m->n >= ENTRIES_MAX ? -E2BIG : -ENOMEM);
		return NULL;
	}
	m->v[m->n] = (struct dg_grub_entry){ .maybe = mode != RUN };
	return &m->v[m->n++];
}

/* Whatever this would have added to the menu, or set. */
static void opaque(struct dg_grub *g)
{
	(void)new_entry(g, MAYBE);
	dg_grub_set(g, RUN, "default", DG_GRUB_UNKNOWN);
}

int dg_grub_add(struct dg_grub *g, const char *title, const char *id, const char *kernel)
{
	struct dg_grub_entry *e = new_entry(g, RUN);

	if (!e)
		return g->err;
	e->title = strdup(title);
	e->id = strdup(id);
	e->kernel = strdup(kernel);
	if (!e->title || !e->id || !e->kernel)
		dg_grub_fail(g, -ENOMEM);
	return g->err;
}

static void menuentry(struct dg_grub *g, char **v, size_t n, struct dg_grub_text body, enum mode mode)
{
	static const char *const with_value[] = { "--class", "--users", "--hotkey", "--source", "--id" };
	const char *title = NULL, *id = NULL;
	struct dg_grub_entry *e = new_entry(g, mode);

	for (size_t i = 1; i < n; i++) {
		bool option = false;

		if (dg_startswith(v[i], "--id="))
			id = v[i] + strlen("--id=");
		for (size_t k = 0; k < DG_ARRAY_SIZE(with_value) && !option; k++)
			option = strcmp(v[i], with_value[k]) == 0;
		if (option && i + 1 < n) {
			if (strcmp(v[i], "--id") == 0)
				id = v[i + 1];
			i++;
		} else if (!title && !dg_startswith(v[i], "--")) {
			title = v[i];
		}
	}
	if (!e)
		return;
	if (!title)
		return dg_grub_fail(g, -EBADMSG);
	e->title = strdup(title);
	e->id = strdup(id ? id : title);
	e->p = body.p;
	e->end = body.end;
	e->submenu = strcmp(v[0], "submenu") == 0;
	if (!e->title || !e->id)
		dg_grub_fail(g, -ENOMEM);
}

/* Commands. */

static enum truth source(struct dg_grub *g, const char *path, bool instead, enum mode mode)
{
	struct dg_grub_text t;
	char *text;
	size_t len;
	int r = path && known(path) && !(instead && mode != RUN) ? g->site.read(g->site.arg, path, &text, &len)
								 : -ENODATA;

	if (r == -ENOENT)
		return NO;
	if (r < 0) {
		if (r == -ENOMEM)
			dg_grub_fail(g, r);
		opaque(g);
		return UNSURE;
	}
	if (!dg_grub_keep(g, text))
		return UNSURE;
	if (instead)
		dg_grub_menu_free(g->menu);
	t = (struct dg_grub_text){ text, text + len };
	(void)dg_grub_list(g, &t, mode, NULL, NULL);
	g->ended = g->ended || instead;
	return YES;
}

/* The file that -f FILE or --file=FILE names among the arguments, which @skip then says to pass over. */
static const char *file_option(char **v, size_t n, size_t *skip)
{
	for (size_t i = 1; i < n; i++) {
		if (dg_startswith(v[i], "--file=")) {
			*skip = i;
			return v[i] + strlen("--file=");
		}
		if ((dg_streq(v[i], "-f") || dg_streq(v[i], "--file")) && i + 1 < n) {
			*skip = i + 1;
			return v[i + 1];
		}
	}
	return NULL;
}

/* Another block than the one beside grub.cfg: on a disk, or in a partition of its own. */
static enum truth load_other(struct dg_grub *g, const char *path, struct dg_grubenv *env)
{
	dg_auto_free char *text = NULL;
	size_t len;
	int r = known(path) ? g->site.read(g->site.arg, path, &text, &len) : -ENODATA;

	if (r == 0)
		r = dg_grubenv_parse(text, len, env);
	if (r == -ENOMEM)
		dg_grub_fail(g, r);
	if (r == 0)
		return YES;
	if (r == -ENOENT || r == -EBADMSG)
		return NO;
	dg_grub_set(g, RUN, "saved_entry", DG_GRUB_UNKNOWN);
	dg_grub_set(g, RUN, "next_entry", DG_GRUB_UNKNOWN);
	return UNSURE;
}

static bool is_own_block(const struct dg_grub *g, const char *path)
{
	size_t n = strlen(g->site.prefix);

	return strncmp(path, g->site.prefix, n) == 0 && strcmp(path + n, "/grubenv") == 0;
}

/* Arguments other than options are the names it is for. */
static enum truth load_env(struct dg_grub *g, char **v, size_t n, enum mode mode)
{
	struct dg_grubenv other = { 0 };
	size_t skip = 0;
	const char *path = file_option(v, n, &skip);
	const struct dg_grubenv *env = path && !is_own_block(g, path) ? &other : g->env;
	enum truth r = env == &other ? load_other(g, path, &other) : YES;
	bool named = false;

	for (size_t i = 1; i < n && r == YES; i++) {
		const char *value = dg_grubenv_get(env, v[i]);

		if (*v[i] == '-' || i == skip)
			continue;
		named = true;
		if (value && *v[i])
			dg_grub_set(g, mode, v[i], value);
	}
	for (size_t k = 0; k < env->n && !named && r == YES; k++)
		if (*env->v[k].name)
			dg_grub_set(g, mode, env->v[k].name, env->v[k].value);
	dg_grubenv_free(&other);
	return r;
}

static enum truth save_env(struct dg_grub *g, char **v, size_t n, enum mode mode)
{
	size_t skip = 0;
	const char *path = file_option(v, n, &skip);

	if (path && !is_own_block(g, path))
		return UNSURE;
	for (size_t i = 1; i < n; i++) {
		const char *value;

		if (*v[i] == '-' || !*v[i] || i == skip)
			continue;
		value = dg_grubenv_get(&g->vars, v[i]);
		if (value && dg_grubenv_set(g->env, v[i], mode == RUN ? value : DG_GRUB_UNKNOWN) < 0)
			dg_grub_fail(g, -ENOMEM);
	}
	return YES;
}

/* increment and decrement, of Fedora's. */
static enum truth count(struct dg_grub *g, const char *name, int by, enum mode mode)
{
	const char *value = dg_grub_get(g, name);
	char text[32] = DG_GRUB_UNKNOWN;

	if (known(value))
		snprintf(text, sizeof(text), "%ld", (long)(int)strtol(value, NULL, 10) + by);
	dg_grub_set(g, mode, name, text);
	return YES;
}

/* What a command that asks the machine sets: --set=NAME, --set NAME, -s NAME, with a number and ':' before it. */
static enum truth ask_machine(struct dg_grub *g, char **v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const char *name = NULL, *colon;

		if (dg_startswith(v[i], "--set="))
			name = v[i] + strlen("--set=");
		else if ((dg_streq(v[i], "--set") || dg_streq(v[i], "-s") || dg_streq(v[0], "read")) && i + 1 < n)
			name = v[i + 1];
		else if (dg_streq(v[0], "read"))
			name = v[i];
		if (!name)
			continue;
		colon = strchr(name, ':');
		name = colon ? colon + 1 : name;
		if (*name)
			dg_grub_set(g, RUN, name, DG_GRUB_UNKNOWN);
	}
	return UNSURE;
}

static enum truth call(struct dg_grub *g, const struct dg_grub_function *f, char **v, size_t n, enum mode mode)
{
	char **args = g->args;
	size_t n_args = g->n_args;
	struct dg_grub_text t = f->body;
	enum truth r;

	g->args = v;
	g->n_args = n;
	r = dg_grub_list(g, &t, mode, NULL, NULL);
	g->args = args;
	g->n_args = n_args;
	g->ended = false;
	return r;
}

static bool is_one_of(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(s, *names) == 0)
			return true;
	return false;
}

static enum truth boots(struct dg_grub *g, const char *command, const char *file, enum mode mode)
{
	free(g->kernel);
	g->kernel = strdup(mode == RUN && file ? file : DG_GRUB_UNKNOWN);
	g->other = command;
	if (!g->kernel)
		dg_grub_fail(g, -ENOMEM);
	return YES;
}

/* The file among the arguments: options come before it. */
static const char *file_of(char **v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (*v[i] != '-')
			return v[i];
	return NULL;
}

static enum truth loads(struct dg_grub *g, char **v, size_t n, enum mode mode, bool *ret_is)
{
	static const char *const linuxes[] = { "linux", "linux16", "linuxefi", NULL };
	static const char *const xens[] = { "multiboot", "multiboot2", "xen_hypervisor", NULL };
	static const char *const modules[] = { "module", "module2", "xen_module", "xen_linux", NULL };
	static const char *const others[] = { "chainloader", "fwsetup",	 "exit",     "halt",	"reboot",
					      "ntldr",	     "freedos",	 "kfreebsd", "knetbsd", "kopenbsd",
					      "appleloader", "pxechain", NULL };

	*ret_is = true;
	if (is_one_of(v[0], linuxes))
		return boots(g, v[0], file_of(v, n), mode);
	if (is_one_of(v[0], xens)) {
		g->xen = true;
		return YES;
	}
	/* Under Xen the first module is the kernel. */
	if (is_one_of(v[0], modules))
		return g->xen && !g->kernel ? boots(g, v[0], file_of(v, n), mode) : YES;
	for (size_t i = 0; others[i]; i++)
		if (strcmp(v[0], others[i]) == 0) {
			g->other = others[i];
			return UNSURE;
		}
	*ret_is = false;
	return UNSURE;
}

static void assign(struct dg_grub *g, char *word, enum mode mode)
{
	char *value = strchr(word, '=');

	*value++ = '\0';
	dg_grub_set(g, mode, word, value);
}

static bool is_assignment(const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n && word[n] == '=';
}

enum truth dg_grub_command(struct dg_grub *g, char **v, size_t n, struct dg_grub_text body, enum mode mode)
{
	static const char *const menus[] = { "menuentry", "submenu", NULL };
	static const char *const unfollowed[] = { "eval",
						  "normal",
						  "legacy_configfile",
						  "syslinux_configfile",
						  "legacy_source",
						  "syslinux_source",
						  "extract_entries_source",
						  "extract_entries_configfile",
						  "extract_legacy_entries_source",
						  "uki",
						  "bls_import",
						  NULL };
	bool is;
	enum truth r;

	for (size_t i = g->n_functions; i-- > 0;)
		if (strcmp(g->functions[i].name, v[0]) == 0)
			return call(g, &g->functions[i], v, n, mode);
	if (strcmp(v[0], "[") == 0 || strcmp(v[0], "test") == 0) {
		struct test t = { .g = g, .v = v, .i = 1, .n = n };

		if (*v[0] == '[' && strcmp(v[n - 1], "]") == 0)
			t.n--;
		return either(&t);
	}
	if (is_assignment(v[0])) {
		assign(g, v[0], mode);
		return YES;
	}
	if (strcmp(v[0], "set") == 0) {
		if (n > 1 && is_assignment(v[1]))
			assign(g, v[1], mode);
		return YES;
	}
	if (strcmp(v[0], "unset") == 0) {
		for (size_t i = 1; i < n; i++)
			if (mode == RUN)
				(void)dg_grubenv_set(&g->vars, v[i], NULL);
			else
				dg_grub_set(g, mode, v[i], "");
		return YES;
	}
	if (strcmp(v[0], "true") == 0 || strcmp(v[0], "export") == 0)
		return YES;
	if (strcmp(v[0], "false") == 0)
		return NO;
	if (strcmp(v[0], "return") == 0) {
		if (mode != RUN)
			dg_grub_fail(g, -ENODATA);
		g->ended = true;
		return n > 1 ? truth_of(strcmp(v[1], "0") == 0) : YES;
	}
	if (is_one_of(v[0], menus)) {
		menuentry(g, v, n, body, mode);
		return YES;
	}
	if (strcmp(v[0], "source") == 0 || strcmp(v[0], ".") == 0 || strcmp(v[0], "configfile") == 0)
		return source(g, n > 1 ? v[1] : NULL, *v[0] == 'c', mode);
	if (strcmp(v[0], "load_env") == 0)
		return load_env(g, v, n, mode);
	if (strcmp(v[0], "save_env") == 0)
		return save_env(g, v, n, mode);
	if ((strcmp(v[0], "increment") == 0 || strcmp(v[0], "decrement") == 0) && n > 1)
		return count(g, v[1], *v[0] == 'i' ? 1 : -1, mode);
	if (strcmp(v[0], "blscfg") == 0) {
		int e = n == 1 && mode == RUN ? g->site.blscfg(g->site.arg, g) : 0;

		if (e < 0)
			dg_grub_fail(g, e);
		g->menu->blscfg = true;
		if (n > 1 || mode != RUN)
			opaque(g);
		return YES;
	}
	if (is_one_of(v[0], unfollowed)) {
		opaque(g);
		return UNSURE;
	}
	r = loads(g, v, n, mode, &is);
	return is ? r : ask_machine(g, v, n);
}
