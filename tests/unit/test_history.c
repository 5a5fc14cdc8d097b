// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "lib/history.h"
#include "lib/manifest.h"
#include "lib/spool.h"
#include "lib/who.h"

#define DB "/var/lib/drvguard/state.db"
#define STORE "/usr/lib/drvguard"
#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct dg_history_filter everything;

static struct dg_event event(const char *driver, int64_t when)
{
	return (struct dg_event){ .time = when,
				  .actor = "user",
				  .user = "alice",
				  .action = "stage",
				  .driver = driver,
				  .kernel = FX_RELEASE,
				  .version_to = "2.0" };
}

/* 0 and no remark. */
static void add_one(const char *root, const char *driver, int64_t when)
{
	const struct dg_event e = event(driver, when);
	struct dg_diag note;

	assert_int_equal(dg_history_add(root, STORE, &e, 1, &note), 0);
	assert_string_equal(note.what, "");
}

static struct dg_events read_all(const char *root, const struct dg_history_filter *f, struct dg_diag *note)
{
	struct dg_events list = { 0 };

	assert_int_equal(dg_history_read(root, STORE, f, &list, note), 0);
	return list;
}

/* The drivers of what is read, in order, as "a b c". */
static void expect_read(const char *root, const struct dg_history_filter *f, const char *want)
{
	struct dg_events list = read_all(root, f, NULL);
	char have[512] = "";

	for (size_t i = 0; i < list.n; i++) {
		strcat(have, i ? " " : "");
		strcat(have, list.v[i].driver);
	}
	dg_events_free(&list);
	fx_str(have, want);
}

static size_t waiting(const char *root)
{
	char **names;
	size_t n = 0;

	if (dg_dir_list(fx_at(root, DG_SPOOL_DIR), &names) < 0)
		return 0;
	for (char **name = names; *name; name++)
		n += !dg_endswith(*name, ".bad");
	dg_strv_free(names);
	return n;
}

/* The database by SQLite's own hand. */
static void sql(const char *root, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fx_at(root, DB), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void stage_generation(const char *root, const char *number, const char *version)
{
	char name[] = "scap", magic[] = "x", source[] = "/opt/scap.ko", path[128];
	dg_auto_free char *own = strdup(version), *text = NULL;
	const struct dg_manifest_entry e = {
		.name = name, .sha256 = SUM_A, .size = 1, .version = own, .vermagic = magic, .source = source
	};
	struct dg_manifest *m;

	assert_int_equal(dg_manifest_new(FX_RELEASE, "", &m), 0);
	assert_int_equal(dg_manifest_add(m, &e), 0);
	text = dg_manifest_format(m);
	dg_manifest_free(m);
	snprintf(path, sizeof(path), STORE "/kernels/" FX_RELEASE "/%s/manifest", number);
	fx_text(root, path, text);
}

static void test_history_every_member(void **state)
{
	const struct dg_event e = { .time = 1700000000,
				    .actor = "hook",
				    .user = "bob",
				    .action = "rollback",
				    .driver = "scap",
				    .kernel = FX_RELEASE,
				    .generation_from = 7,
				    .generation_to = UINT32_MAX,
				    .version_from = "2.0",
				    .version_to = "1.0",
				    .sha256_from = SUM_A,
				    .sha256_to = "ff",
				    .verdict = "kabi",
				    .result = ENOSPC,
				    .detail = "100% of it, and 'quotes\"; DROP TABLE events",
				    .id = "an-id" };
	struct dg_events list;
	struct dg_event got;

	fx_mkdir(*state, "/var/lib");
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, NULL), 0);
	/* The same again is not another. */
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, NULL), 0);
	list = read_all(*state, &everything, NULL);
	assert_int_equal(list.n, 1);
	got = list.v[0];
	for (size_t i = 0; i < DG_EVENT_NUMBERS; i++)
		assert_int_equal(dg_event_number(&got, i), dg_event_number(&e, i));
	for (size_t i = 0; i < DG_EVENT_TEXTS; i++) {
		struct dg_event copy = e;

		assert_string_equal(*dg_event_text(&got, i), *dg_event_text(&copy, i));
	}
	dg_events_free(&list);
	assert_int_equal(dg_history_check(*state, NULL), 0);
	assert_int_equal(waiting(*state), 0);
}

