// SPDX-License-Identifier: GPL-2.0-or-later
#include "modprobe.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs.h"
#include "tool.h"

static void unrefp(struct kmod_ctx **ctx)
{
	kmod_unref(*ctx);
}

static void module_unrefp(struct kmod_module **mod)
{
	kmod_module_unref(*mod);
}

static void list_unrefp(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static void silent(void *data, int priority, const char *file, int line, const char *fn, const char *format,
		   va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static const char *const no_config[] = { NULL };

/* @config NULL: modprobe.d's usual places. */
static int context(const char *modules_dir, const char *const *config, struct kmod_ctx **ret)
{
	/* What is wrong in the configuration it would tell on stderr before it can be told not to. */
	(void)setenv("KMOD_LOG", "0", 0);
	*ret = kmod_new(modules_dir, config);
	if (!*ret)
		return -ENOMEM;
	kmod_set_log_fn(*ret, silent, NULL);
	return 0;
}

static int copy_path(struct kmod_module *mod, char **ret)
{
	const char *path = kmod_module_get_path(mod);

	if (!path)
		return -ENOENT;
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

int dg_modprobe_path(const char *modules_dir, const char *name, char **ret)
{
	dg_auto(unrefp) struct kmod_ctx *ctx = NULL;
	dg_auto(module_unrefp) struct kmod_module *mod = NULL;
	int r = context(modules_dir, no_config, &ctx);

	if (r == 0)
		r = kmod_module_new_from_name(ctx, name, &mod);
	return r < 0 ? r : copy_path(mod, ret);
}

/* libkmod's context has no definition of its own to hand out. */
struct dg_modindex {
	struct kmod_ctx *ctx;
};

int dg_modindex_open(const char *modules_dir, struct dg_modindex **ret)
{
	struct dg_modindex *index = calloc(1, sizeof(*index));
	int r = index ? context(modules_dir, no_config, &index->ctx) : -ENOMEM;

	if (r < 0) {
		free(index);
		return r;
	}
	/* Without it every look-up opens the files again; when it fails they still do. */
	(void)kmod_load_resources(index->ctx);
	*ret = index;
	return 0;
}

void dg_modindex_close(struct dg_modindex *index)
{
	if (!index)
		return;
	kmod_unref(index->ctx);
	free(index);
}

int dg_modindex_path(struct dg_modindex *index, const char *name, char **ret)
{
	dg_auto(module_unrefp) struct kmod_module *mod = NULL;
	int r = kmod_module_new_from_name(index->ctx, name, &mod);

	return r < 0 ? r : copy_path(mod, ret);
}

/* "alias symbol:NAME MODULE", as modules.symbols has it; of several, the first is modprobe's. */
static int tell_symbol(char *line, dg_modindex_fn fn, void *data)
{
	static const char head[] = "alias symbol:";
	char *module = strrchr(line, ' ');

	if (!dg_startswith(line, head) || !module || module < line + strlen(head))
		return 0;
	*module++ = '\0';
	return fn(line + strlen(head), module, data);
}

int dg_modindex_symbols(struct dg_modindex *index, dg_modindex_fn fn, void *data)
{
	dg_auto_close int fd = memfd_create("symbols", MFD_CLOEXEC);
	dg_auto_fclose FILE *f = NULL;
	dg_auto_free char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	r = kmod_dump_index(index->ctx, KMOD_INDEX_MODULES_SYMBOL, fd);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0 || !(f = fdopen(fd, "r")))
		return -errno;
	fd = -1;
	while (r == 0 && (n = getline(&line, &room, f)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		r = tell_symbol(line, fn, data);
	}
	return r;
}

int dg_modindex_needs(struct dg_modindex *index, const char *name, char ***ret)
{
	dg_auto(list_unrefp) struct kmod_list *list = NULL;
	dg_auto(module_unrefp) struct kmod_module *mod = NULL;
	struct kmod_list *item;
	char **v = NULL;
	size_t n = 0;
	int r = kmod_module_new_from_name(index->ctx, name, &mod);

	if (r < 0)
		return r;
	if (!kmod_module_get_path(mod))
		return -ENOENT;
	list = kmod_module_get_dependencies(mod);
	kmod_list_foreach(item, list)
	{
		struct kmod_module *one = kmod_module_get_module(item);

		char *copy = strdup(kmod_module_get_name(one));

		kmod_module_unref(one);
		r = copy ? DG_GROW(v, n) : -ENOMEM;
		if (r < 0) {
			free(copy);
			break;
		}
		v[n++] = copy;
	}
	return dg_strv_end(v, n, r, ret);
}

static int count(struct kmod_config_iter *i)
{
	int n = 0;

	while (i && kmod_config_iter_next(i))
		n++;
	kmod_config_iter_free_iter(i);
	return n;
}

/* The last @leave are not of this file: libkmod adds what the command line blacklists. */
static int tell_lines(struct kmod_ctx *ctx, int leave, dg_modprobe_line_fn fn, void *data)
{
	int n = count(kmod_config_get_blacklists(ctx)) - leave, r = 0;
	struct kmod_config_iter *i = kmod_config_get_blacklists(ctx);

	while (i && r == 0 && n-- > 0 && kmod_config_iter_next(i))
		r = fn(kmod_config_iter_get_key(i), NULL, data);
	kmod_config_iter_free_iter(i);
	i = kmod_config_get_install_commands(ctx);
	while (i && r == 0 && kmod_config_iter_next(i))
		r = fn(kmod_config_iter_get_key(i), kmod_config_iter_get_value(i), data);
	kmod_config_iter_free_iter(i);
	return r;
}

int dg_modprobe_config_each(const char *path, dg_modprobe_line_fn fn, void *data)
{
	const char *const config[] = { path, NULL };
	dg_auto(unrefp) struct kmod_ctx *ctx = NULL, *none = NULL;
	/* Neither looks into the directory. */
	int r = context("/", no_config, &none);

	if (r == 0)
		r = context("/", config, &ctx);
	return r < 0 ? r : tell_lines(ctx, count(kmod_config_get_blacklists(none)), fn, data);
}

int dg_modprobe_load(const char *modules_dir, const char *name)
{
	dg_auto(unrefp) struct kmod_ctx *ctx = NULL;
	dg_auto(module_unrefp) struct kmod_module *mod = NULL;
	int r = context(modules_dir, NULL, &ctx);

	if (r == 0)
		r = kmod_module_new_from_name(ctx, name, &mod);
	if (r < 0)
		return r;
	if (!kmod_module_get_path(mod))
		return -ENOENT;
	/* As systemd-modules-load(8): what it depends on may be blacklisted. */
	r = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL, NULL, NULL);
	/* Positive: which kind of blacklist kept it out. */
	return r > 0 ? -EPERM : r;
}

/* It writes every index anew before it drops the old one, and renames even what it could not write whole. */
uint64_t dg_depmod_needs(const char *modules_dir)
{
	uint64_t sum = 256 << 10;
	char **names;

	if (dg_dir_list(modules_dir, &names) < 0)
		return sum;
	for (char **n = names; *n; n++) {
		dg_auto_free char *path = dg_format("%s/%s", modules_dir, *n);
		struct stat st;

		if (path && dg_startswith(*n, "modules.") && stat(path, &st) == 0)
			sum += (uint64_t)st.st_size + 4096;
	}
	dg_strv_free(names);
	return sum;
}

int dg_depmod_room(const char *modules_dir, struct dg_diag *d)
{
	uint64_t need = dg_depmod_needs(modules_dir);
	struct statvfs st;

	if (statvfs(modules_dir, &st) < 0)
		return dg_diag_errno(d, -errno, modules_dir, "look for free space");
	if ((uint64_t)st.f_bavail * st.f_frsize >= need && (!st.f_files || st.f_favail >= 16))
		return 0;
	return dg_diag_set(d, -ENOSPC, modules_dir, "free some space on that file system and run again",
			   "depmod needs %llu KiB there, or some inodes", (unsigned long long)(need >> 10));
}

/* What depmod writes; libkmod reads the binary ones. */
static const char *const indexes[] = { "dep.bin", "alias.bin", "symbols.bin", "dep", "alias", "symbols" };

struct before {
	ino_t inode[DG_ARRAY_SIZE(indexes)];
};

static void look_at_indexes(const char *modules_dir, struct before *ret)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(indexes); i++) {
		dg_auto_free char *path = dg_format("%s/modules.%s", modules_dir, indexes[i]);
		struct stat st;

		ret->inode[i] = path && stat(path, &st) == 0 ? st.st_ino : 0;
	}
}

