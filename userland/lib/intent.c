// SPDX-License-Identifier: GPL-2.0-or-later
#include "intent.h"

#include <errno.h>
#include <fcntl.h>

#include "fs.h"
#include "manifest.h"
#include "record.h"

#define HEADING "drvguard-intent 1"

static const char *const names[] = { "stage", "force", "rollback", "remove", "revert" };

const char *dg_action_name(enum dg_action a)
{
	return a == DG_ACTION_FORCE ? "forced stage" : names[a];
}

bool dg_action_builds(enum dg_action a)
{
	return a == DG_ACTION_STAGE || a == DG_ACTION_FORCE || a == DG_ACTION_REMOVE;
}

static char *path_of(const char *root, const char *store)
{
	dg_auto_free char *inside = dg_format("%s/intent", store);

	return inside ? dg_path_join(root, inside) : NULL;
}

int dg_intent_write(const char *root, const char *store, const struct dg_intent *i, struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store);
	dg_auto_free char *body = dg_format(HEADING "\naction %s\nrelease %s\nfrom %u\nto %u\n", names[i->action],
					    i->release, i->from, i->to);
	int r = path && body ? dg_record_write(path, body) : -ENOMEM;

	return r < 0 ? dg_diag_errno(d, r, path, "record what is to be done") : 0;
}

static bool take_action(const char *word, enum dg_action *ret)
{
	for (size_t i = 0; i < DG_ARRAY_SIZE(names); i++)
		if (dg_streq(word, names[i])) {
			*ret = (enum dg_action)i;
			return true;
		}
	return false;
}

static bool take_generation(const char *word, unsigned int *ret)
{
	unsigned long long n;

	if (!dg_record_number(word, DG_GENERATION_MAX, &n))
		return false;
	*ret = (unsigned int)n;
	return true;
}

static bool take_release(const char *word, struct dg_intent *ret)
{
	return dg_release_valid(word) &&
	       (size_t)snprintf(ret->release, sizeof(ret->release), "%s", word) < sizeof(ret->release);
}

static bool take(struct dg_intent *i, size_t line, const char *word)
{
	switch (line) {
	case 0:
		return take_action(word, &i->action);
	case 1:
		return take_release(word, i);
	default:
		return take_generation(word, line == 2 ? &i->from : &i->to);
	}
}

static bool parse(char *body, struct dg_intent *ret)
{
	static const char *const keys[] = { "action ", "release ", "from ", "to " };
	struct dg_intent i = { 0 };

	for (size_t line = 0; line < DG_ARRAY_SIZE(keys); line++) {
		const char *word = dg_record_next(&body, keys[line]);

		if (!word || !take(&i, line, word))
			return false;
	}
	if (*body)
		return false;
	*ret = i;
	return true;
}

int dg_intent_read(const char *root, const char *store, struct dg_intent *ret, struct dg_diag *d)
{
	dg_auto_free char *path = path_of(root, store), *body = NULL;
	int r = path ? dg_record_read(path, HEADING, &body, d) : -ENOMEM;

	*ret = (struct dg_intent){ 0 };
	if (r < 0)
		return r;
	return parse(body, ret) ? 0 : dg_diag_set(d, -EBADMSG, path, "remove it", "is not of an intent's form");
}

int dg_intent_clear(const char *root, const char *store)
{
	dg_auto_free char *path = path_of(root, store);

	return path ? dg_file_remove(path) : -ENOMEM;
}

void dg_intent_tidy(const char *root, const char *store)
{
	dg_auto_free char *dir = dg_path_join(root, store), *path = dir ? dg_format("%s/.intent.new", dir) : NULL;

	if (path && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		(void)unlink(path);
}
