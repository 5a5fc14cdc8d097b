// SPDX-License-Identifier: GPL-2.0-or-later
#include "around.h"

#include <errno.h>

#include "fs.h"
#include "modprobe.h"
#include "reasons.h"

static int tell_rule(const struct dg_modconf *c, enum dg_modconf_kind kind, const char *name, const char *owner,
		     struct dg_judgement *j)
{
	const struct dg_modconf_rule *rule = dg_modconf_find(c, kind, name);

	if (!rule)
		return 0;
	/* Without the module, what it exports is not there. */
	return dg_reason_add(j, kind == DG_MODCONF_INSTALL ? DG_REASON_INSTALL : DG_REASON_BLACKLIST,
			     kind == DG_MODCONF_KERNEL_BLACKLIST ? ENOENT : 0, NULL, NULL, strdup(rule->where), owner);
}

/* A blacklist counts for what is asked for, not for what that depends on. */
static int judge_needed(const struct dg_modconf *c, const char *name, struct dg_judgement *j)
{
	int r = tell_rule(c, DG_MODCONF_KERNEL_BLACKLIST, name, name, j);

	return r < 0 ? r : tell_rule(c, DG_MODCONF_INSTALL, name, name, j);
}

static int add_name(char ***v, size_t *n, const char *name)
{
	char *copy;

	for (size_t i = 0; i < *n; i++)
		if (dg_modname_equal((*v)[i], name))
			return 0;
	copy = strdup(name);
	if (!copy || DG_GROW(*v, *n) < 0) {
		free(copy);
		return -ENOMEM;
	}
	dg_modname_normalize(copy);
	(*v)[(*n)++] = copy;
	return 0;
}

/* @name, and by modules.dep what it needs itself; each once. */
static int add_closure(struct dg_kernel *k, const char *name, char ***v, size_t *n)
{
	char **needs = NULL;
	int r = add_name(v, n, name);

	if (r == 0 && k->modules_dir && !k->index)
		(void)dg_modindex_open(k->modules_dir, &k->index);
	if (r < 0 || !k->index || dg_modindex_needs(k->index, name, &needs) < 0)
		return r;
	for (char **need = needs; *need && r == 0; need++)
		r = add_name(v, n, *need);
	dg_strv_free(needs);
	return r;
}

static bool has_rules_for_needed(const struct dg_modconf *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].kind != DG_MODCONF_BLACKLIST)
			return true;
	return false;
}

static int judge_dependencies(const struct dg_modfile *m, struct dg_kernel *k, const struct dg_modconf *c,
			      struct dg_judgement *j)
{
	dg_auto_free char *depends = strdup(m->depends);
	char **v = NULL, *save = NULL;
	size_t n = 0;
	int r = depends ? 0 : -ENOMEM;

	for (char *name = r < 0 ? NULL : strtok_r(depends, ",", &save); name && r == 0;
	     name = strtok_r(NULL, ",", &save))
		if (dg_modname_valid(name))
			r = add_closure(k, name, &v, &n);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = judge_needed(c, v[i], j);
		free(v[i]);
	}
	free(v);
	return r;
}

int dg_around_judge(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	const struct dg_modconf *c = dg_kernel_modconf(k);
	int r;

	if (!c)
		return -ENOMEM;
	r = tell_rule(c, DG_MODCONF_BLACKLIST, m->name, NULL, j);
	if (r == 0)
		r = tell_rule(c, DG_MODCONF_INSTALL, m->name, NULL, j);
	return r < 0 || !has_rules_for_needed(c) ? r : judge_dependencies(m, k, c, j);
}
