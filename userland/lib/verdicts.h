/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one kernel's loader said of files before, kept (cachefile.h) as
 * verdicts-RELEASE, so that neither their bytes nor the kernel's symbols need be
 * looked at again. A verdict holds as long as all it rests on is the same: the
 * file by its digest; the kernel's image, symvers, configuration and indexes,
 * each module of its tree that was looked at, and drvguard itself by
 * dg_file_id(). What modprobe minds is not part of it (loader.h). Only good
 * verdicts are kept, and of those none that rests on drivers outside the kernel's
 * own tree, or on there being no module that exports a symbol. In lines:
 *
 *   drvguard-verdicts 1
 *   ground SHA256                          of what all of them rest on
 *   build-id HEX|-                         the kernel's
 *   vermagic TEXT
 *   rests ID<TAB>PATH                      a module that was looked at
 *   verdict SHA256<TAB>exact|kabi
 *   reason KIND<TAB>SYMBOL<TAB>WANT<TAB>HAVE<TAB>OWNER     of the verdict above; TEXT behind '=', or -
 *   end SHA256-OF-ALL-ABOVE
 *
 * Texts are escaped as record.h says.
 */
#ifndef DG_VERDICTS_H
#define DG_VERDICTS_H

#include "loader.h"

struct dg_verdicts;

/* What is kept of @k, which is borrowed. Free with dg_verdicts_free(), which keeps what is new. */
int dg_verdicts_open(struct dg_kernel *k, struct dg_verdicts **ret);
void dg_verdicts_free(struct dg_verdicts *v);

/*
 * What dg_loader_judge_alone() said of @m, of which only name, path and digest are
 * looked at. 1: *ret is it. 0: it has to be asked. -ENOMEM.
 */
int dg_verdicts_find(struct dg_verdicts *v, const struct dg_modfile *m, struct dg_judgement **ret);
/* It was asked, and said @j: kept, if that can be. */
void dg_verdicts_keep(struct dg_verdicts *v, const struct dg_modfile *m, const struct dg_judgement *j);

/* The kernel's vermagic, by what is kept; "" unknown. */
const char *dg_verdicts_vermagic(const struct dg_verdicts *v);

/*
 * Take over @text, of the file's form less its last line, if it rests on @ground;
 * written to. false: it does not, or has another form; nothing of it holds then.
 */
bool dg_verdicts_take_kept(struct dg_verdicts *v, char *text, const char *ground);
/* One with nothing in it, and nothing kept of it. For tests. */
int dg_verdicts_new(struct dg_kernel *k, struct dg_verdicts **ret);

#endif