/* Only what was done need be said; who and when are found out. */
static void test_history_defaults(void **state)
{
	const struct dg_event e = { .action = "stage", .version_to = "" };
	time_t before = time(NULL);
	struct dg_events list;

	fx_mkdir(*state, "/var/lib");
	assert_int_equal(unsetenv("DRVGUARD_ACTOR"), 0);
	assert_int_equal(unsetenv("INVOCATION_ID"), 0);
	assert_int_equal(dg_history_add(*state, NULL, &e, 1, NULL), 0);
	list = read_all(*state, &everything, NULL);
	assert_int_equal(list.n, 1);
	assert_true(list.v[0].time >= before && list.v[0].time <= time(NULL));
	assert_string_equal(list.v[0].actor, "user");
	assert_true(list.v[0].user && *list.v[0].user);
	assert_true(list.v[0].id && *list.v[0].id);
	assert_null(list.v[0].driver);
	assert_null(list.v[0].version_to);
	dg_events_free(&list);
}

/* One event wrong, none recorded. */
static void test_history_add_invalid(void **state)
{
	const struct dg_event events[] = { event("a", 1), { .driver = "b" } };
	struct dg_diag note;

	fx_mkdir(*state, "/var/lib");
	assert_int_equal(dg_history_add(*state, STORE, events, 2, &note), -EINVAL);
	assert_true(note.what[0]);
	expect_read(*state, &everything, "");
}

static void test_history_filter(void **state)
{
	static const char *const dashed[] = { "a-b", NULL }, *const two[] = { "a_b", "c", NULL },
				 *const none[] = { NULL };
	struct dg_event other = event("d", 400);
	const struct {
		const char *name;
		struct dg_history_filter f;
		const char *want;
	} cases[] = {
		{ "all", { 0 }, "a_b c a_b d" },
		{ "name, either spelling", { .drivers = dashed }, "a_b a_b" },
		{ "names", { .drivers = two }, "a_b c a_b" },
		{ "no name", { .drivers = none }, "" },
		{ "kernel", { .kernel = "gone-1.0" }, "d" },
		{ "kernel unknown", { .kernel = "gone" }, "" },
		{ "since takes in", { .since = 200 }, "c a_b d" },
		{ "until takes in", { .until = 200 }, "a_b c" },
		{ "between", { .since = 150, .until = 350 }, "c a_b" },
		{ "all together", { .drivers = two, .kernel = FX_RELEASE, .since = 101, .until = 299 }, "c" },
	};

	fx_mkdir(*state, "/var/lib");
	other.kernel = "gone-1.0";
	/* Not in the order they happened. */
	assert_int_equal(dg_history_add(*state, STORE, &other, 1, NULL), 0);
	add_one(*state, "a_b", 100);
	add_one(*state, "c", 200);
	add_one(*state, "a_b", 300);
	FX_CASE(c, cases)
	expect_read(*state, &c->f, c->want);
}

static void test_history_same_second_in_order(void **state)
{
	const struct dg_event events[] = { event("c", 5), event("a", 5), event("b", 5) };

	fx_mkdir(*state, "/var/lib");
	assert_int_equal(dg_history_add(*state, STORE, events, 3, NULL), 0);
	add_one(*state, "0", 5);
	expect_read(*state, &everything, "c a b 0");
}

static void test_history_long_texts_bounded(void **state)
{
	const size_t huge = 10 << 20;
	dg_auto_free char *text = malloc(huge + 1);
	struct dg_event e = {
		.time = INT64_MAX, .action = "stage", .result = INT32_MAX, .driver = "\033[31mred\n\xff"
	};
	struct dg_events list;

	memset(text, 'x', huge);
	text[huge] = '\0';
	e.detail = e.version_to = text;
	fx_mkdir(*state, "/var/lib");
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, NULL), 0);
	list = read_all(*state, &everything, NULL);
	assert_int_equal(list.n, 1);
	assert_int_equal(strlen(list.v[0].detail), DG_EVENT_TEXT_MAX);
	assert_int_equal(strlen(list.v[0].version_to), DG_EVENT_TEXT_MAX);
	assert_string_equal(list.v[0].driver, "?[31mred??");
	assert_int_equal(list.v[0].result, 4095);
	assert_true(list.v[0].time < INT64_MAX);
	dg_events_free(&list);
	/* And waiting. */
	assert_int_equal(rename(fx_at(*state, "/var"), fx_at(*state, "/away")), 0);
	e.detail = "\001\002";
	e.user = text;
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, NULL), 0);
	assert_int_equal(rename(fx_at(*state, "/away"), fx_at(*state, "/var")), 0);
	expect_read(*state, &everything, "?[31mred?? ?[31mred??");
	assert_int_equal(waiting(*state), 0);
}

