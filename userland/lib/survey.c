// SPDX-License-Identifier: GPL-2.0-or-later
#include "survey.h"

#include <errno.h>

#include "around.h"
#include "fs.h"
#include "hold.h"
#include "modprobe.h"
#include "mounts.h"
#include "state.h"
#include "store.h"
#include "trace.h"

static void candidate_free(struct dg_candidate *c)
{
	dg_modfile_free(c->file);
	dg_judgement_free(c->judgement);
	*c = (struct dg_candidate){ 0 };
}

static bool good(const struct dg_candidate *c)
{
	return c->judgement && c->judgement->verdict != DG_VERDICT_REFUSED;
}

/* What the kernel's loader says, as it is kept or else asked of it. -ESTALE: @m cannot be read any more. */
static int ask(struct dg_survey *s, struct dg_modfile *m, struct dg_judgement **ret, struct dg_diag *d)
{
	int r = s->verdicts ? dg_verdicts_find(s->verdicts, m, ret) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	r = dg_modfile_load(m, d);
	if (r < 0)
		return r == -ENOMEM ? r : -ESTALE;
	r = dg_loader_judge_alone(m, s->kernel, ret, d);
	if (r == 0 && s->verdicts)
		dg_verdicts_keep(s->verdicts, m, *ret);
	return r;
}

/* The loader's verdict, made stricter where the product wants exact. -ESTALE: the file is not what it was. */
static int judge(struct dg_survey *s, const struct dg_driver *driver, struct dg_modfile *m, struct dg_judgement **ret,
		 struct dg_diag *d)
{
	int r = ask(s, m, ret, d);

	if (r == 0)
		r = dg_loader_judge_around(m, s->kernel, *ret);
	if (r == 0 && driver->product->require == DG_REQUIRE_EXACT)
		r = dg_judgement_require_exact(*ret);
	return r;
}

/* With its digest; its bytes too, unless facts do. */
static int read_file(struct dg_survey *s, const char *path, struct dg_modfile **ret, struct dg_diag *d)
{
	int r;

	if (s->facts)
		return dg_facts_read(s->facts, path, ret, d);
	r = dg_modfile_read(path, ret, d);
	return r < 0 ? r : dg_modfile_hash(*ret);
}

/*
 * What was judged when it was staged need not be judged again for the same
 * bytes and the same kernel, told by build-id. Saves unpacking the image, above
 * all early in boot.
 */
static bool proven(struct dg_survey *s, const struct dg_standing *st, const struct dg_manifest_entry *e)
{
	const struct dg_modconf *c = dg_kernel_modconf(s->kernel);

	/* The command line may be another than when it was staged. */
	if (!c || dg_modconf_find(c, DG_MODCONF_KERNEL_BLACKLIST, st->driver->name))
		return false;
	return s->running && s->now.build_id[0] && e->verdict != DG_VERDICT_REFUSED &&
	       dg_streq(s->generation->manifest->kernel_build_id, s->now.build_id) &&
	       dg_streq(e->sha256, st->staged.file->sha256) &&
	       (e->verdict == DG_VERDICT_EXACT || st->driver->product->require != DG_REQUIRE_EXACT);
}

bool dg_standing_is_for_running(const struct dg_survey *s, const struct dg_standing *st)
{
	if (!s->now.build_id[0] || (st->staged_ours && s->generation->manifest &&
				    dg_streq(s->generation->manifest->kernel_build_id, s->now.build_id)))
		return true;
	return dg_kernel_build_id(s->kernel, NULL) < 0 || dg_streq(s->kernel->build_id, s->now.build_id);
}

static int judge_staged(struct dg_survey *s, struct dg_standing *st, struct dg_diag *d)
{
	const struct dg_manifest *m = st->staged_ours ? s->generation->manifest : NULL;
	const struct dg_manifest_entry *e = m ? dg_manifest_find(m, st->driver->name) : NULL;

	st->broken = st->staged_ours && (!e || !dg_streq(e->sha256, st->staged.file->sha256));
	if (e && proven(s, st, e)) {
		st->staged.judgement = calloc(1, sizeof(*st->staged.judgement));
		if (!st->staged.judgement)
			return -ENOMEM;
		if (dg_around_judge(st->staged.file, s->kernel, st->staged.judgement) < 0)
			return -ENOMEM;
		st->staged.judgement->verdict = st->staged.judgement->err ? DG_VERDICT_REFUSED : e->verdict;
		return 0;
	}
	return judge(s, st->driver, st->staged.file, &st->staged.judgement, d);
}

