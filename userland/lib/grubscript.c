// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's language: words, variables, conditions, loops, functions. */
#include <ctype.h>

#include "grubrun.h"

void dg_grub_fail(struct dg_grub *g, int err)
{
	if (!g->err)
		g->err = err;
}

/* Variables. */

void dg_grub_set(struct dg_grub *g, enum mode mode, const char *name, const char *value)
{
	const char *old = dg_grubenv_get(&g->vars, name);

	if (mode == MAYBE && !dg_streq(old ? old : "", value))
		value = DG_GRUB_UNKNOWN;
	if ((!old && g->vars.n >= VARS_MAX) || !*name)
		dg_grub_fail(g, *name ? -E2BIG : -EBADMSG);
	else if (dg_grubenv_set(&g->vars, name, value) < 0)
		dg_grub_fail(g, -ENOMEM);
}

const char *dg_grub_get(const struct dg_grub *g, const char *name)
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
		dg_grub_fail(g, -ENOMEM);
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
	for (const char *p = dg_grub_get(g, name); *p; p++)
		if (quoted || !isspace((unsigned char)*p))
			word_byte(g, w, *p);
		else
			word_end(g, w);
}

/* What follows a '$'; @w NULL: only passed over. */
static void variable(struct dg_grub *g, struct dg_grub_text *t, struct words *w, bool quoted)
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
			dg_grub_fail(g, -EBADMSG);
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

static void quotes(struct dg_grub *g, struct dg_grub_text *t, struct words *w)
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
		dg_grub_fail(g, -EBADMSG);
	else
		t->p++;
}

static bool ends_word(char c)
{
	return strchr(" \t\r\n;{}&|<>", c) != NULL;
}

/* @w NULL: only passed over. */
static void word(struct dg_grub *g, struct dg_grub_text *t, struct words *w)
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

static void blanks(struct dg_grub_text *t)
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

static void to_command(struct dg_grub_text *t)
{
	for (blanks(t); t->p < t->end && (*t->p == '\n' || *t->p == ';'); blanks(t))
		t->p++;
}

/* Pass over the reserved word @name if it is next. */
static bool take(struct dg_grub_text *t, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(t->end - t->p) < n || memcmp(t->p, name, n) != 0)
		return false;
	if (isalpha((unsigned char)*name) && t->p + n < t->end && !ends_word(t->p[n]))
		return false;
	t->p += n;
	return true;
}

static enum truth simple(struct dg_grub *g, struct dg_grub_text *t, enum mode mode)
{
	static const char *const close[] = { "}", NULL };
	struct dg_grub_text body = { NULL, NULL };
	struct words w = { 0 };
	enum truth r = UNSURE;
	int end;

	for (blanks(t); t->p < t->end && !g->err && !strchr("\n;}", *t->p); blanks(t)) {
		if (*t->p == '{') {
			body.p = ++t->p;
			(void)dg_grub_list(g, t, SKIP, close, &end);
			body.end = g->err ? body.p : t->p - 1;
		} else if (strchr("&|<>", *t->p)) {
			dg_grub_fail(g, -EBADMSG);
		} else {
			word(g, t, mode == SKIP ? NULL : &w);
		}
	}
	if (mode != SKIP && w.n && !g->err)
		r = dg_grub_command(g, w.v, w.n, body, mode);
	words_free(&w);
	return r;
}

static enum truth condition(struct dg_grub *g, struct dg_grub_text *t, enum mode mode)
{
	static const char *const then[] = { "then", NULL }, *const ends[] = { "elif", "else", "fi", NULL };
	bool done = false, unsure = false;
	enum truth r = YES;
	int end = 0;

	while (end == 0 && !g->err) {
		enum mode m = mode == SKIP || done ? SKIP : unsure ? MAYBE : mode;
		enum truth c = dg_grub_list(g, t, m, then, &end);

		m = m == SKIP || c == NO ? SKIP : c == UNSURE ? MAYBE : m;
		r = dg_grub_list(g, t, m, ends, &end);
		done = done || c == YES;
		unsure = unsure || c == UNSURE;
	}
	if (end == 1 && !g->err)
		r = dg_grub_list(g, t, mode == SKIP || done ? SKIP : unsure ? MAYBE : mode, &ends[2], &end);
	return unsure ? UNSURE : r;
}

static void repeat(struct dg_grub *g, struct dg_grub_text *t, enum mode mode, enum truth until)
{
	static const char *const begin[] = { "do", NULL }, *const done[] = { "done", NULL };
	const char *start = t->p;
	int end;

	while (!g->err) {
		enum truth c;

		t->p = start;
		c = dg_grub_list(g, t, mode, begin, &end);
		if (mode == SKIP || c == until || g->ended) {
			(void)dg_grub_list(g, t, SKIP, done, &end);
			return;
		}
		if (c == UNSURE || mode == MAYBE) {
			(void)dg_grub_list(g, t, MAYBE, done, &end);
			return;
		}
		(void)dg_grub_list(g, t, mode, done, &end);
		g->used += COMMAND_COST;
		if (g->used > BUDGET)
			dg_grub_fail(g, -E2BIG);
	}
}