static void test_history_waits_without_var(void **state)
{
	const char *root = *state;
	struct dg_diag note;
	struct dg_events list;

	add_one(root, "a", 1);
	add_one(root, "b", 2);
	assert_int_equal(waiting(root), 2);
	assert_false(fx_exists(fx_at(root, "/var")));
	/* Read where they wait, and left there. */
	list = read_all(root, &everything, &note);
	assert_int_equal(list.n, 2);
	assert_non_null(strstr(note.what, "2 records wait"));
	dg_events_free(&list);
	assert_int_equal(waiting(root), 2);
	/* Taken in by the next, before it. */
	fx_mkdir(root, "/var/lib");
	add_one(root, "c", 2);
	assert_int_equal(waiting(root), 0);
	expect_read(root, &everything, "a b c");
}

/* By a read, where a drvguard made its directory before; never into another's. */
static void test_history_read_takes_in(void **state)
{
	add_one(*state, "a", 1);
	fx_mkdir(*state, "/var/lib");
	expect_read(*state, &everything, "a");
	assert_int_equal(waiting(*state), 1);
	assert_false(fx_exists(fx_at(*state, "/var/lib/drvguard")));
	fx_mkdir(*state, "/var/lib/drvguard");
	expect_read(*state, &everything, "a");
	assert_int_equal(waiting(*state), 0);
	expect_read(*state, &everything, "a");
}

/* Killed after the record went in and before its file went: the file comes in again, the record does not. */
static void test_history_taken_in_once(void **state)
{
	struct dg_event e = event("a", 1);

	e.id = "0123";
	fx_mkdir(*state, "/var/lib");
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, NULL), 0);
	assert_int_equal(dg_spool_put(*state, &e), 0);
	/* A reader that may not write sees it once as well. */
	assert_int_equal(waiting(*state), 1);
	expect_read(*state, &everything, "a");
	assert_int_equal(dg_spool_put(*state, &e), 0);
	add_one(*state, "b", 2);
	assert_int_equal(waiting(*state), 0);
	expect_read(*state, &everything, "a b");
}

static void test_history_hostile_waiting(void **state)
{
	static const char good[] = "drvguard-event 1\ntime 1\nid x\naction stage\ndriver good\nend\n";
	const char *root = *state;
	const char *at = DG_SPOOL_DIR;
	dg_auto_free char *big = calloc(1, 1 << 20);
	struct dg_diag note;
	struct dg_events list;
	char path[128];

	fx_mkdir(root, "/var/lib/drvguard");
	fx_mkdir(root, "/run/drvguard/history/a-directory");
	fx_write(root, DG_SPOOL_DIR "/large", big, 1 << 20);
	fx_write(root, DG_SPOOL_DIR "/zero", big, 100);
	fx_text(root, DG_SPOOL_DIR "/empty", "");
	fx_text(root, DG_SPOOL_DIR "/cut", "drvguard-event 1\nid y\naction stage\nen");
	fx_text(root, DG_SPOOL_DIR "/.writing.new", "drv");
	fx_text(root, "/secret", good);
	assert_int_equal(symlink("/secret", fx_at(root, DG_SPOOL_DIR "/link")), 0);
	assert_int_equal(mkfifo(fx_at(root, DG_SPOOL_DIR "/fifo"), 0600), 0);
	fx_text(root, DG_SPOOL_DIR "/good", good);
	alarm(30);
	list = read_all(root, &everything, &note);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].driver, "good");
	dg_events_free(&list);
	assert_non_null(strstr(note.what, "7 waiting records"));
	/* Told of once, kept for a look. */
	expect_read(root, &everything, "good");
	list = read_all(root, &everything, &note);
	assert_string_equal(note.what, "");
	dg_events_free(&list);
	snprintf(path, sizeof(path), "%s/cut.bad", at);
	assert_true(fx_exists(fx_at(root, path)));
	assert_true(fx_exists(fx_at(root, "/secret")));
	alarm(0);
}

/* As many as may wait, and no more. */
static void test_history_waiting_is_bounded(void **state)
{
	struct dg_event e = event("a", 1);
	struct dg_diag note = { 0 };
	struct dg_events list;

	for (int i = 0; i < DG_SPOOL_MAX; i++) {
		char path[64];

		snprintf(path, sizeof(path), DG_SPOOL_DIR "/%d", i);
		fx_text(*state, path, "drvguard-event 1\nid x\naction stage\nend\n");
	}
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, &note), -ENOSPC);
	assert_non_null(strstr(note.what, "not recorded"));
	list = read_all(*state, &everything, NULL);
	assert_int_equal(list.n, DG_SPOOL_MAX);
	dg_events_free(&list);
}

