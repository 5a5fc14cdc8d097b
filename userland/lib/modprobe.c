// SPDX-License-Identifier: GPL-2.0-or-later
#include "modprobe.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

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

int dg_modindex_symbol_path(struct dg_modindex *index, const char *symbol, char **ret)
{
	dg_auto(list_unrefp) struct kmod_list *list = NULL;
	dg_auto(module_unrefp) struct kmod_module *mod = NULL;
	char alias[300];
	int r;

	if (snprintf(alias, sizeof(alias), "symbol:%s", symbol) >= (int)sizeof(alias))
		return -ENOENT;
	r = kmod_module_new_from_lookup(index->ctx, alias, &list);
	if (r < 0)
		return r;
	if (!list)
		return -ENOENT;
	mod = kmod_module_get_module(list);
	return copy_path(mod, ret);
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
	if (r == 0)
		r = DG_GROW(v, n);
	if (r < 0) {
		while (n)
			free(v[--n]);
		free(v);
		return r;
	}
	v[n] = NULL;
	*ret = v;
	return 0;
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

static int run(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int r, status;

	/* The caller may take its signals by descriptor; the child must not inherit that. */
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	/* Ctrl-C is for drvguard, which stops at a safe point; a tool killed half-way is none. */
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int dg_depmod(const char *root, const char *release, const char *modules_dir, struct dg_diag *d)
{
	dg_auto_free char *base = strdup(root), *rel = strdup(release);
	char *argv[] = { (char[]){ "depmod" }, (char[]){ "-b" }, base, rel, NULL };
	dg_auto_close int fd = -1;
	int r;

	if (!base || !rel)
		return -ENOMEM;
	/* depmod knows no roots but by name, and would follow a link of theirs into the live system. */
	if (strcmp(root, "/") != 0) {
		dg_auto_free char *named = dg_format("%s/lib/modules/%s", root, release);
		dg_auto_free char *real = named ? realpath(named, NULL) : NULL;

		if (real && !dg_streq(real, modules_dir))
			return dg_diag_set(d, -ELOOP, root, "make lib a relative link there",
					   "depmod would leave that root by its links");
	}
	r = run(argv);
	if (r < 0)
		return dg_diag_set(d, r, modules_dir, "install kmod, which has it", "cannot run depmod: %s",
				   strerror(-r));
	if (r > 0)
		return dg_diag_set(d, -EIO, modules_dir, "run it by hand to see why; free some space if there is none",
				   "depmod %s failed with %d", release, r);
	/* depmod does not sync, and what it wrote decides what the next boot loads. */
	fd = open(modules_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return dg_diag_errno(d, -errno, modules_dir, "sync the module indexes");
	return 0;
}
