// SPDX-License-Identifier: GPL-2.0-or-later
#include "gating.h"

#include "lib/bootdefault.h"
#include "lib/gate.h"
#include "readying.h"
#include "report.h"

bool dg_gate_apply(struct dg_job *job)
{
	dg_auto_free char *held = NULL;
	struct dg_diag d = { 0 }, told;
	int r = dg_gate_settle(job->context->root, job->config, &held, &d);

	if (held) {
		dg_diag_set(&told, 0, "gate", "stage what a newer one lacks, and it is given back",
			    "the boot default is held on %s, the newest kernel that has all its drivers", held);
		dg_tell_loudly(job, &told);
	}
	if (r < 0)
		dg_tell_loudly(job, &d);
	return r == 0 || !job->config->gate;
}

void dg_gate_renew(struct dg_job *job)
{
	dg_auto_free char *before = NULL, *held = NULL;
	struct dg_diag d = { 0 };
	int r;

	if (dg_bootdefault_held(job->context->root, &before) < 0 || !before)
		return;
	r = dg_gate_settle(job->context->root, job->config, &held, &d);
	if (r < 0)
		dg_report_error(r, &d);
	else if (!held && !job->context->json)
		printf("the boot default is not held on %s any more\n", before);
}
