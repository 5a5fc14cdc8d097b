// SPDX-License-Identifier: GPL-2.0-or-later
#include "grubscript.h"

#include <ctype.h>
#include <errno.h>

/* Above these it is no grub.cfg, or one that does not end. */
#define WORD_MAX ((size_t)4096)
#define DEPTH_MAX 48
#define ENTRIES_MAX ((size_t)4096)
#define VARS_MAX ((size_t)1024)
#define TEXTS_MAX ((size_t)16)
#define BUDGET ((size_t)4 << 20)  /* bytes gone through and made, those of loops each time */
#define COMMAND_COST ((size_t)64) /* of it */

enum mode { SKIP, MAYBE, RUN };
enum truth { NO, YES, UNSURE };

struct text {
	const char *p, *end;
};

struct entry {
	char *title, *id;    /* NULL title: what was added here cannot be told */
	const char *p, *end; /* its commands; NULL: none, ->kernel is known */
	char *kernel;
	bool submenu, maybe;
};

struct menu {
	struct entry *v;
	size_t n;
	bool blscfg;
};

struct function {
	char *name;
	struct text body;
};

struct dg_grub {
	struct dg_grub_site site;
	struct dg_grubenv vars, *env;
	struct menu main, *menu; /* ->menu: the one entries are added to now */
	struct function *functions;
	size_t n_functions;
	char **texts; /* every file that was run: what is to be run later lies in them */
	size_t n_texts;
	char **args; /* of the function that runs; [0] is its name */
	size_t n_args;
	char *kernel;	   /* what the entry that runs gives to linux */
	const char *other; /* or else the command by which it boots something else */
	bool xen, ended;   /* ->ended: what follows is not run */
	size_t used, depth;
	int err;
	char word[WORD_MAX + 1]; /* the one that is being read: no other is meanwhile */
};

static enum truth list(struct dg_grub *g, struct text *t, enum mode mode, const char *const *ends, int *ret_end);

static void fail(struct dg_grub *g, int err)
{
	if (!g->err)
		g->err = err;
}

static bool known(const char *s)
{
	return !strchr(s, DG_GRUB_UNKNOWN[0]);
}

/* Variables. */

static void set_var(struct dg_grub *g, enum mode mode, const char *name, const char *value)
{
	const char *old = dg_grubenv_get(&g->vars, name);

	if (mode == MAYBE && !dg_streq(old ? old : "", value))
		value = DG_GRUB_UNKNOWN;
	if ((!old && g->vars.n >= VARS_MAX) || !*name)
		fail(g, *name ? -E2BIG : -EBADMSG);
	else if (dg_grubenv_set(&g->vars, name, value) < 0)
		fail(g, -ENOMEM);
}

static const char *get_var(const struct dg_grub *g, const char *name)
{
	const char *value;

	if (isdigit((unsigned char)*name)) {
		size_t i = strtoul(name, NULL, 10);

		return i < g->n_args ? g->args[i] : "";
	}
	if (strchr("?#*@", *name))
		return DG_GRUB_UNKNOWN;
	value = dg_grubenv_get(&g->vars, name);
	return value ? value : "";
}

/* Words. */

struct words {
	char **v;
	size_t n;
	size_t len; /* of the word that is being read, in dg_grub.word */
	bool begun;
};

static void word_byte(struct dg_grub *g, struct words *w, char c)
{
	w->begun = true;
	if (w->len < WORD_MAX)
		g->word[w->len++] = c;
	else
		g->word[WORD_MAX - 1] = DG_GRUB_UNKNOWN[0];
}

static void word_end(struct dg_grub *g, struct words *w)
{
	char *word;

	if (!w->begun)
		return;
	word = strndup(g->word, w->len);
	if (!word || DG_GROW(w->v, w->n) < 0) {
		free(word);
		fail(g, -ENOMEM);
	} else {
		w->v[w->n++] = word;
	}
	g->used += w->len;
	w->len = 0;
	w->begun = false;
}

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
}

