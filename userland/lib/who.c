// SPDX-License-Identifier: GPL-2.0-or-later
#include "who.h"

#include <ctype.h>
#include <pwd.h>

#include "fs.h"

static bool login_uid(uid_t *ret)
{
	dg_auto_free char *text = NULL;
	unsigned long uid;

	if (dg_file_read_line("/proc/self/loginuid", &text) < 0 || !isdigit((unsigned char)*text))
		return false;
	uid = strtoul(text, NULL, 10);
	/* (uid_t)-1: no login, as of a service. */
	if (uid >= UINT32_MAX)
		return false;
	*ret = (uid_t)uid;
	return true;
}

const char *dg_who_actor(void)
{
	static const char *const actors[] = { "user", "boot", "hook", "watch" };
	const char *named = getenv("DRVGUARD_ACTOR");
	uid_t uid;

	for (size_t i = 0; i < DG_ARRAY_SIZE(actors); i++)
		if (dg_streq(named, actors[i]))
			return actors[i];
	return getenv("INVOCATION_ID") && !login_uid(&uid) ? "boot" : "user";
}

bool dg_who_is_switched_off(const char *root)
{
	dg_auto_free char *path = dg_path_join(root, "/proc/cmdline"), *line = NULL;
	const char *named = getenv("DRVGUARD_ACTOR");
	char *rest;

	if (!named || dg_streq(named, "user") || !path || dg_file_read_line(path, &line) < 0)
		return false;
	for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
		if (dg_streq(word, "drvguard=off"))
			return true;
	return false;
}

void dg_who_user(char *buf, size_t size)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw;
	uid_t uid = getuid();
	bool login = login_uid(&uid);

	/* Anyone can set it; only of root it is believed. */
	if (!login && uid == 0 && sudo && *sudo) {
		snprintf(buf, size, "%s", sudo);
		return;
	}
	/* Not asked for: early in boot there is nobody to ask, and names may come over a network. */
	pw = uid == 0 ? NULL : getpwuid(uid);
	if (uid == 0)
		snprintf(buf, size, "root");
	else if (pw)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%lu", (unsigned long)uid);
}
