// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpio.h"

#include <sys/wait.h>

#include "lib/digest.h"
#include "lib/initramfs.h"
#include "lib/mkinitramfs.h"

#define MODULES "usr/lib/modules/" FX_RELEASE
#define IMAGE "/boot/initrd.img-" FX_RELEASE

/* One archive with one file in it. */
static struct fx_bytes one_file(const char *path, const struct fx_bytes *data)
{
	struct fx_bytes b = { 0 };

	put_dir(&b, "usr");
	put_file(&b, path, data);
	put_trailer(&b);
	return b;
}

static void append(struct fx_bytes *b, struct fx_bytes more)
{
	fx_put(b, more.data, more.len);
	fx_free(&more);
}

static struct fx_bytes module(const char *name, const char *filler)
{
	const struct fx_module m = { .name = name, .vermagic = FX_VERMAGIC, .build_id = filler, .filler = filler };

	return fx_module_build(&m);
}

static const char *sum(const struct fx_bytes *b)
{
	static char hex[4][DG_SHA256_HEX];
	static unsigned int next;
	char *buf = hex[next++ % 4];

	assert_int_equal(dg_sha256(b->data, b->len, buf), 0);
	return buf;
}

static const char *image_file(const char *dir, const struct fx_bytes *b)
{
	fx_write(dir, "/image", b->data ? (const void *)b->data : "", b->len);
	return fx_at(dir, "/image");
}

static const char *const scap[] = { "scap", NULL };

static struct dg_initramfs *read_image(const char *dir, struct fx_bytes *b, const char *const *names)
{
	struct dg_initramfs *i = NULL;
	struct dg_diag d = { 0 };
	int r = dg_initramfs_read(image_file(dir, b), names, &i, &d);

	if (r < 0)
		print_error("case '%s': %s: %s\n", fx_case_now, d.where, d.what);
	fx_int(r, 0);
	fx_free(b);
	return i;
}

static int read_bad(const char *dir, const struct fx_bytes *b, struct dg_diag *d)
{
	struct dg_initramfs *i = NULL;
	int r;

	*d = (struct dg_diag){ 0 };
	r = dg_initramfs_read(image_file(dir, b), scap, &i, d);
	if (r == 0)
		dg_initramfs_free(i);
	else
		assert_true(!i && d->what[0] && strstr(d->where, "/image"));
	return r;
}

/* Compressors. */

static const struct {
	const char *name, *command;
} packers[] = {
	{ "gzip", NULL },
	{ "xz", NULL },
	{ "lzma", NULL },
	{ "zstd", NULL },
	{ "bzip2", NULL },
	{ "lz4", NULL },
	{ "lz4 legacy", "lz4 -l -9 -c" },
	{ "xz threads", "xz --check=crc32 -T2 -c" },
	{ "zstd threads", "zstd -q -9 -T2 --check -c" },
};

static struct fx_bytes pack(const char *dir, size_t i, const struct fx_bytes *plain)
{
	struct fx_bytes b = { 0 };
	char command[400];
	void *out;

	if (!packers[i].command)
		return fx_pack(packers[i].name, plain->data, plain->len);
	fx_write(dir, "/plain", plain->data, plain->len);
	snprintf(command, sizeof(command), "%s <'%s' >'%s' 2>/dev/null", packers[i].command, fx_at(dir, "/plain"),
		 fx_at(dir, "/packed"));
	assert_int_equal(system(command), 0);
	assert_int_equal(dg_file_read(fx_at(dir, "/packed"), 1 << 26, &out, &b.len), 0);
	b.data = out;
	return b;
}

/* Early microcode, then what the distribution packed, then what a hook appended. */
static void test_every_packer(void **state)
{
	struct fx_bytes microcode = { 0 }, ko = module("scap", "aaaa"), other = module("other", "bbbb");

	fx_put_zero(&microcode, 70001);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++)
		for (size_t padding = 0; padding <= 512; padding += 512) {
			struct fx_bytes b = one_file("kernel/x86/microcode/GenuineIntel.bin", &microcode);
			struct fx_bytes plain = one_file("./" MODULES "/updates/scap.ko", &ko);
			struct fx_bytes extra = one_file(MODULES "/extra/other.ko", &other);
			struct dg_initramfs *image;

			fx_case(packers[i].name);
			append(&b, pack(*state, i, &plain));
			fx_put_zero(&b, padding);
			append(&b, pack(*state, i, &extra));
			fx_put_zero(&b, padding);
			image = read_image(*state, &b, NULL);
			fx_int(image->n, 2);
			/* One stream to gzip(1), two to the kernel: both are two archives. */
			fx_int(image->archives, 3);
			fx_str(image->v[0].path, MODULES "/extra/other.ko");
			fx_str(image->v[0].sha256, sum(&other));
			fx_int(image->v[0].archive, 3);
			fx_str(image->v[1].path, MODULES "/updates/scap.ko");
			fx_str(image->v[1].name, "scap");
			fx_str(image->v[1].sha256, sum(&ko));
			fx_str(image->v[1].build_id, fx_hex("aaaa"));
			fx_int(image->v[1].size, ko.len);
			fx_int(image->v[1].archive, 2);
			fx_int(image->v[1].err, 0);
			dg_initramfs_free(image);
			fx_free(&plain);
			fx_free(&extra);
		}
	fx_free(&microcode);
	fx_free(&ko);
	fx_free(&other);
}