/* A value without quotes is split at its blanks. */
static void expand(struct dg_grub *g, struct words *w, const char *name, bool quoted)
{
	for (const char *p = get_var(g, name); *p; p++)
		if (quoted || !isspace((unsigned char)*p))
			word_byte(g, w, *p);
		else
			word_end(g, w);
}

/* What follows a '$'; @w NULL: only passed over. */
static void variable(struct dg_grub *g, struct text *t, struct words *w, bool quoted)
{
	char name[64] = "";
	size_t n = 0;
	bool braced = t->p < t->end && *t->p == '{';

	t->p += braced;
	if (t->p < t->end && strchr("?#*@", *t->p)) {
		name[n++] = *t->p++;
	} else {
		bool digits = t->p < t->end && isdigit((unsigned char)*t->p);

		for (; t->p < t->end &&
		       (digits ? isdigit((unsigned char)*t->p) : isalnum((unsigned char)*t->p) || *t->p == '_');
		     t->p++)
			if (n + 1 < sizeof(name))
				name[n++] = *t->p;
	}
	if (braced) {
		if (t->p == t->end || *t->p != '}')
			fail(g, -EBADMSG);
		else
			t->p++;
	}
	name[n] = '\0';
	if (w && n)
		expand(g, w, name, quoted);
	else if (w && !braced)
		word_byte(g, w, '$');
}

static void put(struct dg_grub *g, struct words *w, char c)
{
	if (w)
		word_byte(g, w, c);
}

static void quotes(struct dg_grub *g, struct text *t, struct words *w)
{
	char quote = *t->p++;

	if (w)
		w->begun = true;
	while (t->p < t->end && *t->p != quote) {
		char c = *t->p++;

		if (quote == '"' && c == '$') {
			variable(g, t, w, true);
		} else if (quote == '"' && c == '\\' && t->p < t->end && strchr("$\"\\\n", *t->p)) {
			if (*t->p != '\n')
				put(g, w, *t->p);
			t->p++;
		} else {
			put(g, w, c);
		}
	}
	if (t->p == t->end)
		fail(g, -EBADMSG);
	else
		t->p++;
}

static bool ends_word(char c)
{
	return strchr(" \t\r\n;{}&|<>", c) != NULL;
}

/* @w NULL: only passed over. */
static void word(struct dg_grub *g, struct text *t, struct words *w)
{
	while (t->p < t->end && !g->err && !ends_word(*t->p)) {
		if (*t->p == '\'' || *t->p == '"') {
			quotes(g, t, w);
		} else if (*t->p == '$') {
			t->p++;
			variable(g, t, w, false);
		} else if (*t->p == '\\' && t->p + 1 < t->end) {
			if (t->p[1] != '\n')
				put(g, w, t->p[1]);
			t->p += 2;
		} else {
			put(g, w, *t->p++);
		}
	}
	if (w)
		word_end(g, w);
}

static void blanks(struct text *t)
{
	while (t->p < t->end) {
		if (*t->p == ' ' || *t->p == '\t' || *t->p == '\r')
			t->p++;
		else if (*t->p == '\\' && t->p + 1 < t->end && t->p[1] == '\n')
			t->p += 2;
		else if (*t->p == '#')
			while (t->p < t->end && *t->p != '\n')
				t->p++;
		else
			return;
	}
}

static void to_command(struct text *t)
{
	for (blanks(t); t->p < t->end && (*t->p == '\n' || *t->p == ';'); blanks(t))
		t->p++;
}

/* Pass over the reserved word @name if it is next. */
static bool take(struct text *t, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(t->end - t->p) < n || memcmp(t->p, name, n) != 0)
		return false;
	if (isalpha((unsigned char)*name) && t->p + n < t->end && !ends_word(t->p[n]))
		return false;
	t->p += n;
	return true;
}

/* test, that is [ … ]. */

struct test {
	struct dg_grub *g;
	char **v;
	size_t i, n;
	size_t depth;
};

static enum truth either(struct test *t);

static enum truth negate(enum truth a)
{
	return a == UNSURE ? UNSURE : a == NO ? YES : NO;
}

