/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRVGUARD_POLICY_H
#define _DRVGUARD_POLICY_H

#include <linux/types.h>

#include "uapi/drvguard.h"

/**
 * struct dg_build_id - the build-id of a module
 * @len: bytes of @bytes, 0 where the module has none
 */
struct dg_build_id {
	u8 len;
	u8 bytes[DRVGUARD_BUILD_ID_MAX];
};

/**
 * enum dg_standing - what a policy says of a module
 * @DG_UNGUARDED: nothing
 * @DG_PROVEN: a guarded driver, and a build proven for this kernel
 * @DG_UNPROVEN: a guarded driver in another build, or one without a build-id
 */
enum dg_standing {
	DG_UNGUARDED,
	DG_PROVEN,
	DG_UNPROVEN,
};

/**
 * struct dg_answer - what a policy says of a module, and why
 * @standing: see &enum dg_standing
 * @deny: refuse it when it may not run; else only tell
 * @renamed: its name is not guarded, but its build-id is that of a guarded driver
 * @known: its build-id stands in the policy, whatever is said of it
 */
struct dg_answer {
	enum dg_standing standing;
	bool deny;
	bool renamed;
	bool known;
};

struct dg_policy;

int dg_policy_parse(const char *text, size_t len, struct dg_policy **ret,
		    unsigned int *ret_line);
void dg_policy_free(struct dg_policy *policy);
const char *dg_policy_text(const struct dg_policy *policy, size_t *ret_len);
struct dg_answer dg_policy_ask(const struct dg_policy *policy, const char *name,
			       const struct dg_build_id *id);
bool dg_policy_is_tighter(const struct dg_policy *policy,
			  const struct dg_policy *than);
int dg_policy_selftest(void);

#endif /* _DRVGUARD_POLICY_H */
