// SPDX-License-Identifier: GPL-2.0-or-later
/* Two threads that write one word without a word to each other, for a second: who looks for races has to see it. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static unsigned long racer_word;
static struct task_struct *racers[2];

static int race(void *unused)
{
	while (!kthread_should_stop()) {
		racer_word++;
		cond_resched();
	}
	return 0;
}

static void racer_stop(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(racers); i++)
		if (!IS_ERR_OR_NULL(racers[i]))
			kthread_stop(racers[i]);
}

static int __init racer_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(racers); i++)
		racers[i] = kthread_run(race, NULL, "racer%zu", i);
	msleep(1000);
	racer_stop();
	/* It has done its work: nothing to be unloaded. */
	return -ECANCELED;
}
module_init(racer_init);

MODULE_DESCRIPTION("a race, to be seen");
MODULE_LICENSE("GPL");
