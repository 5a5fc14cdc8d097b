// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "../../kmod/uapi/drvguard.h"
#include "fs.h"
#include "modprobe.h"

#define SECURITYFS "/sys/kernel/security"
#define CONTROL(name) DRVGUARD_SECURITYFS_DIR "/" name
#define MODULE "drvguard"
/* A line is some 200 bytes. */
#define LEDGER_MAX ((size_t)512 * DRVGUARD_LOADS_MAX)

/* --- its files -------------------------------------------------------------- */

static int tell_no_guard(const char *path, struct dg_diag *d)
{
	return dg_diag_set(d, -ENODEV, path, "load it: modprobe " MODULE, "the kernel module has no guard here");
}

/* securityfs tells no sizes: read to the end. */
static int read_control(const char *root, const char *path, size_t max, char **ret, struct dg_diag *d)
{
	dg_auto_free char *full = dg_path_join(root, path);
	dg_auto_free char *text = malloc(max + 1);
	dg_auto_close int fd = full ? open(full, O_RDONLY | O_CLOEXEC) : -1;
	size_t len = 0;
	ssize_t n = 0;

	if (!full || !text)
		return -ENOMEM;
	while (fd >= 0 && len < max && (n = read(fd, text + len, max - len)) > 0)
		len += (size_t)n;
	if (fd < 0 && errno == ENOENT)
		return tell_no_guard(path, d);
	if (fd < 0 || n < 0)
		return dg_diag_errno(d, -errno, path, "read");
	text[len] = '\0';
	*ret = dg_take(text);
	return 0;
}

/* One write is one policy, one word. */
static int write_control(const char *root, const char *path, const char *text, struct dg_diag *d)
{
	dg_auto_free char *full = dg_path_join(root, path);
	dg_auto_close int fd = full ? open(full, O_WRONLY | O_CLOEXEC) : -1;
	size_t len = strlen(text);

	if (!full)
		return -ENOMEM;
	if (fd < 0)
		return errno == ENOENT ? tell_no_guard(path, d) : dg_diag_errno(d, -errno, path, "write");
	if (write(fd, text, len) == (ssize_t)len)
		return 0;
	if (errno == EPERM)
		return dg_diag_set(d, -EPERM, path, "it takes effect with the next boot",
				   "refused by the guard, which is sealed or was loaded with enforce=0");
	if (errno == EOPNOTSUPP)
		return dg_diag_set(d, -EOPNOTSUPP, path, "it only tells there; 5.10 and later can refuse",
				   "this kernel takes no notice of a refusal");
	return dg_diag_errno(d, -errno, path, "write");
}