static enum truth truth_of(bool b)
{
	return b ? YES : NO;
}

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
		fail(g, r);
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
		fail(t->g, -E2BIG);
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

static void menu_free(struct menu *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].title);
		free(m->v[i].id);
		free(m->v[i].kernel);
	}
	free(m->v);
	*m = (struct menu){ 0 };
}

static struct entry *new_entry(struct dg_grub *g, enum mode mode)
{
	struct menu *m = g->menu;

	if (m->n >= ENTRIES_MAX || DG_GROW(m->v, m->n) < 0) {
		fail(g, m->n >= ENTRIES_MAX ? -E2BIG : -ENOMEM);
		return NULL;
	}
	m->v[m->n] = (struct entry){ .maybe = mode != RUN };
	return &m->v[m->n++];
}

/* Whatever this would have added to the menu, or set. */
static void opaque(struct dg_grub *g)
{
	(void)new_entry(g, MAYBE);
	set_var(g, RUN, "default", DG_GRUB_UNKNOWN);
}

int dg_grub_add(struct dg_grub *g, const char *title, const char *id, const char *kernel)
{
	struct entry *e = new_entry(g, RUN);

	if (!e)
		return g->err;
	e->title = strdup(title);
	e->id = strdup(id);
	e->kernel = strdup(kernel);
	if (!e->title || !e->id || !e->kernel)
		fail(g, -ENOMEM);
	return g->err;
}

static void menuentry(struct dg_grub *g, char **v, size_t n, struct text body, enum mode mode)
{
	static const char *const with_value[] = { "--class", "--users", "--hotkey", "--source", "--id" };
	const char *title = NULL, *id = NULL;
	struct entry *e = new_entry(g, mode);

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
		return fail(g, -EBADMSG);
	e->title = strdup(title);
	e->id = strdup(id ? id : title);
	e->p = body.p;
	e->end = body.end;
	e->submenu = strcmp(v[0], "submenu") == 0;
	if (!e->title || !e->id)
		fail(g, -ENOMEM);
}

/* Commands. */

/* Keep @text for as long as the run lasts. */
static bool keep(struct dg_grub *g, char *text)
{
	if (g->n_texts >= TEXTS_MAX || DG_GROW(g->texts, g->n_texts) < 0) {
		free(text);
		fail(g, g->n_texts >= TEXTS_MAX ? -E2BIG : -ENOMEM);
		return false;
	}
	g->texts[g->n_texts++] = text;
	return true;
}

static enum truth source(struct dg_grub *g, const char *path, bool instead, enum mode mode)
{
	struct text t;
	char *text;
	size_t len;
	int r = path && known(path) && !(instead && mode != RUN) ? g->site.read(g->site.arg, path, &text, &len)
								 : -ENODATA;

	if (r == -ENOENT)
		return NO;
	if (r < 0) {
		if (r == -ENOMEM)
			fail(g, r);
		opaque(g);
		return UNSURE;
	}
	if (!keep(g, text))
		return UNSURE;
	if (instead)
		menu_free(g->menu);
	t = (struct text){ text, text + len };
	(void)list(g, &t, mode, NULL, NULL);
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
		fail(g, r);
	if (r == 0)
		return YES;
	if (r == -ENOENT || r == -EBADMSG)
		return NO;
	set_var(g, RUN, "saved_entry", DG_GRUB_UNKNOWN);
	set_var(g, RUN, "next_entry", DG_GRUB_UNKNOWN);
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
			set_var(g, mode, v[i], value);
	}
	for (size_t k = 0; k < env->n && !named && r == YES; k++)
		if (*env->v[k].name)
			set_var(g, mode, env->v[k].name, env->v[k].value);
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
			fail(g, -ENOMEM);
	}
	return YES;
}

/* increment and decrement, of Fedora's. */
static enum truth count(struct dg_grub *g, const char *name, int by, enum mode mode)
{
	const char *value = get_var(g, name);
	char text[32] = DG_GRUB_UNKNOWN;

