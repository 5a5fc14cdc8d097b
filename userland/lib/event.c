// SPDX-License-Identifier: GPL-2.0-or-later
#include "event.h"

#include <ctype.h>
#include <errno.h>

#define MAGIC "drvguard-event 1"
#define ERRNO_MAX 4095
/* 9999-12-31T23:59:59Z: what every calendar can print. */
#define TIME_MAX 253402300799

const char *const dg_event_number_names[] = { "time", "generation_from", "generation_to", "result" };
const char *const dg_event_text_names[] = { "id",	   "actor",	"user",		"action",
					    "driver",	   "kernel",	"version_from", "version_to",
					    "sha256_from", "sha256_to", "verdict",	"detail" };

int64_t dg_event_number(const struct dg_event *e, size_t i)
{
	const int64_t numbers[] = { e->time, e->generation_from, e->generation_to, e->result };

	return numbers[i];
}

void dg_event_set_number(struct dg_event *e, size_t i, int64_t value)
{
	static const int64_t most[] = { TIME_MAX, UINT32_MAX, UINT32_MAX, ERRNO_MAX };

	if (value < 0)
		value = 0;
	if (value > most[i])
		value = most[i];
	switch (i) {
	case 0:
		e->time = value;
		break;
	case 1:
		e->generation_from = (unsigned int)value;
		break;
	case 2:
		e->generation_to = (unsigned int)value;
		break;
	default:
		e->result = (int)value;
		break;
	}
}

const char **dg_event_text(struct dg_event *e, size_t i)
{
	static const size_t at[] = {
		offsetof(struct dg_event, id),		 offsetof(struct dg_event, actor),
		offsetof(struct dg_event, user),	 offsetof(struct dg_event, action),
		offsetof(struct dg_event, driver),	 offsetof(struct dg_event, kernel),
		offsetof(struct dg_event, version_from), offsetof(struct dg_event, version_to),
		offsetof(struct dg_event, sha256_from),	 offsetof(struct dg_event, sha256_to),
		offsetof(struct dg_event, verdict),	 offsetof(struct dg_event, detail),
	};

	return (const char **)((char *)e + at[i]);
}

char *dg_event_format(const struct dg_event *e)
{
	struct dg_event copy = *e;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs(MAGIC "\n", f);
	for (size_t i = 0; i < DG_EVENT_NUMBERS; i++)
		fprintf(f, "%s %lld\n", dg_event_number_names[i], (long long)dg_event_number(e, i));
	for (size_t i = 0; i < DG_EVENT_TEXTS; i++) {
		const char *value = *dg_event_text(&copy, i);

		if (!value)
			continue;
		fprintf(f, "%s ", dg_event_text_names[i]);
		dg_put_escaped(f, value);
		fputc('\n', f);
	}
	fputs("end\n", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int dg_event_digest(const struct dg_event *e, char hex[DG_SHA256_HEX])
{
	dg_auto_free char *text = dg_event_format(e);

	return text ? dg_sha256(text, strlen(text), hex) : -ENOMEM;
}

static bool take_number(struct dg_event *e, size_t i, const char *s)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end || errno)
		return false;
	dg_event_set_number(e, i, value);
	return dg_event_number(e, i) == value;
}

static bool take_text(struct dg_event *e, size_t i, char *s)
{
	*dg_event_text(e, i) = s;
	return *s && dg_unescape(s);
}

static size_t index_of(const char *const *names, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && !dg_streq(names[i], name))
		i++;
	return i;
}

/* "KEY VALUE"; *seen has a bit for each key there was. */
static bool parse_line(struct dg_event *e, char *line, unsigned int *seen)
{
	char *value = strchr(line, ' ');
	size_t key;

	if (!value)
		return false;
	*value++ = '\0';
	key = index_of(dg_event_number_names, DG_EVENT_NUMBERS, line);
	if (key == DG_EVENT_NUMBERS)
		key += index_of(dg_event_text_names, DG_EVENT_TEXTS, line);
	if (key == DG_EVENT_NUMBERS + DG_EVENT_TEXTS || (*seen & 1u << key))
		return false;
	*seen |= 1u << key;
	return key < DG_EVENT_NUMBERS ? take_number(e, key, value) : take_text(e, key - DG_EVENT_NUMBERS, value);
}

int dg_event_parse(char *data, struct dg_event *ret)
{
	struct dg_event e = { 0 };
	unsigned int seen = 0;
	char *line = data, *end = strchr(data, '\n');

	for (bool first = true;; first = false) {
		/* A line without its newline was cut short. */
		if (!end)
			return -EBADMSG;
		*end = '\0';
		if (!first && dg_streq(line, "end"))
			break;
		if (first ? !dg_streq(line, MAGIC) : !parse_line(&e, line, &seen))
			return -EBADMSG;
		line = end + 1;
		end = strchr(line, '\n');
	}
	if (end[1] || !e.action || !e.id)
		return -EBADMSG;
	*ret = e;
	return 0;
}

/* One block for all texts of an event. */
static char *copy_texts(struct dg_event *e)
{
	size_t lengths[DG_EVENT_TEXTS], size = 1;
	char *block, *p;

	for (size_t i = 0; i < DG_EVENT_TEXTS; i++) {
		lengths[i] = *dg_event_text(e, i) ? strnlen(*dg_event_text(e, i), DG_EVENT_TEXT_MAX) : 0;
		size += lengths[i] + 1;
	}
	block = p = malloc(size);
	for (size_t i = 0; block && i < DG_EVENT_TEXTS; i++) {
		const char **text = dg_event_text(e, i);

		if (lengths[i]) {
			memcpy(p, *text, lengths[i]);
			p[lengths[i]] = '\0';
			*text = dg_printable(p);
			p += lengths[i] + 1;
		} else {
			*text = NULL;
		}
	}
	return block;
}

int dg_events_add(struct dg_events *list, const struct dg_event *e)
{
	struct dg_event copy = *e;
	char *block;

	if (DG_GROW(list->v, list->n) < 0 || DG_GROW(list->texts, list->n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < DG_EVENT_NUMBERS; i++)
		dg_event_set_number(&copy, i, dg_event_number(e, i));
	block = copy_texts(&copy);
	if (!block)
		return -ENOMEM;
	list->v[list->n] = copy;
	list->texts[list->n++] = block;
	return 0;
}

void dg_events_free(struct dg_events *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->texts[i]);
	free(list->texts);
	free(list->v);
	*list = (struct dg_events){ 0 };
}

void dg_events_sort(struct dg_events *list)
{
	/* Nearly in order as it comes, and qsort(3) keeps no order of equals. */
	for (size_t i = 1; i < list->n; i++) {
		struct dg_event e = list->v[i];
		size_t k = i;

		for (; k && list->v[k - 1].time > e.time; k--)
			list->v[k] = list->v[k - 1];
		list->v[k] = e;
	}
}
