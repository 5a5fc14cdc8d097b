/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * drvguard: what the kernel module and the userland agree on.
 *
 * The module shows one value a file, each ended by a newline, under
 * DRVGUARD_SYSFS_DIR. A file is never removed or given another meaning
 * without DRVGUARD_ABI being raised; a reader must ignore files and feature
 * words that it does not know.
 */
#ifndef _UAPI_DRVGUARD_H
#define _UAPI_DRVGUARD_H

#define DRVGUARD_ABI			1

/* Name of the kobject below /sys/kernel. */
#define DRVGUARD_SYSFS_NAME		"drvguard"
#define DRVGUARD_SYSFS_DIR		"/sys/kernel/" DRVGUARD_SYSFS_NAME

/* The interface's number, DRVGUARD_ABI. */
#define DRVGUARD_ATTR_ABI		abi
/* init_uts_ns: the same for every reader, whatever its UTS namespace. */
#define DRVGUARD_ATTR_RELEASE		release
#define DRVGUARD_ATTR_VERSION		version
#define DRVGUARD_ATTR_MACHINE		machine
/*
 * VERMAGIC_STRING of the kernel tree the module was built against, trailing
 * space and all. Where the kernel took the module, its own says the same but
 * perhaps for the first word (loaded by symbol CRCs).
 */
#define DRVGUARD_ATTR_VERMAGIC		vermagic
/* sizeof(struct module), decimal, bytes. */
#define DRVGUARD_ATTR_MODULE_SIZE	module_size
/* debian, ubuntu, rhel, suse or mainline. */
#define DRVGUARD_ATTR_VENDOR		vendor
/*
 * The level. A value is empty (the file is one newline) where it cannot be
 * told, never cut short. Only [A-Za-z0-9.+:~-] stand in it, the characters of
 * a Debian package version, for that is what it is at the richest:
 *
 *   vendor    technology_level      service_pack
 *   rhel      9.4, or 9             427.13.1
 *   suse      15.5                  55.52
 *   ubuntu    91                    5.15.0-91.101~22.04.1
 *   debian    56, or 6.12.117       6.1.192-2, 6.12.117-1~deb12u1
 *   mainline  6.12                  3
 */
#define DRVGUARD_ATTR_TECHNOLOGY_LEVEL	technology_level
#define DRVGUARD_ATTR_SERVICE_PACK	service_pack
/* Words parted by spaces; in ABI 1: "identity". */
#define DRVGUARD_ATTR_FEATURES		features

#endif /* _UAPI_DRVGUARD_H */
