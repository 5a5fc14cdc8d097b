// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes what fuzzing begins with: seeds DIR makes DIR/TARGET/NAME, small and
 * well-formed, of the same builders as the unit tests' files.
 */
#include "../unit/fixture.h"

#include "lib/digest.h"
#include "lib/kimage.h"

static const char *dir;

static void keep(const char *target, const char *name, struct fx_bytes *b)
{
	char path[128];

	snprintf(path, sizeof(path), "/%s/%s", target, name);
	fx_write(dir, path, b->data, b->len);
	fx_free(b);
}

static void keep_text(const char *target, const char *name, const char *text)
{
	struct fx_bytes b = { 0 };

	fx_put(&b, text, strlen(text));
	keep(target, name, &b);
}

/* Modules. */

/* A relocation with an addend into the strings, for one field of an entry. */
static void put_relocation(struct fx_bytes *b, const struct fx_kind *k, uint64_t at, uint64_t addend, bool rela)
{
	const size_t word = k->is64 ? 8 : 4;

	fx_put_int(b, at, word, k->big);
	fx_put_int(b, k->is64 ? (uint64_t)1 << 32 | 2 : 1 << 8 | 2, word, k->big);
	if (rela)
		fx_put_int(b, addend, word, k->big);
}

static void put_strings(struct fx_bytes *b, const char *const *list)
{
	for (; *list; list++)
		fx_put(b, *list, strlen(*list) + 1);
}

/* Exports as of a kernel with namespaces: two entries of three fields, by relocations. */
static void add_exports(struct fx_elf *e, bool rela)
{
	static const char *const strings[] = { "", "exported_one", "exported_two", "NAMESPACE", NULL };
	static const uint64_t addends[6] = { 0, 1, 27, 0, 14, 0 };
	const struct fx_kind *k = e->kind;
	struct fx_section *table = fx_elf_add(e, "__ksymtab", SHT_PROGBITS), *s;
	const uint32_t index = (uint32_t)e->n;

	fx_put_zero(&table->bytes, 24);
	if (!rela)
		for (size_t i = 0; i < 6; i++)
			fx_set_int(table->bytes.data + i * 4, addends[i], 4, k->big);
	s = fx_elf_add(e, rela ? ".rela__ksymtab" : ".rel__ksymtab", rela ? SHT_RELA : SHT_REL);
	s->info = index;
	for (size_t i = 0; i < 6; i++)
		put_relocation(&s->bytes, k, i * 4, addends[i], rela);
	s = fx_elf_add(e, "__kcrctab", SHT_PROGBITS);
	fx_put_int(&s->bytes, 0x12345678, 4, k->big);
	fx_put_int(&s->bytes, 0x9abcdef0, 4, k->big);
	s = fx_elf_add(e, "__ksymtab_strings", SHT_PROGBITS);
	put_strings(&s->bytes, strings);
}

/* Extended versions, exports with relocations, namespaces, a signature's trailer. */
static struct fx_bytes make_modern(const struct fx_kind *k, bool rela)
{
	static const char *const names[] = { "module_layout", "_printk", "a_function_of_rust", NULL };
	static const char *const info[] = { "license=GPL", "import_ns=NAMESPACE",   "depends=a,b", "intree=Y",
					    "name=modern", "vermagic=" FX_VERMAGIC, NULL };
	static const unsigned char trailer[] = { 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 8 };
	struct fx_elf e = { .kind = k, .type = ET_REL };
	struct fx_section *s;
	struct fx_bytes b;