static int look_at_staged(struct dg_survey *s, struct dg_standing *st, struct dg_diag *d)
{
	const char *ours = s->generation->link_path;
	int r = dg_kernel_module_path(s->kernel, st->driver->name, &st->staged_path);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 0;
	st->staged_ours = s->generation->link == DG_LINK_GOOD && dg_startswith(st->staged_path, ours) &&
			  st->staged_path[strlen(ours)] == '/';
	r = read_file(s, st->staged_path, &st->staged.file, &st->staged_problem);
	/* A name that only a stale index still knows: modprobe would load nothing. */
	if (r == -ENOENT && !st->staged_ours) {
		free(dg_take(st->staged_path));
		st->staged_problem = (struct dg_diag){ 0 };
		return 0;
	}
	if (r < 0) {
		st->broken = st->staged_ours;
		dg_diags_add(&s->problems, &st->staged_problem);
		return 0;
	}
	r = judge_staged(s, st, d);
	if (r != -ESTALE)
		return r;
	st->staged_problem = *d;
	dg_diags_add(&s->problems, d);
	return 0;
}

bool dg_loaded_is(const struct dg_loaded *l, const struct dg_modfile *f)
{
	/* The build-id names the very file; without one the source, then the version, must do. */
	if (l->build_id[0] && f->build_id[0])
		return dg_streq(l->build_id, f->build_id);
	if (l->srcversion[0] && *f->srcversion)
		return dg_streq(l->srcversion, f->srcversion);
	return dg_streq(l->version, f->version);
}

static void look_at_loaded(struct dg_survey *s, struct dg_standing *st)
{
	const struct dg_modfile *f = st->staged.file;
	const struct dg_loaded *l = &st->loaded;

	if (!s->running)
		return;
	dg_loaded_read(s->root, st->driver->name, &st->loaded);
	if (!l->loaded || !f)
		return;
	st->loaded_is_staged = dg_loaded_is(l, f);
}

struct walk {
	bool again; /* only for drivers still without a candidate; problems are told already */
	struct dg_survey *survey;
	const struct dg_product *product; /* NULL: the store, which serves all */
	struct dg_diag *d;
};

/* Keep the better of the two; the other is freed. */
static void keep_better(struct dg_survey *s, struct dg_candidate *best, struct dg_candidate *c)
{
	if (!best->file ||
	    dg_choose_compare(c->file, c->judgement, best->file, best->judgement, s->kernel->release) > 0) {
		candidate_free(best);
		*best = *c;
	} else {
		candidate_free(c);
	}
}

static void add_problem(struct walk *w, int err, const struct dg_diag *d)
{
	struct dg_survey *s = w->survey;

	if (w->again)
		return;
	dg_diags_add(&s->problems, d);
	if (err == -EACCES || err == -EPERM || err == -EIO)
		s->unread = true;
}

/* What is staged now is not withdrawn, whatever the list says. */
static bool is_withdrawn(const struct dg_survey *s, const struct dg_standing *st, const struct dg_modfile *f)
{
	const struct dg_manifest *m = s->generation->manifest;
	const struct dg_manifest_entry *e = m ? dg_manifest_find(m, st->driver->name) : NULL;

	return !(e && dg_streq(e->sha256, f->sha256)) &&
	       dg_withdrawn_find(&s->withdrawn, st->driver->name, f->sha256, f->version);
}

/* Where a judged candidate belongs. */
static struct dg_candidate *shelf(const struct dg_survey *s, struct dg_standing *st, const struct dg_candidate *c)
{
	if (!good(c))
		return &st->nearest_refused;
	return is_withdrawn(s, st, c->file) ? &st->withdrawn : &st->best;
}

/* @c is taken over. */
static int weigh(struct dg_survey *s, struct dg_standing *st, struct dg_candidate *c, struct dg_diag *d)
{
	int r = judge(s, st->driver, c->file, &c->judgement, d);

	if (r < 0)
		candidate_free(c);
	else
		keep_better(s, shelf(s, st, c), c);
	if (r == -ESTALE) {
		dg_diags_add(&s->problems, d);
		return 0;
	}
	return r;
}

