// SPDX-License-Identifier: GPL-2.0-or-later
/* Wait for the depots, repair as each appears, end when nothing waits. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "cmd.h"
#include "gating.h"
#include "job.h"
#include "lib/fs.h"
#include "lib/mounts.h"
#include "lib/repair.h"
#include "motd.h"
#include "readying.h"
#include "recording.h"
#include "report.h"
#include "waiting.h"

struct watch {
	struct dg_job job; /* first: the callback gets a pointer to it */
	struct dg_mounts *mounts;
	int stop_fd;
};

/* Before looking, so that what changes while we look wakes us after. */
static void arm(struct watch *w)
{
	dg_mounts_forget(w->mounts);
	for (size_t i = 0; i < w->job.config->n_products; i++) {
		const char *inside = w->job.config->products[i].depot;
		dg_auto_free char *depot = inside ? dg_path_join(w->job.context->root, inside) : NULL;

		if (depot)
			(void)dg_mounts_watch(w->mounts, depot);
	}
}

static void tell_loaded(const struct dg_repair *r, size_t i)
{
	const char *name = r->after->v[i].driver->name;

	if (r->load[i] == DG_LOAD_DONE)
		printf("%s: loaded\n", name);
	else if (r->load[i] == DG_LOAD_REBOOT)
		printf("%s: another build is loaded: reboot to run the staged one\n", name);
	else if (r->load[i] == DG_LOAD_FAILED)
		printf("%s: could not be loaded: %s\n", name, strerror(-r->load_error[i]));
}

/* One look and what it allows. Returns how many still wait. */
static size_t look(struct watch *w, struct dg_kernel *k)
{
	dg_auto(dg_repair_freep) struct dg_repair *r = NULL;
	struct dg_diag d = { 0 };
	int err = dg_repair_run(w->job.context->root, w->job.config, k, 0, &r, &d);

	if (err < 0) {
		dg_job_error(&w->job, err, &d);
		return 0;
	}
	dg_report_problems(&r->before->problems);
	dg_report_problems(&r->recovered);
	dg_report_problems(&r->remarks);
	if (r->stage_error < 0)
		dg_report_error(r->stage_error, &r->stage_problem);
	if (r->settle_error < 0)
		dg_report_error(r->settle_error, &r->settle_problem);
	/* How it stands now, not how it stood while it waited. */
	w->job.code = w->job.config->problems.n ? DG_EXIT_USAGE : DG_EXIT_OK;
	if (r->stage_error < 0 || r->settle_error < 0)
		dg_job_raise(&w->job, DG_EXIT_UNKNOWN);
	for (size_t i = 0; i < r->after->n; i++) {
		if (r->staged && r->staged->v[i].step == DG_STAGE_STAGED)
			printf("%s: staged from %s, %s\n", r->after->v[i].driver->name,
			       dg_show(r->before->v[i].best.file->path),
			       r->verified->n_findings ? "with findings: see drvguard verify" : "verified");
		tell_loaded(r, i);
		if (r->load[i] == DG_LOAD_FAILED)
			dg_job_raise(&w->job, DG_EXIT_MISMATCH);
		dg_job_raise(&w->job, dg_exit_of_standing(r->after, &r->after->v[i]));
	}
	fflush(stdout);
	dg_record_repair(&w->job, r);
	dg_motd_post(r->after, NULL);
	return dg_waiting_record(r->after);
}

static void watch_kernel(struct dg_job *job, struct dg_kernel *k)
{
	struct watch *w = (struct watch *)job;
	bool told = false;
	struct dg_diag d;
	size_t n;
	int r;

	for (;;) {
		arm(w);
		n = look(w, k) + dg_ready_waiting(job, k->release);
		dg_gate_renew(job);
		fflush(stdout);
		if (!told)
			sd_notify(0, "READY=1");
		told = true;
		if (!n)
			return;
		sd_notifyf(0, "STATUS=%zu driver(s) waiting for the depot", n);
		r = dg_mounts_wait(w->mounts, w->stop_fd);
		if (r < 0) {
			dg_diag_errno(&d, r, "/proc/self/mountinfo", "wait for mounts");
			dg_job_error(job, r, &d);
		}
		if (r <= 0)
			return;
	}
}

static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

enum dg_exit cmd_watch(const struct dg_context *c)
{
	struct watch w = { .stop_fd = -1 };

	if (dg_job_begin(&w.job, c)) {
		w.stop_fd = stop_signals();
		if (w.stop_fd < 0 || dg_mounts_new(&w.mounts) < 0) {
			dg_report_note("cannot watch mounts", "check that /proc is mounted");
			dg_job_raise(&w.job, DG_EXIT_UNKNOWN);
		} else {
			dg_job_each_kernel(&w.job, watch_kernel);
		}
	}
	dg_mounts_free(w.mounts);
	dg_closep(&w.stop_fd);
	return dg_job_end(&w.job);
}
