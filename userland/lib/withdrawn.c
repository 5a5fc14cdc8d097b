// SPDX-License-Identifier: GPL-2.0-or-later
#include "withdrawn.h"

#include <errno.h>

#include "fs.h"
#include "record.h"

#define HEADING "drvguard-withdrawn 1"

static char *path_of(const char *root, const char *store, const char *release)
{
	dg_auto_free char *inside = dg_format("%s/kernels/%s/withdrawn", store, release);

	return inside ? dg_path_join(root, inside) : NULL;
}

static bool has(const struct dg_withdrawn *w, const char *name, const char *sha256)
{
	for (size_t i = 0; i < w->n; i++)
		if (dg_modname_equal(w->v[i].name, name) && dg_streq(w->v[i].sha256, sha256))
			return true;
	return false;
}

static int add(struct dg_withdrawn *w, const char *name, const char *sha256, const char *version, const char *floor)
{
	struct dg_withdrawn_entry e = { .name = strdup(name), .version = strdup(version), .floor = strdup(floor) };

	if (!e.name || !e.version || !e.floor || DG_GROW(w->v, w->n) < 0) {
		free(e.name);
		free(e.version);
		free(e.floor);
		return -ENOMEM;
	}
	snprintf(e.sha256, sizeof(e.sha256), "%s", sha256);
	w->v[w->n++] = e;
	return 0;
}

static void drop(struct dg_withdrawn *w, struct dg_withdrawn_entry *e)
{
	free(e->name);
	free(e->version);
	free(e->floor);
	*e = w->v[--w->n];
}

static int parse_line(struct dg_withdrawn *w, char *line)
{
	char *save = NULL, sum[DG_SHA256_HEX], *word[4];

	for (size_t i = 0; i < 4; i++)
		if (!(word[i] = strtok_r(i ? NULL : line, " ", &save)))
			return -EBADMSG;
	if (strtok_r(NULL, " ", &save) || !dg_modname_valid(word[0]) || !dg_record_hex(word[1], sum, 64) ||
	    strlen(sum) != 64 || has(w, word[0], sum) || !dg_record_unescape(word[2]) || !dg_record_unescape(word[3]))
		return -EBADMSG;
	return add(w, word[0], sum, word[2], word[3]);
}

int dg_withdrawn_read(const char *root, const char *store, const char *release, struct dg_withdrawn *ret,
		      struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store, release), *body = NULL;
	char *save = NULL;
	int r = path ? dg_record_read(path, HEADING, &body, d) : -ENOMEM;

	*ret = (struct dg_withdrawn){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (char *line = strtok_r(body, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save))
		r = parse_line(ret, line);
	if (r < 0)
		dg_withdrawn_free(ret);
	return r == -EBADMSG ? dg_diag_set(d, r, path, "remove it", "is not of the form of such a list") : r;
}

void dg_withdrawn_free(struct dg_withdrawn *w)
{
	while (w->n)
		drop(w, &w->v[0]);
	free(w->v);
	w->v = NULL;
}

/* Without versions only the very file can be told from others. */
static bool covers(const struct dg_withdrawn_entry *e, const char *sha256, const char *version)
{
	return dg_streq(e->sha256, sha256) ||
	       (*e->version && *version && dg_version_compare(version, e->version) <= 0 &&
		(!*e->floor || dg_version_compare(version, e->floor) > 0));
}

const struct dg_withdrawn_entry *dg_withdrawn_find(const struct dg_withdrawn *w, const char *name, const char *sha256,
						   const char *version)
{
	for (size_t i = 0; i < w->n; i++)
		if (dg_modname_equal(w->v[i].name, name) && covers(&w->v[i], sha256, version))
			return &w->v[i];
	return NULL;
}

/* Gone, or gone back, on purpose: an ordinary stage only goes up, and what a stage lost was broken. */
static bool is_withdrawal(enum dg_action action, const struct dg_manifest_entry *was,
			  const struct dg_manifest_entry *now)
{
	if (action == DG_ACTION_STAGE)
		return false;
	if (!now)
		return action != DG_ACTION_FORCE;
	return !dg_streq(was->sha256, now->sha256) && dg_version_compare(now->version, was->version) <= 0;
}

static struct dg_withdrawn_entry *range_of(struct dg_withdrawn *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (dg_modname_equal(w->v[i].name, name) && *w->v[i].version)
			return &w->v[i];
	return NULL;
}

