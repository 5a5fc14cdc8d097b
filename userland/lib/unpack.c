// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpack.h"

#include <archive.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "arena.h"
#include "lazy.h"
#include "unlzo.h"

#define LARGE ((size_t)8 << 20)
#define PAGES ((size_t)2 << 20)

/* libarchive comes with ten libraries of its own, and what unpacks nothing does not load it (lazy.h). */
#define ARCHIVE_FUNCTIONS(f)                                                                                           \
	f(filter_bytes) f(filter_count) f(read_data) f(read_data_block) f(read_free) f(read_new) f(read_next_header)   \
		f(read_open) f(read_open_memory) f(read_support_filter_bzip2) f(read_support_filter_gzip)              \
			f(read_support_filter_lz4) f(read_support_filter_lzma) f(read_support_filter_xz)               \
				f(read_support_filter_zstd) f(read_support_format_raw)

#define POINTER(name) __typeof__(&archive_##name) name;
static struct {
	ARCHIVE_FUNCTIONS(POINTER)
} la;

#define NAME(name) "archive_" #name,
static const char *const la_names[] = { ARCHIVE_FUNCTIONS(NAME) };

static const struct dg_lazy libarchive = { "libarchive.so.13", la_names, (void **)&la, DG_ARRAY_SIZE(la_names) };

static const struct magic {
	const char *bytes;
	size_t len;
} magics[] = {
	{ "\x1f\x8b", 2 }, { "\xfd\x37zXZ\0", 6 },    { "\x28\xb5\x2f\xfd", 4 }, { "BZh", 3 },
	{ "\x5d\0\0", 3 }, { "\x04\x22\x4d\x18", 4 }, { "\x02\x21\x4c\x18", 4 },
};

bool dg_unpack_needed(const void *data, size_t len)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(magics); i++)
		if (len >= magics[i].len && memcmp(data, magics[i].bytes, magics[i].len) == 0)
			return true;
	return dg_unlzo_is(data, len);
}

/* Where packed bytes come from: memory, or a part of a file that is read as it goes. */
struct source {
	const void *data; /* NULL: of the file */
	int fd;
	off_t at;
	size_t len;
	int err; /* of reading the file */
	unsigned char buf[1 << 17];
};

static ssize_t read_some(void *data, void *buf, size_t want)
{
	struct source *s = data;
	ssize_t n;

	if (want > s->len)
		want = s->len;
	if (s->data) {
		memcpy(buf, (const char *)s->data + s->at, want);
		n = (ssize_t)want;
	} else {
		do
			n = pread(s->fd, buf, want, s->at);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			s->err = -errno;
	}
	if (n > 0) {
		s->at += n;
		s->len -= (size_t)n;
	}
	return n < 0 ? -errno : n;
}

static la_ssize_t read_source(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;

	(void)a;
	*ret = s->buf;
	return read_some(s, s->buf, sizeof(s->buf));
}

static int open_source(struct archive *a, struct source *s)
{
	if (s->data)
		return la.read_open_memory(a, s->data, s->len);
	return la.read_open(a, s, NULL, read_source, NULL);
}

/* An archive that is only a filter: the raw format hands its one entry's bytes on. */
static int open_raw(struct source *s, struct archive **ret)
{
	struct archive_entry *entry;
	struct archive *a;
	int r = dg_lazy_load(&libarchive);

	if (r < 0)
		return r;
	a = la.read_new();
	if (!a)
		return -ENOMEM;
	la.read_support_filter_gzip(a);
	la.read_support_filter_xz(a);
	la.read_support_filter_lzma(a);
	la.read_support_filter_zstd(a);
	la.read_support_filter_bzip2(a);
	la.read_support_filter_lz4(a);
	la.read_support_format_raw(a);
	if (open_source(a, s) < ARCHIVE_WARN || la.read_next_header(a, &entry) < ARCHIVE_WARN ||
	    la.filter_count(a) < 2) {
		la.read_free(a);
		return s->err ? s->err : -EBADMSG;
	}
	*ret = a;
	return 0;
}

/*
 * Making a kernel's worth of pages costs as much as unpacking into them: another
 * processor makes them meanwhile, ahead of what is unpacked.
 */
struct ahead {
	char *p;
	size_t size;
	atomic_bool stop;
	bool running;
	pthread_t thread;
};

static void *make_pages(void *data)
{
	struct ahead *a = data;

	for (size_t at = 0; at < a->size && !a->stop; at += PAGES)
		if (madvise(a->p + at, a->size - at < PAGES ? a->size - at : PAGES, MADV_POPULATE_WRITE) < 0)
			break;
	return NULL;
}

/* Of @size bytes at @p, which begin a large page. */
static void run_ahead(struct ahead *a, char *p, size_t size)
{
	a->p = p;
	a->size = p && size >= LARGE ? size : 0;
	a->running = a->size && pthread_create(&a->thread, NULL, make_pages, a) == 0;
}

