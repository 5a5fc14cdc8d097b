// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdicts.h"

#include <errno.h>

#include "cachefile.h"
#include "reasons.h"
#include "record.h"

#define MAGIC "drvguard-verdicts 1"
/* With more to remark than that, it is not worth it. */
#define REASONS_MOST 16
#define MOST 4096

struct entry {
	char sha256[DG_SHA256_HEX];
	struct dg_judgement *judgement;
	bool used;
};

struct rest {
	char id[DG_FILE_ID];
	char *path;
};

struct dg_verdicts {
	struct dg_kernel *kernel;
	char ground[DG_SHA256_HEX]; /* "" when there is none that can be relied on */
	char build_id[DG_BUILD_ID_HEX], vermagic[256];
	struct entry *v;
	size_t n;
	struct rest *rests;
	size_t n_rests;
	bool may_keep, new_to_keep;
};

static void forget(struct dg_verdicts *v)
{
	for (size_t i = 0; i < v->n; i++)
		dg_judgement_free(v->v[i].judgement);
	for (size_t i = 0; i < v->n_rests; i++)
		free(v->rests[i].path);
	free(dg_take(v->v));
	free(dg_take(v->rests));
	v->n = v->n_rests = 0;
	v->build_id[0] = v->vermagic[0] = '\0';
}

/* --- reading ------------------------------------------------------------------------------------- */

/* Whether it was there already, or is now. */
static bool add_rest(struct dg_verdicts *v, const char *id, const char *path)
{
	struct rest r = { 0 };

	for (size_t i = 0; i < v->n_rests; i++)
		if (dg_streq(v->rests[i].path, path))
			return dg_streq(v->rests[i].id, id);
	if (strlen(id) >= sizeof(r.id) || !(r.path = strdup(path)))
		return false;
	memcpy(r.id, id, strlen(id));
	if (DG_GROW(v->rests, v->n_rests) < 0) {
		free(r.path);
		return false;
	}
	v->rests[v->n_rests++] = r;
	return true;
}

static bool take_rest(struct dg_verdicts *v, char *line)
{
	char *id = strsep(&line, "\t"), now[DG_FILE_ID];

	return line && dg_record_unescape(line) && dg_file_id(line, now) && dg_streq(id, now) && add_rest(v, id, line);
}

static struct entry *add_entry(struct dg_verdicts *v, const char *sha256, enum dg_verdict verdict)
{
	struct entry e = { .judgement = calloc(1, sizeof(*e.judgement)) };

	if (!e.judgement || v->n >= MOST || DG_GROW(v->v, v->n) < 0) {
		free(e.judgement);
		return NULL;
	}
	memcpy(e.sha256, sha256, sizeof(e.sha256));
	e.judgement->verdict = verdict;
	v->v[v->n] = e;
	return &v->v[v->n++];
}

static bool take_verdict(struct dg_verdicts *v, char *line)
{
	char *sum = strsep(&line, "\t"), sha256[DG_SHA256_HEX];
	bool exact = dg_streq(line, dg_verdict_name(DG_VERDICT_EXACT));

	return (exact || dg_streq(line, dg_verdict_name(DG_VERDICT_KABI))) && strlen(sum) == 64 &&
	       dg_record_hex(sum, sha256, 64) && add_entry(v, sha256, exact ? DG_VERDICT_EXACT : DG_VERDICT_KABI);
}

/* A column of a reason: "-" for none. */
static bool take_text(char **line, const char **ret)
{
	char *column = strsep(line, "\t");

	*ret = NULL;
	if (!column || dg_streq(column, "-"))
		return column;
	*ret = column + 1;
	return *column == '=' && dg_unescape(column + 1);
}

static bool take_reason(struct dg_verdicts *v, char *line)
{
	const char *name = strsep(&line, "\t"), *texts[4];
	struct dg_judgement *j = v->n ? v->v[v->n - 1].judgement : NULL;
	enum dg_reason_kind kind = 0;

	while (kind < DG_N_REASONS && !dg_streq(dg_reason_name(kind), name))
		kind++;
	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++)
		if (!take_text(&line, &texts[i]))
			return false;
	return j && kind < DG_N_REASONS && !line && j->n_reasons < REASONS_MOST &&
	       dg_reason_copy(j, kind, 0, texts[0], texts[1], texts[2], texts[3]) == 0;
}

