// SPDX-License-Identifier: GPL-2.0-or-later
#include "around.h"

#include <errno.h>

#include "fs.h"
#include "modprobe.h"
#include "reasons.h"
#include "unpack.h"

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

	if (r < 0 || dg_kernel_needs(k, name, &needs) < 0)
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

/* What lies elsewhere is to be staged, and drvguard stages unpacked. */
static bool is_in_tree_of(const char *path, const struct dg_kernel *k)
{
	dg_auto_free char *real = realpath(path, NULL);
	size_t n = k->modules_dir ? strlen(k->modules_dir) : 0;

	return real && n && strncmp(real, k->modules_dir, n) == 0 && real[n] == '/';
}

/* Since kmod 31 a file packed as the kernel unpacks them is left to the kernel; since 32 even without a library. */
static bool is_for_kernel(const struct dg_kmod *kmod, const struct dg_kernel *k, enum dg_packing p)
{
	return k->policy.decompress == p && (kmod->version >= 32 || (kmod->version == 31 && kmod->reads[p]));
}

static int refuse_packing(struct dg_judgement *j, int err, char *want, char *have)
{
	int r = dg_reason_add(j, DG_REASON_COMPRESSION, err, NULL, want, have, NULL);

	/* Before anything in it is looked at. */
	j->err = err;
	return r;
}

static int judge_packing(const struct dg_modfile *m, struct dg_kernel *k, struct dg_judgement *j)
{
	const struct dg_kmod *kmod;
	dg_auto_free void *start = NULL;
	const char *objection;
	enum dg_packing p;
	size_t len;

	if (!m->path || dg_endswith(m->path, ".ko") || !is_in_tree_of(m->path, k) ||
	    dg_file_read_start(m->path, 1024, &start, &len) < 0)
		return 0;
	p = dg_packing_of(start, len);
	kmod = dg_kernel_kmod(k);
	/* What is not known is not held against it. */
	if (!kmod->version || (kmod->version >= 31 && k->policy.unknown))
		return 0;
	if (p == DG_PACKING_NONE)
		return dg_unpack_needed(start, len) ? refuse_packing(j, ENOEXEC, strdup("no gzip, xz or zstd"),
								     dg_format("kmod %u", kmod->version))
						    : 0;
	if (is_for_kernel(kmod, k, p)) {
		objection = p == DG_PACKING_XZ ? dg_packing_xz_objection(start, len, k->policy.xz_filters) : NULL;
		if (!objection)
			return 0;
		return refuse_packing(j, EINVAL, dg_format("%s %s", dg_packing_name(p), objection),
				      dg_format("the kernel, to which kmod %u leaves it,", kmod->version));
	}
	if (kmod->reads[p])
		return 0;
	/* An older one takes it for a plain module, and the kernel for none at all. */
	return refuse_packing(j, kmod->version >= 32 ? ENOSYS : ENOEXEC, strdup(dg_packing_name(p)),
			      dg_format("kmod %u as it was built", kmod->version));
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
	if (r == 0)
		r = judge_packing(m, k, j);
	return r < 0 || !has_rules_for_needed(c) ? r : judge_dependencies(m, k, c, j);
}
