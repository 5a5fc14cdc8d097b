// SPDX-License-Identifier: GPL-2.0-or-later
#include "settling.h"

#include "lib/settle.h"
#include "report.h"
#include "waiting.h"

int dg_settle_job(struct dg_job *job, struct dg_kernel *k, struct dg_diag *d)
{
	dg_auto(dg_survey_freep) struct dg_survey *s = NULL;
	struct dg_diags remarks = { 0 };
	int r = dg_survey_take(job->context->root, job->config, k, 0, &s, d);

	if (r == 0 && s->running) {
		(void)dg_waiting_record(s);
		r = dg_settle(s, &remarks, d);
	}
	dg_report_problems(&remarks);
	dg_diags_free(&remarks);
	return r;
}