static void stop_ahead(struct ahead *a)
{
	a->stop = true;
	if (a->running)
		pthread_join(a->thread, NULL);
	a->running = false;
}

/* Of the two one is there. */
struct unpacker {
	struct archive *archive;
	struct dg_unlzo *lzo;
};

static void close_unpacker(struct unpacker *u)
{
	if (u->archive)
		la.read_free(u->archive);
	if (u->lzo)
		dg_unlzo_close(u->lzo);
}

/* libarchive has LZO only by running lzop(1), where it was built without liblzo2. */
static int open_unpacker(struct source *s, struct unpacker *ret)
{
	unsigned char start[16];
	struct source peek = *s;
	ssize_t n = read_some(&peek, start, sizeof(start));

	if (n < 0)
		return (int)n;
	return dg_unlzo_is(start, (size_t)n) ? dg_unlzo_open(read_some, s, &ret->lzo) : open_raw(s, &ret->archive);
}

static ssize_t unpack_some(struct unpacker *u, void *buf, size_t n)
{
	ssize_t got = u->lzo ? dg_unlzo_read(u->lzo, buf, n) : la.read_data(u->archive, buf, n);

	return got < 0 ? -EBADMSG : got;
}

static int unpack(struct source *s, size_t hint, size_t max, void **ret, size_t *ret_len)
{
	dg_auto(close_unpacker) struct unpacker u = { 0 };
	size_t n = 0, room = hint && hint <= max ? hint + 1 : s->len * 4 + 4096;
	dg_auto_free char *out = NULL;
	dg_auto(stop_ahead) struct ahead ahead = { 0 };
	int r;

	/* Not on a header's word alone: no kernel is packed to a 64th. */
	if (room / 64 > s->len + 1)
		room = s->len * 4 + 4096;
	if (room > max)
		room = max + 1;
	r = open_unpacker(s, &u);
	if (r < 0)
		return r;
	out = room < LARGE ? malloc(room + 1) : dg_arena_large(room + 1);
	/* No more than what is there may well come to. */
	run_ahead(&ahead, out, room / 8 < s->len ? room : s->len * 8);
	for (;;) {
		ssize_t got;

		if (out && n == room) {
			size_t more = room * 2 <= max ? room * 2 : max + 1;
			char *p;

			stop_ahead(&ahead);
			p = realloc(out, more + 1);
			if (!p)
				return -ENOMEM;
			out = p;
			room = more;
		}
		if (!out)
			return -ENOMEM;
		got = unpack_some(&u, out + n, room - n);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return -EFBIG;
	}
	out[n] = '\0';
	*ret = dg_take(out);
	*ret_len = n;
	return 0;
}

int dg_unpack_error(struct dg_diag *d, int err, const char *where, const char *cure, const char *what)
{
	if (err == -ELIBACC)
		return dg_diag_set(d, err, where, "install libarchive", "%scannot be unpacked: %s cannot be loaded",
				   what, libarchive.soname);
	return dg_diag_set(d, err, where, cure, "%scannot be unpacked: %s", what,
			   err == -EBADMSG ? "truncated or damaged" : strerror(-err));
}

int dg_unpack(const void *data, size_t len, size_t max, void **ret, size_t *ret_len)
{
	return dg_unpack_sized(data, len, 0, max, ret, ret_len);
}

int dg_unpack_sized(const void *data, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len)
{
	struct source s = { .data = data, .len = len };

	if (!dg_unpack_needed(data, len))
		return -EPROTONOSUPPORT;
	return unpack(&s, hint, max, ret, ret_len);
}

int dg_unpack_file(int fd, off_t at, size_t len, size_t hint, size_t max, void **ret, size_t *ret_len)
{
	struct source s = { .fd = fd, .at = at, .len = len };

	return unpack(&s, hint, max, ret, ret_len);
}

struct dg_unpacking {
	struct archive *archive;
	struct source source;
};

int dg_unpacking_open(int fd, off_t at, size_t len, struct dg_unpacking **ret)
{
	struct dg_unpacking *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	u->source.fd = fd;
	u->source.at = at;
	u->source.len = len;
	r = open_raw(&u->source, &u->archive);
	if (r < 0) {
		free(u);
		return r;
	}
	*ret = u;
	return 0;
}

ssize_t dg_unpacking_next(struct dg_unpacking *u, const void **ret)
{
	la_int64_t offset;
	size_t n = 0;
	int r;

	do
		r = la.read_data_block(u->archive, ret, &n, &offset);
	while (r == ARCHIVE_OK && n == 0);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return u->source.err ? u->source.err : -EBADMSG;
	return (ssize_t)n;
}

size_t dg_unpacking_used(const struct dg_unpacking *u)
{
	la_int64_t n = la.filter_bytes(u->archive, -1);

	return n > 0 ? (size_t)n : 0;
}

void dg_unpacking_close(struct dg_unpacking *u)
{
	if (!u)
		return;
	la.read_free(u->archive);
	free(u);
}
