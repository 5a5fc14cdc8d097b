// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts.h"

#include <errno.h>

#include "cachefile.h"
#include "record.h"

#define NAME "files"
#define MAGIC "drvguard-files 1\n"
#define BUCKETS 1024
/* A fleet's worth of drivers for many kernels; what is above it is read each time. */
#define MOST 16384

struct entry {
	struct entry *next;
	char id[DG_FILE_ID];
	struct dg_modfile *file;
	bool used;
};

struct dg_facts {
	char *root;
	struct entry *buckets[BUCKETS];
	size_t n;
	bool new_to_keep;
};

static struct entry **bucket(struct dg_facts *f, const char *id)
{
	return &f->buckets[dg_symbol_hash(id) % BUCKETS];
}

static struct entry *find(struct dg_facts *f, const char *id)
{
	struct entry *e = *bucket(f, id);

	while (e && !dg_streq(e->id, id))
		e = e->next;
	return e;
}

/* @facts and @path are copied. */
static struct entry *add(struct dg_facts *f, const char *id, const char *path, const struct dg_modfacts *facts)
{
	struct entry *e = calloc(1, sizeof(*e)), **at = bucket(f, id);

	if (!e || dg_modfile_of_facts(path, facts, &e->file) < 0) {
		free(e);
		return NULL;
	}
	snprintf(e->id, sizeof(e->id), "%s", id);
	e->next = *at;
	*at = e;
	f->n++;
	return e;
}

/* The columns of a line, which have to be that many. */
static bool split(char *line, char **columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		columns[i] = strsep(&line, "\t");
	return columns[n - 1] && !line;
}

static bool take_line(struct dg_facts *f, char *line)
{
	enum { ID, SHA256, BYTES, BUILD_ID, NAME_, VERSION, SRCVERSION, VERMAGIC, DEPENDS, PATH, N };
	struct dg_modfacts facts = { 0 };
	char *c[N];
	unsigned long long len;

	if (!split(line, c, N) || !*c[ID] || strlen(c[ID]) >= DG_FILE_ID || strlen(c[SHA256]) != 64 ||
	    !dg_record_hex(c[SHA256], facts.sha256, 64) || !dg_record_number(c[BYTES], SIZE_MAX / 2, &len) ||
	    !dg_record_hex(c[BUILD_ID], facts.build_id, DG_BUILD_ID_HEX - 1))
		return false;
	for (size_t i = NAME_; i < N; i++)
		if (!dg_record_unescape(c[i]))
			return false;
	if (*c[NAME_] && !dg_modname_valid(c[NAME_]))
		return false;
	facts.len = (size_t)len;
	facts.name = c[NAME_];
	facts.version = c[VERSION];
	facts.srcversion = c[SRCVERSION];
	facts.vermagic = c[VERMAGIC];
	facts.depends = c[DEPENDS];
	return find(f, c[ID]) || add(f, c[ID], c[PATH], &facts);
}

bool dg_facts_take_kept(struct dg_facts *f, char *text)
{
	char *at = text + strlen(MAGIC), *line;

	if (!dg_startswith(text, MAGIC))
		return false;
	while ((line = strsep(&at, "\n")) && *line)
		if (f->n >= MOST || !take_line(f, line))
			return false;
	return true;
}

int dg_facts_open(const char *root, struct dg_facts **ret)
{
	struct dg_facts *f = calloc(1, sizeof(*f));
	dg_auto_free char *text = NULL;
	size_t len;

	if (!f || !(f->root = strdup(root))) {
		free(f);
		return -ENOMEM;
	}
	text = dg_cachefile_read(root, NAME, &len);
	/* Of one that is not whole, the lines that could be read are as good as others: its digest fits. */
	if (text)
		(void)dg_facts_take_kept(f, text);
	*ret = f;
	return 0;
}

static struct dg_modfacts facts_of(const struct dg_modfile *m)
{
	struct dg_modfacts facts = { .name = m->name,
				     .version = m->version,
				     .srcversion = m->srcversion,
				     .vermagic = m->vermagic,
				     .depends = m->depends,
				     .len = m->len };

	memcpy(facts.sha256, m->sha256, sizeof(facts.sha256));
	memcpy(facts.build_id, m->build_id, sizeof(facts.build_id));
	return facts;
}

static int learn(struct dg_facts *f, const char *path, const char *id, struct dg_modfile **ret, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_modfacts facts;
	struct entry *e;
	int r = dg_modfile_read(path, &m, d);

	if (r == 0)
		r = dg_modfile_hash(m);
	if (r < 0)
		return r;
	facts = facts_of(m);
	if (*id && f->n < MOST && (e = add(f, id, path, &facts)))
		f->new_to_keep = e->used = true;
	return dg_modfile_of_facts(path, &facts, ret);
}

int dg_facts_read(struct dg_facts *f, const char *path, struct dg_modfile **ret, struct dg_diag *d)
{
	char id[DG_FILE_ID];
	/* From before it is read: what changes meanwhile is another file by then. */
	bool settled = dg_file_id(path, id);
	struct entry *e = settled ? find(f, id) : NULL;
	struct dg_modfacts facts;

	if (!e)
		return learn(f, path, settled ? id : "", ret, d);
	e->used = true;
	facts = facts_of(e->file);
	return dg_modfile_of_facts(path, &facts, ret);
}

/* Whether it may be asked for again. */
static bool is_there(const struct entry *e)
{
	char id[DG_FILE_ID];

	return dg_file_id(e->file->path, id) && dg_streq(id, e->id);
}

static void write_entry(const struct entry *e, FILE *to)
{
	const struct dg_modfile *m = e->file;
	const char *const texts[] = { m->name, m->version, m->srcversion, m->vermagic, m->depends, m->path };

	fprintf(to, "%s\t%s\t%zu\t%s", e->id, m->sha256, m->len, m->build_id[0] ? m->build_id : "-");
	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++) {
		fputc('\t', to);
		dg_record_put(to, texts[i]);
	}
	fputc('\n', to);
}

static void keep(const struct dg_facts *f)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *to;

	if (!dg_cachefile_writable(f->root) || !(to = open_memstream(&text, &len)))
		return;
	fputs(MAGIC, to);
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *e = f->buckets[i]; e; e = e->next)
			if (e->used || is_there(e))
				write_entry(e, to);
	if (fclose(to) == 0)
		dg_cachefile_write(f->root, NAME, text, len);
}

void dg_facts_free(struct dg_facts *f)
{
	if (!f)
		return;
	if (f->new_to_keep)
		keep(f);
	for (size_t i = 0; i < BUCKETS; i++)
		while (f->buckets[i]) {
			struct entry *next = f->buckets[i]->next;

			dg_modfile_free(f->buckets[i]->file);
			free(f->buckets[i]);
			f->buckets[i] = next;
		}
	free(f->root);
	free(f);
}

void dg_facts_freep(struct dg_facts **f)
{
	dg_facts_free(*f);
}
