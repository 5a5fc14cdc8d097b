// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "cpio.h"
#include "fs.h"
#include "linktree.h"
#include "modfile.h"
#include "unpack.h"

#define COPIES_MOST 16384
#define SLOTS (2 * COPIES_MOST)
#define INDEX_MOST ((size_t)16 << 20)
#define INDEXES_MOST 64

/* What a file in the image has in it, under however many names. */
struct contents {
	uint32_t size;
	unsigned int archive;
	int err;
	char sha256[DG_SHA256_HEX], build_id[DG_BUILD_ID_HEX];
};

struct entry {
	char *path;
	uint32_t hash;
	size_t contents;
	bool gone; /* something else took its place */
};

/* A file with several names in one archive. */
struct inode {
	uint32_t inode, major, minor;
	unsigned int archive; /* a number means nothing in the next one */
	size_t contents;
};

struct reading {
	const char *path; /* of the image */
	struct dg_cpio *cpio;
	const char *const *names;
	struct dg_linktree *links;
	struct contents *contents;
	struct entry *entries;
	struct inode *inodes;
	char **chosen; /* paths of modules, by modules.dep */
	size_t n_contents, n_entries, n_inodes, n_chosen, n_indexes;
	/* Index + 1 into entries and inodes, by open addressing; 0: free. */
	uint32_t entry_slots[SLOTS], inode_slots[SLOTS];
};

