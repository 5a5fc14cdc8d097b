// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a target without libFuzzer: replay CRASH-FILE MUTATIONS FILE…
 *
 * Every file as it is, then MUTATIONS changed forms of it, the same ones each
 * time. What kills the target, or takes it longer than ten seconds, is
 * left in CRASH-FILE. Ends with "FILES files, INPUTS inputs" on stdout.
 */
#include <fcntl.h>
#include <signal.h>

#include "fuzz.h"

#define MOST ((size_t)1 << 20)
#define SECONDS 10

static struct {
	unsigned char data[MOST];
	size_t len;
	const char *crash_file;
} now;

/* The runtime's default would leave an abort to the system. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_abort=1:allocator_may_return_null=1";
}

/* Also from a signal, and with memory past its bound: system calls only. */
static void keep_input(void)
{
	int fd = open(now.crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, now.data, now.len) != (ssize_t)now.len)
		_exit(125);
	close(fd);
}

static void on_alarm(int signal)
{
	static const char text[] = "took longer than ten seconds\n";

	(void)signal;
	keep_input();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(125);
	_exit(124);
}

static uint64_t seed;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_next(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t random_below(size_t n)
{
	return n ? (size_t)(random_next() % n) : 0;
}

/* 1, 2, 4 or 8 bytes of a number at the edge of something, in either order. */
static void put_edge(unsigned char *p, size_t left)
{
	static const uint64_t edges[] = { 0,	      1,	  0x7f,	      0x80,	   0xff,
					  0x100,      0x7fff,	  0x8000,     0xfff1,	   0xffff,
					  0x10000,    0x7fffffff, 0x80000000, 0xfffffff0u, 0xffffffffu,
					  1ull << 32, 1ull << 63, INT64_MAX,  UINT64_MAX };
	size_t width = (size_t)1 << random_below(4);
	uint64_t v = edges[random_below(DG_ARRAY_SIZE(edges))];
	bool big = random_next() & 1;

	/* Now and then about the input's own size. */
	if (random_below(4) == 0)
		v = now.len + random_below(17) - 8;
	for (size_t i = 0; i < width && i < left; i++)
		p[big ? width - 1 - i < left ? width - 1 - i : i : i] = (unsigned char)(v >> (8 * i));
}

static void copy_block(void)
{
	size_t from = random_below(now.len), to = random_below(now.len), n = 1 + random_below(64);

	if (n > now.len - from)
		n = now.len - from;
	if (n > now.len - to)
		n = now.len - to;
	memmove(now.data + to, now.data + from, n);
}

static void insert_block(void)
{
	size_t from = random_below(now.len), n = 1 + random_below(64);

	if (n > now.len - from)
		n = now.len - from;
	if (now.len + n > MOST)
		return;
	memmove(now.data + from + n, now.data + from, now.len - from);
	now.len += n;
}

static void remove_block(void)
{
	size_t from = random_below(now.len), n = 1 + random_below(16);

	if (n > now.len - from)
		n = now.len - from;
	memmove(now.data + from, now.data + from + n, now.len - from - n);
	now.len -= n;
}

static void mutate(void)
{
	size_t at = random_below(now.len);

	if (!now.len)
		return;
	switch (random_below(16)) {
	case 0:
		now.len = at;
		break;
	case 1:
	case 2:
		copy_block();
		break;
	case 3:
		insert_block();
		break;
	case 4:
		remove_block();
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		now.data[at] ^= (unsigned char)(1u << random_below(8));
		break;
	case 9:
	case 10:
		now.data[at] = (unsigned char)random_next();
		break;
	default:
		put_edge(now.data + at, now.len - at);
	}
}

static void run(void)
{
	alarm(SECONDS);
	(void)LLVMFuzzerTestOneInput(now.data, now.len);
	alarm(0);
}

static bool load(const char *path, unsigned char *to, size_t *ret_len)
{
	FILE *f = fopen(path, "re");

	if (!f) {
		perror(path);
		return false;
	}
	*ret_len = fread(to, 1, MOST, f);
	fclose(f);
	return true;
}

int main(int argc, char **argv)
{
	static unsigned char file[MOST];
	size_t n_inputs = 0, mutations, len;

	if (argc < 3) {
		fprintf(stderr, "usage: replay CRASH-FILE MUTATIONS FILE...\n");
		return 2;
	}
	now.crash_file = argv[1];
	mutations = strtoul(argv[2], NULL, 10);
	__sanitizer_set_death_callback(keep_input);
	signal(SIGALRM, on_alarm);
	for (int i = 3; i < argc; i++) {
		if (!load(argv[i], file, &len))
			return 2;
		seed = len;
		for (size_t m = 0; m <= mutations; m++, n_inputs++) {
			memcpy(now.data, file, len);
			now.len = len;
			/* From one change to many at once. */
			for (size_t left = m ? 1 + (random_below(2) ? 0 : random_below(8)) : 0; left; left--)
				mutate();
			run();
		}
	}
	printf("%d files, %zu inputs\n", argc - 3, n_inputs);
	return 0;
}