static void test_event_form(void **state)
{
	static const struct {
		const char *name, *text;
		int expected;
	} cases[] = {
		{ "least", "drvguard-event 1\nid x\naction y\nend\n", 0 },
		{ "escaped", "drvguard-event 1\nid x\naction y\ndetail a%20b\nend\n", 0 },
		{ "nothing", "", -EBADMSG },
		{ "another version", "drvguard-event 2\nid x\naction y\nend\n", -EBADMSG },
		{ "no end", "drvguard-event 1\nid x\naction y\n", -EBADMSG },
		{ "end cut", "drvguard-event 1\nid x\naction y\nend", -EBADMSG },
		{ "more behind", "drvguard-event 1\nid x\naction y\nend\nid z\n", -EBADMSG },
		{ "no id", "drvguard-event 1\naction y\nend\n", -EBADMSG },
		{ "no action", "drvguard-event 1\nid x\nend\n", -EBADMSG },
		{ "unknown key", "drvguard-event 1\nid x\naction y\ncolour red\nend\n", -EBADMSG },
		{ "key alone", "drvguard-event 1\nid x\naction y\ndriver\nend\n", -EBADMSG },
		{ "empty value", "drvguard-event 1\nid x\naction y\ndriver \nend\n", -EBADMSG },
		{ "key twice", "drvguard-event 1\nid x\naction y\nid z\nend\n", -EBADMSG },
		{ "number a word", "drvguard-event 1\nid x\naction y\ntime soon\nend\n", -EBADMSG },
		{ "number negative", "drvguard-event 1\nid x\naction y\ntime -1\nend\n", -EBADMSG },
		{ "number with a rest", "drvguard-event 1\nid x\naction y\nresult 5x\nend\n", -EBADMSG },
		{ "number too large", "drvguard-event 1\nid x\naction y\ngeneration_to 4294967296\nend\n", -EBADMSG },
		{ "escape cut", "drvguard-event 1\nid x\naction y\ndetail %2\nend\n", -EBADMSG },
		{ "escaped zero", "drvguard-event 1\nid x\naction y\ndetail %00\nend\n", -EBADMSG },
	};

	(void)state;
	FX_CASE(c, cases)
	{
		dg_auto_free char *text = strdup(c->text);
		struct dg_event e = { 0 };

		fx_int(dg_event_parse(text, &e), c->expected);
		assert_true(c->expected == 0 || !e.id);
	}
}

static void hostile(const unsigned char *data, size_t len, void *arg)
{
	dg_auto_free char *copy = malloc(len + 1);
	struct dg_event e;
	int r;

	(void)arg;
	memcpy(copy, data, len);
	copy[len] = '\0';
	r = dg_event_parse(copy, &e);
	assert_true(r == 0 || r == -EBADMSG);
	if (r == 0)
		free(dg_event_format(&e));
}

static void test_event_parse_hostile(void **state)
{
	struct dg_event e = event("scap", 1700000000);
	dg_auto_free char *text = NULL;
	struct fx_bytes b = { 0 };

	(void)state;
	e.id = "x";
	e.detail = "a b%c";
	text = dg_event_format(&e);
	fx_put(&b, text, strlen(text));
	fx_hostile(&b, 4000, hostile, NULL);
	fx_free(&b);
}

/* Damage of every kind: moved aside, made anew, said once; the action is not disturbed. */
static void expect_rebuilt(const char *root, const char *drivers)
{
	const struct dg_event e = event("new", 1000);
	struct dg_diag note;

	assert_int_equal(dg_history_add(root, STORE, &e, 1, &note), 0);
	assert_non_null(strstr(note.what, "made anew"));
	assert_true(note.cure[0]);
	assert_true(fx_exists(fx_at(root, DB ".bad")));
	expect_read(root, &everything, drivers);
	assert_int_equal(dg_history_check(root, NULL), 0);
	assert_int_equal(dg_history_add(root, STORE, NULL, 0, &note), 0);
	assert_string_equal(note.what, "");
}

static void test_history_damaged_no_database(void **state)
{
	stage_generation(*state, "3", "1.5");
	fx_text(*state, DB,
		"this is no database, and it is longer than the header of one would be, which has 100 bytes....");
	assert_int_equal(utimensat(AT_FDCWD, fx_at(*state, STORE "/kernels/" FX_RELEASE "/3/manifest"),
				   (const struct timespec[]){ { 50, 0 }, { 50, 0 } }, 0),
			 0);
	assert_int_equal(dg_history_check(*state, NULL), -EBADMSG);
	expect_rebuilt(*state, "scap new");
}