static void each(struct dg_grub *g, struct dg_grub_text *t, enum mode mode)
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
		dg_grub_fail(g, -EBADMSG);
	start = t->p;
	(void)dg_grub_list(g, t, SKIP, done, &end);
	after = t->p;
	for (size_t i = 2; i < w.n && !g->err; i++) {
		t->p = start;
		dg_grub_set(g, mode, w.v[0], w.v[i]);
		(void)dg_grub_list(g, t, mode, done, &end);
	}
	t->p = after;
	words_free(&w);
}

static void define(struct dg_grub *g, struct dg_grub_text *t, enum mode mode)
{
	static const char *const close[] = { "}", NULL };
	struct words w = { 0 };
	struct dg_grub_function f;
	int end;

	word(g, t, &w);
	to_command(t);
	if (!take(t, "{") || w.n != 1)
		dg_grub_fail(g, -EBADMSG);
	f.body.p = t->p;
	(void)dg_grub_list(g, t, SKIP, close, &end);
	f.body.end = g->err ? t->p : t->p - 1;
	if (mode != SKIP && !g->err) {
		f.name = dg_take(w.v[0]);
		if (g->n_functions >= VARS_MAX || DG_GROW(g->functions, g->n_functions) < 0) {
			free(f.name);
			dg_grub_fail(g, g->n_functions >= VARS_MAX ? -E2BIG : -ENOMEM);
		} else {
			g->functions[g->n_functions++] = f;
		}
	}
	words_free(&w);
}

static enum truth statement(struct dg_grub *g, struct dg_grub_text *t, enum mode mode)
{
	const char *start = t->p;
	enum truth r = YES;

	if (g->depth >= DEPTH_MAX) {
		dg_grub_fail(g, -E2BIG);
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
		dg_grub_fail(g, -E2BIG);
	return r;
}

enum truth dg_grub_list(struct dg_grub *g, struct dg_grub_text *t, enum mode mode, const char *const *ends,
			int *ret_end)
{
	static const char *const misplaced[] = { "then", "elif", "else", "fi", "do", "done", "{", "}" };
	enum truth r = YES;

	while (!g->err) {
		to_command(t);
		if (t->p == t->end) {
			if (ends)
				dg_grub_fail(g, -EBADMSG);
			return r;
		}
		for (int i = 0; ends && ends[i]; i++)
			if (take(t, ends[i])) {
				*ret_end = i;
				return r;
			}
		for (size_t i = 0; i < DG_ARRAY_SIZE(misplaced); i++)
			if (take(t, misplaced[i]))
				dg_grub_fail(g, -EBADMSG);
		if (!g->err)
			r = statement(g, t, g->ended ? SKIP : mode);
	}
	return UNSURE;
}

bool dg_grub_keep(struct dg_grub *g, char *text)
{
	if (g->n_texts >= TEXTS_MAX || DG_GROW(g->texts, g->n_texts) < 0) {
		free(text);
		dg_grub_fail(g, g->n_texts >= TEXTS_MAX ? -E2BIG : -ENOMEM);
		return false;
	}
	g->texts[g->n_texts++] = text;
	return true;
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
		dg_grub_set(g, RUN, features[i], "y");
	for (size_t i = 0; i < DG_ARRAY_SIZE(of_machine); i++)
		dg_grub_set(g, RUN, of_machine[i], DG_GRUB_UNKNOWN);
	dg_grub_set(g, RUN, "prefix", g->site.prefix);
	dg_grub_set(g, RUN, "config_directory", g->site.prefix);
}

int dg_grub_run(const struct dg_grub_site *site, const char *text, size_t len, struct dg_grubenv *env,
		struct dg_grub **ret)
{
	dg_auto(dg_grub_freep) struct dg_grub *g = calloc(1, sizeof(*g));
	char *copy = malloc(len + 1);
	struct dg_grub_text t;

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
		dg_grub_fail(g, -EBADMSG);
	begin(g);
	if (!dg_grub_keep(g, copy))
		return g->err;
	t = (struct dg_grub_text){ copy, copy + len };
	(void)dg_grub_list(g, &t, RUN, NULL, NULL);
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
	dg_grub_menu_free(&g->main);
	dg_grubenv_free(&g->vars);
	free(g->kernel);
	free(g);
}

void dg_grub_freep(struct dg_grub **g)
{
	dg_grub_free(*g);
}