	if (known(value))
		snprintf(text, sizeof(text), "%ld", (long)(int)strtol(value, NULL, 10) + by);
	set_var(g, mode, name, text);
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
			set_var(g, RUN, name, DG_GRUB_UNKNOWN);
	}
	return UNSURE;
}

static enum truth call(struct dg_grub *g, const struct function *f, char **v, size_t n, enum mode mode)
{
	char **args = g->args;
	size_t n_args = g->n_args;
	struct text t = f->body;
	enum truth r;

	g->args = v;
	g->n_args = n;
	r = list(g, &t, mode, NULL, NULL);
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
		fail(g, -ENOMEM);
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
	set_var(g, mode, word, value);
}

static bool is_assignment(const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n && word[n] == '=';
}

static enum truth command(struct dg_grub *g, char **v, size_t n, struct text body, enum mode mode)
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
				set_var(g, mode, v[i], "");
		return YES;
	}
	if (strcmp(v[0], "true") == 0 || strcmp(v[0], "export") == 0)
		return YES;
	if (strcmp(v[0], "false") == 0)
		return NO;
	if (strcmp(v[0], "return") == 0) {
		if (mode != RUN)
			fail(g, -ENODATA);
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
			fail(g, e);
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

static enum truth simple(struct dg_grub *g, struct text *t, enum mode mode)
{
	static const char *const close[] = { "}", NULL };
	struct text body = { NULL, NULL };
	struct words w = { 0 };
	enum truth r = UNSURE;
	int end;

	for (blanks(t); t->p < t->end && !g->err && !strchr("\n;}", *t->p); blanks(t)) {
		if (*t->p == '{') {
			body.p = ++t->p;
			(void)list(g, t, SKIP, close, &end);
			body.end = g->err ? body.p : t->p - 1;
		} else if (strchr("&|<>", *t->p)) {
			fail(g, -EBADMSG);
		} else {
			word(g, t, mode == SKIP ? NULL : &w);
		}
	}
	if (mode != SKIP && w.n && !g->err)
		r = command(g, w.v, w.n, body, mode);
	words_free(&w);
	return r;
}

static enum truth condition(struct dg_grub *g, struct text *t, enum mode mode)
{
	static const char *const then[] = { "then", NULL }, *const ends[] = { "elif", "else", "fi", NULL };
	bool done = false, unsure = false;
	enum truth r = YES;
	int end = 0;

	while (end == 0 && !g->err) {
		enum mode m = mode == SKIP || done ? SKIP : unsure ? MAYBE : mode;
		enum truth c = list(g, t, m, then, &end);

		m = m == SKIP || c == NO ? SKIP : c == UNSURE ? MAYBE : m;
		r = list(g, t, m, ends, &end);
		done = done || c == YES;
		unsure = unsure || c == UNSURE;
	}
	if (end == 1 && !g->err)
		r = list(g, t, mode == SKIP || done ? SKIP : unsure ? MAYBE : mode, &ends[2], &end);
	return unsure ? UNSURE : r;
}

static void repeat(struct dg_grub *g, struct text *t, enum mode mode, enum truth until)
{
	static const char *const begin[] = { "do", NULL }, *const done[] = { "done", NULL };
	const char *start = t->p;
	int end;

	while (!g->err) {
		enum truth c;

		t->p = start;
		c = list(g, t, mode, begin, &end);
		if (mode == SKIP || c == until || g->ended) {
			(void)list(g, t, SKIP, done, &end);
			return;
		}
		if (c == UNSURE || mode == MAYBE) {
			(void)list(g, t, MAYBE, done, &end);
			return;
		}
		(void)list(g, t, mode, done, &end);
		g->used += COMMAND_COST;
		if (g->used > BUDGET)
			fail(g, -E2BIG);
	}
}

static void each(struct dg_grub *g, struct text *t, enum mode mode)
{
	static const char *const done[] = { "done", NULL };
	struct words w = { 0 };
	const char *start, *after;
	int end;

	while (t->p < t->end && !strchr("\n;{}&|<>", *t->p) && !g->err) {
		word(g, t, mode == SKIP ? NULL : &w);
		blanks(t);
	}
	to_command(t);
	if (!take(t, "do"))
		fail(g, -EBADMSG);
	start = t->p;
	(void)list(g, t, SKIP, done, &end);
	after = t->p;
	for (size_t i = 2; i < w.n && !g->err; i++) {
		t->p = start;
		set_var(g, mode, w.v[0], w.v[i]);
		(void)list(g, t, mode, done, &end);
	}
	t->p = after;
	words_free(&w);
}

static void define(struct dg_grub *g, struct text *t, enum mode mode)
{
	static const char *const close[] = { "}", NULL };
	struct words w = { 0 };
	struct function f;
	int end;

	word(g, t, &w);
	to_command(t);
	if (!take(t, "{") || w.n != 1)
		fail(g, -EBADMSG);
	f.body.p = t->p;
	(void)list(g, t, SKIP, close, &end);
	f.body.end = g->err ? t->p : t->p - 1;
	if (mode != SKIP && !g->err) {
		f.name = dg_take(w.v[0]);
		if (g->n_functions >= VARS_MAX || DG_GROW(g->functions, g->n_functions) < 0) {
			free(f.name);
			fail(g, g->n_functions >= VARS_MAX ? -E2BIG : -ENOMEM);
		} else {
			g->functions[g->n_functions++] = f;
		}
	}
	words_free(&w);
}

static enum truth statement(struct dg_grub *g, struct text *t, enum mode mode)
{
	const char *start = t->p;
	enum truth r = YES;

	if (g->depth >= DEPTH_MAX) {
		fail(g, -E2BIG);
		return UNSURE;
	}
	g->depth++;
	if (take(t, "!")) {
		blanks(t);
		r = negate(statement(g, t, mode));
	} else if (take(t, "if")) {
		r = condition(g, t, mode);
	} else if (take(t, "while")) {
		repeat(g, t, mode, NO);
	} else if (take(t, "until")) {
		repeat(g, t, mode, YES);
	} else if (take(t, "for")) {
		blanks(t);
		each(g, t, mode);
	} else if (take(t, "function")) {
		blanks(t);
		define(g, t, mode);
	} else {
		r = simple(g, t, mode);
	}
	g->depth--;
	g->used += (size_t)(t->p - start) + COMMAND_COST;
	if (g->used > BUDGET)
		fail(g, -E2BIG);
	return r;
}

/* To one of @ends, which is passed over, its number in *ret_end; NULL @ends: to the end of the text. */
static enum truth list(struct dg_grub *g, struct text *t, enum mode mode, const char *const *ends, int *ret_end)
{
	static const char *const misplaced[] = { "then", "elif", "else", "fi", "do", "done", "{", "}" };
	enum truth r = YES;

	while (!g->err) {
		to_command(t);
		if (t->p == t->end) {
			if (ends)
				fail(g, -EBADMSG);
			return r;
		}
		for (int i = 0; ends && ends[i]; i++)
			if (take(t, ends[i])) {
				*ret_end = i;
				return r;
			}
		for (size_t i = 0; i < DG_ARRAY_SIZE(misplaced); i++)
			if (take(t, misplaced[i]))
				fail(g, -EBADMSG);
		if (!g->err)
			r = statement(g, t, g->ended ? SKIP : mode);
	}
	return UNSURE;
}

/* What is there before the first command. */
static void begin(struct dg_grub *g)
{
	static const char *const features[] = { "feature_chainloader_bpb",	"feature_ntldr",
						"feature_platform_search_hint", "feature_default_font_path",
						"feature_all_video_module",	"feature_menuentry_id",
						"feature_menuentry_options",	"feature_200_final",
						"feature_nativedisk_cmd",	"feature_timeout_style" };
	static const char *const of_machine[] = { "root", "grub_platform", "grub_cpu", "cmdpath", "net_default_server",
						  "lang", "lockdown",	   "shim_lock" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(features); i++)
		set_var(g, RUN, features[i], "y");
	for (size_t i = 0; i < DG_ARRAY_SIZE(of_machine); i++)
		set_var(g, RUN, of_machine[i], DG_GRUB_UNKNOWN);
	set_var(g, RUN, "prefix", g->site.prefix);
	set_var(g, RUN, "config_directory", g->site.prefix);
}

int dg_grub_run(const struct dg_grub_site *site, const char *text, size_t len, struct dg_grubenv *env,
		struct dg_grub **ret)
{
	dg_auto(dg_grub_freep) struct dg_grub *g = calloc(1, sizeof(*g));
	char *copy = malloc(len + 1);
	struct text t;

	if (!g || !copy) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	g->site = *site;
	g->env = env;
	g->menu = &g->main;
	if (memchr(text, '\0', len))
		fail(g, -EBADMSG);
	begin(g);
	if (!keep(g, copy))
		return g->err;
	t = (struct text){ copy, copy + len };
	(void)list(g, &t, RUN, NULL, NULL);
	g->ended = false;
	if (g->err)
		return g->err;
	*ret = dg_take(g);
	return 0;
}

void dg_grub_free(struct dg_grub *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_functions; i++)
		free(g->functions[i].name);
	free(g->functions);
	for (size_t i = 0; i < g->n_texts; i++)
		free(g->texts[i]);
	free(g->texts);
	menu_free(&g->main);
	dg_grubenv_free(&g->vars);
	free(g->kernel);
	free(g);
}