/* Every pair, and plain ones between: each ends where it ends. */
static void test_packers_one_after_another(void **state)
{
	struct fx_bytes ko = module("scap", "aaaa");

	for (size_t i = 0; i < DG_ARRAY_SIZE(packers) * DG_ARRAY_SIZE(packers); i++) {
		const size_t first = i / DG_ARRAY_SIZE(packers), second = i % DG_ARRAY_SIZE(packers);
		struct fx_bytes empty = { 0 }, plain = one_file(MODULES "/a/scap.ko", &ko), b = { 0 };
		struct fx_bytes between = one_file(MODULES "/b/scap.ko", &ko),
				last = one_file(MODULES "/c/scap.ko", &ko);
		struct dg_initramfs *image;

		fx_case(packers[first].name);
		append(&b, pack(*state, first, &plain));
		fx_put_zero(&b, -b.len & 3);
		append(&b, between);
		append(&b, pack(*state, second, &last));
		fx_put_zero(&b, 3);
		image = read_image(*state, &b, scap);
		fx_int(image->n, 3);
		fx_int(image->archives, 3);
		fx_str(image->v[2].sha256, sum(&ko));
		dg_initramfs_free(image);
		fx_free(&plain);
		fx_free(&last);
		fx_free(&empty);
	}
	fx_free(&ko);
}

/* As initramfs-tools leaves them where it has no command to unpack them, and Ubuntu always. */
static void test_packed_modules(void **state)
{
	static const struct {
		const char *name, *filter;
	} cases[] = { { "scap.ko.xz", "xz" }, { "scap.ko.zst", "zstd" }, { "scap.ko.gz", "gzip" } };
	struct fx_bytes ko = module("scap", "aaaa");

	FX_CASE(c, cases)
	{
		struct fx_bytes packed = fx_pack(c->filter, ko.data, ko.len), plain, b;
		struct dg_initramfs *image;
		char path[128];

		snprintf(path, sizeof(path), MODULES "/updates/%s", c->name);
		plain = one_file(path, &packed);
		b = fx_pack("zstd", plain.data, plain.len);
		image = read_image(*state, &b, scap);
		fx_int(image->n, 1);
		fx_str(image->v[0].name, "scap");
		fx_str(image->v[0].sha256, sum(&ko));
		fx_str(image->v[0].build_id, fx_hex("aaaa"));
		fx_int(image->v[0].size, packed.len);
		fx_int(dg_initramfs_holds(image, "scap", sum(&ko), NULL), DG_INITRAMFS_SAME);
		dg_initramfs_free(image);

		/* A damaged one hides no other. */
		packed.data[packed.len / 2] ^= 0xff;
		b = one_file(path, &packed);
		append(&b, one_file(MODULES "/extra/scap.ko", &ko));
		image = read_image(*state, &b, scap);
		fx_int(image->n, 2);
		fx_int(image->v[0].err, 0);
		/* libarchive does not look at gzip's checksum: other bytes then, which no driver's digest is of. */
		if (strcmp(c->filter, "gzip") != 0) {
			fx_int(image->v[1].err, -EBADMSG);
			fx_str(image->v[1].sha256, "");
		}
		fx_int(dg_initramfs_holds(image, "scap", sum(&ko), NULL), DG_INITRAMFS_OTHER);
		dg_initramfs_free(image);
		fx_free(&packed);
		fx_free(&plain);
	}
	fx_free(&ko);
}

static void test_names(void **state)
{
	static const char *const names[] = { "my-driver", "none", NULL };
	struct fx_bytes ko = module("my_driver", "aaaa"), b = { 0 };
	struct dg_initramfs *image;

	put_file(&b, "/" MODULES "/a/my-driver.ko", &ko);
	put_file(&b, "./" MODULES "//b/./my_driver.ko", &ko);
	put_file(&b, MODULES "/c/x/../my-driver.ko", &ko);
	put_file(&b, MODULES "/c/my-driver.ko.txt", &ko);
	put_file(&b, MODULES "/c/my-driver2.ko", &ko);
	put_file(&b, MODULES "/c/.ko", &ko);
	/* An index by its name alone. */
	put_text(&b, "usr/lib/modules/../../modules.dep", "x/my-driver.ko:\n");
	put_trailer(&b);
	image = read_image(*state, &b, names);
	fx_int(image->n, 3);
	fx_str(image->v[0].path, MODULES "/a/my-driver.ko");
	fx_str(image->v[1].path, MODULES "/b/my_driver.ko");
	fx_str(image->v[2].path, MODULES "/c/my-driver.ko");
	fx_str(image->v[0].name, "my_driver");
	fx_int(dg_initramfs_holds(image, "my-driver", sum(&ko), NULL), DG_INITRAMFS_SAME);
	fx_int(dg_initramfs_holds(image, "none", sum(&ko), NULL), DG_INITRAMFS_NONE);
	fx_int(dg_initramfs_holds(image, "my_driver", "00", fx_hex("aaaa")), DG_INITRAMFS_STRIPPED);
	fx_int(dg_initramfs_holds(image, "my_driver", "00", ""), DG_INITRAMFS_OTHER);
	dg_initramfs_free(image);
	fx_free(&ko);
}

/* What comes later is written over what is there, through links of directories too. */
static void test_later_wins(void **state)
{
	struct fx_bytes old = module("scap", "oldo"), new = module("scap", "newn"), b = { 0 };
	struct dg_initramfs *image;

	put_link(&b, "lib", "usr/lib");
	put_dir(&b, MODULES);
	put_file(&b, MODULES "/updates/scap.ko", &old);
	put_trailer(&b);
	put_file(&b, "lib/modules/" FX_RELEASE "/updates/scap.ko", &new);
	put_trailer(&b);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	fx_str(image->v[0].path, MODULES "/updates/scap.ko");
	fx_str(image->v[0].sha256, sum(&new));
	fx_int(image->v[0].archive, 2);
	dg_initramfs_free(image);

	/* A directory in the link's place, and they are two. */
	put_link(&b, "lib", "usr/lib");
	put_file(&b, MODULES "/updates/scap.ko", &old);
	put_dir(&b, "lib");
	put_file(&b, "lib/modules/" FX_RELEASE "/updates/scap.ko", &new);
	put_trailer(&b);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 2);
	fx_int(dg_initramfs_holds(image, "scap", sum(&new), NULL), DG_INITRAMFS_OTHER);
	dg_initramfs_free(image);

	/* Neither a link to nowhere nor a directory is a driver. */
	put_file(&b, MODULES "/scap.ko", &old);
	put_dir(&b, MODULES "/scap.ko");
	image = read_image(*state, &b, scap);
	fx_int(image->n, 0);
	dg_initramfs_free(image);
	put_file(&b, MODULES "/scap.ko", &old);
	put_link(&b, MODULES "/scap.ko", "nowhere");
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	fx_int(image->v[0].err, -ENOENT);
	fx_int(image->v[0].link, true);
	dg_initramfs_free(image);
	put_link(&b, MODULES "/scap.ko", "nowhere");
	put_file(&b, MODULES "/scap.ko", &new);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	fx_int(image->v[0].err, 0);
	fx_int(image->v[0].link, false);
	dg_initramfs_free(image);
	fx_free(&old);
	fx_free(&new);
}