/* That file alone: another of its version, or of none, is another matter. */
static int withdraw_file(struct dg_withdrawn *w, const struct dg_manifest_entry *e)
{
	return has(w, e->name, e->sha256) ? 0 : add(w, e->name, e->sha256, "", "");
}

/* All from above @floor up to @e, and up to what was withdrawn before, if that is higher. */
static int withdraw_range(struct dg_withdrawn *w, const struct dg_manifest_entry *e, const char *floor)
{
	struct dg_withdrawn_entry *old = range_of(w, e->name);
	char *copy;

	if (old && dg_version_compare(old->version, e->version) >= 0) {
		copy = strdup(floor);
		if (!copy)
			return -ENOMEM;
		free(old->floor);
		old->floor = copy;
		return dg_streq(old->version, e->version) ? 0 : withdraw_file(w, e);
	}
	if (old)
		drop(w, old);
	for (size_t i = w->n; i-- > 0;)
		if (dg_modname_equal(w->v[i].name, e->name) && dg_streq(w->v[i].sha256, e->sha256))
			drop(w, &w->v[i]);
	return add(w, e->name, e->sha256, e->version, floor);
}

static int withdraw(struct dg_withdrawn *w, enum dg_action action, const struct dg_manifest_entry *was,
		    const struct dg_manifest_entry *now)
{
	/* A trial that ended with nothing says nothing of other versions, nor does another build of one. */
	if (!*was->version || (!now && action == DG_ACTION_REVERT) ||
	    (now && dg_version_compare(now->version, was->version) == 0))
		return withdraw_file(w, was);
	return withdraw_range(w, was, now ? now->version : "");
}

/* What is current now is withdrawn no longer, nor what lies below it. */
static int reinstate(struct dg_withdrawn *w, const struct dg_manifest_entry *now)
{
	struct dg_withdrawn_entry *range;

	for (size_t i = w->n; i-- > 0;) {
		struct dg_withdrawn_entry *e = &w->v[i];

		if (dg_modname_equal(e->name, now->name) &&
		    (dg_streq(e->sha256, now->sha256) ||
		     (*e->version && dg_version_compare(now->version, e->version) > 0)))
			drop(w, e);
	}
	range = range_of(w, now->name);
	if (range && covers(range, "", now->version)) {
		char *copy = strdup(now->version);

		if (!copy)
			return -ENOMEM;
		free(range->floor);
		range->floor = copy;
	}
	return 0;
}

static int save(const char *path, const struct dg_withdrawn *w)
{
	dg_auto_free char *body = NULL;
	size_t len;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return -ENOMEM;
	fputs(HEADING "\n", f);
	for (size_t i = 0; i < w->n; i++) {
		fprintf(f, "%s %s ", w->v[i].name, w->v[i].sha256);
		dg_record_put(f, w->v[i].version);
		fputc(' ', f);
		dg_record_put(f, w->v[i].floor);
		fputc('\n', f);
	}
	return fclose(f) != 0 ? -ENOMEM : dg_record_write(path, body);
}

int dg_withdrawn_update(const char *root, const char *store, const char *release, enum dg_action action,
			const struct dg_manifest *from, const struct dg_manifest *to, struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store, release);
	dg_auto(dg_withdrawn_free) struct dg_withdrawn w = { 0 };
	int r = path ? 0 : -ENOMEM;
	size_t before;

	/* One that cannot be believed is made anew. */
	if (r == 0 && dg_withdrawn_read(root, store, release, &w, NULL) == -ENOMEM)
		r = -ENOMEM;
	before = w.n;
	for (size_t i = 0; to && i < to->n_entries && r == 0; i++)
		r = reinstate(&w, &to->entries[i]);
	for (size_t i = 0; from && i < from->n_entries && r == 0; i++) {
		const struct dg_manifest_entry *was = &from->entries[i];
		const struct dg_manifest_entry *now = to ? dg_manifest_find(to, was->name) : NULL;

		if (is_withdrawal(action, was, now))
			r = withdraw(&w, action, was, now);
	}
	if (r < 0)
		return r;
	if (!before && !w.n)
		return 0;
	r = w.n ? save(path, &w) : dg_file_remove(path);
	return r < 0 ? dg_diag_errno(d, r, path, "record what was withdrawn") : 0;
}
