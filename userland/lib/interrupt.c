// SPDX-License-Identifier: GPL-2.0-or-later
#include "interrupt.h"

#include <errno.h>
#include <signal.h>

static volatile sig_atomic_t asked;

static void note(int number)
{
	asked = number;
}

void dg_interrupt_defer(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
	struct sigaction old;

	for (size_t i = 0; i < DG_ARRAY_SIZE(numbers); i++)
		/* Ignored before (nohup) stays ignored. */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
}

int dg_interrupted(void)
{
	return asked;
}

int dg_interrupt_diag(struct dg_diag *d)
{
	return dg_diag_set(d, -ECANCELED, NULL, "run it again when it suits",
			   "stopped by SIG%s before anything was switched", asked ? sigabbrev_np(asked) : "TERM");
}
