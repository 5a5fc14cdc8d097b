// SPDX-License-Identifier: GPL-2.0-or-later
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "found.h"
#include "fs.h"
#include "mounts.h"
#include "spool.h"
#include "who.h"

#define STATE_DIR "/var/lib/drvguard"
/* How long another writer, or a reader that holds the database, is waited for. */
#define PATIENCE_MS 5000
/* Nothing of ours is longer; what a hostile database holds is not even read. */
#define LENGTH_MAX (64 << 10)
/* More are not held in memory. */
#define ROWS_MAX 1000000

#define COLUMNS                                                                                                        \
	"time, generation_from, generation_to, result, id, actor, user, action, driver, kernel, version_from, "        \
	"version_to, sha256_from, sha256_to, verdict, detail, sum"

/* "dg" and, in the lower half, the schema. */
#define APPLICATION_ID 0x64670000

/* sum: the SHA-256 of the event's text form, so that a changed record shows. */
static const char make_schema[] =
	"CREATE TABLE events(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, generation_from INTEGER NOT NULL,"
	" generation_to INTEGER NOT NULL, result INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, actor TEXT, user TEXT,"
	" action TEXT NOT NULL, driver TEXT, kernel TEXT, version_from TEXT, version_to TEXT, sha256_from TEXT,"
	" sha256_to TEXT, verdict TEXT, detail TEXT, sum TEXT NOT NULL);"
	"CREATE INDEX events_time ON events(time);"
	"PRAGMA user_version = 1;"
	"PRAGMA application_id = 1684471809;";

enum { SUM_COLUMN = DG_EVENT_NUMBERS + DG_EVENT_TEXTS };

static void db_closep(sqlite3 **db)
{
	sqlite3_close_v2(*db);
}

static void stmt_finalizep(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

/* Of this boot, this moment, this process: no two are alike. Sorts as it happened. */
static char *make_id(void)
{
	static unsigned int counter;
	dg_auto_free char *boot = NULL;
	struct timespec now;

	(void)dg_file_read_line("/proc/sys/kernel/random/boot_id", &boot);
	clock_gettime(CLOCK_BOOTTIME, &now);
	return dg_format("%.36s.%lld.%09ld.%d.%u", boot ? boot : "0", (long long)now.tv_sec, now.tv_nsec, (int)getpid(),
			 counter++);
}

/* Copies with everything filled in that the caller left out. */
static int complete(const struct dg_event *events, size_t n, struct dg_events *ret)
{
	char user[100] = "";

	dg_who_user(user, sizeof(user));
	for (size_t i = 0; i < n; i++) {
		dg_auto_free char *id = make_id();
		struct dg_event e = events[i];

		if (!e.action || !*e.action)
			return -EINVAL;
		if (!id)
			return -ENOMEM;
		e.time = e.time ? e.time : (int64_t)time(NULL);
		e.actor = e.actor ? e.actor : dg_who_actor();
		e.user = e.user ? e.user : user;
		e.id = e.id ? e.id : id;
		if (dg_events_add(ret, &e) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Where. */

/* ROOT/var/lib/drvguard, physical. -ENOENT: not there (yet). */
static int state_dir(const char *root, bool make, char **ret)
{
	dg_auto_free char *mount = NULL, *lib = NULL, *dir = NULL;
	int r;

	if (dg_mount_awaited(root, STATE_DIR, &mount))
		return -ENOENT;
	r = dg_path_resolve(root, STATE_DIR, ret);
	if (r != -ENOENT || !make)
		return r;
	r = dg_path_resolve(root, "/var/lib", &lib);
	if (r < 0)
		return r;
	dir = dg_format("%s/drvguard", lib);
	r = dir ? dg_dir_make(dir) : -ENOMEM;
	if (r == 0)
		*ret = dg_take(dir);
	return r;
}

/* One drvguard writes at a time, so that a rebuild and the taking in are done once. */
static int lock(const char *dir, int *ret_fd)
{
	dg_auto_free char *path = dg_format("%s/lock", dir);
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (fd < 0)
		return path ? -errno : -ENOMEM;
	for (int i = 0; i < PATIENCE_MS / 5; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			*ret_fd = fd;
			return 0;
		}
		usleep(5000);
	}
	close(fd);
	return -EBUSY;
}

/* The database. */

static int db_error(sqlite3 *db)
{
	int code = sqlite3_extended_errcode(db);

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		/* A reader may not roll back what an interrupted writer left. */
		return code == SQLITE_READONLY ? -EROFS : -EACCES;
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return sqlite3_system_errno(db) ? -sqlite3_system_errno(db) : -EACCES;
	case SQLITE_IOERR:
		/* A file that cannot be read is as good as damaged. */
		return code == SQLITE_IOERR_READ ? -EBADMSG : -EIO;
	default:
		/* Damaged, no database, or not with our table in it. */
		return -EBADMSG;
	}
}

static int db_exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(db);
}

static int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : db_error(db);
}