void dg_grub_freep(struct dg_grub **g)
{
	dg_grub_free(*g);
}

/* What boots. */

/* Whether @name is the first part of @path, in which '>' ends a part and '>>' stands for one. */
static bool begins_path(const char *name, const char *path)
{
	for (;; name++, path++) {
		if (*path == '>' && path[1] != '>')
			return !*name;
		if (*path == '>')
			path++;
		if (*path != *name)
			return false;
		if (!*name)
			return true;
	}
}

/* What follows the first part; "" when nothing does. */
static const char *rest_of(const char *path)
{
	for (; *path; path++) {
		if (*path == '>' && path[1] == '>')
			path++;
		else if (*path == '>')
			return path + 1;
	}
	return path;
}

enum found { FOUND, NOT_FOUND, CANNOT_TELL };

static enum found by_number(const struct menu *m, const char *path, size_t *ret)
{
	unsigned long number = strtoul(path, NULL, 0);

	for (size_t i = 0; i < m->n && i <= number; i++)
		if (m->v[i].maybe)
			return CANNOT_TELL;
	*ret = number;
	return number < m->n ? FOUND : NOT_FOUND;
}

static enum found by_name(const struct menu *m, const char *path, size_t *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = &m->v[i];

		if (!e->title || !known(e->title) || !known(e->id))
			return CANNOT_TELL;
		if (!begins_path(e->title, path) && !begins_path(e->id, path))
			continue;
		*ret = i;
		return e->maybe ? CANNOT_TELL : FOUND;
	}
	return NOT_FOUND;
}

