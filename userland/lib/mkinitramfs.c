// SPDX-License-Identifier: GPL-2.0-or-later
#include "mkinitramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fs.h"
#include "tool.h"

/* One refresh: paths outside the root, and where they differ, inside it. */
struct job {
	const char *root; /* physical */
	const char *release;
	char *image;
	char *beside;  /* where a tool writes that does not replace the image by itself */
	char *package; /* whose preset the image is of; NULL: of none */
};

/*
 * What is there first makes it. In the arguments %r is the release, %o the file
 * to write, %p the preset.
 */
static const struct tool {
	const char *name;
	const char *paths[2];
	const char *image; /* only an image of this name, which the tool takes for granted; % is the release */
	bool preset;	   /* only where the image is of a preset */
	bool in_place;	   /* it replaces the image itself */
	const char *args[5];
} tools[] = {
	{ .name = "update-initramfs",
	  .paths = { "/usr/sbin/update-initramfs", "/sbin/update-initramfs" },
	  .image = "initrd.img-%",
	  .in_place = true,
	  .args = { "-u", "-k", "%r" } },
	{ .name = "mkinitcpio",
	  .paths = { "/usr/bin/mkinitcpio", "/sbin/mkinitcpio" },
	  .preset = true,
	  .in_place = true,
	  .args = { "-p", "%p" } },
	{ .name = "dracut", .paths = { "/usr/bin/dracut", "/sbin/dracut" }, .args = { "--force", "%o", "%r" } },
	{ .name = "mkinitcpio",
	  .paths = { "/usr/bin/mkinitcpio", "/sbin/mkinitcpio" },
	  .args = { "-k", "%r", "-g", "%o" } },
};

static void job_end(struct job *j)
{
	free(j->image);
	free(j->beside);
	free(j->package);
}

/* A physical path as the tool sees it. */
static const char *inside(const struct job *j, const char *path)
{
	return strcmp(j->root, "/") == 0 ? path : path + strlen(j->root);
}

static bool makes_image(const struct tool *t, const struct job *j)
{
	const char *name = strrchr(j->image, '/') + 1;
	size_t n = t->image ? strcspn(t->image, "%") : 0;

	if (t->image && (strncmp(name, t->image, n) != 0 || strcmp(name + n, j->release) != 0))
		return false;
	return !t->preset || j->package;
}

/* Its path inside the root; NULL: it is not installed there. */
static const char *installed(const struct tool *t, const char *root)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(t->paths); i++) {
		dg_auto_free char *path = NULL;

		if (dg_path_resolve(root, t->paths[i], &path) == 0 && access(path, X_OK) == 0)
			return t->paths[i];
	}
	return NULL;
}

static const struct tool *choose(const struct job *j, const char **ret_path)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(tools); i++) {
		*ret_path = makes_image(&tools[i], j) ? installed(&tools[i], j->root) : NULL;
		if (*ret_path)
			return &tools[i];
	}
	return NULL;
}

static const char *argument(const char *form, const struct job *j)
{
	if (strcmp(form, "%r") == 0)
		return j->release;
	if (strcmp(form, "%o") == 0)
		return inside(j, j->beside);
	return strcmp(form, "%p") == 0 ? j->package : form;
}

static int run_tool(const struct job *j, const struct tool *t, const char *path, char *said, size_t size,
		    struct dg_diag *d)
{
	const char *argv[DG_ARRAY_SIZE(t->args) + 2] = { path };
	int r;

	for (size_t i = 0; i < DG_ARRAY_SIZE(t->args) && t->args[i]; i++)
		argv[i + 1] = argument(t->args[i], j);
	r = dg_tool_run(j->root, argv, said, size);
	if (r < 0)
		return dg_diag_errno(d, r, t->name, "run it");
	if (r > 0)
		return dg_diag_set(d, -EIO, j->image, "run it by hand to see why; free some space if there is none",
				   "%s for %s failed with %d: %s", t->name, j->release, r, said);
	return 0;
}

static const char *holding_name(enum dg_initramfs_holding holding)
{
	return holding == DG_INITRAMFS_NONE ? "no copy" : "another copy";
}

/* Whether @path has in it what it should; what the tool @said last may tell why it has not. */
static int verify(const struct job *j, const char *path, const struct dg_initramfs_want *want, size_t n,
		  const char *said, struct dg_diag *d)
{
	dg_auto(dg_initramfs_freep) struct dg_initramfs *image = NULL;
	dg_auto_free const char **names = calloc(n + 1, sizeof(*names));
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		names[i] = want[i].name;
	r = dg_initramfs_read(path, names, &image, d);
	for (size_t i = 0; i < n && r == 0; i++) {
		enum dg_initramfs_holding holding =
			dg_initramfs_holds(image, want[i].name, want[i].sha256, want[i].build_id);

		if (holding == DG_INITRAMFS_OTHER || (holding == DG_INITRAMFS_NONE && want[i].required))
			r = dg_diag_set(d, -ESTALE, j->image,
					"see whether its configuration keeps it from being made, or the driver out",
					"made anew, it has %s of %s%s%s", holding_name(holding), want[i].name,
					said[0] ? "; the tool said: " : "", said);
	}
	return r;
}

