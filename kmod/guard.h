/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_GUARD_H
#define _DRVGUARD_GUARD_H

#include <linux/types.h>

struct file;
struct poll_table_struct;

int dg_guard_init(void);
void dg_guard_exit(void);

int dg_guard_set_policy(const char *text, size_t len);
int dg_guard_copy_policy(char **ret, size_t *ret_len);

int dg_guard_set_mode(const char *word);
const char *dg_guard_mode(void);

unsigned int dg_guard_violations(void);
unsigned int dg_guard_await_violation(struct file *file,
				      struct poll_table_struct *wait);

#endif /* _DRVGUARD_GUARD_H */
