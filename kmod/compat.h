/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between kernel trees, so that no other file has an #if
 * about it. probes.h is written by kbuild/build-module: HAVE_X is 1 or 0, as
 * found by compiling kbuild/probes/x.c against the tree.
 */
#ifndef _DRVGUARD_COMPAT_H
#define _DRVGUARD_COMPAT_H

#include <generated/utsrelease.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <linux/version.h>

#include "probes.h"

/* hex2bin() has moved there, out of linux/kernel.h. */
#if HAVE_HEX_H
#include <linux/hex.h>
#endif

/*
 * The level as the tree's own macros name it, NULL where they do not:
 *
 * RHEL_*		linux/version.h. Minor 99 is the development tree, which
 *			Fedora's kernels are built from as well; it names no
 *			release of RHEL.
 * CONFIG_SUSE_*	the configuration.
 * UTS_UBUNTU_*		generated/utsrelease.h.
 */
#if defined(RHEL_MAJOR) && defined(RHEL_MINOR) && RHEL_MINOR + 0 < 99
#define DG_TREE_VENDOR			"rhel"
#define DG_TREE_TECHNOLOGY_LEVEL	__stringify(RHEL_MAJOR) "." __stringify(RHEL_MINOR)
#ifdef RHEL_RELEASE
#define DG_TREE_RELEASE			RHEL_RELEASE
#endif
#elif defined(CONFIG_SUSE_VERSION) && defined(CONFIG_SUSE_PATCHLEVEL)
#define DG_TREE_VENDOR			"suse"
#define DG_TREE_TECHNOLOGY_LEVEL	\
	__stringify(CONFIG_SUSE_VERSION) "." __stringify(CONFIG_SUSE_PATCHLEVEL)
#elif defined(UTS_UBUNTU_RELEASE_ABI)
#define DG_TREE_VENDOR			"ubuntu"
#define DG_TREE_TECHNOLOGY_LEVEL	__stringify(UTS_UBUNTU_RELEASE_ABI)
#else
#define DG_TREE_VENDOR			NULL
#define DG_TREE_TECHNOLOGY_LEVEL	NULL
#endif

#ifndef DG_TREE_RELEASE
#define DG_TREE_RELEASE			NULL
#endif

#if !HAVE_SYSFS_EMIT
static inline __printf(2, 3) int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, PAGE_SIZE, fmt, args);
	va_end(args);
	return len;
}
#endif

/*
 * Whether the loader ends a load when a notifier says so: since it calls its
 * chain by blocking_notifier_call_chain_robust() (upstream 70d932985757, 5.10).
 */
#define DG_CAN_REFUSE	HAVE_NOTIFIER_CALL_CHAIN_ROBUST

/*
 * Where the data of a module lies that it cannot write to, its notes among it:
 * mem[] since ac3b43283923 (6.4), before that the part of core_layout (4.5)
 * behind the code, which need not end on a page where nothing is protected. From
 * 5.18 on some 32-bit kernels keep all data apart from the code (data_layout).
 */
static inline const void *dg_module_rodata(const struct module *mod, size_t *ret_size)
{
#if HAVE_MODULE_MEM
	*ret_size = mod->mem[MOD_RODATA].size;
	return mod->mem[MOD_RODATA].base;
#elif defined(CONFIG_ARCH_WANTS_MODULES_DATA_IN_VMALLOC)
	*ret_size = mod->data_layout.ro_size;
	return mod->data_layout.base;
#else
	size_t from = ALIGN(mod->core_layout.text_size, sizeof(u32));

	*ret_size = mod->core_layout.ro_size > from ? mod->core_layout.ro_size - from : 0;
	return mod->core_layout.base + from;
#endif
}

#endif /* _DRVGUARD_COMPAT_H */
