// SPDX-License-Identifier: GPL-2.0-or-later
#include "exporters.h"

#include <errno.h>
#include <pthread.h>

#include "cachefile.h"
#include "modprobe.h"
#include "modtree.h"

#define MAGIC "drvguard-modules 1\n"
#define INDEX_ID (2 * DG_FILE_ID)

/* One with all that is known of it; the public part is what callers see. */
struct module {
	struct dg_exporter public; /* first: entries lead to it */
	struct module *next;
	char name[64]; /* as the index has it; "" for one that no index told of */
	bool listed;   /* the index leads to it for some symbol */
	bool read;     /* or found that it cannot be */
	bool settled;  /* ->id can be relied on later */
	char id[DG_FILE_ID];
	char owner[64]; /* as the file has it */
	char *kept;	/* lines of the cache, not looked at yet; NULL: none */
	char *kept_path, *kept_id;
	const struct dg_export_entry **exports;
	size_t n_exports; /* less those that others of the same name hide */
};

struct dg_exporters {
	char *root, *release, *modules_dir;
	pthread_mutex_t verdicts;
	pthread_rwlock_t lock; /* of all below */
	bool listed, new_to_keep, keep_nothing;
	enum { UNKNOWN, INDEXED, NEWER, READ_WHOLE } tree; /* beside its index */
	bool index_is_kept;				   /* the one that ->text was taken from */
	struct dg_modindex *index;			   /* opened when first needed */
	struct dg_symtab *by_index; /* symbols; of each entry name, owner (as the index calls it) and exporter */
	struct dg_symtab *by_name;  /* modules of the index */
	struct dg_symtab *read;	    /* exports of modules that were read, as the index leads to them */
	struct dg_symtab *others;   /* and those that it leads elsewhere for */
	struct module *modules;
	char index_id[INDEX_ID]; /* "" when it cannot be relied on */
	char *text;		 /* of the cache: modules point into it */
};

static int make_locks(struct dg_exporters *x)
{
	pthread_mutexattr_t recursive;

	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_rwlock_init(&x->lock, NULL);
	pthread_mutex_init(&x->verdicts, &recursive);
	pthread_mutexattr_destroy(&recursive);
	return 0;
}

int dg_exporters_new(const char *root, const char *release, const char *modules_dir, struct dg_exporters **ret)
{
	struct dg_exporters *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	make_locks(x);
	x->root = strdup(root);
	x->release = strdup(release);
	x->modules_dir = strdup(modules_dir);
	if (!x->root || !x->release || !x->modules_dir || dg_symtab_new(&x->by_index) < 0 ||
	    dg_symtab_new(&x->by_name) < 0 || dg_symtab_new(&x->read) < 0 || dg_symtab_new(&x->others) < 0) {
		dg_exporters_free(x);
		return -ENOMEM;
	}
	*ret = x;
	return 0;
}

static void free_module(struct module *m)
{
	free(m->public.path);
	free(m->exports);
	free(m);
}

/* --- the index ----------------------------------------------------------------------------------- */

static struct module *add_module(struct dg_exporters *x, const char *name)
{
	struct module *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->next = x->modules;
	x->modules = m;
	return m;
}

static struct module *module_named(struct dg_exporters *x, const char *name)
{
	const struct dg_export_entry *e = dg_symtab_find(x->by_name, name);
	struct module *m;

	if (e)
		return (struct module *)e->exporter;
	m = add_module(x, name);
	if (m && dg_symtab_add(x->by_name,
			       &(struct dg_export_entry){ .name = name, .owner = "", .exporter = &m->public }) < 0)
		return NULL;
	return m;
}

static int list_symbol(const char *symbol, const char *module, void *data)
{
	struct dg_exporters *x = data;
	struct module *m = module_named(x, module);

	if (!m)
		return -ENOMEM;
	m->listed = true;
	return dg_symtab_add(x->by_index,
			     &(struct dg_export_entry){ .name = symbol, .owner = module, .exporter = &m->public });
}

/* Which index it is: a path to a module comes from both files. Whether that can be relied on. */
static bool identify_index(const struct dg_exporters *x, char ret[INDEX_ID])
{
	dg_auto_free char *dep = dg_format("%s/modules.dep.bin", x->modules_dir);
	dg_auto_free char *symbols = dg_format("%s/modules.symbols.bin", x->modules_dir);
	char a[DG_FILE_ID], b[DG_FILE_ID];
	bool settled = dep && symbols && dg_file_id(dep, a) && dg_file_id(symbols, b);

	snprintf(ret, INDEX_ID, "%s %s", settled ? a : "", settled ? b : "");
	return settled;
}

/* --- what is kept -------------------------------------------------------------------------------- */