/* Ours to make, so that it is readable by all whatever the umask. */
static int make_file(const char *path)
{
	dg_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	return fchmod(fd, 0644) < 0 ? -errno : 0;
}

/* -ENOENT: there is none. -EBADMSG: no regular file. */
static int db_open(const char *path, bool write, sqlite3 **ret)
{
	const int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOFOLLOW;
	dg_auto(db_closep) sqlite3 *db = NULL;
	struct stat st;
	int r = 0;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
		return db ? db_error(db) : -ENOMEM;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	/* Nothing in the file is run, however it came there. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	if (write)
		r = db_exec(db, "PRAGMA synchronous = EXTRA");
	if (r == 0)
		*ret = dg_take(db);
	return r;
}

static int db_number(sqlite3 *db, const char *sql, int64_t *ret)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;
	int r = db_prepare(db, sql, &s);

	if (r < 0)
		return r;
	if (sqlite3_step(s) != SQLITE_ROW)
		return db_error(db);
	*ret = sqlite3_column_int64(s, 0);
	return 0;
}

/* -ENODATA: made, and nothing in it yet. Both numbers must agree: a turned bit is no newer schema. */
static int db_schema(sqlite3 *db)
{
	int64_t version = 0, id = 0;
	int r = db_number(db, "PRAGMA user_version", &version);

	if (r == 0)
		r = db_number(db, "PRAGMA application_id", &id);
	if (r < 0)
		return r;
	if (version == 0 && id == 0)
		return -ENODATA;
	if (version <= 0 || id != APPLICATION_ID + version)
		return -EBADMSG;
	return version == DG_HISTORY_SCHEMA ? 0 : -EPROTONOSUPPORT;
}

static void row_event(sqlite3_stmt *s, struct dg_event *ret)
{
	*ret = (struct dg_event){ 0 };
	for (size_t i = 0; i < DG_EVENT_NUMBERS; i++)
		dg_event_set_number(ret, i, sqlite3_column_int64(s, (int)i));
	for (size_t i = 0; i < DG_EVENT_TEXTS; i++)
		*dg_event_text(ret, i) = (const char *)sqlite3_column_text(s, (int)(DG_EVENT_NUMBERS + i));
}

static bool row_is_sound(sqlite3_stmt *s)
{
	const char *sum = (const char *)sqlite3_column_text(s, SUM_COLUMN);
	char have[DG_SHA256_HEX];
	struct dg_event e;

	row_event(s, &e);
	return e.id && e.action && dg_event_digest(&e, have) == 0 && dg_streq(sum, have);
}

/* Those of @list whose id is not there yet. */
static int insert(sqlite3 *db, const struct dg_events *list)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;
	int r = db_prepare(db,
			   "INSERT OR IGNORE INTO events(" COLUMNS
			   ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			   &s);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct dg_event e = list->v[i];
		char sum[DG_SHA256_HEX];

		r = dg_event_digest(&e, sum);
		for (size_t k = 0; k < DG_EVENT_NUMBERS; k++)
			sqlite3_bind_int64(s, (int)k + 1, dg_event_number(&e, k));
		for (size_t k = 0; k < DG_EVENT_TEXTS; k++)
			sqlite3_bind_text(s, (int)(DG_EVENT_NUMBERS + k) + 1, *dg_event_text(&e, k), -1, SQLITE_STATIC);
		sqlite3_bind_text(s, SUM_COLUMN + 1, sum, -1, SQLITE_STATIC);
		if (r == 0 && sqlite3_step(s) != SQLITE_DONE)
			r = db_error(db);
		sqlite3_reset(s);
	}
	return r;
}