static void reading_end(struct reading *r)
{
	if (!r)
		return;
	dg_cpio_close(r->cpio);
	dg_linktree_free(r->links);
	for (size_t i = 0; i < r->n_entries; i++)
		free(r->entries[i].path);
	for (size_t i = 0; i < r->n_chosen; i++)
		free(r->chosen[i]);
	free(r->entries);
	free(r->contents);
	free(r->inodes);
	free(r->chosen);
	free(r);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By the file's name, as modprobe goes by it. false: no module's. */
static bool module_name(const char *path, char ret[64])
{
	static const char *const endings[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
	const char *file = file_name(path);

	for (size_t i = 0; i < DG_ARRAY_SIZE(endings); i++) {
		size_t n = strlen(file), rest = strlen(endings[i]);

		if (!dg_endswith(file, endings[i]) || n == rest || n - rest >= 64)
			continue;
		snprintf(ret, 64, "%.*s", (int)(n - rest), file);
		dg_modname_normalize(ret);
		return true;
	}
	return false;
}

static bool is_wanted(const struct reading *r, const char *path)
{
	char name[64];

	return module_name(path, name) && dg_modname_in(r->names, name);
}

static uint32_t *entry_slot(struct reading *r, const char *path)
{
	uint32_t hash = dg_symbol_hash(path), i = hash % SLOTS;

	for (; r->entry_slots[i]; i = (i + 1) % SLOTS) {
		const struct entry *e = &r->entries[r->entry_slots[i] - 1];

		if (e->hash == hash && strcmp(e->path, path) == 0)
			break;
	}
	return &r->entry_slots[i];
}

/* NULL: there is none now. */
static struct entry *find_entry(struct reading *r, const char *path)
{
	uint32_t slot = *entry_slot(r, path);

	return slot && !r->entries[slot - 1].gone ? &r->entries[slot - 1] : NULL;
}

static uint32_t *inode_slot(struct reading *r, const struct dg_cpio_member *m)
{
	uint32_t i = (m->inode * 0x9e3779b1u + m->major * 0x85ebca77u + m->minor + m->archive) % SLOTS;

	for (; r->inode_slots[i]; i = (i + 1) % SLOTS) {
		const struct inode *inode = &r->inodes[r->inode_slots[i] - 1];

		if (inode->inode == m->inode && inode->major == m->major && inode->minor == m->minor &&
		    inode->archive == m->archive)
			break;
	}
	return &r->inode_slots[i];
}

static int add_contents(struct reading *r, size_t *ret)
{
	if (DG_GROW(r->contents, r->n_contents) < 0)
		return -ENOMEM;
	r->contents[r->n_contents] = (struct contents){ .err = -ENODATA };
	*ret = r->n_contents++;
	return 0;
}

static int add_entry(struct reading *r, const char *path, size_t contents)
{
	uint32_t *slot = entry_slot(r, path);
	char *copy;

	if (*slot) {
		r->entries[*slot - 1].contents = contents;
		r->entries[*slot - 1].gone = false;
		return 0;
	}
	if (r->n_entries >= COPIES_MOST)
		return -EFBIG;
	copy = strdup(path);
	if (!copy || DG_GROW(r->entries, r->n_entries) < 0) {
		free(copy);
		return -ENOMEM;
	}
	r->entries[r->n_entries++] = (struct entry){ .path = copy, .hash = dg_symbol_hash(path), .contents = contents };
	*slot = (uint32_t)r->n_entries;
	return 0;
}

static int add_inode(struct reading *r, const struct dg_cpio_member *m, size_t contents)
{
	uint32_t *slot = inode_slot(r, m);

	if (r->n_inodes >= COPIES_MOST)
		return -EFBIG;
	if (DG_GROW(r->inodes, r->n_inodes) < 0)
		return -ENOMEM;
	r->inodes[r->n_inodes++] = (struct inode){ m->inode, m->major, m->minor, m->archive, contents };
	*slot = (uint32_t)r->n_inodes;
	return 0;
}

/*
 * Which contents a regular file at @path has, as the kernel's reader makes it: a
 * further name of a file is a link to it, and a file that is there already is
 * written over where it is, under all its names.
 */
static int place_file(struct reading *r, const struct dg_cpio_member *m, const char *path, size_t *ret)
{
	uint32_t inode = m->nlink >= 2 ? *inode_slot(r, m) : 0;
	const struct entry *e = find_entry(r, path);
	int err = 0;

	if (inode)
		*ret = r->inodes[inode - 1].contents;
	else if (e)
		*ret = e->contents;
	else
		err = add_contents(r, ret);
	if (err == 0)
		err = add_entry(r, path, *ret);
	if (err == 0 && !inode && m->nlink >= 2)
		err = add_inode(r, m, *ret);
	return err;
}

/* @plain is taken over. */
static int digest(struct contents *c, void *plain, size_t len)
{
	struct dg_elf elf;
	int err = dg_sha256(plain, len, c->sha256);

	if (dg_elf_open(plain, len, DG_ELF_AS_IT_SAYS, &elf, NULL) == 0)
		dg_elf_build_id(&elf, c->build_id);
	free(plain);
	return err;
}

/* @data is taken over. A bomb or a damaged one costs the most that it could have come to. */
static int digest_packed(struct reading *r, void *data, size_t len, struct contents *c, struct dg_diag *d)
{
	void *plain = NULL;
	size_t n = DG_INITRAMFS_MODULE_MAX;
	int err = dg_unpack(data, len, DG_INITRAMFS_MODULE_MAX, &plain, &n), charged;

	free(data);
	if (err == -ENOMEM)
		return err;
	if (err == -ELIBACC)
		return dg_unpack_error(d, err, r->path, NULL, "a module in it ");
	charged = dg_cpio_charge(r->cpio, n, d);
	if (charged < 0 || err < 0) {
		free(plain);
		c->err = err == -EFBIG ? err : -EBADMSG;
		return charged;
	}
	return digest(c, plain, n);
}

/* Put what the member has in it into @c. */
static int read_contents(struct reading *r, const struct dg_cpio_member *m, struct contents *c, struct dg_diag *d)
{
	void *data;
	int err;

	*c = (struct contents){ .size = m->size, .archive = m->archive };
	if (m->size > DG_INITRAMFS_MODULE_MAX) {
		c->err = -EFBIG;
		return 0;
	}
	data = malloc((size_t)m->size + 1);
	if (!data)
		return -ENOMEM;
	err = dg_cpio_read(r->cpio, data, d);
	if (err < 0) {
		free(data);
		return err;
	}
	if (dg_unpack_needed(data, m->size))
		return digest_packed(r, data, m->size, c, d);
	return digest(c, data, m->size);
}

static int read_module(struct reading *r, const struct dg_cpio_member *m, const char *path, struct dg_diag *d)
{
	size_t contents = 0;
	int err = place_file(r, m, path, &contents);

	/* Of a file with several names only one member has the bytes, as a rule the last. */
	if (err < 0 || (m->nlink >= 2 && !m->size))
		return err;
	return read_contents(r, m, &r->contents[contents], d);
}

/* modules.dep of the directory @dir: "PATH: PATH ...", of which the first is what modprobe takes for its name. */
static int read_index(struct reading *r, const struct dg_cpio_member *m, const char *dir, struct dg_diag *d)
{
	dg_auto_free char *text = m->size <= INDEX_MOST ? malloc((size_t)m->size + 1) : NULL;
	int err;

	if (m->size > INDEX_MOST)
		return 0;
	if (!text)
		return -ENOMEM;
	err = dg_cpio_read(r->cpio, text, d);
	if (err < 0)
		return err;
	text[m->size] = '\0';
	for (char *line = text, *rest = text; (line = strsep(&rest, "\n"));) {
		line[strcspn(line, ":")] = '\0';
		if (!is_wanted(r, line))
			continue;
		if (r->n_chosen >= COPIES_MOST)
			return -EFBIG;
		if (DG_GROW(r->chosen, r->n_chosen) < 0)
			return -ENOMEM;
		r->chosen[r->n_chosen] = line[0] == '/' ? strdup(line) : dg_format("%s/%s", dir, line);
		if (!r->chosen[r->n_chosen++])
			return -ENOMEM;
	}
	return 0;
}

/* A modules.dep that comes later, in whichever archive, replaces one of the same directory. */
static void forget_index(struct reading *r, const char *dir)
{
	size_t n = strlen(dir), kept = 0;

	for (size_t i = 0; i < r->n_chosen; i++) {
		if (dg_startswith(r->chosen[i], dir) && r->chosen[i][n] == '/')
			free(r->chosen[i]);
		else
			r->chosen[kept++] = r->chosen[i];
	}
	r->n_chosen = kept;
}

static bool is_index(const char *path)
{
	return dg_streq(file_name(path), "modules.dep") && strstr(path, "lib/modules/");
}

/* What is no regular file takes the place of whatever was there. */
static void displace(struct reading *r, const char *path)
{
	struct entry *e = dg_modfile_is_named(path) ? find_entry(r, path) : NULL;

	if (e)
		e->gone = true;
	dg_linktree_drop(r->links, path);
}

static int read_file(struct reading *r, const struct dg_cpio_member *m, char *path, struct dg_diag *d)
{
	dg_linktree_drop(r->links, path);
	if (is_index(path)) {
		*strrchr(path, '/') = '\0';
		if (++r->n_indexes > INDEXES_MOST)
			return -EFBIG;
		forget_index(r, path);
		return read_index(r, m, path, d);
	}
	return is_wanted(r, path) ? read_module(r, m, path, d) : 0;
}

/* Another name of a file that was seen: the bytes may come with it, as a rule with the last. */
static int read_other_name(struct reading *r, const struct dg_cpio_member *m, struct dg_diag *d)
{
	uint32_t inode = m->nlink >= 2 && m->size && r->n_inodes ? *inode_slot(r, m) : 0;

	return inode ? read_contents(r, m, &r->contents[r->inodes[inode - 1].contents], d) : 0;
}

/* Most members are nobody's business, and are told by their names alone. */
static int read_member(struct reading *r, const struct dg_cpio_member *m, struct dg_diag *d)
{
	bool regular = S_ISREG(m->mode);
	char path[PATH_MAX];
	int err;

	if (regular && !is_wanted(r, m->path) && !is_index(m->path))
		return read_other_name(r, m, d);
	err = dg_linktree_follow(r->links, m->path, false, path);
	if (err < 0 || !path[0])
		return err == -EFBIG ? err : 0;
	if (regular)
		return read_file(r, m, path, d);
	displace(r, path);
	return m->link ? dg_linktree_set(r->links, path, m->link) : 0;
}

static int add_copy(struct dg_initramfs *i, const struct reading *r, const char *path, const struct entry *e, bool link)
{
	struct dg_initramfs_copy *copy;

	if (DG_GROW(i->v, i->n) < 0)
		return -ENOMEM;
	copy = &i->v[i->n];
	*copy = (struct dg_initramfs_copy){ .path = strdup(path), .link = link, .err = -ENOENT };
	if (!copy->path)
		return -ENOMEM;
	i->n++;
	(void)module_name(path, copy->name);
	if (e) {
		const struct contents *c = &r->contents[e->contents];

		copy->err = c->err;
		copy->size = c->size;
		copy->archive = c->archive;
		memcpy(copy->sha256, c->sha256, sizeof(copy->sha256));
		memcpy(copy->build_id, c->build_id, sizeof(copy->build_id));
	}
	return 0;
}

static int add_linked(struct dg_initramfs *i, struct reading *r)
{
	const char *path, *text;
	char to[PATH_MAX];

	for (size_t at = 0; dg_linktree_at(r->links, at, &path, &text); at++) {
		int err = 0;

		if (!text || !is_wanted(r, path))
			continue;
		err = dg_linktree_follow(r->links, path, true, to);
		if (err == -EFBIG)
			return err;
		err = add_copy(i, r, path, err == 0 ? find_entry(r, to) : NULL, true);
		if (err < 0)
			return err;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct dg_initramfs_copy *)a)->path, ((const struct dg_initramfs_copy *)b)->path);
}