/* The line at *at, which moves behind it; NULL: no more. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

/* The column at *at, which moves behind it; NULL: no more. */
static char *next_column(char **at)
{
	return *at ? strsep(at, "\t") : NULL;
}

static bool take_symbols(struct dg_exporters *x, char **at, bool valid)
{
	while (**at && !dg_startswith(*at, "module ")) {
		char *line = next_line(at), *symbol = line ? next_column(&line) : NULL, *module = next_column(&line);

		if (!module || (valid && list_symbol(symbol, module, x) < 0))
			return false;
	}
	return true;
}

/* A module's line; its exports are looked at when it is asked for. */
static bool take_module(struct dg_exporters *x, char **at)
{
	char *line = next_line(at), *name, *owner, *id;
	struct module *m;

	if (!line || !dg_startswith(line, "module "))
		return false;
	line += strlen("module ");
	name = next_column(&line);
	owner = next_column(&line);
	id = next_column(&line);
	if (!line || !*name || !(m = module_named(x, name)))
		return false;
	snprintf(m->owner, sizeof(m->owner), "%s", owner);
	m->kept_id = id;
	m->kept_path = line;
	m->kept = *at;
	while (dg_startswith(*at, "0x") || dg_startswith(*at, "-\t")) {
		char *end = strchr(*at, '\n');

		if (!end)
			return false;
		*at = end + 1;
	}
	return true;
}

/* @valid: when the index is the one of that name; NULL: whichever it is. */
static bool take_kept(struct dg_exporters *x, char *text, const char *valid)
{
	char *at = text, *line;
	bool same;

	if (!dg_startswith(at, MAGIC))
		return false;
	at += strlen(MAGIC);
	line = next_line(&at);
	if (!line || !dg_startswith(line, "index "))
		return false;
	line += strlen("index ");
	same = !valid || (*valid && dg_streq(line, valid));
	if (!take_symbols(x, &at, same))
		return false;
	while (*at)
		if (!take_module(x, &at))
			return false;
	return same;
}

bool dg_exporters_take_kept(struct dg_exporters *x, char *text)
{
	x->listed = true;
	x->index_is_kept = take_kept(x, text, NULL);
	return x->index_is_kept;
}

/* The table of whatever was read so far of the index, made anew. */
static int empty(struct dg_symtab **t)
{
	dg_symtab_free(*t);
	*t = NULL;
	return dg_symtab_new(t);
}

static char *cache_name(const struct dg_exporters *x)
{
	return dg_format("modules-%s", x->release);
}

static int list(struct dg_exporters *x)
{
	dg_auto_free char *name = cache_name(x);
	bool settled = identify_index(x, x->index_id);
	size_t len;
	int r = 0;

	x->listed = true;
	x->text = name ? dg_cachefile_read(x->root, name, &len) : NULL;
	x->index_is_kept = x->text && take_kept(x, x->text, settled ? x->index_id : "");
	if (x->index_is_kept)
		return 0;
	/* Of what could be half of it nothing is kept; of modules that were read before, all. */
	if (empty(&x->by_index) < 0)
		return -ENOMEM;
	x->new_to_keep = settled;
	if (!settled)
		x->index_id[0] = '\0';
	if (!x->index)
		r = dg_modindex_open(x->modules_dir, &x->index);
	return r < 0 ? r : dg_modindex_symbols(x->index, list_symbol, x);
}

/* --- modules ------------------------------------------------------------------------------------- */

static const struct dg_export_entry *put(struct dg_symtab *t, const struct dg_export_entry *e, uint32_t hash)
{
	return dg_symtab_add(t, e) < 0 ? NULL : dg_symtab_find_hashed(t, e->name, hash);
}

/* What the index leads elsewhere for, or another was found for before, is known as another's. */
static int add_export(struct dg_exporters *x, struct module *m, struct dg_export_entry *e)
{
	uint32_t hash = dg_symbol_hash(e->name);
	const struct dg_export_entry *listed = dg_symtab_find_hashed(x->by_index, e->name, hash), *there = NULL;

	e->owner = m->owner;
	e->exporter = &m->public;
	if (!listed || listed->exporter == &m->public)
		there = put(x->read, e, hash);
	if (!there || there->exporter != &m->public)
		there = put(x->others, e, hash);
	if (!there || DG_GROW(m->exports, m->n_exports) < 0)
		return -ENOMEM;
	if (there->exporter == &m->public)
		m->exports[m->n_exports++] = there;
	return 0;
}

static int add_exports(struct dg_exporters *x, struct module *m, const struct dg_modfile *file)
{
	int r = 0;

	snprintf(m->owner, sizeof(m->owner), "%s", file->name);
	for (size_t i = 0; i < file->n_exports && r == 0; i++) {
		struct dg_export_entry e = { .name = file->exports[i].name,
					     .ns = file->exports[i].ns,
					     .crc = file->exports[i].crc,
					     .gpl_only = file->exports[i].gpl_only,
					     .has_crc = file->exports[i].has_crc };

		r = add_export(x, m, &e);
	}
	return r;
}