/* Every record by its digest, and the trees by SQLite. */
static int db_check(sqlite3 *db, size_t *ret_bad)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *check = NULL, *s = NULL;
	int r = db_prepare(db, "PRAGMA integrity_check(1)", &check), step;

	if (r == 0 && sqlite3_step(check) != SQLITE_ROW)
		r = db_error(db);
	if (r == 0 && !dg_streq((const char *)sqlite3_column_text(check, 0), "ok"))
		r = -EBADMSG;
	if (r == 0)
		r = db_prepare(db, "SELECT " COLUMNS " FROM events NOT INDEXED", &s);
	if (r < 0)
		return r;
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		*ret_bad += !row_is_sound(s);
	if (step != SQLITE_DONE)
		return db_error(db);
	return *ret_bad ? -EBADMSG : 0;
}

/* Those that no record speaks of. */
static int insert_found(sqlite3 *db, const struct dg_events *list, size_t *ret_n)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;
	int r = db_prepare(db, "SELECT 1 FROM events WHERE kernel = ? AND driver = ? AND generation_to = ?", &s);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct dg_event *e = &list->v[i];
		const struct dg_events one = { .v = e, .n = 1 };
		int step;

		sqlite3_bind_text(s, 1, e->kernel, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, e->driver, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, e->generation_to);
		step = sqlite3_step(s);
		sqlite3_reset(s);
		if (step == SQLITE_DONE) {
			r = insert(db, &one);
			*ret_n += r == 0;
		} else if (step != SQLITE_ROW) {
			r = db_error(db);
		}
	}
	return r;
}

/* Sound records of a damaged database, from both ends towards what cannot be read. */
static void salvage(const char *path, struct dg_events *ret)
{
	static const char *const ways[] = { "SELECT " COLUMNS " FROM events NOT INDEXED ORDER BY number",
					    "SELECT " COLUMNS " FROM events NOT INDEXED ORDER BY number DESC" };
	dg_auto(db_closep) sqlite3 *db = NULL;

	if (db_open(path, false, &db) < 0)
		return;
	for (size_t i = 0; i < DG_ARRAY_SIZE(ways); i++) {
		dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;
		int step = SQLITE_ERROR;

		if (db_prepare(db, ways[i], &s) < 0)
			return;
		while (ret->n < ROWS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
			struct dg_event e;

			row_event(s, &e);
			if (row_is_sound(s) && dg_events_add(ret, &e) < 0)
				return;
		}
		/* All were read: the other way there is nothing more. */
		if (step == SQLITE_DONE)
			return;
	}
}

/* Adding. */

struct update {
	const char *root, *store;
	char *dir, *path, *aside;
	struct dg_spool *waiting;
	const struct dg_events *fresh;
	struct dg_events saved; /* of a damaged database */
	bool damaged;
	size_t n_found;
};

static void update_end(struct update *u)
{
	dg_events_free(&u->saved);
	dg_spool_free(u->waiting);
	free(u->dir);
	free(u->path);
	free(u->aside);
}