	put_strings(&fx_elf_add(&e, ".modinfo", SHT_PROGBITS)->bytes, info);
	fx_put_zero(&fx_elf_add(&e, ".gnu.linkonce.this_module", SHT_PROGBITS)->bytes, 128);
	s = fx_elf_add(&e, "__version_ext_crcs", SHT_PROGBITS);
	for (size_t i = 0; i < 3; i++)
		fx_put_int(&s->bytes, 0x1000 + i, 4, k->big);
	put_strings(&fx_elf_add(&e, "__version_ext_names", SHT_PROGBITS)->bytes, names);
	add_exports(&e, rela);
	s = fx_elf_add(&e, ".symtab", SHT_SYMTAB);
	s->link = (uint32_t)e.n + 1;
	fx_put_symbol(&s->bytes, k, 0, 0, 0, false);
	fx_put_symbol(&s->bytes, k, 0, 0, (uint16_t)(e.n - 1), false);
	fx_put_symbol(&s->bytes, k, 14, 0, SHN_UNDEF, false);
	fx_put_symbol(&s->bytes, k, 22, 0, SHN_UNDEF, true);
	fx_put_symbol(&s->bytes, k, 14, 8, SHN_COMMON, false);
	put_strings(&fx_elf_add(&e, ".strtab", SHT_STRTAB)->bytes, names);
	b = fx_elf_finish(&e);
	fx_put(&b, "PKCS#7 8", 8);
	fx_put(&b, trailer, sizeof(trailer));
	fx_put(&b, "~Module signature appended~\n", 28);
	return b;
}

static void make_modules(void)
{
	static const struct fx_symbol exports[] = { { .name = "one", .crc = 1 }, { .name = "two", .crc = 2 }, { 0 } };
	char name[64], path[80];

	for (size_t i = 0; i < DG_ARRAY_SIZE(fx_kinds); i++)
		for (int form = 0; form < 4; form++) {
			struct fx_module m = fx_module_good("scap");
			struct fx_bytes b;

			m.kind = &fx_kinds[i];
			m.size = 128;
			m.exports = form == 1 ? exports : NULL;
			m.export_form = FX_EXPORT_ABSOLUTE_CRCS;
			b = form < 2 ? fx_module_build(&m) : make_modern(m.kind, form == 2);
			snprintf(name, sizeof(name), "%s-%d", m.kind->name, form);
			snprintf(path, sizeof(path), "/elf/%s", name);
			fx_write(dir, path, b.data, b.len);
			keep("modfile", name, &b);
		}
}

/* Kernel images, and what packs them. */

static const char *const packers[] = { "gzip", "xz", "lzma", "zstd", "bzip2", "lz4", "lzop" };
#define BANNER "6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.192-2 (2026-11-10)"

static void make_images(void)
{
	static const struct fx_symbol gpl[] = { { .name = "gpl_only", .crc = 0x99999999 }, { 0 } };
	static const size_t strides[] = { 8, 12, 16, 24 };
	struct fx_vmlinux v = { .plain = fx_symbols, .gpl = gpl, .build_id = FX_BUILD_ID };
	struct fx_bytes b, packed;
	char name[64], path[96];

	for (size_t i = 0; i < 4; i++) {
		v.stride = strides[i];
		v.kind = &fx_kinds[i % 2 ? 0 : i];
		v.no_crcs = false;
		b = fx_vmlinux_build(&v);
		snprintf(name, sizeof(name), "vmlinux-stride-%zu", v.stride);
		keep("kimage", name, &b);
	}
	v = (struct fx_vmlinux){ .plain = fx_symbols, .build_id = FX_BUILD_ID, .no_crcs = true };
	b = fx_vmlinux_build(&v);
	keep("kimage", "vmlinux-no-crcs", &b);
	v.gpl = gpl;
	v.no_crcs = false;
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		b = fx_vmlinux_build(&v);
		packed = fx_pack(packers[i], b.data, b.len);
		fx_free(&b);
		b = fx_bzimage(&packed, BANNER, i > 0);
		snprintf(name, sizeof(name), "bzimage-%s", packers[i]);
		if (i == 3) {
			/* A fault that was: as much memory was taken as the size behind the payload claims. */
			fx_set_int(b.data + b.len - 4, DG_KIMAGE_MAX - 1, 4, false);
			snprintf(path, sizeof(path), "/kimage/%s-claims-511-mib", name);
			fx_write(dir, path, b.data, b.len);
			fx_set_int(b.data + b.len - 4, 0x10000, 4, false);
		}
		keep("kimage", name, &b);
		fx_free(&packed);
	}
}

/* Flat images of arm64: entries, CRCs, strings, a note and a banner, as kflat.c finds them. */