static int sync_file(const char *path, struct dg_diag *d)
{
	dg_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return dg_diag_errno(d, -errno, path, "sync");
	return 0;
}

static int sync_parent(const char *path, struct dg_diag *d)
{
	dg_auto_free char *copy = strdup(path);
	int r = copy ? dg_dir_sync(dirname(copy)) : -ENOMEM;

	return r < 0 ? dg_diag_errno(d, r, path, "sync the directory of") : 0;
}

/* The new image is proven before the old one goes. */
static int make_beside(const struct job *j, const struct tool *t, const char *path,
		       const struct dg_initramfs_want *want, size_t n, struct dg_diag *d)
{
	char said[160];
	int r;

	if (unlink(j->beside) < 0 && errno != ENOENT)
		return dg_diag_errno(d, -errno, j->beside, "remove");
	r = run_tool(j, t, path, said, sizeof(said), d);
	if (r == 0)
		r = verify(j, j->beside, want, n, said, d);
	if (r == 0)
		r = sync_file(j->beside, d);
	if (r == 0 && rename(j->beside, j->image) < 0)
		r = dg_diag_errno(d, -errno, j->image, "replace");
	if (r < 0)
		unlink(j->beside);
	return r < 0 ? r : sync_parent(j->image, d);
}

static int make_in_place(const struct job *j, const struct tool *t, const char *path,
			 const struct dg_initramfs_want *want, size_t n, struct dg_diag *d)
{
	char said[160];
	int r = run_tool(j, t, path, said, sizeof(said), d);

	if (r == 0)
		r = sync_file(j->image, d);
	if (r == 0)
		r = sync_parent(j->image, d);
	return r < 0 ? r : verify(j, j->image, want, n, said, d);
}

/* Of the package's preset, when there is one and the image has no name that others use. */
static char *preset_of(const struct job *j)
{
	dg_auto_free char *package = dg_initramfs_package(j->root, j->release), *preset = NULL, *path = NULL;
	bool named_by_release = strstr(strrchr(j->image, '/'), j->release) || dg_endswith(j->image, "/initrd");

	if (!package || named_by_release)
		return NULL;
	preset = dg_format("/etc/mkinitcpio.d/%s.preset", package);
	return preset && dg_path_resolve(j->root, preset, &path) == 0 ? dg_take(package) : NULL;
}

static int job_begin(struct job *j, struct dg_diag *d)
{
	const char *name;
	int r = dg_initramfs_find(j->root, j->release, &j->image, d);

	if (r < 0)
		return r;
	name = strrchr(j->image, '/') + 1;
	j->beside = dg_format("%.*s.%s.new", (int)(name - j->image), j->image, name);
	j->package = preset_of(j);
	return j->beside ? 0 : -ENOMEM;
}

int dg_initramfs_refresh(const char *root, const char *release, const struct dg_initramfs_want *want, size_t n,
			 struct dg_diag *d)
{
	dg_auto_free char *real = realpath(root, NULL);
	dg_auto(job_end) struct job j = { .root = real, .release = release };
	const struct tool *tool;
	const char *path;
	int r;

	if (!real)
		return dg_diag_errno(d, -errno, root, "look into");
	r = job_begin(&j, d);
	if (r < 0)
		return r;
	tool = choose(&j, &path);
	if (!tool)
		return dg_diag_set(d, -ENOENT, j.image,
				   "install the distribution's own, or make the image anew by hand",
				   "nothing to make it anew with: neither update-initramfs, dracut nor mkinitcpio");
	if (tool->in_place)
		return make_in_place(&j, tool, path, want, n, d);
	return make_beside(&j, tool, path, want, n, d);
}

int dg_initramfs_space(const char *root, const char *release, struct dg_initramfs_space *ret, struct dg_diag *d)
{
	dg_auto_free char *image = NULL;
	struct statfs fs;
	struct stat st;
	int r = dg_initramfs_find(root, release, &image, d);

	if (r < 0)
		return r;
	if (stat(image, &st) < 0 || statfs(image, &fs) < 0)
		return dg_diag_errno(d, -errno, image, "look at");
	ret->need = (uint64_t)st.st_size + (uint64_t)st.st_size / 8 + ((uint64_t)4 << 20);
	if (fs.f_type == MSDOS_SUPER_MAGIC)
		ret->need += (uint64_t)st.st_size;
	ret->dir = strdup(dirname(image));
	return ret->dir ? 0 : -ENOMEM;
}
