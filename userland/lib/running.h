/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running kernel, from what it shows itself. Under another root the same
 * files are read there; without them nothing runs in that root, which is an
 * answer too.
 */
#ifndef DG_RUNNING_H
#define DG_RUNNING_H

#include "elf.h"
#include "level.h"

struct dg_running {
	/* uname(2), or the root's /proc/sys/kernel */
	char release[65], version[256], machine[65];
	struct dg_level level;		/* from release and version */
	char build_id[DG_BUILD_ID_HEX]; /* /sys/kernel/notes; "" unknown */

	/* The kernel module, kmod_abi 0 when it is not loaded. */
	unsigned int kmod_abi;
	char kmod_release[65], kmod_version[256], kmod_machine[65], kmod_vermagic[256];
	size_t kmod_module_size;
	struct dg_level kmod_level;
};

/* -ENODATA: no kernel runs in @root. */
int dg_running_read(const char *root, struct dg_running *ret);

/* This boot's id, which every boot has another of; "" where it cannot be told. */
void dg_running_boot_id(const char *root, char *buf, size_t size);

struct dg_loaded {
	bool loaded;
	char build_id[DG_BUILD_ID_HEX]; /* "" unknown */
	char version[64], srcversion[64], taint[16];
};

/* How @name stands in the running kernel: /sys/module. */
void dg_loaded_read(const char *root, const char *name, struct dg_loaded *ret);

#endif