/* As initramfs-tools copies what is staged: the link where modprobe looks, the file where it leads. */
static void test_linked_modules(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{ "relative", "../../../drvguard/kernels/" FX_RELEASE "/1/scap.ko" },
		{ "absolute", "/usr/lib/drvguard/kernels/" FX_RELEASE "/1/scap.ko" },
		{ "through another", "/lib/drvguard/kernels/" FX_RELEASE "/1/scap.ko" },
		{ "above the root", "../../../../../../../../usr/lib/drvguard/kernels/" FX_RELEASE "/1/scap.ko" },
	};
	struct fx_bytes ko = module("scap", "aaaa");

	FX_CASE(c, cases)
	{
		struct fx_bytes b = { 0 };
		struct dg_initramfs *image;

		put_link(&b, "lib", "usr/lib");
		put_link(&b, MODULES "/updates/scap.ko", c->text);
		put_file(&b, "usr/lib/drvguard/kernels/" FX_RELEASE "/1/scap.ko", &ko);
		put_text(&b, MODULES "/modules.dep", "kernel/x.ko:\nupdates/scap.ko: kernel/x.ko\n");
		put_trailer(&b);
		image = read_image(*state, &b, scap);
		fx_int(image->n, 2);
		fx_int(image->v[0].link, false);
		fx_int(image->v[0].chosen, false);
		fx_int(image->v[1].link, true);
		fx_int(image->v[1].chosen, true);
		fx_int(image->v[1].err, 0);
		fx_str(image->v[1].sha256, sum(&ko));
		fx_int(dg_initramfs_holds(image, "scap", sum(&ko), NULL), DG_INITRAMFS_SAME);
		dg_initramfs_free(image);
	}
	fx_free(&ko);
}

static void test_links_without_end(void **state)
{
	struct fx_bytes ko = module("scap", "aaaa"), b = { 0 };
	struct dg_initramfs *image;
	char path[80], text[80], *deep = malloc(5000);

	put_link(&b, "a", "b");
	put_link(&b, "b", "a");
	put_file(&b, "a/scap.ko", &ko);
	put_link(&b, "c/scap.ko", "scap.ko");
	/* Each of these doubles the way. */
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "l%d", i);
		snprintf(text, sizeof(text), "l%d/l%d", i + 1, i + 1);
		put_link(&b, path, text);
	}
	put_file(&b, "l0/scap.ko", &ko);
	memset(deep, 'x', 4090);
	strcpy(deep + 4080, "/scap.ko");
	put_link(&b, "long", deep);
	put_file(&b, "long/scap.ko", &ko);
	put_trailer(&b);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	fx_str(image->v[0].path, "c/scap.ko");
	fx_int(image->v[0].err, -ENOENT);
	dg_initramfs_free(image);
	free(deep);
	fx_free(&ko);
}

static void put_hard(struct fx_bytes *b, const char *path, uint32_t inode, const struct fx_bytes *data)
{
	put_cpio(b, &(struct member){ .path = path,
				      .mode = S_IFREG | 0644,
				      .nlink = 2,
				      .inode = inode,
				      .data = data ? data->data : NULL,
				      .len = data ? data->len : 0 });
}

static void test_hard_links(void **state)
{
	static const struct {
		const char *name, *first, *second;
		bool data_first;
		int err;
	} cases[] = {
		{ "data with the last", "a/scap.ko", "b/scap.ko", false, 0 },
		{ "data with the first", "a/scap.ko", "b/scap.ko", true, 0 },
		{ "data under a name not asked for", "a/scap.ko", "b/twin.ko", false, 0 },
		{ "data first and not asked for", "a/twin.ko", "b/scap.ko", true, -ENODATA },
	};
	struct fx_bytes ko = module("scap", "aaaa"), other = module("other", "bbbb"), b = { 0 };
	struct dg_initramfs *image;

	FX_CASE(c, cases)
	{
		put_hard(&b, c->first, 7, c->data_first ? &ko : NULL);
		put_hard(&b, "kernel/other.ko", 8, &other);
		put_hard(&b, c->second, 7, c->data_first ? NULL : &ko);
		put_trailer(&b);
		image = read_image(*state, &b, scap);
		fx_int(image->n, 1 + (strstr(c->first, "scap") && strstr(c->second, "scap")));
		for (size_t i = 0; i < image->n; i++) {
			fx_int(image->v[i].err, c->err);
			fx_str(image->v[i].sha256, c->err ? "" : sum(&ko));
			fx_int(image->v[i].size, c->err ? 0 : ko.len);
		}
		dg_initramfs_free(image);
	}

	/* A number is a file's only as far as its archive goes. */
	fx_case("another archive");
	put_hard(&b, "a/scap.ko", 7, &ko);
	put_trailer(&b);
	put_hard(&b, "b/scap.ko", 7, NULL);
	put_trailer(&b);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 2);
	fx_int(image->v[0].err, 0);
	fx_int(image->v[1].err, -ENODATA);
	dg_initramfs_free(image);

	/* The kernel opens what is there and writes into it, under whichever names it has. */
	fx_case("written over");
	put_hard(&b, "a/scap.ko", 7, NULL);
	put_hard(&b, "b/scap.ko", 7, &ko);
	put_trailer(&b);
	put_file(&b, "a/scap.ko", &other);
	put_trailer(&b);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 2);
	fx_str(image->v[0].sha256, sum(&other));
	fx_str(image->v[1].sha256, sum(&other));
	dg_initramfs_free(image);
	fx_free(&ko);
	fx_free(&other);
}