static void test_history_damaged_not_a_file(void **state)
{
	fx_mkdir(*state, DB);
	fx_text(*state, DB "/inside", "x");
	expect_rebuilt(*state, "new");
	/* One is kept. */
	assert_int_equal(unlink(fx_at(*state, DB)), 0);
	assert_int_equal(mkfifo(fx_at(*state, DB), 0600), 0);
	alarm(30);
	expect_rebuilt(*state, "new");
	assert_int_equal(unlink(fx_at(*state, DB)), 0);
	fx_text(*state, "/elsewhere", "not to be touched");
	assert_int_equal(symlink("../../../elsewhere", fx_at(*state, DB)), 0);
	expect_rebuilt(*state, "new");
	alarm(0);
}

static void test_history_damaged_schema(void **state)
{
	add_one(*state, "a", 1);
	fx_mkdir(*state, "/var/lib");
	add_one(*state, "b", 1);
	sql(*state, "DROP TABLE events");
	expect_rebuilt(*state, "new");
	sql(*state, "DROP TABLE events; CREATE VIEW events AS SELECT 1 AS time");
	expect_rebuilt(*state, "new");
}

/* A record that was changed is not believed, the others are kept. */
static void test_history_changed_record(void **state)
{
	struct dg_diag note = { 0 };

	fx_mkdir(*state, "/var/lib");
	add_one(*state, "a", 1);
	add_one(*state, "b", 2);
	add_one(*state, "c", 3);
	sql(*state, "UPDATE events SET result = 5 WHERE driver = 'b'");
	assert_int_equal(dg_history_check(*state, &note), -EBADMSG);
	assert_non_null(strstr(note.what, "1 records were changed"));
	assert_int_equal(dg_history_add(*state, STORE, NULL, 0, &note), 0);
	assert_non_null(strstr(note.what, "2 records saved"));
	assert_int_equal(dg_history_check(*state, &note), 0);
	expect_read(*state, &everything, "a c");
}

/* Each page in turn overwritten: never more or other than what was recorded, never a failure. */
static void test_history_damaged_pages(void **state)
{
	const char *root = *state;
	dg_auto_free char *good = NULL;
	struct dg_event events[200];
	struct stat st;
	size_t saved = 0, rounds = 0;
	void *data;
	size_t len;

	fx_mkdir(root, "/var/lib");
	for (size_t i = 0; i < DG_ARRAY_SIZE(events); i++)
		events[i] = event("a", (int64_t)i + 1);
	assert_int_equal(dg_history_add(root, STORE, events, DG_ARRAY_SIZE(events), NULL), 0);
	assert_int_equal(stat(fx_at(root, DB), &st), 0);
	assert_int_equal(dg_file_read(fx_at(root, DB), 1 << 24, &data, &len), 0);
	good = data;
	for (size_t at = 0; at < len; at += 4096, rounds++) {
		dg_auto_free char *bad = malloc(len);
		struct dg_events list = { 0 };
		struct dg_diag note;

		memcpy(bad, good, len);
		memset(bad + at, 0x5a, 4096);
		fx_write(root, DB, bad, len);
		assert_int_equal(dg_history_check(root, NULL), -EBADMSG);
		assert_int_equal(dg_history_add(root, STORE, NULL, 0, &note), 0);
		assert_non_null(strstr(note.what, "made anew"));
		list = read_all(root, &everything, &note);
		assert_true(list.n < DG_ARRAY_SIZE(events) + 1);
		for (size_t i = 0; i < list.n; i++)
			assert_string_equal(list.v[i].driver, "a");
		saved += list.n;
		dg_events_free(&list);
	}
	/* All but the first page and what leads to the rest leave most. */
	print_message("of %zu damaged forms, %zu of %zu records were saved\n", rounds, saved,
		      rounds * DG_ARRAY_SIZE(events));
	assert_true(saved > rounds * DG_ARRAY_SIZE(events) / 2);
}

/* Bits turned anywhere, then read and added to. */
static void test_history_hostile_database(void **state)
{
	const char *root = *state;
	dg_auto_free char *good = NULL;
	void *data;
	size_t len;

	fx_mkdir(root, "/var/lib");
	for (int i = 0; i < 5; i++)
		add_one(root, "a", i + 1);
	assert_int_equal(dg_file_read(fx_at(root, DB), 1 << 24, &data, &len), 0);
	good = data;
	alarm(120);
	for (unsigned int i = 0; i < 120; i++) {
		const struct dg_event e = event("b", 9);
		struct dg_events list = { 0 };
		size_t at = i < 100 ? i : (size_t)rand() % len;
		char old = good[at];

		good[at] = (char)(old ^ (1 << (i % 8)));
		fx_write(root, DB, good, len);
		good[at] = old;
		if (dg_history_read(root, STORE, &everything, &list, NULL) == 0)
			assert_true(list.n <= 5);
		dg_events_free(&list);
		(void)dg_history_add(root, STORE, &e, 1, NULL);
		fx_case("a turned bit");
		if (waiting(root))
			print_error("at %zu\n", at);
		fx_int(waiting(root), 0);
	}
	alarm(0);
}

