/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands, one a file. Each returns its exit code. */
#ifndef DG_CMD_H
#define DG_CMD_H

#include "context.h"

enum dg_exit cmd_identity(const struct dg_context *c);
enum dg_exit cmd_kernels(const struct dg_context *c);
enum dg_exit cmd_check(const struct dg_context *c);
enum dg_exit cmd_explain(const struct dg_context *c);
enum dg_exit cmd_preflight(const struct dg_context *c);
enum dg_exit cmd_status(const struct dg_context *c);
enum dg_exit cmd_stage(const struct dg_context *c);
enum dg_exit cmd_verify(const struct dg_context *c);
enum dg_exit cmd_rollback(const struct dg_context *c);
enum dg_exit cmd_commit(const struct dg_context *c);
enum dg_exit cmd_remove(const struct dg_context *c);
enum dg_exit cmd_cleanup(const struct dg_context *c);
enum dg_exit cmd_repair(const struct dg_context *c);
enum dg_exit cmd_boot(const struct dg_context *c);
enum dg_exit cmd_watch(const struct dg_context *c);
enum dg_exit cmd_hook(const struct dg_context *c);
enum dg_exit cmd_history(const struct dg_context *c);
enum dg_exit cmd_initramfs(const struct dg_context *c);
enum dg_exit cmd_guard(const struct dg_context *c);

#endif