/* With two of a name in the image, modprobe's index decides. */
static void test_chosen_decides(void **state)
{
	static const struct {
		const char *name, *index;
		enum dg_initramfs_holding holds;
	} cases[] = {
		{ "ours", "updates/scap.ko:\n", DG_INITRAMFS_SAME },
		{ "theirs", "kernel/scap.ko: \n", DG_INITRAMFS_OTHER },
		{ "absolute", "/" MODULES "/updates/scap.ko:", DG_INITRAMFS_SAME },
		{ "none", "kernel/another.ko:\n", DG_INITRAMFS_OTHER },
		{ "one that is not there", "extra/scap.ko:\n", DG_INITRAMFS_OTHER },
		{ "empty", "", DG_INITRAMFS_OTHER },
	};
	struct fx_bytes ours = module("scap", "ours"), theirs = module("scap", "them");

	FX_CASE(c, cases)
	{
		struct fx_bytes b = { 0 };
		struct dg_initramfs *image;

		put_link(&b, "lib", "usr/lib");
		/* One that a later archive replaces. */
		put_text(&b, "lib/modules/" FX_RELEASE "/modules.dep", "kernel/scap.ko:\nupdates/scap.ko:\n");
		put_trailer(&b);
		put_file(&b, MODULES "/kernel/scap.ko", &theirs);
		put_file(&b, MODULES "/updates/scap.ko", &ours);
		put_text(&b, MODULES "/modules.dep", c->index);
		put_trailer(&b);
		image = read_image(*state, &b, scap);
		fx_int(image->n, 2);
		fx_int(dg_initramfs_holds(image, "scap", sum(&ours), NULL), c->holds);
		dg_initramfs_free(image);
	}
	fx_free(&ours);
	fx_free(&theirs);
}

/* Damage. */

static void test_cut_anywhere(void **state)
{
	struct fx_bytes ko = { 0 }, plain;
	struct dg_diag d;

	fx_put(&ko, "no module, and short", 20);
	plain = one_file("lib/scap.ko", &ko);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		struct fx_bytes b = pack(*state, i, &plain);
		size_t len = b.len;

		fx_case(packers[i].name);
		for (b.len = 1; b.len < len; b.len++) {
			int r = read_bad(*state, &b, &d);

			/* Of a legacy block that is there whole nothing tells that more should follow. */
			fx_int(r, -EBADMSG);
		}
		fx_free(&b);
	}
	fx_case("plain");
	for (size_t len = plain.len; plain.len > 1; plain.len--) {
		int r = read_bad(*state, &plain, &d);

		/* Behind a whole member, or in the padding, nothing is missing. */
		if (r == 0)
			assert_true(plain.len == len || plain.len % 4 == 0 || plain.len > 250);
		else
			fx_int(r, -EBADMSG);
	}
	fx_free(&plain);
	fx_free(&ko);
}

static void test_errors_tell_where(void **state)
{
	struct fx_bytes ko = module("scap", "aaaa"), b = one_file("lib/scap.ko", &ko), packed;
	const size_t first = b.len;
	struct dg_diag d;

	fx_put(&b, "garbage", 7);
	fx_int(read_bad(*state, &b, &d), -EBADMSG);
	assert_non_null(strstr(d.what, "neither a cpio archive nor a packed one"));
	fx_free(&b);
	b = one_file("lib/scap.ko", &ko);
	fx_put_zero(&b, 512);
	packed = fx_pack("zstd",
			 "070701 and no number in it, which is what a header has to have, and has to be long enough"
			 " to be one, all the way up to here",
			 121);
	append(&b, packed);
	fx_int(read_bad(*state, &b, &d), -EBADMSG);
	{
		char words[80];

		snprintf(words, sizeof(words), "packed from byte %zu on", first + 512);
		assert_non_null(strstr(d.what, words));
	}
	fx_free(&b);
	fx_free(&ko);
}

/* Where each field of a header lies: 6 + 8 * its number. */
static void test_lying_headers(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		const char *bytes;
		int err; /* 0: the member is passed over, as the kernel does */
	} cases[] = {
		{ "size past the end", 54, "ffffffff", -EBADMSG },
		{ "size past the end by one", 54, "00000019", -EBADMSG },
		{ "no number", 54, "0000001g", -EBADMSG },
		{ "a NUL in a number", 54,
		  "000\0"
		  "0014",
		  -EBADMSG },
		{ "name past the end", 94, "00000fff", -EBADMSG },
		{ "longer than a path", 94, "00001001", -EBADMSG },
		{ "the longest name", 94, "ffffffff", -EBADMSG },
		{ "a name that goes on", 94, "00000009", -EBADMSG },
		{ "no name", 94, "00000000", -EBADMSG },
		{ "a device with data", 14, "000021a4", 0 },
		{ "a link that is no path", 14, "0000a1ff", 0 },
		{ "old magic", 0, "07070700", -EBADMSG },
		{ "no magic", 0, "08070100", -EBADMSG },
	};
	struct fx_bytes ko = { 0 };

	fx_put(&ko, "twenty bytes of data", 20);
	for (size_t packed = 0; packed < 2; packed++)
		FX_CASE(c, cases)
		{
			struct fx_bytes b = { 0 };
			struct dg_diag d;

			put_file(&b, "lib/scap.ko", &ko);
			memcpy(b.data + c->at, c->bytes, c->at ? 8 : 6);
			if (packed) {
				struct fx_bytes p = fx_pack("gzip", b.data, b.len);

				fx_free(&b);
				b = p;
			}
			fx_int(read_bad(*state, &b, &d), c->err);
			fx_free(&b);
		}
	fx_free(&ko);
}