static struct fx_bytes make_flat(bool anchor_behind)
{
	static const char *const names[] = { "a_first", "module_layout", "z_last", "a_gpl_one", "b_gpl_two" };
	const size_t n = DG_ARRAY_SIZE(names), table = 128, strings = table + n * 16 + 1;
	struct fx_bytes b = { 0 };
	size_t at = strings;

	fx_put_zero(&b, table);
	memcpy(b.data + 0x38, "ARM\x64", 4);
	/* A fault that was: the one name that is searched for lies before its entry. */
	if (anchor_behind)
		memcpy(b.data + 0x41, "module_layout", 13);
	for (size_t i = 0; i < n; i++) {
		size_t to = anchor_behind && i == 1 ? 0x41 : at;

		fx_put_int(&b, 0, 4, false);
		fx_put_int(&b, to - (table + i * 12 + 4), 4, false);
		fx_put_int(&b, 0, 4, false);
		at += strlen(names[i]) + 1;
	}
	for (size_t i = 0; i < n; i++)
		fx_put_int(&b, 0x1000 + i, 4, false);
	fx_put_zero(&b, 1);
	put_strings(&b, (const char *const[]){ names[0], anchor_behind ? "other_layout_" : names[1], names[2], names[3],
					       names[4], NULL });
	fx_put_zero(&b, -b.len & 3);
	fx_put_build_id(&b, FX_BUILD_ID, false);
	fx_put(&b, "Linux version 6.12.1 (a@b) #1 SMP", 34);
	return b;
}

static void make_flats(void)
{
	struct fx_bytes b = make_flat(true), packed, head = { 0 };

	keep("kimage", "flat-anchor-lies-before", &b);
	b = make_flat(false);
	packed = fx_pack("gzip", b.data, b.len);
	keep("kimage", "flat", &b);
	fx_put(&head, "MZ\0\0zimg", 8);
	fx_put_int(&head, 128, 4, false);
	fx_put_int(&head, packed.len, 4, false);
	fx_put_zero(&head, 128 - head.len);
	fx_put(&head, packed.data, packed.len);
	keep("kimage", "flat-zboot", &head);
	keep("kimage", "flat-gzip", &packed);
}

static void make_packed(void)
{
	static const char text[] = "the same words, the same words, the same words, and others\n";
	static const char *const names[] = { "small", "empty", "zeroes" };
	char name[64];

	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++)
		for (size_t form = 0; form < 3; form++) {
			struct fx_bytes plain = { 0 }, packed, b = { 0 };

			/* libarchive 3.6 fails to pack nothing with lz4. */
			if (form == 1 && strcmp(packers[i], "lz4") == 0)
				continue;
			fx_put(&plain, text, form == 1 ? 0 : sizeof(text));
			if (form == 2)
				fx_put_zero(&plain, 200000);
			packed = fx_pack(packers[i], plain.data, plain.len);
			fx_put_int(&b, form, 2, false); /* the size that is claimed */
			fx_put(&b, packed.data, packed.len);
			snprintf(name, sizeof(name), "%s-%s", packers[i], names[form]);
			keep("unpack", name, &b);
			fx_free(&packed);
			fx_free(&plain);
		}
}

/* One member of an initramfs, in cpio's newc form. */
static void put_member(struct fx_bytes *b, const char *path, unsigned int mode, unsigned int nlink, const void *data,
		       size_t len)
{
	const size_t name = strlen(path) + 1;
	char header[128];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, mode, 0, 0,
		 nlink, 0, len, 8, 1, 0, 0, name, 0);
	fx_put(b, header, 110);
	fx_put(b, path, name);
	fx_put_zero(b, -b->len & 3);
	fx_put(b, data, len);
	fx_put_zero(b, -b->len & 3);
}

static struct fx_bytes make_archive(void)
{
	static const char index[] = "updates/scap.ko:\n";
	struct fx_bytes b = { 0 }, packed = fx_pack("xz", "no module", 9);