static int put_off(struct dg_standing *st, struct dg_candidate *c)
{
	if (DG_GROW(st->waiting, st->n_waiting) < 0) {
		candidate_free(c);
		return -ENOMEM;
	}
	st->waiting[st->n_waiting++] = *c;
	return 0;
}

static int offer(struct walk *w, struct dg_standing *st, struct dg_modfile *m)
{
	struct dg_candidate c = { .file = m, .from_store = !w->product };

	if (w->product && !w->again)
		st->n_candidates++;
	if (w->product && st->loaded.loaded && dg_loaded_is(&st->loaded, m))
		st->loaded_in_depot = true;
	return w->survey->verdicts ? put_off(st, &c) : weigh(w->survey, st, &c, w->d);
}

static int know_vermagic(struct dg_survey *s, struct dg_diag *d)
{
	return *dg_verdicts_vermagic(s->verdicts) ? 0 : dg_kernel_reference(s->kernel, d);
}

/* How good @c can turn out to be: a good verdict on it is exact or not by its vermagic alone. */
static struct dg_judgement hope(const struct dg_survey *s, const struct dg_candidate *c)
{
	const char *kept = dg_verdicts_vermagic(s->verdicts), *own = *kept ? kept : s->kernel->vermagic;

	return (struct dg_judgement){ .verdict = dg_loader_same_release(c->file->vermagic, own) ? DG_VERDICT_EXACT
												: DG_VERDICT_KABI };
}

/* The most hopeful of those that wait, of equals the first; the caller takes it over. */
static struct dg_candidate next_waiting(const struct dg_survey *s, struct dg_standing *st)
{
	size_t first = 0;
	struct dg_judgement best = hope(s, &st->waiting[0]);
	struct dg_candidate c;

	for (size_t i = 1; i < st->n_waiting; i++) {
		const struct dg_judgement j = hope(s, &st->waiting[i]);

		if (dg_choose_compare(st->waiting[i].file, &j, st->waiting[first].file, &best, s->kernel->release) >
		    0) {
			first = i;
			best = j;
		}
	}
	c = st->waiting[first];
	st->n_waiting--;
	memmove(&st->waiting[first], &st->waiting[first + 1], (st->n_waiting - first) * sizeof(c));
	return c;
}

static void drop_waiting(struct dg_standing *st)
{
	while (st->n_waiting)
		candidate_free(&st->waiting[--st->n_waiting]);
	free(dg_take(st->waiting));
}

/* Once one is good, none of those behind it is better. */
static int weigh_waiting(struct dg_survey *s, struct dg_diag *d)
{
	int r = 0;

	for (size_t i = 0; i < s->n && r == 0; i++) {
		struct dg_standing *st = &s->v[i];

		if (st->n_waiting)
			r = know_vermagic(s, d);
		while (r == 0 && st->n_waiting && !st->best.file) {
			struct dg_candidate c = next_waiting(s, st);

			r = weigh(s, st, &c, d);
		}
		drop_waiting(st);
	}
	return r;
}

static int on_file(const char *path, int err, const struct dg_diag *bad, void *data)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct walk *w = data;
	struct dg_diag why;
	int r;

	if (bad) {
		add_problem(w, err, bad);
		return 0;
	}
	r = read_file(w->survey, path, &m, &why);
	if (r == 0 && !m->name[0])
		r = dg_diag_set(&why, -EBADMSG, path, "replace it from the vendor's package",
				"no usable module name in it");
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		add_problem(w, r, &why);
		return 0;
	}
	if (!w->product && !dg_store_is_whole(m)) {
		dg_diag_set(&why, -EBADMSG, path, "run drvguard repair while the depot is there",
			    "a copy in the store is damaged, and is not used");
		add_problem(w, 0, &why);
		return 0;
	}
	for (size_t i = 0; i < w->survey->n; i++) {
		struct dg_standing *st = &w->survey->v[i];

		if (w->again && st->best.file)
			continue;
		if (dg_streq(st->driver->name, m->name) && (!w->product || st->driver->product == w->product))
			return offer(w, st, dg_take(m));
	}
	return 0;
}

static void set_depot(struct dg_survey *s, const struct dg_product *p, enum dg_depot_state state, bool unreadable,
		      const struct dg_diag *why)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].driver->product == p) {
			s->v[i].depot = state;
			s->v[i].depot_unreadable = unreadable;
			s->v[i].depot_why = *why;
		}
}

