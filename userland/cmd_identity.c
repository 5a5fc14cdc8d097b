// SPDX-License-Identifier: GPL-2.0-or-later
/* The running kernel: each fact, where it is from, and where sources disagree. */
#include <errno.h>
#include <stdarg.h>

#include "cmd.h"
#include "lib/kernel.h"
#include "lib/running.h"
#include "lib/pkgdb.h"
#include "report.h"

struct facts {
	struct dg_table table;
	struct json_object *list;
	struct dg_diags findings;
};

static void fact(struct facts *f, const char *name, const char *value, const char *source)
{
	struct json_object *o = json_object_new_object();
	bool known = value && *value;

	dg_table_row(&f->table, name, known ? value : "unknown", known ? source : NULL);
	dg_json_string(o, "fact", name);
	dg_json_string(o, "value", known ? value : NULL);
	dg_json_string(o, "source", known ? source : NULL);
	json_object_array_add(f->list, o);
}

DG_PRINTF(4, 5)
static void finding(struct facts *f, const char *where, const char *cure, const char *what, ...)
{
	struct dg_diag d;
	char text[300];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	dg_diag_set(&d, 0, where, cure, "%s", text);
	dg_diags_add(&f->findings, &d);
}

/* A fact two sources give: the module's when it is there, and it must be the other's too. */
static void both(struct facts *f, const char *name, const struct dg_running *now, const char *kmod, const char *other,
		 const char *other_source)
{
	char source[64];

	if (!now->kmod_abi) {
		fact(f, name, other, other_source);
		return;
	}
	snprintf(source, sizeof(source), "kmod, %s", other_source);
	fact(f, name, kmod, dg_streq(kmod, other) ? source : "kmod");
	if (*other && !dg_streq(kmod, other))
		finding(f, name, "trust kmod: it reads the initial namespace", "kmod says %s, %s says %s", kmod,
			other_source, other);
}

static void level(struct facts *f, const struct dg_running *now)
{
	const struct dg_level *l = now->kmod_abi ? &now->kmod_level : &now->level;
	const char *source = "release and version strings";
	char a[160], b[160];

	if (now->kmod_abi)
		source = dg_level_agree(&now->kmod_level, &now->level) ? "kmod, release and version strings" : "kmod";
	fact(f, "vendor", l->vendor, source);
	fact(f, "technology level", l->tl, source);
	fact(f, "service pack", l->sp, source);
	if (!now->kmod_abi || dg_level_agree(&now->kmod_level, &now->level))
		return;
	dg_level_format(&now->kmod_level, a, sizeof(a));
	dg_level_format(&now->level, b, sizeof(b));
	finding(f, "level", "trust kmod: it has the kernel's own macros", "kmod says %s, the strings say %s", a, b);
}

/* What lies on disk under the running kernel's name. */
static void disk(struct facts *f, const struct dg_context *c, const struct dg_running *now)
{
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	struct dg_diag d = { 0 };
	int r = dg_kernel_open(c->root, now->release, &k, &d);

	if (r < 0) {
		finding(f, d.where, "reinstall its package: nothing can be judged or staged for it", "%s", d.what);
		fact(f, "vermagic", now->kmod_vermagic, "kmod");
		return;
	}
	if (dg_kernel_reference(k, &d) < 0)
		finding(f, d.where, d.cure, "%s", d.what);
	both(f, "vermagic", now, now->kmod_vermagic, k->vermagic, "an in-tree module");
	fact(f, "image", k->image, "disk");
	if (!k->image)
		return;
	if (dg_kernel_build_id(k, &d) < 0 && d.what[0])
		finding(f, d.where, d.cure, "%s", d.what);
	fact(f, "image build-id", k->build_id, "disk");
	if (k->build_id[0] && now->build_id[0] && !dg_streq(k->build_id, now->build_id))
		finding(f, k->image, "reboot into it, or restore the package that is running",
			"is another build (%.12s...) than the running kernel (%.12s...)", k->build_id, now->build_id);
}

static void package(struct facts *f, const struct dg_running *now, const struct dg_package *p)
{
	char ours[200];

	snprintf(ours, sizeof(ours), "%s %s", p->name, p->version);
	if (!dg_streq(p->status, "installed"))
		finding(f, p->name, "finish it with: dpkg --configure -a", "the package is only %s", p->status);
	if (!dg_streq(p->release, now->release))
		return;
	fact(f, "package", ours, "dpkg");
	if (dg_streq(now->level.vendor, "debian") && now->level.sp[0] &&
	    dg_version_compare(p->version, now->level.sp) > 0)
		finding(f, p->name, "reboot to run what is installed",
			"version %s is installed, the running kernel of the same release is %s", p->version,
			now->level.sp);
}

static void packages(struct facts *f, const struct dg_context *c, const struct dg_running *now)
{
	struct dg_package *v;
	size_t n;

	if (dg_pkgdb_kernels(c->root, &v, &n) < 0) {
		fact(f, "package", NULL, NULL);
		return;
	}
	for (size_t i = 0; i < n; i++)
		package(f, now, &v[i]);
	free(v);
}

static void print(struct facts *f, const struct dg_context *c, const struct dg_running *now)
{
	if (c->json) {
		struct json_object *o = dg_json_begin();

		dg_table_end(&f->table, false);
		json_object_object_add(o, "facts", f->list);
		json_object_object_add(o, "findings", dg_json_problems(&f->findings));
		dg_json_end(o);
		return;
	}
	dg_table_end(&f->table, true);
	json_object_put(f->list);
	if (!now->kmod_abi && !c->quiet)
		puts("\nThe kernel module is not loaded: these are the other sources alone.");
	if (f->findings.n)
		putchar('\n');
	for (size_t i = 0; i < f->findings.n; i++)
		printf("%s: %s; %s\n", f->findings.v[i].where, f->findings.v[i].what, f->findings.v[i].cure);
}

enum dg_exit cmd_identity(const struct dg_context *c)
{
	struct facts f = { .list = json_object_new_array() };
	struct dg_running now;
	enum dg_exit code;

	if (dg_running_read(c->root, &now) < 0) {
		struct dg_diag d;

		json_object_put(f.list);
		dg_diag_set(&d, 0, c->root, "see drvguard kernels for those installed", "no kernel runs in this root");
		dg_report_error(-ENODATA, &d);
		return DG_EXIT_UNKNOWN;
	}
	dg_table_begin(&f.table, 3);
	dg_table_row(&f.table, "FACT", "VALUE", "SOURCE");
	both(&f, "release", &now, now.kmod_release, now.release, "uname");
	both(&f, "version", &now, now.kmod_version, now.version, "uname");
	both(&f, "machine", &now, now.kmod_machine, now.machine, "uname");
	level(&f, &now);
	fact(&f, "build-id", now.build_id, "/sys/kernel/notes");
	disk(&f, c, &now);
	packages(&f, c, &now);
	print(&f, c, &now);
	code = f.findings.n ? DG_EXIT_MISMATCH : DG_EXIT_OK;
	dg_diags_free(&f.findings);
	return code;
}
