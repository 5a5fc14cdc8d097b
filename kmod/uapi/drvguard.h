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

/* Of drvguard itself, the userland's and the module's; the Makefile and dkms.conf have it from here. */
#define DRVGUARD_VERSION		"0.1.0"

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
/*
 * Words parted by spaces; in ABI 1:
 *   identity   these files
 *   guard      the files in securityfs, below
 *   refuse     and this kernel's loader heeds a refusal (5.10 and later)
 */
#define DRVGUARD_ATTR_FEATURES		features

/*
 * The guard, in securityfs. Written only from the initial user namespace, with
 * CAP_SYS_MODULE; so are policy and loads read.
 */
#define DRVGUARD_SECURITYFS_NAME	"drvguard"
#define DRVGUARD_SECURITYFS_DIR		"/sys/kernel/security/" DRVGUARD_SECURITYFS_NAME

/*
 * policy: which builds of which drivers are proven for this kernel. One write(2)
 * is one policy, of at most DRVGUARD_POLICY_MAX bytes, ended by a newline, so that
 * one that is cut short is none; it takes the place of the present one whole or,
 * for EINVAL, EEXIST and the like, not at all. What is read is what was written.
 * Lines:
 *
 *   deny|warn NAME [!]BUILD-ID...
 *
 * or empty, or begun by '#'. NAME is a module's, any of '-' and '_'; BUILD-ID is
 * in hex, of a build that is proven for this kernel or, behind '!', one that is
 * known and is not, so that it is recognised under another name. No name and no
 * build-id is there twice. A driver is refused (deny), or only told of (warn),
 * when its build-id is not one of the proven, it has none, or it was forced past
 * vermagic or symbol versions.
 */
#define DRVGUARD_CONTROL_POLICY		"policy"
#define DRVGUARD_POLICY_MAX		(256 * 1024)
#define DRVGUARD_POLICY_DENY		"deny"
#define DRVGUARD_POLICY_WARN		"warn"
#define DRVGUARD_POLICY_NOT		'!'
/* Bytes of the longest build-id that is told from another: sha256. Notes with more are passed over. */
#define DRVGUARD_BUILD_ID_MAX		32

/*
 * mode: "permissive" (the default: deny only tells) or "enforce", and behind it
 * "sealed" once "seal" was written: until the next boot the policy can only be
 * tightened then, enforce not be left, and the module not be unloaded.
 */
#define DRVGUARD_CONTROL_MODE		"mode"
#define DRVGUARD_MODE_PERMISSIVE	"permissive"
#define DRVGUARD_MODE_ENFORCE		"enforce"
#define DRVGUARD_MODE_SEAL		"seal"
#define DRVGUARD_MODE_SEALED		"sealed"

/* What whoever loads a refused driver gets. */
#define DRVGUARD_REFUSED		EPERM

/*
 * loads: the last DRVGUARD_LOADS_MAX modules that came in since drvguard.ko did and,
 * of those before them that a policy spoke of, the last DRVGUARD_LOADS_KEPT of which
 * no two are the same in name, build-id, verdict and reason; a line each, oldest first:
 *
 *   SEQUENCE CAME LIVE NAME BUILD-ID TAINTS VERDICT REASON RENAMED PID UID PROGRAM
 *
 * CAME and LIVE in seconds since boot; LIVE is when its init had ended well.
 * TAINTS are the kernel's letters, F for forced. RENAMED: "renamed" when a guarded
 * driver was known by its build-id alone. "-" stands where there is none, and '?' for
 * a character that would end a word.
 */
#define DRVGUARD_CONTROL_LOADS		"loads"
#define DRVGUARD_LOADS_MAX		256
#define DRVGUARD_LOADS_KEPT		64
#define DRVGUARD_VERDICT_UNGUARDED	"unguarded"
#define DRVGUARD_VERDICT_PROVEN		"proven"
#define DRVGUARD_VERDICT_WARNED		"warned"
#define DRVGUARD_VERDICT_DENIED		"denied"
#define DRVGUARD_REASON_UNPROVEN	"unproven"
#define DRVGUARD_REASON_NO_BUILD_ID	"no-build-id"
#define DRVGUARD_REASON_FORCED		"forced"

/*
 * violations: how many were warned of or denied. poll(2) tells of a count that
 * is not the one last read. Each is a uevent too: "change" of the module
 * drvguard, with these.
 */
#define DRVGUARD_CONTROL_VIOLATIONS	"violations"
#define DRVGUARD_UEVENT_DRIVER		"DRVGUARD_DRIVER="
#define DRVGUARD_UEVENT_VERDICT		"DRVGUARD_VERDICT="

#endif /* _UAPI_DRVGUARD_H */