	put_member(&b, "lib", S_IFLNK | 0777, 1, "usr/lib", 7);
	put_member(&b, "usr/lib/modules/1/updates", S_IFDIR | 0755, 2, "", 0);
	put_member(&b, "lib/modules/1/updates/scap.ko", S_IFREG | 0644, 2, "", 0);
	put_member(&b, "lib/modules/1/kernel/scap.ko.xz", S_IFREG | 0644, 1, packed.data, packed.len);
	put_member(&b, "store/scap.ko", S_IFREG | 0644, 2, "no module", 9);
	put_member(&b, "lib/modules/1/scap.ko", S_IFLNK | 0777, 1, "updates/scap.ko", 15);
	put_member(&b, "lib/modules/1/modules.dep", S_IFREG | 0644, 1, index, sizeof(index) - 1);
	put_member(&b, "TRAILER!!!", 0, 1, "", 0);
	fx_free(&packed);
	return b;
}

static void make_initramfses(void)
{
	struct fx_bytes archive = make_archive(), all = { 0 }, b = { 0 };

	fx_put(&all, archive.data, archive.len);
	for (size_t i = 0; i < DG_ARRAY_SIZE(packers); i++) {
		b = fx_pack(packers[i], archive.data, archive.len);
		fx_put(&all, b.data, b.len);
		fx_put_zero(&all, 4);
		keep("initramfs", packers[i], &b);
	}
	keep("initramfs", "several", &all);
	fx_put(&b, archive.data, archive.len);
	fx_put(&b, "set\0\4\0\0\0\0\0\0\0#BOOTCONFIG\n", 24);
	keep("initramfs", "bootconfig", &b);
	keep("initramfs", "plain", &archive);
}

/* Texts. */