static void add_kept_exports(struct dg_exporters *x, struct module *m)
{
	char *at = m->kept, *line;

	while ((dg_startswith(at, "0x") || dg_startswith(at, "-\t")) && (line = next_line(&at))) {
		struct dg_export_entry e = { .has_crc = *line == '0' };
		const char *class;

		if (e.has_crc)
			e.crc = (uint32_t)strtoul(line, NULL, 16);
		(void)next_column(&line);
		e.name = next_column(&line);
		class = next_column(&line);
		e.ns = line;
		e.gpl_only = dg_streq(class, "gpl");
		if (!e.ns || add_export(x, m, &e) < 0)
			return;
	}
}

/* The part of @path below the tree; NULL: it lies elsewhere. */
static const char *below(const struct dg_exporters *x, const char *path)
{
	size_t n = strlen(x->modules_dir);

	return path && dg_startswith(path, x->modules_dir) && path[n] == '/' ? path + n + 1 : NULL;
}

/* What lies under kernel/ came with the kernel, and loads. */
static void set_path(const struct dg_exporters *x, struct module *m, char *path)
{
	const char *inside = below(x, path);

	m->public.path = path;
	m->public.outside = !inside || !dg_startswith(inside, "kernel/");
}

/* Where the index says it is; the caller frees. */
static char *path_of(struct dg_exporters *x, const struct module *m)
{
	char *path;

	if (x->index_is_kept && m->kept)
		return dg_format("%s/%s", x->modules_dir, m->kept_path);
	if (!x->index && dg_modindex_open(x->modules_dir, &x->index) < 0)
		return NULL;
	return dg_modindex_path(x->index, m->name, &path) < 0 ? NULL : path;
}

/* Others need not wait while the file is read: who comes second finds it done. */
static void read_module(struct dg_exporters *x, struct module *m)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *file = NULL;
	dg_auto_free char *path = path_of(x, m);
	char id[DG_FILE_ID] = "";
	bool settled = path && dg_file_id(path, id), same;

	same = m->kept && dg_streq(m->kept_path, below(x, path)) && dg_streq(m->kept_id, id);
	if (!same && path) {
		pthread_rwlock_unlock(&x->lock);
		(void)dg_modfile_read(path, &file, NULL);
		pthread_rwlock_wrlock(&x->lock);
	}
	if (m->read)
		return;
	m->read = true;
	m->settled = settled;
	memcpy(m->id, id, sizeof(id));
	m->public.id = settled ? m->id : NULL;
	set_path(x, m, dg_take(path));
	if (same)
		add_kept_exports(x, m);
	else if (file && add_exports(x, m, file) == 0)
		x->new_to_keep |= settled;
}

/* --- the tree itself ----------------------------------------------------------------------------- */

static bool is_read(const struct dg_exporters *x, const char *path)
{
	for (const struct module *m = x->modules; m; m = m->next)
		if (dg_streq(m->public.path, path))
			return true;
	return false;
}

static int add_from_tree(const struct dg_modfile *file, void *data)
{
	struct dg_exporters *x = data;
	struct module *m;
	char *path;

	if (!file->n_exports || is_read(x, file->path))
		return 0;
	m = add_module(x, "");
	path = strdup(file->path);
	if (!m || !path) {
		free(path);
		return -ENOMEM;
	}
	m->read = true;
	set_path(x, m, path);
	return add_exports(x, m, file);
}

/*
 * What no index knows, the tree may have all the same: told once, by reading it
 * whole where the indexes are missing or older than it.
 */
static void compare_tree(struct dg_exporters *x)
{
	if (x->tree == UNKNOWN)
		x->tree = dg_modtree_is_newer(x->modules_dir) ? NEWER : INDEXED;
}

static void check_tree(struct dg_exporters *x)
{
	compare_tree(x);
	if (x->tree != NEWER)
		return;
	x->tree = READ_WHOLE;
	(void)dg_modtree_each(x->modules_dir, add_from_tree, x);
}

/* --- asking -------------------------------------------------------------------------------------- */

static const struct dg_export_entry *find(struct dg_exporters *x, const char *name, uint32_t hash)
{
	const struct dg_export_entry *e = dg_symtab_find_hashed(x->read, name, hash), *listed;

	if (e)
		return e;
	if (!x->listed)
		(void)list(x);
	listed = dg_symtab_find_hashed(x->by_index, name, hash);
	if (listed && !((struct module *)listed->exporter)->read)
		read_module(x, (struct module *)listed->exporter);
	e = dg_symtab_find_hashed(x->read, name, hash);
	if (e)
		return e;
	/* The index does not know it, or leads to what is not there, or not so, any more. */
	check_tree(x);
	e = dg_symtab_find_hashed(x->read, name, hash);
	return e ? e : dg_symtab_find_hashed(x->others, name, hash);
}

