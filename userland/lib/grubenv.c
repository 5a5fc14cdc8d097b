// SPDX-License-Identifier: GPL-2.0-or-later
#include "grubenv.h"

#include <errno.h>

#include "fs.h"

#define HEADING "# GRUB Environment Block\n"
#define BLOCK_SIZE ((size_t)1024)
#define BLOCK_MAX ((size_t)64 << 10)

static struct dg_grubvar *find(const struct dg_grubenv *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->v[i].name, name) == 0)
			return &e->v[i];
	return NULL;
}

const char *dg_grubenv_get(const struct dg_grubenv *e, const char *name)
{
	const struct dg_grubvar *v = find(e, name);

	return v ? v->value : NULL;
}

static int add(struct dg_grubenv *e, const char *name, const char *value)
{
	dg_auto_free char *n = strdup(name), *v = strdup(value);

	if (!n || !v || DG_GROW(e->v, e->n) < 0)
		return -ENOMEM;
	e->v[e->n++] = (struct dg_grubvar){ .name = dg_take(n), .value = dg_take(v) };
	return 0;
}

int dg_grubenv_set(struct dg_grubenv *e, const char *name, const char *value)
{
	struct dg_grubvar *v = find(e, name);
	char *copy;

	if (!v)
		return value ? add(e, name, value) : 0;
	if (value) {
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
		free(v->value);
		v->value = copy;
		return 0;
	}
	free(v->name);
	free(v->value);
	memmove(v, v + 1, (size_t)(e->v + e->n - (v + 1)) * sizeof(*v));
	e->n--;
	return 0;
}

int dg_grubenv_copy(const struct dg_grubenv *from, struct dg_grubenv *to)
{
	int r = 0;

	for (size_t i = 0; i < from->n && r == 0; i++)
		r = *from->v[i].name ? dg_grubenv_set(to, from->v[i].name, from->v[i].value)
				     : add(to, "", from->v[i].value);
	return r;
}

void dg_grubenv_free(struct dg_grubenv *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->v[i].name);
		free(e->v[i].value);
	}
	free(e->v);
	*e = (struct dg_grubenv){ 0 };
}

/* One line, to its newline that no '\\' escapes, which in a name stays; -EBADMSG without one. */
static int parse_line(const char *p, const char *end, const char **ret_next, struct dg_grubenv *e)
{
	dg_auto_free char *line = malloc((size_t)(end - p) + 1);
	bool comment = *p == '#';
	char *to = line, *value = NULL;

	if (!line)
		return -ENOMEM;
	for (; p < end && *p != '\n'; p++) {
		bool escape = !comment && *p == '\\' && p + 1 < end;

		if (escape && !value)
			*to++ = *p;
		p += escape;
		*to++ = *p;
		if (!comment && !value && *p == '=')
			value = to;
	}
	if (p == end)
		return -EBADMSG;
	*to = '\0';
	*ret_next = p + 1;
	if (comment)
		return add(e, "", line);
	if (!value || value == line + 1)
		return 0;
	value[-1] = '\0';
	return dg_grubenv_set(e, line, value);
}

int dg_grubenv_parse(const char *data, size_t len, struct dg_grubenv *e)
{
	const char *p = data + strlen(HEADING), *end = data + len;
	int r = 0;

	if (len < strlen(HEADING) || memcmp(data, HEADING, strlen(HEADING)) != 0 || memchr(data, '\0', len))
		return -EBADMSG;
	while (p < end && r == 0) {
		/* The padding is a comment without an end. */
		if (*p == '#' && !memchr(p, '\n', (size_t)(end - p)))
			break;
		r = parse_line(p, end, &p, e);
	}
	return r;
}

int dg_grubenv_format(const struct dg_grubenv *e, size_t size, char **ret)
{
	dg_auto_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	fputs(HEADING, f);
	for (size_t i = 0; i < e->n; i++) {
		const struct dg_grubvar *v = &e->v[i];

		if (*v->name)
			fprintf(f, "%s=", v->name);
		for (const char *p = v->value; *p; p++) {
			if (*v->name && (*p == '\\' || *p == '\n'))
				fputc('\\', f);
			fputc(*p, f);
		}
		fputc('\n', f);
	}
	fflush(f);
	for (size_t at = len; at < size; at++)
		fputc('#', f);
	if (fclose(f) != 0)
		return -ENOMEM;
	if (len > size)
		return -ENOSPC;
	*ret = dg_take(text);
	return 0;
}

int dg_grubenv_read(const char *path, struct dg_grubenv *e)
{
	dg_auto_free void *data = NULL;
	size_t len;
	int r = dg_file_read(path, BLOCK_MAX, &data, &len);

	return r < 0 ? r : dg_grubenv_parse(data, len, e);
}

int dg_grubenv_write(const char *path, const struct dg_grubenv *e)
{
	dg_auto_free void *old = NULL;
	dg_auto_free char *block = NULL;
	size_t size = BLOCK_SIZE;
	int r = dg_file_read(path, BLOCK_MAX, &old, &size);

	if (r < 0 && r != -ENOENT)
		return r;
	r = dg_grubenv_format(e, size, &block);
	return r < 0 ? r : dg_file_write(path, block, size, 0644);
}