static void make_manifests(void)
{
	static const char head[] = "drvguard-manifest 1\nrelease " FX_RELEASE "\nkernel-build-id ";
	static const char sum[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char text[2048], digest[DG_SHA256_HEX];
	int n;

	n = snprintf(text, sizeof(text),
		     "%s-\nprevious -\ndriver scap sha256=%s size=4096 build-id=0123ab verdict=exact version=1.0 "
		     "vermagic=6.1%%20SMP source=/opt/x.ko\ndriver other sha256=%s size=1 build-id=- verdict=kabi "
		     "version= vermagic= source=\n",
		     head, sum, sum);
	keep_text("manifest", "two-drivers-no-end", text);
	assert_int_equal(dg_sha256(text, (size_t)n, digest), 0);
	snprintf(text + n, sizeof(text) - (size_t)n, "end %s\n", digest);
	keep_text("manifest", "two-drivers", text);
	snprintf(text, sizeof(text), "%s0123456789abcdef\n", head);
	keep_text("manifest", "no-driver-no-end", text);
}

/* Of record's readers, by their first letter: bodies, which the target makes whole. */
static void make_records(void)
{
	static const char sum[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char text[400];

	keep_text("records", "intent", "iaction stage\nrelease 6.1.0\nfrom 0\nto 1\n");
	keep_text("records", "intent-revert", "iaction revert\nrelease 6.1.0-1-amd64\nfrom 1000000000\nto 0\n");
	keep_text("records", "trial", "tgeneration 2\nrevert 1\nboot -\n");
	keep_text("records", "trial-booted", "tgeneration 1\nrevert 0\nboot 11111111-2222-4333-8444-555555555555\n");
	snprintf(text, sizeof(text), "wscap %s 1.0%%20rc1\nother_one %s -\nscap f%s -\n", sum, sum, sum + 1);
	keep_text("records", "withdrawn", text);
	snprintf(text, sizeof(text), "arelease 6.1.0\nsha256 %s\nboot 2\n", sum);
	keep_text("records", "attempt", text);
	snprintf(text, sizeof(text), "msha256 %s\ntarget /lib/modules/6.1.0/extra/a%%20b.ko\n", sum);
	keep_text("records", "mounted", text);
	snprintf(text, sizeof(text), "idrvguard-intent 1\naction stage\nend %s\n", sum);
	keep_text("records", "intent-wrong-end", text);
}

static void make_events(void)
{
	keep_text("event", "least", "drvguard-event 1\nid x\naction stage\nend\n");
	keep_text("event", "all",
		  "drvguard-event 1\ntime 1700000000\ngeneration_from 1\ngeneration_to 2\nresult 28\nid a.1\n"
		  "actor boot\nuser root\naction stage\ndriver scap\nkernel " FX_RELEASE
		  "\nversion_from 1.0\nversion_to 2.0\nsha256_from 00\nsha256_to ff\nverdict kabi\n"
		  "detail 100%25%20of%20it\nend\n");
}

static void make_texts(void)
{
	static const struct {
		const char *target, *name, *text;
	} texts[] = {
		{ "symvers", "namespace",
		  "0x12345678\tone\tvmlinux\tEXPORT_SYMBOL\t\n0x00000000\ttwo\tvmlinux\tEXPORT_SYMBOL_GPL\tNS\n" },
		{ "symvers", "older",
		  "0x12345678\tone\tvmlinux\tEXPORT_SYMBOL\n0x9\ttwo\tdrivers/a/b\tEXPORT_SYMBOL_GPL" },
		{ "symvers", "oldest", "0xabcdef01\tone\tvmlinux\n" },
		{ "kcache", "whole",
		  "build-id 0123456789abcdef\ncertificate 3082\n0x12345678\tone\tvmlinux\tEXPORT_SYMBOL\t\n" },
		{ "kcache", "another-image",
		  "drvguard-kernel 1\nimage 1 2 3 4.000000000 5.000000000\nbuild-id -\n0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\n" },
		{ "exporters", "whole",
		  "drvguard-modules 1\nindex -\none\ta\ntwo\ta\nthree\tb\nfour\tc\n"
		  "module a\ta\t\tkernel/a.ko\n0x12345678\tone\tgpl\tNS\n-\ttwo\t-\t\n0x1\tthree\t-\t\n"
		  "module b\tb\t\tupdates/b.ko\n0x2\tthree\t-\t\n" },
		{ "exporters", "no-module", "drvguard-modules 1\nindex -\none\ta\n" },
		{ "facts", "whole",
		  "drvguard-files 1\n1 2 3 4.000000000 5.000000000\t"
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\t3\tab\tscap\t1.0\tC0FFEE\t"
		  "6.1.0-1%20SMP%20\t-\t/opt/falco/scap.ko\n1 2 4 4.000000000 5.000000000\t"
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\t3\t-\t-\t-\t-\t-\ta,b\t/b.ko\n" },
		{ "verdicts", "whole",
		  "drvguard-verdicts 1\nground g\nbuild-id ab\nvermagic 6.1.0-1%20SMP\nverdict "
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\texact\n"
		  "reason signature\t-\t=none\t-\t-\nreason extended_versions\t=a\t=%25\t=\t=b\nverdict "
		  "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\tkabi\n" },
		{ "verdicts", "rests", "rests 1 2 3 4.000000000 5.000000000\t/nonexistent\n" },
		{ "config", "whole",
		  "; remark\n[drvguard]\nstore = /var/lib/drvguard/\n[product falco]\ndepot = /opt/falco/drivers\n"
		  "require = exact\n[driver scap]\nproduct = falco\nload = never\npath = /usr/lib/drivers/scap.ko\n" },
		{ "config", "faults",
		  "\xef\xbb\xbfstray = 1\n[product]\n[product a]\ndepot = relative\n[driver a-b]\nproduct = a\n"
		  "[driver a_b]\nload : maybe\n[other\nnot understood\n[drvguard]\nstore = /a/../b ; remark\n" },
		{ "level", "debian", "6.1.0-56-amd64\n#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-10)" },
		{ "level", "debian-new", "6.12.48+deb13-amd64\n" },
		{ "level", "ubuntu", "5.15.0-101-generic\n#111~20.04.1-Ubuntu SMP Mon Mar 11 15:44:43 UTC 2024" },
		{ "level", "rhel", "5.14.0-427.13.1.el9_4.x86_64\n#1 SMP" },
		{ "level", "suse", "5.14.21-150500.55.52-default\n#1 SMP" },
		{ "level", "mainline", "6.12.1-rc1+\n#1 SMP" },
		{ "releases", "rpm",
		  "/lib/modules/6.1.0-1/kernel/fs/fat/fat.ko.xz\n/lib/modules/6.1.0-2/modules.order\n/boot/vmlinuz-6.1.0-1\n" },
		{ "releases", "pacman", "usr/lib/modules/6.12.1-arch1-1/vmlinuz\n6.1.0\nusr/lib/modules/../x" },
	};

	for (size_t i = 0; i < DG_ARRAY_SIZE(texts); i++)
		keep_text(texts[i].target, texts[i].name, texts[i].text);
}

/*
 * Large ones, replayed as they are: each would take time or memory that grows
 * with the square of its size from a reader that trusts it.
 */

static void fill(struct fx_bytes *b, char c, size_t n)
{
	char block[1000];

	memset(block, c, sizeof(block));
	for (; n >= sizeof(block); n -= sizeof(block))
		fx_put(b, block, sizeof(block));
	fx_put(b, block, n);
}

/* Every name begins one byte behind the one before it. */
static void make_large_image(void)
{
	struct fx_elf e = { .kind = &fx_kinds[0], .type = ET_EXEC };
	const uint64_t addr = 0x1000000, strings = 0x2000000;
	struct fx_section *s = fx_elf_add(&e, "__ksymtab", SHT_PROGBITS);
	struct fx_bytes b = { 0 };

	s->addr = addr;
	for (size_t i = 0; i < 10000; i++) {
		fx_put_int(&s->bytes, 0, 4, false);
		fx_put_int(&s->bytes, strings + i - (addr + i * 12 + 4), 4, false);
		fx_put_int(&s->bytes, 0, 4, false);
	}
	fx_put_zero(&fx_elf_add(&e, "__kcrctab", SHT_PROGBITS)->bytes, 40000);
	s = fx_elf_add(&e, "__ksymtab_strings", SHT_PROGBITS);
	s->addr = strings;
	fill(&s->bytes, 'a', 200000);
	fx_put_zero(&s->bytes, 1);
	b = fx_elf_finish(&e);
	keep("kimage-large", "names-share-their-bytes", &b);
}

/* The name that is searched for, again and again, and notes likewise; none leads anywhere. */
static void make_large_flats(void)
{
	static const char note[] = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU";
	struct fx_bytes b = { 0 };

	fx_put_zero(&b, 128);
	memcpy(b.data + 0x38, "ARM\x64", 4);
	for (size_t i = 0; i < 60000; i++)
		fx_put(&b, "module_layout", 14);
	keep("kimage-large", "flat-many-anchors", &b);
	fx_put_zero(&b, 128);
	memcpy(b.data + 0x38, "ARM\x64", 4);
	fx_put(&b, "\177ELF", 4);
	for (size_t i = 0; i < 60000; i++)
		fx_put(&b, note, sizeof(note));
	keep("kimage-large", "flat-many-notes", &b);
}

/* @n symbols of one name, and as many exports of that name as @exports says. */
static struct fx_bytes one_name(size_t length, size_t n, uint16_t section, size_t exports)
{
	struct fx_elf e = { .kind = &fx_kinds[0], .type = ET_REL };
	struct fx_section *s = fx_elf_add(&e, ".strtab", SHT_STRTAB);

	fx_put(&s->bytes, "\0__crc_", 7);
	fill(&s->bytes, 'a', length);
	fx_put_zero(&s->bytes, 1);
	s = fx_elf_add(&e, ".symtab", SHT_SYMTAB);
	s->link = 1;
	fx_put_symbol(&s->bytes, e.kind, 0, 0, 0, false);
	fx_put_symbol(&s->bytes, e.kind, 0, 0, 1, false);
	for (size_t i = 0; i < n; i++)
		fx_put_symbol(&s->bytes, e.kind, 1, 0, section, false);
	fx_modinfo(&fx_elf_add(&e, ".modinfo", SHT_PROGBITS)->bytes, "license", "GPL");
	fx_put_zero(&fx_elf_add(&e, "__ksymtab", SHT_PROGBITS)->bytes, exports * 12);
	s = fx_elf_add(&e, ".rela__ksymtab", SHT_RELA);
	s->info = 4;
	for (size_t i = 0; i < exports * 3; i++) {
		fx_put_int(&s->bytes, i * 4, 8, false);
		fx_put_int(&s->bytes, (uint64_t)1 << 32 | 2, 8, false);
		fx_put_int(&s->bytes, 7, 8, false);
	}
	return fx_elf_finish(&e);
}

/* The header of the notes section again and again. */
static struct fx_bytes many_notes(void)
{
	struct fx_elf e = { .kind = &fx_kinds[0], .type = ET_REL };
	struct fx_bytes b, heads = { 0 };
	unsigned char note[64];
	size_t n;

	fx_put_zero(&fx_elf_add(&e, ".note", SHT_NOTE)->bytes, 360000);
	fx_modinfo(&fx_elf_add(&e, ".modinfo", SHT_PROGBITS)->bytes, "license", "GPL");
	b = fx_elf_finish(&e);
	n = e.n + 1;
	fx_put(&heads, b.data + b.len - n * 64, n * 64);
	memcpy(note, heads.data + 64, 64);
	for (; n < 10000; n++)
		fx_put(&heads, note, 64);
	fx_set_int(b.data + 40, b.len, 8, false);
	fx_set_int(b.data + 60, n, 2, false);
	fx_put(&b, heads.data, heads.len);
	fx_free(&heads);
	return b;
}

static void make_large_modules(void)
{
	struct fx_bytes b;

	b = one_name(500000, 20000, SHN_UNDEF, 0);
	keep("modfile-large", "symbols-share-a-long-name", &b);
	b = one_name(400, 18000, SHN_ABS, 6500);
	keep("modfile-large", "crc-symbols-times-exports", &b);
	b = many_notes();
	keep("elf-large", "sections-share-their-notes", &b);
}

/* Each of the links is on the way of the next, and of every member. */
static void make_large_initramfs(void)
{
	struct fx_bytes b = { 0 };
	char path[64], text[64];

	for (int i = 0; b.len < 500000; i++) {
		snprintf(path, sizeof(path), "l%d/scap.ko", i);
		snprintf(text, sizeof(text), "../l%d/scap.ko", i + 1);
		put_member(&b, path, S_IFLNK | 0777, 1, text, strlen(text));
	}
	for (int i = 0; b.len < 1000000; i++) {
		snprintf(path, sizeof(path), "%d.ko", i);
		put_member(&b, path, S_IFREG | 0644, 2, "", 0);
	}
	keep("initramfs-large", "links-and-hard-links", &b);
}

static void make_large_texts(void)
{
	struct fx_bytes b = { 0 };
	char line[32];

	for (int i = 0; b.len < 1000000; i++)
		fx_put(&b, line, (size_t)snprintf(line, sizeof(line), "[driver a%d]\n", i));
	keep("config-large", "many-drivers", &b);
}

static void make_packings(void)
{
	static const char kmod[] = "\177ELF\0kmod version 30\0+ZSTD +XZ -ZLIB +LIBCRYPTO\0";
	static const char filters[] = "\xfd\x37zXZ\0\0\1abcd\5\xc1\x80\x81\1\xff\2\4\0\x21\1\x16\0\0";
	struct fx_bytes b = fx_pack("xz", "the same words", 14);

	keep("packing", "xz", &b);
	b = fx_pack("zstd", "the same words", 14);
	keep("packing", "zstd", &b);
	b = (struct fx_bytes){ 0 };
	fx_put(&b, kmod, sizeof(kmod));
	keep("packing", "kmod", &b);
	b = (struct fx_bytes){ 0 };
	fx_put(&b, filters, sizeof(filters));
	keep("packing", "xz-lengths-and-filters", &b);
}

/* Boot loaders' files. */

static void make_grub(void)
{
	keep_text(
		"grubscript", "header",
		"if [ -s $prefix/grubenv ]; then\n  set have_grubenv=true\n  load_env\nfi\nif [ \"${next_entry}\" ] ; then\n"
		"   set default=\"${next_entry}\"\n   set next_entry=\n   save_env next_entry\n   set boot_once=true\n"
		"else\n   set default=\"${saved_entry}\"\nfi\nif [ x\"${feature_menuentry_id}\" = xy ]; then\n"
		"  menuentry_id_option=\"--id\"\nelse\n  menuentry_id_option=\"\"\nfi\nexport menuentry_id_option\n"
		"function savedefault {\n  if [ -z \"${boot_once}\" ]; then\n    saved_entry=\"${chosen}\"\n"
		"    save_env saved_entry\n  fi\n}\n"
		"menuentry 'Linux' --class os $menuentry_id_option 'simple' {\n\tsavedefault\n\tinsmod gzio\n"
		"\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n"
		"\tsearch --no-floppy --fs-uuid --set=root 1234\n\techo\t'Loading ...'\n"
		"\tlinux\t/boot/vmlinuz-6.1 root=UUID=1234 ro quiet\n\tinitrd\t/boot/initrd.img-6.1\n}\n"
		"submenu 'More' $menuentry_id_option 'more' {\n\tmenuentry 'a > b' --id x {\n\t\tlinux16 ($root)/vmlinuz\n"
		"\t}\n\tmenuentry \"W\" { chainloader +1; }\n}\n");
	keep_text(
		"grubscript", "loops",
		"for x in a 'b c' $y; do z=\"$z${x}\"; done\nuntil [ 0$n -ge 3 -o ( a != b -a ! -f $prefix/x ) ]\ndo increment n\n"
		"done\nwhile keystatus --shift; do set x=1; done\nf \\\n 1 # text\n! false\nif true; then elif false; then else fi\n");
	keep_text(
		"grubscript", "files",
		"if [ -f ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\nelif [ -z "
		"\"${config_directory}\" -a -f $prefix/c.cfg ]; then\n  configfile $prefix/c.cfg\nfi\nload_env -f "
		"${config_directory}/grubenv a b\nblscfg\nset default='0-id'\nmenuentry X { multiboot2 /xen; module2 /v; }\n");
	keep_text("grubenv", "block",
		  "# GRUB Environment Block\n# WARNING\nsaved_entry=a>b\nopts=x \\\\ y\\\nz\nempty=\n##########");
	keep_text(
		"bls", "entry",
		"id-6.1.0+3-1\ntitle      Debian\nversion    6.1.0~rc1\nmachine-id 0123\nsort-key   debian\n"
		"options    root=x\nlinux      /id/6.1.0/linux\nid-6.10.0\n# text\nlinux /x\nsort-key a\ndefault a\ndefault @saved\n");
}

static void make_uki(void)
{
	static const struct {
		const char *name, *text;
	} parts[] = { { ".osrel", "ID=debian\nVERSION_ID=\"12\"\n" },
		      { ".uname", "6.1.0-1-amd64" },
		      { ".linux", "a kernel" } };
	struct fx_bytes b = { 0 };
	size_t at = 0x40 + 24 + DG_ARRAY_SIZE(parts) * 40;

	fx_put(&b, "MZ", 2);
	fx_put_zero(&b, 0x3a);
	fx_put_int(&b, 0x40, 4, false);
	fx_put(&b, "PE\0\0\x64\x86", 6);
	fx_put_int(&b, DG_ARRAY_SIZE(parts), 2, false);
	fx_put_zero(&b, 16);
	for (size_t i = 0; i < DG_ARRAY_SIZE(parts); i++) {
		char name[8] = "";

		memcpy(name, parts[i].name, strlen(parts[i].name));
		fx_put(&b, name, sizeof(name));
		fx_put_int(&b, strlen(parts[i].text), 4, false);
		fx_put_int(&b, 0x1000, 4, false);
		fx_put_int(&b, strlen(parts[i].text), 4, false);
		fx_put_int(&b, at, 4, false);
		fx_put_zero(&b, 16);
		at += strlen(parts[i].text);
	}
	for (size_t i = 0; i < DG_ARRAY_SIZE(parts); i++)
		fx_put(&b, parts[i].text, strlen(parts[i].text));
	keep("uki", "whole", &b);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 2;
	}
	dir = argv[1];
	fx_mkdir(dir, "/elf");
	make_modules();
	make_images();
	make_flats();
	make_packed();
	make_initramfses();
	make_packings();
	make_manifests();
	make_events();
	make_records();
	make_texts();
	make_grub();
	make_uki();
	make_large_image();
	make_large_flats();
	make_large_modules();
	make_large_initramfs();
	make_large_texts();
	return 0;
}
