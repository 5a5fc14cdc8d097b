/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of what drvguard did: SQLite in ROOT/var/lib/drvguard/state.db, readable
 * by all. It is memory, not truth: nothing is decided by it, and its failing fails
 * no action. What cannot be recorded there (yet) waits in ROOT/run/drvguard/history
 * (spool.h) and is taken in once, by the next add or by a read that may write.
 *
 * A damaged database is moved aside to state.db.bad and made anew of the records
 * in it that are sound; one that is lost is begun with what the manifests under
 * STORE/kernels tell. One of a newer schema is not touched.
 *
 * Durable: each add is one transaction of a rollback journal, synced, directory and
 * all; a write-ahead log would cost a sync less and could not be read by those who
 * may not write. Nobody is waited for longer than some seconds.
 */
#ifndef DG_HISTORY_H
#define DG_HISTORY_H

#include "diag.h"
#include "event.h"

#define DG_HISTORY_SCHEMA 1

struct dg_history_filter {
	const char *const *drivers; /* ended by NULL, '-' and '_' being one; NULL: all */
	const char *kernel;	    /* NULL: all */
	int64_t since, until;	    /* seconds, both taken in; until 0: for ever */
};

/*
 * Record what was done, one event a driver, in one transaction: all or none.
 * @store is the configured store, for a rebuild (NULL: none then). With @n 0 it only
 * does what is due: takes in what waits, checks every record, rebuilds.
 *
 * 0: recorded, or waiting where the database is not there yet (no /var/lib, one
 * that fstab(5) mounts later, read-only, busy). Then @note is empty or has one remark to
 * tell, such as a rebuild. -errno with @note: the database cannot take it, and the record
 * waits, or it is lost where it cannot even wait. Nothing else is a caller's to do.
 */
int dg_history_add(const char *root, const char *store, const struct dg_event *events, size_t n, struct dg_diag *note);
/* The same where /var is not to be touched: what is recorded waits in /run for a later dg_history_add(). */
int dg_history_put_off(const char *root, const struct dg_event *events, size_t n, struct dg_diag *note);

/*
 * What was recorded and @f lets through, oldest first, what waits among it; free
 * @ret with dg_events_free(). Needs no permission to write. -errno with @note; else @note is as above.
 * -EBADMSG: damaged, and this process may not rebuild; -EPROTONOSUPPORT: a newer schema.
 */
int dg_history_read(const char *root, const char *store, const struct dg_history_filter *f, struct dg_events *ret,
		    struct dg_diag *note);

/*
 * For verify: whether the database is sound, each record by its digest. Writes nothing.
 * 0: sound, or none there. -EBADMSG with @d.
 */
int dg_history_check(const char *root, struct dg_diag *d);

#endif