/* One kept; what was kept before goes. */
static int put_aside(struct update *u)
{
	static const char *const parts[] = { "-journal", "-wal", "-shm", "" };

	for (size_t i = 0; i < DG_ARRAY_SIZE(parts); i++) {
		dg_auto_free char *from = dg_format("%s%s", u->path, parts[i]);
		dg_auto_free char *to = dg_format("%s%s", u->aside, parts[i]);
		int r = from && to ? dg_tree_remove(to) : -ENOMEM;

		if (r == 0 && rename(from, to) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return r;
	}
	u->damaged = true;
	salvage(u->aside, &u->saved);
	return dg_dir_sync(u->dir);
}

static int fill(sqlite3 *db, struct update *u)
{
	struct dg_events list = { 0 };
	int r = db_schema(db);
	bool empty = r == -ENODATA;

	if (empty)
		r = db_exec(db, make_schema);
	if (r == 0)
		r = insert(db, &u->saved);
	if (r == 0)
		r = insert(db, &u->waiting->events);
	if (r == 0)
		r = insert(db, u->fresh);
	/* Last: what is recorded already, or just now, was not lost. */
	if (r == 0 && empty)
		r = dg_found_read(u->root, u->store, &list);
	if (r == 0)
		r = insert_found(db, &list, &u->n_found);
	dg_events_free(&list);
	return r;
}

static int transact(struct update *u)
{
	dg_auto(db_closep) sqlite3 *db = NULL;
	size_t bad = 0;
	int r = make_file(u->path);

	if (r == 0)
		r = db_open(u->path, true, &db);
	if (r < 0)
		return r;
	/* With nothing to add, it is called to look after the database. */
	if (!u->fresh->n && !u->damaged && db_schema(db) == 0)
		r = db_check(db, &bad);
	if (r == 0)
		r = db_exec(db, "BEGIN IMMEDIATE");
	if (r == 0)
		r = fill(db, u);
	/* Closing it without undoes it. */
	return r == 0 ? db_exec(db, "COMMIT") : r;
}

static void remark(const struct update *u, struct dg_diag *note)
{
	if (u->damaged)
		dg_diag_set(note, 0, u->path, "nothing need be done: the damaged file is kept as state.db.bad",
			    "was damaged and is made anew: %zu records saved, %zu found in manifests", u->saved.n,
			    u->n_found);
	else if (u->n_found)
		dg_diag_set(note, 0, u->path, "nothing need be done: what is staged does not depend on it",
			    "there was no history, or it was lost: begun with %zu records found in manifests",
			    u->n_found);
	else if (u->waiting->n_bad)
		dg_diag_set(note, 0, u->waiting->dir, "look at them there: they are kept as *.bad",
			    "%zu waiting records are none and were not taken in", u->waiting->n_bad);
}

static int update(const char *root, const char *store, const struct dg_events *fresh, struct dg_diag *note)
{
	dg_auto(update_end) struct update u = { .root = root, .store = store, .fresh = fresh };
	dg_auto_close int fd = -1;
	int r = state_dir(root, true, &u.dir);

	if (r < 0)
		return r;
	u.path = dg_format("%s/state.db", u.dir);
	u.aside = dg_format("%s/state.db.bad", u.dir);
	r = u.path && u.aside ? lock(u.dir, &fd) : -ENOMEM;
	if (r == 0)
		r = dg_spool_read(root, &u.waiting);
	if (r == 0)
		r = transact(&u);
	/* Where only the file says of itself that it is read-only, a bit of it was turned. */
	if (r == -EROFS && access(u.path, W_OK) == 0)
		r = -EBADMSG;
	if (r == -EBADMSG) {
		r = put_aside(&u);
		if (r == 0)
			r = transact(&u);
	}
	if (r < 0)
		return r;
	dg_spool_clear(u.waiting);
	remark(&u, note);
	return 0;
}

/* The database is not there yet, or not to be had now; it will be. */
static bool comes_later(int r)
{
	return r == -ENOENT || r == -EROFS || r == -EBUSY;
}

static int tell_failure(int r, const char *root, struct dg_diag *note)
{
	dg_auto_free char *path = dg_path_join(root, STATE_DIR "/state.db");
	const char *where = path ? path : STATE_DIR "/state.db";

	if (r == -EPROTONOSUPPORT)
		return dg_diag_set(note, r, where, "use that drvguard: records wait in " DG_SPOOL_DIR " until then",
				   "was made by a newer drvguard");
	return dg_diag_set(note, r, where, "mend that: records wait in " DG_SPOOL_DIR " until then",
			   "cannot keep the history: %s", strerror(-r));
}

int dg_history_add(const char *root, const char *store, const struct dg_event *events, size_t n, struct dg_diag *note)
{
	struct dg_events fresh = { 0 };
	int r = complete(events, n, &fresh), waits = 0;

	if (note)
		*note = (struct dg_diag){ 0 };
	if (r == 0) {
		r = update(root, store, &fresh, note);
		for (size_t i = 0; r < 0 && i < fresh.n && waits == 0; i++)
			waits = dg_spool_put(root, &fresh.v[i]);
	} else {
		waits = r;
	}
	dg_events_free(&fresh);
	if (waits < 0)
		return dg_diag_set(note, waits, DG_SPOOL_DIR, "run as root, and make room in /run and /var",
				   "what was done is not recorded: %s", strerror(-waits));
	if (r == 0 || comes_later(r))
		return 0;
	return tell_failure(r, root, note);
}

int dg_history_put_off(const char *root, const struct dg_event *events, size_t n, struct dg_diag *note)
{
	struct dg_events fresh = { 0 };
	int r = complete(events, n, &fresh);

	*note = (struct dg_diag){ 0 };
	for (size_t i = 0; r == 0 && i < fresh.n; i++)
		r = dg_spool_put(root, &fresh.v[i]);
	dg_events_free(&fresh);
	return r < 0 ? dg_diag_set(note, r, DG_SPOOL_DIR, "make room in /run", "what was done is not recorded: %s",
				   strerror(-r))
		     : 0;
}

/* Reading. */

static bool lets_through(const struct dg_history_filter *f, const struct dg_event *e)
{
	if (e->time < f->since || (f->until && e->time > f->until))
		return false;
	if (f->kernel && !dg_streq(f->kernel, e->kernel))
		return false;
	return !f->drivers || (e->driver && dg_modname_in(f->drivers, e->driver));
}

static int read_rows(sqlite3 *db, const struct dg_history_filter *f, struct dg_events *ret)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;
	int step = SQLITE_ROW, r = db_schema(db);

	if (r == 0)
		r = db_prepare(db, "SELECT " COLUMNS " FROM events WHERE time >= ? AND time <= ? ORDER BY time, number",
			       &s);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	sqlite3_bind_int64(s, 1, f->since);
	sqlite3_bind_int64(s, 2, f->until ? f->until : INT64_MAX);
	while (ret->n < ROWS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct dg_event e;

		row_event(s, &e);
		if (lets_through(f, &e) && dg_events_add(ret, &e) < 0)
			return -ENOMEM;
	}
	return step == SQLITE_DONE || step == SQLITE_ROW ? 0 : db_error(db);
}

