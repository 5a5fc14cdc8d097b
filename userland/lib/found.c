// SPDX-License-Identifier: GPL-2.0-or-later
#include "found.h"

#include <errno.h>
#include <sys/stat.h>

#include "fs.h"
#include "manifest.h"

static int read_generation(const char *dir, const char *number, struct dg_events *ret)
{
	dg_auto_free char *path = dg_format("%s/%s/manifest", dir, number);
	dg_auto(dg_manifest_freep) struct dg_manifest *m = NULL;
	struct stat st;

	if (!path)
		return -ENOMEM;
	if (strspn(number, "0123456789") != strlen(number) || dg_manifest_read(path, &m, NULL) < 0 ||
	    stat(path, &st) < 0)
		return 0;
	for (size_t i = 0; i < m->n_entries; i++) {
		const struct dg_manifest_entry *entry = &m->entries[i];
		dg_auto_free char *id = dg_format("found.%s.%s.%s", m->release, number, entry->name);
		const struct dg_event e = { .id = id,
					    .time = st.st_mtime,
					    .action = "found",
					    .driver = entry->name,
					    .kernel = m->release,
					    .generation_to = (unsigned int)strtoul(number, NULL, 10),
					    .version_to = entry->version,
					    .sha256_to = entry->sha256,
					    .verdict = dg_verdict_name(entry->verdict),
					    .detail = entry->source };

		if (!id || dg_events_add(ret, &e) < 0)
			return -ENOMEM;
	}
	return 0;
}

int dg_found_read(const char *root, const char *store, struct dg_events *ret)
{
	dg_auto_free char *inside = store ? dg_format("%s/kernels", store) : NULL, *home = NULL;
	char **releases = NULL;
	int r = 0;

	if (!inside || dg_path_resolve(root, inside, &home) < 0 || dg_dir_list(home, &releases) < 0)
		return 0;
	for (char **release = releases; *release && r == 0; release++) {
		dg_auto_free char *dir = dg_format("%s/%s", home, *release);
		char **numbers = NULL;

		if (!dir || dg_dir_list(dir, &numbers) < 0)
			continue;
		for (char **number = numbers; *number && r == 0; number++)
			r = read_generation(dir, *number, ret);
		dg_strv_free(numbers);
	}
	dg_strv_free(releases);
	dg_events_sort(ret);
	return r;
}
