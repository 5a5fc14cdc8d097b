// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "packed.h"
#include "unpack.h"

#define HEADER 110
#define BOOTCONFIG_MAGIC "#BOOTCONFIG\n"
#define BOOTCONFIG_MOST 32767
#define SMALL_IMAGE ((uint64_t)64 << 20)
#define MOST_TIMES 100

struct dg_cpio {
	char *path;
	int fd;
	off_t at, end;		     /* of the file: behind what is buffered, and of the image in it */
	struct dg_unpacking *packed; /* NULL: in a plain part */
	off_t packed_at, packed_end;
	const unsigned char *p; /* what is there and not taken yet */
	size_t n;
	uint64_t pos;  /* of @p: in the file, or in what the packed part unpacks to */
	uint64_t room; /* what may still be unpacked */
	uint64_t body, padding;
	unsigned int parts, members, archive;
	bool end_known; /* of the packed part, before it was unpacked */
	bool fresh;	/* the next member begins an archive */
	char name[PATH_MAX + 4], link[PATH_MAX + 1];
	unsigned char plain[1 << 17];
};

#define CURE "make it anew with the distribution's tool (update-initramfs, dracut, mkinitcpio)"

static int bad(const struct dg_cpio *c, int err, struct dg_diag *d, const char *what)
{
	if (c->packed)
		return dg_diag_set(d, err, c->path, CURE, "%s, at byte %llu of what is packed from byte %lld on", what,
				   (unsigned long long)c->pos, (long long)c->packed_at);
	return dg_diag_set(d, err, c->path, CURE, "%s, at byte %llu", what, (unsigned long long)c->pos);
}

static int bad_packed(const struct dg_cpio *c, int err, struct dg_diag *d)
{
	if (err == -EBADMSG)
		return bad(c, err, d, "truncated or damaged");
	return dg_diag_errno(d, err, c->path, "read");
}

int dg_cpio_charge(struct dg_cpio *c, uint64_t n, struct dg_diag *d)
{
	if (n > c->room)
		return bad(c, -EFBIG, d, "unpacks to more than any initramfs");
	c->room -= n;
	return 0;
}