static bool has_drivers(const struct dg_survey *s, const struct dg_product *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].driver->product == p)
			return true;
	return false;
}

static int look_in_depot(struct dg_survey *s, const struct dg_product *p, bool again, struct dg_diag *d)
{
	struct walk w = { .survey = s, .product = p, .again = again, .d = d };
	enum dg_depot_state state = DG_DEPOT_ABSENT;
	struct dg_diag why = { 0 };
	dg_auto_free char *dir = NULL;
	int r = dg_depot_find(s->root, p->depot, &state, &dir, &why);

	set_depot(s, p, state, r < 0, &why);
	if (r < 0) {
		add_problem(&w, r, &why);
		s->unread = true;
		return 0;
	}
	return dir ? dg_depot_walk(s->root, dir, on_file, &w, d) : 0;
}

static int look_in_store(struct dg_survey *s, bool again, struct dg_diag *d)
{
	struct walk w = { .survey = s, .again = again, .d = d };
	dg_auto_free char *dir = dg_store_dir(s->root, s->config->store);

	if (!dir)
		return -ENOMEM;
	return access(dir, F_OK) < 0 ? 0 : dg_depot_walk(s->root, dir, on_file, &w, d);
}

/* What is staged already is not worth a search when the depot is away: it stays. */
static bool all_match(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!good(&s->v[i].staged) || s->v[i].broken)
			return false;
	return true;
}

static void conclude(struct dg_survey *s, struct dg_standing *st, unsigned int flags)
{
	bool away = (flags & DG_SURVEY_NO_DEPOT) || st->depot != DG_DEPOT_PRESENT;
	dg_auto_free char *mount = NULL;

	/* A directory under a mount that is still to come is not the depot. */
	if (!away && !st->best.file && dg_mount_awaited(s->root, st->driver->product->depot, &mount)) {
		away = true;
		dg_diag_set(&st->depot_why, 0, st->driver->product->depot, "mount it", "%s is not mounted yet", mount);
	}
	if (good(&st->staged) && !st->broken)
		st->match = DG_MATCH;
	else if (!st->best.file && away && !st->depot_unreadable)
		st->match = DG_WAITING;
	else
		st->match = st->staged_path ? DG_MISMATCH : DG_MISSING;

	st->state = dg_state_of(s, st);
}

void dg_survey_look_again(struct dg_survey *s)
{
	for (size_t i = 0; s->running && i < s->n; i++) {
		struct dg_standing *st = &s->v[i];

		st->held = dg_hold_is_set(s->root, st->driver->name);
		if (st->driver->path)
			(void)dg_place_look(s->root, st->driver->path, dg_standing_load_path(st), &st->place);
	}
}

static int look_everywhere(struct dg_survey *s, unsigned int flags, bool again, struct dg_diag *d)
{
	int r = 0;

	for (size_t i = 0; i < s->config->n_products && r == 0 && !(flags & DG_SURVEY_NO_DEPOT); i++)
		if (has_drivers(s, &s->config->products[i]))
			r = look_in_depot(s, &s->config->products[i], again, d);
	if (r == 0 && !all_match(s))
		r = look_in_store(s, again, d);
	if (r == 0)
		r = weigh_waiting(s, d);
	return r;
}

/*
 * Drivers that are staged together may use each other's symbols. Returns
 * whether that could let in one that has no good candidate yet.
 */
static bool add_candidates_exports(struct dg_survey *s)
{
	size_t before = s->kernel->exports ? dg_symtab_count(s->kernel->exports) : 0;
	bool lacking = false;

	for (size_t i = 0; i < s->n; i++)
		lacking |= !s->v[i].best.file && s->v[i].nearest_refused.file;
	/* Verdicts that are kept do not reckon with them. */
	if (!s->kernel->exports || (s->verdicts && !lacking))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].best.file && dg_modfile_load(s->v[i].best.file, NULL) == 0)
			dg_kernel_add_exports(s->kernel, s->v[i].best.file);
	return lacking && dg_symtab_count(s->kernel->exports) > before;
}

