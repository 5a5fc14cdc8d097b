// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../../kmod/uapi/drvguard.h"
#include "attempt.h"
#include "fs.h"
#include "hold.h"
#include "modprobe.h"

#define SECURITYFS "/sys/kernel/security"
/* include/linux/proc_ns.h: the inode of the first PID namespace. */
#define INIT_PID_NS 0xEFFFFFFCU
/* Somebody asked for permissive: guard = enforce does not count until the next boot. */
#define BY_HAND "/run/drvguard/guard-permissive"
#define CONTROL(name) DRVGUARD_SECURITYFS_DIR "/" name
/* A line is some 200 bytes. */
#define LEDGER_MAX ((size_t)512 * (DRVGUARD_LOADS_MAX + DRVGUARD_LOADS_KEPT))

/* --- its files -------------------------------------------------------------- */

static int tell_no_guard(const char *path, struct dg_diag *d)
{
	return dg_diag_set(d, -ENODEV, path, "run drvguard guard load", "the guard is not there");
}

/* What lies there in another root may be anything: it shall not hold us up. */
static int open_control(const char *root, const char *path, int flags)
{
	dg_auto_free char *full = dg_path_join(root, path);
	dg_auto_close int fd = full ? open(full, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	struct stat st;
	int taken = fd;

	if (!full)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENXIO;
	fd = -1;
	return taken;
}

/* securityfs tells no sizes: read to the end. */
static int read_control(const char *root, const char *path, size_t max, char **ret, struct dg_diag *d)
{
	dg_auto_free char *text = malloc(max + 1);
	dg_auto_close int fd = open_control(root, path, O_RDONLY);
	size_t len = 0;
	ssize_t n = 0;

	if (!text)
		return -ENOMEM;
	if (fd < 0)
		return fd == -ENOENT ? tell_no_guard(path, d) : dg_diag_errno(d, fd, path, "read");
	while (len < max && (n = read(fd, text + len, max - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return dg_diag_errno(d, -errno, path, "read");
	text[len] = '\0';
	*ret = dg_take(text);
	return 0;
}

/*
 * The kernel under us is not that of another root, of a chroot in which an image is made, or of a
 * container, though its files may be there too.
 */
static bool is_foreign(const char *root)
{
	dg_auto_free char *dir = dg_path_join(root, SECURITYFS);
	struct stat here, init;
	struct statfs fs;

	if (strcmp(root, "/") != 0)
		return dir && statfs(dir, &fs) == 0 && fs.f_type == SECURITYFS_MAGIC;
	/* Where an image is made nobody may have mounted it, and the kernel is the builder's. */
	if (access("/proc/self", F_OK) < 0 || (stat("/proc/self/ns/pid", &init) == 0 && init.st_ino != INIT_PID_NS))
		return true;
	/* Units have no leave to look there; they run in no chroot. */
	return stat("/", &here) == 0 && stat("/proc/1/root/.", &init) == 0 &&
	       (here.st_ino != init.st_ino || here.st_dev != init.st_dev);
}

static int tell_foreign(const char *root, struct dg_diag *d)
{
	return dg_diag_set(d, -ENODEV, root, "run it on the machine itself, without --root",
			   "the guard is that of the machine's own kernel and root");
}

/* Why it said EPERM: each has another cure. */
static int tell_refused(const char *root, const char *path, struct dg_diag *d)
{
	dg_auto_free char *parameter = dg_path_join(root, "/sys/module/" DG_OURSELVES "/parameters/enforce");
	dg_auto_free char *mode = NULL, *enforce = NULL;

	if (read_control(root, CONTROL(DRVGUARD_CONTROL_MODE), 64, &mode, NULL) == 0 &&
	    strstr(mode, DRVGUARD_MODE_SEALED))
		return dg_diag_set(d, -EPERM, path, "reboot",
				   "the guard is sealed: until then it can only be tightened");
	if (parameter && dg_file_read_line(parameter, &enforce) == 0 && dg_streq(enforce, "0"))
		return dg_diag_set(d, -EPERM, path,
				   "take it off the kernel's command line, or modprobe.d(5), and reboot",
				   "the guard was loaded with enforce=0");
	return dg_diag_set(d, -EPERM, path, "run it as root, outside of containers",
			   "the guard takes it from CAP_SYS_MODULE alone");
}

static int tell_not_written(const char *root, const char *path, int r, struct dg_diag *d)
{
	switch (r) {
	case -EPERM:
		return tell_refused(root, path, d);
	case -EOPNOTSUPP:
		return dg_diag_set(d, r, path, "it only tells there; 5.10 and later can refuse",
				   "this kernel takes no notice of a refusal");
	case -EFBIG:
		return dg_diag_set(d, r, path, "leave those out of the configuration that need no guard",
				   "more drivers are configured than a policy holds");
	case -EINVAL:
	case -EEXIST:
		return dg_diag_set(d, -EPROTO, path,
				   "use the drvguard this module came with; the kernel's log says what is wrong",
				   "drvguard.ko does not take what it is told");
	default:
		return dg_diag_errno(d, r, path, "write");
	}
}

/* One write is one policy, one word. O_TRUNC is for files of a test. */
static int write_control(const char *root, const char *path, const char *text, struct dg_diag *d)
{
	dg_auto_close int fd = open_control(root, path, O_WRONLY | O_TRUNC);
	size_t len = strlen(text);

	if (fd < 0)
		return fd == -ENOENT ? tell_no_guard(path, d) : dg_diag_errno(d, fd, path, "write");
	return write(fd, text, len) == (ssize_t)len ? 0 : tell_not_written(root, path, -errno, d);
}

static int write_mode(const char *root, const char *word, struct dg_diag *d)
{
	return write_control(root, CONTROL(DRVGUARD_CONTROL_MODE), word, d);
}

/* Whether it speaks the language we know, and what it can do. */
static int read_abi(const char *root, struct dg_guard *g, struct dg_diag *d)
{
	dg_auto_free char *abi_path = dg_path_join(root, DRVGUARD_SYSFS_DIR "/abi"), *abi = NULL;
	dg_auto_free char *path = dg_path_join(root, DRVGUARD_SYSFS_DIR "/features"), *features = NULL;
	int r = abi_path && path ? dg_file_read_line(abi_path, &abi) : -ENOMEM;

	if (r == 0)
		r = dg_file_read_line(path, &features);
	if (r < 0)
		return dg_diag_errno(d, r, DRVGUARD_SYSFS_DIR, "read");
	if (strtoul(abi, NULL, 10) != DRVGUARD_ABI)
		return dg_diag_set(d, -EPROTO, DRVGUARD_SYSFS_DIR "/abi", "use the drvguard this module came with",
				   "drvguard.ko speaks ABI %.20s, and not %d", abi, DRVGUARD_ABI);
	g->can_refuse = strstr(features, " refuse");
	return 0;
}

int dg_guard_read(const char *root, struct dg_guard **ret, struct dg_diag *d)
{
	dg_auto_free char *mode = NULL, *violations = NULL;
	dg_auto(dg_guard_freep) struct dg_guard *g = calloc(1, sizeof(*g));
	int r = g ? read_control(root, CONTROL(DRVGUARD_CONTROL_MODE), 64, &mode, d) : -ENOMEM;

	if (r == 0)
		r = read_abi(root, g, d);
	if (r == 0)
		r = read_control(root, CONTROL(DRVGUARD_CONTROL_VIOLATIONS), 32, &violations, d);
	if (r == 0)
		r = read_control(root, CONTROL(DRVGUARD_CONTROL_POLICY), DRVGUARD_POLICY_MAX, &g->policy, d);
	/* The rest is for everybody. */
	if (r < 0 && !(violations && (r == -EACCES || r == -EPERM)))
		return r;
	g->enforcing = dg_startswith(mode, DRVGUARD_MODE_ENFORCE);
	if (!g->enforcing && !dg_startswith(mode, DRVGUARD_MODE_PERMISSIVE))
		return dg_diag_set(d, -EBADMSG, CONTROL(DRVGUARD_CONTROL_MODE),
				   "use the drvguard this module came with", "a mode that is not known");
	g->sealed = strstr(mode, " " DRVGUARD_MODE_SEALED);
	g->violations = (unsigned int)strtoul(violations, NULL, 10);
	*ret = dg_take(g);
	return 0;
}

void dg_guard_free(struct dg_guard *g)
{
	if (g)
		free(g->policy);
	free(g);
}

void dg_guard_freep(struct dg_guard **g)
{
	dg_guard_free(*g);
}

static bool permissive_by_hand(const char *root)
{
	dg_auto_free char *path = dg_path_join(root, BY_HAND);

	return path && access(path, F_OK) == 0;
}

static int mark_by_hand(const char *root, bool permissive, struct dg_diag *d)
{
	dg_auto_free char *dir = dg_path_join(root, "/run/drvguard"), *path = dg_path_join(root, BY_HAND);
	int r = dir && path ? 0 : -ENOMEM;

	if (r == 0 && !permissive)
		return unlink(path) < 0 && errno != ENOENT ? dg_diag_errno(d, -errno, path, "remove") : 0;
	if (r == 0)
		r = dg_dir_make(dir);
	if (r == 0)
		r = dg_file_write(path, "", 0, 0644);
	return r < 0 ? dg_diag_errno(d, r, BY_HAND, "write") : 0;
}

/* Who asks for permissive while we are at it has the last word. */
static int enforce(const char *root, struct dg_diag *d)
{
	int r = write_mode(root, DRVGUARD_MODE_ENFORCE, d);

	if (r == 0 && permissive_by_hand(root))
		(void)write_mode(root, DRVGUARD_MODE_PERMISSIVE, NULL);
	return r;
}

/* Marked first, for whoever enforces meanwhile; and the brake works where no mark can be made. */
static int be_permissive(const char *root, struct dg_diag *d)
{
	bool marked = permissive_by_hand(root);
	int mark = mark_by_hand(root, true, d), r = write_mode(root, DRVGUARD_MODE_PERMISSIVE, d);

	if (r < 0 && mark == 0 && !marked)
		(void)mark_by_hand(root, false, NULL);
	return r < 0 ? r : mark;
}

int dg_guard_set_mode(const char *root, const char *word, struct dg_diag *d)
{
	int r;

	if (is_foreign(root))
		return tell_foreign(root, d);
	if (dg_streq(word, DRVGUARD_MODE_PERMISSIVE))
		return be_permissive(root, d);
	if (!dg_streq(word, DRVGUARD_MODE_ENFORCE))
		return write_mode(root, word, d);
	r = mark_by_hand(root, false, d);
	return r < 0 ? r : enforce(root, d);
}

/* --- its ledger ------------------------------------------------------------- */

static void unless_dash(char *buf, size_t size, const char *word)
{
	snprintf(buf, size, "%s", dg_streq(word, "-") ? "" : word);
	dg_printable(buf);
}

/* SEQUENCE CAME LIVE NAME BUILD-ID TAINTS VERDICT REASON RENAMED PID UID PROGRAM; more may follow one day */
static bool parse_load(char *line, struct dg_guard_load *l)
{
	char *words[12], *save = NULL, *end;

	for (size_t i = 0; i < DG_ARRAY_SIZE(words); i++) {
		words[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!words[i])
			return false;
	}
	*l = (struct dg_guard_load){ 0 };
	l->seq = strtoull(words[0], &end, 10);
	if (end == words[0] || *end)
		return false;
	l->came = strtod(words[1], NULL);
	l->live = strtod(words[2], NULL);
	unless_dash(l->name, sizeof(l->name), words[3]);
	unless_dash(l->build_id, sizeof(l->build_id), words[4]);
	unless_dash(l->taints, sizeof(l->taints), words[5]);
	unless_dash(l->verdict, sizeof(l->verdict), words[6]);
	unless_dash(l->reason, sizeof(l->reason), words[7]);
	l->renamed = !dg_streq(words[8], "-");
	l->pid = (unsigned int)strtoul(words[9], NULL, 10);
	l->uid = (unsigned int)strtoul(words[10], NULL, 10);
	unless_dash(l->program, sizeof(l->program), words[11]);
	return true;
}

int dg_guard_loads(const char *root, struct dg_guard_load **ret, size_t *ret_n, struct dg_diag *d)
{
	dg_auto_free struct dg_guard_load *v = NULL;
	dg_auto_free char *text = NULL;
	char *save = NULL;
	size_t n = 0;
	int r = read_control(root, CONTROL(DRVGUARD_CONTROL_LOADS), LEDGER_MAX, &text, d);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (DG_GROW(v, n) < 0)
			return -ENOMEM;
		if (!parse_load(line, &v[n++]))
			return dg_diag_set(d, -EBADMSG, CONTROL(DRVGUARD_CONTROL_LOADS),
					   "use the drvguard this module came with", "a line of another form");
	}
	*ret = dg_take(v);
	*ret_n = n;
	return 0;
}

/* --- bringing it up --------------------------------------------------------- */

static const struct dg_standing *standing_of_module(const struct dg_survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (dg_driver_is_ourselves(s->v[i].driver))
			return &s->v[i];
	return NULL;
}

/* The file at @path as one that is loaded in this boot; *ret_file owns what @ret points to. */
static int attempt_at(const struct dg_survey *s, const char *path, struct dg_modfile **ret_file, struct dg_attempt *ret,
		      struct dg_diag *d)
{
	int r = dg_modfile_read(path, ret_file, d);

	if (r == 0)
		r = dg_modfile_hash(*ret_file);
	if (r == 0)
		*ret = (struct dg_attempt){ DG_OURSELVES, s->kernel->release, (*ret_file)->sha256, s->boot_id };
	return r;
}

/*
 * It may take the machine down like any other driver: the attempt is on record before,
 * and after an unclean boot it is not loaded again by itself.
 */
static int may_load(const struct dg_survey *s, const char *path, const struct dg_attempt *a, bool asked,
		    struct dg_diag *d)
{
	int r;

	if (!asked && dg_attempt_failed(s->root, s->config->store, a))
		return dg_diag_set(d, -ECANCELED, path, "run drvguard guard load to try it again",
				   "its last load was followed by an unclean boot");
	/* Early on a read-only root nothing can be recorded. */
	r = dg_attempt_begin(s->root, s->config->store, a, d);
	return r < 0 && access(s->kernel->modules_dir, W_OK) == 0 ? r : 0;
}

/* -ENOENT: there is none for this kernel, or none is wanted. */
static int find_module(const struct dg_survey *s, bool asked, char **ret, struct dg_diag *d)
{
	const struct dg_standing *st = standing_of_module(s);

	if (dg_modprobe_path(s->kernel->modules_dir, DG_OURSELVES, ret) < 0)
		return dg_diag_set(d, -ENOENT, s->kernel->release, "see drvguard(8), THE GUARD, for how to have it",
				   "there is no drvguard.ko for it");
	if (st && !asked && (st->driver->load == DG_LOAD_NEVER || !dg_standing_load_path(st)))
		return dg_diag_set(d, -ENOENT, *ret, "see drvguard status " DG_OURSELVES, "is not to be loaded");
	return 0;
}

static int load_module(const struct dg_survey *s, const char *path, bool asked, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	struct dg_attempt a;
	int r = attempt_at(s, path, &m, &a, d);

	if (r == 0)
		r = may_load(s, path, &a, asked, d);
	/* A hold of its own is lifted with the others', or forgotten ones, which is after this. */
	if (r == 0)
		r = dg_hold_lift(s->root, DG_OURSELVES, d);
	if (r < 0)
		return r;
	r = dg_modprobe_load(s->kernel->modules_dir, DG_OURSELVES);
	if (r == 0)
		return 0;
	/* It was not that the machine went down. */
	dg_attempt_drop(s->root, s->config->store, &a);
	if (r == -EPERM)
		return dg_diag_set(d, r, path,
				   "see modprobe.d(5) for a blacklist, and whether the kernel wants modules signed",
				   "may not be loaded");
	return dg_diag_errno(d, r, path, "load");
}

/*
 * Of our own root's kernel; where nobody mounted securityfs, as some inits do not, we do. -ENODEV: it cannot be,
 * though it should; -ENOENT: it is not to be had, or not wanted.
 */
static int bring_up(const struct dg_survey *s, bool asked, struct dg_diag *d)
{
	dg_auto_free char *path = NULL;
	int r;

	if (strcmp(s->root, "/") != 0)
		return dg_diag_set(d, -ENOENT, s->root, "run it there", "no kernel of ours runs there");
	if (!s->kernel->modules_dir)
		return dg_diag_set(d, -ENOENT, s->kernel->release, "reinstall that kernel's package, or reboot",
				   "the running kernel has no /lib/modules tree");
	if (!s->now.kmod_abi) {
		r = find_module(s, asked, &path, d);
		if (r < 0)
			return r;
		if (load_module(s, path, asked, d) < 0)
			return -ENODEV;
	}
	if (access(DRVGUARD_SECURITYFS_DIR, F_OK) < 0)
		(void)mount("securityfs", SECURITYFS, "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (access(DRVGUARD_SECURITYFS_DIR, F_OK) == 0)
		return 0;
	if (access(DRVGUARD_SYSFS_DIR, F_OK) < 0)
		return dg_diag_set(d, -ENODEV, DG_OURSELVES, "see modprobe.d(5) for an install line of it",
				   "modprobe ended well and loaded nothing");
	return dg_diag_set(d, -ENODEV, DRVGUARD_SECURITYFS_DIR,
			   "see that securityfs is mounted, and the kernel has CONFIG_SECURITYFS",
			   "drvguard.ko is loaded, and no guard is there");
}

int dg_guard_confirm(const struct dg_survey *s, struct dg_diag *d)
{
	dg_auto(dg_modfile_freep) struct dg_modfile *m = NULL;
	dg_auto_free char *path = NULL;
	struct dg_attempt a;
	struct dg_loaded l;

	/* One that is configured is confirmed like the others. */
	if (!s->running || !s->kernel->modules_dir || standing_of_module(s) ||
	    dg_modprobe_path(s->kernel->modules_dir, DG_OURSELVES, &path) < 0 || attempt_at(s, path, &m, &a, NULL) < 0)
		return 0;
	/* What was installed since shows itself in the next boot. */
	dg_loaded_read(s->root, DG_OURSELVES, &l);
	return l.loaded && dg_loaded_is(&l, m) ? dg_attempt_confirm(s->root, s->config->store, &a, d) : 0;
}

/* --- keeping it in step ----------------------------------------------------- */

int dg_guard_in_step(const struct dg_survey *s, const struct dg_guardpolicy *have, bool *ret)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *want = NULL;
	int r = dg_guardpolicy_make(s, have, &want);

	if (r == 0)
		*ret = dg_guardpolicy_same(want, have);
	return r;
}

static int write_policy(const char *root, const struct dg_guardpolicy *p, const struct dg_guard *g, struct dg_diag *d)
{
	dg_auto_free char *text = dg_guardpolicy_format(p);

	if (!text)
		return -ENOMEM;
	return dg_streq(text, g->policy) ? 0 : write_control(root, CONTROL(DRVGUARD_CONTROL_POLICY), text, d);
}

/*
 * Without it everything else goes on. That one which is there does not come up is told; that there is
 * none, whoever relies on it or asked for it.
 */
static int tell_absent(const struct dg_survey *s, bool asked, int r, const struct dg_diag *why, struct dg_diag *d)
{
	if (!asked && !s->n)
		return 0;
	if (!asked && s->config->guard == DG_GUARD_ENFORCE)
		return dg_diag_set(d, -ENODEV, "guard = enforce", why->cure,
				   "nothing is refused in this kernel: %s: %s", why->where, why->what);
	if (!asked && r == -ENOENT)
		return 0;
	*d = *why;
	return -ENODEV;
}

/* It is not told any more what is staged, and may go on refusing by what it was told before. */
static int tell_left_alone(const struct dg_survey *s, struct dg_diag *d)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *have = NULL, *want = NULL;
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;

	if (dg_guard_read(s->root, &g, NULL) < 0 || !g->policy || !g->enforcing ||
	    dg_guardpolicy_parse(g->policy, &have) < 0 || dg_guardpolicy_make(s, have, &want) < 0 ||
	    !dg_guardpolicy_refuses(have, want))
		return 0;
	return dg_diag_set(d, -ESTALE, "guard = off",
			   g->sealed ? "reboot" : "run drvguard guard permissive, or guard load",
			   "the guard in the kernel enforces still, and refuses what is staged now");
}

/* What it is to be told, as far as it takes it; -ESTALE: not all of it. */
static int bring_in_step(const struct dg_survey *s, const struct dg_guard *g, struct dg_diag *d)
{
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL, *have = NULL;
	int r = dg_guardpolicy_parse(g->policy, &have), waits = 0;

	if (r == 0)
		r = dg_guardpolicy_make(s, have, &p);
	if (r == 0 && g->sealed)
		waits = dg_guardpolicy_tighten(p, have);
	if (r == 0)
		r = waits < 0 ? waits : dg_guardpolicy_know(p, s);
	if (r < 0)
		return dg_diag_errno(d, r, CONTROL(DRVGUARD_CONTROL_POLICY), "make anew");
	r = write_policy(s->root, p, g, d);
	if (r < 0 || !waits)
		return r;
	return dg_diag_set(
		d, -ESTALE, CONTROL(DRVGUARD_CONTROL_POLICY), "reboot",
		"the guard is sealed: what is staged now is let in, and what is not configured any more forgotten, by "
		"the next boot");
}

int dg_guard_follow(const struct dg_survey *s, bool asked, struct dg_diag *d)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	struct dg_diag why = { 0 };
	int r;

	if (!s->running || is_foreign(s->root))
		return asked ? tell_foreign(s->root, d) : 0;
	if (!asked && s->config->guard == DG_GUARD_OFF)
		return tell_left_alone(s, d);
	r = dg_guard_read(s->root, &g, &why);
	if (r == -ENODEV) {
		/* With nothing to guard it is not loaded by itself; one that is there guards nothing then. */
		r = asked || s->n ? bring_up(s, asked, &why) : -ENOENT;
		if (r < 0)
			return tell_absent(s, asked, r, &why, d);
		r = dg_guard_read(s->root, &g, &why);
	}
	if (r == 0 && !g->policy)
		r = dg_diag_errno(&why, -EACCES, CONTROL(DRVGUARD_CONTROL_POLICY), "read");
	if (r < 0) {
		*d = why;
		return r;
	}
	r = bring_in_step(s, g, d);
	/* What was asked for by hand in this boot stays. */
	if (r == 0 && s->config->guard == DG_GUARD_ENFORCE && !g->enforcing && !permissive_by_hand(s->root) &&
	    enforce(s->root, d) < 0)
		return -ECANCELED;
	return r;
}

char *dg_guard_admit(const char *root, const char *release, const struct dg_manifest *m)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	dg_auto(dg_guardpolicy_freep) struct dg_guardpolicy *p = NULL;
	struct dg_running now;
	bool more = false;

	if (is_foreign(root) || dg_running_read(root, &now) < 0 || !dg_streq(now.release, release) ||
	    (m->kernel_build_id[0] && now.build_id[0] && !dg_streq(m->kernel_build_id, now.build_id)) ||
	    dg_guard_read(root, &g, NULL) < 0 || !g->policy || g->sealed || dg_guardpolicy_parse(g->policy, &p) < 0)
		return NULL;
	for (size_t i = 0; i < m->n_entries; i++)
		if (m->entries[i].verdict != DG_VERDICT_REFUSED)
			more |= dg_guardpolicy_prove(p, m->entries[i].name, m->entries[i].build_id) > 0;
	return more && write_policy(root, p, g, NULL) == 0 ? dg_take(g->policy) : NULL;
}

void dg_guard_put_back(const char *root, const char *policy)
{
	if (policy)
		(void)write_control(root, CONTROL(DRVGUARD_CONTROL_POLICY), policy, NULL);
}
