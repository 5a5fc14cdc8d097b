// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wait for the depots, repair as each appears, end when nothing waits; with
 * --stay not before nothing can come: a depot on a file system of its own may be
 * unmounted, and mounted again with other content.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "cmd.h"
#include "gating.h"
#include "job.h"
#include "lib/fs.h"
#include "lib/lazy.h"
#include "lib/mounts.h"
#include "lib/probe.h"
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
	struct dg_probe *seen; /* of each product's depot, before the last look */
	bool silent;	       /* one of them is out of reach: nothing will tell when it is back */
	bool apart;	       /* one of them is not there, or not on the root file system */
};

/* Seconds between looks at what is out of reach: each may trigger an automount, and its mounter's complaints. */
#define PATIENCE 15
#define PATIENCE_MOST 600

/* Before looking, so that what changes while we look wakes us after. */
static void arm(struct watch *w)
{
	const char *root = w->job.context->root;
	struct dg_probe here;

	dg_mounts_forget(w->mounts);
	w->silent = w->apart = false;
	(void)dg_probe("/", root, &here);
	for (size_t i = 0; i < w->job.config->n_products; i++) {
		const char *depot = w->job.config->products[i].depot;
		dg_auto_free char *path = depot ? dg_path_join(root, depot) : NULL;
		int r;

		if (!path)
			continue;
		r = dg_probe(root, depot, &w->seen[i]);
		w->apart |= r < 0 || w->seen[i].mount != here.mount || w->seen[i].device != here.device;
		if (dg_probe_is_silence(r) || dg_mount_is_automount(root, depot))
			w->silent = true;
		else
			(void)dg_mounts_watch(w->mounts, path);
	}
}

/* Of all that is mounted on a machine, little is a depot. */
static bool depots_changed(struct watch *w)
{
	const char *root = w->job.context->root;
	bool changed = false;

	for (size_t i = 0; i < w->job.config->n_products; i++) {
		const char *depot = w->job.config->products[i].depot;
		struct dg_probe now = { 0 };

		if (!depot)
			continue;
		/* An automount that was left alone so long that it went is not triggered for that. */
		if (!dg_mount_is_automount(root, depot)) {
			(void)dg_probe(root, depot, &now);
			changed |= memcmp(&now, &w->seen[i], sizeof(now)) != 0;
		}
		w->seen[i] = now;
	}
	return changed;
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

/* One look and what it allows. Returns how many still wait, or -errno. */
static ssize_t look(struct watch *w, struct dg_kernel *k)
{
	dg_auto(dg_repair_freep) struct dg_repair *r = NULL;
	struct dg_diag d = { 0 };
	int err = dg_repair_run(w->job.context->root, w->job.config, k, 0, &r, &d);

	if (err < 0) {
		dg_job_error(&w->job, err, &d);
		return err;
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
	return (ssize_t)dg_waiting_record(r->after);
}

/* Until there is something to look at. False: to stop. */
static bool wait_for_depots(struct watch *w, int *patience)
{
	struct dg_diag d;
	int event;

	do {
		event = dg_mounts_wait(w->mounts, w->stop_fd, w->silent ? *patience : -1);
		if (event < 0) {
			dg_diag_errno(&d, event, "/proc/self/mountinfo", "wait for mounts");
			dg_job_error(&w->job, event, &d);
		}
		if (event == DG_MOUNTS_LATER)
			*patience = *patience * 2 < PATIENCE_MOST ? *patience * 2 : PATIENCE_MOST;
		else
			*patience = PATIENCE;
	} while (event == DG_MOUNTS_CHANGED && !depots_changed(w));
	return event > DG_MOUNTS_STOP;
}

/* sd_notify(3), and libsystemd with it where there is somebody to tell. */
static struct {
	__typeof__(&sd_notify) notify;
} sd;
static const char *const sd_names[] = { "sd_notify" };
static const struct dg_lazy libsystemd = { "libsystemd.so.0", sd_names, (void **)&sd, DG_ARRAY_SIZE(sd_names) };

static void tell_manager(struct dg_job *job, const char *what)
{
	struct dg_diag d = { 0 };

	if (!getenv("NOTIFY_SOCKET"))
		return;
	if (dg_lazy_load(&libsystemd) < 0)
		dg_job_error(job,
			     dg_diag_set(&d, -ELIBACC, libsystemd.soname, "install libsystemd",
					 "cannot be loaded: the service manager is not told"),
			     &d);
	else
		sd.notify(0, what);
}

static void watch_kernel(struct dg_job *job, struct dg_kernel *k)
{
	struct watch *w = (struct watch *)job;
	int patience = PATIENCE;
	char status[80];
	ssize_t n;

	/* How long the first look takes is nobody's to wait for. */
	tell_manager(job, "READY=1");
	for (;;) {
		arm(w);
		n = look(w, k);
		if (n < 0)
			return;
		n += (ssize_t)dg_ready_waiting(job, k->release);
		dg_gate_renew(job);
		fflush(stdout);
		if (!n && !(job->context->stay && w->apart))
			return;
		snprintf(status, sizeof(status), "STATUS=%zd driver(s) waiting for the depot", n);
		tell_manager(job, n ? status : "STATUS=No driver waits; a depot that is mounted anew is looked at");
		if (!wait_for_depots(w, &patience))
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
		w.seen = calloc(w.job.config->n_products + 1, sizeof(*w.seen));
		if (!w.seen || w.stop_fd < 0 || dg_mounts_new(&w.mounts) < 0) {
			dg_report_note("cannot watch mounts", "check that /proc is mounted");
			dg_job_raise(&w.job, DG_EXIT_UNKNOWN);
		} else {
			dg_job_each_kernel(&w.job, watch_kernel);
		}
	}
	free(w.seen);
	dg_mounts_free(w.mounts);
	dg_closep(&w.stop_fd);
	return dg_job_end(&w.job);
}