static void test_history_lost(void **state)
{
	const struct dg_event e = { .action = "stage", .driver = "scap", .kernel = FX_RELEASE, .generation_to = 2 };
	struct dg_diag note;
	struct dg_events list;

	/* The first ever: what it staged itself was not lost. */
	fx_mkdir(*state, "/var/lib");
	stage_generation(*state, "2", "2.0");
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, &note), 0);
	assert_string_equal(note.what, "");
	expect_read(*state, &everything, "scap");
	/* Lost, and an earlier generation is kept. */
	stage_generation(*state, "1", "1.0");
	fx_text(*state, STORE "/kernels/" FX_RELEASE "/not-a-number/manifest", "x");
	fx_text(*state, STORE "/kernels/" FX_RELEASE "/4/manifest", "damaged");
	assert_int_equal(unlink(fx_at(*state, DB)), 0);
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, &note), 0);
	assert_non_null(strstr(note.what, "1 records found"));
	list = read_all(*state, &everything, &note);
	assert_string_equal(note.what, "");
	assert_int_equal(list.n, 2);
	for (size_t i = 0; i < 2; i++)
		if (dg_streq(list.v[i].action, "found")) {
			assert_string_equal(list.v[i].version_to, "1.0");
			assert_string_equal(list.v[i].sha256_to, SUM_A);
			assert_string_equal(list.v[i].detail, "/opt/scap.ko");
			assert_int_equal(list.v[i].generation_to, 1);
			assert_null(list.v[i].actor);
		} else {
			assert_string_equal(list.v[i].action, "stage");
		}
	dg_events_free(&list);
}

/* No directory of drvguard: what the disk tells, and nothing written. */
static void test_history_read_writes_nothing(void **state)
{
	stage_generation(*state, "1", "1.0");
	fx_mkdir(*state, "/var/lib");
	expect_read(*state, &everything, "scap");
	assert_false(fx_exists(fx_at(*state, "/var/lib/drvguard")));
	assert_false(fx_exists(fx_at(*state, "/run")));
	assert_int_equal(dg_history_check(*state, NULL), 0);
}

static void test_history_newer_schema(void **state)
{
	const struct dg_event e = event("b", 2);
	dg_auto_free char *before = NULL, *after = NULL;
	void *data;
	size_t len, len_after;
	struct dg_diag note;
	struct dg_events list = { 0 };

	fx_mkdir(*state, "/var/lib");
	add_one(*state, "a", 1);
	sql(*state, "PRAGMA user_version = 2; PRAGMA application_id = 1684471810");
	assert_int_equal(dg_file_read(fx_at(*state, DB), 1 << 24, &data, &len), 0);
	before = data;
	assert_int_equal(dg_history_add(*state, STORE, &e, 1, &note), -EPROTONOSUPPORT);
	assert_non_null(strstr(note.what, "newer drvguard"));
	assert_int_equal(waiting(*state), 1);
	assert_int_equal(dg_history_read(*state, STORE, &everything, &list, &note), -EPROTONOSUPPORT);
	assert_non_null(strstr(note.what, "newer drvguard"));
	assert_int_equal(dg_history_check(*state, NULL), 0);
	assert_int_equal(dg_file_read(fx_at(*state, DB), 1 << 24, &data, &len_after), 0);
	after = data;
	assert_int_equal(len, len_after);
	assert_memory_equal(before, after, len);
	/* The newer one is back: what waited comes in. */
	sql(*state, "PRAGMA user_version = 1; PRAGMA application_id = 1684471809");
	expect_read(*state, &everything, "a b");
}

/* In a child without root's rights: what it returns. */
static int as_nobody(int (*fn)(const char *root), const char *root)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(99);
		_exit(fn(root));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int nobody_reads(const char *root)
{
	struct dg_events list = { 0 };
	struct dg_diag note;
	int r = dg_history_read(root, STORE, &everything, &list, &note);
	int n = (int)list.n;

	dg_events_free(&list);
	return r < 0 ? 100 : n;
}

static int nobody_adds(const char *root)
{
	const struct dg_event e = event("x", 3);
	struct dg_diag note;
	int r = dg_history_add(root, STORE, &e, 1, &note);

	return r == -EACCES && note.what[0] && note.cure[0] ? 0 : 1;
}

