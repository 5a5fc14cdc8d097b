// SPDX-License-Identifier: GPL-2.0-or-later
/* Loaders whose one file names the kernel: extlinux (and U-Boot), the Raspberry Pi's firmware, Proxmox' pins. */
#include "nextloader.h"

#include <errno.h>
#include <strings.h>

#include "fs.h"

#define CONFIG_MAX ((size_t)256 << 10)

static char *read_text(const char *root, const char *inside)
{
	dg_auto_free char *path = NULL;
	void *data;
	size_t len;

	return dg_path_resolve(root, inside, &path) == 0 && dg_file_read(path, CONFIG_MAX, &data, &len) == 0 ? data
													     : NULL;
}

/* "KEY value" or "KEY=value": the value, its blanks cut off; NULL: another line. */
static char *value_of(char *line, const char *key, char sep)
{
	size_t n = strlen(key);
	char *v, *end;

	line += strspn(line, " \t");
	if (strncasecmp(line, key, n) != 0 || (sep == '=' ? line[n] != '=' : line[n] != ' ' && line[n] != '\t'))
		return NULL;
	v = line + n + 1;
	v += strspn(v, " \t");
	for (end = v + strlen(v); end > v && strchr(" \t\r", end[-1]);)
		*--end = '\0';
	return v;
}

/* extlinux. */

struct label {
	const char *name, *kernel;
};

int dg_next_extlinux(const char *root, struct dg_nextboot *n)
{
	static const char *const files[] = { "/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf",
					     "/boot/syslinux/syslinux.cfg" };
	static const char *const keys[] = { "linux", "kernel" };
	const char *file = NULL, *name = NULL, *menu_default = NULL, *ontimeout = NULL, *kernel = NULL;
	dg_auto_free char *text = NULL;
	struct label *v = NULL;
	size_t count = 0;
	char *save = NULL;
	int r = 0;

	for (size_t i = 0; i < DG_ARRAY_SIZE(files) && !text; i++) {
		file = files[i];
		text = read_text(root, file);
	}
	if (!text)
		return 0;
	n->loader = "extlinux";
	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		const char *value = value_of(line, "label", ' ');

		if (value) {
			r = DG_GROW(v, count);
			if (r == 0)
				v[count++] = (struct label){ value, NULL };
			continue;
		}
		if ((value = value_of(line, "default", ' ')))
			name = value;
		else if ((value = value_of(line, "ontimeout", ' ')))
			ontimeout = value;
		for (size_t i = 0; i < DG_ARRAY_SIZE(keys) && count; i++)
			if ((value = value_of(line, keys[i], ' ')))
				v[count - 1].kernel = value;
		if (count && (value = value_of(line, "menu", ' ')) && strcasecmp(value, "default") == 0)
			menu_default = v[count - 1].name;
	}
	name = ontimeout ? ontimeout : menu_default ? menu_default : name;
	for (size_t i = 0; i < count && name && r == 0; i++)
		if (strcmp(v[i].name, name) == 0)
			kernel = v[i].kernel;
	dg_next_evidence(n, "%s: default %s leads to %s", file, name ? name : "is not set",
			 kernel ? kernel : "no kernel");
	if (kernel && r == 0)
		r = dg_next_release(root, kernel, dg_next_dirs, &n->release);
	free(v);
	return r == -ENOMEM ? r : 1;
}

/* The Raspberry Pi. */

static int add_image(const char *root, const char *dir, const char *image, struct dg_nextboot *n)
{
	const char *const dirs[] = { dir, NULL };
	dg_auto_free char *release = NULL;
	int r = dg_next_release(root, image, dirs, &release);

	return r < 0 ? r : dg_next_candidate(n, release);
}

static const char *const firmware_images[] = { "kernel_2712.img", "kernel8.img", "kernel7l.img", "kernel7.img",
					       "kernel.img" };

int dg_next_raspberry(const char *root, struct dg_nextboot *n)
{
	static const char *const dirs[] = { "/boot/firmware", "/boot" };
	dg_auto_free char *text = NULL;
	const char *dir = NULL, *kernel = NULL;
	bool all = true, told = false, unclear = false;
	char *save = NULL;
	int r = 0;

	for (size_t i = 0; i < DG_ARRAY_SIZE(dirs) && !text; i++) {
		dg_auto_free char *inside = dg_format("%s/config.txt", dirs[i]);

		dir = dirs[i];
		text = inside ? read_text(root, inside) : NULL;
	}
	if (!text)
		return 0;
	n->loader = "Raspberry Pi firmware";
	for (char *line = strtok_r(text, "\n", &save); line && r != -ENOMEM; line = strtok_r(NULL, "\n", &save)) {
		const char *value;

		line += strspn(line, " \t");
		/* A section holds for some models only; which this is the file does not say. */
		if (*line == '[')
			all = strncasecmp(line, "[all]", 5) == 0;
		else if (dg_startswith(line, "include ") || value_of(line, "os_prefix", '='))
			unclear = true;
		else if ((value = value_of(line, "kernel", '=')) && all)
			kernel = value;
		else if (value) {
			r = add_image(root, dir, value, n);
			unclear = unclear || r < 0;
		}
	}
	if (kernel && r != -ENOMEM) {
		r = add_image(root, dir, kernel, n);
		told = r == 0;
	}
	for (size_t i = 0; i < DG_ARRAY_SIZE(firmware_images) && !kernel && r != -ENOMEM; i++) {
		r = add_image(root, dir, firmware_images[i], n);
		told = told || r == 0;
		unclear = unclear || r == -ENODATA;
	}
	if (r == -ENOMEM)
		return r;
	if (told && !unclear && n->candidates && !n->candidates[1]) {
		n->release = strdup(n->candidates[0]);
		dg_next_evidence(n, "%s/config.txt: %s%s", dir, kernel ? "kernel=" : "the images beside it",
				 kernel ? kernel : "");
	} else {
		dg_next_evidence(n, "%s/config.txt: which image it takes depends on the model, or cannot be read", dir);
	}
	return 1;
}

/* Proxmox, where proxmox-boot-tool writes boot partitions that are not mounted. */

static char *pin(const char *root, const char *file)
{
	char *text = read_text(root, file);

	if (text)
		text[strcspn(text, "\r\n \t")] = '\0';
	if (text && !dg_release_valid(text))
		free(dg_take(text));
	return text;
}

int dg_next_proxmox(const char *root, struct dg_nextboot *n)
{
	static const char once[] = "/etc/kernel/next-boot-pin", always[] = "/etc/kernel/proxmox-boot-pin";
	static const char uuids[] = "/etc/kernel/proxmox-boot-uuids";
	dg_auto_free char *text = read_text(root, uuids), *next = pin(root, once), *pinned = pin(root, always);

	if (!text || !*text)
		return 0;
	n->loader = "proxmox-boot-tool";
	n->once = next != NULL;
	if (next)
		dg_next_evidence(n, "%s: %s", once, next);
	else if (pinned)
		dg_next_evidence(n, "%s: %s", always, pinned);
	else
		dg_next_evidence(n, "%s: its boot partitions are not mounted, and no kernel is pinned", uuids);
	n->release = next ? dg_take(next) : dg_take(pinned);
	n->after = dg_take(pinned);
	if (!n->once)
		free(dg_take(n->after));
	return 1;
}