static void choose(struct dg_initramfs *i, struct reading *r)
{
	for (size_t n = 0; n < r->n_chosen; n++) {
		char path[PATH_MAX];
		struct dg_initramfs_copy key = { .path = path }, *copy;

		if (dg_linktree_follow(r->links, r->chosen[n], false, path) < 0)
			continue;
		copy = i->n ? bsearch(&key, i->v, i->n, sizeof(key), by_path) : NULL;
		if (copy)
			copy->chosen = true;
	}
}

static int report(struct dg_initramfs *i, struct reading *r)
{
	int err = 0;

	for (size_t n = 0; n < r->n_entries && err == 0; n++)
		if (!r->entries[n].gone)
			err = add_copy(i, r, r->entries[n].path, &r->entries[n], false);
	if (err == 0)
		err = add_linked(i, r);
	if (err < 0)
		return err;
	if (i->n)
		qsort(i->v, i->n, sizeof(*i->v), by_path);
	choose(i, r);
	return 0;
}

static int read_all(struct reading *r, struct dg_initramfs *i, struct dg_diag *d)
{
	struct dg_cpio_member m;
	int err = dg_linktree_new(&r->links);

	if (err == 0)
		err = dg_cpio_open(i->path, &r->cpio, d);
	while (err == 0 && (err = dg_cpio_next(r->cpio, &m, d)) == 1) {
		i->archives = m.archive;
		err = read_member(r, &m, d);
	}
	return err < 0 ? err : report(i, r);
}

