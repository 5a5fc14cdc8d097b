/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every fuzz target builds on: the input in a heap block of exactly its
 * size, so that ASan sees a read past it; a bound on memory; and a way to touch
 * every byte that a parser hands out. One target is one program.
 */
#ifndef DG_FUZZ_H
#define DG_FUZZ_H

#include "lib/util.h"

/* Of the sanitizers' runtime, whose headers do not come with every gcc. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);
void __sanitizer_set_death_callback(void (*callback)(void));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_KIB ((size_t)1 << 10)
#define FUZZ_MIB ((size_t)1 << 20)

/* Ends the program, also where a sanitizer sees nothing wrong. */
#define fuzz_assert(x)                                                                                                 \
	do {                                                                                                           \
		if (!(x)) {                                                                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static struct {
	size_t live, most, bound; /* bytes; bound 0: not counting */
} fuzz_memory;

static void fuzz_on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	if (!fuzz_memory.bound)
		return;
	fuzz_memory.live += size;
	if (fuzz_memory.live > fuzz_memory.most)
		fuzz_memory.most = fuzz_memory.live;
	if (fuzz_memory.live > fuzz_memory.bound) {
		fprintf(stderr, "memory: a block of %zu bytes makes it %zu, the bound is %zu\n", size, fuzz_memory.live,
			fuzz_memory.bound);
		fuzz_memory.bound = 0;
		abort();
	}
}

static void fuzz_on_free(const volatile void *p)
{
	size_t size = fuzz_memory.bound && p ? __sanitizer_get_allocated_size(p) : 0;

	/* Blocks from before the count began are let go uncounted. */
	fuzz_memory.live -= size < fuzz_memory.live ? size : fuzz_memory.live;
}

/* From here to fuzz_unbound(), no more than @bound bytes may be held at once. */
static inline void fuzz_bound(size_t bound)
{
	static bool hooked;

	if (!hooked)
		fuzz_assert(__sanitizer_install_malloc_and_free_hooks(fuzz_on_malloc, fuzz_on_free));
	hooked = true;
	fuzz_memory.live = 0;
	fuzz_memory.bound = bound;
}

static inline void fuzz_unbound(void)
{
	fuzz_memory.bound = 0;
}

/* A copy of exactly @size bytes, and @nul more that are 0. Caller frees. */
static inline void *fuzz_copy(const uint8_t *data, size_t size, size_t nul)
{
	char *p = malloc(size + nul);

	fuzz_assert(p || !(size + nul));
	if (size)
		memcpy(p, data, size);
	if (nul)
		memset(p + size, 0, nul);
	return p;
}

static volatile size_t fuzz_sink;

static inline void fuzz_touch(const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		fuzz_sink += p[i];
}

/*
 * A string that must be there. Only so much of it is read each time, that
 * many which share their bytes do not take for ever.
 */
static inline void fuzz_string(const char *s)
{
	fuzz_assert(s);
	for (size_t i = 0; i < 4096 && s[i]; i++)
		fuzz_sink += (unsigned char)s[i];
}

#endif
