// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What package managers call when a kernel has come or gone. It ends well whatever
 * happened, since a driver is no reason to leave a kernel half installed; what is not
 * well is told to the terminal, the system's log and the next login. Only where a gate
 * was asked for and the boot default cannot be held is it a failure.
 */
#include <errno.h>
#include <signal.h>

#include "cmd.h"
#include "gating.h"
#include "job.h"
#include "lib/cleanup.h"
#include "lib/fs.h"
#include "lib/generation.h"
#include "lib/ready.h"
#include "lib/releases.h"
#include "lib/running.h"
#include "lib/tool.h"
#include "lib/transaction.h"
#include "motd.h"
#include "readying.h"
#include "recording.h"
#include "report.h"
#include "settling.h"

struct hook {
	struct dg_job job;
	char **releases;
	int lock; /* -1: it could not be had, and nothing is changed */
	struct dg_diag lock_problem;
	size_t waiting;
	bool barred; /* by the gate, which could not be had otherwise */
};

/*
 * Judged was the kernel as it is installed. The one of that name that runs may load the driver before it boots anew; if
 * it is another build, it is not touched (dg_settle()).
 */
static void settle_running(struct hook *h, struct dg_kernel *k)
{
	struct dg_running now;
	struct dg_diag d = { 0 };
	int r = 0;

	if (h->lock >= 0 && dg_running_read(h->job.context->root, &now) == 0 && dg_streq(now.release, k->release))
		r = dg_settle_job(&h->job, k, &d);
	if (r < 0)
		dg_tell_loudly(&h->job, &d);
}

static void add_one(struct hook *h, const char *release)
{
	const struct dg_context *c = h->job.context;
	dg_auto(dg_kernel_freep) struct dg_kernel *k = NULL;
	dg_auto(dg_ready_freep) struct dg_ready *r = NULL;
	struct dg_diag d = { 0 };
	int err = dg_kernel_open(c->root, release, &k, &d);

	/* Headers come without their kernel, and lists name directories that stay behind. */
	if (err == -ENOENT)
		return;
	if (err == 0)
		err = h->lock < 0 ? dg_ready_look(c->root, h->job.config, k, &r, &d)
				  : dg_ready_make(c->root, h->job.config, k, c->no_initramfs, &r, &d);
	if (err < 0) {
		if (!d.what[0])
			dg_diag_errno(&d, err, release, "look at that kernel");
		dg_tell_loudly(&h->job, &d);
		return;
	}
	h->waiting += dg_ready_report(&h->job, r, h->lock < 0 ? &h->lock_problem : NULL, true);
	dg_record_lacks(&h->job, r->after);
	settle_running(h, k);
}

/* Wait for the depot also where everything was well until now; it may be mounted before the reboot. */
static void start_watch(const struct hook *h)
{
	static const char *const start[] = { "systemctl", "start", "--no-block", "drvguard-watch.service", NULL };
	char said[200];

	if (h->waiting && dg_streq(h->job.context->root, "/") && dg_path_is_dir("/run/systemd/system"))
		(void)dg_tool_run("/", start, said, sizeof(said));
}

static void remove_one(struct hook *h, const char *release)
{
	const struct dg_context *c = h->job.context;
	dg_auto(dg_cleanup_freep) struct dg_cleanup *plan = NULL;
	struct json_object *o = json_object_new_object();
	struct dg_diag d = { 0 };
	int r = h->lock < 0 ? -EBUSY : dg_cleanup_plan_gone(c->root, h->job.config, release, &plan, &d);

	if (h->lock < 0)
		d = h->lock_problem;
	if (r == 0)
		r = dg_cleanup_run(plan, &d);
	if (r < 0)
		dg_report_error(r, &d);
	if (r == 0 && plan->n) {
		dg_job_record(
			&h->job,
			&(struct dg_event){ .action = "cleanup", .kernel = release, .detail = "the kernel is gone" },
			1);
		if (!c->json)
			printf("kernel %s: gone, and with it what was staged for it\n", release);
	}
	dg_json_string(o, "release", release);
	json_object_object_add(o, "removed", json_object_new_boolean(r == 0 && plan->n));
	json_object_array_add(h->job.list, o);
}

static int name_releases(struct hook *h, bool add, const char *which)
{
	const struct dg_context *c = h->job.context;

	if (dg_streq(which, "-"))
		return dg_releases_read(stdin, &h->releases);
	if (dg_streq(which, "all"))
		return add ? dg_kernel_list(c->root, &h->releases)
			   : dg_generation_releases(c->root, h->job.config->store, &h->releases);
	h->releases = calloc(2, sizeof(*h->releases));
	return h->releases && (h->releases[0] = strdup(which)) ? 0 : -ENOMEM;
}

static void run(struct hook *h, bool add, const char *which)
{
	const struct dg_context *c = h->job.context;
	struct dg_diags remarks = { 0 };
	struct dg_diag d;
	int r = name_releases(h, add, which);

	if (r < 0) {
		dg_report_error(r, (dg_diag_errno(&d, r, which, "find out which kernels that is about:"), &d));
		return;
	}
	/* Without drivers, and without kernels, there is nothing to do; no store is made for that. */
	if (!*h->releases || (add && !h->job.config->n_drivers))
		return;
	r = dg_transaction_lock(c->root, h->job.config->store, &h->lock, &remarks, &h->lock_problem);
	if (r < 0 && !h->lock_problem.what[0])
		dg_diag_errno(&h->lock_problem, r, h->job.config->store, "take the lock");
	if (r < 0)
		dg_report_error(r, &h->lock_problem);
	dg_report_problems(&remarks);
	if (remarks.n)
		dg_record_recovery(&h->job, &remarks);
	dg_diags_free(&remarks);
	for (char **release = h->releases; *release; release++)
		if (add)
			add_one(h, *release);
		else if (dg_release_valid(*release))
			remove_one(h, *release);
	dg_motd_tidy(c->root);
	h->barred = !dg_gate_apply(&h->job) && add;
	dg_job_print(&h->job);
	start_watch(h);
}

enum dg_exit cmd_hook(const struct dg_context *c)
{
	struct hook h = { .lock = -1 };
	bool add = dg_streq(c->args[0], "add");

	if ((!add && !dg_streq(c->args[0], "remove")) || !c->args[1] || c->args[2]) {
		dg_report_note("hook is called as hook add|remove REL|all|-", "see drvguard(8)");
		return DG_EXIT_USAGE;
	}
	/* Nobody who stops reading what we say may end us in the middle. */
	signal(SIGPIPE, SIG_IGN);
	if (dg_job_begin(&h.job, c))
		run(&h, add, c->args[1]);
	dg_strv_free(h.releases);
	dg_closep(&h.lock);
	(void)dg_job_end(&h.job);
	/* Nor is it a kernel's failure that it could not be told. */
	if (fflush(stdout) != 0)
		(void)!freopen("/dev/null", "w", stdout);
	return h.barred ? DG_EXIT_MISMATCH : DG_EXIT_OK;
}