static void test_crc_and_bootconfig(void **state)
{
	static const char settings[] = "kernel.quiet\n";
	struct fx_bytes ko = module("scap", "aaaa"), b = one_file("lib/scap.ko", &ko);
	struct dg_initramfs *image;

	memcpy(b.data, "070702", 6);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	dg_initramfs_free(image);

	b = one_file("lib/scap.ko", &ko);
	fx_put(&b, settings, sizeof(settings));
	fx_put_int(&b, sizeof(settings), 4, false);
	fx_put_int(&b, 0, 4, false);
	fx_put(&b, "#BOOTCONFIG\n", 12);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	dg_initramfs_free(image);

	b = one_file("lib/scap.ko", &ko);
	fx_put_int(&b, 0xffffffff, 4, false);
	fx_put_int(&b, 0, 4, false);
	fx_put(&b, "#BOOTCONFIG\n", 12);
	{
		struct dg_diag d;

		fx_int(read_bad(*state, &b, &d), -EBADMSG);
	}
	fx_free(&b);
	fx_free(&ko);
}

/* 300 MiB of zeroes in a few hundred KiB, once as padding and once in a module. */
static void test_bombs(void **state)
{
	const size_t size = (size_t)300 << 20;
	unsigned char *zero = calloc(1, size);
	struct fx_bytes b, ko = { .data = zero, .len = (size_t)70 << 20 }, packed;
	struct dg_initramfs *image;
	struct dg_diag d;

	assert_non_null(zero);
	for (size_t i = 0; i < 2; i++) {
		b = fx_pack(i ? "zstd" : "gzip", zero, size);
		fx_int(read_bad(*state, &b, &d), -EFBIG);
		assert_non_null(strstr(d.what, "more than any initramfs"));
		fx_free(&b);
	}
	packed = fx_pack("xz", ko.data, ko.len);
	b = one_file("lib/scap.ko.xz", &packed);
	fx_put_zero(&b, 1 << 20);
	image = read_image(*state, &b, scap);
	fx_int(image->n, 1);
	fx_int(image->v[0].err, -EFBIG);
	dg_initramfs_free(image);

	/* Many of them are more than the image may come to. */
	for (size_t i = 0; i < 8; i++)
		append(&b, one_file("lib/scap.ko.xz", &packed));
	fx_int(read_bad(*state, &b, &d), -EFBIG);
	fx_free(&b);
	fx_free(&packed);

	b = one_file("lib/scap.ko", &ko);
	image = read_image(*state, &b, scap);
	fx_int(image->v[0].err, -EFBIG);
	fx_int(image->v[0].size, ko.len);
	dg_initramfs_free(image);
	free(zero);
}

static void test_many_parts(void **state)
{
	struct fx_bytes b = { 0 }, one = fx_pack("zstd", "", 0), plain = { 0 };
	struct dg_diag d;

	fx_free(&one);
	put_trailer(&plain);
	one = fx_pack("zstd", plain.data, plain.len);
	for (size_t i = 0; i < 2000; i++)
		fx_put(&b, one.data, one.len);
	fx_int(read_bad(*state, &b, &d), -EFBIG);
	fx_free(&b);
	fx_free(&one);
	fx_free(&plain);
}

static void test_many_members(void **state)
{
	struct fx_bytes some = { 0 }, b = { 0 };
	struct dg_diag d;

	for (size_t i = 0; i < 4096; i++)
		put_dir(&some, "a");
	for (size_t i = 0; i <= 128; i++)
		fx_put(&b, some.data, some.len);
	fx_int(read_bad(*state, &b, &d), -EFBIG);
	assert_non_null(strstr(d.what, "more files than any initramfs"));
	fx_free(&some);
	fx_free(&b);
}

/* Each member leads through all links that may be followed, and a long way after them. */
static void test_long_ways(void **state)
{
	struct fx_bytes b = { 0 };
	struct dg_diag d;
	char path[80], text[80], way[4000] = "y";

	while (strlen(way) < sizeof(way) - 4)
		strcat(way, "/y");
	for (int i = 0; i < 39; i++) {
		snprintf(path, sizeof(path), "l%d", i);
		snprintf(text, sizeof(text), "l%d", i + 1);
		put_link(&b, path, text);
	}
	put_link(&b, "l39", way);
	for (int i = 0; i < 80000; i++)
		put_dir(&b, "l0/x");
	fx_int(read_bad(*state, &b, &d), -EFBIG);
	fx_free(&b);
}

static void test_no_image(void **state)
{
	struct dg_initramfs *i = NULL;
	struct dg_diag d = { 0 };
	struct fx_bytes b = { 0 };

	assert_int_equal(dg_initramfs_read(fx_at(*state, "/none"), scap, &i, &d), -ENOENT);
	assert_string_equal(d.where, fx_at(*state, "/none"));
	assert_int_equal(dg_initramfs_read(*state, scap, &i, &d), -EISDIR);
	assert_int_equal(mkfifo(fx_at(*state, "/fifo"), 0600), 0);
	assert_int_equal(dg_initramfs_read(fx_at(*state, "/fifo"), scap, &i, &d), -ENXIO);
	fx_write(*state, "/image", "", 0);
	i = read_image(*state, &b, scap);
	fx_int(i->n, 0);
	fx_int(i->archives, 0);
	dg_initramfs_free(i);
	fx_put_zero(&b, 5000);
	i = read_image(*state, &b, scap);
	fx_int(i->n, 0);
	dg_initramfs_free(i);
	/* All hole: refused by its size, and not read to its end. */
	assert_int_equal(truncate(fx_at(*state, "/image"), (off_t)8 << 40), 0);
	assert_int_equal(dg_initramfs_read(fx_at(*state, "/image"), scap, &i, &d), -EFBIG);
}

static void hostile(const unsigned char *data, size_t len, void *dir)
{
	const struct fx_bytes b = { .data = (unsigned char *)data, .len = len };
	struct dg_diag d;
	int r = read_bad(dir, &b, &d);

	assert_true(r == 0 || r == -EBADMSG || r == -EFBIG || r == -EPROTONOSUPPORT);
}

