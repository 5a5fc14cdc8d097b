// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which kernel this is, one value a file under /sys/kernel/drvguard.
 *
 * Knows the facts and where each is from; hides how they are shown.
 *
 * Locking: none. Every value is set before the files appear and constant from
 * then on. That holds for release, version and machine of init_uts_ns as well:
 * nothing writes them once the kernel is up, so uts_sem (which is not exported)
 * is not needed. utsname() would be wrong here: it is the reader's namespace.
 * Context: process; init and exit from module init and exit, the show function
 * from readers, which sysfs has waited for when dg_identity_exit() returns.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <linux/utsname.h>

#include "compat.h"
#include "identity.h"
#include "inject.h"
#include "level.h"
#include "uapi/drvguard.h"
#include "vermagic.h"

struct dg_fact {
	struct kobj_attribute attr;
	const char *value;
};

static struct kobject *dg_kobj;
static struct dg_level dg_level;
static char dg_module_size[16];
static char dg_features[32];

static ssize_t dg_fact_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	const struct dg_fact *fact = container_of(attr, struct dg_fact, attr);

	return sysfs_emit(buf, "%s\n", fact->value);
}

#define DG_FACT(_name, _value) {				\
	.attr = __ATTR(_name, 0444, dg_fact_show, NULL),	\
	.value = (_value),					\
}

static struct dg_fact dg_facts[] = {
	DG_FACT(DRVGUARD_ATTR_ABI, __stringify(DRVGUARD_ABI)),
	DG_FACT(DRVGUARD_ATTR_RELEASE, init_uts_ns.name.release),
	DG_FACT(DRVGUARD_ATTR_VERSION, init_uts_ns.name.version),
	DG_FACT(DRVGUARD_ATTR_MACHINE, init_uts_ns.name.machine),
	DG_FACT(DRVGUARD_ATTR_VERMAGIC, dg_vermagic),
	DG_FACT(DRVGUARD_ATTR_MODULE_SIZE, dg_module_size),
	DG_FACT(DRVGUARD_ATTR_VENDOR, dg_level.vendor),
	DG_FACT(DRVGUARD_ATTR_TECHNOLOGY_LEVEL, dg_level.technology_level),
	DG_FACT(DRVGUARD_ATTR_SERVICE_PACK, dg_level.service_pack),
	DG_FACT(DRVGUARD_ATTR_FEATURES, dg_features),
};

/* Ends in NULL; filled from dg_facts, so that a fact is named once. */
static struct attribute *dg_fact_attrs[ARRAY_SIZE(dg_facts) + 1];

static const struct attribute_group dg_fact_group = {
	.attrs = dg_fact_attrs,
};

/**
 * dg_identity_init() - find the facts out and show them
 * @guard: whether the guard is there
 *
 * Return: 0, or -ENOMEM or another error of sysfs, and then nothing is left.
 */
int __init dg_identity_init(bool guard)
{
	static const struct dg_level_tree tree __initconst = {
		.vendor = DG_TREE_VENDOR,
		.technology_level = DG_TREE_TECHNOLOGY_LEVEL,
		.release = DG_TREE_RELEASE,
	};
	size_t i;
	int ret;

	dg_level_parse(&dg_level, &tree, init_uts_ns.name.release,
		       init_uts_ns.name.version);
	snprintf(dg_module_size, sizeof(dg_module_size), "%zu",
		 sizeof(struct module));
	snprintf(dg_features, sizeof(dg_features), "identity%s%s",
		 guard ? " guard" : "", guard && DG_CAN_REFUSE ? " refuse" : "");
	for (i = 0; i < ARRAY_SIZE(dg_facts); i++)
		dg_fact_attrs[i] = &dg_facts[i].attr.attr;

	dg_kobj = dg_inject() ? NULL :
		  kobject_create_and_add(DRVGUARD_SYSFS_NAME, kernel_kobj);
	if (!dg_kobj)
		return -ENOMEM;

	ret = dg_inject() ? -ENOMEM : sysfs_create_group(dg_kobj, &dg_fact_group);
	if (ret)
		goto err_kobj;

	pr_info("%s, vendor %s, technology level \"%s\", service pack \"%s\"\n",
		init_uts_ns.name.release, dg_level.vendor,
		dg_level.technology_level, dg_level.service_pack);
	return 0;

err_kobj:
	kobject_put(dg_kobj);
	return ret;
}

/**
 * dg_identity_exit() - take the files away, waiting for their readers
 *
 * Also for the error path of module init, once dg_identity_init() succeeded.
 */
void dg_identity_exit(void)
{
	sysfs_remove_group(dg_kobj, &dg_fact_group);
	kobject_put(dg_kobj);
}