static bool has_id(sqlite3 *db, const char *id)
{
	dg_auto(stmt_finalizep) sqlite3_stmt *s = NULL;

	if (!db || db_prepare(db, "SELECT 1 FROM events WHERE id = ?", &s) < 0)
		return false;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	return sqlite3_step(s) == SQLITE_ROW;
}

/* What is not, or not yet, in the database (NULL: there is none). */
static int read_others(sqlite3 *db, const struct dg_events *others, const struct dg_history_filter *f,
		       struct dg_events *ret)
{
	for (size_t i = 0; i < others->n; i++)
		if (lets_through(f, &others->v[i]) && !has_id(db, others->v[i].id) &&
		    dg_events_add(ret, &others->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

struct reader {
	char *dir, *path; /* NULL: not there (yet) */
	bool may_write;
	struct dg_spool *waiting;
	struct dg_events found; /* instead of a database */
	struct dg_events list;
};

static void reader_end(struct reader *r)
{
	dg_events_free(&r->list);
	dg_events_free(&r->found);
	dg_spool_free(r->waiting);
	free(r->dir);
	free(r->path);
}

/* Where it is, what waits; whether there is something to be done about it. */
static int look(const char *root, struct reader *in, bool *ret_due)
{
	int r = state_dir(root, false, &in->dir);

	if (r == 0) {
		in->path = dg_format("%s/state.db", in->dir);
		if (!in->path)
			return -ENOMEM;
		*ret_due = access(in->path, F_OK) < 0;
		in->may_write = access(in->dir, W_OK) == 0 && (*ret_due || access(in->path, W_OK) == 0);
	}
	r = dg_spool_read(root, &in->waiting);
	if (r == 0 && (in->waiting->events.n || in->waiting->n_bad))
		*ret_due = true;
	return r;
}

static int read_all(const char *root, const char *store, const struct dg_history_filter *f, struct reader *in)
{
	dg_auto(db_closep) sqlite3 *db = NULL;
	int r = in->path ? db_open(in->path, in->may_write, &db) : -ENOENT;

	if (r == -ENOENT)
		r = dg_found_read(root, store, &in->found);
	else if (r == 0)
		r = read_rows(db, f, &in->list);
	if (r == 0)
		r = read_others(NULL, &in->found, f, &in->list);
	if (r == 0)
		r = read_others(db, &in->waiting->events, f, &in->list);
	return r;
}

static int upkeep(const char *root, const char *store, struct reader *in, struct dg_diag *note)
{
	const struct dg_events none = { 0 };
	int r = update(root, store, &none, note);

	if (r < 0)
		return r;
	dg_spool_free(dg_take(in->waiting));
	dg_events_free(&in->list);
	return dg_spool_read(root, &in->waiting);
}

static int tell_unread(int r, const struct reader *in, struct dg_diag *note)
{
	const char *where = in->path ? in->path : STATE_DIR;

	if (r == -EPROTONOSUPPORT)
		return dg_diag_set(note, r, where, "use that drvguard", "was made by a newer drvguard");
	if (r == -EBADMSG)
		return dg_diag_set(note, r, where, "run drvguard history as root: it is made anew of what is sound",
				   "is damaged");
	return dg_diag_set(note, r, where, "run as root, or check that path and its file system", "cannot be read: %s",
			   strerror(-r));
}

int dg_history_read(const char *root, const char *store, const struct dg_history_filter *f, struct dg_events *ret,
		    struct dg_diag *note)
{
	dg_auto(reader_end) struct reader in = { 0 };
	bool due = false;
	int r = look(root, &in, &due);

	if (note)
		*note = (struct dg_diag){ 0 };
	/* What cannot be brought up to date is read as it is. */
	if (r == 0 && due && in.may_write && upkeep(root, store, &in, note) == -ENOMEM)
		r = -ENOMEM;
	if (r == 0)
		r = read_all(root, store, f, &in);
	if (r == -EBADMSG && in.may_write && upkeep(root, store, &in, note) == 0)
		r = read_all(root, store, f, &in);
	if (r < 0)
		return tell_unread(r, &in, note);
	if (in.waiting->events.n && note && !note->what[0])
		dg_diag_set(note, 0, in.waiting->dir,
			    "nothing need be done: the next change that can write there takes them in",
			    "%zu records wait to be taken into " STATE_DIR "/state.db", in.waiting->events.n);
	dg_events_sort(&in.list);
	*ret = in.list;
	in.list = (struct dg_events){ 0 };
	return 0;
}

int dg_history_check(const char *root, struct dg_diag *d)
{
	dg_auto_free char *dir = NULL, *path = NULL;
	dg_auto(db_closep) sqlite3 *db = NULL;
	size_t bad = 0;
	int r = state_dir(root, false, &dir);

	if (r < 0)
		return 0;
	path = dg_format("%s/state.db", dir);
	r = path ? db_open(path, false, &db) : -ENOMEM;
	if (r == 0)
		r = db_schema(db);
	if (r == 0)
		r = db_check(db, &bad);
	if (r == -EBADMSG && bad)
		return dg_diag_set(d, r, path, "run drvguard repair: it is made anew of what is sound",
				   "%zu records were changed", bad);
	if (r == -EBADMSG)
		return dg_diag_set(d, r, path, "run drvguard repair: it is made anew of what is sound", "is damaged");
	/* Not there, not made yet, or a newer one's business. */
	return r == -ENOENT || r == -ENODATA || r == -EPROTONOSUPPORT ? 0 : dg_diag_errno(d, r, path, "check");
}