static int collect(struct dg_survey *s, unsigned int flags, struct dg_diag *d)
{
	struct dg_diag why;
	int r = dg_generation_current(s->config->store, s->kernel, &s->generation);

	if (r == 0 && dg_withdrawn_read(s->root, s->config->store, s->kernel->release, &s->withdrawn, &why) < 0)
		dg_diags_add(&s->problems, &why);
	for (size_t i = 0; i < s->n && r == 0; i++) {
		s->v[i].driver = &s->config->drivers[i];
		s->v[i].depot = DG_DEPOT_ABSENT;
		r = look_at_staged(s, &s->v[i], d);
		look_at_loaded(s, &s->v[i]);
	}
	if (r == 0)
		r = look_everywhere(s, flags, false, d);
	while (r == 0 && add_candidates_exports(s))
		r = look_everywhere(s, flags, true, d);
	return r;
}

static int take(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		struct dg_facts *facts, struct dg_survey **ret, struct dg_diag *d)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->root = root;
	s->config = config;
	s->kernel = kernel;
	s->running = !(flags & DG_SURVEY_INSTALLED) && dg_running_read(root, &s->now) == 0 &&
		     dg_streq(s->now.release, kernel->release);
	if (s->running)
		dg_running_boot_id(root, s->boot_id, sizeof(s->boot_id));
	s->v = calloc(config->n_drivers + 1, sizeof(*s->v));
	if (!s->v)
		return -ENOMEM;
	s->n = config->n_drivers;
	s->facts = facts;
	r = facts ? dg_verdicts_open(kernel, &s->verdicts) : 0;
	if (r == 0)
		r = collect(s, flags, d);
	if (r < 0)
		return r;
	r = dg_trace_look(s, flags);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n; i++)
		conclude(s, &s->v[i], flags);
	dg_survey_look_again(s);
	*ret = dg_take(s);
	return 0;
}

/* A writer switched meanwhile: files of one generation would be seen beside the manifest of another. */
static bool overtaken(const struct dg_survey *s)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;

	return dg_generation_current(s->config->store, s->kernel, &now) == 0 &&
	       (now->number != s->generation->number || now->link != s->generation->link);
}

static int take_whole(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		      struct dg_facts *facts, struct dg_survey **ret, struct dg_diag *d)
{
	for (int tries = 0;; tries++) {
		dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
		int r = take(root, config, kernel, flags, facts, &s, d);

		if (r < 0)
			return r;
		if (tries < 10 && overtaken(s)) {
			dg_kernel_reindexed(kernel);
			continue;
		}
		*ret = dg_take(s);
		return 0;
	}
}

int dg_survey_take(const char *root, const struct dg_config *config, struct dg_kernel *kernel, unsigned int flags,
		   struct dg_survey **ret, struct dg_diag *d)
{
	return take_whole(root, config, kernel, flags, NULL, ret, d);
}

int dg_survey_take_kept(const char *root, const struct dg_config *config, struct dg_kernel *kernel,
			struct dg_facts *facts, struct dg_survey **ret, struct dg_diag *d)
{
	return take_whole(root, config, kernel, 0, facts, ret, d);
}

void dg_survey_free(struct dg_survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].staged_path);
		dg_mounted_free(&s->v[i].mounted);
		candidate_free(&s->v[i].staged);
		candidate_free(&s->v[i].best);
		candidate_free(&s->v[i].withdrawn);
		candidate_free(&s->v[i].nearest_refused);
		drop_waiting(&s->v[i]);
	}
	dg_verdicts_free(s->verdicts);
	free(s->v);
	dg_withdrawn_free(&s->withdrawn);
	dg_generation_free(s->generation);
	dg_diags_free(&s->problems);
	free(s);
}

void dg_survey_freep(struct dg_survey **s)
{
	dg_survey_free(*s);
}

const char *dg_standing_match_path(const struct dg_standing *s)
{
	return good(&s->staged) && !s->broken ? s->staged_path : NULL;
}

const char *dg_standing_load_path(const struct dg_standing *s)
{
	return s->suspect ? NULL : dg_standing_match_path(s);
}

bool dg_standing_image_is_wrong(const struct dg_standing *s)
{
	return s->boot_image == DG_IMAGE_OTHER || s->boot_image == DG_IMAGE_LACKING;
}

bool dg_standing_needs_reboot(const struct dg_standing *s)
{
	return s->loaded.loaded && s->staged.file && !s->loaded_is_staged;
}

const char *dg_match_name(enum dg_match m)
{
	static const char *const names[] = { "match", "mismatch", "missing", "waiting" };

	return names[m];
}
