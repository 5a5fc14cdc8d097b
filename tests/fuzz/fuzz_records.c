// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/record and its readers: the first byte says which (i, t, w, a, m), the rest
 * is the record as it lies there, and what stands between the heading and the
 * digest that would make it whole. What was read is written and read again, to
 * the same.
 *
 * Bound: 64 bytes a byte and 64 KiB: the file and two copies of its body, a list
 * of entries of 90 bytes for lines of at least 69, and one entry's words twice.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/attempt.h"
#include "lib/fs.h"
#include "lib/intent.h"
#include "lib/manifest.h"
#include "lib/mounted.h"
#include "lib/record.h"
#include "lib/trial.h"
#include "lib/withdrawn.h"

#define REL "6.1.0"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A root of this process's own, in memory where there is such a place. */
static char root[64];

static void forget(void)
{
	dg_tree_remove(root);
}

static void begin(void)
{
	char sum[DG_SHA256_HEX];

	if (*root)
		return;
	/* libcrypto takes its own memory with the first. */
	fuzz_assert(dg_sha256("", 0, sum) == 0);
	snprintf(root, sizeof(root), "%s/drvguard-fuzz.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_assert(mkdtemp(root));
	atexit(forget);
}

static void put(const char *path, const char *heading, const uint8_t *data, size_t size)
{
	dg_auto_free char *full = dg_path_join(root, path), *copy = strdup(full), *text = malloc(size + 200);
	size_t head = heading ? (size_t)sprintf(text, "%s\n", heading) : 0;
	char sum[DG_SHA256_HEX];
	FILE *f;

	*strrchr(copy, '/') = '\0';
	fuzz_assert(dg_dir_make(copy) == 0);
	memcpy(text + head, data, size);
	size += head;
	if (heading) {
		fuzz_assert(dg_sha256(text, size, sum) == 0);
		size += (size_t)sprintf(text + size, "end %s\n", sum);
	}
	f = fopen(full, "we");
	fuzz_assert(f && fwrite(text, 1, size, f) == size && fclose(f) == 0);
}

static void check(int r, const struct dg_diag *d)
{
	fuzz_assert(r == 0 || r == -EFBIG || (r == -EBADMSG && d->what[0]));
}

static void try_intent(void)
{
	struct dg_intent i, again;
	struct dg_diag d = { 0 };
	int r = dg_intent_read(root, "/s", &i, &d);

	check(r, &d);
	fuzz_assert(r == 0 || !i.release[0]);
	if (r < 0)
		return;
	fuzz_assert(dg_release_valid(i.release) && i.from <= DG_GENERATION_MAX && i.to <= DG_GENERATION_MAX);
	fuzz_string(dg_action_name(i.action));
	fuzz_assert(dg_intent_write(root, "/s", &i, NULL) == 0 && dg_intent_read(root, "/s", &again, NULL) == 0);
	fuzz_assert(i.action == again.action && strcmp(i.release, again.release) == 0 && i.from == again.from &&
		    i.to == again.to);
}

static void try_trial(void)
{
	struct dg_trial t, again;
	struct dg_diag d = { 0 };
	int r = dg_trial_read(root, "/s", REL, &t, &d);

	check(r, &d);
	fuzz_assert((r == 0) == (t.generation != 0));
	if (r < 0)
		return;
	fuzz_assert(t.generation <= DG_GENERATION_MAX && t.revert <= DG_GENERATION_MAX);
	fuzz_assert(dg_trial_write(root, "/s", REL, &t, NULL) == 0);
	fuzz_assert(dg_trial_read(root, "/s", REL, &again, NULL) == 0);
	fuzz_assert(t.generation == again.generation && t.revert == again.revert && strcmp(t.boot, again.boot) == 0);
}

static void try_withdrawn(void)
{
	struct dg_withdrawn w;
	struct dg_diag d = { 0 };
	int r = dg_withdrawn_read(root, "/s", REL, &w, &d);

	check(r, &d);
	for (size_t i = 0; i < w.n; i++) {
		fuzz_assert(dg_modname_valid(w.v[i].name) && strlen(w.v[i].sha256) == 64);
		fuzz_string(w.v[i].version);
		fuzz_assert(dg_withdrawn_find(&w, w.v[i].name, w.v[i].sha256, ""));
	}
	dg_withdrawn_free(&w);
	fuzz_assert(dg_withdrawn_update(root, "/s", REL, DG_ACTION_STAGE, NULL, NULL, NULL) == 0);
}

static void try_attempt(void)
{
	const struct dg_attempt one = { "scap", REL, SUM, "1" }, two = { "scap", REL, SUM, "2" };
	size_t n;

	/* One of the two boots at least is another than that of the record. */
	fuzz_sink += dg_attempt_failed(root, "/s", &one) + dg_attempt_failed(root, "/s", &two);
	fuzz_assert(dg_attempt_begin(root, "/s", &one, NULL) == 0);
	fuzz_assert(!dg_attempt_failed(root, "/s", &one) && dg_attempt_failed(root, "/s", &two));
	fuzz_assert(dg_attempt_clear(root, "/s", "1", &n, NULL) == 0 && n == 1);
}

static void try_mounted(void)
{
	const struct dg_kernel k = { .root = root, .release = (char *)(uintptr_t)REL };
	struct dg_mounted m;
	struct dg_diag d = { 0 };
	int r = dg_mounted_read("/s", &k, "scap", &m, &d);

	check(r, &d);
	fuzz_assert((r == 0) == m.recorded && !m.recorded == !m.target);
	fuzz_assert(!m.active);
	if (m.target)
		fuzz_assert(strncmp(m.target, root, strlen(root)) == 0 && !strstr(m.target, "/../"));
	dg_mounted_free(&m);
}

static const struct {
	char letter;
	const char *path, *heading;
	void (*try)(void);
} readers[] = {
	{ 'i', "/s/intent", "drvguard-intent 1", try_intent },
	{ 't', "/s/kernels/" REL "/trial", "drvguard-trial 1", try_trial },
	{ 'w', "/s/kernels/" REL "/withdrawn", "drvguard-withdrawn 1", try_withdrawn },
	{ 'a', "/s/attempts/scap", "drvguard-attempt 1", try_attempt },
	{ 'm', "/s/mounts/" REL "/scap", "drvguard-mount 1", try_mounted },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	for (size_t i = 0; size && i < DG_ARRAY_SIZE(readers); i++)
		for (int whole = 0; data[0] == readers[i].letter && whole < 2; whole++) {
			put(readers[i].path, whole ? readers[i].heading : NULL, data + 1, size - 1);
			fuzz_bound(size * 64 + 64 * FUZZ_KIB);
			readers[i].try();
			fuzz_unbound();
		}
	return 0;
}
