/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was learnt of driver files, kept (cachefile.h) as "files" so that they
 * need not be read and hashed again to be told apart. Valid for exactly the file
 * it was learnt of: dg_file_id(). One that changed a moment ago is not kept. A
 * disk that rots leaves a file's times alone: who wants to know what lies on it
 * does not ask here (verify, repair, boot). In lines:
 *
 *   drvguard-files 1
 *   ID<TAB>SHA256<TAB>BYTES<TAB>BUILD-ID|-<TAB>NAME<TAB>VERSION<TAB>SRCVERSION<TAB>VERMAGIC<TAB>DEPENDS<TAB>PATH
 *   end SHA256-OF-ALL-ABOVE
 *
 * The digest and the bytes are those of the plain file; texts are escaped as
 * record.h says.
 */
#ifndef DG_FACTS_H
#define DG_FACTS_H

#include "modfile.h"

struct dg_facts;

/* What is kept under @root, if anything. Free with dg_facts_free(), which keeps what is new. */
int dg_facts_open(const char *root, struct dg_facts **ret);
void dg_facts_free(struct dg_facts *f);
void dg_facts_freep(struct dg_facts **f);

/*
 * What dg_modfile_read() and dg_modfile_hash() tell of @path, without its bytes:
 * what needs them calls dg_modfile_load() first. Errors are those of reading.
 */
int dg_facts_read(struct dg_facts *f, const char *path, struct dg_modfile **ret, struct dg_diag *d);

/* Take over @text, of the file's form less its last line; written to. false: it is of another form. */
bool dg_facts_take_kept(struct dg_facts *f, char *text);

#endif