static bool take_line(struct dg_verdicts *v, char *line)
{
	char *what = strsep(&line, " ");

	if (!line)
		return false;
	if (dg_streq(what, "build-id"))
		return dg_record_hex(line, v->build_id, DG_BUILD_ID_HEX - 1);
	if (dg_streq(what, "vermagic")) {
		snprintf(v->vermagic, sizeof(v->vermagic), "%s", line);
		return dg_record_unescape(v->vermagic);
	}
	if (dg_streq(what, "rests"))
		return take_rest(v, line);
	if (dg_streq(what, "verdict"))
		return take_verdict(v, line);
	return dg_streq(what, "reason") && take_reason(v, line);
}

bool dg_verdicts_take_kept(struct dg_verdicts *v, char *text, const char *ground)
{
	char *at = text, *line = strsep(&at, "\n");
	bool fits = dg_streq(line, MAGIC);

	line = strsep(&at, "\n");
	fits = fits && line && dg_startswith(line, "ground ") && dg_streq(line + strlen("ground "), ground);
	while (fits && (line = strsep(&at, "\n")) && *line)
		fits = take_line(v, line);
	if (!fits)
		forget(v);
	return fits;
}

/* --- opening ------------------------------------------------------------------------------------- */

static char *cache_name(const struct dg_kernel *k)
{
	return dg_format("verdicts-%s", k->release);
}

/* The rules are those of this very program. */
static void set_ground(struct dg_verdicts *v)
{
	dg_auto_free char *state = dg_kernel_state_id(v->kernel), *all = NULL;
	char self[DG_FILE_ID];

	if (state && dg_file_id("/proc/self/exe", self) && (all = dg_format("%s%s\n", state, self)) &&
	    dg_sha256(all, strlen(all), v->ground) < 0)
		v->ground[0] = '\0';
}

int dg_verdicts_new(struct dg_kernel *k, struct dg_verdicts **ret)
{
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	(*ret)->kernel = k;
	return 0;
}

int dg_verdicts_open(struct dg_kernel *k, struct dg_verdicts **ret)
{
	struct dg_verdicts *v;
	int r = dg_verdicts_new(k, &v);
	dg_auto_free char *name = r < 0 ? NULL : cache_name(k), *text = NULL;
	size_t len;

	if (r < 0)
		return r;
	set_ground(v);
	/* What was read of the kernel before may be of another state of it. */
	v->may_keep = v->ground[0] && !k->exports && !k->vermagic[0];
	text = v->ground[0] && name ? dg_cachefile_read(k->root, name, &len) : NULL;
	if (text && dg_verdicts_take_kept(v, text, v->ground) && !k->build_id[0])
		memcpy(k->build_id, v->build_id, sizeof(k->build_id));
	*ret = v;
	return 0;
}

const char *dg_verdicts_vermagic(const struct dg_verdicts *v)
{
	return v->vermagic;
}

/* --- asking -------------------------------------------------------------------------------------- */

/* What the command line keeps out, or lies packed where somebody else has to unpack it, is judged anew. */
static bool is_special(struct dg_kernel *k, const struct dg_modfile *m)
{
	const struct dg_modconf *c = dg_kernel_modconf(k);

	return !c || dg_modconf_find(c, DG_MODCONF_KERNEL_BLACKLIST, m->name) ||
	       (!dg_endswith(m->path, ".ko") && k->modules_dir && dg_startswith(m->path, k->modules_dir));
}

static int copy(const struct dg_judgement *from, struct dg_judgement **ret)
{
	dg_auto(dg_judgement_freep) struct dg_judgement *j = calloc(1, sizeof(*j));
	int r = j ? 0 : -ENOMEM;

	if (j)
		j->verdict = from->verdict;
	for (size_t i = 0; i < from->n_reasons && r == 0; i++) {
		const struct dg_reason *a = &from->reasons[i];

		r = dg_reason_copy(j, a->kind, a->err, a->symbol, a->want, a->have, a->owner);
	}
	if (r == 0)
		*ret = dg_take(j);
	return r;
}

