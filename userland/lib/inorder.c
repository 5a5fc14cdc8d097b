// SPDX-License-Identifier: GPL-2.0-or-later
#include "inorder.h"

#include <errno.h>
#include <pthread.h>

#define WINDOW 256
/* Things that a thread takes at a time, so that it seldom has to ask. */
#define CHUNK 8
#define THREADS_MOST 8

struct slot {
	bool done;
	struct dg_buffer buffer; /* of one that waits */
};

struct dg_inorder {
	struct dg_work work;
	size_t claimed, taken; /* claimed - taken never passes WINDOW */
	bool open, stop;
	struct slot slots[WINDOW];
	size_t waiting[WINDOW], n_waiting, n_resumed; /* begun before it was open, and of those taken up again */
	char *results;
	struct dg_buffer own; /* of the caller's thread */
	pthread_mutex_t lock; /* all above but what never changes */
	pthread_cond_t changed;
	pthread_t threads[THREADS_MOST];
	size_t n_threads;
};

static struct dg_buffer take_buffer(struct dg_buffer *from)
{
	struct dg_buffer b = *from;

	*from = (struct dg_buffer){ 0 };
	return b;
}

static void *result_of(struct dg_inorder *o, size_t i)
{
	return o->results + i % WINDOW * o->work.result_size;
}

/* These are called with the lock held, and let go of it to work; false: there is nothing to do just now. */
static bool finish_one(struct dg_inorder *o)
{
	struct dg_buffer buffer;
	size_t i;

	if (!o->open || o->n_resumed == o->n_waiting)
		return false;
	i = o->waiting[o->n_resumed++];
	buffer = take_buffer(&o->slots[i % WINDOW].buffer);
	pthread_mutex_unlock(&o->lock);
	if (o->work.finish)
		o->work.finish(i, result_of(o, i), o->work.data);
	dg_buffer_free(&buffer);
	pthread_mutex_lock(&o->lock);
	o->slots[i % WINDOW].done = true;
	return true;
}

/* Once it is open a thing is finished where it was begun, while it is at hand. */
static bool begin_some(struct dg_inorder *o, struct dg_buffer *buffer)
{
	size_t i = o->claimed, end = i + CHUNK < o->work.n ? i + CHUNK : o->work.n;

	if (i == end || end - o->taken > WINDOW)
		return false;
	for (o->claimed = end; i < end && !o->stop; i++) {
		bool open = o->open;

		pthread_mutex_unlock(&o->lock);
		memset(result_of(o, i), 0, o->work.result_size);
		o->work.begin(i, result_of(o, i), buffer, o->work.data);
		if (open && o->work.finish)
			o->work.finish(i, result_of(o, i), o->work.data);
		pthread_mutex_lock(&o->lock);
		o->slots[i % WINDOW].done = open;
		if (!open) {
			o->slots[i % WINDOW].buffer = take_buffer(buffer);
			o->waiting[o->n_waiting++] = i;
		}
	}
	return true;
}

static bool work_some(struct dg_inorder *o, struct dg_buffer *buffer)
{
	if (!finish_one(o) && !begin_some(o, buffer))
		return false;
	pthread_cond_broadcast(&o->changed);
	return true;
}

static void *run(void *data)
{
	struct dg_inorder *o = data;
	struct dg_buffer buffer = { 0 };

	pthread_mutex_lock(&o->lock);
	while (!o->stop && (o->claimed < o->work.n || o->n_resumed < o->n_waiting))
		if (!work_some(o, &buffer))
			pthread_cond_wait(&o->changed, &o->lock);
	pthread_mutex_unlock(&o->lock);
	dg_buffer_free(&buffer);
	return NULL;
}

int dg_inorder_new(const struct dg_work *work, struct dg_inorder **ret)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct dg_inorder *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->work = *work;
	o->results = calloc(WINDOW, work->result_size);
	if (!o->results) {
		free(o);
		return -ENOMEM;
	}
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->changed, NULL);
	/* The caller is one of those who work. For a few things a thread costs more than it saves. */
	while (work->n > CHUNK && o->n_threads < THREADS_MOST && (long)o->n_threads + 1 < cpus &&
	       pthread_create(&o->threads[o->n_threads], NULL, run, o) == 0)
		o->n_threads++;
	*ret = o;
	return 0;
}

void dg_inorder_open(struct dg_inorder *o)
{
	pthread_mutex_lock(&o->lock);
	o->open = true;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

void dg_inorder_next(struct dg_inorder *o, void *result)
{
	struct slot *s = &o->slots[o->taken % WINDOW];

	pthread_mutex_lock(&o->lock);
	while (!s->done)
		if (!work_some(o, &o->own))
			pthread_cond_wait(&o->changed, &o->lock);
	memcpy(result, result_of(o, o->taken), o->work.result_size);
	s->done = false;
	o->taken++;
	if (o->taken % CHUNK == 0)
		pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

void dg_inorder_free(struct dg_inorder *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
	for (size_t i = 0; i < o->n_threads; i++)
		pthread_join(o->threads[i], NULL);
	for (size_t i = o->n_resumed; i < o->n_waiting; i++)
		o->slots[o->waiting[i] % WINDOW].done = true;
	for (size_t i = 0; i < WINDOW; i++) {
		if (o->slots[i].done)
			o->work.drop(o->results + i * o->work.result_size);
		dg_buffer_free(&o->slots[i].buffer);
	}
	dg_buffer_free(&o->own);
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o->results);
	free(o);
}