static void test_history_without_permission(void **state)
{
	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(*state, 0755), 0);
	umask(077);
	fx_mkdir(*state, "/var/lib");
	umask(022);
	assert_int_equal(chmod(fx_at(*state, "/var"), 0755), 0);
	assert_int_equal(chmod(fx_at(*state, "/var/lib"), 0755), 0);
	add_one(*state, "a", 1);
	add_one(*state, "b", 2);
	assert_int_equal(as_nobody(nobody_reads, *state), 2);
	assert_int_equal(as_nobody(nobody_adds, *state), 0);
	assert_int_equal(as_nobody(nobody_reads, *state), 2);
	/* What waits is seen too, and stays for one who may. */
	assert_int_equal(rename(fx_at(*state, "/var"), fx_at(*state, "/away")), 0);
	add_one(*state, "c", 3);
	assert_int_equal(rename(fx_at(*state, "/away"), fx_at(*state, "/var")), 0);
	assert_int_equal(as_nobody(nobody_reads, *state), 3);
	assert_int_equal(waiting(*state), 1);
	/* Damaged: told, not mended. */
	assert_int_equal(truncate(fx_at(*state, DB), 5000), 0);
	assert_int_equal(as_nobody(nobody_reads, *state), 100);
	assert_false(fx_exists(fx_at(*state, DB ".bad")));
}

/* In mounts of its own; 77 where that is not allowed. */
static int in_namespace(int (*fn)(const char *root), const char *root)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(77);
		_exit(fn(root));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define NEED(x)                                                                                                        \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			return __LINE__ % 70 + 1;                                                                      \
	} while (0)