static int fill_plain(struct dg_cpio *c, struct dg_diag *d)
{
	size_t want = sizeof(c->plain);
	ssize_t n;

	if ((off_t)want > c->end - c->at)
		want = (size_t)(c->end - c->at);
	do
		n = pread(c->fd, c->plain, want, c->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return dg_diag_errno(d, -errno, c->path, "read");
	c->p = c->plain;
	c->n = (size_t)n;
	c->at += n;
	return n > 0;
}

static int fill_packed(struct dg_cpio *c, struct dg_diag *d)
{
	const void *p = NULL;
	ssize_t n = dg_unpacking_next(c->packed, &p);
	int r;

	if (n < 0)
		return bad_packed(c, (int)n, d);
	r = dg_cpio_charge(c, (uint64_t)n, d);
	if (r < 0)
		return r;
	c->p = p;
	c->n = (size_t)n;
	return n > 0;
}

/* 1: there is something at ->p; 0: the part is at its end. */
static int fill(struct dg_cpio *c, struct dg_diag *d)
{
	if (c->n)
		return 1;
	return c->packed ? fill_packed(c, d) : fill_plain(c, d);
}

static void advance(struct dg_cpio *c, size_t n)
{
	c->p += n;
	c->n -= n;
	c->pos += n;
}

static int take(struct dg_cpio *c, void *buf, size_t n, struct dg_diag *d)
{
	char *to = buf;

	while (n) {
		int r = fill(c, d);
		size_t some = c->n < n ? c->n : n;

		if (r < 0)
			return r;
		if (r == 0)
			return bad(c, -EBADMSG, d, "truncated");
		memcpy(to, c->p, some);
		advance(c, some);
		to += some;
		n -= some;
	}
	return 0;
}

/* *ret_left is by how much there were fewer than @n. In a plain part they are not even read. */
static int skip(struct dg_cpio *c, uint64_t n, uint64_t *ret_left, struct dg_diag *d)
{
	while (n) {
		uint64_t some;
		int r = 1;

		if (!c->n && !c->packed) {
			some = (uint64_t)(c->end - c->at) < n ? (uint64_t)(c->end - c->at) : n;
			c->at += (off_t)some;
			c->pos += some;
			n -= some;
			break;
		}
		r = fill(c, d);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		some = c->n < n ? c->n : n;
		advance(c, (size_t)some);
		n -= some;
	}
	*ret_left = n;
	return 0;
}

/* Padding may be missing at the very end. */
static int skip_body(struct dg_cpio *c, struct dg_diag *d)
{
	uint64_t left, none;
	int r = skip(c, c->body, &left, d);

	if (r == 0 && left)
		r = bad(c, -EBADMSG, d, "truncated");
	if (r == 0)
		r = skip(c, c->padding, &none, d);
	c->body = c->padding = 0;
	return r;
}

static const char *packer(const unsigned char *p, size_t n)
{
	if (dg_unpack_needed(p, n))
		return "";
	return n >= 4 && memcmp(p, "\x89LZO", 4) == 0 ? "lzo" : NULL;
}

static int open_packed(struct dg_cpio *c, struct dg_diag *d)
{
	off_t at = (off_t)c->pos, end;
	const char *by = packer(c->p, c->n);
	int r, known;

	/* A magic number may lie across two of our reads. */
	if (!by && c->n < 8) {
		c->at = at;
		c->n = 0;
		r = fill_plain(c, d);
		if (r < 0)
			return r;
		by = packer(c->p, c->n);
	}
	if (!by)
		return bad(c, -EBADMSG, d, "neither a cpio archive nor a packed one");
	if (*by)
		return bad(c, -EPROTONOSUPPORT, d, "packed with lzo, which cannot be unpacked here");
	if (++c->parts > DG_CPIO_PARTS_MAX)
		return bad(c, -EFBIG, d, "more archives than any tool writes");
	known = dg_packed_end(c->fd, at, c->end, &end);
	if (known < 0)
		return dg_diag_errno(d, known, c->path, "read");
	r = dg_unpacking_open(c->fd, at, (size_t)(end - at), &c->packed);
	if (r == -EBADMSG)
		return bad(c, r, d, "truncated or damaged, or packed in an unknown way");
	if (r == -ELIBACC)
		return dg_unpack_error(d, r, c->path, NULL, "");
	if (r < 0)
		return dg_diag_errno(d, r, c->path, "unpack");
	c->packed_at = at;
	c->packed_end = end;
	c->end_known = known;
	c->pos = 0;
	c->n = 0;
	c->fresh = true;
	return 0;
}

static int close_packed(struct dg_cpio *c, struct dg_diag *d)
{
	off_t end = c->end_known ? c->packed_end : c->packed_at + (off_t)dg_unpacking_used(c->packed);

	/* Else it would be opened for ever. */
	if (end <= c->packed_at)
		return bad(c, -EBADMSG, d, "damaged");
	dg_unpacking_close(c->packed);
	c->packed = NULL;
	c->at = end;
	c->pos = (uint64_t)end;
	c->fresh = true;
	return 0;
}

static void skip_zeroes(struct dg_cpio *c)
{
	size_t n = 0;

	while (n < c->n && !c->p[n])
		n++;
	advance(c, n);
}

/* To the next header. 1: it begins at ->p; 0: nothing more. */
static int find_header(struct dg_cpio *c, struct dg_diag *d)
{
	for (;;) {
		int r = fill(c, d);

		if (r < 0)
			return r;
		if (r == 0 && !c->packed)
			return 0;
		if (r == 0)
			r = close_packed(c, d);
		else if (!*c->p)
			skip_zeroes(c);
		else if (*c->p == '0')
			return c->pos % 4 ? bad(c, -EBADMSG, d, "a header that is not aligned") : 1;
		else if (c->packed)
			return bad(c, -EBADMSG, d, "no cpio archive");
		else
			r = open_packed(c, d);
		if (r < 0)
			return r;
	}
}

static bool hex_field(const char *p, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 8; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *digit = p[i] ? strchr(digits, p[i]) : NULL;

		if (!digit)
			return false;
		*ret = *ret << 4 | ((uint32_t)(digit - digits) & 15);
	}
	return true;
}

enum field { INODE, MODE, UID, GID, NLINK, MTIME, SIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAME_SIZE, CHECK, N_FIELDS };

static int read_header(struct dg_cpio *c, uint32_t field[N_FIELDS], struct dg_diag *d)
{
	char header[HEADER];
	int r = take(c, header, sizeof(header), d);

	if (r < 0)
		return r;
	if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
		return bad(c, -EBADMSG, d,
			   memcmp(header, "070707", 6) == 0 ? "a cpio archive of the old form, which no kernel unpacks"
							    : "no cpio header");
	for (int i = 0; i < N_FIELDS; i++)
		if (!hex_field(header + 6 + 8 * i, &field[i]))
			return bad(c, -EBADMSG, d, "a header that is no number");
	return 0;
}

/* What of a header and name comes to a multiple of four. */
static size_t padded_name(uint32_t size)
{
	return (((size_t)size + 1) & ~(size_t)3) + 2;
}