int dg_guard_read(const char *root, struct dg_guard **ret, struct dg_diag *d)
{
	dg_auto_free char *features = dg_path_join(root, DRVGUARD_SYSFS_DIR "/features"), *words = NULL;
	dg_auto_free char *mode = NULL, *violations = NULL;
	dg_auto(dg_guard_freep) struct dg_guard *g = calloc(1, sizeof(*g));
	int r = g && features ? 0 : -ENOMEM;

	if (r == 0)
		r = read_control(root, CONTROL(DRVGUARD_CONTROL_MODE), 64, &mode, d);
	if (r == 0)
		r = read_control(root, CONTROL(DRVGUARD_CONTROL_VIOLATIONS), 32, &violations, d);
	if (r == 0)
		r = read_control(root, CONTROL(DRVGUARD_CONTROL_POLICY), DRVGUARD_POLICY_MAX, &g->policy, d);
	if (r < 0)
		return r;
	g->enforcing = dg_startswith(mode, DRVGUARD_MODE_ENFORCE);
	g->sealed = strstr(mode, " " DRVGUARD_MODE_SEALED);
	g->violations = (unsigned int)strtoul(violations, NULL, 10);
	g->can_refuse = dg_file_read_line(features, &words) == 0 && strstr(words, " refuse");
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

int dg_guard_set_mode(const char *root, const char *word, struct dg_diag *d)
{
	return write_control(root, CONTROL(DRVGUARD_CONTROL_MODE), word, d);
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

/* --- its policy ------------------------------------------------------------- */

/* The guard takes no build-id twice. */
struct ids {
	char (*v)[DG_BUILD_ID_HEX];
	size_t n;
};

/* True: not met before, and one that the guard would take. */
static bool take_id(struct ids *ids, const char *id)
{
	if (!id || !*id || strlen(id) % 2 || strlen(id) > 64)
		return false;
	for (size_t i = 0; i < ids->n; i++)
		if (dg_streq(ids->v[i], id))
			return false;
	if (DG_GROW(ids->v, ids->n) < 0)
		return false;
	snprintf(ids->v[ids->n++], sizeof(ids->v[0]), "%s", id);
	return true;
}

static const char *proven_id(const struct dg_standing *st)
{
	return st->match == DG_MATCH && st->staged.file ? st->staged.file->build_id : NULL;
}

struct known {
	const char *release;
	struct dg_manifest **v;
	size_t n;
};

/* Every manifest there is: other kernels' builds, and this one's older ones. */
static void collect_manifests(const struct dg_survey *s, struct known *known)
{
	char **releases = NULL;

	if (dg_generation_releases(s->root, s->config->store, &releases) < 0)
		return;
	for (char **release = releases; *release; release++) {
		dg_auto_free unsigned int *numbers = NULL;

		if (dg_generation_list(s->root, s->config->store, *release, &numbers) < 0)
			continue;
		for (unsigned int *n = numbers; *n; n++) {
			struct dg_manifest *m;

			if (dg_generation_manifest(s->root, s->config->store, *release, *n, &m, NULL) < 0)
				continue;
			if (DG_GROW(known->v, known->n) < 0)
				dg_manifest_free(m);
			else
				known->v[known->n++] = m;
		}
	}
	dg_strv_free(releases);
}

static void put_known(FILE *f, const struct known *known, const char *name, struct ids *ids)
{
	for (size_t i = 0; i < known->n; i++) {
		const struct dg_manifest_entry *e = dg_manifest_find(known->v[i], name);

		if (e && ftell(f) < DRVGUARD_POLICY_MAX - 4096 && take_id(ids, e->build_id))
			fprintf(f, " %c%s", DRVGUARD_POLICY_NOT, e->build_id);
	}
}

char *dg_guard_policy(const struct dg_survey *s)
{
	struct known known = { 0 };
	struct ids ids = { 0 };
	dg_auto_free bool *named = calloc(s->n + 1, sizeof(*named));
	char *text = NULL;
	size_t size;
	FILE *f = named ? open_memstream(&text, &size) : NULL;

	if (!f)
		return NULL;
	collect_manifests(s, &known);
	/* All that is proven first: a build that also stands in an old manifest is proven all the same. */
	for (size_t i = 0; i < s->n; i++)
		named[i] = take_id(&ids, proven_id(&s->v[i]));
	for (size_t i = 0; i < s->n; i++) {
		const char *id = proven_id(&s->v[i]);

		/* One that matches and cannot be told from another is not refused. */
		fprintf(f, "%s %s", id && !named[i] ? DRVGUARD_POLICY_WARN : DRVGUARD_POLICY_DENY,
			s->v[i].driver->name);
		if (named[i])
			fprintf(f, " %s", id);
		put_known(f, &known, s->v[i].driver->name, &ids);
		fputc('\n', f);
	}
	for (size_t i = 0; i < known.n; i++)
		dg_manifest_free(known.v[i]);
	free(known.v);
	free(ids.v);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* --- keeping it in step ----------------------------------------------------- */

/* Of our own root's kernel; where nobody mounted securityfs, as some inits do not, we do. */
static int bring_up(const struct dg_survey *s)
{
	dg_auto_free char *path = NULL;
	int r;

	if (strcmp(s->root, "/") != 0 || !s->kernel->modules_dir)
		return -ENODEV;
	if (!s->now.kmod_abi) {
		r = dg_modprobe_path(s->kernel->modules_dir, MODULE, &path);
		if (r == 0)
			r = dg_modprobe_load(s->kernel->modules_dir, MODULE);
		if (r < 0)
			return r;
	}
	if (access(DRVGUARD_SECURITYFS_DIR, F_OK) < 0)
		(void)mount("securityfs", SECURITYFS, "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return access(DRVGUARD_SECURITYFS_DIR, F_OK) < 0 ? -ENODEV : 0;
}

int dg_guard_follow(const struct dg_survey *s, struct dg_diag *d)
{
	dg_auto(dg_guard_freep) struct dg_guard *g = NULL;
	dg_auto_free char *policy = NULL;
	bool enforce = s->config->guard == DG_GUARD_ENFORCE;
	int r, up = 0;

	if (s->config->guard == DG_GUARD_OFF || !s->running || !s->n)
		return 0;
	r = dg_guard_read(s->root, &g, NULL);
	if (r == -ENODEV && (up = bring_up(s)) == 0)
		r = dg_guard_read(s->root, &g, d);
	/* Without it everything else goes on; who relies on it is told. */
	if (r == -ENODEV && enforce)
		return dg_diag_set(d, r, "guard = enforce", "see that drvguard.ko is there for it, and may be loaded",
				   "nothing is refused in this kernel, which has no guard: %s",
				   strerror(up < 0 ? -up : ENODEV));
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return dg_diag_errno(d, r, DRVGUARD_SECURITYFS_DIR, "read");
	policy = dg_guard_policy(s);
	if (!policy)
		return -ENOMEM;
	if (!dg_streq(policy, g->policy))
		r = write_control(s->root, CONTROL(DRVGUARD_CONTROL_POLICY), policy, d);
	/* What was asked for by hand in this boot stays when nothing else is configured. */
	if (r == 0 && enforce && !g->enforcing)
		r = dg_guard_set_mode(s->root, DRVGUARD_MODE_ENFORCE, d);
	return r;
}
