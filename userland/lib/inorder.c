// SPDX-License-Identifier: GPL-2.0-or-later
#include "inorder.h"

#include <errno.h>
#include <pthread.h>

#define WINDOW 256
/* Things that a thread takes at a time, so that it seldom has to ask. */
#define CHUNK 8
#define THREADS_MOST 8

/* One that works: the caller, or a thread. */
struct worker {
	struct dg_inorder *inorder;
	struct dg_arena room;	 /* of what is finished where it was begun */
	struct dg_arena waiting; /* of what is not, until the end */
	pthread_t thread;
};

struct dg_inorder {
	struct dg_work work;
	size_t claimed, taken; /* claimed - taken never passes WINDOW */
	bool open, stop;
	bool done[WINDOW];
	size_t waiting[WINDOW], n_waiting, n_resumed; /* begun before it was open, and of those taken up again */
	char *results;
	pthread_mutex_t lock; /* all above but what never changes */
	pthread_cond_t changed;
	struct worker workers[1 + THREADS_MOST]; /* the caller first */
	size_t n_workers;
};

static void *result_of(struct dg_inorder *o, size_t i)
{
	return o->results + i % WINDOW * o->work.result_size;
}

static void finish(struct dg_inorder *o, size_t i)
{
	if (o->work.finish)
		o->work.finish(i, result_of(o, i), o->work.data);
}

/* These are called with the lock held, and let go of it to work; false: there is nothing to do just now. */
static bool finish_one(struct dg_inorder *o)
{
	size_t i;

	if (!o->open || o->n_resumed == o->n_waiting)
		return false;
	i = o->waiting[o->n_resumed++];
	pthread_mutex_unlock(&o->lock);
	finish(o, i);
	pthread_mutex_lock(&o->lock);
	o->done[i % WINDOW] = true;
	return true;
}

/* Once it is open a thing is finished where it was begun, while it is at hand. */
static bool begin_some(struct worker *w)
{
	struct dg_inorder *o = w->inorder;
	size_t first = o->claimed, end = first + CHUNK < o->work.n ? first + CHUNK : o->work.n;
	bool open = o->open;

	if (first == end || end - o->taken > WINDOW)
		return false;
	o->claimed = end;
	pthread_mutex_unlock(&o->lock);
	for (size_t i = first; i < end; i++) {
		memset(result_of(o, i), 0, o->work.result_size);
		o->work.begin(i, result_of(o, i), open ? &w->room : &w->waiting, o->work.data);
		if (open) {
			finish(o, i);
			dg_arena_reset(&w->room);
		}
	}
	pthread_mutex_lock(&o->lock);
	for (size_t i = first; i < end; i++) {
		o->done[i % WINDOW] = open;
		if (!open)
			o->waiting[o->n_waiting++] = i;
	}
	return true;
}

static bool work_some(struct worker *w)
{
	if (!finish_one(w->inorder) && !begin_some(w))
		return false;
	pthread_cond_broadcast(&w->inorder->changed);
	return true;
}

static void *run(void *data)
{
	struct worker *w = data;
	struct dg_inorder *o = w->inorder;

	pthread_mutex_lock(&o->lock);
	while (!o->stop && (o->claimed < o->work.n || o->n_resumed < o->n_waiting))
		if (!work_some(w))
			pthread_cond_wait(&o->changed, &o->lock);
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

static bool add_thread(struct dg_inorder *o)
{
	struct worker *w = &o->workers[o->n_workers];

	w->inorder = o;
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		return false;
	o->n_workers++;
	return true;
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
	o->workers[0].inorder = o;
	o->n_workers = 1;
	/* For a few things a thread costs more than it saves. */
	while (work->n > CHUNK && o->n_workers <= THREADS_MOST && (long)o->n_workers < cpus && add_thread(o))
		;
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
	size_t i = o->taken;

	pthread_mutex_lock(&o->lock);
	while (!o->done[i % WINDOW])
		if (!work_some(&o->workers[0]))
			pthread_cond_wait(&o->changed, &o->lock);
	memcpy(result, result_of(o, i), o->work.result_size);
	o->done[i % WINDOW] = false;
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
	for (size_t i = 1; i < o->n_workers; i++)
		pthread_join(o->workers[i].thread, NULL);
	for (size_t i = o->n_resumed; i < o->n_waiting; i++)
		o->done[o->waiting[i] % WINDOW] = true;
	for (size_t i = 0; i < WINDOW; i++)
		if (o->done[i])
			o->work.drop(o->results + i * o->work.result_size);
	for (size_t i = 0; i < o->n_workers; i++) {
		dg_arena_free(&o->workers[i].room);
		dg_arena_free(&o->workers[i].waiting);
	}
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o->results);
	free(o);
}