const struct dg_export_entry *dg_exporters_find(struct dg_exporters *x, const char *name, uint32_t hash)
{
	const struct dg_export_entry *e;

	/* As a rule it was read before. */
	pthread_rwlock_rdlock(&x->lock);
	e = dg_symtab_find_hashed(x->read, name, hash);
	pthread_rwlock_unlock(&x->lock);
	if (e)
		return e;
	pthread_rwlock_wrlock(&x->lock);
	e = find(x, name, hash);
	pthread_rwlock_unlock(&x->lock);
	return e;
}

const struct dg_export_entry *dg_exporters_find_read(struct dg_exporters *x, const char *name, uint32_t hash, size_t n)
{
	const struct dg_export_entry *e[2];

	pthread_rwlock_rdlock(&x->lock);
	e[0] = dg_symtab_find_hashed(x->read, name, hash);
	e[1] = dg_symtab_find_hashed(x->others, name, hash);
	pthread_rwlock_unlock(&x->lock);
	if (!e[0])
		n++;
	return n < 2 ? e[n] : NULL;
}

void dg_exporters_expect_many(struct dg_exporters *x)
{
	pthread_rwlock_wrlock(&x->lock);
	if (!x->listed)
		(void)list(x);
	for (struct module *m = x->modules; m; m = m->next)
		if (m->kept && !m->read && x->index_is_kept)
			read_module(x, m);
	compare_tree(x);
	pthread_rwlock_unlock(&x->lock);
}

void dg_exporters_lock_verdicts(struct dg_exporters *x)
{
	pthread_mutex_lock(&x->verdicts);
}

void dg_exporters_unlock_verdicts(struct dg_exporters *x)
{
	pthread_mutex_unlock(&x->verdicts);
}

/* --- keeping ------------------------------------------------------------------------------------- */

static void write_symbol(const struct dg_export_entry *e, void *file)
{
	fprintf(file, "%s\t%s\n", e->name, e->owner);
}

static void write_module(const struct dg_exporters *x, const struct module *m, FILE *f)
{
	const char *end = m->kept, *path = below(x, m->public.path);

	/* Not asked for this time: as it was. */
	if (!m->read && m->kept) {
		while (dg_startswith(end, "0x") || dg_startswith(end, "-\t"))
			end = strchr(end, '\n') + 1;
		fprintf(f, "module %s\t%s\t%s\t%s\n%.*s", m->name, m->owner, m->kept_id, m->kept_path,
			(int)(end - m->kept), m->kept);
		return;
	}
	if (!m->n_exports || !m->settled || !path || strpbrk(path, "\t\n"))
		return;
	fprintf(f, "module %s\t%s\t%s\t%s\n", m->name, m->owner, m->id, path);
	for (size_t i = 0; i < m->n_exports; i++) {
		const struct dg_export_entry *e = m->exports[i];

		if (e->has_crc)
			fprintf(f, "0x%08x", e->crc);
		else
			fputc('-', f);
		fprintf(f, "\t%s\t%s\t%s\n", e->name, e->gpl_only ? "gpl" : "-", e->ns);
	}
}

static void keep(const struct dg_exporters *x)
{
	dg_auto_free char *text = NULL, *name = cache_name(x);
	size_t len;
	FILE *f;

	if (!name || !dg_cachefile_writable(x->root) || !(f = open_memstream(&text, &len)))
		return;
	fprintf(f, MAGIC "index %s\n", x->index_id[0] ? x->index_id : "-");
	if (x->index_id[0])
		dg_symtab_each(x->by_index, write_symbol, f);
	for (const struct module *m = x->modules; m; m = m->next)
		if (m->listed)
			write_module(x, m, f);
	if (fclose(f) == 0)
		dg_cachefile_write(x->root, name, text, len);
}

void dg_exporters_keep_nothing(struct dg_exporters *x)
{
	x->keep_nothing = true;
}

void dg_exporters_free(struct dg_exporters *x)
{
	if (!x)
		return;
	if (x->new_to_keep && !x->keep_nothing)
		keep(x);
	while (x->modules) {
		struct module *next = x->modules->next;

		free_module(x->modules);
		x->modules = next;
	}
	dg_symtab_free(x->by_index);
	dg_symtab_free(x->by_name);
	dg_symtab_free(x->read);
	dg_symtab_free(x->others);
	dg_modindex_close(x->index);
	pthread_rwlock_destroy(&x->lock);
	pthread_mutex_destroy(&x->verdicts);
	free(x->root);
	free(x->release);
	free(x->modules_dir);
	free(x->text);
	free(x);
}