/* Whether GRUB takes it for a number: Fedora's only if nothing follows, which has ids that begin with digits. */
static bool is_number(const struct menu *m, const char *path)
{
	size_t blank = strspn(path, " \t"), digits = strspn(path + blank, "0123456789");

	return digits && (!m->blscfg || !path[blank + digits] || path[blank + digits] == '>');
}

static enum found pick(const struct menu *m, const char *path, size_t *ret)
{
	enum found f = !known(path)	    ? CANNOT_TELL
		       : is_number(m, path) ? by_number(m, path, ret)
					    : by_name(m, path, ret);

	/* What is not in the menu is its first entry. */
	if (f == NOT_FOUND) {
		*ret = 0;
		f = m->n && !m->v[0].maybe ? FOUND : CANNOT_TELL;
	}
	return f;
}

static int join(char **path, const char *part)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	if (*path)
		fprintf(f, "%s>", *path);
	for (; *part; part++) {
		if (*part == '>')
			fputc('>', f);
		fputc(*part, f);
	}
	if (fclose(f) != 0)
		return -ENOMEM;
	free(*path);
	*path = dg_take(text);
	return 0;
}

static int step_into(struct dg_grub *g, const struct menu *m, const struct entry *e, struct dg_grub_boot *b)
{
	int r = join(&b->title, e->title);

	if (r == 0)
		r = join(&b->id, e->id);
	b->blscfg = b->blscfg || m->blscfg;
	if (r == 0)
		set_var(g, RUN, "chosen", b->id);
	return r < 0 ? r : g->err;
}

