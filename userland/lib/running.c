// SPDX-License-Identifier: GPL-2.0-or-later
#include "running.h"

#include <errno.h>
#include <sys/utsname.h>

#include "../../kmod/uapi/drvguard.h"
#include "fs.h"

#define STRING(x) #x
#define NAME(attr) STRING(attr)
#define ATTR(attr) DRVGUARD_SYSFS_DIR "/" NAME(attr)

/* One value file under @root into @buf, "" when it is not there. */
static bool read_value(const char *root, const char *path, char *buf, size_t size)
{
	dg_auto_free char *full = dg_path_join(root, path), *line = NULL;

	buf[0] = '\0';
	if (!full || dg_file_read_line(full, &line) < 0)
		return false;
	snprintf(buf, size, "%s", line);
	dg_printable(buf);
	return true;
}

static void read_notes(const char *root, const char *path, char build_id[DG_BUILD_ID_HEX])
{
	dg_auto_free char *full = dg_path_join(root, path);
	dg_auto_free void *data = NULL;
	struct dg_span notes;

	build_id[0] = '\0';
	if (!full || dg_file_read(full, 1 << 16, &data, &notes.len) < 0)
		return;
	notes.data = data;
	dg_notes_build_id(notes, false, build_id);
}

static void read_kmod(const char *root, struct dg_running *r)
{
	char number[32];

	if (!read_value(root, ATTR(DRVGUARD_ATTR_ABI), number, sizeof(number)))
		return;
	r->kmod_abi = (unsigned int)strtoul(number, NULL, 10);
	read_value(root, ATTR(DRVGUARD_ATTR_RELEASE), r->kmod_release, sizeof(r->kmod_release));
	read_value(root, ATTR(DRVGUARD_ATTR_VERSION), r->kmod_version, sizeof(r->kmod_version));
	read_value(root, ATTR(DRVGUARD_ATTR_MACHINE), r->kmod_machine, sizeof(r->kmod_machine));
	read_value(root, ATTR(DRVGUARD_ATTR_VERMAGIC), r->kmod_vermagic, sizeof(r->kmod_vermagic));
	if (read_value(root, ATTR(DRVGUARD_ATTR_MODULE_SIZE), number, sizeof(number)))
		r->kmod_module_size = strtoul(number, NULL, 10);
	read_value(root, ATTR(DRVGUARD_ATTR_VENDOR), r->kmod_level.vendor, sizeof(r->kmod_level.vendor));
	read_value(root, ATTR(DRVGUARD_ATTR_TECHNOLOGY_LEVEL), r->kmod_level.tl, sizeof(r->kmod_level.tl));
	read_value(root, ATTR(DRVGUARD_ATTR_SERVICE_PACK), r->kmod_level.sp, sizeof(r->kmod_level.sp));
}

static int read_names(const char *root, struct dg_running *r)
{
	struct utsname u;

	if (strcmp(root, "/") != 0) {
		if (!read_value(root, "/proc/sys/kernel/osrelease", r->release, sizeof(r->release)))
			return -ENODATA;
		read_value(root, "/proc/sys/kernel/version", r->version, sizeof(r->version));
		read_value(root, "/proc/sys/kernel/arch", r->machine, sizeof(r->machine));
		return 0;
	}
	if (uname(&u) < 0)
		return -errno;
	snprintf(r->release, sizeof(r->release), "%s", u.release);
	snprintf(r->version, sizeof(r->version), "%s", u.version);
	snprintf(r->machine, sizeof(r->machine), "%s", u.machine);
	return 0;
}

int dg_running_read(const char *root, struct dg_running *ret)
{
	struct dg_running r = { 0 };
	int err = read_names(root, &r);

	if (err < 0)
		return err;
	dg_level_parse(r.release, r.version, &r.level);
	read_notes(root, "/sys/kernel/notes", r.build_id);
	read_kmod(root, &r);
	*ret = r;
	return 0;
}

void dg_running_boot_id(const char *root, char *buf, size_t size)
{
	read_value(root, "/proc/sys/kernel/random/boot_id", buf, size);
	if (strspn(buf, "0123456789abcdef-") != strlen(buf))
		buf[0] = '\0';
}

static bool module_file(const char *root, const char *name, const char *leaf, char *buf, size_t size)
{
	dg_auto_free char *path = dg_format("/sys/module/%s/%s", name, leaf);

	return path && read_value(root, path, buf, size);
}

void dg_loaded_read(const char *root, const char *name, struct dg_loaded *ret)
{
	dg_auto_free char *notes = dg_format("/sys/module/%s/notes/.note.gnu.build-id", name);
	char state[32];

	*ret = (struct dg_loaded){ 0 };
	/* Built-in code has a directory too, but no initstate. */
	if (!module_file(root, name, "initstate", state, sizeof(state)))
		return;
	ret->loaded = true;
	module_file(root, name, "version", ret->version, sizeof(ret->version));
	module_file(root, name, "srcversion", ret->srcversion, sizeof(ret->srcversion));
	module_file(root, name, "taint", ret->taint, sizeof(ret->taint));
	if (notes)
		read_notes(root, notes, ret->build_id);
}
