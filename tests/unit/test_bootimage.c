// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpio.h"
#include "world.h"

#include "lib/bootimage.h"

#define IMAGE "/boot/initrd.img-" FX_RELEASE
#define HELD "usr/lib/modules/" FX_RELEASE "/updates/drvguard/scap.ko"

/* An initramfs with that file of the root as its scap; NULL: with none. */
static void put_image(const char *root, const char *file)
{
	struct fx_bytes b = { 0 }, ko = { 0 };

	put_dir(&b, "usr");
	if (file) {
		void *data;

		fx_int(dg_file_read(fx_at(root, file), 1 << 20, &data, &ko.len), 0);
		ko.data = data;
		put_file(&b, HELD, &ko);
	}
	put_trailer(&b);
	fx_write(root, IMAGE, b.data, b.len);
	fx_free(&ko);
	fx_free(&b);
}

/* There is no tool in these roots: -ENOENT is that one was wanted. */
static void test_bootimage_refresh(void **state)
{
	static const struct {
		const char *name;
		bool image;
		const char *holds; /* a file of the root */
		bool boot;
		unsigned int from, to;
		int want;
	} cases[] = {
		{ "no image", false, NULL, false, 0, 2, 0 },
		{ "no image, marked", false, NULL, true, 0, 2, -ENXIO },
		{ "no image, marked, and nothing staged", false, NULL, true, 2, 0, 0 },
		{ "not in it", true, NULL, false, 1, 2, 0 },
		{ "not in it, marked", true, NULL, true, 1, 2, -ENOENT },
		{ "not in it, marked, and nothing staged", true, NULL, true, 2, 0, 0 },
		{ "as staged", true, HOME "/2/scap.ko", false, 1, 2, 0 },
		{ "as staged, marked", true, HOME "/2/scap.ko", true, 1, 2, 0 },
		{ "as before", true, HOME "/1/scap.ko", false, 1, 2, -ENOENT },
		{ "as before, marked", true, HOME "/1/scap.ko", true, 1, 2, -ENOENT },
		{ "taken out, and in it", true, HOME "/2/scap.ko", true, 2, 0, -ENOENT },
	};

	for (size_t i = 0; i < DG_ARRAY_SIZE(cases); i++) {
		dg_auto(dg_manifest_freep) struct dg_manifest *from = NULL, *to = NULL;
		struct dg_diag d = { 0 };
		struct fx_world w;

		fx_case(cases[i].name);
		dg_tree_remove(*state);
		fx_mkdir("", *state);
		fx_install_world(*state);
		fx_stage_version(*state, "1.0");
		fx_stage_version(*state, "2.0");
		if (cases[i].image)
			put_image(*state, cases[i].holds);
		fx_world_open(*state, &w);
		w.config->drivers[0].boot = cases[i].boot;
		if (cases[i].from)
			fx_int(dg_generation_manifest(*state, STORE, FX_RELEASE, cases[i].from, &from, &d), 0);
		if (cases[i].to)
			fx_int(dg_generation_manifest(*state, STORE, FX_RELEASE, cases[i].to, &to, &d), 0);
		fx_int(dg_bootimage_refresh(w.kernel, w.config, from, to, &d), cases[i].want);
		fx_int(d.what[0] != '\0', cases[i].want < 0 || !cases[i].image);
		fx_world_close(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_bootimage_refresh),
	};

	return cmocka_run_group_tests_name("bootimage", tests, NULL, NULL);
}
