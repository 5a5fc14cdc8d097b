// SPDX-License-Identifier: GPL-2.0-or-later
#include "remove.h"

#include <errno.h>

#include "kept.h"
#include "room.h"
#include "transaction.h"
#include "trial.h"

struct removal {
	const char *root;
	const struct dg_config *config;
	struct dg_kernel *k;
	const struct dg_manifest *now;
	unsigned int number; /* of the current generation */
	unsigned int *kept;  /* all generations, lowest first, ended by 0 */
};

/* Lower than what goes, or, of drivers without versions, simply another that was staged before. */
static bool is_earlier(const struct dg_manifest_entry *e, const struct dg_manifest_entry *gone)
{
	if (*e->version && *gone->version)
		return dg_version_compare(e->version, gone->version) < 0;
	return !dg_streq(e->sha256, gone->sha256);
}

/* From one kept generation: its entry for the driver, if it is an earlier one, whole and good. */
static int from_generation(const struct removal *m, unsigned int number, const struct dg_manifest_entry *gone,
			   struct dg_manifest *to)
{
	dg_auto_free char *dir = dg_generation_dir(m->root, m->config->store, m->k->release, number);
	dg_auto(dg_manifest_freep) struct dg_manifest *old = NULL;
	const struct dg_manifest_entry *e;

	if (!dir || dg_generation_manifest(m->root, m->config->store, m->k->release, number, &old, NULL) < 0)
		return -ENOENT;
	e = dg_manifest_find(old, gone->name);
	if (!e || !is_earlier(e, gone) || dg_kept_check(dir, e, m->config, m->k, false, NULL) < 0)
		return -ENOENT;
	return dg_manifest_add(to, e);
}

static bool has(const struct removal *m, unsigned int number, const struct dg_manifest_entry *gone)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *old = NULL;
	const struct dg_manifest_entry *e;

	if (dg_generation_manifest(m->root, m->config->store, m->k->release, number, &old, NULL) < 0)
		return false;
	e = dg_manifest_find(old, gone->name);
	return e && dg_streq(e->sha256, gone->sha256);
}

/* The nearest generation that has it, of those before the file came: two builds would bring each other back for ever.
 */
static int add_earlier(const struct removal *m, const struct dg_manifest_entry *gone, struct dg_manifest *to)
{
	size_t n = 0;
	int r = -ENOENT;

	while (m->kept[n] && m->kept[n] < m->number && !has(m, m->kept[n], gone))
		n++;
	while (n-- && r == -ENOENT)
		r = from_generation(m, m->kept[n], gone, to);
	return r == -ENOENT ? 0 : r;
}

static int make_manifest(const struct removal *m, const char *const *names, struct dg_manifest **ret)
{
	dg_auto(dg_manifest_freep) struct dg_manifest *to = NULL;
	int r = dg_manifest_new(m->k->release, m->now->kernel_build_id, &to);

	for (size_t i = 0; i < m->now->n_entries && r == 0; i++) {
		const struct dg_manifest_entry *e = &m->now->entries[i];

		r = dg_modname_in(names, e->name) ? add_earlier(m, e, to) : dg_manifest_add(to, e);
	}
	if (r < 0)
		return r;
	to->previous = m->number;
	*ret = dg_take(to);
	return 0;
}

static int check_names(const struct removal *m, const char *const *names, struct dg_diag *d)
{
	for (; *names; names++)
		if (!m->now || !dg_manifest_find(m->now, *names))
			return dg_diag_set(d, -ENOENT, *names, "drvguard status tells what is staged",
					   "is not staged by drvguard for %s", m->k->release);
	return 0;
}

/* What goes on has to be in the store, whose links the new generation gets. */
static int refill_store(const struct removal *m, const struct dg_manifest *to, struct dg_diag *d)
{
	int r = 0;

	for (size_t i = 0; i < to->n_entries && r == 0; i++)
		r = dg_kept_restore(m->root, m->config->store, m->k->release, &to->entries[i], d);
	return r;
}

static int commit(const struct removal *m, const struct dg_manifest *to, unsigned int *ret_number, struct dg_diag *d)
{
	const struct dg_room room = {
		.root = m->root, .store = m->config->store, .kernel = m->k, .files = to->n_entries
	};
	struct dg_transaction t;
	int r = dg_room_check(&room, d);

	if (r == 0)
		r = dg_generation_next(m->root, m->config->store, m->k->release, ret_number);
	if (r == 0)
		r = dg_transaction_begin(&t, m->root, m->config, m->k, DG_ACTION_REMOVE, m->number, *ret_number, d);
	if (r < 0)
		return r;
	r = refill_store(m, to, d);
	if (r == 0)
		r = dg_generation_build(m->root, m->config->store, to, *ret_number, d);
	if (r == 0)
		r = dg_trial_carry(m->root, m->config->store, m->k->release, m->number, *ret_number, d);
	if (r < 0) {
		dg_transaction_abandon(&t);
		return r;
	}
	return dg_transaction_commit(&t, d);
}

int dg_remove_run(const char *root, const struct dg_config *config, struct dg_kernel *k, const char *const *names,
		  bool dry_run, struct dg_changes *ret, struct dg_diag *d)
{
	dg_auto(dg_generation_freep) struct dg_generation *now = NULL;
	dg_auto(dg_manifest_freep) struct dg_manifest *to = NULL;
	dg_auto_free unsigned int *kept = NULL;
	struct removal m = { .root = root, .config = config, .k = k };
	int r = dg_generation_current(config->store, k, &now);

	*ret = (struct dg_changes){ 0 };
	if (r == 0)
		r = dg_generation_list(root, config->store, k->release, &kept);
	if (r < 0)
		return dg_diag_errno(d, r, k->release, "look at what is staged");
	m.now = now->manifest;
	m.number = now->number;
	m.kept = kept;
	r = check_names(&m, names, d);
	if (r == 0)
		r = make_manifest(&m, names, &to);
	if (r == 0)
		r = dg_changes_make(now->manifest, to, ret);
	ret->from = ret->to = now->number;
	return r < 0 || dry_run ? r : commit(&m, to, &ret->to, d);
}