int dg_initramfs_read(const char *path, const char *const *names, struct dg_initramfs **ret, struct dg_diag *d)
{
	dg_auto(dg_initramfs_freep) struct dg_initramfs *i = calloc(1, sizeof(*i));
	struct reading *r = calloc(1, sizeof(*r));
	struct dg_diag why = { 0 };
	int err = -ENOMEM;

	if (i)
		i->path = strdup(path);
	if (r)
		r->names = names;
	if (r && i && (r->path = i->path))
		err = read_all(r, i, &why);
	reading_end(r);
	if (err == -EFBIG && !why.what[0])
		dg_diag_set(&why, err, path, "", "has more modules or links than any initramfs");
	if (err < 0 && !why.what[0])
		dg_diag_errno(&why, err, path, "read");
	if (err < 0) {
		if (d)
			*d = why;
		return err;
	}
	*ret = dg_take(i);
	return 0;
}

void dg_initramfs_free(struct dg_initramfs *i)
{
	if (!i)
		return;
	for (size_t n = 0; n < i->n; n++)
		free(i->v[n].path);
	free(i->v);
	free(i->path);
	free(i);
}

void dg_initramfs_freep(struct dg_initramfs **i)
{
	dg_initramfs_free(*i);
}

static enum dg_initramfs_holding compare(const struct dg_initramfs_copy *c, const char *sha256, const char *build_id)
{
	if (c->err < 0)
		return DG_INITRAMFS_OTHER;
	if (sha256 && sha256[0] && strcmp(c->sha256, sha256) == 0)
		return DG_INITRAMFS_SAME;
	if (build_id && build_id[0] && strcmp(c->build_id, build_id) == 0)
		return DG_INITRAMFS_STRIPPED;
	return DG_INITRAMFS_OTHER;
}