/* depmod ends well even where it could not write one: each has to be another file now. NULL: they are. */
static const char *left_alone(const char *modules_dir, const struct before *before)
{
	struct before now;

	look_at_indexes(modules_dir, &now);
	for (size_t i = 0; i < DG_ARRAY_SIZE(indexes); i++)
		if (!now.inode[i] || now.inode[i] == before->inode[i])
			return indexes[i];
	return NULL;
}

/*
 * "modules.dep.bin.PID.MICROSECONDS.SECONDS": what a depmod writes before it renames
 * it (kmod's tools/depmod.c, depmod_output()). The process's number; 0: no such name.
 */
static int temporary_of(const char *name)
{
	const char *end = name + strlen(name);
	unsigned long pid = 0;

	if (!dg_startswith(name, "modules."))
		return 0;
	for (int part = 0; part < 3; part++) {
		const char *dot = memrchr(name, '.', (size_t)(end - name));

		if (!dot || dot + 1 == end || strspn(dot + 1, "0123456789") < (size_t)(end - dot - 1))
			return 0;
		pid = strtoul(dot + 1, NULL, 10);
		end = dot;
	}
	return pid > 1 && pid <= INT_MAX ? (int)pid : 0;
}

/* Whether that process is there, at work, and a depmod: numbers are given again. proc(5), stat. */
static bool is_depmod(int pid)
{
	dg_auto_free char *path = dg_format("/proc/%d/stat", pid), *line = NULL;
	const char *name, *end;

	if (!path || dg_file_read_line(path, &line) < 0)
		return false;
	name = strchr(line, '(');
	end = strrchr(line, ')');
	return name && end && end[1] && !strchr("ZX", end[2]) &&
	       (dg_startswith(name, "(depmod)") || dg_startswith(name, "(kmod)"));
}