static int read_link(struct dg_cpio *c, struct dg_diag *d)
{
	int r = take(c, c->link, c->body, d);

	c->link[r == 0 ? c->body : 0] = '\0';
	c->body = 0;
	return r;
}

/* 1: a member that the kernel would make; 0: one that it would pass over, or a trailer. */
static int read_member(struct dg_cpio *c, struct dg_cpio_member *ret, struct dg_diag *d)
{
	uint32_t f[N_FIELDS];
	int r = read_header(c, f, d);
	bool is_link, known;

	if (r < 0)
		return r;
	if (++c->members > DG_CPIO_MEMBERS_MAX)
		return bad(c, -EFBIG, d, "more files than any initramfs");
	is_link = S_ISLNK(f[MODE]);
	known = f[NAME_SIZE] && f[NAME_SIZE] <= PATH_MAX &&
		(is_link ? f[SIZE] <= PATH_MAX : S_ISREG(f[MODE]) || !f[SIZE]);
	c->body = f[SIZE];
	c->padding = -f[SIZE] & 3;
	if (!known) {
		c->body += padded_name(f[NAME_SIZE]);
		return skip_body(c, d);
	}
	r = take(c, c->name, padded_name(f[NAME_SIZE]), d);
	if (r < 0)
		return r;
	if (c->name[f[NAME_SIZE] - 1])
		return bad(c, -EBADMSG, d, "a name without an end");
	if (strcmp(c->name, "TRAILER!!!") == 0) {
		c->fresh = true;
		return skip_body(c, d);
	}
	c->archive += c->fresh;
	c->fresh = false;
	*ret = (struct dg_cpio_member){ .path = c->name,
					.link = is_link ? c->link : NULL,
					.mode = f[MODE],
					.nlink = f[NLINK],
					.inode = f[INODE],
					.major = f[MAJOR],
					.minor = f[MINOR],
					.size = f[SIZE],
					.archive = c->archive };
	r = is_link ? read_link(c, d) : 0;
	return r < 0 ? r : 1;
}

int dg_cpio_next(struct dg_cpio *c, struct dg_cpio_member *ret, struct dg_diag *d)
{
	int r = skip_body(c, d);

	while (r == 0) {
		r = find_header(c, d);
		if (r <= 0)
			return r;
		r = read_member(c, ret, d);
	}
	return r;
}

int dg_cpio_read(struct dg_cpio *c, void *buf, struct dg_diag *d)
{
	size_t n = (size_t)c->body;

	c->body = 0;
	return take(c, buf, n, d);
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Size, checksum and magic at the very end: what lies before is the image. */
static off_t without_bootconfig(int fd, off_t end)
{
	unsigned char tail[20];
	uint32_t size;

	if (end < (off_t)sizeof(tail) || pread(fd, tail, sizeof(tail), end - (off_t)sizeof(tail)) != sizeof(tail) ||
	    memcmp(tail + 8, BOOTCONFIG_MAGIC, 12) != 0)
		return end;
	size = le32(tail);
	if (size > BOOTCONFIG_MOST || (off_t)size > end - (off_t)sizeof(tail))
		return end;
	return end - (off_t)sizeof(tail) - (off_t)size;
}

int dg_cpio_open(const char *path, struct dg_cpio **ret, struct dg_diag *d)
{
	dg_auto(dg_cpio_closep) struct dg_cpio *c = calloc(1, sizeof(*c));
	struct stat st;

	if (!c)
		return -ENOMEM;
	c->path = strdup(path);
	/* A FIFO in its place must not hold us up. */
	c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (!c->path)
		return -ENOMEM;
	if (c->fd < 0 || fstat(c->fd, &st) < 0)
		return dg_diag_errno(d, -errno, path, "read");
	if (!S_ISREG(st.st_mode))
		return dg_diag_errno(d, S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO, path, "read");
	if ((uint64_t)st.st_size > DG_CPIO_IMAGE_MAX)
		return dg_diag_errno(d, -EFBIG, path, "read");
	c->end = without_bootconfig(c->fd, st.st_size);
	c->room = SMALL_IMAGE + (uint64_t)c->end * MOST_TIMES;
	if (c->room > DG_CPIO_IMAGE_MAX)
		c->room = DG_CPIO_IMAGE_MAX;
	c->fresh = true;
	*ret = dg_take(c);
	return 0;
}

void dg_cpio_close(struct dg_cpio *c)
{
	if (!c)
		return;
	dg_unpacking_close(c->packed);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}

void dg_cpio_closep(struct dg_cpio **c)
{
	dg_cpio_close(*c);
}
