// SPDX-License-Identifier: GPL-2.0-or-later
#include "readahead.h"

#include <errno.h>
#include <pthread.h>

#include "relocations.h"

#define WINDOW 32
/* Files a thread takes at a time, so that it seldom has to ask. */
#define CHUNK 8
#define THREADS_MOST 4

struct slot {
	struct dg_read read;
	bool done;
};

struct dg_readahead {
	const char *const *paths;
	enum dg_elf_format as;
	size_t n, claimed, taken; /* of paths; claimed - taken never passes WINDOW */
	struct slot slots[WINDOW];
	pthread_mutex_t lock; /* all above but what never changes */
	pthread_cond_t filled, emptied;
	pthread_t threads[THREADS_MOST];
	size_t n_threads;
	bool stop;
};

static void read_one(const struct dg_readahead *r, size_t i, struct dg_read *ret)
{
	void *data = NULL;
	size_t len = 0;

	*ret = (struct dg_read){ 0 };
	ret->error = dg_modfile_read_plain(r->paths[i], &data, &len, &ret->why);
	if (ret->error < 0)
		return;
	ret->malformed = dg_modfile_parse_as(data, len, r->as, &ret->file, &ret->why);
	if (ret->malformed < 0)
		free(data);
	else
		ret->file->path = strdup(r->paths[i]);
	/* What needs no kernel is done here, where there are more processors for it. */
	if (ret->file)
		(void)dg_relocations_check(ret->file);
}

static void *work(void *data)
{
	struct dg_readahead *r = data;
	struct dg_read read[CHUNK];

	pthread_mutex_lock(&r->lock);
	for (;;) {
		size_t first, n;

		while (!r->stop && r->claimed < r->n && r->claimed + CHUNK - r->taken > WINDOW)
			pthread_cond_wait(&r->emptied, &r->lock);
		if (r->stop || r->claimed == r->n)
			break;
		first = r->claimed;
		n = r->n - first < CHUNK ? r->n - first : CHUNK;
		r->claimed += n;
		pthread_mutex_unlock(&r->lock);
		for (size_t i = 0; i < n; i++)
			read_one(r, first + i, &read[i]);
		pthread_mutex_lock(&r->lock);
		for (size_t i = 0; i < n; i++)
			r->slots[(first + i) % WINDOW] = (struct slot){ .read = read[i], .done = true };
		pthread_cond_broadcast(&r->filled);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int dg_readahead_new(const char *const *paths, size_t n, enum dg_elf_format as, struct dg_readahead **ret)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct dg_readahead *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->paths = paths;
	r->n = n;
	r->as = as;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->filled, NULL);
	pthread_cond_init(&r->emptied, NULL);
	/* For a few files a thread costs more than it saves; without any, next() reads itself. */
	while (n > CHUNK && r->n_threads < THREADS_MOST && (long)r->n_threads < cpus &&
	       pthread_create(&r->threads[r->n_threads], NULL, work, r) == 0)
		r->n_threads++;
	*ret = r;
	return 0;
}

void dg_readahead_next(struct dg_readahead *r, struct dg_read *ret)
{
	struct slot *s = &r->slots[r->taken % WINDOW];

	if (!r->n_threads) {
		read_one(r, r->taken++, ret);
		return;
	}
	pthread_mutex_lock(&r->lock);
	while (!s->done)
		pthread_cond_wait(&r->filled, &r->lock);
	*ret = s->read;
	s->done = false;
	r->taken++;
	if (r->taken % CHUNK == 0)
		pthread_cond_broadcast(&r->emptied);
	pthread_mutex_unlock(&r->lock);
}

void dg_readahead_free(struct dg_readahead *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->emptied);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < r->n_threads; i++)
		pthread_join(r->threads[i], NULL);
	for (size_t i = 0; i < WINDOW; i++)
		if (r->slots[i].done)
			dg_modfile_free(r->slots[i].read.file);
	pthread_cond_destroy(&r->filled);
	pthread_cond_destroy(&r->emptied);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
