/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unified kernel image: a PE file in whose sections lie a kernel, its release, its os-release. */
#ifndef DG_UKI_H
#define DG_UKI_H

#include "util.h"

struct dg_uki {
	char *release;	/* by .uname, else by the banner of .linux; NULL: neither */
	char *sort_key; /* as systemd-boot takes them of .osrel; NULL: not there */
	char *version;
};

/* -EBADMSG: no PE file, or damaged; -ENODATA: one without a kernel. Free what is in *ret with dg_uki_free(). */
int dg_uki_read(int fd, struct dg_uki *ret);
void dg_uki_free(struct dg_uki *u);

#endif
