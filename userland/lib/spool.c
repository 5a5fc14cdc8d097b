// SPDX-License-Identifier: GPL-2.0-or-later
#include "spool.h"

#include <errno.h>
#include <sys/stat.h>

#include "fs.h"

#define ASIDE ".bad"

enum { LEFT_ALONE, GOOD, BAD };

/* Hidden are files being written; a bad one was told of once. */
static bool waits(const char *name)
{
	return name[0] != '.' && !dg_endswith(name, ASIDE);
}

static bool id_valid(const char *id)
{
	return id && waits(id) && strlen(id) < 200 &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz.-") == strlen(id);
}

static size_t count(const char *dir)
{
	char **names;
	size_t n = 0;

	if (dg_dir_list(dir, &names) < 0)
		return 0;
	while (names[n])
		n++;
	dg_strv_free(names);
	return n;
}

int dg_spool_put(const char *root, const struct dg_event *e)
{
	dg_auto_free char *dir = dg_path_join(root, DG_SPOOL_DIR), *text = dg_event_format(e);
	dg_auto_free char *path = dir ? dg_format("%s/%s", dir, e->id) : NULL;
	int r;

	if (!id_valid(e->id))
		return -EINVAL;
	if (!path || !text)
		return -ENOMEM;
	r = dg_dir_make(dir);
	if (r < 0)
		return r;
	if (count(dir) >= DG_SPOOL_MAX)
		return -ENOSPC;
	return dg_file_write(path, text, strlen(text), 0644);
}

/* 0, or -EBADMSG for what is no event. */
static int read_one(const char *path, struct dg_events *events)
{
	dg_auto_free void *data = NULL;
	struct dg_event e;
	struct stat st;
	size_t len;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADMSG;
	if (dg_file_read(path, DG_EVENT_FORM_MAX, &data, &len) < 0 || strlen(data) != len ||
	    dg_event_parse(data, &e) < 0)
		return -EBADMSG;
	return dg_events_add(events, &e);
}

static int read_all(struct dg_spool *s)
{
	size_t n = 0;

	for (char **name = s->names; *name; name++)
		n++;
	s->states = calloc(n + 1, 1);
	if (!s->states)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; s->names[i] && n < DG_SPOOL_MAX; i++) {
		dg_auto_free char *path = dg_format("%s/%s", s->dir, s->names[i]);
		int r;

		if (!waits(s->names[i]))
			continue;
		r = path ? read_one(path, &s->events) : -ENOMEM;
		if (r == -ENOMEM)
			return r;
		s->states[i] = r < 0 ? BAD : GOOD;
		s->n_bad += r < 0;
		n++;
	}
	return 0;
}

int dg_spool_read(const char *root, struct dg_spool **ret)
{
	dg_auto(dg_spool_freep) struct dg_spool *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = dg_path_resolve(root, DG_SPOOL_DIR, &s->dir);
	if (r == 0)
		r = dg_dir_list(s->dir, &s->names);
	if (r == 0)
		r = read_all(s);
	/* Absent, unreadable or no directory: nothing that could be taken in. */
	if (r == -ENOMEM)
		return r;
	*ret = dg_take(s);
	return 0;
}

void dg_spool_free(struct dg_spool *s)
{
	if (!s)
		return;
	dg_events_free(&s->events);
	dg_strv_free(s->names);
	free(s->states);
	free(s->dir);
	free(s);
}

void dg_spool_freep(struct dg_spool **s)
{
	dg_spool_free(*s);
}

void dg_spool_clear(const struct dg_spool *s)
{
	for (size_t i = 0; s->states && s->names[i]; i++) {
		dg_auto_free char *path = s->states[i] ? dg_format("%s/%s", s->dir, s->names[i]) : NULL;
		dg_auto_free char *aside = path ? dg_format("%s" ASIDE, path) : NULL;

		if (aside && s->states[i] == BAD)
			(void)rename(path, aside);
		else if (aside)
			(void)unlink(path);
	}
}
