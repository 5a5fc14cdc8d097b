// SPDX-License-Identifier: GPL-2.0-or-later
#include "nextboot.h"

#include <errno.h>

#include "efivars.h"
#include "fs.h"
#include "kernel.h"
#include "nextloader.h"

#define LOADERS 5

static int next_grub(const char *root, struct dg_nextboot *n)
{
	dg_auto_free char *dir = dg_grub_dir(root);

	return dir ? dg_next_grub(root, dir, n) : 0;
}

/* Every loader that is here, into @v; their number. */
static int ask_all(const char *root, struct dg_nextboot v[LOADERS])
{
	static int (*const ask[LOADERS])(const char *root, struct dg_nextboot *n) = { dg_next_proxmox, next_grub,
										      dg_next_sdboot, dg_next_extlinux,
										      dg_next_raspberry };
	int n = 0;

	for (size_t i = 0; i < LOADERS; i++) {
		int r = ask[i](root, &v[n]);

		if (r < 0)
			return r;
		n += r;
		/* What it says of the partitions that boot counts before what is mounted. */
		if (r && ask[i] == dg_next_proxmox)
			break;
	}
	return n;
}

/* Whether the loader that began this boot is @n's; true also when none says so. */
static bool may_run(const struct dg_nextboot *n, const char *info)
{
	static const char *const names[] = { "GRUB", "systemd-boot" };

	for (size_t i = 0; info && i < DG_ARRAY_SIZE(names); i++)
		if (dg_startswith(info, names[i]))
			return dg_streq(n->loader, names[i]);
	return true;
}

static bool agree(const struct dg_nextboot *a, const struct dg_nextboot *b)
{
	return dg_streq(a->release, b->release) && a->once == b->once && (!a->once || dg_streq(a->after, b->after));
}

static void disagree(struct dg_nextboot *n, const struct dg_nextboot *a, const struct dg_nextboot *b)
{
	dg_next_evidence(n, "which loader runs is not known, and they differ: %s (%.110s) and %s (%.110s)", a->loader,
			 a->evidence, b->loader, b->evidence);
}

/* Those that can boot: with an image; without any image in sight all. */
static int installed(const char *root, struct dg_nextboot *n)
{
	char **v;
	int r = dg_kernel_list(root, &v);

	if (r < 0)
		return r;
	for (char **p = v; *p && r == 0; p++) {
		dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;

		if (dg_kernel_open(root, *p, &k, NULL) == 0 && k->image)
			r = dg_next_candidate(n, *p);
	}
	if (!n->candidates)
		for (char **p = v; *p && r == 0; p++)
			r = dg_next_candidate(n, *p);
	dg_strv_free(v);
	return r;
}

/* What takes the loader's place for one boot. */
static bool overridden(const char *root, struct dg_nextboot *n)
{
	dg_auto_free char *path = dg_path_join(root, "/sys/kernel/kexec_loaded"), *loaded = NULL;
	unsigned int next, now;

	if (path && dg_file_read_line(path, &loaded) == 0 && dg_streq(loaded, "1"))
		dg_next_evidence(n, "/sys/kernel/kexec_loaded: a reboot may begin the kernel that is loaded, "
				    "whose release nothing tells");
	else if (dg_efivar_number(root, DG_EFI_GLOBAL, "BootNext", &next) == 0 &&
		 (dg_efivar_number(root, DG_EFI_GLOBAL, "BootCurrent", &now) < 0 || next != now))
		dg_next_evidence(
			n, "EFI variable BootNext: the firmware begins Boot%04X next, not what began this boot", next);
	else
		return false;
	n->after = n->once ? n->after : dg_take(n->release);
	free(dg_take(n->release));
	n->once = true;
	return true;
}

static int settle(const char *root, struct dg_nextboot *n)
{
	int r = 0;

	if (n->release) {
		dg_strv_free(dg_take(n->candidates));
		return dg_next_candidate(n, n->release);
	}
	if (!n->candidates)
		r = installed(root, n);
	if (r == 0 && !n->loader && !n->evidence[0] && n->candidates && !n->candidates[1]) {
		dg_next_evidence(n, "no boot loader was found; it is the only kernel");
		n->release = strdup(n->candidates[0]);
		r = n->release ? 0 : -ENOMEM;
	} else if (!n->evidence[0]) {
		dg_next_evidence(n, "no boot loader was found that drvguard knows");
	}
	if (r == 0 && !n->candidates) {
		n->candidates = calloc(1, sizeof(*n->candidates));
		r = n->candidates ? 0 : -ENOMEM;
	}
	return r;
}

int dg_nextboot_read(const char *root, struct dg_nextboot **ret)
{
	dg_auto(dg_nextboot_freep) struct dg_nextboot *n = calloc(1, sizeof(*n));
	struct dg_nextboot v[LOADERS] = { 0 };
	dg_auto_free char *info = NULL;
	int count = n ? ask_all(root, v) : -ENOMEM, first = -1, r = count < 0 ? count : 0;

	(void)dg_efivar_string(root, DG_EFI_LOADER, "LoaderInfo", &info);
	for (int i = 0; i < count; i++) {
		if (!may_run(&v[i], info))
			continue;
		if (first < 0) {
			first = i;
		} else if (!agree(&v[first], &v[i])) {
			disagree(n, &v[first], &v[i]);
			first = count;
			break;
		}
	}
	if (r == 0 && first >= 0 && first < count) {
		*n = v[first];
		v[first] = (struct dg_nextboot){ 0 };
	}
	if (r == 0 && overridden(root, n))
		dg_strv_free(dg_take(n->candidates));
	if (r == 0)
		r = settle(root, n);
	for (size_t i = 0; i < LOADERS; i++)
		dg_next_clear(&v[i]);
	if (r == 0)
		*ret = dg_take(n);
	return r;
}

void dg_nextboot_free(struct dg_nextboot *n)
{
	if (n)
		dg_next_clear(n);
	free(n);
}

void dg_nextboot_freep(struct dg_nextboot **n)
{
	dg_nextboot_free(*n);
}