enum dg_initramfs_holding dg_initramfs_holds(const struct dg_initramfs *i, const char *name, const char *sha256,
					     const char *build_id)
{
	enum dg_initramfs_holding all = DG_INITRAMFS_NONE, chosen = DG_INITRAMFS_NONE;

	for (size_t n = 0; n < i->n; n++) {
		const struct dg_initramfs_copy *c = &i->v[n];
		enum dg_initramfs_holding one;

		if (!dg_modname_equal(c->name, name))
			continue;
		one = compare(c, sha256, build_id);
		if (one > all)
			all = one;
		if (c->chosen && one > chosen)
			chosen = one;
	}
	return chosen != DG_INITRAMFS_NONE ? chosen : all;
}

/* The first that is there is meant; '%' stands for the release. */
static const char *const image_paths[] = {
	"/boot/initrd.img-%",	 /* Debian, Ubuntu */
	"/boot/initramfs-%.img", /* Fedora, RHEL; Gentoo, Void */
	"/boot/initrd-%",	 /* SUSE */
};
/* Made with the kernel's package, and copied from there where boot entries are used. */
#define PREGENERATED "/lib/modules/%/initrd"

/* Where kernel-install(8) may have put it: a directory of boot entries, one of the machine's, one a release. */
static const char *const entry_roots[] = { "/efi", "/boot/efi", "/boot" };

/* Its physical path, or NULL. */
static char *resolve_file(const char *root, const char *path)
{
	struct stat st;
	char *real;

	if (dg_path_resolve(root, path, &real) < 0)
		return NULL;
	if (stat(real, &st) == 0 && S_ISREG(st.st_mode))
		return real;
	free(real);
	return NULL;
}

static char *resolve_form(const char *root, const char *form, const char *release)
{
	size_t before = strcspn(form, "%");
	dg_auto_free char *path = dg_format("%.*s%s%s", (int)before, form, release, form + before + 1);

	return path ? resolve_file(root, path) : NULL;
}

/* The first line of a small file in the root, when it may be a file's name. */
static char *read_word(const char *root, const char *path)
{
	dg_auto_free char *file = dg_path_join(root, path), *word = NULL;

	if (!file || dg_file_read_line(file, &word) < 0)
		return NULL;
	word[strcspn(word, " \t\r")] = '\0';
	return dg_release_valid(word) ? dg_take(word) : NULL;
}

static char *find_by_token(const char *root, const char *release, const char *token)
{
	char *found = NULL;

	for (size_t i = 0; i < DG_ARRAY_SIZE(entry_roots) && !found; i++) {
		dg_auto_free char *form = dg_format("%s/%s/%%/initrd", entry_roots[i], token);

		found = form ? resolve_form(root, form, release) : NULL;
	}
	return found;
}