void dg_depmod_tidy(const char *modules_dir)
{
	char **names;

	if (dg_dir_list(modules_dir, &names) < 0)
		return;
	for (char **n = names; *n; n++) {
		int pid = temporary_of(*n);
		dg_auto_free char *path = pid ? dg_format("%s/%s", modules_dir, *n) : NULL;

		if (path && !is_depmod(pid))
			(void)unlink(path);
	}
	dg_strv_free(names);
}

const char *const dg_depmod_dirs[] = { "/etc/depmod.d",	    "/run/depmod.d", "/usr/local/lib/depmod.d",
				       "/usr/lib/depmod.d", "/lib/depmod.d", NULL };

/* Of another root depmod would take the modules, and this system's configuration. */
static int run_depmod(const char *root, const char *release, char *said, size_t size)
{
	const char *argv[DG_ARRAY_SIZE(dg_depmod_dirs) * 2 + 4] = { "depmod", "-b", root };
	char *dirs[DG_ARRAY_SIZE(dg_depmod_dirs)] = { NULL };
	size_t n = 3;
	int r = 0;

	for (size_t i = 0; dg_depmod_dirs[i] && !dg_streq(root, "/") && r == 0; i++) {
		dirs[i] = dg_path_join(root, dg_depmod_dirs[i]);
		r = dirs[i] ? 0 : -ENOMEM;
		argv[n++] = "-C";
		argv[n++] = dirs[i];
	}
	argv[n] = release;
	if (r == 0)
		r = dg_tool_run("/", argv, said, size);
	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs); i++)
		free(dirs[i]);
	return r;
}

int dg_depmod(const char *root, const char *release, const char *modules_dir, struct dg_diag *d)
{
	struct before before;
	const char *index;
	char said[200];
	dg_auto_close int fd = -1;
	int r;

	/* depmod knows no roots but by name, and would follow a link of theirs into the live system. */
	if (strcmp(root, "/") != 0) {
		dg_auto_free char *named = dg_format("%s/lib/modules/%s", root, release);
		dg_auto_free char *real = named ? realpath(named, NULL) : NULL;

		if (real && !dg_streq(real, modules_dir))
			return dg_diag_set(d, -ELOOP, root, "make lib a relative link there",
					   "depmod would leave that root by its links");
	}
	r = dg_depmod_room(modules_dir, d);
	if (r < 0)
		return r;
	look_at_indexes(modules_dir, &before);
	r = run_depmod(root, release, said, sizeof(said));
	if (r != 0)
		dg_depmod_tidy(modules_dir);
	if (r == 127)
		r = -ENOENT;
	if (r < 0)
		return dg_diag_set(d, r, modules_dir, "install kmod, which has it", "cannot run depmod: %s",
				   strerror(-r));
	if (r > 0)
		return dg_diag_set(d, -EIO, modules_dir, "run it by hand to see why; free some space if there is none",
				   "depmod %s failed with %d%s%s", release, r, *said ? ": " : "", said);
	index = left_alone(modules_dir, &before);
	if (index)
		return dg_diag_set(d, -EIO, modules_dir, "run it by hand to see why; free some space if there is none",
				   "depmod %s did not write modules.%s", release, index);
	/* depmod does not sync, and what it wrote decides what the next boot loads. */
	fd = open(modules_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return dg_diag_errno(d, -errno, modules_dir, "sync the module indexes");
	return 0;
}