/* Run what stands in an entry; of a submenu what it adds is in @sub. */
static int run_entry(struct dg_grub *g, const struct entry *e, struct menu *sub, struct dg_grub_boot *b)
{
	struct menu *outer = g->menu;
	struct text t = { e->p, e->end };

	free(g->kernel);
	g->kernel = e->kernel ? strdup(e->kernel) : NULL;
	g->other = NULL;
	g->xen = false;
	g->menu = sub;
	if (t.p)
		(void)list(g, &t, RUN, NULL, NULL);
	g->ended = false;
	g->menu = outer;
	if (g->err || e->submenu)
		return g->err;
	b->kernel = dg_take(g->kernel);
	if (!b->kernel)
		snprintf(b->why, sizeof(b->why), "which %s%s",
			 g->other ? "boots something else, by " : "names no kernel", g->other ? g->other : "");
	return 0;
}

void dg_grub_boot_free(struct dg_grub_boot *b)
{
	free(b->path);
	free(b->title);
	free(b->id);
	free(b->kernel);
	*b = (struct dg_grub_boot){ 0 };
}

static int follow(struct dg_grub *g, const struct menu *m, const char *path, unsigned int depth, struct dg_grub_boot *b)
{
	struct menu sub = { 0 };
	const char *rest;
	size_t i = 0;
	int r;

	if (depth > 8)
		return -E2BIG;
	if (pick(m, path, &i) != FOUND) {
		snprintf(b->why, sizeof(b->why), "%s",
			 !m->n		? "the menu is empty"
			 : !known(path) ? "the default depends on what only the machine knows"
					: "which entry that is depends on what only the machine knows");
		return 0;
	}
	rest = rest_of(path);
	r = step_into(g, m, &m->v[i], b);
	if (r == 0)
		r = run_entry(g, &m->v[i], &sub, b);
	if (r == 0 && m->v[i].submenu)
		r = follow(g, &sub, rest, depth + 1, b);
	menu_free(&sub);
	return r;
}

int dg_grub_default(struct dg_grub *g, struct dg_grub_boot *ret)
{
	int r;

	*ret = (struct dg_grub_boot){ .path = strdup(get_var(g, "default")) };
	r = ret->path ? follow(g, &g->main, ret->path, 0, ret) : -ENOMEM;
	if (r < 0)
		dg_grub_boot_free(ret);
	return r;
}

static int visit(struct dg_grub *g, const struct menu *m, const struct dg_grub_boot *above, unsigned int depth,
		 int (*fn)(void *arg, const struct dg_grub_boot *b), void *arg)
{
	int r = depth > 8 ? -E2BIG : 0;

	for (size_t i = 0; i < m->n && r == 0; i++) {
		const struct entry *e = &m->v[i];
		struct dg_grub_boot b = { 0 };
		struct menu sub = { 0 };

		if (e->maybe || !known(e->title) || !known(e->id))
			continue;
		if (above->title) {
			b.title = strdup(above->title);
			b.id = strdup(above->id);
			r = b.title && b.id ? 0 : -ENOMEM;
		}
		if (r == 0)
			r = step_into(g, m, e, &b);
		if (r == 0)
			r = run_entry(g, e, &sub, &b);
		if (r == 0)
			r = e->submenu ? visit(g, &sub, &b, depth + 1, fn, arg) : fn(arg, &b);
		menu_free(&sub);
		dg_grub_boot_free(&b);
	}
	return r;
}

int dg_grub_each(struct dg_grub *g, int (*fn)(void *arg, const struct dg_grub_boot *b), void *arg)
{
	return visit(g, &g->main, &(struct dg_grub_boot){ 0 }, 0, fn, arg);
}