static char *find_by_entries(const char *root, const char *release)
{
	static const char *const tokens[] = { "/etc/kernel/entry-token", "/etc/machine-id" };
	char *found = NULL;

	for (size_t i = 0; i < DG_ARRAY_SIZE(tokens) && !found; i++) {
		dg_auto_free char *token = read_word(root, tokens[i]);

		found = token ? find_by_token(root, release, token) : NULL;
	}
	return found;
}

/* NAME="VALUE" in a preset, which is a shell script; anything cleverer is not understood. */
static char *preset_value(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *value = line + n + 1, *end;

		if (strncmp(line, name, n) != 0 || line[n] != '=')
			continue;
		end = value + strcspn(value, "\n");
		if ((*value == '"' || *value == '\'') && memchr(value + 1, *value, (size_t)(end - value - 1)))
			return dg_format("%.*s", (int)strcspn(value + 1, (char[]){ *value, 0 }), value + 1);
		return dg_format("%.*s", (int)strcspn(value, " \t\r\n"), value);
	}
	return NULL;
}

/* Whether another release says so too: then it cannot be told whose image it is. */
static bool shares_package(const char *root, const char *release, const char *package)
{
	dg_auto_free char *dir = dg_path_join(root, "/lib/modules");
	char **names = NULL;
	bool shared = false;

	if (!dir || dg_dir_list(dir, &names) < 0)
		return true;
	for (char **p = names; *p && !shared; p++) {
		dg_auto_free char *path = dg_format("/lib/modules/%s/pkgbase", *p), *other = NULL;

		if (!path || dg_streq(*p, release))
			continue;
		other = read_word(root, path);
		shared = dg_streq(other, package);
	}
	dg_strv_free(names);
	return shared;
}

char *dg_initramfs_package(const char *root, const char *release)
{
	dg_auto_free char *path = dg_format("/lib/modules/%s/pkgbase", release), *package = NULL;

	package = path ? read_word(root, path) : NULL;
	return package && !shares_package(root, release, package) ? dg_take(package) : NULL;
}

/* Arch: the image has the package's name, /lib/modules/RELEASE/pkgbase, and the preset may say another. */
static char *find_by_package(const char *root, const char *release)
{
	dg_auto_free char *package = dg_initramfs_package(root, release), *preset = NULL, *file = NULL, *image = NULL;
	dg_auto_free void *text = NULL;
	size_t len;

	if (!package)
		return NULL;
	preset = dg_format("/etc/mkinitcpio.d/%s.preset", package);
	file = preset ? dg_path_join(root, preset) : NULL;
	if (file && dg_file_read(file, 1 << 16, &text, &len) == 0)
		image = preset_value(text, "default_image");
	if (image && image[0] == '/')
		return resolve_file(root, image);
	return resolve_form(root, "/boot/initramfs-%.img", package);
}

int dg_initramfs_find(const char *root, const char *release, char **ret, struct dg_diag *d)
{
	char *found = NULL;

	if (!dg_release_valid(release))
		return dg_diag_set(d, -EINVAL, release, "name one as `uname -r` does; see drvguard kernels",
				   "no kernel release");
	for (size_t i = 0; i < DG_ARRAY_SIZE(image_paths) && !found; i++)
		found = resolve_form(root, image_paths[i], release);
	if (!found)
		found = find_by_entries(root, release);
	if (!found)
		found = resolve_form(root, PREGENERATED, release);
	if (!found)
		found = find_by_package(root, release);
	if (!found)
		return dg_diag_set(d, -ENOENT, release, "make one, unless that kernel boots without",
				   "no initramfs: neither /boot/initrd.img-REL, initramfs-REL.img, initrd-REL, "
				   "/lib/modules/REL/initrd, nor one of kernel-install or mkinitcpio");
	*ret = found;
	return 0;
}
