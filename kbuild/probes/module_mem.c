// SPDX-License-Identifier: GPL-2.0-only
/*
 * HAVE_MODULE_MEM: has struct module mem[], one for each kind of memory?
 * Since upstream ac3b43283923 ("module: replace module_layout with
 * module_memory"), 6.4.
 */
#include <linux/module.h>

const void *probe(const struct module *mod);

const void *probe(const struct module *mod)
{
	return mod->mem[MOD_RODATA].base;
}

MODULE_DESCRIPTION("drvguard probe");
MODULE_LICENSE("GPL");