static void test_hostile(void **state)
{
	struct fx_bytes ko = { 0 }, b = { 0 }, plain = { 0 };

	fx_put(&ko, "twenty bytes of data", 20);
	put_link(&b, "lib", "usr/lib");
	put_hard(&b, "lib/scap.ko", 3, NULL);
	put_hard(&b, "b/scap.ko", 3, &ko);
	put_text(&b, "lib/modules/1/modules.dep", "scap.ko:\n");
	put_trailer(&b);
	plain = one_file("lib/scap.ko", &ko);
	append(&b, fx_pack("zstd", plain.data, plain.len));
	append(&b, fx_pack("xz", plain.data, plain.len));
	append(&b, pack(*state, 6, &plain));
	fx_put_zero(&b, 4);
	append(&b, fx_pack("gzip", plain.data, plain.len));
	fx_hostile(&b, 3000, hostile, *state);
	fx_free(&b);
	fx_free(&plain);
	fx_free(&ko);
}

/* By cpio(1) itself, of a tree on disk. */
static void test_by_cpio(void **state)
{
	struct fx_bytes ko = module("scap", "aaaa"), b = { 0 };
	struct dg_initramfs *image;
	char command[700];
	void *data;

	fx_write(*state, "/tree/" MODULES "/updates/scap.ko", ko.data, ko.len);
	fx_text(*state, "/tree/" MODULES "/modules.dep", "updates/scap.ko:\n");
	fx_mkdir(*state, "/tree/usr/lib/store");
	assert_int_equal(
		link(fx_at(*state, "/tree/" MODULES "/updates/scap.ko"), fx_at(*state, "/tree/usr/lib/store/scap.ko")),
		0);
	assert_int_equal(symlink("usr/lib", fx_at(*state, "/tree/lib")), 0);
	snprintf(command, sizeof(command),
		 "cd '%s/tree' && { find . | LC_ALL=C sort | cpio --quiet -o -H newc && "
		 "find lib/modules/ -type f | cpio --quiet -o -H newc | gzip; } >../cpio 2>/dev/null",
		 (char *)*state);
	assert_int_equal(system(command), 0);
	assert_int_equal(dg_file_read(fx_at(*state, "/cpio"), 1 << 24, &data, &b.len), 0);
	b.data = data;
	image = read_image(*state, &b, scap);
	fx_int(image->n, 2);
	fx_int(image->archives, 2);
	for (size_t i = 0; i < 2; i++) {
		fx_int(image->v[i].err, 0);
		fx_str(image->v[i].sha256, sum(&ko));
	}
	fx_str(image->v[0].path, MODULES "/updates/scap.ko");
	fx_int(image->v[0].chosen, true);
	fx_int(image->v[0].archive, 2);
	fx_str(image->v[1].path, "usr/lib/store/scap.ko");
	dg_initramfs_free(image);
	fx_free(&ko);
}

/* Where it lies. */

static void test_find(void **state)
{
	static const struct {
		const char *name, *image; /* "": there is none */
		const char *files[6];	  /* "PATH=TEXT" */
	} cases[] = {
		{ "Debian", "/boot/initrd.img-" FX_RELEASE, { "/boot/initramfs-" FX_RELEASE ".img=" } },
		{ "Fedora",
		  "/boot/initramfs-" FX_RELEASE ".img",
		  { "/etc/machine-id=0123456789abcdef0123456789abcdef\n" } },
		{ "SUSE", "/boot/initrd-" FX_RELEASE, { 0 } },
		{ "entries",
		  "/boot/0123456789abcdef0123456789abcdef/" FX_RELEASE "/initrd",
		  { "/etc/machine-id=0123456789abcdef0123456789abcdef\n", "/lib/modules/" FX_RELEASE "/initrd=" } },
		{ "entries on their own",
		  "/boot/efi/token/" FX_RELEASE "/initrd",
		  { "/etc/kernel/entry-token=token\n", "/etc/machine-id=0123456789abcdef0123456789abcdef\n" } },
		{ "with the modules", "/lib/modules/" FX_RELEASE "/initrd", { 0 } },
		{ "Arch", "/boot/initramfs-linux.img", { "/lib/modules/" FX_RELEASE "/pkgbase=linux\n" } },
		{ "Arch, with a preset",
		  "/efi/images/a.img",
		  { "/lib/modules/" FX_RELEASE "/pkgbase=linux-lts\n", "/boot/initramfs-linux-lts.img=",
		    "/etc/mkinitcpio.d/linux-lts.preset=#x_default_image=\"/no\"\nALL_kver=/boot/vmlinuz-linux-lts\n"
		    "PRESETS=('default')\ndefault_image=\"/efi/images/a.img\"  # here\n" } },
		{ "Arch, unquoted",
		  "/efi/images/a.img",
		  { "/lib/modules/" FX_RELEASE "/pkgbase=linux\n",
		    "/etc/mkinitcpio.d/linux.preset=default_image=/efi/images/a.img\n" } },
		{ "Arch, two of a package",
		  "",
		  { "/boot/initramfs-linux.img=", "/lib/modules/" FX_RELEASE "/pkgbase=linux\n",
		    "/lib/modules/6.0.0-old/pkgbase=linux\n" } },
		{ "Arch, another package",
		  "",
		  { "/boot/initramfs-linux.img=", "/lib/modules/" FX_RELEASE "/pkgbase=linux-lts\n" } },
		{ "a name that leads out",
		  "",
		  { "/boot/initramfs-/../../x.img=", "/lib/modules/" FX_RELEASE "/pkgbase=/../../x\n",
		    "/etc/machine-id=../boot\n" } },
		{ "another release's", "", { "/boot/initrd.img-6.1.0-2-test=", "/boot/initrd.img=" } },
	};

	FX_CASE(c, cases)
	{
		char root[300], *found = NULL;
		struct dg_diag d = { 0 };
		int r;

		snprintf(root, sizeof(root), "%s/%zu", (char *)*state, (size_t)(c - cases));
		assert_int_equal(mkdir(root, 0755), 0);
		fx_mkdir(root, "/boot");
		if (c->image[0])
			fx_text(root, c->image, "image");
		for (size_t i = 0; i < DG_ARRAY_SIZE(c->files) && c->files[i]; i++) {
			char path[200];
			size_t n = strcspn(c->files[i], "=");

			snprintf(path, sizeof(path), "%.*s", (int)n, c->files[i]);
			if (!strstr(path, "/../"))
				fx_text(root, path, c->files[i] + n + 1);
		}
		r = dg_initramfs_find(root, FX_RELEASE, &found, &d);
		if (c->image[0]) {
			fx_int(r, 0);
			fx_str(found + strlen(root), c->image);
		} else {
			fx_int(r, -ENOENT);
			assert_non_null(strstr(d.what, "initrd.img-REL"));
		}
		free(found);
	}
	assert_int_equal(dg_initramfs_find("/", "../x", NULL, NULL), -EINVAL);
}