static int read_only_var(const char *root)
{
	const struct dg_event e = event("b", 2);
	struct dg_events list = { 0 };
	struct dg_diag note;

	if (mount(fx_at(root, "/var"), fx_at(root, "/var"), NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, fx_at(root, "/var"), NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 77;
	NEED(dg_history_add(root, STORE, &e, 1, &note) == 0 && !note.what[0]);
	NEED(waiting(root) == 1);
	NEED(dg_history_read(root, STORE, &everything, &list, &note) == 0);
	NEED(list.n == 2 && strstr(note.what, "1 records wait"));
	dg_events_free(&list);
	return 0;
}

static void test_history_read_only(void **state)
{
	int r;

	fx_mkdir(*state, "/var/lib");
	add_one(*state, "a", 1);
	r = in_namespace(read_only_var, *state);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
	expect_read(*state, &everything, "a b");
	assert_int_equal(waiting(*state), 0);
}

/* No room in /var: told, and it waits. */
static int full_var(const char *root)
{
	const struct dg_event e = event("b", 2);
	dg_auto_free char *filler = calloc(1, 1 << 20);
	struct dg_events list = { 0 };
	struct dg_diag note;
	FILE *f;

	if (mount("none", fx_at(root, "/var"), "tmpfs", 0, "size=256k") < 0)
		return 77;
	fx_mkdir(root, "/var/lib");
	add_one(root, "a", 1);
	f = fopen(fx_at(root, "/var/filler"), "we");
	NEED(f && fwrite(filler, 1, 1 << 20, f) < 1 << 20);
	(void)fclose(f);
	NEED(dg_history_add(root, STORE, &e, 1, &note) == -ENOSPC);
	NEED(strstr(note.what, "No space left") && note.cure[0] && waiting(root) == 1);
	NEED(dg_history_read(root, STORE, &everything, &list, NULL) == 0 && list.n == 2);
	dg_events_free(&list);
	NEED(unlink(fx_at(root, "/var/filler")) == 0);
	NEED(dg_history_add(root, STORE, NULL, 0, &note) == 0 && !note.what[0] && waiting(root) == 0);
	NEED(dg_history_check(root, NULL) == 0 && !fx_exists(fx_at(root, DB ".bad")));
	return 0;
}

static void test_history_full(void **state)
{
	int r;

	fx_mkdir(*state, "/var");
	r = in_namespace(full_var, *state);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

/* The live root, with /var promised by fstab and not mounted; then mounted. */
static int awaited_var(const char *root)
{
	const struct dg_event e = event("a", 1);
	struct dg_events list = { 0 };

	fx_text(root, "/fstab", "tmpfs /var tmpfs defaults 0 0\n");
	if (mount("none", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount(fx_at(root, "/fstab"), "/etc/fstab", NULL, MS_BIND, NULL) < 0)
		return 77;
	NEED(dg_history_add("/", NULL, &e, 1, NULL) == 0);
	NEED(waiting("/") == 1);
	NEED(mount("none", "/var", "tmpfs", 0, NULL) == 0 && mkdir("/var/lib", 0755) == 0);
	NEED(dg_history_add("/", NULL, &e, 1, NULL) == 0);
	NEED(waiting("/") == 0);
	NEED(dg_history_read("/", NULL, &everything, &list, NULL) == 0 && list.n == 2);
	dg_events_free(&list);
	return 0;
}

static void test_history_var_mounted_later(void **state)
{
	int r;

	if (access("/etc/fstab", F_OK) < 0)
		skip();
	r = in_namespace(awaited_var, *state);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

static void test_history_concurrent(void **state)
{
	enum { PROCESSES = 20, EACH = 50 };
	struct dg_events list;
	size_t seen[PROCESSES] = { 0 };

	fx_mkdir(*state, "/var/lib");
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			char name[16];

			snprintf(name, sizeof(name), "d%d", p);
			for (int i = 0; i < EACH; i++) {
				const struct dg_event e = event(name, i + 1);

				if (dg_history_add(*state, STORE, &e, 1, NULL) < 0)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	list = read_all(*state, &everything, NULL);
	assert_int_equal(list.n, PROCESSES * EACH);
	for (size_t i = 0; i < list.n; i++)
		seen[atoi(list.v[i].driver + 1)]++;
	for (int p = 0; p < PROCESSES; p++)
		assert_int_equal(seen[p], EACH);
	dg_events_free(&list);
}

/* Killed at any moment: what was reported as recorded is there, once, and the rest is sound. */
static void test_history_killed(void **state)
{
	size_t last = 0;

	fx_mkdir(*state, "/var/lib");
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();
		struct dg_events list;

		assert_true(pid >= 0);
		if (pid == 0)
			for (;;) {
				const struct dg_event e[] = { event("a", 1), event("b", 1) };

				if (dg_history_add(*state, STORE, e, 2, NULL) < 0)
					_exit(1);
			}
		usleep(20000 + (useconds_t)round * 1700);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		list = read_all(*state, &everything, NULL);
		assert_int_equal(list.n % 2, 0);
		assert_true(list.n >= last);
		last = list.n;
		dg_events_free(&list);
	}
	assert_true(last > 0);
	assert_int_equal(dg_history_check(*state, NULL), 0);
	assert_false(fx_exists(fx_at(*state, DB ".bad")));
}

/* Somebody holds the database: it waits, and is not waited for long. */
static void test_history_busy(void **state)
{
	sqlite3 *db;
	time_t began = time(NULL);

	fx_mkdir(*state, "/var/lib");
	add_one(*state, "a", 1);
	assert_int_equal(sqlite3_open(fx_at(*state, DB), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	add_one(*state, "b", 2);
	assert_true(time(NULL) - began < 15);
	assert_int_equal(waiting(*state), 1);
	sqlite3_close(db);
	expect_read(*state, &everything, "a b");
}

static void test_who_actor(void **state)
{
	(void)state;
	unsetenv("INVOCATION_ID");
	setenv("DRVGUARD_ACTOR", "watch", 1);
	assert_string_equal(dg_who_actor(), "watch");
	setenv("DRVGUARD_ACTOR", "\033[31m", 1);
	assert_string_equal(dg_who_actor(), "user");
	unsetenv("DRVGUARD_ACTOR");
	assert_string_equal(dg_who_actor(), "user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(test_history_every_member),
		FX_TEST(test_history_defaults),
		FX_TEST(test_history_add_invalid),
		FX_TEST(test_history_filter),
		FX_TEST(test_history_same_second_in_order),
		FX_TEST(test_history_long_texts_bounded),
		FX_TEST(test_history_waits_without_var),
		FX_TEST(test_history_read_takes_in),
		FX_TEST(test_history_taken_in_once),
		FX_TEST(test_history_hostile_waiting),
		FX_TEST(test_history_waiting_is_bounded),
		cmocka_unit_test(test_event_form),
		cmocka_unit_test(test_event_parse_hostile),
		FX_TEST(test_history_damaged_no_database),
		FX_TEST(test_history_damaged_not_a_file),
		FX_TEST(test_history_damaged_schema),
		FX_TEST(test_history_changed_record),
		FX_TEST(test_history_damaged_pages),
		FX_TEST(test_history_hostile_database),
		FX_TEST(test_history_lost),
		FX_TEST(test_history_read_writes_nothing),
		FX_TEST(test_history_newer_schema),
		FX_TEST(test_history_without_permission),
		FX_TEST(test_history_read_only),
		FX_TEST(test_history_full),
		FX_TEST(test_history_var_mounted_later),
		FX_TEST(test_history_concurrent),
		FX_TEST(test_history_killed),
		FX_TEST(test_history_busy),
		cmocka_unit_test(test_who_actor),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
