/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the guard and of its policy share: two drivers, and generations on disk. */
#ifndef TEST_GUARD_H
#define TEST_GUARD_H

#include "fixture.h"

#include "lib/guard.h"

#define ID_A "00112233445566778899aabbccddeeff00112233"
#define ID_B "ffeeddccbbaa99887766554433221100ffeeddcc"

/* A survey of nothing but how two drivers stand. */
struct two {
	struct dg_config config;
	struct dg_kernel kernel;
	char release[64];
	struct dg_driver drivers[2];
	struct dg_modfile files[2];
	struct dg_standing standing[2];
	struct dg_survey survey;
};

static inline void two_drivers(struct two *t, const char *root, const char *id_a, const char *id_b)
{
	static char store[] = "/usr/lib/drvguard", scap[] = "scap", other[] = "dm_writeboost";

	*t = (struct two){ .release = "6.1.0-1-amd64",
			   .config = { .store = store, .guard = DG_GUARD_PERMISSIVE },
			   .drivers = { { .name = scap }, { .name = other } } };
	t->kernel.release = t->release;
	for (size_t i = 0; i < 2; i++) {
		const char *id = i ? id_b : id_a;

		t->standing[i].driver = &t->drivers[i];
		t->standing[i].match = id ? DG_MATCH : DG_MISMATCH;
		t->standing[i].staged.file = id ? &t->files[i] : NULL;
		snprintf(t->files[i].build_id, sizeof(t->files[i].build_id), "%s", id ? id : "");
	}
	t->survey = (struct dg_survey){
		.root = root, .config = &t->config, .kernel = &t->kernel, .running = true, .v = t->standing, .n = 2
	};
}

static inline void generation(const char *root, const char *release, const char *kernel, unsigned int number,
			      const char *id)
{
	dg_auto_free char *dir = dg_generation_dir(root, "/usr/lib/drvguard", release, number);
	dg_auto_free char *path = dg_format("%s/manifest", dir), *text = NULL;
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	char name[] = "scap", none[] = "", source[] = "/opt/scap.ko";
	struct dg_manifest_entry e = { .name = name,
				       .size = 1,
				       .verdict = DG_VERDICT_EXACT,
				       .version = none,
				       .vermagic = none,
				       .source = source };

	memset(e.sha256, 'a', sizeof(e.sha256) - 1);
	snprintf(e.build_id, sizeof(e.build_id), "%s", id);
	assert_int_equal(dg_dir_make(dir), 0);
	assert_int_equal(dg_manifest_new(release, kernel, &m), 0);
	assert_int_equal(dg_manifest_add(m, &e), 0);
	text = dg_manifest_format(m);
	assert_int_equal(dg_file_write(path, text, strlen(text), 0644), 0);
}

#endif