static void test_find_in_root(void **state)
{
	struct dg_initramfs_space space;
	struct dg_diag d = { 0 };
	char *found;

	fx_text(*state,
		"/real"
		"/initrd.img-" FX_RELEASE,
		"image");
	assert_int_equal(symlink("/real", fx_at(*state, "/boot")), 0);
	assert_int_equal(dg_initramfs_find(*state, FX_RELEASE, &found, &d), 0);
	assert_string_equal(found, fx_at(*state, "/real/initrd.img-" FX_RELEASE));
	free(found);
	assert_int_equal(truncate(fx_at(*state, "/real/initrd.img-" FX_RELEASE), 8 << 20), 0);
	assert_int_equal(dg_initramfs_space(*state, FX_RELEASE, &space, &d), 0);
	assert_string_equal(space.dir, fx_at(*state, "/real"));
	assert_int_equal(space.need, (8 << 20) + (1 << 20) + (4 << 20));
	free(space.dir);
	assert_int_equal(dg_initramfs_space(*state, "6.0.0-other", &space, &d), -ENOENT);
	/* A directory in its place is none. */
	fx_mkdir(*state, "/real/initrd.img-6.0.0-other");
	assert_int_equal(dg_initramfs_find(*state, "6.0.0-other", &found, &d), -ENOENT);
}

/* Making it anew: scripts in a root of their own stand for the tools. */

