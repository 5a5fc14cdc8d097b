// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/initramfs and lib/mkinitramfs for a script:
 *
 *   initramfs find ROOT RELEASE           the image's path
 *   initramfs list IMAGE [NAME...]        a line a copy: SHA-256 (or "-") and path, as sha256sum prints them
 *   initramfs holds IMAGE FILE            none, same, stripped or other, of the driver in FILE
 *   initramfs refresh ROOT RELEASE FILE   make it anew, with the driver in FILE in it
 *
 * 1 and a line on stderr where the library says no.
 */
#include "lib/initramfs.h"
#include "lib/mkinitramfs.h"
#include "lib/modfile.h"

static int say(int r, const struct dg_diag *d)
{
	if (r < 0)
		fprintf(stderr, "%s: %s\n", d->where, d->what);
	return r < 0;
}

static int find(const char *root, const char *release)
{
	dg_auto_free char *path = NULL;
	struct dg_diag d = { 0 };
	int r = dg_initramfs_find(root, release, &path, &d);

	if (r == 0)
		puts(path);
	return say(r, &d);
}

static int list(const char *path, char **names)
{
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	struct dg_diag d = { 0 };
	int r = dg_initramfs_read(path, *names ? (const char *const *)names : NULL, &image, &d);

	for (size_t i = 0; r == 0 && i < image->n; i++)
		printf("%s  %s\n", image->v[i].err ? "-" : image->v[i].sha256, image->v[i].path);
	return say(r, &d);
}

static int driver(const char *file, struct dg_modfile **ret, struct dg_diag *d)
{
	int r = dg_modfile_read(file, ret, d);

	return r < 0 ? r : dg_modfile_hash(*ret);
}

static int holds(const char *path, const char *file)
{
	static const char *const words[] = { "none", "same", "stripped", "other" };
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_diag d = { 0 };
	int r = driver(file, &m, &d);

	if (r == 0)
		r = dg_initramfs_read(path, (const char *const[]){ m->name, NULL }, &image, &d);
	if (r == 0)
		puts(words[dg_initramfs_holds(image, m->name, m->sha256, m->build_id)]);
	return say(r, &d);
}

static int refresh(const char *root, const char *release, const char *file)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_diag d = { 0 };
	int r = driver(file, &m, &d);

	if (r == 0) {
		const struct dg_initramfs_want want = { m->name, m->sha256, m->build_id, true };

		r = dg_initramfs_refresh(root, release, &want, 1, &d);
	}
	return say(r, &d);
}

int main(int argc, char **argv)
{
	if (argc == 4 && dg_streq(argv[1], "find"))
		return find(argv[2], argv[3]);
	if (argc >= 3 && dg_streq(argv[1], "list"))
		return list(argv[2], argv + 3);
	if (argc == 4 && dg_streq(argv[1], "holds"))
		return holds(argv[2], argv[3]);
	if (argc == 5 && dg_streq(argv[1], "refresh"))
		return refresh(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: initramfs find|list|holds|refresh ...\n");
	return 2;
}