int dg_verdicts_find(struct dg_verdicts *v, const struct dg_modfile *m, struct dg_judgement **ret)
{
	if (v->kernel->extended || is_special(v->kernel, m))
		return 0;
	for (size_t i = 0; i < v->n; i++)
		if (dg_streq(v->v[i].sha256, m->sha256)) {
			int r = copy(v->v[i].judgement, ret);

			v->v[i].used = true;
			return r < 0 ? r : 1;
		}
	return 0;
}

/* --- keeping ------------------------------------------------------------------------------------- */

/* Who exports what it uses, if all of that can be told later to be as it was. */
static bool add_rests(struct dg_verdicts *v, const struct dg_modfile *m)
{
	for (size_t i = 0; i < m->n_imports; i++) {
		const struct dg_export_entry *e =
			dg_kernel_export_read(v->kernel, m->imports[i].name, m->imports[i].hash, 0);

		if (!e || (e->exporter && (e->exporter->outside || !e->exporter->id ||
					   !add_rest(v, e->exporter->id, e->exporter->path))))
			return false;
	}
	return v->kernel->reference_id[0] && add_rest(v, v->kernel->reference_id, v->kernel->reference);
}

static bool is_plain(const struct dg_judgement *j)
{
	for (size_t i = 0; i < j->n_reasons; i++)
		if (j->reasons[i].err)
			return false;
	return j->verdict != DG_VERDICT_REFUSED && j->n_reasons <= REASONS_MOST;
}

void dg_verdicts_keep(struct dg_verdicts *v, const struct dg_modfile *m, const struct dg_judgement *j)
{
	struct entry *e;

	if (!v->may_keep || v->kernel->extended || !is_plain(j) || is_special(v->kernel, m) || !add_rests(v, m) ||
	    !(e = add_entry(v, m->sha256, j->verdict)))
		return;
	free(dg_take(e->judgement));
	if (copy(j, &e->judgement) < 0) {
		v->n--;
		return;
	}
	v->new_to_keep = e->used = true;
}

static void write_text(FILE *f, const char *text)
{
	fputs(text ? "\t=" : "\t-", f);
	if (text)
		dg_put_escaped(f, text);
}

static void write_entry(FILE *f, const struct entry *e)
{
	const struct dg_judgement *j = e->judgement;

	fprintf(f, "verdict %s\t%s\n", e->sha256, dg_verdict_name(j->verdict));
	for (size_t i = 0; i < j->n_reasons; i++) {
		const struct dg_reason *r = &j->reasons[i];
		const char *const texts[] = { r->symbol, r->want, r->have, r->owner };

		fprintf(f, "reason %s", dg_reason_name(r->kind));
		for (size_t t = 0; t < DG_ARRAY_SIZE(texts); t++)
			write_text(f, texts[t]);
		fputc('\n', f);
	}
}

static void write_all(const struct dg_verdicts *v, FILE *f)
{
	const struct dg_kernel *k = v->kernel;

	fprintf(f, MAGIC "\nground %s\nbuild-id %s\nvermagic ", v->ground, k->build_id[0] ? k->build_id : "-");
	dg_record_put(f, k->vermagic);
	fputc('\n', f);
	for (size_t i = 0; i < v->n_rests; i++) {
		fprintf(f, "rests %s\t", v->rests[i].id);
		dg_record_put(f, v->rests[i].path);
		fputc('\n', f);
	}
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].used)
			write_entry(f, &v->v[i]);
}

static void keep(const struct dg_verdicts *v)
{
	dg_auto_free char *text = NULL, *name = cache_name(v->kernel);
	size_t len;
	FILE *f;

	if (!name || !dg_cachefile_writable(v->kernel->root) || !(f = open_memstream(&text, &len)))
		return;
	write_all(v, f);
	if (fclose(f) == 0)
		dg_cachefile_write(v->kernel->root, name, text, len);
}

void dg_verdicts_free(struct dg_verdicts *v)
{
	if (!v)
		return;
	if (v->new_to_keep)
		keep(v);
	forget(v);
	free(v);
}