static const char *busybox(void)
{
	static const char *const paths[] = { "/bin/busybox", "/usr/bin/busybox" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static bool make_root(const char *dir)
{
	char command[700];

	if (geteuid() != 0 || !busybox())
		return false;
	fx_mkdir(dir, "/bin");
	fx_mkdir(dir, "/dev");
	fx_mkdir(dir, "/boot");
	snprintf(command, sizeof(command),
		 "cp '%s' '%s/bin/busybox' && ln -s busybox '%s/bin/sh' && "
		 "mknod -m 666 '%s/dev/null' c 1 3 && "
		 "for a in cat cp mv rm ls tr; do ln -s busybox '%s/bin/'$a; done",
		 busybox(), dir, dir, dir, dir);
	return system(command) == 0;
}

static void put_tool(const char *dir, const char *path, const char *script)
{
	dg_auto_free char *text = dg_format("#!/bin/sh\n%s", script);

	fx_text(dir, path, text);
	assert_int_equal(chmod(fx_at(dir, path), 0755), 0);
}

static void put_image(const char *dir, const char *path, const char *filler)
{
	struct fx_bytes ko = module("scap", filler), b = one_file(MODULES "/updates/scap.ko", &ko);

	fx_write(dir, path, b.data, b.len);
	fx_free(&b);
	fx_free(&ko);
}

static int refresh(const char *dir, const char *filler, bool required, struct dg_diag *d)
{
	struct fx_bytes ko = module("scap", filler);
	const struct dg_initramfs_want want = { "scap", sum(&ko), fx_hex(filler), required };

	fx_free(&ko);
	*d = (struct dg_diag){ 0 };
	return dg_initramfs_refresh(dir, FX_RELEASE, &want, 1, d);
}

static int holding(const char *dir, const char *path, const char *filler)
{
	struct fx_bytes ko = module("scap", filler);
	struct dg_initramfs *image = NULL;
	int r;

	assert_int_equal(dg_initramfs_read(fx_at(dir, path), scap, &image, NULL), 0);
	r = dg_initramfs_holds(image, "scap", sum(&ko), NULL);
	dg_initramfs_free(image);
	fx_free(&ko);
	return r;
}

static void test_refresh_update_initramfs(void **state)
{
	struct dg_diag d;
	char *said;

	if (!make_root(*state))
		skip();
	put_image(*state, IMAGE, "oldo");
	put_image(*state, "/new", "newn");
	fx_int(refresh(*state, "newn", true, &d), -ENOENT);
	assert_non_null(strstr(d.what, "update-initramfs"));

	put_tool(*state, "/usr/sbin/update-initramfs",
		 "echo \"$*|$DPKG_MAINTSCRIPT_PACKAGE|$PATH|$(cat)|$(ls /proc/self/fd 2>/dev/null)\" >/said\n"
		 "echo to-stdout; cp /new " IMAGE ".new && mv " IMAGE ".new " IMAGE "\n");
	assert_int_equal(setenv("DPKG_MAINTSCRIPT_PACKAGE", "linux-image", 1), 0);
	fx_int(refresh(*state, "newn", true, &d), 0);
	unsetenv("DPKG_MAINTSCRIPT_PACKAGE");
	said = fx_read(fx_at(*state, "/said"));
	fx_str(said, "-u -k " FX_RELEASE "||/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin||\n");
	free(said);
	fx_int(holding(*state, IMAGE, "newn"), DG_INITRAMFS_SAME);

	/* A tool that is content with doing nothing: its last word tells why. */
	put_tool(*state, "/usr/sbin/update-initramfs", "echo one; echo 'Not updating initramfs.'; echo\n");
	fx_int(refresh(*state, "oldo", false, &d), -ESTALE);
	assert_non_null(strstr(d.what, "another copy of scap; the tool said: Not updating initramfs."));
	put_tool(*state, "/usr/sbin/update-initramfs", "echo one; echo 'W: no room' >&2; exit 3\n");
	fx_int(refresh(*state, "newn", false, &d), -EIO);
	assert_non_null(strstr(d.what, "failed with 3: W: no room"));
	put_tool(*state, "/usr/sbin/update-initramfs", "kill -9 $$\n");
	fx_int(refresh(*state, "newn", false, &d), -EIO);
	assert_non_null(strstr(d.what, "failed with 137"));
	fx_text(*state, "/usr/sbin/update-initramfs", "#!/no/such/shell\n");
	fx_int(refresh(*state, "newn", false, &d), -EIO);
	assert_non_null(strstr(d.what, "cannot run /usr/sbin/update-initramfs"));
}

/* dracut writes over the old image, and removes it when it fails: it never gets it. */
static void test_refresh_dracut(void **state)
{
	static const char *const image = "/boot/initramfs-" FX_RELEASE ".img";
	char beside[600];
	struct dg_diag d;
	char *said;

	if (!make_root(*state))
		skip();
	snprintf(beside, sizeof(beside), "%s/boot/.initramfs-" FX_RELEASE ".img.new", (char *)*state);
	put_image(*state, image, "oldo");
	put_image(*state, "/new", "newn");
	/* Only for images of its own name. */
	put_tool(*state, "/usr/sbin/update-initramfs", "exit 9\n");
	put_tool(*state, "/usr/bin/dracut", "echo \"$*\" >/said; cp /new $2\n");
	fx_int(refresh(*state, "newn", true, &d), 0);
	said = fx_read(fx_at(*state, "/said"));
	fx_str(said, "--force /boot/.initramfs-" FX_RELEASE ".img.new " FX_RELEASE "\n");
	free(said);
	fx_int(holding(*state, image, "newn"), DG_INITRAMFS_SAME);
	fx_int(fx_exists(beside), false);

	put_tool(*state, "/usr/bin/dracut", "cp /bin/busybox $2; echo failed; rm -f $2; exit 1\n");
	fx_int(refresh(*state, "newn", true, &d), -EIO);
	fx_int(holding(*state, image, "newn"), DG_INITRAMFS_SAME);
	put_tool(*state, "/usr/bin/dracut", "echo nothing\n");
	fx_int(refresh(*state, "newn", true, &d), -ENOENT);
	put_tool(*state, "/usr/bin/dracut", "cp /bin/busybox $2\n");
	fx_int(refresh(*state, "newn", true, &d), -EBADMSG);
	put_tool(*state, "/usr/bin/dracut", "cp /new $2\n");
	fx_int(refresh(*state, "else", true, &d), -ESTALE);
	fx_int(holding(*state, image, "newn"), DG_INITRAMFS_SAME);
	fx_int(fx_exists(beside), false);

	/* It need not be in it, unless it is said to. */
	{
		struct fx_bytes b = { 0 };

		put_trailer(&b);
		fx_write(*state, "/new", b.data, b.len);
		fx_free(&b);
	}
	fx_int(refresh(*state, "newn", true, &d), -ESTALE);
	assert_non_null(strstr(d.what, "no copy of scap"));
	fx_int(refresh(*state, "newn", false, &d), 0);
	fx_int(holding(*state, image, "newn"), DG_INITRAMFS_NONE);
}

static void test_refresh_mkinitcpio(void **state)
{
	struct dg_diag d;
	char *said;

	if (!make_root(*state))
		skip();
	put_image(*state, "/boot/initramfs-linux.img", "oldo");
	put_image(*state, "/new", "newn");
	fx_text(*state, "/lib/modules/" FX_RELEASE "/pkgbase", "linux\n");
	put_tool(*state, "/usr/bin/mkinitcpio",
		 "echo \"$*\" >>/said; [ $1 = -p ] || { cp /new $4; exit; }\n"
		 "cp /new /boot/initramfs-linux.img\n");
	fx_int(refresh(*state, "newn", true, &d), 0);
	fx_text(*state, "/etc/mkinitcpio.d/linux.preset", "PRESETS=('default')\n");
	fx_int(refresh(*state, "newn", true, &d), 0);
	said = fx_read(fx_at(*state, "/said"));
	fx_str(said, "-k " FX_RELEASE " -g /boot/.initramfs-linux.img.new\n-p linux\n");
	free(said);
}

/* What the caller holds locks by is not the tool's to keep. */
static void test_refresh_inherits_nothing(void **state)
{
	struct dg_diag d;
	int fd;

	if (!make_root(*state))
		skip();
	put_image(*state, IMAGE, "oldo");
	put_tool(*state, "/usr/sbin/update-initramfs",
		 "if { true >&17; } 2>/dev/null; then echo inherited; exit 1; fi\n");
	fd = open("/dev/null", O_WRONLY);
	assert_int_equal(dup2(fd, 17), 17);
	fx_int(refresh(*state, "oldo", true, &d), 0);
	close(17);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_every_packer),
		FX_TEST(test_packers_one_after_another),
		FX_TEST(test_packed_modules),
		FX_TEST(test_names),
		FX_TEST(test_later_wins),
		FX_TEST(test_linked_modules),
		FX_TEST(test_links_without_end),
		FX_TEST(test_hard_links),
		FX_TEST(test_chosen_decides),
		FX_TEST(test_cut_anywhere),
		FX_TEST(test_errors_tell_where),
		FX_TEST(test_lying_headers),
		FX_TEST(test_crc_and_bootconfig),
		FX_TEST(test_bombs),
		FX_TEST(test_many_parts),
		FX_TEST(test_many_members),
		FX_TEST(test_long_ways),
		FX_TEST(test_no_image),
		FX_TEST(test_hostile),
		FX_TEST(test_by_cpio),
		FX_TEST(test_find),
		FX_TEST(test_find_in_root),
		FX_TEST(test_refresh_update_initramfs),
		FX_TEST(test_refresh_dracut),
		FX_TEST(test_refresh_mkinitcpio),
		FX_TEST(test_refresh_inherits_nothing),
	};

	return cmocka_run_group_tests_name("initramfs", tests, NULL, NULL);
}
